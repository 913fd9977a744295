"""A metric that several ranks log, as one: the mean of the ranks, with its spread.

Each rank's values are a series of their own (`wire/ranks.py`). Here, and nowhere else, they become one metric again:

    points      at each step the mean over the ranks that logged it there; asked for, standard deviation and count
    buckets     the mean of the ranks' means, the lowest of their lowest, the highest of their highest, counts added
    summaries   last: the mean at the last step; lowest, highest, first of any rank; counts added

A NaN of one rank makes the mean NaN at that step: a loss that diverged on one rank has diverged. `SeriesQuery.ranks`
chooses: "mean", "spread" (the same with deviation, count, lowest and highest), "each" (every rank by its own name).
A store in which no rank but 0 logs anything pays one look-up for all of this.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from trackio_client.errors import UsageError
from trackio_client.store.cells import thin
from trackio_client.store.columns import Floats, Ints
from trackio_client.store.contract import Buckets, BucketsAnswer, MetricSummary, Series, Store
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.ranks import base_of, rank_of

WAYS: Final = ("mean", "spread", "each")
MOST_POINTS: Final = 2_000_000
"""Of all ranks of a metric, up to which it is thinned from every point; above, from buckets."""

Key = tuple[str, str]
Members = dict[Key, list[str]]
"""(experiment, metric) → the names under which its ranks stand, rank 0 first; only of metrics that several log, or that
another rank than 0 does."""


def members(store: Store, experiments: Sequence[str]) -> Members:
    """The metrics of these experiments that ranks above 0 log."""
    found: Members = {}
    for experiment, names in store.ranked_metrics(experiments).items():
        for name in sorted(names, key=lambda each: rank_of(each)[1]):
            base = base_of(name)
            found.setdefault((experiment, base), [base]).append(name)
    return found


def _expanded(metrics: Sequence[str], ranked: Members) -> tuple[str, ...]:
    """These metrics, each with the names of its ranks behind it."""
    of: dict[str, dict[str, None]] = {}
    for (_, metric), names in ranked.items():
        of.setdefault(metric, {}).update(dict.fromkeys(names))
    return tuple(dict.fromkeys(name for metric in metrics for name in (metric, *of.get(metric, ()))))


# --- summaries and lists -------------------------------------------------------------------------------------------


def summaries(
    store: Store, experiments: Sequence[str], metrics: Sequence[str] | None = None
) -> dict[str, list[MetricSummary]]:
    """As Store.summaries, ranks of a metric as one."""
    ranked = members(store, experiments)
    if not ranked:
        return store.summaries(experiments, metrics)
    found = store.summaries(experiments, None if metrics is None else _expanded(metrics, ranked))
    several = {key[0] for key in ranked}
    return {
        experiment: _folded_summaries(each, metrics) if experiment in several else each
        for experiment, each in found.items()
    }


def _folded_summaries(found: Sequence[MetricSummary], metrics: Sequence[str] | None) -> list[MetricSummary]:
    groups: dict[str, list[MetricSummary]] = {}
    for each in found:
        name = each.metric if metrics is not None and each.metric in metrics else base_of(each.metric)
        groups.setdefault(name, []).append(each)
    return [some[0] if len(some) == 1 and some[0].metric == name else _one(name, some) for name, some in groups.items()]


def _one(metric: str, some: Sequence[MetricSummary]) -> MetricSummary:
    last_step = max(each.last_step for each in some)
    at_end = [each for each in some if each.last_step == last_step]
    lowest = min(some, key=lambda each: (math.isnan(each.min), each.min))
    highest = max(some, key=lambda each: (not math.isnan(each.max), each.max))
    finite = [each.mean for each in some if not math.isnan(each.mean)]
    return MetricSummary(
        metric=metric,
        points=sum(each.points for each in some),
        bad=sum(each.bad for each in some),
        last=float(np.mean([each.last for each in at_end])),
        last_step=last_step,
        last_time_s=max(each.last_time_s for each in at_end),
        first_step=min(each.first_step for each in some),
        min=lowest.min,
        min_step=lowest.min_step,
        max=highest.max,
        max_step=highest.max_step,
        mean=float(np.mean(finite)) if finite else math.nan,
    )


def metrics(store: Store, project: str, experiments: Sequence[str] | None = None) -> list[tuple[str, int, int]]:
    """As Store.metrics: one entry a metric, its points those of all ranks."""
    return [(name, having, points) for name, having, points, _ in metrics_of_ranks(store, project, experiments)]


def metrics_of_ranks(
    store: Store, project: str, experiments: Sequence[str] | None = None
) -> list[tuple[str, int, int, bool]]:
    """As `metrics`, and whether another rank than 0 logged it."""
    counts: dict[str, tuple[int, int, bool]] = {}
    for name, having, points in store.metrics(project, experiments):
        base, rank = rank_of(name)
        most, all_points, ranked = counts.get(base, (0, 0, False))
        counts[base] = (max(most, having), all_points + points, ranked or rank > 0)  # ranks are of the same experiments
    return [(name, *told) for name, told in sorted(counts.items())]


# --- points ----------------------------------------------------------------------------------------------------------


def series(store: Store, query: SeriesQuery) -> tuple[dict[Key, Series], str]:
    """As Store.series, ranks of a metric as one, or each by its name.

    A thinned metric of more than MOST_POINTS is told by the means of buckets, at the last step of each, to six figures
    of its range.

    Raises:
        UsageError: `ranks` is none of WAYS.
    """
    if query.ranks not in WAYS:
        raise UsageError(f"ranks must be one of {', '.join(WAYS)}, got {query.ranks!r:.80}")
    ranked = members(store, query.experiments)
    wanted = {key: names for key, names in ranked.items() if key[1] in query.metrics}
    if not wanted:
        return store.series(query)
    whole = replace(query, metrics=_expanded(query.metrics, wanted))
    found, cursor = store.series(whole)
    if query.ranks == "each":
        return found, cursor
    hidden = {(key[0], name) for key, names in wanted.items() for name in names}
    answer = {key: each for key, each in found.items() if key not in hidden}
    for key, names in wanted.items():
        some = {name: found[key[0], name] for name in names if (key[0], name) in found}
        if some and (one := _one_series(store, query, key, some)) is not None:
            answer[key] = one if query.ranks == "spread" else Series(one.steps, one.values, one.times_s)
    return answer, cursor


def _one_series(store: Store, query: SeriesQuery, key: Key, some: Mapping[str, Series]) -> Series | None:
    """One metric of one experiment; `some` is what the store answered of its ranks: thinned, or only what is new."""
    names = tuple(members(store, key[:1]).get(key, [key[1]]))
    alone = replace(query, experiments=key[:1], metrics=names, max_points=None, cursor=None)
    if query.cursor is not None:
        new = np.unique(np.concatenate([each.steps for each in some.values()]))
        if query.x == "step" and not query.repeats:
            alone = replace(alone, from_x=float(new[0]), to_x=float(new[-1]))
        one = _mean(list(store.series(alone)[0].values()), repeats=query.repeats)
        return _taken(one, np.isin(one.steps, new))
    if query.max_points is None:
        return _mean(list(some.values()), repeats=query.repeats)
    counts = store.summaries(key[:1], names).get(key[0], [])
    if sum(each.points for each in counts) <= MOST_POINTS or query.x not in ("step", "time", "relative"):
        one = _mean(list(store.series(alone)[0].values()), repeats=query.repeats)
        return _taken(one, thin(one.values, query.max_points))
    found = store.buckets(replace(alone, max_points=query.max_points, x="step" if query.repeats else query.x))
    return _of_buckets(_one_drawing(list(found.series.values()), carries=False), next(iter(some.values())))


def _mean(parts: Sequence[Series], *, repeats: bool) -> Series:
    """The mean over ranks at each step, its standard deviation, and over how many. `parts`: lowest rank first."""
    if repeats:  # every point of every rank, as they came
        order = np.argsort(np.concatenate([each.times_s for each in parts]), kind="stable")
        columns = (np.concatenate([getattr(each, name) for each in parts])[order] for name in _COLUMNS)
        return Series(*columns)
    steps = np.unique(np.concatenate([each.steps for each in parts]))
    total, squares = np.zeros(len(steps)), np.zeros(len(steps))
    count = np.zeros(len(steps), dtype=np.int64)
    low, high, times = (np.full(len(steps), fill) for fill in (np.inf, -np.inf, np.nan))
    places = [np.searchsorted(steps, each.steps) for each in parts]
    with np.errstate(over="ignore", invalid="ignore"):
        for at, each in zip(places, parts, strict=True):
            total[at] += each.values
            count[at] += 1
            low[at], high[at] = np.minimum(low[at], each.values), np.maximum(high[at], each.values)
            times[at] = np.where(np.isnan(times[at]), each.times_s, times[at])
        mean = total / count
        for at, each in zip(places, parts, strict=True):
            squares[at] += (each.values - mean[at]) ** 2
        deviation = np.sqrt(squares / count)
    return Series(steps, mean, times, std=deviation, ranks=count, min=low, max=high)


_COLUMNS: Final = ("steps", "values", "times_s")


def _taken(one: Series, index: Any) -> Series:
    def some(column: Any) -> Any:
        return None if column is None else column[index]

    return Series(
        one.steps[index], one.values[index], one.times_s[index],
        std=some(one.std), ranks=some(one.ranks), min=some(one.min), max=some(one.max),
    )  # fmt: skip


def _of_buckets(drawn: Buckets, like: Series) -> Series:
    """Means of buckets as points; their times are read off those of a rank."""
    good = np.isfinite(drawn.mean)
    x = drawn.x[good]
    times = np.interp(x, like.steps.astype(np.float64), like.times_s) if len(like.steps) else np.full(len(x), np.nan)
    return Series(x.astype(np.int64), drawn.mean[good], times, min=drawn.min[good], max=drawn.max[good])


# --- buckets ---------------------------------------------------------------------------------------------------------


def buckets(store: Store, query: SeriesQuery) -> BucketsAnswer:
    """As Store.buckets, ranks of a metric as one band and line."""
    ranked = members(store, query.experiments)
    wanted = {key: names for key, names in ranked.items() if key[1] in query.metrics}
    if not wanted or query.ranks == "each":
        return store.buckets(replace(query, metrics=_expanded(query.metrics, wanted)) if wanted else query)
    whole = replace(query, metrics=_expanded(query.metrics, wanted))
    answer = store.buckets(whole)
    home = {(key[0], name): key for key, names in wanted.items() for name in names}
    keys = tuple(dict.fromkeys(home.get(key, key) for key in answer.keys))
    order = {(e, m): place for place, (e, m) in enumerate((e, m) for e in query.experiments for m in query.metrics)}
    keys = tuple(sorted(keys, key=lambda key: order.get(key, len(order))))
    changed = {home[key] for key in answer.series if key in home}
    found = {key: each for key, each in answer.series.items() if key not in home}
    carries = query.x in ("time", "relative")
    if not changed or answer.reset:
        for key in changed:
            found[key] = _one_drawing(_present(answer, key, wanted), carries=carries)
        return BucketsAnswer(keys, found, answer.reset, answer.cursor)
    full = store.buckets(replace(whole, cursor=None))  # what was drawn is kept: this costs little
    for key in changed:
        new = {name: answer.series[key[0], name] for name in wanted[key] if (key[0], name) in answer.series}
        if any(full.series[key[0], name].width != each.width for name, each in new.items()):
            return buckets(store, replace(query, cursor=None))  # it grew between the two questions
        begin = [_begin(full.series[key[0], name], each.keep) for name, each in new.items()]
        found[key] = _behind(_one_drawing(_present(full, key, wanted), carries=carries), min(begin))
    return BucketsAnswer(keys, found, answer.reset, answer.cursor)


def _present(answer: BucketsAnswer, key: Key, wanted: Members) -> list[Buckets]:
    return [answer.series[key[0], name] for name in wanted[key] if (key[0], name) in answer.series]


def _begin(drawn: Buckets, keep: int) -> float:
    """The place of the first bucket that is not kept."""
    return float(_place(drawn)[keep]) if keep < len(drawn.x) else math.inf


def _place(drawn: Buckets) -> Floats:
    """Of each bucket, in widths from 0; of single points their x."""
    return np.floor(drawn.x / drawn.width) if drawn.width > 0 and math.isfinite(drawn.width) else drawn.x


def _behind(one: Buckets, begin: float) -> Buckets:
    """What follows from a place on, for an asker that has what stands before it."""
    keep = int(np.searchsorted(_place(one), begin))
    return replace(one, keep=keep, **{name: getattr(one, name)[keep:] for name in _ARRAYS})


_ARRAYS: Final = ("x", "min", "max", "mean", "nan", "posinf", "neginf")


def _one_drawing(parts: Sequence[Buckets], *, carries: bool) -> Buckets:
    """The ranks' buckets, all of the same width, as one drawing.

    With `carries`, a rank that has no point in a bucket between two of its own counts with its last mean: on a time
    axis ranks log a little apart, and the line would jump from one to the next.
    """
    if len(parts) == 1:
        return parts[0]
    places = [_place(each) for each in parts]
    place = np.unique(np.concatenate(places))
    shape = (len(parts), len(place))
    mean, low, high = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan)
    x = np.full(len(place), -np.inf)
    bad = {name: np.zeros(len(place), dtype=np.int64) for name in ("nan", "posinf", "neginf")}
    for rank, (at, each) in enumerate(zip((np.searchsorted(place, some) for some in places), parts, strict=True)):
        mean[rank, at], low[rank, at], high[rank, at] = each.mean, each.min, each.max
        x[at] = np.maximum(x[at], each.x)
        for name, counts in bad.items():
            counts[at] += getattr(each, name)
    if carries:
        held = _carried(mean)
        low, high, mean = np.where(np.isnan(mean), held, low), np.where(np.isnan(mean), held, high), held
    count = (~np.isnan(mean)).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        line = np.where(count > 0, np.nansum(mean, axis=0) / count, np.nan)
    bottom, top = np.fmin.reduce(low, axis=0), np.fmax.reduce(high, axis=0)
    return Buckets(
        width=parts[0].width, keep=0, x=x, min=bottom, max=top, mean=np.clip(line, bottom, top),
        points=sum(each.points for each in parts), last=_last(parts), **bad,
    )  # fmt: skip


def _last(parts: Sequence[Buckets]) -> float:
    """The mean over the ranks that reach the last bucket, as far as each is known."""
    ends = [each for each in parts if len(each.x)]
    end = max((each.x[-1] for each in ends), default=math.nan)
    return float(np.mean([each.last for each in ends if each.x[-1] == end])) if ends else math.nan


def _carried(mean: Floats) -> Floats:
    """Each row with its gaps filled by what stood before them, up to the row's last value."""
    has = ~np.isnan(mean)
    columns = np.arange(mean.shape[1])
    last: Ints = np.maximum.accumulate(np.where(has, columns, -1), axis=1)
    filled = np.where(last >= 0, np.take_along_axis(mean, np.maximum(last, 0), axis=1), np.nan)
    ends = np.where(has, columns, -1).max(axis=1)
    return np.where(columns[None, :] <= ends[:, None], filled, np.nan)
