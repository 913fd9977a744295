"""Two groups of numbers, such as seeds: the difference of their means with its interval, and how large it is.

Welch's t (1947): the groups may differ in spread and in size. No stars: the interval, and the word "tie" where it
holds 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from trackio_client.scoring.distributions import t_quantile, t_two_sided

LEVEL: Final = 0.95
FEW: Final = 5
"""Numbers a group below which an interval says little: it is given, with a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One group in numbers."""

    n: int
    mean: float
    sd: float
    """Of the sample (n − 1); NaN of one number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first group's mean minus the second's."""

    first: Group
    second: Group
    value: float
    low: float
    high: float
    """Of the 95 % interval; NaN where a group has fewer than two numbers."""
    df: float
    p: float
    effect: float
    """Hedges' g: the difference in standard deviations, corrected for small groups; NaN without any spread."""
    is_tie: bool | None
    """Whether the interval holds 0; None without an interval."""


def group_of(values: Sequence[float]) -> Group:
    """Raises ValueError: no number."""
    array = np.asarray(values, dtype=np.float64)
    if not len(array):
        raise ValueError("a group of no numbers has no mean")
    scale = float(np.abs(array).max()) or 1.0  # losses of 1e308 have a mean and a spread, too
    small = array / scale
    sd = float(small.std(ddof=1)) * scale if len(array) > 1 else math.nan
    return Group(n=len(array), mean=float(small.mean()) * scale, sd=sd)


def difference_of(first: Sequence[float], second: Sequence[float], *, level: float = LEVEL) -> Difference:
    """Compare two groups of finite numbers. Raises ValueError: one has none."""
    a, b = group_of(first), group_of(second)
    value = a.mean - b.mean
    nothing = Difference(
        first=a, second=b, value=value, low=math.nan, high=math.nan, df=math.nan, p=math.nan, effect=math.nan,
        is_tie=None,
    )  # fmt: skip
    if a.n < 2 or b.n < 2 or not math.isfinite(value):
        return nothing
    scale = max(a.sd, b.sd)
    if scale == 0 or not math.isfinite(scale):  # every seed gave the same number: nothing to reckon a spread from
        return nothing if scale else Difference(
            first=a, second=b, value=value, low=value, high=value, df=math.nan, p=math.nan, effect=math.nan,
            is_tie=value == 0,
        )  # fmt: skip
    va, vb = (a.sd / scale) ** 2 / a.n, (b.sd / scale) ** 2 / b.n
    df = (va + vb) ** 2 / (va**2 / (a.n - 1) + vb**2 / (b.n - 1))
    error = math.sqrt(va + vb) * scale
    reach = t_quantile((1 + level) / 2, df) * error
    return Difference(
        first=a, second=b, value=value, low=value - reach, high=value + reach, df=df,
        p=t_two_sided(value / error, df), effect=_hedges(a, b, value, scale),
        is_tie=value - reach <= 0 <= value + reach,
    )  # fmt: skip


def size_word(effect: float) -> str | None:
    """How large an effect is called (Cohen 1988): negligible, small, medium, large; None of NaN."""
    if math.isnan(effect):
        return None
    return next((word for below, word in _WORDS if abs(effect) < below), "large")


_WORDS: Final = ((0.2, "negligible"), (0.5, "small"), (0.8, "medium"))


def _hedges(a: Group, b: Group, value: float, scale: float) -> float:
    """Hedges 1981, with the exact correction of gamma functions."""
    df = a.n + b.n - 2
    pooled = math.sqrt(((a.n - 1) * (a.sd / scale) ** 2 + (b.n - 1) * (b.sd / scale) ** 2) / df) * scale
    correction = math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) / math.sqrt(df / 2) if df > 1 else 1.0
    return value / pooled * correction
