"""The order of events that came back from a repo, where it is not written down in which order they came.

Told by their times, but never against the order of one writer: what a clock that was set back says moves on to where
the writer was already.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from trackio_client.store import facts

Stamp = tuple[str, int, int]
"""(writer id, seq, time in µs) of an event."""


def told_us(content: dict[str, Any]) -> int:
    """The time that an event tells, 0 if none."""
    return facts.whole(content.get("time_us")) or 0


def in_order(stamps: Iterable[Stamp]) -> list[Stamp]:
    """Events in order of arrival, as well as it can be told."""
    keyed: list[tuple[int, Stamp]] = []
    before, latest = "", 0
    for stamp in sorted(stamps):
        writer_id, _, time_us = stamp
        latest = max(latest if writer_id == before else 0, time_us)
        before = writer_id
        keyed.append((latest, stamp))
    return [stamp for _, stamp in sorted(keyed)]


def put_in_order(sql: sqlite3.Connection, experiment: int, position: int) -> None:
    """Let all events of an experiment have come at this position, in their order.

    For an experiment that was known only from a repo until now: nobody has been given any of them yet, and its files
    came in any order, with what its writers sent meanwhile among them.
    """
    ids: dict[Stamp, int] = {}
    rows = sql.execute(
        "SELECT e.id, w.writer_id, e.seq, e.content FROM event e JOIN writer w ON w.id = e.writer "
        "WHERE e.experiment = ?",
        (experiment,),
    )
    for row, writer_id, seq, content in rows:
        ids[writer_id, seq, told_us(json.loads(content))] = row
    places = ((position, place, ids[stamp]) for place, stamp in enumerate(in_order(ids)))
    sql.executemany("UPDATE event SET position = ?, place = ? WHERE id = ?", places)
