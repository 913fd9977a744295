"""Points thinned for a page (buckets of x) and for people (real points)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from trackio_client.store.columns import Floats, Ints
from trackio_client.store.contract import Buckets

TIME_UNIT_S = 2.0**-20
"""Widths on time axes are powers of two of this, about a microsecond."""


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
class Drawn:
    """Buckets with the index of each on the axis."""

    index: Ints
    buckets: Buckets


def draw(x: Floats, values: Floats, width: float) -> Drawn:
    """Buckets of points that are sorted by x; arrays are (n,)."""
    n = len(x)
    if width > 0:
        at = np.floor_divide(x, width).astype(np.int64)
        starts = np.flatnonzero(np.append(True, at[1:] != at[:-1])) if n else np.empty(0, dtype=np.int64)
    else:
        at, starts = np.arange(n), np.arange(n)
    if n == 0:
        none, zero = np.empty(0), np.empty(0, dtype=np.int64)
        return Drawn(zero, Buckets(width, 0, none, none, none, none, zero, zero, zero, 0))
    ends = np.append(starts[1:], n) - 1
    good = np.isfinite(values)
    zeros = np.zeros(len(starts), dtype=np.int64)
    if good.all():
        low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = np.add.reduceat(values, starts) / (ends - starts + 1)
        nan = posinf = neginf = zeros
    else:
        low = np.minimum.reduceat(np.where(good, values, np.inf), starts)
        high = np.maximum.reduceat(np.where(good, values, -np.inf), starts)
        count = np.add.reduceat(good.astype(np.int64), starts)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            mean = np.add.reduceat(np.where(good, values, 0.0), starts) / count
        low[count == 0] = high[count == 0] = mean[count == 0] = np.nan
        nan = np.add.reduceat(np.isnan(values).astype(np.int64), starts)
        posinf = np.add.reduceat(np.isposinf(values).astype(np.int64), starts)
        neginf = np.add.reduceat(np.isneginf(values).astype(np.int64), starts)
    return Drawn(at[starts], Buckets(width, 0, x[ends], low, high, mean, nan, posinf, neginf, n))


def thin(values: Floats, max_points: int | None) -> Ints:
    """Which of n points to keep: first, last, and of each of equal stretches the lowest and highest. Ascending."""
    n = len(values)
    if max_points is None or n <= max(4, max_points):
        return np.arange(n)
    stretches = max(1, (max(4, max_points) - 2) // 2)
    starts = np.linspace(0, n, stretches, endpoint=False).astype(np.int64)
    of = np.searchsorted(starts, np.arange(n), side="right") - 1
    good = np.isfinite(values)
    kept = [np.array([0, n - 1])]
    for extreme, fill in ((np.minimum, np.inf), (np.maximum, -np.inf)):
        filled = np.where(good, values, fill)
        hits = np.flatnonzero((filled == extreme.reduceat(filled, starts)[of]) & good)
        _, first = np.unique(of[hits], return_index=True)
        kept.append(hits[first])
    return np.unique(np.concatenate(kept))
