"""What a sample looked like: its input as text, the gold labels, the predicted ones, and how sure the model was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from trackio_client.integrations.transformers.observing import Observed
from trackio_client.integrations.transformers.reading import is_table

MOST_CHARACTERS: Final = 500
MOST_TOKENS: Final = 64
MOST_ENTITIES: Final = 20
_TEXTS: Final = (
    "text", "sentence", "sentence1", "sentence2", "premise", "hypothesis", "question", "context", "content", "title",
    "review", "tweet", "body",
)  # fmt: skip
_WORDS: Final = ("tokens", "words")


class Shower:
    """Turns samples of one evaluation into JSON.

    Args:
        observed: the evaluation.
        decoder: tokenizer or processor; None shows the numbers of the input.
        dataset: the evaluation set with all its columns, for texts that are there already; None when it is not known
            that a sample's place is its row.
    """

    def __init__(self, observed: Observed, decoder: Any, dataset: Any) -> None:
        self._observed = observed
        self._decoder = getattr(decoder, "tokenizer", decoder)
        if not callable(getattr(self._decoder, "decode", None)):
            self._decoder = None
        self._labels = observed.head.labels
        self._starts = observed.starts
        self._texts: dict[str, Any] = {}
        if is_table(dataset):
            names = [name for name in dataset.column_names if name in _TEXTS + _WORDS]
            if names:
                self._table = dataset.with_format(None).select_columns(names)
                self._texts = {"names": names}

    def shown(self, at: int) -> dict[str, Any]:
        """One sample as JSON, bounded."""
        start, units = int(self._starts[at]), int(self._observed.lengths[at])
        here = slice(start, start + units)
        told = self._input(at)
        if self._observed.head.kind == "tokens":
            return told | self._tokens(at, here, told.pop("words", None))
        told.pop("words", None)
        confidence = float(self._observed.confidence[start])
        gold, predicted = self._observed.gold[start], self._observed.predicted[start]
        if self._observed.head.kind == "multi_label":
            return told | {
                "gold": self._names(np.flatnonzero(gold >= 0.5)),
                "predicted": self._names(np.flatnonzero(predicted)),
                "confidence": round(confidence, 4),
            }
        return told | {
            "gold": self._name(int(gold)),
            "predicted": self._name(int(predicted)),
            "confidence": round(confidence, 4),
        }

    def _input(self, at: int) -> dict[str, Any]:
        if self._texts and at < len(self._table):
            row: Mapping[str, Any] = self._table[at]
            words = next((list(row[name]) for name in _WORDS if row.get(name) is not None), None)
            texts = {name: str(row[name])[:MOST_CHARACTERS] for name in _TEXTS if row.get(name) is not None}
            if words is not None and not texts:
                texts = {"text": " ".join(map(str, words[:200]))[:MOST_CHARACTERS]}
            one = texts if len(texts) != 1 else {"text": next(iter(texts.values()))}
            return {"input": one, "words": words}
        numbers = self._numbers(at)
        if numbers is None:
            return {"input": {"row": at}}
        if self._decoder is None:
            return {"input": {"numbers": numbers[:MOST_TOKENS]}}
        text = str(self._decoder.decode(numbers[: 4 * MOST_TOKENS], skip_special_tokens=True))
        return {"input": {"text": text[:MOST_CHARACTERS]}}

    def _numbers(self, at: int) -> list[int] | None:
        row = self._observed.inputs[at] if at < len(self._observed.inputs) else None
        return None if row is None else [int(number) for number in row[0]]

    # --- tokens ---------------------------------------------------------------------------------------------------

    def _tokens(self, at: int, here: slice, words: Sequence[Any] | None) -> dict[str, Any]:
        gold, predicted = self._observed.gold[here], self._observed.predicted[here]
        confidence = self._observed.confidence[here]
        pieces = self._pieces(at, len(gold), words)
        first = _window(gold != predicted, MOST_TOKENS)
        shown = slice(first, first + MOST_TOKENS)
        told: dict[str, Any] = {
            "tokens": pieces[shown],
            "gold": self._names(gold[shown]),
            "predicted": self._names(predicted[shown]),
            "confidences": [round(float(one), 3) for one in confidence[shown]],
            "confidence": round(float(confidence.mean()), 4) if confidence.size else None,
        }
        if len(gold) > MOST_TOKENS:
            told |= {"first_token": first, "tokens_left_out": len(gold) - len(told["gold"])}
        return told

    def _pieces(self, at: int, count: int, words: Sequence[Any] | None) -> list[str]:
        """The text of each unit: the dataset's words, else what the tokenizer makes of its numbers."""
        if words is not None and len(words) >= count:
            return [str(word)[:80] for word in words[:count]]  # a long sentence was cut by the tokenizer
        row = self._observed.inputs[at] if at < len(self._observed.inputs) else None
        if row is None or row[1] is None or len(row[1]) != count:
            return [""] * count
        numbers, places = row
        if self._decoder is None:
            return [str(int(numbers[place])) for place in places]
        ends = [*places[1:], len(numbers)]
        return [
            str(self._decoder.decode([int(n) for n in numbers[a:b]], skip_special_tokens=True)).strip()[:80]
            for a, b in zip(places, ends, strict=True)
        ]

    def _names(self, numbers: Any) -> list[str]:
        return [self._name(int(number)) for number in numbers]

    def _name(self, number: int) -> str:
        if 0 <= number < len(self._labels):
            return self._labels[number]
        return "(no number)" if number < 0 else f"({number})"


def _window(wrong: Any, size: int) -> int:
    """Where to begin so that the first wrong token of a long sentence is shown."""
    if len(wrong) <= size or not wrong.any():
        return 0
    return int(min(max(0, int(np.argmax(wrong)) - size // 4), len(wrong) - size))
