"""Series in cells: what a chart or a thinned list needs of some consecutive points, be they 1, 64 or 4,096.

A point, a row of a chunk's overview and a chunk's header all say the same things, so drawing does not care which of
them it is given. Cells never share points, and are ordered by step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trackio_client.store.columns import Floats, Ints
from trackio_client.store.contract import Buckets

_SINGLE_LOSS = 2.0**-24
"""Largest relative error of rounding to float32."""
TIME_UNIT_S = 2.0**-20
"""Widths on time axes are powers of two of this, about a microsecond."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Arrays are (n,). `low` and `high` are NaN in a cell without a finite value; steps and times tell where."""

    step: Ints
    us: Ints
    last_step: Ints
    last_us: Ints
    low: Floats
    low_step: Ints
    low_us: Ints
    high: Floats
    high_step: Ints
    high_us: Ints
    sum: Floats
    n: Ints
    nan: Ints
    posinf: Ints
    neginf: Ints

    def __len__(self) -> int:
        return len(self.step)

    def take(self, index: Any) -> Cells:
        return Cells(*(getattr(self, name)[index] for name in self.__slots__))


_OVERVIEW_NAMES = (
    "step", "us", "last_step", "last_us", "min", "min_step", "min_us", "max", "max_step", "max_us", "sum",
    "n", "nan", "posinf", "neginf",
)  # fmt: skip
_HEADER_NAMES = ("step0", "us0", "step1", "us1", *_OVERVIEW_NAMES[4:])


def of_points(steps: Ints, times_us: Ints, values: Floats) -> Cells:
    """A cell for each point."""
    n, zeros = np.ones(len(steps), dtype=np.int64), np.zeros(len(steps), dtype=np.int64)
    good = np.isfinite(values)
    if good.all():
        finite, total, nan, posinf, neginf = values, values, zeros, zeros, zeros
    else:
        finite, total = np.where(good, values, np.nan), np.where(good, values, 0.0)
        nan, posinf, neginf = (each(values).astype(np.int64) for each in (np.isnan, np.isposinf, np.isneginf))
    return Cells(
        steps,
        times_us,
        steps,
        times_us,
        finite,
        steps,
        times_us,
        finite,
        steps,
        times_us,
        total,
        n,
        nan,
        posinf,
        neginf,
    )


def of_overviews(rows: npt.NDArray[np.void]) -> Cells:
    """A cell for each row of chunks.OVERVIEW."""
    return Cells(*(_wide(rows[name]) for name in _OVERVIEW_NAMES))


def of_headers(rows: npt.NDArray[np.void]) -> Cells:
    """A cell for each row of parts.HEADERS."""
    return Cells(*(rows[name] for name in _HEADER_NAMES))


