"""What trainings told by `alert`: the newest of a project, in one question."""

from __future__ import annotations

from typing import Any, Final

from trackio_client.queries.alertlevels import level_of
from trackio_client.queries.experiments import check_project
from trackio_client.store.contract import Store, StoredEvent
from trackio_client.wire.events import revive

MOST_ALERTS: Final = 2_000
"""In one answer: more of one project nobody reads."""
USUAL_ALERTS: Final = 200


def list_alerts(store: Store, project: str, *, limit: int = USUAL_ALERTS, archived: bool = False) -> dict[str, Any]:
    """{"alerts": [alert], "more"}: the newest first, by the clock of who told them; `more`: there are older ones.

    An alert is {"experiment_id", "writer_id", "seq", "position", "time_s", "step", "title", "text", "level"}; of
    archived experiments only with `archived`.

    Raises:
        ProjectNotFound.
    """
    most = min(limit, MOST_ALERTS)
    found = store.alerts(project, most + 1, archived=archived)
    if not found:
        check_project(store, project)
    return {"alerts": [_alert(event) for event in found[:most]], "more": len(found) > most}


def _alert(event: StoredEvent) -> dict[str, Any]:
    told = revive(dict(event.content))
    said = told.get("data")
    data = said if isinstance(said, dict) else {}
    time_us, step = told.get("time_us"), told.get("step")
    return {
        "experiment_id": event.experiment_id,
        "writer_id": event.writer_id,
        "seq": event.seq,
        "position": event.position,
        "time_s": time_us / 1e6 if type(time_us) is int else None,
        "step": step if type(step) is int else None,
        "title": _words(told.get("title")),
        "text": _words(data.get("text")),
        "level": level_of(data.get("level")),
    }


def _words(said: Any) -> str | None:
    return said if isinstance(said, str) else None if said is None else str(said)
