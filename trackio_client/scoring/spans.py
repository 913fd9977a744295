"""Entities in sequences of tags: which spans a tagging means, read strictly or leniently, and how two taggings compare.

A span is exact: it counts as found when start, end and type are those of the gold span. What a *broken* tagging means
(an I- without a B- before it) is a convention, so both conventions are named and given:

    strict   seqeval's `mode="strict"` with the scheme of the labels (IOB2, IOBES): a span begins at B- or S- only, and
             an IOBES span must be closed by E-. What breaks the scheme is no span.
    lenient  conlleval, the script of the CoNLL-2000 and CoNLL-2003 shared tasks, and seqeval's default: an I- (or E-)
             begins a span too where none of its type goes on.

BILOU is IOBES with other letters (L is E, U is S). Labels without prefix beside an "O" (the IO scheme) have one
reading: each unbroken run of a type is a span, strict or not.

All sequences are handled at once: flat arrays of label numbers, and `starts`, the place where each sequence begins.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from trackio_client.scoring.counts import Score, Scores, scores_of

Mode = Literal["strict", "lenient"]
Ints = NDArray[np.int64]

MODES: Final[tuple[Mode, ...]] = ("strict", "lenient")
SOURCES: Final[dict[Mode, str]] = {
    "strict": "exact spans as seqeval reads them with mode='strict' and the scheme of the labels",
    "lenient": "exact spans as conlleval (CoNLL-2000, CoNLL-2003) and seqeval's default read them",
}
"""What each mode is, in words that stand beside its numbers."""

_OUTSIDE, _BEGIN, _INSIDE, _END, _SINGLE = range(5)
_LETTERS: Final = {"B": _BEGIN, "I": _INSIDE, "E": _END, "L": _END, "S": _SINGLE, "U": _SINGLE}
_PREFIXED = re.compile(r"([BIESLU])-(.+)", re.S)


@dataclass(frozen=True, slots=True)
class Tagging:
    """How a list of labels marks entities."""

    labels: tuple[str, ...]
    scheme: Literal["IOB2", "IOBES", "IO"]
    types: tuple[str, ...]
    """In order of first appearance among the labels."""
    prefixes: Ints
    """(labels,): what each label says of its place in a span. A label without prefix among prefixed ones is outside."""
    type_numbers: Ints
    """(labels,): the type of each label, -1 outside."""

    @property
    def outside(self) -> Ints:
        """The numbers of the labels that mark no entity."""
        return np.flatnonzero(self.type_numbers < 0)


def tagging_of(labels: Sequence[str]) -> Tagging | None:
    """Read the scheme from the labels; None when they mark no entities (parts of speech: there is no "O").

    `tagging_of(["O", "B-PER", "I-PER"])` is IOB2 with the type "PER".
    """
    found = [_PREFIXED.fullmatch(label) for label in labels]
    others = [label for label, match in zip(labels, found, strict=True) if match is None]
    has_outside = any(label.upper() in ("O", "OUTSIDE") for label in others)
    letters = {match[1] for match in found if match is not None}
    if letters & {"B", "I"} or (letters and all(label.upper() == "O" for label in others)):
        scheme: Literal["IOB2", "IOBES", "IO"] = (
            "IOBES" if letters & {"E", "L", "S", "U"} else "IOB2" if "B" in letters else "IO"
        )
        pairs = [(_OUTSIDE, "") if match is None else (_LETTERS[match[1]], match[2]) for match in found]
    elif has_outside and len(labels) > 1:
        scheme = "IO"
        pairs = [(_OUTSIDE, "") if label.upper() in ("O", "OUTSIDE") else (_INSIDE, label) for label in labels]
    else:
        return None
    types = tuple(dict.fromkeys(name for prefix, name in pairs if prefix != _OUTSIDE))
    return Tagging(
        labels=tuple(labels),
        scheme=scheme,
        types=types,
        prefixes=np.array([prefix for prefix, _ in pairs], dtype=np.int64),
        type_numbers=np.array([-1 if p == _OUTSIDE else types.index(name) for p, name in pairs], dtype=np.int64),
    )


@dataclass(frozen=True, slots=True)
class Spans:
    """Entities, in order of their start. Places count tokens from the first token of the first sequence."""

    first: Ints
    """(n,)"""
    end: Ints
    """(n,): the place after the last token."""
    types: Ints
    """(n,): numbers into `Tagging.types`."""

    def __len__(self) -> int:
        return int(self.first.size)


def spans(tagging: Tagging, tags: Ints, starts: Ints, mode: Mode) -> Spans:
    """The entities of sequences of tags.

    Args:
        tagging: what the labels mean.
        tags: (tokens,) label numbers, all sequences one after the other; a number that no label has is outside.
        starts: (sequences,) where each sequence begins, ascending; an empty sequence begins where the next does.
        mode: how broken taggings are read.
    """
    size = tags.size
    if not size:
        none = np.zeros(0, dtype=np.int64)
        return Spans(none, none, none)
    known = (tags >= 0) & (tags < len(tagging.labels))
    safe = np.where(known, tags, 0)
    prefix = np.where(known, tagging.prefixes[safe], _OUTSIDE)
    kind = np.where(known, tagging.type_numbers[safe], -1)

    is_first = np.zeros(size, dtype=bool)
    is_first[starts[starts < size]] = True
    before = np.roll(prefix, 1)
    goes_on = (kind == np.roll(kind, 1)) & (kind >= 0) & ~is_first
    goes_on[0] = False
    goes_on &= (prefix == _INSIDE) | (prefix == _END)
    goes_on &= (before == _BEGIN) | (before == _INSIDE)

    inside = prefix != _OUTSIDE
    begins = np.flatnonzero(inside & ~goes_on)
    if not begins.size:
        return Spans(begins, begins, begins)
    # A run ends at the first place after its start that does not go on: runs of `goes_on` are unbroken.
    stops = np.flatnonzero(~goes_on)
    stops = np.append(stops, size)
    ends = stops[np.searchsorted(stops, begins, side="right")]
    if mode == "strict" and tagging.scheme != "IO":
        opened, closed = prefix[begins], prefix[ends - 1]
        if tagging.scheme == "IOB2":
            valid = opened == _BEGIN
        else:
            valid = ((opened == _BEGIN) & (closed == _END) & (ends - begins > 1)) | (opened == _SINGLE)
        begins, ends = begins[valid], ends[valid]
    return Spans(begins, ends, kind[begins])


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityScores:
    """How well entities were found, in one mode."""

    mode: Mode
    scores: Scores
    """One row for each type that the labels have."""
    gold: Spans
    predicted: Spans
    is_found: NDArray[np.bool_]
    """(gold spans,): whether the exact span with its type was predicted."""
    is_right: NDArray[np.bool_]
    """(predicted spans,): whether it is an exact gold span with its type."""


def entity_scores(tagging: Tagging, gold: Ints, predicted: Ints, starts: Ints, mode: Mode) -> EntityScores:
    """Precision, recall and F1 of exact spans, for all entities and each type.

    Args:
        tagging: what the labels mean.
        gold: (tokens,) label numbers, all sequences one after the other, masked tokens (-100) taken out before.
        predicted: (tokens,) likewise.
        starts: (sequences,) where each sequence begins.
        mode: how broken taggings are read, on both sides.
    """
    ours, theirs = spans(tagging, gold, starts, mode), spans(tagging, predicted, starts, mode)
    end_at = np.full(gold.size + 1, -1, dtype=np.int64)
    type_at = np.full(gold.size + 1, -1, dtype=np.int64)
    end_at[ours.first], type_at[ours.first] = ours.end, ours.types
    is_right = (end_at[theirs.first] == theirs.end) & (type_at[theirs.first] == theirs.types)
    found_at = np.zeros(gold.size + 1, dtype=bool)
    found_at[theirs.first[is_right]] = True
    kinds = len(tagging.types)
    return EntityScores(
        mode=mode,
        scores=scores_of(
            tagging.types,
            right=np.bincount(theirs.types[is_right], minlength=kinds),
            predicted=np.bincount(theirs.types, minlength=kinds),
            gold=np.bincount(ours.types, minlength=kinds),
        ),
        gold=ours,
        predicted=theirs,
        is_found=found_at[ours.first],
        is_right=is_right,
    )


def flat(sequences: Sequence[Sequence[Any]]) -> tuple[list[Any], Ints]:
    """Sequences one after the other, and where each begins."""
    lengths = np.array([len(one) for one in sequences], dtype=np.int64)
    return [tag for one in sequences for tag in one], np.cumsum(lengths) - lengths


def entity_scores_of_texts(
    gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], mode: Mode
) -> EntityScores:
    """`entity_scores` of tags that are texts, as a file of a shared task has them.

    Raises:
        ValueError: the two differ in the number of sequences or tokens, or the tags mark no entities.
    """
    lengths = [len(one) for one in gold], [len(one) for one in predicted]
    if lengths[0] != lengths[1]:
        at = next((i for i, (a, b) in enumerate(zip(*lengths, strict=False)) if a != b), min(map(len, lengths)))
        raise ValueError(
            f"gold and predicted tags differ in shape from sequence {at} on "
            f"({len(gold)} and {len(predicted)} sequences). Both must hold the same tokens"
        )
    ours, starts = flat(gold)
    theirs, _ = flat(predicted)
    labels = list(dict.fromkeys([*ours, *theirs, "O"]))
    tagging = tagging_of(labels)
    if tagging is None:
        raise ValueError(f"these tags mark no entities: {', '.join(labels[:8])!r}. Wanted: B-TYPE, I-TYPE and O")
    numbers = {label: number for number, label in enumerate(labels)}
    return entity_scores(
        tagging,
        np.array([numbers[tag] for tag in ours], dtype=np.int64),
        np.array([numbers[tag] for tag in theirs], dtype=np.int64),
        starts,
        mode,
    )


__all__ = [
    "MODES",
    "SOURCES",
    "EntityScores",
    "Mode",
    "Score",
    "Spans",
    "Tagging",
    "entity_scores",
    "entity_scores_of_texts",
    "flat",
    "spans",
    "tagging_of",
]
