"""Which samples of an evaluation are shown: some of each kind, and the same ones at every evaluation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trackio_client.integrations.transformers.observing import Observed
from trackio_client.scoring.spans import EntityScores, entity_scores, tagging_of

PANEL: Final = 20
"""Samples that are followed from the first evaluation to the last."""
OF_A_KIND: Final = 5
"""Samples of each kind at one evaluation."""
MOST_LABELS: Final = 50
"""Labels whose errors are shown, those with the most errors."""
_QUOTA: Final = 4
KINDS: Final = ("most confident wrong", "wrong", "missed", "false positive", "right")
"""In the order in which the panel takes from them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """The samples of one evaluation by kind. A sample may be of several."""

    kinds: dict[str, NDArray[np.int64]]
    """By kind the samples' places, those to be shown first first. A kind that this task does not have is absent."""
    counts: dict[str, int]
    by_label: dict[str, NDArray[np.int64]]
    """By gold or predicted label (of tokens: entity type) the samples with an error of it; most errors first."""
    entities: EntityScores | None
    order: NDArray[np.int64]
    """All samples in the order in which they are to be shown."""


def sorted_by_kind(observed: Observed) -> Sorted:
    """The samples by kind.

    right · wrong · most confident wrong: by the greatest probability that was given to something wrong. Of tokens:
    missed · false positive, samples with a gold entity that was not found, or a predicted one that is none. Of two
    labels, the second is the positive one; of label sets, a label that is missing or too many.
    """
    samples = observed.samples
    order = np.random.default_rng(samples).permutation(samples)  # fixed: the same at each evaluation of this set
    rank = np.empty(samples, dtype=np.int64)
    rank[order] = np.arange(samples)
    wrong_units = observed.gold != observed.predicted
    if wrong_units.ndim == 2:
        wrong_units = wrong_units.any(axis=1)
    owner = np.repeat(np.arange(samples), observed.lengths)
    wrong = np.bincount(owner, weights=wrong_units, minlength=samples) > 0
    sure = np.zeros(samples)
    np.maximum.at(sure, owner[wrong_units], np.nan_to_num(observed.confidence[wrong_units], nan=0.0))

    is_kind: dict[str, NDArray[np.bool_]] = {"wrong": wrong, "right": ~wrong & (observed.lengths > 0)}
    entities, by_label = None, {}
    if observed.head.kind == "tokens" and (tagging := tagging_of(observed.head.labels)) is not None:
        gold, predicted = observed.gold.astype(np.int64), observed.predicted.astype(np.int64)
        entities = entity_scores(tagging, gold, predicted, observed.starts, "lenient")
        missed, made_up = (
            owner[entities.gold.first[~entities.is_found]],
            owner[entities.predicted.first[~entities.is_right]],
        )
        is_kind |= {"missed": _marked(missed, samples), "false positive": _marked(made_up, samples)}
        for number, name in enumerate(tagging.types):
            of_gold = entities.gold.first[~entities.is_found & (entities.gold.types == number)]
            of_said = entities.predicted.first[~entities.is_right & (entities.predicted.types == number)]
            by_label[name] = owner[np.concatenate([of_gold, of_said])]
        has = _marked(owner[entities.gold.first], samples)
        rank = rank - np.where(has, samples, 0)  # a sentence without entities shows little
    elif observed.head.kind == "multi_label":
        there, said = observed.gold >= 0.5, observed.predicted.astype(bool)
        is_kind["missed"] = np.asarray((there & ~said).any(axis=1))
        is_kind["false positive"] = np.asarray((said & ~there).any(axis=1))
        for number, name in enumerate(observed.head.labels):
            by_label[name] = np.flatnonzero(there[:, number] != said[:, number])
    elif observed.head.kind == "single_label":
        if len(observed.head.labels) == 2:
            is_kind |= {"missed": wrong & (observed.gold == 1), "false positive": wrong & (observed.gold == 0)}
        for number, name in enumerate(observed.head.labels):
            by_label[name] = np.flatnonzero(wrong & ((observed.gold == number) | (observed.predicted == number)))
    kinds = {name: _ranked(np.flatnonzero(which), rank) for name, which in is_kind.items()}
    at = np.flatnonzero(wrong)
    kinds["most confident wrong"] = at[np.lexsort((rank[at], -sure[at]))]
    return Sorted(
        kinds=kinds,
        counts={name: int(which.size) for name, which in kinds.items() if name != "most confident wrong"},
        by_label=dict(
            sorted(
                ((name, _ranked(np.unique(which), rank)) for name, which in by_label.items() if which.size),
                key=lambda item: -item[1].size,
            )[:MOST_LABELS]
        ),
        entities=entities,
        order=np.argsort(rank, kind="stable"),
    )


def _marked(places: NDArray[np.int64], size: int) -> NDArray[np.bool_]:
    marked = np.zeros(size, dtype=bool)
    marked[places] = True
    return marked


def _ranked(places: NDArray[np.int64], rank: NDArray[np.int64]) -> NDArray[np.int64]:
    return places[np.argsort(rank[places], kind="stable")]


def sample_id(observed: Observed, at: int) -> str:
    """What a sample is called at every evaluation: a hash of its input and gold labels; its place without an input."""
    row = observed.inputs[at] if at < len(observed.inputs) else None
    if row is None:
        return f"row-{at}"
    start = int(observed.starts[at])
    gold = observed.gold[start : start + int(observed.lengths[at])]
    content = np.asarray(row[0], dtype="<i8").tobytes() + np.asarray(gold, dtype="<i8").tobytes()
    return hashlib.sha256(content).hexdigest()[:12]


@dataclass
class Panel:
    """The samples that are followed: chosen at the first evaluation of a set, found again at each later one."""

    places: dict[str, int] = field(default_factory=dict)
    """By id, the place at which the sample was last; equal samples have a number after their id."""

    def find(self, observed: Observed, sorted_: Sorted) -> dict[str, int]:
        """The panel's samples in this evaluation, by id; one that is not in it any more is left out."""
        if not self.places:
            self.places = dict(self._named(observed, _chosen(sorted_)))
            return dict(self.places)
        moved = [
            name
            for name, at in self.places.items()
            if at >= observed.samples or sample_id(observed, at) != name.split("~")[0]
        ]
        if moved:  # the set is read in another order: look for all of them
            wanted, found = set(self.places), {}
            for name, at in self._named(observed, range(observed.samples)):
                if name in wanted:
                    found[name] = at
            return {name: found[name] for name in self.places if name in found}
        return dict(self.places)

    @staticmethod
    def _named(observed: Observed, places: Any) -> Iterator[tuple[str, int]]:
        seen: dict[str, int] = {}
        for at in places:
            name = sample_id(observed, int(at))
            seen[name] = seen.get(name, 0) + 1
            yield (name if seen[name] == 1 else f"{name}~{seen[name]}"), int(at)


def _chosen(sorted_: Sorted) -> list[int]:
    """Some of each kind, then others until there are enough."""
    chosen: dict[int, None] = {}
    for kind in KINDS:
        places = sorted_.kinds.get(kind)
        if places is not None:
            fresh = [int(at) for at in places[: _QUOTA * len(KINDS)] if int(at) not in chosen]
            chosen |= dict.fromkeys(fresh[:_QUOTA])
    for at in sorted_.order:
        if len(chosen) >= PANEL:
            break
        chosen[int(at)] = None
    return list(chosen)
