"""Rank correlation, rank tests and differences of means against SciPy, else against definitions."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest

from trackio_client.scoring import distributions as ours
from trackio_client.scoring.mean_difference import difference_of, group_of, size_word
from trackio_client.scoring.rank_tests import holm, kruskal, ranks, spearman

stats = pytest.importorskip("scipy.stats")


@pytest.mark.parametrize("df", [0.7, 1, 2.5, 7, 31.4, 400])
def test_students_t_and_chi_squared_are_scipys(df):
    for t in (-6.0, -1.3, -1e-4, 0.0, 0.2, 2.1, 40.0):
        assert ours.t_cdf(t, df) == pytest.approx(stats.t.cdf(t, df), rel=1e-9, abs=1e-12)
        assert ours.t_two_sided(t, df) == pytest.approx(2 * stats.t.sf(abs(t), df), rel=1e-9, abs=1e-12)
        assert ours.chi2_sf(abs(t) * df, df) == pytest.approx(stats.chi2.sf(abs(t) * df, df), rel=1e-9, abs=1e-12)
        assert ours.ncf_cdf(abs(t), df, 12, 3.7) == pytest.approx(stats.ncf.cdf(abs(t), df, 12, 3.7), abs=1e-9)
    for p in (0.025, 0.3, 0.5, 0.975):
        assert ours.t_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-8, abs=1e-10)


def test_an_interval_of_a_noncentrality_puts_x_at_the_tails():
    low, high = ours.noncentrality_interval(7.2, 3, 20, 0.95)
    assert stats.ncf.sf(7.2, 3, 20, low) == pytest.approx(0.025, abs=1e-4)
    assert stats.ncf.cdf(7.2, 3, 20, high) == pytest.approx(0.025, abs=1e-4)
    assert ours.noncentrality_interval(1.0, 3, 20, 0.95)[0] == 0.0  # less than chance alone makes


@pytest.mark.requirement("S2.74")
@pytest.mark.parametrize("n", [4, 6])
def test_a_rank_correlation_of_few_rows_counts_every_order(n):
    draw = np.random.default_rng(n)
    x, y = draw.integers(0, 5, n).astype(float), draw.normal(size=n)
    x[0], x[1] = 0, 4  # not constant
    found = spearman(x, y)
    assert found.value == pytest.approx(stats.spearmanr(x, y).statistic)
    a, b = stats.rankdata(x), stats.rankdata(y)
    all_rho = [np.corrcoef(order, b)[0, 1] for order in permutations(a)]
    assert found.p == pytest.approx(np.mean(np.abs(all_rho) >= abs(found.value) - 1e-9))
    assert found.p_by == "every order"


@pytest.mark.requirement("S2.74")
@pytest.mark.parametrize("n", [12, 60, 900])
def test_a_rank_correlation_of_many_rows_is_scipys(n):
    draw = np.random.default_rng(n)
    x = 10 ** draw.uniform(-5, 0, n)
    y = np.round(np.log10(x) + draw.normal(scale=2.5, size=n), 1)
    found, theirs = spearman(x, y), stats.spearmanr(x, y)
    assert found.value == pytest.approx(theirs.statistic)
    assert found.p == pytest.approx(theirs.pvalue, abs=0.012)  # of 9,999 drawn orders
    assert found.low < found.value < found.high
    assert spearman(x, y) == found  # the same whenever it is asked


def test_the_interval_of_a_rank_correlation_is_bonett_and_wrights():
    """Their formula by hand, for the rho of 20 rows."""
    x = np.arange(20.0)
    y = x.copy()
    y[[0, 5, 19, 12]] = y[[19, 12, 0, 5]]
    found = spearman(x, y)
    half = 1.96 * math.sqrt((1 + found.value**2 / 2) / 17)
    assert found.low == pytest.approx(math.tanh(math.atanh(found.value) - half), abs=1e-4)
    assert found.high == pytest.approx(math.tanh(math.atanh(found.value) + half), abs=1e-4)


@pytest.mark.requirement("S2.74")
@pytest.mark.parametrize("n", [6, 30, 400])
def test_a_rank_test_of_kinds_is_scipys(n):
    draw = np.random.default_rng(n)
    kinds = [("adam", "sgd", "muon")[i % 3] for i in range(n)]
    y = np.round(draw.normal(size=n) + np.array([kind == "muon" for kind in kinds]) * 0.5, 1)
    h, p = stats.kruskal(*(y[[kind == each for kind in kinds]] for each in ("adam", "sgd", "muon")))
    found = kruskal(kinds, y)
    assert found.statistic == pytest.approx(h)
    assert found.value == pytest.approx(max(0.0, (h - 2) / (n - 3)))
    assert found.p == pytest.approx(p, abs=0.02) if n > 6 else found.p_by == "every order"
    assert found.low <= found.value <= found.high


def test_an_interval_of_eta_squared_covers_nothing_where_there_is_nothing():
    """Of 200 draws without any effect, about 95 of 100 intervals must begin at 0."""
    draw = np.random.default_rng(5)
    kinds = [i % 4 for i in range(40)]
    begins = [kruskal(kinds, draw.normal(size=40)).low for _ in range(200)]
    assert sum(low == 0 for low in begins) >= 185


def test_ranks_of_equal_values_are_averaged_and_extremes_are_one_rank():
    values = np.array([3.0, 1e308, -1e308, 3.0, 3.0])
    assert ranks(values).tolist() == stats.rankdata(values).tolist()


def test_holms_correction_is_the_published_one():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@pytest.mark.parametrize(("n", "m"), [(2, 2), (3, 5), (12, 4)])
def test_welchs_interval_is_scipys(n, m):
    draw = np.random.default_rng(n * 100 + m)
    a, b = draw.normal(1.0, 0.2, n), draw.normal(0.7, 1.1, m)
    found, theirs = difference_of(a, b), stats.ttest_ind(a, b, equal_var=False)
    interval = theirs.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert (found.p, found.df) == pytest.approx((theirs.pvalue, theirs.df))
    assert found.is_tie is bool(interval.low <= 0 <= interval.high)


def test_an_effect_size_is_hedges_g():
    """Corrected by 1 − 3 / (4 df − 1), which approximates the exact factor (Hedges 1981)."""
    a, b = [1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 5.0, 6.0, 7.0]
    pooled = math.sqrt((np.var(a, ddof=1) * 3 + np.var(b, ddof=1) * 4) / 7)
    assert difference_of(a, b).effect == pytest.approx((np.mean(a) - np.mean(b)) / pooled * (1 - 3 / 27), rel=2e-3)
    assert [size_word(g) for g in (0.1, -0.3, 0.6, -2.0, math.nan)] == ["negligible", "small", "medium", "large", None]


def test_groups_that_cannot_be_compared_have_no_interval():
    alone = difference_of([1.0], [2.0, 3.0])
    assert (alone.value, alone.is_tie) == (-1.5, None)
    assert math.isnan(alone.low)
    same = difference_of([1.0, 1.0], [2.0, 2.0])
    assert (same.low, same.high, same.is_tie) == (-1.0, -1.0, False)
    huge = difference_of([1e308, 0.9e308], [0.5e308, 0.4e308])
    assert huge.low < 0.5e308 < huge.high
    with pytest.raises(ValueError, match="no numbers"):
        group_of([])
