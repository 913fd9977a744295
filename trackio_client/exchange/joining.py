"""What a version of a log has that an earlier one, imported before, had not.

A table that is written anew at each save (the old single-table dataset sorts by step and joins what was logged at one
step) is not its earlier version and some more. Such versions are compared by what they say: values by metric, step and
number, the rest by its content; places and times do not count. What is missing is added, nothing is taken away.
"""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from trackio_client.exchange.telling import as_said
from trackio_client.masking import Masker
from trackio_client.wire.events import CONSOLE, MARK, TEXT, plain

if TYPE_CHECKING:
    from trackio_client.exchange.past import PastEntry

Point = tuple[str, int, bytes]
"""Metric, step, and the 8 bytes of the value: NaN is NaN."""


@dataclass(slots=True)
class Content:
    """What is held of an experiment, each thing with how often. `missing` takes from it what it finds."""

    points: Counter[Point] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)

    def add_points(self, metric: str, steps: Iterable[int], values: Iterable[float]) -> None:
        self.points.update((metric, int(step), _bytes(value)) for step, value in zip(steps, values, strict=True))

    def add_event(self, content: Mapping[str, Any]) -> None:
        for key in _keys(content):
            self.events[key] += 1


def missing(entries: Iterable[PastEntry], held: Content, masker: Masker) -> Iterator[PastEntry]:
    """The entries, each with only what is not held; those with nothing left are left out."""
    for entry in entries:
        values = {
            name: value
            for name, value in entry.values.items()
            if not _took(held.points, (name, entry.step or 0, _bytes(value)))
        }
        texts = {
            name: text
            for name, text in entry.texts.items()
            if not _has(held, masker, {"kind": TEXT, "step": entry.step or 0, "values": {name: text}})
        }
        marks = tuple(
            mark for mark in entry.marks if not _has(held, masker, {"kind": MARK, "step": entry.step, **mark})
        )
        lines = tuple(
            line
            for line in entry.lines
            if not _has(held, masker, {"kind": CONSOLE, "stream": entry.stream, "lines": [line]})
        )
        if values or texts or marks or lines:
            yield replace(entry, values=values, texts=texts, marks=marks, lines=lines)


def _has(held: Content, masker: Masker, content: dict[str, Any]) -> bool:
    (key,) = _keys(as_said(masker, content))
    return _took(held.events, key)


def _took(counts: Counter[Any], key: Any) -> bool:
    if counts.get(key, 0) <= 0:
        return False
    counts[key] -= 1
    return True


def _bytes(value: float) -> bytes:
    return struct.pack("<d", value) if value == value else b"nan"


def _keys(content: Mapping[str, Any]) -> Iterator[str]:
    """One key for each thing that an event tells."""
    kind = content.get("kind")
    if kind == TEXT and isinstance(values := content.get("values"), Mapping):
        for name, text in values.items():
            yield json.dumps([kind, content.get("step"), name, text], sort_keys=True)
    elif kind == CONSOLE and isinstance(lines := content.get("lines"), list):
        for line in lines:
            yield json.dumps([kind, content.get("stream"), line], sort_keys=True)
    else:
        said = {name: value for name, value in content.items() if name not in ("time_us", "time_s")}
        yield json.dumps(plain(said), sort_keys=True)
