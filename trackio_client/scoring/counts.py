"""From counts to precision, recall and F1: of each label, and over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well one label was found."""

    precision: float
    recall: float
    f1: float
    support: int
    """How often it is in the gold data. With 0, recall and F1 say nothing: see `note`."""
    predicted: int
    right: int

    @property
    def note(self) -> str | None:
        """Why a 0 may be no failure: "no support" (not in the gold data), "never predicted"."""
        if not self.support:
            return "no support"
        return None if self.predicted else "never predicted"

    def plain(self) -> dict[str, Any]:
        """As JSON: the four numbers of S4.11, the counts, and the note if there is one."""
        said: dict[str, Any] = {
            "f1": self.f1, "precision": self.precision, "recall": self.recall, "support": self.support,
            "predicted": self.predicted, "right": self.right,
        }  # fmt: skip
        if (note := self.note) is not None:
            said["note"] = note
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class Average:
    """A score over several labels."""

    precision: float
    recall: float
    f1: float

    def plain(self) -> dict[str, float]:
        return {"f1": self.f1, "precision": self.precision, "recall": self.recall}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Scores of labels that exclude or do not exclude each other; the counts say all."""

    labels: dict[str, Score]
    """Every label that can be given, also one that never was, in the order of the model."""
    micro: Average
    """Of the counts summed over the labels."""
    macro: Average
    """Mean over the labels that are in the gold data or in the predictions, as scikit-learn and seqeval take it."""
    weighted: Average
    """Mean weighted by support, as scikit-learn and seqeval take it."""
    support: int
    predicted: int
    right: int

    def averages(self) -> dict[str, dict[str, float]]:
        return {"micro": self.micro.plain(), "macro": self.macro.plain(), "weighted": self.weighted.plain()}


def scores_of(labels: Sequence[str], *, right: Ints, predicted: Ints, gold: Ints) -> Scores:
    """Scores from counts.

    Args:
        labels: their names; of two equal names the second is told as "name (1)", its number: rows must not be lost.
        right: (labels,) how often each was predicted where it is gold.
        predicted: (labels,) how often it was predicted.
        gold: (labels,) how often it is gold, its support.

    A ratio over nothing is 0.0, as scikit-learn's default and seqeval's give it; `Score.note` tells it from a failure.
    """
    precision, recall = _ratio(right, predicted), _ratio(right, gold)
    f1 = _ratio(2 * right, predicted + gold)
    names: dict[str, Score] = {}
    for at, label in enumerate(labels):
        names[label if label not in names else f"{label} ({at})"] = Score(
            precision=float(precision[at]),
            recall=float(recall[at]),
            f1=float(f1[at]),
            support=int(gold[at]),
            predicted=int(predicted[at]),
            right=int(right[at]),
        )
    all_right, all_predicted, all_gold = int(right.sum()), int(predicted.sum()), int(gold.sum())
    seen = (gold + predicted) > 0
    return Scores(
        labels=names,
        micro=Average(
            precision=all_right / all_predicted if all_predicted else 0.0,
            recall=all_right / all_gold if all_gold else 0.0,
            f1=2 * all_right / (all_predicted + all_gold) if all_predicted + all_gold else 0.0,
        ),
        macro=_averaged(precision[seen], recall[seen], f1[seen], np.ones(int(seen.sum()))),
        weighted=_averaged(precision, recall, f1, gold.astype(np.float64)),
        support=all_gold,
        predicted=all_predicted,
        right=all_right,
    )


def _ratio(part: Ints, whole: Ints) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(part.shape, dtype=np.float64), where=whole > 0)


def _averaged(
    precision: NDArray[np.float64], recall: NDArray[np.float64], f1: NDArray[np.float64], weights: NDArray[np.float64]
) -> Average:
    total = float(weights.sum())
    if not total:
        return Average(precision=0.0, recall=0.0, f1=0.0)
    return Average(
        precision=float(precision @ weights) / total,
        recall=float(recall @ weights) / total,
        f1=float(f1 @ weights) / total,
    )
