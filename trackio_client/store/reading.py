"""What one question about series reads: the least that answers it, inside one read transaction.

Chunks whose steps no other part shares stand as they are: their header will do when all of a chunk falls into one
bucket, its overview when buckets are wider than the overview's rows, else it is decoded. Chunks that share steps with
others or with the tail, and the tail itself, are decoded and resolved together.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt

from trackio_client.errors import ExperimentNotFound
from trackio_client.store import cells
from trackio_client.store.cells import Axis, Cells, Drawn
from trackio_client.store.chunks import CHUNK_POINTS, GROUP, OUTLINE_GROUP
from trackio_client.store.columns import Floats, Ints
from trackio_client.store.gathering import Gathered
from trackio_client.store.parts import Parts, Points, SeriesRow, Tail, concatenated, resolved
from trackio_client.store.placed import Placed
from trackio_client.store.schema import KEPT
from trackio_client.store.sketches import LEVELS, Sketched, many_of_sketches
from trackio_client.store.wholes import (
    are_of_one_bucket,
    many_of_points,
    many_whole_buckets,
    range_of,
    wanted_of,
    whole_buckets,
)

_SERIES = (
    "SELECT s.id, s.experiment, e.experiment_id, s.metric, e.merges, s.position, "
    "s.first_step, s.last_step, s.points, s.bad, iif(s.stale OR s.last_bits IS NOT NULL, NULL, s.last) "
    "FROM series s JOIN experiment e ON e.id = s.experiment "
)
_KEPT_ROW = f"SELECT id FROM experiment WHERE experiment_id = ? AND {KEPT}"
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1
_FEW = 512
"""Points a bucket on a time axis from which on overviews are used: a row may reach over its edge by 1/16."""


@dataclass(frozen=True, slots=True)
class Scale:
    """An x axis that steps or times make up: x = (steps or µs − origin) × unit."""

    times: bool
    origin_us: int = 0

    def x(self, steps: Ints, times_us: Ints) -> Floats:
        if self.times:
            return (times_us - self.origin_us) / 1e6
        return steps.astype(np.float64)

    def raw(self, x: float | None, otherwise: int) -> float:
        """The step or µs at x."""
        if x is None:
            return otherwise
        return x * 1e6 + self.origin_us if self.times else x


@dataclass(slots=True)
class Reading:
    """Reads through one transaction of one connection; belongs to one thread."""

    sql: sqlite3.Connection
    parts: Parts
    position: int
    """Of the store, as this transaction sees it."""
    tails: dict[int, tuple[Tail, dict[int, int]]] = field(default_factory=dict)

    def rows(self, experiments: Sequence[str], metrics: Sequence[str]) -> list[SeriesRow]:
        """The series that have points, in the order of the question.

        Raises:
            ExperimentNotFound: one of the experiments is not held.
        """
        found = []
        for experiment_id in experiments:
            row = self.sql.execute(_KEPT_ROW, (experiment_id,)).fetchone()
            if row is None:
                raise ExperimentNotFound(f"there is no experiment {experiment_id!r} here")
            by_metric = {}
            for start in range(0, len(metrics), 500):
                some = metrics[start : start + 500]
                query = _SERIES + f"WHERE s.experiment = ? AND s.metric IN ({', '.join('?' * len(some))})"
                by_metric.update({r[3]: SeriesRow(*r) for r in self.sql.execute(query, (row[0], *some))})
            found += [by_metric[metric] for metric in metrics if metric in by_metric]
        return found

    def began_us(self, series: SeriesRow) -> int:
        """When the experiment of a series began, µs since 1970 by the writer's clock."""
        row = self.sql.execute("SELECT created_us FROM experiment WHERE id = ?", (series.experiment,)).fetchone()
        return int(row[0])

    # --- points ----------------------------------------------------------------------------------------------------

    def tail(self, series: SeriesRow) -> Points:
        """The points of a series that are in the tail, in order of arrival."""
        known = self.tails.get(series.experiment)
        if known is None:
            known = (
                self.parts.tail(self.sql, series.experiment, series.merges),
                self.parts.ranks(self.sql, series.experiment),
            )
            self.tails[series.experiment] = known
        return self.parts.tail_points(known[0], series.metric, known[1], self.position)

    def decoded(
        self, series: SeriesRow, heads: npt.NDArray[np.void], *, times: bool = True, order: bool = True
    ) -> list[Points]:
        """The points of some chunks, each in order of arrival."""
        if len(heads) == 0:
            return []
        ranks = self.parts.ranks(self.sql, series.experiment)
        return [
            self.parts.chunk(self.sql, series, head, ranks.get(int(head["writer"]), 0), times=times, order=order)
            for head in heads
        ]

    def everything(self, series: SeriesRow) -> Points:
        """All points of a series in order of arrival."""
        heads = self.parts.chunks(self.sql, series).heads
        return concatenated([*self.decoded(series, heads), self.tail(series)])

    def between(self, series: SeriesRow, first: int, last: int) -> Points:
        """The points with steps from first to last, resolved."""
        heads = self.parts.chunks(self.sql, series).heads
        heads = heads[(heads["step1"] >= first) & (heads["step0"] <= last)]
        points = concatenated([*self.decoded(series, heads), self.tail(series)])
        return resolved(points.take((points.steps >= first) & (points.steps <= last)))

    def since(self, series: SeriesRow, position: int) -> Points:
        """The points that came after a position, in order of arrival."""
        heads = self.parts.chunks(self.sql, series).heads
        points = concatenated([*self.decoded(series, heads[heads["position"] > position]), self.tail(series)])
        return points.take(points.positions > position)

    # --- cells -----------------------------------------------------------------------------------------------------

    def range(self, series: SeriesRow, scale: Scale) -> tuple[float, float]:
        """The lowest and highest x of all points, also of those that a repeated step hides."""
        if not scale.times:
            return float(series.first_step), float(series.last_step)
        heads, tail = self.parts.chunks(self.sql, series).heads, self.tail(series)
        ends = np.concatenate([heads["us0"], heads["us1"], tail.times_us])
        x = scale.x(ends, ends)
        return (float(x.min()), float(x.max())) if len(x) else (np.inf, -np.inf)

    def cells(
        self, series: SeriesRow, scale: Scale, width: float, low: float | None, high: float | None
    ) -> tuple[Cells, Axis]:
        """What is to be drawn between two x, along the axis."""
        first, last = scale.raw(low, _LOWEST), scale.raw(high, _HIGHEST)
        held = self.parts.chunks(self.sql, series)
        heads, tail = held.heads, self.tail(series)
        begin, end = ("us0", "us1") if scale.times else ("step0", "step1")
        wanted = (heads[end] >= first) & (heads[begin] <= last)
        shared = ~held.clean
        in_order = held.timely if scale.times else held.clean
        if len(tail):
            shared |= (heads["step1"] >= tail.steps.min()) & (heads["step0"] <= tail.steps.max())
            if scale.times:
                in_order = in_order & (heads["us1"] <= tail.times_us.min())
        whole = wanted & in_order & ~shared & (heads[begin] >= first) & (heads[end] <= last)
        by_header = whole & _same_bucket(heads, scale, width)
        by_rows = whole & ~by_header & _wide_enough(heads, scale, width)
        plain = self.decoded(series, heads[wanted & ~shared & ~by_header & ~by_rows], times=scale.times, order=False)
        # Of a repeated step one point stands, wherever in time the others lie.
        mixed = self.decoded(series, heads[shared if scale.times else shared & wanted])
        found = [_cut([*plain, resolved(concatenated([*mixed, tail]))], scale, first, last)]
        if by_header.any():
            found.append(cells.of_headers(heads[by_header]))
        if by_rows.any():
            found.append(cells.of_overviews(self.parts.overviews(self.sql, series, heads["no"][by_rows])))
        every = cells.ordered(found)
        axis = _axis(every, scale)
        if scale.times and (axis.first[1:] < axis.first[:-1]).any():
            every = every.take(np.argsort(axis.first, kind="stable"))
            axis = _axis(every, scale)
        return every, axis

    def thinned(self, series: SeriesRow, first: int, last: int, max_points: int) -> tuple[Ints, Floats, Ints]:
        """Steps, values, times (µs) of about `max_points` real points with steps from first to last, resolved."""
        held = self.parts.chunks(self.sql, series)
        heads, tail = held.heads, self.tail(series)
        inside = held.clean & (heads["step0"] >= first) & (heads["step1"] <= last)
        if len(tail):
            inside &= (heads["step1"] < tail.steps.min()) | (heads["step0"] > tail.steps.max())
        wanted = (heads["step1"] >= first) & (heads["step0"] <= last)
        each = int(heads["n"][wanted].sum() + len(tail)) // cells.stretches_of(max_points)
        chosen = np.flatnonzero(inside)
        if each < 4 * GROUP or len(chosen) < 3:
            points = self.between(series, first, last)
            points = points.take(cells.thin(points.values, max_points))
            return points.steps, points.values, points.times_us
        edges = np.array([chosen[np.argmin(heads["step0"][chosen])], chosen[np.argmax(heads["step0"][chosen])]])
        inside[edges] = False
        rest = concatenated([*self.decoded(series, heads[wanted & ~inside]), tail])
        rest = resolved(rest.take((rest.steps >= first) & (rest.steps <= last)))
        some = heads[inside]
        if each >= 4 * CHUNK_POINTS:
            many = cells.of_headers(some)
        else:
            outlines = each >= 4 * OUTLINE_GROUP
            many = cells.of_overviews(self.parts.overviews(self.sql, series, some["no"], outlines=outlines))
        parts = [many, cells.of_points(rest.steps, rest.times_us, rest.values)]
        return cells.thin_cells(cells.ordered(parts), max_points)

    # --- drawing ---------------------------------------------------------------------------------------------------

    def drawn(self, series: SeriesRow, scale: Scale, width: float, low: float | None, high: float | None) -> Drawn:
        """The buckets of a series between two x: all that touch this range of steps, whole; of times, what lies in it.

        What was drawn before is kept, and drawn on.
        """
        if width >= 1 and not scale.times:
            low, high = range_of(low, high, width)
        key = _key(series, scale, width, low, high)
        before = self.parts.drawing(key)
        if before is not None and before[0] == series.position:
            return before[1]
        start = None if before is None or before[0] > series.position else self.earliest(series, before[0], scale)
        if before is None or start is None:
            new = self._whole(series, scale, width, low, high)
            if new is None:
                new = cells.draw(*self.cells(series, scale, width, low, high), width)
            if before is not None and before[0] > series.position:
                return new  # another thread is ahead of this transaction
        else:
            keep = before[1].place(start)
            if width > 0:
                start = float(np.floor(start / width)) * width
            begin = start if low is None else max(low, start)
            new = before[1].followed_by(cells.draw(*self.cells(series, scale, width, begin, high), width), keep)
        self.parts.keep_drawing(key, series.position, new)
        return new

    def draw_ahead(
        self, rows: Sequence[SeriesRow], scale: Scale, width: float, low: float | None, high: float | None
    ) -> None:
        """Draw many series together that nobody drew before; what cannot be is left to `drawn`."""
        if scale.times or width < 1 or len(rows) < 2:
            return
        low, high = range_of(low, high, width)
        first, last = (_LOWEST if low is None else int(low)), (_HIGHEST if high is None else int(high))
        first, last = max(first, _LOWEST), min(last, _HIGHEST)

        rests: dict[int, Drawn] = {}

        def keep(some: list[SeriesRow], drawings: list[Drawn | None]) -> None:
            for series, drawn in zip(some, drawings, strict=True):
                if drawn is not None:
                    rest = rests.get(series.id)
                    whole = drawn if rest is None else drawn.followed_by(rest, len(drawn))
                    self.parts.keep_drawing(_key(series, scale, width, low, high), series.position, whole)

        by_sketch = {
            level: Gathered[Sketched](keep, partial(many_of_sketches, level=level, width=width)) for level in LEVELS
        }
        by_rows = Gathered[list[bytes]](keep, lambda parts: many_whole_buckets(parts, width, low, high))
        by_points = Gathered[list[tuple[Ints, Floats]]](keep, lambda parts: many_of_points(parts, width))
        for series in rows:
            if self.parts.drawing(_key(series, scale, width, low, high)) is not None:
                continue
            held, tail, until = self.parts.placed(self.sql, series), self.tail(series), high
            if len(tail):  # drawn point by point, from the bucket on in which it begins
                edge = math.floor(int(tail.steps.min()) / width) * width
                until = math.nextafter(edge, -math.inf) if high is None or edge <= high else high
            wanted = wanted_of(held, width, low, until)
            if wanted is None or are_of_one_bucket(held, wanted, width):
                continue
            level = next((each for each in LEVELS if width >= held.a_point * each), None)
            if level is not None and held.in_order and _is_long(held, first, last):
                sketched = self.parts.sketched(self.sql, series, held, wanted, level, (low, until))
                if sketched is not None:
                    if until is not high:
                        rests[series.id] = cells.draw(*self.cells(series, scale, width, edge, high), width)
                    by_sketch[level].add(series, sketched, sketched.size)
                    continue
            if len(tail):
                continue
            if width >= held.a_point * GROUP:
                outlines = width >= held.a_point * OUTLINE_GROUP
                found = self.parts.overview_bytes(self.sql, series, held.nos[wanted], outlines=outlines)
                by_rows.add(series, found, sum(map(len, found)))
            elif held.in_order:
                points = self.parts.windows(self.sql, series, held.nos[wanted], first, last)
                by_points.add(series, points, sum(16 * len(steps) for steps, _ in points))
        for gathered in by_sketch.values():
            gathered.flush()
        by_rows.flush()
        by_points.flush()

    def _whole(
        self, series: SeriesRow, scale: Scale, width: float, low: float | None, high: float | None
    ) -> Drawn | None:
        """The quick way, where buckets are made of whole parts, and point by point from where the tail begins.

        None where that would not be right.
        """
        held = self.parts.chunks(self.sql, series)
        if scale.times or len(held.heads) == 0 or width < held.a_point * GROUP:
            return None
        outlines = width >= held.a_point * OUTLINE_GROUP
        tail, end, rest = self.tail(series), high, None
        if len(tail):
            edge = math.floor(int(tail.steps.min()) / width) * width
            if (low is not None and edge <= low) or edge <= int(held.heads["step0"].min()):
                return None
            if high is None or edge <= high:
                end = math.nextafter(edge, -math.inf)
                rest = cells.draw(*self.cells(series, scale, width, edge, high), width)
        whole = whole_buckets(
            held, lambda nos: self.parts.overviews(self.sql, series, nos, outlines=outlines), width, low, end
        )
        return whole if whole is None or rest is None else whole.followed_by(rest, len(whole))

    def earliest(self, series: SeriesRow, position: int, scale: Scale) -> float | None:
        """The lowest x of what points that came after a position changed; None if there are none."""
        new = self.since(series, position)
        if len(new) == 0:
            return None
        first = int(new.steps.min())
        if not scale.times:
            return float(first)
        # A later value of a step hides the earlier one, which stood where its time was.
        heads = self.parts.chunks(self.sql, series).heads
        tail = self.tail(series)
        touched = concatenated([*self.decoded(series, heads[heads["step1"] >= first]), tail])
        times = touched.times_us[touched.steps >= first]
        return float(scale.x(times, times).min())


