"""Alerts of many experiments at once.

The index `event_alert` holds little else, so that what is asked of a project costs what it has of alerts, however many
checkpoints and evaluations it marked beside them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from trackio_client.store.contract import StoredEvent
from trackio_client.store.listing import AT_ONCE
from trackio_client.store.schema import ALERT, KEPT

# What the index holds may be another mark with the word in it, and JSON of elsewhere that SQLite does not take.
_OF = "CASE WHEN json_valid(content) THEN json_extract(content, '{path}') END"
_IS_ALERT = f"{ALERT} AND {_OF.format(path='$.mark')} = 'alert'"
_NOT_ARCHIVED = "NOT (instr(facts, '\"archived\"') > 0 AND json_extract(facts, '$.archived') = 1)"


def levels(sql: sqlite3.Connection, experiments: Sequence[str]) -> dict[str, dict[Any, int]]:
    """As `Store.alert_levels`."""
    found: dict[str, dict[Any, int]] = {}
    for at in range(0, len(experiments), AT_ONCE):
        some = experiments[at : at + AT_ONCE]
        query = (
            f"SELECT x.experiment_id, {_OF.format(path='$.data.level')} AS level, count(*) FROM experiment x "
            f"JOIN event e INDEXED BY event_alert ON e.experiment = x.id "
            f"WHERE x.experiment_id IN ({', '.join('?' * len(some))}) AND {_IS_ALERT} GROUP BY x.experiment_id, level"
        )
        for experiment_id, level, count in sql.execute(query, list(some)):
            found.setdefault(experiment_id, {})[level] = count
    return found


def of_project(sql: sqlite3.Connection, project: str, limit: int, *, with_archived: bool = False) -> list[StoredEvent]:
    """As `Store.alerts`."""
    archived = "" if with_archived else f"AND {_NOT_ARCHIVED}"
    rows = sql.execute(
        "SELECT x.experiment_id, w.writer_id, e.seq, e.position, e.content FROM experiment x "
        "JOIN event e INDEXED BY event_alert ON e.experiment = x.id JOIN writer w ON w.id = e.writer "
        f"WHERE x.project = ? AND x.{KEPT} AND {_IS_ALERT} {archived} "
        "ORDER BY json_extract(content, '$.time_us') DESC, e.position DESC, e.id DESC LIMIT ?",
        (project, limit),
    ).fetchall()
    return [StoredEvent(name, writer, seq, position, json.loads(text)) for name, writer, seq, position, text in rows]
