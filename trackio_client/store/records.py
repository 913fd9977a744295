"""Experiments as lists show them, from their rows."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trackio_client.store.contract import ExperimentRecord
from trackio_client.store.listing import AT_ONCE
from trackio_client.wire.events import revive

_PLAIN = (
    "SELECT id, experiment_id, project, generation, created_us, last_event_us, last_heard_s, last_step, points, "
    "events, position, recount FROM experiment e "
)
"""A row that is the same as before is of an experiment where nothing else changed: whatever writes to one moves its
position, and a sign of life the time when it was last heard."""
_MORE = (
    "SELECT id, facts, (SELECT count(*) FROM writer w WHERE w.experiment = e.id), "
    "(SELECT count(*) FROM series s WHERE s.experiment = e.id AND instr(s.metric, '@rank=') = 0), "
    "(SELECT sum(json_extract(h.value, '$[1]') - json_extract(h.value, '$[0]')) FROM writer w, json_each(w.holes) h "
    "WHERE w.experiment = e.id AND w.holes != '[]') FROM experiment e WHERE id IN ({marks})"
)
MOST_HELD = 12_000
MOST_HELD_CHARACTERS = 32_000_000
"""Of configs and what else users said, as JSON; as objects they take about four times as many bytes."""


class Records:
    """The experiments of a store, each read anew only when it changed. Safe from any thread.

    A list of a thousand is asked for by every page that is opened: parsing what users said and counting metrics is most
    of what it costs.
    """

    def __init__(self) -> None:
        self._held: dict[int, tuple[Sequence[Any], ExperimentRecord, int]] = {}
        self._characters = 0
        self._lock = threading.Lock()

    def forget(self) -> None:
        """It is another store's file now."""
        with self._lock:
            self._held.clear()
            self._characters = 0

    def listed(self, sql: sqlite3.Connection, rest: str, arguments: Sequence[Any]) -> list[ExperimentRecord]:
        """Those that the rest of the statement (WHERE …) chooses, as one transaction sees them.

        They are shared: whoever hands out what is in them hands out a copy.
        """
        rows = sql.execute(_PLAIN + rest, arguments).fetchall()
        held = [self._held.get(row[0]) for row in rows]
        known = {row[0]: each[1] for row, each in zip(rows, held, strict=True) if each is not None and each[0] == row}
        if len(known) < len(rows):
            new = {row[0]: row for row in rows if row[0] not in known}
            for id_, record, size in _read(sql, new):
                known[id_] = record
                self._hold(id_, new[id_], record, size)
        return [known[row[0]] for row in rows]

    def _hold(self, id_: int, row: Sequence[Any], record: ExperimentRecord, size: int) -> None:
        with self._lock:
            if (before := self._held.pop(id_, None)) is not None:
                self._characters -= before[2]
            if size > MOST_HELD_CHARACTERS // 8:
                return
            self._held[id_] = (row, record, size)
            self._characters += size
            while len(self._held) > MOST_HELD or self._characters > MOST_HELD_CHARACTERS:
                _, _, gone = self._held.pop(next(iter(self._held)))
                self._characters -= gone


def record_of(sql: sqlite3.Connection, experiment_id: str) -> ExperimentRecord | None:
    """One, of its own; None where there is none of this id."""
    row = sql.execute(_PLAIN + "WHERE experiment_id = ?", (experiment_id,)).fetchone()
    return None if row is None else next(_read(sql, {row[0]: row}))[1]


def _read(sql: sqlite3.Connection, rows: Mapping[int, Sequence[Any]]) -> Iterator[tuple[int, ExperimentRecord, int]]:
    """(id, record, characters of what users said) of each."""
    ids = list(rows)
    for at in range(0, len(ids), AT_ONCE):
        some = ids[at : at + AT_ONCE]
        for id_, facts, *counts in sql.execute(_MORE.format(marks=", ".join("?" * len(some))), some).fetchall():
            yield id_, _record(rows[id_], facts, counts), len(facts)


def _as_it_is(value: Any) -> Any:
    return value


def _record(row: Sequence[Any], told: str, counts: Sequence[int | None]) -> ExperimentRecord:
    facts = json.loads(told)
    revived = revive if '"$float"' in told else _as_it_is  # most configs have no NaN: a third of a list's time
    parent, end = facts.get("parent"), facts.get("end")
    if end is not None:
        end = {**end, "time_s": (end.get("time_us") or 0) / 1e6}
    writers, metrics, missing = counts
    return ExperimentRecord(
        experiment_id=row[1],
        project=row[2],
        name=facts.get("name") or row[1],
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
        writers=writers or 0,
        end=end,
        edited_state=facts.get("edited_state"),
        archived=facts.get("archived") is True,
        binned=facts.get("binned"),
        config=revived(facts.get("config", {})),
        user_summary=revived(facts.get("summary", {})),
        definitions=facts.get("definitions", {}),
        metric_count=metrics or 0,
        point_count=row[8],
        missing_count=missing or 0,
        event_count=row[9],
        position=row[10],
        ranks=facts.get("ranks") or {},
        client={"client": facts.get("client"), "process": facts.get("process")},
    )
