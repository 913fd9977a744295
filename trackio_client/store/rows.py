"""The rows of writers, experiments and series while a transaction changes them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from trackio_client.store import facts, spans, summaries
from trackio_client.store.columns import Digest, EventAt, Run
from trackio_client.store.facts import Key
from trackio_client.wire.batches import Batch, Hole, Ranges, Receipt, prefix_end, ranges

SeriesIds = dict[tuple[int, str], int]
"""(experiment row, metric) → series row: what a store remembers between transactions."""


@dataclass(slots=True)
class Writer:
    """A row of the table `writer`, and what this transaction adds to it."""

    row: int
    writer_id: str
    experiment: int
    generation: int
    held: Ranges
    """What need not be sent any more: what is held, and the holes."""
    durable: Ranges
    digest: Digest
    holes: tuple[Hole, ...]
    owed: Digest | None = None
    """Of what is held and still lies in cold files (its `events` mean nothing); None when all is here."""
    changed: bool = False

    @property
    def end(self) -> int:
        """The seq that is wanted next."""
        return prefix_end(self.held)

    @property
    def content(self) -> Ranges:
        """What is held without the holes."""
        return spans.minus(self.held, spans.of_holes(self.holes)) if self.holes else self.held


@dataclass(frozen=True, slots=True)
class Home:
    """Who answers in receipts."""

    store_id: str
    """The destination that durable is said of."""
    incarnation: str
    keeps: bool
    """The destination is this disk, and it keeps what is on it: durable is what is accepted."""

    def receipt(self, writer_id: str, w: Writer | None) -> Receipt:
        """A writer's receipt; that of an unknown one is empty."""
        if w is None:
            return Receipt(writer_id=writer_id, store_id=self.store_id, incarnation=self.incarnation)
        return Receipt(
            writer_id=writer_id,
            store_id=self.store_id,
            incarnation=self.incarnation,
            accepted=w.held,
            durable=w.held if self.keeps else w.durable,
            events=w.digest.events,
            points=w.digest.points,
            digest=w.digest.hex(),
            holes=w.holes,
        )


@dataclass(slots=True)
class Experiment:
    """A row of the table `experiment`, and what this transaction adds to it."""

    row: int
    experiment_id: str
    facts: dict[str, Any]
    facts_key: Key
    generation: int
    created_us: int
    last_event_us: int
    last_step: int | None
    points: int
    events: int
    recount: bool
    """Its summaries and facts are made anew when all that is cold of it has been loaded."""
    changed: bool = False
    is_heard: bool = False
    """Something of its training came, not edits alone."""
    parts: dict[str, summaries.Part] = field(default_factory=dict)

    def reaches(self, *, step: int | None = None, time_us: int | None = None) -> None:
        """Note a step and a time that events of its training hold."""
        self.is_heard = True
        if step is not None:
            self.last_step = step if self.last_step is None else max(step, self.last_step)
        if time_us is not None:
            self.last_event_us = max(time_us, self.last_event_us)


WRITER = "id, writer_id, experiment, generation, held, durable, low, high, events, points, holes, owed"
"""Columns of a writer, as `writer_of` takes them."""


def load_writer(connection: sqlite3.Connection, writer_id: str) -> Writer | None:
    """What is stored of a writer, or None."""
    row = connection.execute(f"SELECT {WRITER} FROM writer WHERE writer_id = ?", (writer_id,)).fetchone()
    return None if row is None else writer_of(row)


def writers_of(connection: sqlite3.Connection, experiment_id: str) -> list[Writer]:
    """What is stored of the writers of an experiment, in the order in which they came; [] if it is unknown."""
    rows = connection.execute(
        f"SELECT {WRITER} FROM writer WHERE experiment = (SELECT id FROM experiment WHERE experiment_id = ?) "
        "ORDER BY id",
        (experiment_id,),
    )
    return [writer_of(row) for row in rows]


def writer_of(row: Sequence[Any]) -> Writer:
    """The writer in a row of WRITER."""
    return Writer(
        row[0],
        row[1],
        row[2],
        row[3],
        ranges(json.loads(row[4])),
        ranges(json.loads(row[5])),
        Digest(int(row[6]), int(row[7]), row[8], row[9]),
        tuple(Hole(first_seq=a, end_seq=b, reason=why) for a, b, why in json.loads(row[10])),
        None if row[11] is None else Digest(*json.loads(row[11])),
    )


def new_writer(connection: sqlite3.Connection, writer_id: str, generation: int, experiment: int) -> Writer:
    row = connection.execute(
        "INSERT INTO writer (writer_id, experiment, generation, held, durable, low, high, events, points, holes) "
        "VALUES (?, ?, ?, '[]', '[]', '0', '0', 0, 0, '[]')",
        (writer_id, experiment, generation),
    ).lastrowid
    assert row is not None
    return Writer(row, writer_id, experiment, generation, (), (), Digest(), ())


def save_writer(connection: sqlite3.Connection, w: Writer) -> None:
    connection.execute(
        "UPDATE writer SET held = ?, durable = ?, low = ?, high = ?, events = ?, points = ?, holes = ?, owed = ? "
        "WHERE id = ?",
        (
            json.dumps(w.held), json.dumps(w.durable), str(w.digest.low), str(w.digest.high), w.digest.events,
            w.digest.points, json.dumps([[h.first_seq, h.end_seq, h.reason] for h in w.holes]),
            None if w.owed is None else json.dumps([w.owed.low, w.owed.high, 0, w.owed.points]), w.row,
        ),
    )  # fmt: skip


