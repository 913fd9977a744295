"""Experiments as plain data for those who call by name: the words of the four statuses beside our own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from trackio_client.managing.told import status_of
from trackio_client.reader.source import Source, number
from trackio_client.wire.events import revive


def row_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """One experiment of a list, from a row of `Source.experiments` or `Source.experiment`."""
    return {
        "id": told["experiment_id"],
        "experiment_id": told["experiment_id"],
        "name": told["name"],
        "project": told["project"],
        "status": status_of(str(told["state"])),
        "state": told["state"],
        "evidence": told["evidence"],
        "created_at": moment(told["created_s"]),
        "updated_at": moment(told["last_event_s"]),
        "last_step": told["last_step"],
        "metrics_count": told["metric_count"],
        "points_count": told["point_count"],
        "tags": list(told["tags"]),
        "demo": bool(told.get("demo")),
    }


def details_of(source: Source, told: Mapping[str, Any]) -> dict[str, Any]:
    """One experiment in full, from an answer of `Source.experiment`."""
    config = revive(told["config"])
    latest = {
        name: {"value": number(one["last"]), "step": one["last_step"], "time": moment(one["last_time_s"])}
        for name, one in told["summary"].items()
    }
    logged = source.experiment_artifacts(str(told["experiment_id"])).get("logged", [])
    return row_of(told) | {
        "description": told.get("notes") or "",
        "parameters": config,
        "parameters_count": count_of(config),
        "artifacts_count": len(logged),
        "latest_metrics": latest,
    }


def count_of(config: Mapping[str, Any]) -> int:
    """Settings in a nested configuration."""
    return sum(count_of(value) if isinstance(value, dict) and value else 1 for value in config.values())


def moment(time_s: float) -> str:
    """A time in ISO 8601, UTC."""
    try:
        return datetime.fromtimestamp(float(time_s), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (OverflowError, OSError, ValueError):
        return ""