def _wide(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return column.astype(np.int64) if column.dtype.kind == "u" else column


def ordered(parts: Sequence[Cells]) -> Cells:
    """All cells of several parts, at least one of them, by step."""
    some = [part for part in parts if len(part)] or list(parts[:1])
    whole = some[0]
    if len(some) > 1:
        whole = Cells(*(np.concatenate([getattr(part, name) for part in some]) for name in Cells.__slots__))
    if (whole.step[1:] < whole.step[:-1]).any():
        whole = whole.take(np.argsort(whole.step, kind="stable"))
    return whole


# --- buckets ---------------------------------------------------------------------------------------------------------


def width_for(low: float, high: float, max_points: int | None, *, whole: bool) -> float:
    """The width of a bucket: a power of two, so that about `max_points` cover low … high. 0: each point alone."""
    if max_points is None:
        return 0.0
    most = max(4, max_points)
    span = high - low + (1 if whole else 0)
    if span <= 0 or not math.isfinite(span):
        return 1.0 if whole else TIME_UNIT_S
    width = 2.0 ** math.ceil(math.log2(span / most))
    return max(1.0, width) if whole else max(TIME_UNIT_S, width)


@dataclass(frozen=True, slots=True)
class Axis:
    """Where cells lie on the x axis: each (n,), for the first and last point, the lowest and the highest."""

    first: Floats
    last: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Drawn:
    """Buckets before they are cut for an asker. Arrays are (n,), ascending x."""

    width: float
    index: Ints
    """Of each bucket, in widths from 0; of a single point (width 0) its place."""
    x: Floats
    min: Floats
    max: Floats
    mean: Floats
    nan: Ints
    posinf: Ints
    neginf: Ints
    """How many values of each kind are no numbers. Where none is, these may be one and the same array of zeros."""
    points: Ints

    def __len__(self) -> int:
        return len(self.x)

    def place(self, x: float) -> int:
        """How many buckets lie before the one that x falls into."""
        if self.width > 0 and math.isfinite(x):
            return int(np.searchsorted(self.index, math.floor(x / self.width)))
        return int(np.searchsorted(self.x, x))

    def buckets(self, keep: int = 0) -> Buckets:
        """For an asker that has the first `keep` buckets already."""
        rest = self if keep == 0 else self.part(keep, len(self))
        return Buckets(
            width=self.width,
            keep=keep,
            x=rest.x,
            min=rest.min,
            max=rest.max,
            mean=rest.mean,
            nan=rest.nan,
            posinf=rest.posinf,
            neginf=rest.neginf,
            points=int(self.points.sum()),
        )

    def part(self, first: int, last: int) -> Drawn:
        """The buckets from the one place to before the other."""
        at = slice(first, last)
        nan = self.nan[at]
        others = (nan, nan) if self.nan is self.posinf is self.neginf else (self.posinf[at], self.neginf[at])
        return Drawn(
            self.width, self.index[at], self.x[at], self.min[at], self.max[at], self.mean[at], nan, *others,
            self.points[at],
        )  # fmt: skip

    def followed_by(self, other: Drawn, keep: int) -> Drawn:
        """The first `keep` buckets of this and all of the other."""
        names = self.__slots__[1:]
        both = (np.concatenate([getattr(self, name)[:keep], getattr(other, name)]) for name in names)
        return Drawn(self.width, *both)


def draw(cells: Cells, axis: Axis, width: float) -> Drawn:
    """Buckets of cells that are sorted along the axis.

    A cell that reaches over the edge of buckets puts its lowest and highest value exactly where they were, its sum
    and counts into the bucket where it begins.
    """
    if width <= 0:
        return drawn_of_whole(cells, axis.last, np.arange(len(cells)), np.arange(len(cells)), width)
    if len(cells) == 0:
        return drawn_of_whole(cells, axis.last, *(np.empty(0, dtype=np.int64),) * 2, width)
    first = _bucket(axis.first, width)
    last = first if axis.first is axis.last else _bucket(axis.last, width)
    if last is first or np.array_equal(first, last):
        starts = np.flatnonzero(np.append(True, first[1:] != first[:-1]))
        return drawn_of_whole(cells, axis.last, first[starts], starts, width)
    low, high = _bucket(axis.low, width), _bucket(axis.high, width)
    some = ~np.isnan(cells.low)
    index = np.unique(np.concatenate([first, last, low[some], high[some]]))
    begin, end = np.searchsorted(index, first), np.searchsorted(index, last)
    at_low, at_high = np.searchsorted(index, low[some]), np.searchsorted(index, high[some])
    x, bottom, top = np.full(len(index), -np.inf), np.full(len(index), np.inf), np.full(len(index), -np.inf)
    for where, at in ((begin, axis.first), (end, axis.last), (at_low, axis.low[some]), (at_high, axis.high[some])):
        np.maximum.at(x, where, at)
    np.minimum.at(bottom, at_low, cells.low[some])
    np.minimum.at(bottom, at_high, cells.high[some])
    np.maximum.at(top, at_high, cells.high[some])
    np.maximum.at(top, at_low, cells.low[some])
    sums = [_added(getattr(cells, name), begin, len(index)) for name in ("sum", "n", "nan", "posinf", "neginf")]
    total, n, nan, posinf, neginf = sums
    count = (n - nan - posinf - neginf).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = total / count
    hidden = count == 0  # all of its points were counted where their cell begins
    empty = ~np.isfinite(bottom)
    mean = np.where(hidden, (bottom + top) / 2, np.clip(mean, bottom, top))
    bottom, top, mean = (np.where(empty, np.nan, each) for each in (bottom, top, mean))
    whole = [each.astype(np.int64) for each in (nan, posinf, neginf, n)]
    return Drawn(width, index, x, bottom, top, mean, *whole)


def _bucket(x: Floats, width: float) -> Ints:
    # Exact, for the width is a power of two, and ten times as fast as np.floor_divide.
    # 2**63 - 1, the highest step, is 2**63 as a float: one more than a bucket's number may be.
    return np.clip(np.floor(x * (1 / width)), -_MOST, _MOST).astype(np.int64)


_MOST = float(2**63 - 1024)


def _added(column: npt.NDArray[Any], at: Ints, n: int) -> Floats:
    return np.bincount(at, weights=column, minlength=n).astype(np.float64)


def drawn_of_whole(cells: Cells, last: Floats, index: Ints, starts: Ints, width: float) -> Drawn:
    """Buckets made of whole cells, of which each `starts` begins one."""
    n = len(cells)
    if len(starts) == n:  # each cell alone
        count = cells.n - cells.nan - cells.posinf - cells.neginf
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = cells.sum / count
        return Drawn(
            width, index, last, cells.low, cells.high, mean, cells.nan, cells.posinf, cells.neginf, cells.n
        )  # fmt: skip
    ends = np.append(starts[1:], n) - 1
    points = np.add.reduceat(cells.n, starts)
    good = ~np.isnan(cells.low)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        total = np.add.reduceat(cells.sum, starts)
        if good.all() and not cells.nan.any() and not cells.posinf.any() and not cells.neginf.any():
            zeros = np.zeros(len(starts), dtype=np.int64)
            low, high = np.minimum.reduceat(cells.low, starts), np.maximum.reduceat(cells.high, starts)
            return Drawn(width, index, last[ends], low, high, total / points, zeros, zeros, zeros, points)
        low = np.minimum.reduceat(np.where(good, cells.low, np.inf), starts)
        high = np.maximum.reduceat(np.where(good, cells.high, -np.inf), starts)
        nan, posinf, neginf = (np.add.reduceat(each, starts) for each in (cells.nan, cells.posinf, cells.neginf))
        count = points - nan - posinf - neginf
        mean = total / count
    low[count == 0] = high[count == 0] = mean[count == 0] = np.nan
    return Drawn(width, index, last[ends], low, high, mean, nan, posinf, neginf, points)


# --- precision -------------------------------------------------------------------------------------------------------


def needs_double(low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]) -> bool:
    """Whether float32 would lose 4 significant figures of the range that these buckets span.

    A single flat value has no range to lose; an update that follows is judged by its own, smaller one, which errs on
    the safe side only.
    """
    if len(low) == 0:
        return False
    bottom, top = float(low.min()), float(high.max())
    if not (math.isfinite(bottom) and math.isfinite(top)):
        finite = np.isfinite(low)
        if not finite.any():
            return False
        bottom, top = float(low[finite].min()), float(high[finite].max())
    size = max(abs(bottom), abs(top))
    if size == 0:
        return False
    if size > 3e38 or size < 1e-30:
        return True
    return size * _SINGLE_LOSS > (top - bottom) * 5e-5


