"""The metrics of a project, in the order and groups of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trackio_client.queries import definitions, spread
from trackio_client.queries.experiments import check_project
from trackio_client.store.contract import Store
from trackio_client.wire.names import quantity_of, sort_key


def list_metrics(store: Store, project: str, experiments: Sequence[str] | None = None) -> dict[str, Any]:
    """{"metrics": [{"metric", "group", "name", "title", "unit", "goal", "quantity", "experiments", "points", …}]}.

    And of `define_metric`: "step_metric", what it is drawn against (null: the step), and "hidden", whether it is left
    out until a reader asks. "ranked": several ranks of an experiment log it.

    Raises:
        ProjectNotFound: nothing was ever logged to it.
    """
    found = spread.metrics_of_ranks(store, project, experiments or None)
    if not found:
        check_project(store, project)
    said = store.definitions(project, experiments or None)
    axes = definitions.axes(store, project, said, {name for name, *_ in found})
    ordered = sorted(found, key=lambda m: sort_key(m[0]))
    return {
        "metrics": [
            _metric(name, count, points, said.get(name, {}), axes.get(name)) | {"ranked": ranked}
            for name, count, points, ranked in ordered
        ]
    }


def _metric(
    metric: str, experiments: int, points: int, definition: Mapping[str, Any], axis: str | None
) -> dict[str, Any]:
    quantity = quantity_of(metric)
    return {
        "metric": metric,
        "group": quantity.group,
        "name": metric.rpartition("/")[2],
        "title": quantity.title,
        "unit": quantity.unit,
        "goal": definitions.goal_of(metric, definition),
        "quantity": quantity.name,
        "experiments": experiments,
        "points": points,
        "step_metric": axis,
        "hidden": bool(definition.get("hidden")),
    }
