"""The rows of a run: a step each, with the metrics that it logged, as W&B's `history` and `scan_history` give them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from trackio_client.errors import MetricNotFound
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.events import TEXT, revive

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
        keys: these metrics and texts, and only rows that have all of them; None is all of the stream. W&B's way to name
            what was logged as a dict ("val.f1" of {"val": {"f1": 0.9}}) is understood, too.
        stream: "system" for hardware's metrics.
        from_step: the first step.
        to_step: the last one.

    Raises:
        MetricNotFound: with the names that exist.
    """
    asked = None if keys is None else [keys] if isinstance(keys, str) else list(keys)
    is_system = stream in ("system", "events")
    numbers = {name: key for key in asked or () if (name := _named(key, run.metrics))}
    unknown = [key for key in asked or () if key not in numbers.values() and key not in OWN]
    table: dict[int, dict[str, Any]] = {}
    if (asked is None and not is_system) or unknown:
        texts = _texts(run, asked, table, from_step=from_step, to_step=to_step)
        if missing := [key for key in unknown if key not in texts]:
            there = ", ".join(repr(name) for name in [*run.metrics, *sorted(texts)][:8]) or "none"
            raise MetricNotFound(f"run {run.id} has no metric {missing[0]!r:.160}. It has {there}")
    if asked is None:
        numbers = {name: name for name in run.metrics if name.startswith("system/") == is_system}
    for at in range(0, len(numbers), METRICS_AT_ONCE):
        some = tuple(numbers)[at : at + METRICS_AT_ONCE]
        query = SeriesQuery(experiments=(run.id,), metrics=some, from_x=from_step, to_x=to_step)
        for (_, metric), series in run._api.source.series(query).items():
            columns = (series.steps.tolist(), series.times_s.tolist(), series.values.tolist())
            for step, time_s, value in zip(*columns, strict=True):
                row = table.setdefault(step, {"_step": step, "_timestamp": time_s, "_runtime": 0.0})
                row[numbers[metric]] = value
                row["_timestamp"] = max(row["_timestamp"], time_s)
    rows = [table[step] for step in sorted(table)]
    for row in rows:
        row["_runtime"] = max(0.0, row["_timestamp"] - run.created_s)
    return rows if asked is None else [row for row in rows if all(key in row for key in asked)]


def _named(key: str, names: Sequence[str]) -> str | None:
    return key if key in names else dotted if (dotted := key.replace(".", "/")) in names else None


def _texts(
    run: LoggedRun,
    asked: Sequence[str] | None,
    table: dict[int, dict[str, Any]],
    *,
    from_step: int | None,
    to_step: int | None,
) -> set[str]:
    """Puts the texts that were asked for into their rows; the names of all there are."""
    names: set[str] = set()
    for event in run._api.source.events(run.id, [TEXT]):
        told = revive(event["content"])
        step, time_s, values = told.get("step"), (told.get("time_us") or 0) / 1e6, told.get("values") or {}
        names |= values.keys()
        wanted = {name: text for name, text in values.items() if asked is None or name in asked}
        is_outside = (from_step is not None and step < from_step) or (to_step is not None and step > to_step)
        if wanted and not is_outside:
            row = table.setdefault(step, {"_step": step, "_timestamp": time_s, "_runtime": 0.0})
            row |= wanted
            row["_timestamp"] = max(row["_timestamp"], time_s)
    return names


def sampled(rows: list[dict[str, Any]], samples: int | None, x_axis: str) -> list[dict[str, Any]]:
    """At most so many rows (2 at least), evenly chosen, in the order of a column that all of them have."""
    if x_axis not in OWN:
        rows = [row for row in rows if x_axis in row]
    rows = sorted(rows, key=lambda row: row[x_axis])
    if samples is None or len(rows) <= max(2, samples):
        return rows
    last, most = len(rows) - 1, max(2, samples)
    return [rows[round(at * last / (most - 1))] for at in range(most)]