def next_position(connection: sqlite3.Connection) -> int:
    """The position that this transaction makes."""
    row = connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'position' RETURNING value").fetchone()
    return int(row[0])


def load_experiment(connection: sqlite3.Connection, experiment_id: str) -> Experiment | None:
    """What is stored of an experiment, or None."""
    row = connection.execute(
        "SELECT id, facts, facts_key, generation, created_us, last_event_us, last_step, points, events, recount "
        "FROM experiment WHERE experiment_id = ?",
        (experiment_id,),
    ).fetchone()
    if row is None:
        return None
    key = json.loads(row[2])
    return Experiment(row[0], experiment_id, json.loads(row[1]), (key[0], key[1], key[2]), *row[3:])


def new_experiment(
    connection: sqlite3.Connection, batch: Batch, first: Run | EventAt, *, now_s: float, position: int
) -> Experiment:
    """A row for the experiment of a batch, created when its first frame says."""
    told = facts.whole(int(first.times_us[0]) if isinstance(first, Run) else first.content.get("time_us"))
    created_us = told or int(now_s * 1e6)
    row = connection.execute(
        "INSERT INTO experiment (experiment_id, project, facts, facts_key, "
        "generation, created_us, last_event_us, last_heard_s, "
        "points, events, position, merges) VALUES (?, ?, '{}', '[-1, \"\", -1]', ?, ?, ?, ?, 0, 0, ?, 0)",
        (batch.experiment_id, batch.project, batch.generation, created_us, created_us, now_s, position),
    ).lastrowid
    assert row is not None
    return Experiment(
        row, batch.experiment_id, {}, (-1, "", -1), batch.generation, created_us, created_us, None, 0, 0, False
    )


def heard(connection: sqlite3.Connection, experiment: Experiment, now_s: float) -> None:
    """Note that a sign of life came, by the store's clock."""
    connection.execute("UPDATE experiment SET last_heard_s = ? WHERE id = ?", (now_s, experiment.row))


def save_experiment(
    connection: sqlite3.Connection, e: Experiment, *, now_s: float, position: int, series_ids: SeriesIds
) -> None:
    for metric, part in e.parts.items():
        _save_series(connection, e, metric, part, position, series_ids)
    connection.execute(
        "UPDATE experiment SET facts = ?, facts_key = ?, generation = ?, "
        "last_event_us = ?, last_heard_s = iif(?, ?, last_heard_s), last_step = ?, points = ?, "
        "events = ?, position = ?, recount = ? WHERE id = ?",
        (
            json.dumps(e.facts), json.dumps(e.facts_key), e.generation, e.last_event_us, e.is_heard, now_s,
            e.last_step, e.points,
            e.events, position, e.recount, e.row,
        ),
    )  # fmt: skip


_SETS = ", ".join(f"{name.strip()} = ?" for name in summaries.COLUMNS.split(","))
_MARKS = ", ".join("?" for _ in summaries.COLUMNS.split(","))


def _save_series(
    connection: sqlite3.Connection,
    e: Experiment,
    metric: str,
    part: summaries.Part,
    position: int,
    series_ids: SeriesIds,
) -> None:
    series = series_ids.get((e.row, metric))
    row = None
    if series is not None:
        row = connection.execute(f"SELECT {summaries.COLUMNS} FROM series WHERE id = ?", (series,)).fetchone()
    if row is None:
        found = connection.execute(
            f"SELECT id, {summaries.COLUMNS} FROM series WHERE experiment = ? AND metric = ?", (e.row, metric)
        ).fetchone()
        if found is None:
            series_ids[e.row, metric] = new_series(connection, e.row, metric, part, position)
            return
        series, row = found[0], found[1:]
        series_ids[e.row, metric] = series
    held, stale = summaries.part_of(row)
    both, ordered = summaries.together(held, part)
    connection.execute(
        f"UPDATE series SET {_SETS}, position = ? WHERE id = ?",
        (*summaries.row_of(both, stale=stale or not ordered), position, series),
    )


def new_series(
    connection: sqlite3.Connection, experiment: int, metric: str, part: summaries.Part, position: int
) -> int:
    """A row for a metric of an experiment, with these points in its summary."""
    series = connection.execute(
        f"INSERT INTO series (experiment, metric, chunks, position, {summaries.COLUMNS}) VALUES (?, ?, 0, ?, {_MARKS})",
        (experiment, metric, position, *summaries.row_of(part, stale=not part.ascending)),
    ).lastrowid
    assert series is not None
    return series


def all_facts(connection: sqlite3.Connection, experiment: int) -> list[tuple[Key, dict[str, Any]]]:
    """All events that say something about an experiment, in the order of the fold."""
    marks = ", ".join("?" * len(facts.FACT_KINDS))
    rows = connection.execute(
        f"SELECT w.generation, w.writer_id, e.seq, e.content FROM event e JOIN writer w ON w.id = e.writer "
        f"WHERE e.experiment = ? AND e.kind IN ({marks}) ORDER BY e.id",
        (experiment, *facts.FACT_KINDS),
    )
    found = []
    for generation, writer_id, seq, content in rows:
        event = json.loads(content)
        found.append((facts.order(event, (generation, writer_id, seq)), event))
    return sorted(found, key=lambda pair: pair[0])
