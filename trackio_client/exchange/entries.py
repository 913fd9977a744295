"""Entries of older Trackio monitors: a JSON list, a JSON object with a list under `metrics`, or one JSON object a line.

An entry is nested, `{"timestamp": …, "step": 3, "metrics": {"loss": 0.5}}`, or flat, `{"timestamp": …, "step": 3,
"loss": 0.5}`; both may stand in one file. A timestamp is ISO 8601 (UTC if it names no zone) or seconds since 1970. The
old monitor put timestamp and step among the metrics too; there they are no metrics, and the step is used where the
entry has none of its own. An entry that cannot be read is left out and named; the others are taken.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from trackio_client.errors import UsageError
from trackio_client.exchange.past import PastEntry, PastRun
from trackio_client.exchange.texts import ZONE, Remarks, Together, name_from, number_of, short, time_of
from trackio_client.wire.events import MAX_NAME_CHARACTERS, checked_step
from trackio_client.wire.frames import MAX_KEYS

SOURCE: Final = "Trackio entries"
_NOT_METRICS: Final = ("timestamp", "_timestamp", "step", "_step", "metrics", "experiment_id")
_TIMES: Final = ("timestamp", "_timestamp")
_STEPS: Final = ("step", "_step", "global_step", "train/global_step", "train/step", "current_steps")
"""Where a step may stand, as the old monitor looked for it; the last is LLaMA-Factory's."""


@dataclass(frozen=True, slots=True)
class Entries:
    """Raw entries, checked and turned into ours whenever they are read. What was odd is told in `remarks`."""

    rows: Iterable[Any]
    remarks: Remarks
    place: Callable[[int], str]
    """Where the entry of an index stands, for people."""

    def __iter__(self) -> Iterator[PastEntry]:
        self.remarks.clear()
        last: int | None = None
        for index, row in enumerate(self.rows):
            try:
                entry = entry_of(row, last, self.remarks)
            except UsageError as error:
                self.remarks.add(f"left out an entry: {error}", self.place(index))
                continue
            last = entry.step
            yield entry


def entry_of(row: Any, last: int | None, remarks: Remarks) -> PastEntry:
    """One entry; without a step of its own it takes the one after `last`. Raises UsageError if it is none."""
    if not isinstance(row, dict):
        raise UsageError(f"it must be an object of metrics, it is {type(row).__name__}: {short(row)}")
    nested = row.get("metrics")
    if isinstance(nested, str):
        try:
            nested = json.loads(nested)
        except (ValueError, RecursionError):
            raise UsageError(f"its 'metrics' is a text, but no JSON: {short(nested)}") from None
    inner = nested if isinstance(nested, dict) else {}
    if nested is not None and not isinstance(nested, dict):
        remarks.add(f"left out 'metrics' of an entry: a {type(nested).__name__} holds no named values")
    given = _first(_STEPS, row, inner)
    step = (0 if last is None else last + 1) if given is None else step_of(given)
    told = _first(_TIMES, row, inner)
    time_s = time_of(told)
    if told is not None and time_s is None:
        remarks.add(f"a timestamp must be ISO 8601 or seconds since 1970, got {short(told)}; the entry is kept without")
    values, texts = dict[str, float](), dict[str, str]()
    for found in (row, inner):
        take({key: value for key, value in found.items() if key not in _NOT_METRICS}, values, texts, remarks)
    if len(values) > MAX_KEYS:
        raise UsageError(f"it holds {len(values):,} values, at most {MAX_KEYS:,} are taken at once")
    return PastEntry(step=step, values=values, texts=texts, time_s=time_s)


def _first(names: Iterable[str], *told: Mapping[str, Any]) -> Any:
    for one in told:
        for name in names:
            if (value := one.get(name)) is not None:
                return value
    return None


def time_in(row: Any) -> float | None:
    """The time of a raw entry, without looking at its values."""
    if not isinstance(row, dict):
        return None
    inner = row.get("metrics")
    return time_of(_first(_TIMES, row, inner if isinstance(inner, dict) else {}))


@lru_cache(maxsize=4096)
def _metric(key: str) -> str:
    """The name of a metric, printable; "" if there is none or it is too long."""
    name = "".join(c if c.isprintable() else " " for c in key).strip()
    return name if len(name) <= MAX_NAME_CHARACTERS else ""


def step_of(given: Any) -> int:
    """A step from a number or the text of one. Raises UsageError."""
    if isinstance(given, str) and (number := number_of(given)) is not None and number.is_integer():
        given = int(given) if given.strip().lstrip("+-").isdecimal() else number
    if isinstance(given, bool):
        raise UsageError(f"step must be a whole number >= 0, got {given!r}")
    return checked_step(given)


def take(
    found: Mapping[str, Any], values: dict[str, float], texts: dict[str, str], remarks: Remarks, prefix: str = ""
) -> None:
    """Sort logged values: numbers are metrics, texts texts, dicts become a/b as `log()` does; the rest is told."""
    for key, value in found.items():
        name = _metric(f"{prefix}{key}")
        if not name:
            remarks.add(f"left out names that are empty or longer than {MAX_NAME_CHARACTERS} characters")
        elif type(value) is float:  # what nearly all are
            values[name] = value
        elif isinstance(value, dict):
            take(value, values, texts, remarks, f"{name}/")
        elif (number := number_of(value)) is not None:
            values[name] = number
        elif isinstance(value, str):
            texts[name] = value
        elif value is not None:
            remarks.add(f"left out {name!r:.80}: a {type(value).__name__} is no metric")


def read_entries(path: Path, rows: list[Any], *, name: str | None = None, remarks: Remarks | None = None) -> PastRun:
    """One run of a file of entries, given its parsed rows. Raises UsageError if no entry of it can be read."""
    entries = Entries(rows, Remarks(), lambda index: f"entry {index} of {path}")
    times, count = [], 0
    for entry in entries:
        count += 1
        if entry.time_s is not None:
            times.append(entry.time_s)
    if not count:
        reason = next(iter(entries.remarks), "it is an empty list")
        wanted = "One looks like {'step': 3, 'metrics': {'loss': 0.5}}"
        raise UsageError(f"{path} holds no entries that can be read: {reason}. {wanted}")
    return PastRun(
        source=SOURCE,
        name=name or name_from(path.stem),
        identity=[None, rows[0]],
        entries=entries,
        config={},
        state="finished",
        evidence="The log ends here; it names no state.",
        ended_s=max(times, default=path.stat().st_mtime),
        notes=entries.remarks if remarks is None else Together(remarks, entries.remarks),
        origin={"zone": ZONE} if times else {},
    )
