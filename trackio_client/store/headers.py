"""Headers: what lists need to know of an experiment before its rows are back. Made here, read from a repo.

A header that is read was written by this package, and by whoever can write to the repo: what is not of the form that
`header_of` makes is no header, and the experiment is counted anew from its rows instead.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trackio_client.store import facts, summaries
from trackio_client.store.facts import Key
from trackio_client.wire.batches import digest_sum

_SERIES_FIELDS = 1 + len(summaries.COLUMNS.split(","))
_INT64 = 2**63


@dataclass(frozen=True, slots=True)
class Header:
    """An experiment's row and those of its series, as they were in the store that pushed them."""

    facts: dict[str, Any]
    facts_key: Key
    generation: int
    created_us: int
    last_event_us: int
    last_heard_s: float
    last_step: int | None
    series: list[list[Any]]
    """Per metric its name and summaries.COLUMNS."""


def header_of(sql: sqlite3.Connection, experiment_id: str) -> dict[str, Any] | None:
    """The header of an experiment as JSON takes it; None if there is no such experiment."""
    row = sql.execute(
        "SELECT id, facts, facts_key, generation, created_us, last_event_us, last_heard_s, last_step, points, events, "
        "recount FROM experiment WHERE experiment_id = ?",
        (experiment_id,),
    ).fetchone()
    if row is None:
        return None
    series = sql.execute(
        f"SELECT metric, {summaries.COLUMNS} FROM series WHERE experiment = ? ORDER BY id", (row[0],)
    ).fetchall()
    return {
        "facts": json.loads(row[1]),
        "facts_key": json.loads(row[2]),
        "generation": row[3],
        "created_us": row[4],
        "last_event_us": row[5],
        "last_heard_s": row[6],
        "last_step": row[7],
        "points": row[8],
        "events": row[9],
        "series": [summaries.plain_row(each) for each in series],
        # While it is to be made anew it is of no rows exactly, and says so.
        "digest": "" if row[10] else digest_held(sql, row[0]),
    }


def digest_held(sql: sqlite3.Connection, experiment: int) -> str:
    """The sum of the digests of an experiment's writers."""
    rows = sql.execute("SELECT low, high FROM writer WHERE experiment = ?", (experiment,))
    return digest_sum(f"{int(high):016x}{int(low):016x}" for low, high in rows)


def read(content: Mapping[str, Any] | None) -> Header | None:
    """The header in this JSON, or None if it is none."""
    if content is None:
        return None
    try:
        key, step = content["facts_key"], content["last_step"]
        generation, seq = key[0], key[2]
        if type(generation) is not int or not isinstance(key[1], str) or type(seq) is not int:
            return None
        return Header(
            facts=facts.sound(content["facts"]),
            facts_key=(generation, key[1], seq),
            generation=_whole(content["generation"]),
            created_us=_whole(content["created_us"]),
            last_event_us=_whole(content["last_event_us"]),
            last_heard_s=float(content["last_heard_s"]),
            last_step=None if step is None else _whole(step),
            series=[_series(row) for row in content["series"]],
        )
    except (KeyError, IndexError, TypeError, ValueError, OverflowError):
        return None


def _whole(value: Any, *, least: int = -_INT64) -> int:
    if type(value) is not int or not least <= value < _INT64:
        raise ValueError(f"{value!r:.40} is no whole number")
    return value


def _series(row: Any) -> list[Any]:
    if len(row) != _SERIES_FIELDS or not isinstance(row[0], str):
        raise ValueError("no row of a series")
    row[0].encode()  # half of a surrogate pair is no name: UnicodeEncodeError is a ValueError
    metric, points, bad, last, last_step, last_us, first, low, low_step, high, high_step, mean, stale, bits = row
    numbers = [None if each is None else float(each) for each in (last, low, high)]
    steps = [None if each is None else _whole(each) for each in (low_step, high_step, bits)]
    whole = [_whole(points, least=1), _whole(bad, least=0), _whole(last_step), _whole(last_us), _whole(first)]
    mean_ = float(mean or 0.0)
    if (numbers[0] is None and bits is None) or any(each is not None and each != each for each in (*numbers, mean_)):
        raise ValueError("no values of a series")
    return [
        metric, whole[0], whole[1], numbers[0], *whole[2:], numbers[1], steps[0], numbers[2], steps[1],
        mean_, int(bool(stale)), steps[2],
    ]  # fmt: skip
