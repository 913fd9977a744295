"""Which parameters go with a metric over the experiments of a project, and how sure that is (S2.74).

Rank correlation for numbers and a rank test for kinds: the same answer whenever it is asked, and none that a share of a
forest's splits would make up for parameters that cannot be told apart. Numbers are also looked at in ranges, because a
learning rate that is best in the middle has a rank correlation of 0.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from trackio_client.errors import UsageError
from trackio_client.queries.at_step import summaries_of
from trackio_client.queries.definitions import goal_of
from trackio_client.queries.experiments import check_project
from trackio_client.queries.seedless import flat
from trackio_client.scoring.rank_tests import Association, Floats, holm, kruskal, ranks, spearman
from trackio_client.store.contract import Store
from trackio_client.wire.events import plain

FEWEST: Final = 4
"""Experiments below which nothing is said."""
MOST_PARAMETERS: Final = 200
TOGETHER: Final = 0.8
"""From this correlation on two parameters cannot be told apart."""
_MOST_PAIRS: Final = 20
_RANGES: Final = 4
"""Of a number with many values, when it is looked at as a kind."""
_LONG: Final = 200
"""Letters from which on a value is a text and no kind."""
BY: Final = ("best", "last")


@dataclass(frozen=True, slots=True)
class _Column:
    """One parameter: a value for each experiment that has it."""

    name: str
    rows: list[int]
    values: list[Any]
    numbers: Floats | None
    """(n,) when all values are finite numbers."""

    @property
    def kinds(self) -> list[str]:
        return [_key(value) for value in self.values]


def importance(
    store: Store, project: str, metric: str, *, by: str | None = None, experiments: Sequence[str] = ()
) -> dict[str, Any]:
    """How each parameter that varies goes with a metric, the strongest first.

    {"metric", "goal", "by", "experiments": n, "without": how many have no finite value, "says", "parameters": [{"name",
    "kind": "number" | "kind", "n", "values", "measure": "rho" | "eta squared", "value", "low", "high", "strength", "p",
    "p_holm", "p_by", "interval_by", "statistic", "shape", "best"}], "together": [{"parameters", "r", "n", "says"}],
    "left_out": [{"name", "why"}]}

    `strength` is |rho| or the root of eta squared, 0 … 1: the order of the list. `shape` of a number is "rises",
    "falls", "turns" (ranges of it differ though its rank correlation does not tell) or null where nothing is sure;
    `best` names the value or range with the best median. `p_holm` is corrected for the number of parameters.

    Args:
        store: where they are.
        project: whose experiments.
        metric: the result.
        by: "best" by the metric's goal, "last"; None takes the best where the metric has a goal.
        experiments: only these; none: all of the project.

    Raises:
        ProjectNotFound, UsageError.
    """
    if by is not None and by not in BY:
        raise UsageError(f"by must be one of {', '.join(BY)}, got {by!r:.80}")
    wanted = set(experiments)
    records = [each for each in store.experiments(project) if not wanted or each.experiment_id in wanted]
    if not records:
        check_project(store, project)
    goal = goal_of(metric, store.definitions(project).get(metric, {}))
    by = by or ("best" if goal else "last")
    word = {"min": "min", "max": "max"}.get(goal or "", "last") if by == "best" else "last"
    summaries = summaries_of(store, [each.experiment_id for each in records], [metric])
    told = [(each, summaries[each.experiment_id].get(metric)) for each in records]
    rows = [(each, float(getattr(series, word))) for each, series in told if series is not None]
    rows = [(each, value) for each, value in rows if math.isfinite(value)]
    found = reckon([record.config for record, _ in rows], np.array([value for _, value in rows]), goal)
    head = {"metric": metric, "goal": goal, "by": by, "experiments": len(rows), "without": len(records) - len(rows)}
    return dict(plain({**head, "says": _says(metric, rows, len(records), found), **found}))


def reckon(configs: Sequence[Mapping[str, Any]], results: Floats, goal: str | None) -> dict[str, Any]:
    """{"parameters", "together", "left_out"} of n configs and (n,) finite results; nothing of fewer than 4."""
    columns, left_out = _columns(configs)
    if len(results) < FEWEST or float(np.ptp(ranks(results))) == 0:
        return {"parameters": [], "together": [], "left_out": left_out}
    parameters = []
    for column in columns:
        result = results[column.rows]
        if float(np.ptp(ranks(result))) == 0:
            left_out.append({"name": column.name, "why": "the metric is the same in all that have it"})
        else:
            parameters.append(_parameter(column, result, goal))
    for each, p in zip(parameters, holm([each["p"] for each in parameters]), strict=True):
        each["p_holm"] = p
    parameters.sort(key=lambda each: (-each["strength"], each["p"], each["name"]))
    return {"parameters": parameters, "together": _together(columns), "left_out": left_out}


# --- columns ---------------------------------------------------------------------------------------------------------


def _columns(configs: Sequence[Mapping[str, Any]]) -> tuple[list[_Column], list[dict[str, str]]]:
    """The parameters that vary, and of the others why they are left out."""
    held: dict[str, tuple[list[int], list[Any]]] = {}
    for row, config in enumerate(configs):
        for key, value in flat(config):
            rows, values = held.setdefault(key, ([], []))
            rows.append(row)
            values.append(value)
    columns: list[_Column] = []
    left_out = []
    for name in sorted(held):
        rows, values = held[name]
        why = _why_not(values)
        if why is None and len(columns) >= MOST_PARAMETERS:
            why = f"only {MOST_PARAMETERS} parameters are looked at"
        if why is None:
            columns.append(_Column(name, rows, values, _numbers(values)))
        else:
            left_out.append({"name": name, "why": why})
    return columns, left_out


def _why_not(values: Sequence[Any]) -> str | None:
    different = {_key(value) for value in values}
    if len(different) == 1:
        return f"the same in all: {_short(values[0])}"
    if len(values) < FEWEST:
        return f"only {len(values)} experiments have it"
    if _numbers(values) is not None:
        return None
    if any(len(each) > _LONG for each in different):
        return "long texts"
    if len(different) > len(values) / 2:
        return f"a text: {len(different):,} different values in {len(values):,} experiments"
    return None


def _numbers(values: Sequence[Any]) -> Floats | None:
    found = []
    for value in values:
        try:
            number = math.nan if isinstance(value, bool) or not isinstance(value, (int, float, str)) else float(value)
        except (ValueError, OverflowError):
            return None
        if not math.isfinite(number):
            return None
        found.append(number)
    return np.array(found)


def _key(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str, sort_keys=True)


def _short(value: Any) -> str:
    text = _key(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


# --- one parameter ---------------------------------------------------------------------------------------------------


def _parameter(column: _Column, result: Floats, goal: str | None) -> dict[str, Any]:
    different = len(set(column.kinds))
    head = {"name": column.name, "n": len(result), "values": different}
    if column.numbers is None:
        found = kruskal(column.kinds, result)
        best = _best(column.kinds, result, goal)
        told = {"kind": "kind", "measure": "eta squared", "shape": None, "best": best, **_fields(found)}
        return head | told | {"strength": math.sqrt(found.value)}
    found = spearman(column.numbers, result)
    ranges = _ranges(column.numbers)
    shape = ("rises" if found.value > 0 else "falls") if found.p < 0.05 else None
    strength, best = abs(found.value), _best(ranges, result, goal)
    if 2 < len(set(ranges)) <= len(result) / 2:
        across = kruskal(ranges, result)
        if across.p < 0.05 and across.value > found.value**2 + 0.1:
            shape, strength, found = "turns", math.sqrt(across.value), across
    measure = "eta squared" if shape == "turns" else "rho"
    told = {"kind": "number", "measure": measure, "shape": shape, "best": best, **_fields(found)}
    return head | told | {"strength": strength}


def _fields(found: Association) -> dict[str, Any]:
    return {name: getattr(found, name) for name in ("value", "low", "high", "p", "p_by", "interval_by", "statistic")}


def _ranges(numbers: Floats) -> list[str]:
    """The values of a number as kinds: its own while they are few, else ranges with about as many experiments each."""
    different = np.unique(numbers)
    if len(different) <= _RANGES + 1:
        return [f"{value:.12g}" for value in numbers]
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, _RANGES + 1), method="inverted_cdf"))
    place = np.clip(np.searchsorted(edges, numbers, side="left"), 1, len(edges) - 1)
    ends = {each: (numbers[place == each].min(), numbers[place == each].max()) for each in np.unique(place)}
    for digits in (3, 4, 5, 6, 8, 12):  # as many as tell one range from the next: 2019 and 2020 are both 2.02e+03
        told = {each: [f"{end:.{digits}g}" for end in pair] for each, pair in ends.items()}
        words = {each: low if low == high else f"{low} to {high}" for each, (low, high) in told.items()}
        if len(set(words.values())) == len(words):
            break
    return [words[each] for each in place]


def _best(kinds: Sequence[str], result: Floats, goal: str | None) -> str | None:
    """The kind with the best median, of those that more than one experiment has where there are such."""
    if goal not in ("min", "max"):
        return None
    of: dict[str, list[float]] = {}
    for kind, value in zip(kinds, result, strict=True):
        of.setdefault(kind, []).append(float(value))
    several = {kind: values for kind, values in of.items() if len(values) > 1} or of
    medians = {kind: float(np.median(values)) for kind, values in several.items()}
    return (min if goal == "min" else max)(medians, key=lambda kind: medians[kind])


# --- parameters that move together -----------------------------------------------------------------------------------


def _together(columns: Sequence[_Column]) -> list[dict[str, Any]]:
    """Pairs of parameters of which one tells the other, the closest first."""
    found = []
    for i, one in enumerate(columns):
        for other in columns[i + 1 :]:
            rows = sorted(set(one.rows) & set(other.rows))
            if len(rows) >= FEWEST and (r := _correlation(one, other, rows)) is not None and abs(r) >= TOGETHER:
                found.append((abs(r), one.name, other.name, r, len(rows)))
    found.sort(key=lambda each: (-each[0], each[1], each[2]))
    return [
        {
            "parameters": [a, b], "r": r, "n": n,
            "says": f"{a} and {b} move together (r = {r:.2f} over {n:,} experiments): "
            "what one does and what the other does cannot be told apart.",
        }
        for _, a, b, r, n in found[:_MOST_PAIRS]
    ]  # fmt: skip


def _correlation(one: _Column, other: _Column, rows: Sequence[int]) -> float | None:
    """Spearman's rho of two numbers; else the share of one that the other tells, as a correlation; None if constant."""
    a, b = _at(one, rows), _at(other, rows)
    if one.numbers is not None and other.numbers is not None:
        x, y = ranks(np.array(a)), ranks(np.array(b))
        return float(np.corrcoef(x, y)[0, 1]) if np.ptp(x) and np.ptp(y) else None
    if one.numbers is not None or other.numbers is not None:
        kinds, numbers = (b, a) if one.numbers is not None else (a, b)
        places = np.unique(kinds, return_inverse=True)[1]
        y = ranks(np.array(numbers))
        n, k = len(y), int(places.max()) + 1
        if not np.ptp(y) or k < 2 or k >= n:
            return None
        between = float((np.bincount(places, weights=y - y.mean()) ** 2 / np.bincount(places)).sum())
        h = between / (float(((y - y.mean()) ** 2).sum()) / (n - 1))
        return math.sqrt(max(0.0, (h - k + 1) / (n - k)))
    return _cramer(a, b)


