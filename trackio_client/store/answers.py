"""Questions about series (wire/asks.py) answered from one reading of the store, and the cursors between answers."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from trackio_client.errors import MetricNotFound
from trackio_client.store import cells
from trackio_client.store.columns import Floats
from trackio_client.store.contract import Buckets, BucketsAnswer, Series
from trackio_client.store.contract import Points as EveryPoint
from trackio_client.store.parts import Points, SeriesRow, resolved
from trackio_client.store.reading import Reading, Scale
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.ranks import base_of


@dataclass(frozen=True, slots=True)
class Cursor:
    """Until where an asker has seen the answer to one question."""

    incarnation: str
    position: int
    ask: int
    """Of the question, so that another question's cursor is known."""
    widths: dict[str, float] = field(default_factory=dict)
    """Of the buckets per metric: when they change all of an answer does."""
    origins_us: int = 0
    """Of relative times: likewise."""

    def text(self) -> str:
        plain = json.dumps([self.incarnation, self.position, self.ask, self.widths, self.origins_us])
        return base64.urlsafe_b64encode(plain.encode()).decode()


def cursor_of(query: SeriesQuery, incarnation: str) -> Cursor | None:
    """The query's cursor; None if it has none, or one of another question or another store: then all is new."""
    cursor = _read(query.cursor or "")
    ours = cursor is not None and cursor.incarnation == incarnation and cursor.ask == _ask(query)
    return cursor if ours else None


def position_of(cursor: str) -> tuple[int, Hashable] | None:
    """The position in a cursor's text, and what else it says; None for what is no cursor."""
    read = _read(cursor)
    return None if read is None else (read.position, replace(read, position=0).text())


def _read(text: str) -> Cursor | None:
    try:
        cursor = Cursor(*json.loads(base64.urlsafe_b64decode(text)))
    except (ValueError, TypeError):
        return None
    return cursor if isinstance(cursor.position, int) and isinstance(cursor.widths, dict) else None


def _ask(query: SeriesQuery) -> int:
    plain = repr((query.experiments, query.metrics, query.max_points, query.from_x, query.to_x, query.x, query.repeats))
    return zlib.crc32(plain.encode("utf-8", "surrogatepass"))


# --- real points -----------------------------------------------------------------------------------------------------


def series_answer(reading: Reading, query: SeriesQuery, incarnation: str) -> tuple[dict[tuple[str, str], Series], str]:
    """As contract.Store.series."""
    cursor = cursor_of(query, incarnation)
    found: dict[tuple[str, str], Series] = {}
    for row in reading.rows(query.experiments, query.metrics):
        if cursor is not None and row.position <= cursor.position:
            continue
        one = _series(reading, row, query, None if cursor is None else cursor.position)
        if len(one.steps):
            found[row.experiment_id, row.metric] = one
    return found, Cursor(incarnation, reading.position, _ask(query)).text()


def _series(reading: Reading, row: SeriesRow, query: SeriesQuery, since: int | None) -> Series:
    if query.x == "step" and not query.repeats:
        first = -(2**63) if query.from_x is None else int(np.ceil(max(query.from_x, -(2.0**63))))
        last = 2**63 - 1 if query.to_x is None or query.to_x >= 2.0**63 else int(np.floor(query.to_x))
        if since is None and query.max_points is not None:
            steps, values, times_us = reading.thinned(row, first, last, query.max_points)
            return Series(steps, values, times_us / 1e6)
        if since is not None:
            new = reading.since(row, since).steps
            first, last = (max(first, int(new.min())), min(last, int(new.max()))) if len(new) else (0, -1)
        points = reading.between(row, first, last)
    else:
        _, points = _along(reading, row, query)
    if since is not None:
        points = points.take(points.positions > since)
    points = points.take(cells.thin(points.values, query.max_points))
    return Series(points.steps, points.values, points.times_us / 1e6)


def _along(reading: Reading, row: SeriesRow, query: SeriesQuery) -> tuple[Floats, Points]:
    """X and points of a series: resolved unless repeats, in the asked range."""
    points = reading.everything(row)
    if not query.repeats:
        points = resolved(points)
    scale = _scale(reading, row, query)
    if scale is not None:
        x = scale.x(points.steps, points.times_us)
    else:
        others = reading.rows((row.experiment_id,), (query.x,))
        other = resolved(reading.everything(others[0])) if others else points.take(slice(0, 0))
        at = np.searchsorted(other.steps, points.steps)
        known = at < len(other)
        known[known] = other.steps[at[known]] == points.steps[known]
        points = points.take(known)
        x = other.values[at[known]]
        points, x = points.take(np.isfinite(x)), x[np.isfinite(x)]
    inside = np.ones(len(x), dtype=bool)
    if query.from_x is not None:
        inside &= x >= query.from_x
    if query.to_x is not None:
        inside &= x <= query.to_x
    return (x, points) if inside.all() else (x[inside], points.take(inside))


_STEPS, _TIMES = Scale(times=False), Scale(times=True)


def _scale(reading: Reading, row: SeriesRow, query: SeriesQuery) -> Scale | None:
    """None: the x axis is another metric."""
    if query.x == "step":
        return _STEPS
    if query.x == "time":
        return _TIMES
    return Scale(times=True, origin_us=reading.began_us(row)) if query.x == "relative" else None


def every_point(reading: Reading, experiment_id: str, metric: str) -> EveryPoint:
    """As contract.Store.points. Raises ExperimentNotFound, MetricNotFound."""
    rows = reading.rows((experiment_id,), (metric,))
    if not rows:
        raise MetricNotFound(f"experiment {experiment_id} never logged {metric!r}")
    p, experiment = reading.everything(rows[0]), rows[0].experiment
    ranks = reading.parts.ranks(reading.sql, experiment)
    names = dict(reading.sql.execute("SELECT id, writer_id FROM writer WHERE experiment = ?", (experiment,)).fetchall())
    writers = [names[row] for row, _ in sorted(ranks.items(), key=lambda pair: pair[1])]
    return EveryPoint(p.steps, p.values, p.times_us, p.seqs, writers, p.ranks)


