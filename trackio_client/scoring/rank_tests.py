"""Whether one column goes with another, by ranks: Spearman for numbers, Kruskal–Wallis for kinds; with p and interval.

Ranks, because sweeps hold learning rates over six decades and losses of 1e308: an outlier is one rank and no more.

p of up to 8 rows counts every order there is; of up to 100, 9,999 random ones from a fixed seed, as (hits + 1) / 10,000
(Phipson & Smyth 2010); of more rows it comes from Student's t and from chi-squared. Each answer says which.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trackio_client.scoring.distributions import chi2_sf, noncentrality_interval, t_two_sided

Floats = NDArray[np.float64]

LEVEL: Final = 0.95
EXACT_UP_TO: Final = 8
"""Rows of which all orders are counted: 40,320 of them."""
DRAWN_UP_TO: Final = 100
DRAWN: Final = 9_999
_SEED: Final = 20_260_101
_SAME: Final = 1e-9
"""Sums of ranks that differ by less are the same one, added up in another order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """How strongly one column goes with another."""

    value: float
    """Spearman's rho (−1 … 1), or eta squared (0 … 1)."""
    low: float
    high: float
    """Of the 95 % interval; NaN where there are too few rows for one."""
    p: float
    p_by: str
    """"every order", "9,999 random orders", "Student's t" or "chi-squared"."""
    interval_by: str
    n: int
    statistic: float
    """rho, or H."""


def ranks(values: Floats) -> Floats:
    """(n,) → (n,) ranks from 1, those of equal values averaged."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    begins = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    group = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    last = np.concatenate([first[1:], [len(values)]])
    found = np.empty(len(values))
    found[order] = ((first + last + 1) / 2)[group]
    return found


def spearman(one: Floats, other: Floats) -> Association:
    """Rank correlation of two columns of n >= 3 finite numbers, neither of them constant.

    The interval is Bonett & Wright's (Psychometrika 65, 2000): Fisher's z with the variance (1 + rho²/2) / (n − 3).
    """
    a, b = _centred(ranks(one)), _centred(ranks(other))
    n, size = len(a), math.sqrt(float(a @ a) * float(b @ b))
    rho = max(-1.0, min(1.0, float(a @ b) / size))
    if n > DRAWN_UP_TO:
        t = rho * math.sqrt((n - 2) / max(1e-300, 1 - rho * rho))
        p, by = t_two_sided(t, n - 2), "Student's t"
    else:
        sums = np.abs(b[orders(n)] @ a)
        p, by = _share(sums >= abs(float(a @ b)) - _SAME * size, n)
    low, high = _rho_interval(rho, n)
    return Association(value=rho, low=low, high=high, p=p, p_by=by, interval_by="Bonett–Wright", n=n, statistic=rho)


def kruskal(kinds: Sequence[Any], values: Floats) -> Association:
    """How much of the order of `values` goes with the kind: eta² = (H − k + 1) / (n − k), not below 0 (Tomczak 2014).

    Args:
        kinds: (n,) what each row is; at least two different, and fewer than n.
        values: (n,) finite numbers, not all the same.

    The interval inverts the noncentral F of an analysis of variance on the ranks (Conover & Iman 1981; Steiger &
    Fouladi 1997), as a share of n.
    """
    places: dict[Any, int] = {}
    code = np.array([places.setdefault(kind, len(places)) for kind in kinds])
    n, k = len(code), len(places)
    sizes = np.bincount(code).astype(np.float64)
    centred = _centred(ranks(values))
    variance = float(centred @ centred) / (n - 1)  # ties make it smaller than n (n + 1) / 12
    h = float((np.bincount(code, weights=centred) ** 2 / sizes).sum()) / variance
    if n > DRAWN_UP_TO:
        p, by = chi2_sf(h, k - 1), "chi-squared"
    else:
        drawn = centred[orders(n)] @ np.eye(k)[code]
        p, by = _share((drawn**2 / sizes).sum(axis=1) / variance >= h - _SAME * max(1.0, h), n)
    low, high = _share_interval(h / (n - 1), n, k)
    return Association(
        value=max(0.0, min(1.0, (h - k + 1) / (n - k))), low=low, high=high,
        p=p, p_by=by, interval_by="noncentral F on ranks", n=n, statistic=h,
    )  # fmt: skip


def holm(ps: Sequence[float]) -> list[float]:
    """The p values corrected for being many (Holm 1979), in the same order."""
    corrected, highest = [0.0] * len(ps), 0.0
    for place, index in enumerate(sorted(range(len(ps)), key=lambda each: ps[each])):
        highest = max(highest, min(1.0, ps[index] * (len(ps) - place)))
        corrected[index] = highest
    return corrected


@lru_cache(maxsize=4)
def orders(n: int) -> NDArray[np.intp]:
    """(m, n) orders of n rows: all there are of few, else DRAWN random ones, always the same."""
    if n <= EXACT_UP_TO:
        return np.array(list(permutations(range(n))), dtype=np.intp)
    return np.random.default_rng(_SEED).permuted(np.tile(np.arange(n, dtype=np.intp), (DRAWN, 1)), axis=1)


def _share(hits: NDArray[np.bool_], n: int) -> tuple[float, str]:
    if n <= EXACT_UP_TO:
        return float(hits.mean()), "every order"
    return float((hits.sum() + 1) / (DRAWN + 1)), f"{DRAWN:,} random orders"


def _share_interval(share: float, n: int, k: int) -> tuple[float, float]:
    """Of the variance of ranks that k kinds explain in n rows."""
    if share > 1 - 1e-9:  # every kind has one rank of its own
        return 1.0, 1.0
    f = (share / (k - 1)) / ((1 - share) / (n - k))
    low, high = noncentrality_interval(f, k - 1, n - k, LEVEL)
    return low / (low + n), high / (high + n)


def _rho_interval(rho: float, n: int) -> tuple[float, float]:
    if n < 5:
        return math.nan, math.nan
    if abs(rho) > 1 - 1e-12:
        return rho, rho
    reach = 1.959963984540054 * math.sqrt((1 + rho * rho / 2) / (n - 3))
    z = math.atanh(rho)
    return math.tanh(z - reach), math.tanh(z + reach)


def _centred(values: Floats) -> Floats:
    centred: Floats = values - values.mean()
    return centred
