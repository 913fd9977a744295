"""Calls of `log`, put together again: our series hold a call's values apart, at the same step and time.

A metric that several ranks log is one metric, as on our pages: the mean of the ranks at each step, at the time of the
lowest rank, so that it stands in the row of that rank's call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from trackio_client.exchange.trackio_project import trackio_name
from trackio_client.queries import spread
from trackio_client.store.columns import Floats, Ints
from trackio_client.store.contract import ExperimentRecord, Store, StoredEvent
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.events import TEXT

MOST_ROWS: Final = 3000
"""Trackio's own bound."""
_SYSTEM: Final = "system/"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Series(NamedTuple):
    """The points of one metric, arrays of (n,) each."""

    times_us: Ints
    steps: Ints
    values: Floats


Keys = npt.NDArray[np.int64]
"""(n, 2): time in microseconds and step of each call, ascending."""


def moment(time_us: int) -> str:
    """A time as Trackio writes it."""
    try:
        return (_EPOCH + timedelta(microseconds=time_us)).isoformat()
    except OverflowError:
        return _EPOCH.isoformat()


def metric_names(store: Store, record: ExperimentRecord, *, system: bool = False) -> list[str]:
    """The series of an experiment: those that Trackio calls metrics, or system metrics. Names are ours."""
    found = spread.summaries(store, [record.experiment_id]).get(record.experiment_id, [])
    return [each.metric for each in found if each.metric.startswith(_SYSTEM) == system]


def series_of(store: Store, record: ExperimentRecord, names: Sequence[str]) -> dict[str, Series]:
    """Every point of these metrics; of those that several ranks log, one a step.

    Raises:
        MetricNotFound: the experiment never logged one of them.
    """
    own = record.experiment_id
    ranked = spread.members(store, [own])
    several = tuple(name for name in names if (own, name) in ranked)
    means = spread.series(store, SeriesQuery(experiments=(own,), metrics=several))[0] if several else {}
    found = {}
    for name in names:
        if (mean := means.get((own, name))) is not None:
            found[name] = Series(np.round(mean.times_s * 1e6).astype(np.int64), mean.steps, mean.values)
        else:
            every = store.points(own, name)
            found[name] = Series(every.times_us, every.steps, every.values)
    return found


def values_beside(store: Store, record: ExperimentRecord) -> Iterator[tuple[int, int, str, Any]]:
    """(time, step, name, value) of what `log` was given beside numbers: texts."""
    for event in store.events(record.experiment_id, kinds=[TEXT]):
        time_us, step = _place(event)
        values = event.content.get("values")
        for name, value in values.items() if isinstance(values, dict) else ():
            yield time_us, step, str(name), value


def rows(
    store: Store,
    record: ExperimentRecord,
    beside: Sequence[tuple[int, int, str, Any]] = (),
    *,
    system: bool = False,
    most: int | None = MOST_ROWS,
) -> list[dict[str, Any]]:
    """[{name: value, "timestamp", "step"}] in order of time; of more than `most` calls an even choice."""
    points = series_of(store, record, metric_names(store, record, system=system))
    keys = _thinned(_keys(list(points.values()), beside), most)
    found: dict[tuple[int, int], dict[str, Any]] = {(int(time), int(step)): {} for time, step in keys}
    times = np.unique(keys[:, 0])
    for name, series in points.items():
        shown = trackio_name(name) if system else name
        for place in np.flatnonzero(np.isin(series.times_us, times)):
            row = found.get((int(series.times_us[place]), int(series.steps[place])))
            if row is not None:
                row[shown] = float(series.values[place])
    for time_us, step, name, value in beside:
        if (row := found.get((time_us, step))) is not None:
            row[name] = value
    ends = (
        {"timestamp": moment(time)} if system else {"timestamp": moment(time), "step": step} for time, step in found
    )
    return [{**row, **end} for row, end in zip(found.values(), ends, strict=True)]


def count(store: Store, record: ExperimentRecord, beside: Sequence[tuple[int, int, str, Any]]) -> int:
    """Calls of `log`."""
    return len(_keys(list(series_of(store, record, metric_names(store, record)).values()), beside))


def _keys(points: Sequence[Series], beside: Sequence[tuple[int, int, str, Any]]) -> Keys:
    parts: list[Keys] = []
    for series in points:
        key = np.stack([series.times_us, series.steps], axis=1)
        if not any(len(part) == len(key) and np.array_equal(part, key) for part in parts):  # as nearly all are
            parts.append(key)
    if beside:
        parts.append(np.array([(time_us, step) for time_us, step, _, _ in beside], np.int64))
    return np.unique(np.concatenate(parts), axis=0) if parts else np.empty((0, 2), np.int64)


def _thinned(keys: Keys, most: int | None) -> Keys:
    if most is None or len(keys) <= most:
        return keys
    chosen: Keys = keys[np.unique(np.linspace(0, len(keys) - 1, max(most, 2)).round().astype(np.int64))]
    return chosen


def _place(event: StoredEvent) -> tuple[int, int]:
    time_us, step = event.content.get("time_us"), event.content.get("step")
    return (time_us if type(time_us) is int else 0), (step if type(step) is int else 0)
