"""A series in a few numbers: computed from arrays, joined, and kept in the table `series`.

While steps of a series only grow, a new part is joined in constant time. A step that repeats or goes back may replace
the very value that was the lowest, so then the row is marked stale and computed anew when it is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trackio_client.store.columns import Floats, Ints
from trackio_client.store.contract import MetricSummary


@dataclass(frozen=True, slots=True)
class Part:
    """Some points of one series in numbers. Points are in order of steps if `ascending`."""

    n: int
    bad: int
    first_step: int
    last: float
    last_step: int
    last_us: int
    min: float | None
    min_step: int | None
    max: float | None
    max_step: int | None
    mean: float
    """Of the finite values, 0 if there is none; not their sum, which may be too large for a float."""
    ascending: bool


def parts(steps: Ints, times_us: Ints, values: Floats) -> list[Part]:
    """One part for each column of values (n, k); n ≥ 1."""
    ascending = bool((steps[1:] > steps[:-1]).all())
    at = len(steps) - 1 if ascending else int(len(steps) - 1 - np.argmax(steps[::-1]))
    first = int(steps[0]) if ascending else int(steps.min())
    last_step, last_us, n = int(steps[at]), int(times_us[at]), len(steps)
    if n == 1:  # the slow-logging case: one frame a batch, no numpy over tiny arrays
        return [_single(value, last_step, last_us) for value in values[0].tolist()]
    good = np.isfinite(values)
    all_good = bool(good.all())
    low = values if all_good else np.where(good, values, np.inf)
    high = values if all_good else np.where(good, values, -np.inf)
    at_low, at_high = low.argmin(axis=0), high.argmax(axis=0)
    columns = np.arange(values.shape[1])
    counts = np.full(len(columns), n) if all_good else good.sum(axis=0)
    means = _means(values if all_good else np.where(good, values, 0.0), counts)
    lows, highs = low[at_low, columns].tolist(), high[at_high, columns].tolist()
    low_steps, high_steps = steps[at_low].tolist(), steps[at_high].tolist()
    lasts = values[at].tolist()
    return [
        Part(
            n,
            n - c,
            first,
            last,
            last_step,
            last_us,
            lo if c else None,
            ls if c else None,
            hi if c else None,
            hs if c else None,
            mean,
            ascending,
        )
        for c, last, lo, ls, hi, hs, mean in zip(
            counts.tolist(), lasts, lows, low_steps, highs, high_steps, means, strict=True
        )
    ]


def _means(values: Floats, counts: Ints) -> list[float]:
    some = np.maximum(counts, 1)
    with np.errstate(over="ignore", invalid="ignore"):
        means = values.sum(axis=0) / some
        if not np.isfinite(means).all():
            means = (values / some).sum(axis=0)
    found: list[float] = means.tolist()
    return found


def _single(value: float, step: int, us: int) -> Part:
    good = value - value == 0
    number, at = (value, step) if good else (None, None)
    return Part(1, 0 if good else 1, step, value, step, us, number, at, number, at, value if good else 0.0, True)


def join(a: Part, b: Part) -> Part:
    """Two parts of which every step of b is behind those of a."""
    takes_low = a.min is None or (b.min is not None and b.min < a.min)
    takes_high = a.max is None or (b.max is not None and b.max > a.max)
    low, high = (b if takes_low else a), (b if takes_high else a)
    return Part(
        a.n + b.n, a.bad + b.bad, a.first_step, b.last, b.last_step, b.last_us, low.min, low.min_step,
        high.max, high.max_step,
        _joined_mean(a, b), a.ascending and b.ascending,
    )  # fmt: skip


def _joined_mean(a: Part, b: Part) -> float:
    n, m = a.n - a.bad, b.n - b.bad
    return a.mean * (n / (n + m)) + b.mean * (m / (n + m)) if n + m else 0.0


def together(a: Part, b: Part) -> tuple[Part, bool]:
    """Two parts as one, and whether it is exact: not when steps repeat or go back, then only the points tell."""
    ordered = a.ascending and b.ascending and b.first_step > a.last_step
    return (join(a, b) if ordered else behind(a, b)), ordered


COLUMNS = "points, bad, last, last_step, last_us, first_step, min, min_step, max, max_step, mean, stale, last_bits"


PLAIN = (
    "metric, points, bad, last, last_step, last_us / 1e6, first_step, min, min_step, max, max_step, mean, "
    "stale OR last_bits IS NOT NULL OR min IS NULL"
)
"""The fields of MetricSummary as they are read from most rows, and whether this row needs `part_of` instead."""


def row_of(part: Part, *, stale: bool) -> tuple[object, ...]:
    """The values of COLUMNS. SQLite makes NaN NULL and −0 0: then `last_bits` says what `last` was."""
    bits = None if part.last - part.last == 0 != part.last else int(np.float64(part.last).view(np.int64))
    return (
        part.n, part.bad, part.last, part.last_step, part.last_us, part.first_step, part.min, part.min_step, part.max,
        part.max_step, part.mean, int(stale), bits,
    )  # fmt: skip


def part_of(row: Sequence[Any]) -> tuple[Part, bool]:
    """The part and whether it is stale, from a row of COLUMNS."""
    n, bad, last, last_step, last_us, first, low, low_step, high, high_step, mean, stale, bits = row
    value = last if bits is None else np.int64(bits).view(np.float64).item()
    part = Part(n, bad, first, value, last_step, last_us, low, low_step, high, high_step, mean, True)
    return part, bool(stale)


def plain_row(row: Sequence[Any]) -> list[Any]:
    """A metric and its COLUMNS as JSON takes them: what is no finite number is None, `last` is in its bits then."""
    return [None if isinstance(each, float) and not math.isfinite(each) else each for each in row]


def behind(a: Part, b: Part) -> Part:
    """Counts joined, and of the rest what can be said when b's steps are not all behind a's: the row is stale then."""
    later = b if b.last_step >= a.last_step else a
    joined = join(a, b)
    return replace(
        joined,
        first_step=min(a.first_step, b.first_step),
        last=later.last,
        last_step=later.last_step,
        last_us=later.last_us,
        ascending=False,
    )


def summary(metric: str, part: Part) -> MetricSummary:
    """For readers. `points` and `bad` count all values ever logged, the others are of the series as it is shown."""
    nan = float("nan")
    return MetricSummary(
        metric=metric,
        points=part.n,
        bad=part.bad,
        last=part.last,
        last_step=part.last_step,
        last_time_s=part.last_us / 1e6,
        first_step=part.first_step,
        min=nan if part.min is None else part.min,
        min_step=part.first_step if part.min_step is None else part.min_step,
        max=nan if part.max is None else part.max,
        max_step=part.first_step if part.max_step is None else part.max_step,
        mean=nan if part.min is None else part.mean,
    )
