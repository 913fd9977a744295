"""What lists ask a store: projects, what was deleted, the metrics of a project, and each series in a few numbers."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from trackio_client.errors import ExperimentNotFound
from trackio_client.store import cold
from trackio_client.store import summaries as numbers
from trackio_client.store.contract import MetricSummary
from trackio_client.store.parts import resolved
from trackio_client.store.reading import Reading
from trackio_client.store.schema import KEPT
from trackio_client.wire.ranks import RANK_MARK, rank_of

AT_ONCE: Final = 500
"""Experiments named in one statement; SQLite takes 32,766 values."""


def position(sql: sqlite3.Connection) -> int:
    """How many commits changed something so far."""
    return int(sql.execute("SELECT value FROM meta WHERE key = 'position'").fetchone()[0])


def row_of(sql: sqlite3.Connection, experiment_id: str) -> int:
    """The row of an experiment. Raises ExperimentNotFound."""
    row = sql.execute("SELECT id FROM experiment WHERE experiment_id = ?", (experiment_id,)).fetchone()
    if row is None:
        raise ExperimentNotFound(f"there is no experiment {experiment_id!r} here")
    return int(row[0])


def projects(sql: sqlite3.Connection) -> list[tuple[str, int, float]]:
    """As `Store.projects`."""
    rows = sql.execute(
        f"SELECT project, sum({KEPT}), max(last_event_us) FROM experiment GROUP BY project ORDER BY 3 DESC, 1"
    ).fetchall()
    return [(project, count, last / 1e6) for project, count, last in rows]


def deleted(sql: sqlite3.Connection, since: int) -> list[tuple[str, str, int]]:
    """As `Store.deleted`."""
    return sql.execute(
        "SELECT experiment_id, project, position FROM tombstone WHERE position > ? ORDER BY position", (since,)
    ).fetchall()


def metrics(
    sql: sqlite3.Connection, project: str, experiments: Sequence[str] | None = None
) -> list[tuple[str, int, int]]:
    """As `Store.metrics`."""
    where, arguments = f"e.project = ? AND e.{KEPT}", [project]
    if experiments is not None:
        where += f" AND e.experiment_id IN ({', '.join('?' * len(experiments))})"
        arguments += experiments
    return sql.execute(
        f"SELECT s.metric, count(*), sum(s.points) FROM series s JOIN experiment e ON e.id = s.experiment "
        f"WHERE {where} GROUP BY s.metric ORDER BY s.metric",
        arguments,
    ).fetchall()


def ranked_metrics(sql: sqlite3.Connection, experiments: Sequence[str]) -> dict[str, list[str]]:
    """As `Store.ranked_metrics`."""
    found: dict[str, list[str]] = {}
    for at in range(0, len(experiments), AT_ONCE):
        some = experiments[at : at + AT_ONCE]
        query = (
            "SELECT e.experiment_id, s.metric FROM experiment e JOIN series s ON s.experiment = e.id WHERE "
            f"e.experiment_id IN ({', '.join('?' * len(some))}) AND instr(s.metric, ?) > 0 ORDER BY s.metric"
        )
        for experiment_id, metric in sql.execute(query, (*some, RANK_MARK)):
            if rank_of(metric)[1]:
                found.setdefault(experiment_id, []).append(metric)
    return found


def summaries(
    reading: Reading, experiments: Sequence[str], metrics: Sequence[str] | None = None
) -> dict[str, list[MetricSummary]]:
    """As `Store.summaries`."""
    found: dict[str, list[MetricSummary]] = {}
    for at in range(0, len(experiments), AT_ONCE):  # a list of 10,000 rows is read in 20 statements, not in 20,000
        some = list(dict.fromkeys(experiments[at : at + AT_ONCE]))
        marks = ", ".join("?" * len(some))
        named = reading.sql.execute(f"SELECT id, experiment_id FROM experiment WHERE experiment_id IN ({marks})", some)
        ids: dict[int, str] = dict(named.fetchall())
        known = set(ids.values())
        found |= {name: [] for name in some if name in known}
        where, arguments = f"experiment IN ({', '.join('?' * len(ids))})", list[object](ids)
        if metrics is not None:
            where, arguments = where + f" AND metric IN ({', '.join('?' * len(metrics))})", [*ids, *metrics]
        query = f"SELECT {numbers.PLAIN}, experiment FROM series WHERE {where} ORDER BY experiment, metric"
        for each in reading.sql.execute(query, arguments).fetchall():
            name = ids[each[-1]]
            is_plain = not each[12]
            found[name].append(MetricSummary(*each[:12]) if is_plain else _summary(reading, name, each[-1], each[0]))
    return found


def _summary(reading: Reading, experiment_id: str, experiment: int, metric: str) -> MetricSummary:
    """Of a row that has values SQLite does not keep, or that is stale: then it is computed anew."""
    row = reading.sql.execute(
        f"SELECT {numbers.COLUMNS} FROM series WHERE experiment = ? AND metric = ?", (experiment, metric)
    ).fetchone()
    part, stale = numbers.part_of(row)
    if stale and not cold.is_waited_for(reading.sql, experiment):
        (series,) = reading.rows((experiment_id,), (metric,))
        shown = resolved(reading.everything(series))
        (fresh,) = numbers.parts(shown.steps, shown.times_us, shown.values.reshape(-1, 1))
        part = replace(fresh, n=part.n, bad=part.bad)
    return numbers.summary(metric, part)
