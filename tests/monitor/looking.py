"""What the store on this machine holds after a test has logged to it, read by Api."""

from __future__ import annotations

from typing import Any

from trackio_client.reader import Api


def kept(experiment_id: str, project: str = "tests") -> Any:
    """What the store on this machine holds of an experiment, read by Api."""
    with Api() as api:
        found = api.experiment(experiment_id)
        found.as_json(full=True)
    return found


def points(experiment_id: str, metric: str, **asked: Any) -> list[tuple[int, float]]:
    """(step, value) of one metric, as the store holds it."""
    with Api() as api:
        series = api.series(experiment_id, metric, **asked)
    return list(zip(series.steps.tolist(), series.values.tolist(), strict=True))


def experiments(project: str = "tests") -> list[Any]:
    with Api() as api:
        return list(api.experiments(project))


def events(experiment_id: str, kind: str) -> list[dict[str, Any]]:
    with Api() as api:
        return [event["content"] for event in api.source.events(experiment_id, [kind])]