# --- real points -----------------------------------------------------------------------------------------------------


def stretches_of(max_points: int) -> int:
    """Into how many stretches a series is cut so that first, last and two points of each are at most `max_points`."""
    return max(1, (max(4, max_points) - 2) // 2)


def thin(values: Floats, max_points: int | None) -> Ints:
    """Which of n points to keep: first, last, and of each of equal stretches the lowest and highest. Ascending."""
    n = len(values)
    if max_points is None or n <= max(4, max_points):
        return np.arange(n)
    good = np.isfinite(values)
    return np.unique(
        np.concatenate([np.array([0, n - 1]), *_extremes(values, values, good, np.arange(n), n, max_points)])
    )


def thin_cells(cells: Cells, max_points: int) -> tuple[Ints, Floats, Ints]:
    """Steps, values and times (µs) of what `thin` keeps, from cells of which the first and last are single points."""
    begin = np.cumsum(cells.n) - cells.n
    total = int(cells.n.sum())
    good = ~np.isnan(cells.low)
    low, high = _extremes(cells.low, cells.high, good, begin, total, max_points)
    edges = np.array([0, len(cells) - 1])
    value = np.where(cells.nan[edges] > 0, np.nan, np.where(cells.posinf[edges] > 0, np.inf, cells.low[edges]))
    value = np.where(cells.neginf[edges] > 0, -np.inf, value)
    steps = np.concatenate([cells.step[edges], cells.low_step[low], cells.high_step[high]])
    values = np.concatenate([value, cells.low[low], cells.high[high]])
    times = np.concatenate([cells.us[edges], cells.low_us[low], cells.high_us[high]])
    _, once = np.unique(steps, return_index=True)
    return steps[once], values[once], times[once]


def _extremes(
    low: Floats, high: Floats, good: npt.NDArray[np.bool_], begin: Ints, total: int, max_points: int
) -> tuple[Ints, Ints]:
    """Index of the lowest and of the highest in each stretch that has a finite value."""
    stretches = stretches_of(max_points)
    of = begin * stretches // total
    starts = np.flatnonzero(np.append(True, of[1:] != of[:-1]))
    within = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(of))))
    kept = []
    for values, extreme, fill in ((low, np.minimum, np.inf), (high, np.maximum, -np.inf)):
        filled = np.where(good, values, fill)
        hits = np.flatnonzero((filled == extreme.reduceat(filled, starts)[within]) & good)
        _, first = np.unique(within[hits], return_index=True)
        kept.append(hits[first])
    return kept[0], kept[1]
