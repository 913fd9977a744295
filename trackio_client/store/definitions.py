"""What `define_metric` said of the metrics of a project: one answer a metric, the newest experiment's."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from trackio_client.store.schema import KEPT

AT_ONCE: Final = 500
"""Experiments named in one statement; SQLite takes 32,766 values."""

MOST: Final = 1_000
"""Newest experiments of a project that are looked at: 10,000 would be 50 MB of text for each list of metrics."""

_SAID = (
    "SELECT created_us, json_extract(facts, '$.definitions') FROM experiment WHERE id IN (SELECT id FROM experiment "
    f"WHERE project = ? AND {KEPT} {{and_named}} ORDER BY created_us DESC LIMIT ?) "
    "AND instr(facts, '\"definitions\"') > 0"
)
"""A text search is 20 times faster than parsing what has none."""


def definitions(
    sql: sqlite3.Connection, project: str, experiments: Sequence[str] | None = None
) -> dict[str, dict[str, Any]]:
    """Per metric what was said of it, in (some of) a project's experiments; of several that say it, the newest's."""
    found: list[tuple[int, str | None]] = []
    if experiments is None:
        found = sql.execute(_SAID.format(and_named=""), (project, MOST)).fetchall()
    else:
        for at in range(0, len(experiments), AT_ONCE):
            some = experiments[at : at + AT_ONCE]
            named = f"AND experiment_id IN ({', '.join('?' * len(some))})"
            found += sql.execute(_SAID.format(and_named=named), (project, *some, MOST)).fetchall()
    newest: dict[str, int] = {}
    for created_us, text in found:  # a sweep's runs all say the same: parsed once
        if text is not None:
            newest[text] = max(created_us, newest.get(text, created_us))
    merged: dict[str, dict[str, Any]] = {}
    for text in sorted(newest, key=lambda text: (newest[text], text)):
        merged |= json.loads(text)
    return merged


def is_the_step(sql: sqlite3.Connection, project: str, metric: str) -> bool:
    """Whether a metric's last, lowest and highest value are those of the step, in all experiments of a project."""
    other = (
        "SELECT 1 FROM experiment e JOIN series s ON s.experiment = e.id WHERE e.project = ? AND s.metric = ? AND "
        f"e.{KEPT} AND (s.last IS NOT s.last_step OR s.min IS NOT s.min_step OR s.max IS NOT s.max_step) LIMIT 1"
    )
    return sql.execute(other, (project, metric)).fetchone() is None
