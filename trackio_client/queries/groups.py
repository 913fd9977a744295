"""Two groups of experiments, such as seeds of two settings: means, their difference with its interval, and the curves.

An interval is Welch's; one that holds 0 is called a tie. Which of the groups is better is said only where it is none
and the metric has a goal.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from trackio_client.errors import UsageError
from trackio_client.queries import spread
from trackio_client.queries.at_step import Summaries, at_common_step, summaries_of
from trackio_client.queries.comparing import comparability
from trackio_client.queries.definitions import goal_of
from trackio_client.queries.experiments import find_experiment
from trackio_client.scoring.distributions import t_quantile
from trackio_client.scoring.mean_difference import FEW, LEVEL, Difference, difference_of, group_of, size_word
from trackio_client.store.columns import Floats
from trackio_client.store.contract import ExperimentRecord, Store
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.events import plain
from trackio_client.wire.names import quantity_of, sort_key

MOST: Final = 100
"""Experiments a group."""
MOST_METRICS: Final = 200
PLACES: Final = 120
"""Steps of a curve at most."""
BY: Final = ("common", "best", "last")
METHOD: Final = "Welch's t, 95 %"


def compare_groups(
    store: Store, first: Sequence[str], second: Sequence[str], *, metrics: Sequence[str] = (), by: str = "common"
) -> dict[str, Any]:
    """Two groups beside each other, metric by metric.

    {"by", "method", "few", "comparable", "metrics": [{"metric", "title", "unit", "goal", "group", "step", "first",
    "second", "difference", "effect", "verdict"}], "left_out": [{"metric", "why"}]}: `first` and `second` are {"n",
    "mean", "sd", "values": {experiment_id: value}, "not_finite": [experiment_id], "without": how many did not log
    it}, `difference` {"value", "low", "high", "df", "p"} with null where a group has fewer than two numbers,
    `verdict` {"is_tie", "lower", "better"}.

    Args:
        store: where they are.
        first: ids of one group.
        second: ids of the other; what is reckoned is the first less the second.
        metrics: those wanted; none: all that both groups logged, but hardware, with the time they took.
        by: "common" takes values at the last step that all have, "best" the best by the metric's goal (of one without a
            goal the last), "last" the last.

    Raises:
        UsageError: a group is empty, too large, or shares an experiment with the other. ExperimentNotFound.
    """
    records = _records(store, first, second)
    if by not in BY:
        raise UsageError(f"by must be one of {', '.join(BY)}, got {by!r:.80}")
    summaries = summaries_of(store, list(records), list(metrics) or None)
    names, left_out = _shared(summaries, first, second, metrics)
    goals = {
        name: goal_of(name, next((r.definitions[name] for r in records.values() if name in r.definitions), {}))
        for name in names
    }
    common = at_common_step(store, summaries, names) if by == "common" else {}
    found = [
        told
        for name in names
        if (told := _metric(name, goals[name], by, common.get(name), summaries, first, second)) is not None
    ]
    if not metrics:
        found += _durations(records, first, second)
    return dict(
        plain(
            {
                "by": by,
                "method": METHOD,
                "few": min(len(first), len(second)) < FEW,
                "comparable": comparability(store, {one: record.name for one, record in records.items()}),
                "metrics": found,
                "left_out": left_out,
            }
        )
    )


def group_curves(store: Store, first: Sequence[str], second: Sequence[str], metric: str) -> dict[str, Any]:
    """The means of two groups along the steps that all of them have, and their difference with its 95 % interval.

    {"metric", "steps": [n], "first": {"mean", "low", "high"}, "second": …, "difference": {"value", "low", "high"},
    "n": [of the first, of the second]}: lists of n <= 120 numbers; low and high of a group are its mean ± its
    standard deviation. Values between two points of an experiment are on the line between them.

    Raises:
        UsageError: as compare_groups. ExperimentNotFound.
    """
    _records(store, first, second)
    ids = (*first, *second)
    query = SeriesQuery(experiments=ids, metrics=(metric,), max_points=2 * PLACES)
    lines: dict[str, tuple[Floats, Floats]] = {}
    for (one, _), drawn in spread.buckets(store, query).series.items():
        finite = np.isfinite(drawn.mean)
        if finite.any():
            lines[one] = drawn.x[finite], drawn.mean[finite]
    groups = [[one for one in group if one in lines] for group in (first, second)]
    empty: dict[str, Any] = {"metric": metric, "steps": [], "n": [len(group) for group in groups]}
    if not all(groups):
        return empty
    steps = _places([x for x, _ in lines.values()])
    if not len(steps):
        return empty
    values = [np.array([np.interp(steps, *lines[one]) for one in group]) for group in groups]
    answer: dict[str, Any] = {**empty, "steps": steps.tolist()}
    spreads = []
    with np.errstate(over="ignore", invalid="ignore"):
        for name, each in zip(("first", "second"), values, strict=True):
            mean = each.mean(axis=0)
            sd = each.std(axis=0, ddof=1) if len(each) > 1 else np.zeros(len(steps))
            spreads.append(sd)
            answer[name] = {"mean": mean.tolist(), "low": (mean - sd).tolist(), "high": (mean + sd).tolist()}
        gap = values[0].mean(axis=0) - values[1].mean(axis=0)
        reach = _reaches(values, spreads)
        answer["difference"] = {"value": gap.tolist(), "low": (gap - reach).tolist(), "high": (gap + reach).tolist()}
    return dict(plain(answer))


def _records(store: Store, first: Sequence[str], second: Sequence[str]) -> dict[str, ExperimentRecord]:
    for name, group in (("first", first), ("second", second)):
        if not 1 <= len(group) <= MOST:
            raise UsageError(f"the {name} group takes 1 to {MOST} experiments, got {len(group)}")
    if both := set(first) & set(second):
        raise UsageError(f"experiment {min(both)} is in both groups: put it into one")
    if len(set(first)) + len(set(second)) != len(first) + len(second):
        raise UsageError("an experiment is twice in a group: name each once")
    return {one: find_experiment(store, one) for one in (*first, *second)}


def _shared(
    summaries: Summaries, first: Sequence[str], second: Sequence[str], wanted: Sequence[str]
) -> tuple[list[str], list[dict[str, str]]]:
    """The metrics that somebody of each group logged, and why others are left out."""
    of = [{metric for one in group for metric in summaries[one]} for group in (first, second)]
    names = [name for name in of[0] & of[1] if name in wanted or (not wanted and quantity_of(name).group != "system")]
    ordered = sorted(names, key=sort_key)
    only = dict.fromkeys(of[0] - of[1], "only the first group logged it")
    only |= dict.fromkeys(of[1] - of[0], "only the second group logged it")
    left = [{"metric": name, "why": only[name]} for name in sorted(only, key=sort_key) if not wanted or name in wanted]
    left += [{"metric": name, "why": "nobody logged it"} for name in wanted if name not in of[0] | of[1]]
    left += [{"metric": name, "why": f"only {MOST_METRICS} are compared at once"} for name in ordered[MOST_METRICS:]]
    return ordered[:MOST_METRICS], left


def _metric(
    name: str, goal: str | None, by: str, common: tuple[int, dict[str, float]] | None, summaries: Summaries,
    first: Sequence[str], second: Sequence[str],
) -> dict[str, Any] | None:  # fmt: skip
    if by == "common":
        values = common[1] if common else {}
    else:
        word = {"min": "min", "max": "max"}.get(goal or "", "last") if by == "best" else "last"
        values = {one: getattr(each[name], word) for one, each in summaries.items() if name in each}
    return _told(name, goal, values, first, second, step=common[0] if common else None)


def _durations(
    records: dict[str, ExperimentRecord], first: Sequence[str], second: Sequence[str]
) -> list[dict[str, Any]]:
    took = {one: max(0.0, r.last_event_s - r.created_s) for one, r in records.items() if r.end is not None}
    told = _told("duration", "min", took, first, second, step=None)
    return [] if told is None else [told | {"title": "Duration of those that ended", "unit": "s", "group": "time"}]


def _told(
    name: str,
    goal: str | None,
    values: dict[str, float],
    first: Sequence[str],
    second: Sequence[str],
    *,
    step: int | None,
) -> dict[str, Any] | None:
    sides = []
    for group in (first, second):
        mine = {one: values[one] for one in group if one in values}
        finite = {one: value for one, value in mine.items() if math.isfinite(value)}
        sides.append((finite, [one for one in mine if one not in finite], len(group) - len(mine)))
    quantity = quantity_of(name)
    answer: dict[str, Any] = {
        "metric": name, "title": quantity.title, "unit": quantity.unit, "goal": goal, "group": quantity.group,
        "step": step,
    }  # fmt: skip
    for word, (finite, odd, without) in zip(("first", "second"), sides, strict=True):
        told = group_of(list(finite.values())) if finite else None
        answer[word] = {
            "n": len(finite), "mean": told and told.mean, "sd": told and _known(told.sd), "values": finite,
            "not_finite": odd, "without": without,
        }  # fmt: skip
    if not all(finite for finite, _, _ in sides):
        has_odd = any(odd for _, odd, _ in sides)
        return answer | {"difference": None, "effect": None, "verdict": None} if has_odd else None
    found = difference_of(list(sides[0][0].values()), list(sides[1][0].values()))
    return answer | {
        "difference": {key: _known(getattr(found, key)) for key in ("value", "low", "high", "df", "p")},
        "effect": {"g": _known(found.effect), "word": size_word(found.effect)},
        "verdict": _verdict(found, goal),
    }


def _verdict(found: Difference, goal: str | None) -> dict[str, Any]:
    lower = None if found.is_tie is not False else "first" if found.value < 0 else "second"
    higher = {"first": "second", "second": "first"}.get(lower or "")
    return {"is_tie": found.is_tie, "lower": lower, "better": {"min": lower, "max": higher}.get(goal or "")}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _places(xs: Sequence[Floats]) -> Floats:
    """The steps that all reach: those that were logged while they are few, else evenly spaced."""
    low, high = max(float(x[0]) for x in xs), min(float(x[-1]) for x in xs)
    steps = np.unique(np.concatenate(xs))
    steps = steps[(steps >= low) & (steps <= high)]
    return steps if len(steps) <= PLACES else np.linspace(low, high, PLACES)


def _reaches(values: Sequence[Floats], spreads: Sequence[Floats]) -> Floats:
    """Half of the 95 % interval of the difference at each step, by Welch; NaN with fewer than two in a group."""
    (n, m), (a, b) = (len(each) for each in values), spreads
    if n < 2 or m < 2:
        return np.full(len(a), np.nan)
    va, vb = a**2 / n, b**2 / m
    with np.errstate(divide="ignore", invalid="ignore"):
        df = (va + vb) ** 2 / (va**2 / (n - 1) + vb**2 / (m - 1))
    times = np.array([t_quantile((1 + LEVEL) / 2, each) if math.isfinite(each) and each > 0 else 0.0 for each in df])
    reach: Floats = times * np.sqrt(va + vb)
    return reach
