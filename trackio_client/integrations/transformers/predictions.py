"""Samples of what the model predicts at each evaluation, by kind, some of them the same from first to last (S4.25).

The record `predictions` of an evaluation:

    set, samples                 which evaluation set, and how many samples it has
    panel       [id]             samples chosen at the first evaluation and told at every one
    counts      {kind: n}        how many samples are of the kind: right, wrong, missed, false positive
    by_kind     {kind: [id]}     some of each kind, those of the panel first
    by_label    {label: [id]}    some with an error of the label or entity type, those with the most errors first
    shown       [sample]         each sample once: id, row, kinds, input, gold, predicted, confidence; of tokens also
                                 tokens, confidences, gold_entities, predicted_entities
    left_out                     samples above that found no room

It is bounded (MOST_BYTES), the panel first; nothing of it takes a forward pass.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, ClassVar, Final

import numpy as np

from trackio_client.integrations.transformers.choosing import (
    KINDS,
    OF_A_KIND,
    Panel,
    Sorted,
    sample_id,
    sorted_by_kind,
)
from trackio_client.integrations.transformers.groups import Group, Run
from trackio_client.integrations.transformers.observing import Observed
from trackio_client.integrations.transformers.reading import length_of, random_numbers_kept
from trackio_client.integrations.transformers.showing import MOST_ENTITIES, Shower
from trackio_client.scoring.spans import EntityScores, Spans, tagging_of

MOST_BYTES: Final = 64 * 1024


class Predictions(Group):
    """Records `predictions` at each evaluation."""

    name: ClassVar[str] = "predictions"

    def __init__(self) -> None:
        self._panels: dict[str, Panel] = {}

    def observed(self, run: Run, observed: Observed) -> None:
        by_kind = sorted_by_kind(observed)
        panel = self._panels.setdefault(observed.prefix, Panel()).find(observed, by_kind)
        with random_numbers_kept():
            told = _Told(observed, by_kind, panel, Shower(observed, run.processing_class, _rows(run, observed)))
            data = told.data()
        run.record("predictions", data)


class _Told:
    """The record of one evaluation, as it fills."""

    def __init__(self, observed: Observed, by_kind: Sorted, panel: dict[str, int], shower: Shower) -> None:
        self._observed, self._sorted, self._panel, self._shower = observed, by_kind, panel, shower
        self._ids = {at: name for name, at in panel.items()}
        self._room = MOST_BYTES
        self._shown: dict[int, dict[str, Any]] = {}
        self._left_out: set[int] = set()
        self._of_kind = {kind: set(places.tolist()) for kind, places in by_kind.kinds.items()}
        self._entities = _Entities(observed, by_kind.entities) if by_kind.entities is not None else None

    def data(self) -> dict[str, Any]:
        panel = self._some(self._panel.values(), len(self._panel))
        kinds = {}
        for kind in KINDS:
            if (places := self._sorted.kinds.get(kind)) is not None:
                first = [int(at) for at in places[:OF_A_KIND]]
                if kind != "most confident wrong":  # those of the panel first, so that examples stay
                    first = [at for at in self._panel.values() if at in self._of_kind[kind]] + first
                kinds[kind] = self._some(dict.fromkeys(first), OF_A_KIND)
        labels: dict[str, list[str]] = {}
        for label, places in self._sorted.by_label.items():
            labels[label] = self._some((int(at) for at in places[:OF_A_KIND]), OF_A_KIND)
        return {
            "set": self._observed.prefix,
            "kind": self._observed.head.kind,
            "samples": self._observed.samples,
            "panel": panel,
            "counts": self._sorted.counts,
            "by_kind": kinds,
            "by_label": {label: ids for label, ids in labels.items() if ids},
            "shown": list(self._shown.values()),
            "left_out": len(self._left_out),
        }

    def _some(self, places: Iterable[int], most: int) -> list[str]:
        """The ids of samples, each shown if it is not yet and there is room."""
        ids: list[str] = []
        for at in places:
            if len(ids) == most:
                break
            if at not in self._shown and not self._show(at):
                self._left_out.add(at)
                continue
            ids.append(self._id(at))
        return ids

    def _show(self, at: int) -> bool:
        one: dict[str, Any] = {"id": self._id(at), "row": at, **self._shower.shown(at)}
        one["kinds"] = [kind for kind in KINDS[1:] if at in self._of_kind.get(kind, ())]
        if self._entities is not None:
            one |= self._entities.of(at, one["tokens"], one.get("first_token", 0))
        size = len(json.dumps(one, ensure_ascii=False).encode("utf-8", "replace"))
        if size > self._room:
            return False
        self._room -= size
        self._shown[at] = one
        return True

    def _id(self, at: int) -> str:
        if at not in self._ids:
            name, number = sample_id(self._observed, at), 1
            while (new := name if number == 1 else f"{name}~{number}") in self._ids.values():
                number += 1
            self._ids[at] = new
        return self._ids[at]


class _Entities:
    """The entities of single samples: [{"type", "first", "end", "text"}], places in the sample."""

    def __init__(self, observed: Observed, scored: EntityScores) -> None:
        tagging = tagging_of(observed.head.labels)
        assert tagging is not None
        self._types = tagging.types
        self._starts, self._lengths = observed.starts, observed.lengths
        self._scored = scored

    def of(self, at: int, tokens: list[str], first_token: int) -> dict[str, Any]:
        start, end = int(self._starts[at]), int(self._starts[at] + self._lengths[at])

        def told(spans: Spans) -> list[dict[str, Any]]:
            a, b = np.searchsorted(spans.first, (start, end))
            rows = zip(spans.first[a:b], spans.end[a:b], spans.types[a:b], strict=True)
            return [
                {
                    "type": self._types[int(kind)],
                    "first": int(first) - start,
                    "end": int(last) - start,
                    "text": " ".join(
                        tokens[max(0, int(first) - start - first_token) : max(0, int(last) - start - first_token)]
                    ),
                }
                for first, last, kind in list(rows)[:MOST_ENTITIES]
            ]

        return {"gold_entities": told(self._scored.gold), "predicted_entities": told(self._scored.predicted)}


def _rows(run: Run, observed: Observed) -> Any:
    """The evaluation set, when a sample's place in the evaluation is its row there."""
    words = (getattr(run.args, name, None) for name in ("group_by_length", "train_sampling_strategy"))
    is_grouped = any(word is True or word == "group_by_length" for word in words)
    return observed.dataset if not is_grouped and length_of(observed.dataset) == observed.samples else None
