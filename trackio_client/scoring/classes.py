"""Scores of classification: one label a sample, or several; and which labels are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trackio_client.scoring.counts import Scores, scores_of

Ints = NDArray[np.int64]

MAX_MATRIX_LABELS: Final = 64
"""A full matrix up to here: 64² numbers are 12 KiB of JSON and still a picture. Above it only the cells that count."""
MAX_CELLS: Final = 500
"""Cells off the diagonal that are kept of a larger matrix, the most frequent first."""
MAX_CONFUSIONS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScores:
    """How well labels were given."""

    scores: Scores
    accuracy: float | None
    """Share of samples whose label is right; of several labels a sample, whose whole set is right. None: no samples."""
    count: int
    """Samples (or tokens) with a gold label."""
    unknown: int
    """Samples left out because their gold label is no number of a label of the model."""
    confusion: Ints
    """(labels, labels): row gold, column predicted. Of several labels a sample, off the diagonal: samples where the
    row's label is missing and the column's is too many; on it: right."""


def class_scores(labels: Sequence[str], gold: Ints, predicted: Ints, *, ignore: int = -100) -> ClassScores:
    """One label a sample.

    Args:
        labels: of the model, by number.
        gold: (n,) label numbers; `ignore` is no sample, another number that no label has is counted as unknown.
        predicted: (n,) label numbers.
        ignore: the number of positions that are not scored (B85).
    """
    size = len(labels)
    known = (gold >= 0) & (gold < size)
    unknown = int(((gold != ignore) & ~known).sum())
    if not known.all():
        gold, predicted = gold[known], predicted[known]
    within = (predicted >= 0) & (predicted < size)  # a prediction no label has is wrong, and in no column
    cells = gold[within] * size + predicted[within]
    confusion = np.bincount(cells, minlength=size * size).reshape(size, size)
    right = np.diagonal(confusion).copy()
    scores = scores_of(labels, right=right, predicted=confusion.sum(axis=0), gold=np.bincount(gold, minlength=size))
    count = int(gold.size)
    return ClassScores(
        scores=scores,
        accuracy=int(right.sum()) / count if count else None,
        count=count,
        unknown=unknown,
        confusion=confusion,
    )


def label_set_scores(labels: Sequence[str], gold: NDArray[Any], predicted: NDArray[Any]) -> ClassScores:
    """Any number of labels a sample.

    Args:
        labels: of the model, by number.
        gold: (n, labels) 0 or 1, numbers between are read as true from 0.5 on; a negative row (-100) is no sample.
        predicted: (n, labels) booleans.
    """
    valid = (gold >= 0).all(axis=1)
    is_gold, is_predicted = gold[valid] >= 0.5, predicted[valid].astype(bool)
    hits = is_gold & is_predicted
    missing = (is_gold & ~is_predicted).astype(np.float32)
    surplus = (is_predicted & ~is_gold).astype(np.float32)
    confusion = np.rint(missing.T @ surplus).astype(np.int64)
    right = hits.sum(axis=0).astype(np.int64)
    confusion[np.diag_indices(len(labels))] = right
    count = int(valid.sum())
    return ClassScores(
        scores=scores_of(
            labels,
            right=right,
            predicted=is_predicted.sum(axis=0).astype(np.int64),
            gold=is_gold.sum(axis=0).astype(np.int64),
        ),
        accuracy=float((is_gold == is_predicted).all(axis=1).mean()) if count else None,
        count=count,
        unknown=0,
        confusion=confusion,
    )


def frequent_confusions(labels: Sequence[str], confusion: Ints, *, limit: int = MAX_CONFUSIONS) -> list[dict[str, Any]]:
    """Which labels are taken for which, the most frequent first; ties in the order of the labels.

    Returns:
        [{"gold", "predicted", "count", "share"}]; `share` is of the gold label's samples (its row).
    """
    off = confusion.copy()
    np.fill_diagonal(off, 0)
    rows = confusion.sum(axis=1)
    flat = off.ravel()
    at = np.flatnonzero(flat)
    at = at[np.argsort(-flat[at], kind="stable")][:limit]
    return [
        {
            "gold": labels[int(cell) // len(labels)],
            "predicted": labels[int(cell) % len(labels)],
            "count": int(flat[cell]),
            "share": int(flat[cell]) / int(rows[int(cell) // len(labels)]),
        }
        for cell in at
    ]


def matrix(labels: Sequence[str], confusion: Ints) -> dict[str, Any]:
    """A confusion matrix as JSON, bounded: whole up to MAX_MATRIX_LABELS labels, then the cells that count most.

    Returns:
        {"labels", "matrix": rows gold, columns predicted}; of a larger one {"labels" (their count), "diagonal_right",
        "cells": [{"gold", "predicted", "count"}], "cells_left_out"}.
    """
    if len(labels) <= MAX_MATRIX_LABELS:
        return {"labels": list(labels), "matrix": confusion.tolist()}
    off = int(np.count_nonzero(confusion)) - int(np.count_nonzero(np.diagonal(confusion)))
    cells = frequent_confusions(labels, confusion, limit=MAX_CELLS)
    return {
        "labels": len(labels),
        "diagonal_right": int(np.trace(confusion)),
        "cells": [{key: cell[key] for key in ("gold", "predicted", "count")} for cell in cells],
        "cells_left_out": max(0, off - len(cells)),
    }
