"""Of each label precision, recall, F1 and support, the confusion of labels, and how often they are guessed.

At every evaluation of tokens, labels or label sets, with or without a `compute_metrics` (S4.11, S4.12, S4.13, S4.28).
What the user's own computes is kept as it is and wins: its names are never logged twice, and per-label scores that it
gives (a dict under `per_label_metrics`, with the Trainer's prefix or without, B73) are those of the evaluation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import numpy as np

from trackio_client.integrations.transformers.groups import Group, Run
from trackio_client.integrations.transformers.heads import mismatch
from trackio_client.integrations.transformers.observing import Observed
from trackio_client.scoring.report import Report, most_supported, report

MOST_SERIES: Final = 100
"""Labels with curves of their own, those with the most support: 400 curves. The records hold the others too."""
MOST_IN_ENTRY: Final = 200
"""Labels in the entry of an evaluation, of which there may be hundreds."""
_OWN_LABELS: Final = re.compile(r"(?:per_)?label(?:_metrics|s)?")
_NUMBERS: Final = ("f1", "precision", "recall", "support")


class Labels(Group):
    """Records `per_label` and `confusion`; adds per_label_metrics, per_entity_metrics and rates to the evaluation."""

    name: ClassVar[str] = "labels"

    def __init__(self) -> None:
        self._reports: dict[str, Report] = {}
        self._told_mismatch = False

    def observed(self, run: Run, observed: Observed) -> None:
        scored = report(observed.head.kind, observed.head.labels, observed.gold, observed.predicted, observed.starts)
        self._reports[observed.prefix] = scored
        run.shared["labels"] = self._reports
        about = {"set": observed.prefix, **_share(observed)}
        if not_numbers := int(np.isnan(observed.confidence).sum()):
            about["predictions_that_are_no_numbers"] = not_numbers
        run.record("per_label", {**about, **scored.scores(), "rates": scored.rates()})
        run.record("confusion", {**about, "kind": scored.kind, **scored.confusions()})
        if not self._told_mismatch and (wrong := mismatch(run.model, observed.dataset)) is not None:
            self._told_mismatch = True
            raise ValueError(
                f"the labels of the model and of the evaluation set do not match: {wrong}. "
                "Scores are told by the model's labels; give the model the id2label of the data"
            )

    def evaluated(self, run: Run, metrics: Mapping[str, Any]) -> None:
        prefix = prefix_of(metrics, self._reports)
        own = _own_labels(metrics, prefix)
        scored = self._reports.pop(prefix, None) if prefix is not None else None
        run.shared["scored"] = (prefix, scored)
        part = "" if prefix in (None, "eval") else "_" + str(prefix).removeprefix("eval_")
        if own:  # of several evaluation sets, which are one entry, each but "eval" has its name after the key
            run.evaluation[f"per_label_metrics{part}"] = own
        if scored is None or prefix is None:
            return
        ours = {f"{prefix}_{name}": value for name, value in scored.metrics.items()}
        ours = {name: value for name, value in ours.items() if name not in metrics}
        run.evaluation.update(ours)
        run.evaluation[f"scored_by_trackio{part}"] = {
            name: scored.definitions[short]
            for name in ours
            if (short := name.removeprefix(f"{prefix}_")) in scored.definitions
        }
        run.evaluation.setdefault(f"per_label_metrics{part}", scored.label_rows(MOST_IN_ENTRY))
        if scored.entities:
            run.evaluation[f"per_entity_metrics{part}"] = {mode: scored.entity_rows(mode) for mode in scored.entities}
        rates = scored.rates()
        if "ratio" in rates:
            run.evaluation[f"entity_rates{part}"] = {name: rates[name] for name in rates if name != "types"}
            ours |= _rate_series(prefix, rates)
        run.experiment.log(ours | self._curves(prefix, scored, own), step=run.step)

    def _curves(self, prefix: str, scored: Report, own: Mapping[str, Any]) -> dict[str, float]:
        """`eval/label/PER/f1` …: of a label without support only that, for its scores say nothing."""
        curves: dict[str, float] = {}
        of_types = scored.entities["lenient"].scores if scored.entities else None
        for scores in (of_types, scored.classes.scores):
            for label, score in most_supported(scores, MOST_SERIES).items() if scores is not None else ():
                if label in own:
                    continue  # the user's, logged already
                told = _NUMBERS if score.support else ("support",)
                curves |= {f"{prefix}/label/{label}/{name}": float(getattr(score, name)) for name in told}
        return curves


def prefix_of(metrics: Mapping[str, Any], known: Mapping[str, Any]) -> str | None:
    """The evaluation set that these metrics are of: the longest prefix that was observed, else by the loss' name."""
    for prefix in sorted(known, key=len, reverse=True):
        if any(name.startswith(f"{prefix}_") for name in metrics):
            return prefix
    for name in metrics:
        for ending in ("_runtime", "_loss"):
            if name.endswith(ending):
                return name.removesuffix(ending)
    return None


def _own_labels(metrics: Mapping[str, Any], prefix: str | None) -> dict[str, Any]:
    """Per-label scores of the user's own `compute_metrics`: a dict of dicts under one of the known names."""
    for name, value in metrics.items():
        short = name.removeprefix(f"{prefix}_") if prefix else name
        if isinstance(value, Mapping) and value and _OWN_LABELS.fullmatch(short.removeprefix("eval_")):
            found = {
                str(label): _row(scores if isinstance(scores, Mapping) else {"f1": scores})
                for label, scores in value.items()
            }
            return {label: row for label, row in found.items() if row}
    return {}


def _row(scores: Mapping[str, Any]) -> dict[str, Any]:
    """One label's numbers under our names; scikit-learn and seqeval say `f1-score`."""
    names = {"f1-score": "f1", "f1_score": "f1", "number": "support"}
    row: dict[str, Any] = {}
    for name, value in scores.items():
        if isinstance(value, (int, float)) or hasattr(value, "item"):
            number = value.item() if hasattr(value, "item") else value
            short = names.get(str(name), str(name))
            row[short] = int(number) if short == "support" and number == number else number
    return row


def _rate_series(prefix: str, rates: Mapping[str, Any]) -> dict[str, float]:
    named = {"predicted_rate": "predicted_entity_rate", "gold_rate": "gold_entity_rate", "ratio": "entity_ratio"}
    return {f"{prefix}_{name}": rates[key] for key, name in named.items() if rates[key] is not None}


def _share(observed: Observed) -> dict[str, Any]:
    """What part of the set was scored, when it is not the whole."""
    if observed.of_processes == observed.shared_by:
        return {"samples": observed.samples}
    return {
        "samples": observed.samples,
        "note": f"the predictions of {observed.shared_by} of {observed.of_processes} processes",
    }
