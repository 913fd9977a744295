"""What `define_metric` said, as lists and charts go by it: the number that stands for a metric, its axis, its goal."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from trackio_client.store.contract import MetricSummary, Store
from trackio_client.wire.events import STEP_KEYS
from trackio_client.wire.names import quantity_of


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


def axes(store: Store, project: str, said: Mapping[str, Mapping[str, Any]], there: Set[str]) -> dict[str, str]:
    """Per metric the one it is drawn against, where that is among those that are `there`; the step needs no naming.

    A trainer's own count of steps ("train/global_step") is mostly the step itself: then the step is the axis, which
    every page can draw, also one without a server.
    """
    wanted = {name: each["step_metric"] for name, each in said.items() if each.get("step_metric")}
    if not wanted:
        return {}
    counts = {name for name in wanted.values() if name in STEP_KEYS and name in there}
    same = {name for name in counts if store.is_the_step(project, name)}
    return {name: axis for name, axis in wanted.items() if axis in there and axis not in same}
