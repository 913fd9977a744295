"""JSON events in order of arrival, as they were written."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from trackio_client.store.contract import StoredEvent
from trackio_client.store.listing import row_of
from trackio_client.store.schema import KEPT


def of_experiment(
    sql: sqlite3.Connection,
    experiment_id: str,
    kinds: Sequence[str] | None = None,
    *,
    after: int = 0,
    limit: int | None = None,
    newest: bool = False,
) -> list[StoredEvent]:
    """As `Store.events`. Raises ExperimentNotFound."""
    row = row_of(sql, experiment_id)
    where = "e.experiment = ? AND e.position > ?"
    arguments: list[Any] = [row, after]
    if kinds is not None:
        where, arguments = where + f" AND e.kind IN ({', '.join('?' * len(kinds))})", [row, after, *kinds]
    way = "DESC" if newest else ""
    rows = sql.execute(
        f"SELECT w.writer_id, e.seq, e.position, e.content FROM event e JOIN writer w ON w.id = e.writer "
        f"WHERE {where} ORDER BY e.position {way}, e.place {way}, e.id {way} LIMIT ?",
        [*arguments, -1 if limit is None else limit],
    ).fetchall()
    found = [StoredEvent(experiment_id, w, seq, position, json.loads(content)) for w, seq, position, content in rows]
    return found[::-1] if newest else found


def at(sql: sqlite3.Connection, experiment_id: str, places: Sequence[tuple[str, int]]) -> list[StoredEvent]:
    """As `Store.events_at`. Raises ExperimentNotFound."""
    row = row_of(sql, experiment_id)
    found = []
    for writer_id, seq in places:
        rows = sql.execute(
            "SELECT e.position, e.content FROM writer w JOIN event e ON e.writer = w.id "
            "WHERE w.writer_id = ? AND e.seq = ? AND e.experiment = ?",
            (writer_id, seq, row),
        )
        found += [StoredEvent(experiment_id, writer_id, seq, position, json.loads(text)) for position, text in rows]
    return found


def of_project(
    sql: sqlite3.Connection, project: str | None, kinds: Sequence[str], *, with_binned: bool = False
) -> list[StoredEvent]:
    """As `Store.events_of_project`."""
    where, arguments = ("", []) if project is None else ("x.project = ? AND ", [project])
    if not with_binned:
        where += f"x.{KEPT} AND "
    rows = sql.execute(
        "SELECT x.experiment_id, w.writer_id, e.seq, e.position, e.content FROM experiment x "
        "JOIN event e ON e.experiment = x.id JOIN writer w ON w.id = e.writer "
        f"WHERE {where} e.kind IN ({', '.join('?' * len(kinds))}) ORDER BY e.position, e.place, e.id",
        [*arguments, *kinds],
    ).fetchall()
    return [StoredEvent(name, w, seq, position, json.loads(content)) for name, w, seq, position, content in rows]


def count_events(sql: sqlite3.Connection, project: str | None, kinds: Sequence[str]) -> tuple[int, int]:
    """As `Store.count_events`. All that is read stands in the index."""
    where, arguments = ("", []) if project is None else ("x.project = ? AND ", [project])
    row = sql.execute(
        "SELECT count(*), coalesce(max(e.position), 0) FROM experiment x JOIN event e ON e.experiment = x.id "
        f"WHERE {where}x.{KEPT} AND e.kind IN ({', '.join('?' * len(kinds))})",
        [*arguments, *kinds],
    ).fetchone()
    return int(row[0]), int(row[1])
