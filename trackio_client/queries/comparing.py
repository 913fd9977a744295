"""Several experiments beside each other: first whether scores may be compared at all, then the scores (S4.29).

Then every metric at the last step that all have, the settings, and where they ran.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trackio_client.errors import UsageError
from trackio_client.queries.at_step import Summaries, at_common_step, summaries_of
from trackio_client.queries.definitions import goal_of
from trackio_client.queries.environment import environment_of
from trackio_client.queries.records import newest, records_of
from trackio_client.queries.seedless import flat
from trackio_client.queries.states import LOST_CONTACT_S
from trackio_client.queries.training import training_summary
from trackio_client.scoring.identity import compared
from trackio_client.store.contract import ExperimentRecord, Store
from trackio_client.wire.events import plain
from trackio_client.wire.names import quantity_of, sort_key

MOST: Final = 50
"""Experiments in one comparison."""
MOST_METRICS: Final = 500
_NOT_OF_THE_SETTING: Final = frozenset({"time", "hashes", "data", "seeds"})
"""Of an environment: what always differs, or stands elsewhere in the comparison."""


def compare(
    store: Store, experiments: Sequence[str], now_s: float, *, lost_contact_s: float = LOST_CONTACT_S
) -> dict[str, Any]:
    """Two to 50 experiments beside each other.

    {"comparable": {"verdict", "says", "pairs"}, "experiments": [{experiment_id, name, state}], "metrics": {metric:
    {"goal", "best": {experiment_id: value}}}, "config": {key: {experiment_id: value}}, "same": {key: value},
    "environment": {key: {experiment_id: value}}, "numbers": [{"metric", "title", "unit", "goal", "group", "step",
    "at_step", "last", "best": {experiment_id: value}, "steps": {experiment_id: last step}}], "numbers_left_out"}: the
    best of each evaluation metric, the settings in which they differ and those in which they do not, where they ran
    as far as that differs, and every metric: `at_step` at the last step that all who logged it have, which is `step`.
    What one of them lacks is absent.

    Raises:
        UsageError: fewer than two, more than 50, or one twice. ExperimentNotFound.
    """
    if not 2 <= len(experiments) <= MOST or len(set(experiments)) != len(experiments):
        raise UsageError(f"a comparison takes 2 to {MOST} different experiments, got {len(experiments)}")
    summaries = {one: training_summary(store, one, now_s, lost_contact_s=lost_contact_s) for one in experiments}
    records = {one: store.experiment(one) for one in experiments}
    names = {one: record.name for one, record in records.items()}
    configs = {one: record.config for one, record in records.items()}
    numbers, left_out = _numbers(store, records)
    metrics: dict[str, dict[str, Any]] = {}
    for one, summary in summaries.items():
        for metric, best in summary["run_summary"].get("best_by", {}).items():
            metrics.setdefault(metric, {"goal": best["goal"], "best": {}})["best"][one] = best["value"]
    found: dict[str, Any] = plain(
        {
            "comparable": comparability(store, names),
            "experiments": [
                {"experiment_id": one, "name": names[one], "state": summaries[one]["state"]} for one in experiments
            ],
            "metrics": metrics,
            "config": _differences(configs),
            "same": _alike(configs),
            "environment": _differences({one: _setting(store, one) for one in experiments}),
            "numbers": numbers,
            "numbers_left_out": left_out,
        }
    )
    return found


def comparability(store: Store, names: Mapping[str, str]) -> dict[str, Any]:
    """Whether the scores of experiments are of the same rows and labels: {"verdict", "says", "pairs"}.

    Args:
        store: where they are.
        names: experiment id → name for people. The first is what the others are compared with.

    "same" when all evaluation sets and labels of all are the same; "different" when one is known to differ; else "not
    known". `pairs` are [{"experiment_id", "what", "verdict", "why"}], one for each set, and the labels, of each other.
    """
    told = {one: _identity(store, one) for one in names}
    first, *others = names
    pairs = [
        {"experiment_id": other, "with": first, **pair} for other in others for pair in _pairs(told[first], told[other])
    ]
    words = {pair["verdict"] for pair in pairs}
    verdict = "different" if "different" in words else "not known" if "not known" in words or not words else "same"
    wrong = next((pair for pair in pairs if pair["verdict"] == verdict), None)
    if wrong is None:
        says = "It is not known whether these experiments were evaluated on the same data: none of them recorded it."
    elif verdict == "same":
        says = f"All were evaluated on the same data: {wrong['why']}."
    else:
        pair = f"{names[wrong['experiment_id']]!r} and {names[first]!r}"
        says = (
            f"Not comparable: {wrong['what']} of {pair} differ: {wrong['why']}."
            if verdict == "different"
            else f"It is not known whether {pair} were evaluated on the same data: {wrong['why']}."
        )
    return {"verdict": verdict, "says": says, "pairs": pairs}


def _identity(store: Store, experiment_id: str) -> dict[str, Any]:
    record = newest(records_of(store, experiment_id, ["identity"]), "identity")
    return {} if record is None else record.data


def _pairs(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[dict[str, Any]]:
    pairs = []
    mine, theirs = _sets(one), _sets(other)
    for name in sorted({*mine, *theirs}) or ["eval"]:
        verdict, why = compared(mine.get(name), theirs.get(name))
        pairs.append({"what": f"the evaluation sets ({name})", "verdict": verdict, "why": why})
    labels, labels_there = one.get("labels"), other.get("labels")
    if isinstance(labels, Mapping) and isinstance(labels_there, Mapping):
        is_same = labels.get("set_id") == labels_there.get("set_id")
        counts = f"{labels.get('count')} and {labels_there.get('count')} labels"
        why = f"{labels.get('count')} labels are equal" if is_same else f"{counts}, not the same ones"
        pairs.append({"what": "the labels", "verdict": "same" if is_same else "different", "why": why})
    return pairs


def _sets(identity: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    found = identity.get("evaluation_sets")
    if not isinstance(found, Mapping):
        return {}
    return {str(name): one for name, one in found.items() if isinstance(one, Mapping)}


def _numbers(store: Store, records: Mapping[str, ExperimentRecord]) -> tuple[list[dict[str, Any]], int]:
    """Every metric that one of them logged, in the page's order, and how many of them are left out."""
    summaries: Summaries = summaries_of(store, list(records))
    names = sorted({name for each in summaries.values() for name in each}, key=sort_key)
    shown = names[:MOST_METRICS]
    common = at_common_step(store, summaries, shown)
    found = []
    for name in shown:
        quantity = quantity_of(name)
        goal = goal_of(name, next((r.definitions[name] for r in records.values() if name in r.definitions), {}))
        having = {one: each[name] for one, each in summaries.items() if name in each}
        step, at_step = common.get(name, (None, {}))
        best = {one: getattr(each, goal) for one, each in having.items()} if goal in ("min", "max") else {}
        found.append(
            {
                "metric": name, "title": quantity.title, "unit": quantity.unit, "goal": goal, "group": quantity.group,
                "step": step, "at_step": at_step, "best": best,
                "last": {one: each.last for one, each in having.items()},
                "steps": {one: each.last_step for one, each in having.items()},
            }
        )  # fmt: skip
    return found, len(names) - len(shown)


def _setting(store: Store, experiment_id: str) -> dict[str, Any]:
    values = environment_of(store, experiment_id)["values"]
    return {key: value for key, value in values.items() if key not in _NOT_OF_THE_SETTING}


def _alike(configs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The settings, by dotted key, that all have and that are the same in all."""
    flats = [dict(flat(config)) for config in configs.values()]
    shared = [(key, value) for key, value in sorted(flats[0].items()) if all(key in each for each in flats)]
    return {key: value for key, value in shared if _is_one(key, flats)}


def _is_one(key: str, flats: Sequence[Mapping[str, Any]]) -> bool:
    return len({json.dumps(each[key], default=str, sort_keys=True) for each in flats}) == 1


def _differences(configs: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The settings, by dotted key, that are not the same in all; of each the values of those that have it."""
    flats = {one: dict(flat(config)) for one, config in configs.items()}
    differing: dict[str, dict[str, Any]] = {}
    for key in sorted({key for one in flats.values() for key in one}):
        values = {json.dumps(one[key], default=str, sort_keys=True) if key in one else None for one in flats.values()}
        if len(values) > 1:
            differing[key] = {one: settings[key] for one, settings in flats.items() if key in settings}
    return differing
