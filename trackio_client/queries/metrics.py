"""The metrics of a project, in the order and groups of the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trackio_client.queries import spread
from trackio_client.queries.experiments import check_project
from trackio_client.store.contract import Store
from trackio_client.wire.names import quantity_of, sort_key


def list_metrics(store: Store, project: str, experiments: Sequence[str] | None = None) -> dict[str, Any]:
    """{"metrics": [{"metric", "group", "name", "title", "unit", "goal", "quantity", "experiments", "points"}]}.

    Raises:
        ProjectNotFound: nothing was ever logged to it.
    """
    found = spread.metrics(store, project, experiments or None)
    if not found:
        check_project(store, project)
    return {
        "metrics": [_metric(name, count, points) for name, count, points in sorted(found, key=lambda m: sort_key(m[0]))]
    }


def _metric(metric: str, experiments: int, points: int) -> dict[str, Any]:
    quantity = quantity_of(metric)
    return {
        "metric": metric,
        "group": quantity.group,
        "name": metric.rpartition("/")[2],
        "title": quantity.title,
        "unit": quantity.unit,
        "goal": quantity.goal,
        "quantity": quantity.name,
        "experiments": experiments,
        "points": points,
    }
