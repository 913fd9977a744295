"""What `define_metric` said, as lists and charts go by it: the number that stands for a metric, its axis, its goal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from trackio_client.queries import spread
from trackio_client.store.contract import MetricSummary, Store
from trackio_client.wire.events import STEP_KEYS
from trackio_client.wire.names import quantity_of

LOOKED_AT: Final = 50
"""Experiments in which a step metric is compared with the step: the others were written by the same program."""


def goal_of(metric: str, definition: Mapping[str, Any]) -> str | None:
    """Whether low ("min") or high ("max") is better: what was said, else what the name tells."""
    goal: str | None = definition.get("goal") or quantity_of(metric).goal
    return goal


def standing(series: MetricSummary, definition: Mapping[str, Any]) -> float | None:
    """The number that stands for a metric beside an experiment: the last, unless a definition says another.

    None where it says that there is none. Its first value is not among the numbers kept: the last stands instead.
    """
    word = str(definition.get("summary") or "last").partition(",")[0]
    if word == "none":
        return None
    if word == "best":
        word = goal_of(series.metric, definition) or "min"
    return {"min": series.min, "max": series.max, "mean": series.mean}.get(word, series.last)


def axes(
    store: Store, project: str, experiments: Sequence[str] | None, said: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """Per metric the one it is drawn against, where that is logged; the step needs no naming.

    A trainer's own count of steps ("train/global_step") is mostly the step itself: then the step is the axis, which
    every page can draw, also one without a server.
    """
    wanted = {name: each["step_metric"] for name, each in said.items() if each.get("step_metric")}
    if not wanted:
        return {}
    there = {name for name, _, _ in spread.metrics(store, project, experiments)}
    counts = {name for name in wanted.values() if name in STEP_KEYS and name in there}
    same = {name for name in counts if _is_the_step(store, project, experiments, name)}
    return {name: axis for name, axis in wanted.items() if axis in there and axis not in same}


def _is_the_step(store: Store, project: str, experiments: Sequence[str] | None, metric: str) -> bool:
    """Whether a metric's last, lowest and highest value are those of the step, wherever it was logged."""
    ids = experiments or [record.experiment_id for record in store.experiments(project)]
    told = spread.summaries(store, ids[:LOOKED_AT], [metric]).values()
    pairs = [((s.last, s.last_step), (s.min, s.min_step), (s.max, s.max_step)) for each in told for s in each]
    return bool(pairs) and all(value == step for three in pairs for value, step in three)
