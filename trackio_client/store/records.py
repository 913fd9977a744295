"""Experiments as lists show them, from their rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from trackio_client.store.contract import ExperimentRecord
from trackio_client.wire.events import revive

_EXPERIMENT = (
    "SELECT experiment_id, project, facts, generation, created_us, last_event_us, "
    "last_heard_s, last_step, points, events, position, id, "
    "(SELECT count(*) FROM writer w WHERE w.experiment = e.id), (SELECT count(*) FROM "
    "series s WHERE s.experiment = e.id AND instr(s.metric, '@rank=') = 0), "
    "(SELECT sum(json_extract(h.value, '$[1]') - json_extract(h.value, '$[0]')) FROM writer w, json_each(w.holes) h "
    "WHERE w.experiment = e.id AND w.holes != '[]') FROM experiment e "
)


def records(sql: sqlite3.Connection, rest: str, arguments: Sequence[Any]) -> list[ExperimentRecord]:
    """Those that the rest of the statement (WHERE …) chooses."""
    return [_record(row) for row in sql.execute(_EXPERIMENT + rest, arguments).fetchall()]


def _as_it_is(value: Any) -> Any:
    return value


def _record(row: Sequence[Any]) -> ExperimentRecord:
    facts = json.loads(row[2])
    revived = revive if '"$float"' in row[2] else _as_it_is  # most configs have no NaN: a third of a list's time
    parent, end = facts.get("parent"), facts.get("end")
    if end is not None:
        end = {**end, "time_s": (end.get("time_us") or 0) / 1e6}
    return ExperimentRecord(
        experiment_id=row[0],
        project=row[1],
        name=facts.get("name") or row[0],
        group=facts.get("group"),
        job_type=facts.get("job_type"),
        tags=tuple(facts.get("tags") or ()),
        notes=facts.get("notes"),
        generation=row[3],
        parent=(parent[0], parent[1]) if isinstance(parent, list) and len(parent) == 2 else None,
        created_s=row[4] / 1e6,
        last_event_s=row[5] / 1e6,
        last_heard_s=row[6],
        last_step=row[7],
        writers=row[12],
        end=end,
        edited_state=facts.get("edited_state"),
        archived=facts.get("archived") is True,
        binned=facts.get("binned"),
        config=revived(facts.get("config", {})),
        user_summary=revived(facts.get("summary", {})),
        definitions=facts.get("definitions", {}),
        metric_count=row[13],
        point_count=row[8],
        missing_count=row[14] or 0,
        event_count=row[9],
        position=row[10],
        ranks=facts.get("ranks") or {},
        client={"client": facts.get("client"), "process": facts.get("process")},
    )