def _at(column: _Column, rows: Sequence[int]) -> list[Any]:
    place = {row: i for i, row in enumerate(column.rows)}
    values: Sequence[Any] = column.kinds if column.numbers is None else column.numbers.tolist()
    return [values[place[row]] for row in rows]


def _cramer(a: Sequence[str], b: Sequence[str]) -> float | None:
    """Cramér's V with Bergsma's correction (2013): few rows of many kinds are no association."""
    x, y = np.unique(a, return_inverse=True)[1], np.unique(b, return_inverse=True)[1]
    n, k, m = len(x), int(x.max()) + 1, int(y.max()) + 1
    if k < 2 or m < 2:
        return None
    table = np.zeros((k, m))
    np.add.at(table, (x, y), 1)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / n
    phi2 = max(0.0, float(((table - expected) ** 2 / expected).sum()) / n - (k - 1) * (m - 1) / (n - 1))
    smaller = min(k - (k - 1) ** 2 / (n - 1), m - (m - 1) ** 2 / (n - 1)) - 1
    return math.sqrt(min(1.0, phi2 / smaller)) if smaller > 0 else None


def _says(metric: str, rows: Sequence[Any], total: int, found: Mapping[str, Any]) -> str:
    n = len(rows)
    if n < FEWEST:
        return (
            f"{n:,} of {total:,} experiments {'has' if n == 1 else 'have'} a finite {metric!r:.80}: from {FEWEST} on, "
            "parameters are set against it."
        )
    parameters = found["parameters"]
    if not parameters:
        return f"No parameter varies over the {n:,} experiments in a way that can be set against {metric!r:.80}."
    sure = [each["name"] for each in parameters if each["p_holm"] < 0.05]
    if not sure:
        return f"Of {len(parameters)} parameters over {n:,} experiments, none goes with {metric!r:.80} beyond chance."
    names = ", ".join(sure[:3]) + (f" and {len(sure) - 3} more" if len(sure) > 3 else "")
    goes = "goes" if len(sure) == 1 else "go"
    return f"Of {len(parameters)} parameters over {n:,} experiments, {names} {goes} with {metric!r:.80} beyond chance."
