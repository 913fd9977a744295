"""Deleting an experiment: its data goes, and a tombstone with its writer ids stays for ever (protocol rule 17)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from trackio_client.store.rows import next_position

Tombstones = list[tuple[str, str, tuple[str, ...]]]
"""(experiment_id, project, writer ids)"""


def bury(sql: sqlite3.Connection, experiment_id: str, project: str, writers: Sequence[str]) -> bool:
    """Delete what is here of an experiment, known or not, and leave a tombstone; False if nothing was to be done."""
    known = sql.execute("SELECT project, writers FROM tombstone WHERE experiment_id = ?", (experiment_id,)).fetchone()
    row = sql.execute("SELECT id, project FROM experiment WHERE experiment_id = ?", (experiment_id,)).fetchone()
    here = [] if row is None else sql.execute("SELECT writer_id FROM writer WHERE experiment = ?", (row[0],)).fetchall()
    told = [] if known is None else json.loads(known[1])
    names = sorted({*writers, *told, *(name for (name,) in here)})
    if known is not None and row is None:
        if names != sorted(told):  # they change no answer, so no position either
            sql.execute("UPDATE tombstone SET writers = ? WHERE experiment_id = ?", (json.dumps(names), experiment_id))
        return False
    sql.execute(
        "INSERT OR REPLACE INTO tombstone VALUES (?, ?, ?, ?)",
        (experiment_id, project if row is None else row[1], json.dumps(names), next_position(sql)),
    )
    if row is not None:
        _remove(sql, row[0])
    return True


def _remove(sql: sqlite3.Connection, experiment: int) -> None:
    for table in ("chunk", "overview", "outline", "sketch", "points"):
        sql.execute(f"DELETE FROM {table} WHERE series IN (SELECT id FROM series WHERE experiment = ?)", (experiment,))
    for table in ("series", "tail", "event", "writer", "cold", "damage", "file"):
        sql.execute(f"DELETE FROM {table} WHERE experiment = ?", (experiment,))
    sql.execute("DELETE FROM experiment WHERE id = ?", (experiment,))


def tombstones(sql: sqlite3.Connection) -> Tombstones:
    """All of them, in the order in which they came."""
    rows = sql.execute("SELECT experiment_id, project, writers FROM tombstone ORDER BY position")
    return [(experiment_id, project, tuple(json.loads(writers))) for experiment_id, project, writers in rows]
