"""The rows of a run: a step each, with the metrics that it logged, as W&B's `history` and `scan_history` give them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from trackio_client.errors import MetricNotFound
from trackio_client.wire.asks import SeriesQuery

if TYPE_CHECKING:
    from trackio_client.reader.run import LoggedRun

OWN: Final = ("_step", "_timestamp", "_runtime")
"""Columns that every row has: the step, seconds UTC, seconds since the run began."""
METRICS_AT_ONCE: Final = 64
"""Series asked for at once: each comes with every point."""


def rows_of(
    run: LoggedRun,
    keys: Sequence[str] | str | None,
    *,
    stream: str = "default",
    from_step: int | None = None,
    to_step: int | None = None,
) -> list[dict[str, Any]]:
    """{"_step", "_timestamp", "_runtime", metric: value} of each step, ascending.

    Args:
        run: whose.
        keys: these metrics, and only rows that have all of them; None is all of the stream.
        stream: "system" for hardware's metrics.
        from_step: the first step.
        to_step: the last one.

    Raises:
        MetricNotFound: with the names that exist.
    """
    asked = None if keys is None else [keys] if isinstance(keys, str) else list(keys)
    wanted = _wanted(run, asked, is_system=stream in ("system", "events"))
    table: dict[int, dict[str, Any]] = {}
    for at in range(0, len(wanted), METRICS_AT_ONCE):
        some = tuple(wanted[at : at + METRICS_AT_ONCE])
        query = SeriesQuery(experiments=(run.id,), metrics=some, from_x=from_step, to_x=to_step)
        for (_, metric), series in run._api.source.series(query).items():
            columns = (series.steps.tolist(), series.times_s.tolist(), series.values.tolist())
            for step, time_s, value in zip(*columns, strict=True):
                row = table.setdefault(step, {"_step": step, "_timestamp": time_s, "_runtime": 0.0})
                row[metric] = value
                row["_timestamp"] = max(row["_timestamp"], time_s)
    rows = [table[step] for step in sorted(table)]
    for row in rows:
        row["_runtime"] = max(0.0, row["_timestamp"] - run.created_s)
    return rows if asked is None else [row for row in rows if all(key in row for key in wanted)]


def _wanted(run: LoggedRun, asked: Sequence[str] | None, *, is_system: bool) -> list[str]:
    names = run.metrics
    if asked is None:
        return [name for name in names if name.startswith("system/") == is_system]
    wanted = [key for key in dict.fromkeys(asked) if key not in OWN]
    if missing := [key for key in wanted if key not in names]:
        there = ", ".join(repr(name) for name in names[:8]) or "none"
        raise MetricNotFound(f"run {run.id} has no metric {missing[0]!r:.160}. It has {there}")
    return wanted


def sampled(rows: list[dict[str, Any]], samples: int | None, x_axis: str) -> list[dict[str, Any]]:
    """At most so many rows (2 at least), evenly chosen, in the order of a column that all of them have."""
    if x_axis not in OWN:
        rows = [row for row in rows if x_axis in row]
    rows = sorted(rows, key=lambda row: row[x_axis])
    if samples is None or len(rows) <= max(2, samples):
        return rows
    last, most = len(rows) - 1, max(2, samples)
    return [rows[round(at * last / (most - 1))] for at in range(most)]