# --- buckets ---------------------------------------------------------------------------------------------------------


def buckets_answer(reading: Reading, query: SeriesQuery, incarnation: str) -> BucketsAnswer:
    """As contract.Store.buckets."""
    cursor = cursor_of(query, incarnation)
    rows = reading.rows(query.experiments, query.metrics)
    tables = _Tables(reading, query)
    widths = _widths(rows, tables, query)
    origins = tables.origins_us(rows)
    reset = (
        cursor is None
        or cursor.origins_us != origins
        or any(cursor.widths.get(metric) != width for metric, width in widths.items())
    )
    answer: dict[tuple[str, str], Buckets] = {}
    if reset:
        tables.draw_ahead(rows, widths)
    for row in rows:
        if reset or cursor is None:
            answer[row.experiment_id, row.metric] = tables.buckets(row, widths[base_of(row.metric)])
        elif tables.changed(row) > cursor.position:
            new = tables.earliest(row, cursor.position)
            if new is not None:
                answer[row.experiment_id, row.metric] = tables.buckets(row, widths[base_of(row.metric)], new)
    keys = tuple((row.experiment_id, row.metric) for row in rows)
    new_cursor = Cursor(incarnation, reading.position, _ask(query), widths, origins)
    return BucketsAnswer(keys, answer, reset, new_cursor.text())


class _Tables:
    """How the series of one question are drawn: by the store's parts, or, along another metric, from all points."""

    def __init__(self, reading: Reading, query: SeriesQuery) -> None:
        self._reading = reading
        self._query = query
        self._known: dict[int, tuple[Floats, Points]] = {}

    def range(self, row: SeriesRow) -> tuple[float, float]:
        scale = self._by_parts(row)
        if scale is not None:
            return self._reading.range(row, scale)
        x, _ = self._points(row)
        return (float(x.min()), float(x.max())) if len(x) else (np.inf, -np.inf)

    def buckets(self, row: SeriesRow, width: float, since: float | None = None) -> Buckets:
        """All buckets of a series, or those from the one that `since` falls into."""
        drawn = self._drawn(row, width)
        found = drawn.buckets(0 if since is None else drawn.place(since))
        ends = self._query.to_x is None and self._query.x in ("step", "time", "relative")
        return found if row.last is None or not ends else replace(found, last=row.last)

    def _drawn(self, row: SeriesRow, width: float) -> cells.Drawn:
        scale = self._by_parts(row)
        if scale is not None:
            return self._reading.drawn(row, scale, width, self._query.from_x, self._query.to_x)
        x, points = self._points(row)
        return cells.draw(cells.of_points(points.steps, points.times_us, points.values), cells.Axis(x, x, x, x), width)

    def draw_ahead(self, rows: Sequence[SeriesRow], widths: Mapping[str, float]) -> None:
        """Draw what can be drawn together, so that `buckets` finds it."""
        by: dict[tuple[Scale, float], list[SeriesRow]] = {}
        for row in rows:
            scale = self._by_parts(row)
            if scale is not None:
                by.setdefault((scale, widths[base_of(row.metric)]), []).append(row)
        for (scale, width), some in by.items():
            self._reading.draw_ahead(some, scale, width, self._query.from_x, self._query.to_x)

    def earliest(self, row: SeriesRow, position: int) -> float | None:
        """The lowest x that changed since a position."""
        scale = self._by_parts(row)
        if scale is not None:
            return self._reading.earliest(row, position, scale)
        x, points = self._points(row)
        if not self._query.repeats:
            return -np.inf  # the other metric may have moved or revealed any point
        new = x[points.positions > position]
        return float(new.min()) if len(new) else None

    def changed(self, row: SeriesRow) -> int:
        """The position when what is drawn of a series last changed."""
        if self._query.x in ("step", "time", "relative"):
            return row.position
        others = self._reading.rows((row.experiment_id,), (self._query.x,))
        return max([row.position, *(other.position for other in others)])

    def origins_us(self, rows: Sequence[SeriesRow]) -> int:
        """Changes when an experiment turns out to have begun earlier, which moves all of its relative times."""
        if self._query.x != "relative":
            return 0
        return sum({row.experiment: self._reading.began_us(row) for row in rows}.values())

    def _by_parts(self, row: SeriesRow) -> Scale | None:
        return None if self._query.repeats else _scale(self._reading, row, self._query)

    def _points(self, row: SeriesRow) -> tuple[Floats, Points]:
        known = self._known.get(row.id)
        if known is None:
            x, points = _along(self._reading, row, self._query)
            order = np.argsort(x, kind="stable")
            known = self._known[row.id] = (x[order], points.take(order))
        return known


def _widths(rows: Sequence[SeriesRow], tables: _Tables, query: SeriesQuery) -> dict[str, float]:
    """Per metric, over all experiments and ranks, so that their lines are thinned alike."""
    ranges: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        range_of = tables.range(row) if query.max_points is not None else (0.0, 0.0)
        ranges.setdefault(base_of(row.metric), []).append(range_of)
    found = {}
    for metric, some in ranges.items():
        low, high = min(each[0] for each in some), max(each[1] for each in some)
        low = low if query.from_x is None else max(low, query.from_x)
        high = high if query.to_x is None else min(high, query.to_x)
        found[metric] = cells.width_for(low, high, query.max_points, whole=query.x == "step")
    return found