def _is_long(held: Placed, first: float, last: float) -> bool:
    """Whether a range shows half a chunk or the whole series: sketches may be too coarse for less."""
    begin, end = int(held.begin[0]), int(held.end.max())
    shown = min(last, end) - max(first, begin)
    return shown >= min(end - begin, held.a_point * CHUNK_POINTS / 2)


def _cut(parts: list[Points], scale: Scale, first: float, last: float) -> Cells:
    """The points between two steps or times."""
    if len(parts) == 1:
        steps, times, values = parts[0].steps, parts[0].times_us, parts[0].values
    else:
        steps = np.concatenate([part.steps for part in parts])
        times = np.concatenate([part.times_us for part in parts]) if scale.times else steps
        values = np.concatenate([part.values for part in parts])
    x = times if scale.times else steps
    inside = (x >= first) & (x <= last)
    if not inside.all():
        steps, times, values = steps[inside], times[inside], values[inside]
    return cells.of_points(steps, times, values)


def _same_bucket(heads: npt.NDArray[np.void], scale: Scale, width: float) -> npt.NDArray[np.bool_]:
    if width <= 0:
        return np.zeros(len(heads), dtype=bool)
    begin, end = scale.x(heads["step0"], heads["us0"]), scale.x(heads["step1"], heads["us1"])
    same: npt.NDArray[np.bool_] = np.floor_divide(begin, width) == np.floor_divide(end, width)
    return same


def _wide_enough(heads: npt.NDArray[np.void], scale: Scale, width: float) -> npt.NDArray[np.bool_]:
    """Whether buckets are at least as wide as rows of the chunks' overviews."""
    begin, end = scale.x(heads["step0"], heads["us0"]), scale.x(heads["step1"], heads["us1"])
    a_point = (end - begin) / np.maximum(1, heads["n"] - 1)
    wide: npt.NDArray[np.bool_] = width >= a_point * (_FEW if scale.times else GROUP)
    return wide


def _axis(whole: Cells, scale: Scale) -> Axis:
    first = scale.x(whole.step, whole.us)
    if whole.last_step is whole.step:  # points
        return Axis(first, first, first, first)
    return Axis(
        first,
        scale.x(whole.last_step, whole.last_us),
        scale.x(whole.low_step, whole.low_us),
        scale.x(whole.high_step, whole.high_us),
    )


def _key(series: SeriesRow, scale: Scale, width: float, low: float | None, high: float | None) -> Hashable:
    """Of a drawing. Of plain values, for it is hashed several times for each of hundreds of series."""
    return (series.id, scale.times, scale.origin_us, width, low, high)
