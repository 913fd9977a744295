"""The rows of `experiments/`: one an experiment, for people, and in its last column what a restore needs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from trackio_client.queries import spread
from trackio_client.store.contract import ExperimentRecord, MetricSummary, Store
from trackio_client.wire.events import plain


def rows_of(store: Store, experiments: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By experiment its row in `experiments/`."""
    headers = store.headers(experiments)
    summaries = spread.summaries(store, experiments)
    found = {}
    for name in experiments:
        if name not in headers:
            continue  # deleted since the plan was made
        header = headers[name]
        found[name] = _row(store.experiment(name), summaries.get(name, []), header)
    return found


def _row(record: ExperimentRecord, series: Sequence[MetricSummary], header: dict[str, Any]) -> dict[str, Any]:
    end = record.end or {}
    summary: dict[str, Any] = {
        each.metric: {
            "last": each.last, "last_step": each.last_step, "min": each.min, "max": each.max, "mean": each.mean,
            "points": each.points,
        }
        for each in series
    }  # fmt: skip
    return {
        "experiment_id": record.experiment_id,
        "project": record.project,
        "name": record.name,
        "group": record.group,
        "job_type": record.job_type,
        "tags": list(record.tags),
        "notes": record.notes,
        "state": "binned" if record.binned else str(end.get("state") or record.edited_state or "running"),
        "created_s": record.created_s,
        "last_event_s": record.last_event_s,
        "generation": record.generation,
        "last_step": record.last_step,
        "points": record.point_count,
        "events": record.event_count,
        "parameters": _json(record.config),
        "summary": _json({**summary, **record.user_summary}),
        "trackio": json.dumps({"header": header, "digest": header["digest"]}, separators=(",", ":")),
    }


def _json(value: Any) -> str:
    return json.dumps(plain(value), separators=(",", ":"), ensure_ascii=False)
