"""Scores of each tag, token by token. Masked positions (-100: padding, later pieces of a word) are no tokens (B85)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trackio_client.scoring.classes import ClassScores, class_scores
from trackio_client.scoring.spans import Tagging

Ints = NDArray[np.int64]

IGNORED: Final = -100
"""The gold label that Transformers and PyTorch give to positions that are not scored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat:
    """Tokens of many sequences, one after the other, without the masked ones."""

    gold: Ints
    predicted: Ints
    starts: Ints
    """(sequences,): where each begins among the kept tokens; one without kept tokens begins where the next does."""


def tag_scores(labels: Sequence[str], tokens: Flat) -> ClassScores:
    """Precision, recall, F1 and support of every tag that the model can give, and the confusion of tags."""
    return class_scores(labels, tokens.gold, tokens.predicted, ignore=IGNORED)


def entity_token_accuracy(tagging: Tagging, tokens: Flat) -> float | None:
    """Share of the tokens inside gold entities whose tag is right; None without such tokens.

    Beside it the accuracy of all tokens hides much: most are outside, and saying "O" is easy.
    """
    inside = ~np.isin(tokens.gold, tagging.outside) & (tokens.gold >= 0)
    return float((tokens.gold[inside] == tokens.predicted[inside]).mean()) if inside.any() else None
