"""All scores of one set of predictions, with the names that they are told under. The same for every set of a training.

The names are those that people give these numbers in `compute_metrics`, so that a user's own and ours stand in the same
place; `definitions` says what each of ours is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from trackio_client.scoring.classes import (
    ClassScores,
    class_scores,
    frequent_confusions,
    label_set_scores,
    matrix,
)
from trackio_client.scoring.counts import Score, Scores
from trackio_client.scoring.errors import span_errors
from trackio_client.scoring.rates import entity_rates, label_rates
from trackio_client.scoring.spans import MODES, SOURCES, EntityScores, Mode, Tagging, entity_scores, tagging_of
from trackio_client.scoring.tokens import Flat, entity_token_accuracy, tag_scores

Kind = Literal["tokens", "single_label", "multi_label"]

MOST_ROWS: Final = 1_000
"""Labels that a record holds a row of, those with the most support: 150 KB. The others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Scores of one set of predictions."""

    kind: Kind
    labels: tuple[str, ...]
    metrics: dict[str, float]
    """Over all labels: "f1", "accuracy" …; what there is nothing to reckon from is absent."""
    definitions: dict[str, str]
    classes: ClassScores
    """Of each label: a tag, or a class."""
    entities: dict[Mode, EntityScores]
    """Empty when the labels mark no entities."""
    tagging: Tagging | None
    tokens: Flat | None

    def label_rows(self, limit: int = MOST_ROWS) -> dict[str, dict[str, Any]]:
        """{label: {"f1", "precision", "recall", "support" …}}: every label the model can give, up to the limit."""
        return rows(self.classes.scores, limit)

    def entity_rows(self, mode: Mode = "lenient") -> dict[str, dict[str, Any]]:
        """The same of each entity type; empty without entities."""
        return rows(self.entities[mode].scores, MOST_ROWS) if mode in self.entities else {}

    def scores(self) -> dict[str, Any]:
        """All of it but the confusions, as JSON."""
        told: dict[str, Any] = {
            "kind": self.kind,
            "count": self.classes.count,
            "metrics": self.metrics,
            "definitions": self.definitions,
            "labels": self.label_rows(),
            "averages": self.classes.scores.averages(),
        }
        left_out = len(self.classes.scores.labels) - len(told["labels"])
        if left_out > 0:
            told["labels_left_out"] = left_out
        if self.classes.unknown:
            told["unknown_gold_labels"] = self.classes.unknown
        if self.tagging is not None:
            told["scheme"] = self.tagging.scheme
            told["entities"] = {
                mode: {
                    "source": SOURCES[mode],
                    "types": rows(scored.scores, MOST_ROWS),
                    "support": scored.scores.support,
                    "predicted": scored.scores.predicted,
                    "right": scored.scores.right,
                    **scored.scores.averages(),
                }
                for mode, scored in self.entities.items()
            }
        return told

    def rates(self) -> dict[str, Any]:
        """How often labels or entities are predicted, against how often they are gold (S4.28)."""
        if self.tagging is not None and self.tokens is not None:
            return entity_rates(self.tagging, self.entities["lenient"], self.tokens)
        return label_rates(self.classes)

    def confusions(self) -> dict[str, Any]:
        """Which labels are taken for which (S4.12); of entities also which types, and what kinds of errors."""
        told: dict[str, Any] = {
            **matrix(self.labels, self.classes.confusion),
            "rows": "gold",
            "columns": "predicted",
            "most_frequent": frequent_confusions(self.labels, self.classes.confusion),
        }
        if self.tagging is not None and self.tokens is not None:
            lenient = self.entities["lenient"]
            told["entities"] = span_errors(self.tagging, lenient, int(self.tokens.gold.size)).plain(self.tagging)
        return told


def report(
    kind: Kind, labels: tuple[str, ...], gold: NDArray[Any], predicted: NDArray[Any], starts: NDArray[np.int64]
) -> Report:
    """Score predictions.

    Args:
        kind: tokens with labels, one label a sample, or any number of labels a sample.
        labels: by number.
        gold: (units,) label numbers, masked ones taken out; of label sets (samples, labels).
        predicted: like gold.
        starts: (sequences,) where each begins among the tokens; unused of samples.
    """
    if kind == "tokens":
        return _of_tokens(labels, Flat(gold=gold.astype(np.int64), predicted=predicted.astype(np.int64), starts=starts))
    if kind == "multi_label":
        return _of_classes(kind, labels, label_set_scores(labels, gold, predicted))
    return _of_classes(kind, labels, class_scores(labels, gold.astype(np.int64), predicted.astype(np.int64)))


def _of_tokens(labels: tuple[str, ...], tokens: Flat) -> Report:
    tags, tagging = tag_scores(labels, tokens), tagging_of(labels)
    if tagging is None:
        return _of_classes("tokens", labels, tags)
    entities = {mode: entity_scores(tagging, tokens.gold, tokens.predicted, tokens.starts, mode) for mode in MODES}
    metrics: dict[str, float] = {}
    if tags.accuracy is not None:
        for mode, before in (("lenient", ""), ("strict", "strict_")):
            micro = entities[mode].scores.micro  # type: ignore[index]
            metrics |= {f"{before}{name}": getattr(micro, name) for name in ("f1", "precision", "recall")}
        metrics["accuracy"] = tags.accuracy
    inside = entity_token_accuracy(tagging, tokens)
    if inside is not None:
        metrics["entity_token_accuracy"] = inside
    return Report(
        kind="tokens",
        labels=labels,
        metrics=metrics,
        definitions={
            "f1": f"micro average over entities: {SOURCES['lenient']}",
            "strict_f1": f"micro average over entities: {SOURCES['strict']}",
            "accuracy": "share of the unmasked tokens whose tag is right",
            "entity_token_accuracy": "share of the tokens inside gold entities whose tag is right",
        },
        classes=tags,
        entities=entities,
        tagging=tagging,
        tokens=tokens,
    )


def _of_classes(kind: Kind, labels: tuple[str, ...], scored: ClassScores) -> Report:
    metrics: dict[str, float] = {}
    over = "micro" if kind == "multi_label" else "macro"
    if scored.accuracy is not None:
        average = scored.scores.micro if kind == "multi_label" else scored.scores.macro
        metrics = {
            "accuracy": scored.accuracy,
            "f1": average.f1,
            "precision": average.precision,
            "recall": average.recall,
            "weighted_f1": scored.scores.weighted.f1,
        }
        if kind == "multi_label":
            metrics["macro_f1"] = scored.scores.macro.f1
    return Report(
        kind=kind,
        labels=labels,
        metrics=metrics,
        definitions={
            "f1": f"{over} average over the labels, as scikit-learn takes it",
            "accuracy": "share of the samples whose whole set of labels is right"
            if kind == "multi_label"
            else f"share of the {'tokens' if kind == 'tokens' else 'samples'} whose label is right",
            "weighted_f1": "mean over the labels weighted by support, as scikit-learn takes it",
        },
        classes=scored,
        entities={},
        tagging=None,
        tokens=None,
    )


def rows(scores: Scores, limit: int) -> dict[str, dict[str, Any]]:
    """Rows of labels in their order; above the limit those with the most support, then the most predicted."""
    return {name: score.plain() for name, score in most_supported(scores, limit).items()}


def most_supported(scores: Scores, limit: int) -> dict[str, Score]:
    """The labels with the most support, in their own order."""
    if len(scores.labels) <= limit:
        return scores.labels
    by_support = sorted(scores.labels, key=lambda name: (-scores.labels[name].support, -scores.labels[name].predicted))
    kept = set(by_support[:limit])
    return {name: score for name, score in scores.labels.items() if name in kept}
