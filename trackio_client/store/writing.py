"""Appending: many batches, one transaction, exactly once.

`Appender` works on one write connection inside a transaction that its owner has begun. It first checks a batch wholly
and only then changes anything, so that a refused batch leaves no trace and its neighbours are not disturbed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from trackio_client.errors import CorruptFrame, DeliveryError, Gap, Gone, Overlap, Rejected
from trackio_client.store import facts, summaries
from trackio_client.store.audit import held_digest
from trackio_client.store.columns import Digest, EventAt, Run, decode, digest_of
from trackio_client.store.contract import Outcome
from trackio_client.store.facts import Key
from trackio_client.store.merging import chunk_tail
from trackio_client.wire import events as kinds
from trackio_client.wire.batches import Batch, Hole, Ranges, Receipt, prefix_end, ranges
from trackio_client.wire.frames import Schema, frames

CHUNK_FRAMES = 4096
"""Frames of one writer in the tail that are turned into chunks at once; slower writers wait for `merge`."""


@dataclass(slots=True)
class Writer:
    """A row of the table `writer`, and what this transaction adds to it."""

    row: int
    writer_id: str
    experiment: int
    generation: int
    held: Ranges
    durable: Ranges
    digest: Digest
    holes: tuple[Hole, ...]


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
    changed: bool = False
    parts: dict[str, summaries.Part] = field(default_factory=dict)
    disordered: set[str] = field(default_factory=set)


class Appender:
    """One transaction's worth of batches. Make one for each transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        now_s: float,
        position: int,
        series_ids: dict[tuple[int, str], int],
        tails: dict[int, int],
    ) -> None:
        self._sql = connection
        self._now_s = now_s
        self.position = position
        self._series_ids = series_ids
        self._tails = tails
        self._writers: dict[str, Writer] = {}
        self._experiments: dict[str, Experiment] = {}
        self.changed = False

    def append(self, batch: Batch) -> tuple[str, DeliveryError | None]:
        """Check and write one batch; the writer's id, and the error that is its outcome or None."""
        try:
            self._append(batch)
        except DeliveryError as error:
            return batch.writer_id, error
        return batch.writer_id, None

    def finish(
        self, outcomes: Sequence[tuple[str, DeliveryError | None]], *, store_id: str, incarnation: str, persistent: bool
    ) -> list[Outcome]:
        """Write rows that were changed, and answer each batch with its error or its writer's receipt."""
        for experiment in self._experiments.values():
            if experiment.changed:
                self._write_experiment(experiment)
        for writer in self._writers.values():
            if writer.row >= 0:
                self._write_writer(writer)
        receipts = {
            w.writer_id: receipt_of(w, store_id=store_id, incarnation=incarnation, persistent=persistent)
            for w in self._writers.values()
        }
        empty = {name: Receipt(writer_id=name, store_id=store_id, incarnation=incarnation) for name, _ in outcomes}
        return [receipts.get(name, empty[name]) if error is None else error for name, error in outcomes]

    # --- one batch ---------------------------------------------------------------------------------------------

    def _append(self, batch: Batch) -> None:
        if self._sql.execute("SELECT 1 FROM tombstone WHERE experiment_id = ?", (batch.experiment_id,)).fetchone():
            raise Gone(f"experiment {batch.experiment_id} was deleted; its events are no longer taken")
        writer = self._writer(batch.writer_id)
        experiment = self._experiment(batch.experiment_id)
        if writer is not None and (experiment is None or writer.experiment != experiment.row):
            raise Rejected(
                f"writer {batch.writer_id} writes to another experiment than {batch.experiment_id}: use a new writer id"
            )
        if batch.count == 0:
            if experiment is not None:
                self._sql.execute("UPDATE experiment SET last_heard_s = ? WHERE id = ?", (self._now_s, experiment.row))
            return
        decoded = checked(batch)
        held = writer.held if writer else ()
        end = prefix_end(held)
        hole = None
        if batch.first_seq > end:
            if batch.first_held <= end:
                raise Gap(f"writer {batch.writer_id} sent seq {batch.first_seq}, but {end} is wanted first", want=end)
            hole = Hole(
                first_seq=end, end_seq=min(batch.first_held, batch.first_seq), reason="the client no longer holds them"
            )
            if batch.first_seq > hole.end_seq:
                raise Gap(
                    f"writer {batch.writer_id} sent seq {batch.first_seq}, but {hole.end_seq} is wanted first",
                    want=hole.end_seq,
                )
        elif batch.first_seq < end:
            self._check_overlap(batch, decoded, writer, min(end, batch.end_seq))
            if batch.end_seq <= end:
                if experiment is not None:
                    self._sql.execute(
                        "UPDATE experiment SET last_heard_s = ? WHERE id = ?", (self._now_s, experiment.row)
                    )
                return
            decoded = after(decoded, end)
        self._write(batch, decoded, max(end, batch.first_seq), hole, writer, experiment)

    def _check_overlap(self, batch: Batch, decoded: list[Run | EventAt], writer: Writer | None, end: int) -> None:
        if writer is None:
            return
        sent = digest_of(batch.writer_id, before(decoded, end))
        held = held_digest(self._sql, writer.row, writer.writer_id, batch.first_seq, end)
        missing = sum(
            min(h.end_seq, end) - max(h.first_seq, batch.first_seq)
            for h in writer.holes
            if h.end_seq > batch.first_seq and h.first_seq < end
        )
        if missing == 0 and (sent.low, sent.high) != (held.low, held.high):
            raise Overlap(
                f"writer {batch.writer_id} sent seqs {batch.first_seq} to {end - 1} with other content than is held. "
                "Was its spool copied? Send these events under a new writer id"
            )

    def _write(
        self,
        batch: Batch,
        decoded: list[Run | EventAt],
        first_seq: int,
        hole: Hole | None,
        writer: Writer | None,
        experiment: Experiment | None,
    ) -> None:
        self.changed = True
        experiment = experiment or self._new_experiment(batch, decoded)
        writer = writer or self._new_writer(batch, experiment)
        events = [part for part in decoded if isinstance(part, EventAt)]
        runs = [part for part in decoded if isinstance(part, Run)]
        if runs:
            self._write_runs(batch, runs, first_seq, writer, experiment)
        if events:
            self._write_events(events, writer, experiment)
        digest = digest_of(batch.writer_id, decoded)
        writer.digest = writer.digest + digest
        writer.held = ranges(
            [*writer.held, (first_seq, batch.end_seq), *([(hole.first_seq, hole.end_seq)] if hole else [])]
        )
        writer.holes = (*writer.holes, hole) if hole else writer.holes
        experiment.generation = max(experiment.generation, batch.generation)
        experiment.points += digest.points
        experiment.events += digest.events
        experiment.changed = True

    def _write_runs(
        self, batch: Batch, runs: list[Run], first_seq: int, writer: Writer, experiment: Experiment
    ) -> None:
        body = batch.body if first_seq == batch.first_seq else cut(batch, first_seq)
        count = batch.end_seq - first_seq
        self._sql.execute(
            "INSERT INTO tail (experiment, writer, first_seq, frames, position, body) VALUES (?, ?, ?, ?, ?, ?)",
            (experiment.row, writer.row, first_seq, count, self.position, body),
        )
        for run in runs:
            found = summaries.parts(run.steps, run.times_us, run.values)
            for metric, part in zip(run.schema.keys, found, strict=True):
                held = experiment.parts.get(metric)
                if held is None:
                    experiment.parts[metric] = part
                elif part.ascending and held.ascending and part.first_step > held.last_step:
                    experiment.parts[metric] = summaries.join(held, part)
                else:
                    experiment.parts[metric] = summaries.behind(held, part)
            experiment.last_step = max(found[0].last_step, -1 if experiment.last_step is None else experiment.last_step)
            experiment.last_event_us = max(experiment.last_event_us, int(run.times_us[-1]))
        waiting = self._tails.get(writer.row)
        if waiting is None:  # a store just opened: what an earlier process left counts too
            waiting = (
                self._sql.execute(
                    "SELECT coalesce(sum(frames), 0) FROM tail WHERE writer = ?", (writer.row,)
                ).fetchone()[0]
                - count
            )
        self._tails[writer.row] = waiting + count

    def _write_events(self, events: list[EventAt], writer: Writer, experiment: Experiment) -> None:
        fresh: list[tuple[Key, dict[str, Any]]] = []
        for event in events:
            kind = event.content["kind"]
            self._sql.execute(
                "INSERT INTO event (experiment, writer, seq, position, kind, content) VALUES (?, ?, ?, ?, ?, ?)",
                (experiment.row, writer.row, event.seq, self.position, kind, event.raw.decode("ascii")),
            )
            time_us = event.content.get("time_us")
            if isinstance(time_us, int):
                experiment.last_event_us = max(experiment.last_event_us, time_us)
            step = event.content.get("step")
            if kind == kinds.TEXT and isinstance(step, int):
                experiment.last_step = max(step, -1 if experiment.last_step is None else experiment.last_step)
            if kind in facts.FACT_KINDS:
                fresh.append(
                    (facts.order(kind, (writer.generation, writer.writer_id, event.seq), self.position), event.content)
                )
        if not fresh:
            return
        if fresh[0][0] > experiment.facts_key:
            experiment.facts = facts.fold(experiment.facts, fresh)
        else:  # an event from before the newest one: fold all of them again in their order
            experiment.facts = facts.fold({}, all_facts(self._sql, experiment.row))
        experiment.facts_key = max(experiment.facts_key, max(key for key, _ in fresh))

    # --- rows --------------------------------------------------------------------------------------------------

    def _writer(self, writer_id: str) -> Writer | None:
        if writer_id not in self._writers:
            found = load_writer(self._sql, writer_id)
            if found is None:
                return None
            self._writers[writer_id] = found
        return self._writers[writer_id]

    def _new_writer(self, batch: Batch, experiment: Experiment) -> Writer:
        row = self._sql.execute(
            "INSERT INTO writer (writer_id, experiment, generation, held, durable, low, high, events, points, holes) "
            "VALUES (?, ?, ?, '[]', '[]', '0', '0', 0, 0, '[]')",
            (batch.writer_id, experiment.row, batch.generation),
        ).lastrowid
        assert row is not None
        writer = Writer(row, batch.writer_id, experiment.row, batch.generation, (), (), Digest(), ())
        self._writers[batch.writer_id] = writer
        return writer

    def _experiment(self, experiment_id: str) -> Experiment | None:
        if experiment_id not in self._experiments:
            row = self._sql.execute(
                "SELECT id, facts, facts_key, generation, created_us, last_event_us, "
                "last_step, points, events FROM experiment "
                "WHERE experiment_id = ?",
                (experiment_id,),
            ).fetchone()
            if row is None:
                return None
            key = json.loads(row[2])
            self._experiments[experiment_id] = Experiment(
                row[0], experiment_id, json.loads(row[1]), (key[0], key[1], key[2]), *row[3:]
            )
        return self._experiments[experiment_id]

    def _new_experiment(self, batch: Batch, decoded: list[Run | EventAt]) -> Experiment:
        first = decoded[0]
        told = int(first.times_us[0]) if isinstance(first, Run) else first.content.get("time_us")
        created_us = told if isinstance(told, int) and told > 0 else int(self._now_s * 1e6)
        row = self._sql.execute(
            "INSERT INTO experiment (experiment_id, project, facts, facts_key, "
            "generation, created_us, last_event_us, last_heard_s, "
            "points, events, position, merges) VALUES (?, ?, '{}', '[-1, \"\", -1]', ?, ?, ?, ?, 0, 0, ?, 0)",
            (batch.experiment_id, batch.project, batch.generation, created_us, created_us, self._now_s, self.position),
        ).lastrowid
        assert row is not None
        experiment = Experiment(
            row, batch.experiment_id, {}, (-1, "", -1), batch.generation, created_us, created_us, None, 0, 0
        )
        self._experiments[batch.experiment_id] = experiment
        return experiment

    def _write_experiment(self, e: Experiment) -> None:
        self._write_series(e)
        self._sql.execute(
            "UPDATE experiment SET facts = ?, facts_key = ?, generation = ?, "
            "last_event_us = ?, last_heard_s = ?, last_step = ?, points = ?, "
            "events = ?, position = ? WHERE id = ?",
            (
                json.dumps(e.facts), json.dumps(e.facts_key), e.generation, e.last_event_us, self._now_s,
                e.last_step, e.points, e.events,
                self.position, e.row,
            ),
        )  # fmt: skip

    def _write_series(self, e: Experiment) -> None:
        for metric, part in e.parts.items():
            series = self._series_ids.get((e.row, metric))
            row = None
            if series is not None:
                row = self._sql.execute(f"SELECT {summaries.COLUMNS} FROM series WHERE id = ?", (series,)).fetchone()
            if row is None:
                found = self._sql.execute(
                    f"SELECT id, {summaries.COLUMNS} FROM series WHERE experiment = ? AND metric = ?", (e.row, metric)
                ).fetchone()
                if found is None:
                    marks = ", ".join("?" * 13)
                    values = summaries.row_of(part, stale=not part.ascending)
                    series = self._sql.execute(
                        f"INSERT INTO series (experiment, metric, chunks, position, "
                        f"{summaries.COLUMNS}) VALUES (?, ?, 0, ?, {marks})",
                        (e.row, metric, self.position, *values),
                    ).lastrowid
                    assert series is not None
                    self._series_ids[e.row, metric] = series
                    continue
                series, row = found[0], found[1:]
                self._series_ids[e.row, metric] = series
            held, stale = summaries.part_of(row)
            ordered = part.ascending and part.first_step > held.last_step
            joined = summaries.join(held, part) if ordered else summaries.behind(held, part)
            sets = ", ".join(f"{name.strip()} = ?" for name in summaries.COLUMNS.split(","))
            self._sql.execute(
                f"UPDATE series SET {sets}, position = ? WHERE id = ?",
                (*summaries.row_of(joined, stale=stale or not ordered), self.position, series),
            )

    def _write_writer(self, w: Writer) -> None:
        self._sql.execute(
            "UPDATE writer SET held = ?, low = ?, high = ?, events = ?, points = ?, holes = ? WHERE id = ?",
            (
                json.dumps(w.held), str(w.digest.low), str(w.digest.high), w.digest.events, w.digest.points,
                json.dumps([[h.first_seq, h.end_seq, h.reason] for h in w.holes]), w.row,
            ),
        )  # fmt: skip
        if self._tails.get(w.row, 0) >= CHUNK_FRAMES:
            chunk_tail(self._sql, w.row, w.experiment, self._series_ids)
            self._tails[w.row] = 0


def load_writer(connection: sqlite3.Connection, writer_id: str) -> Writer | None:
    """What is stored of a writer, or None."""
    row = connection.execute(
        "SELECT id, writer_id, experiment, generation, held, durable, low, high, "
        "events, points, holes FROM writer WHERE writer_id = ?",
        (writer_id,),
    ).fetchone()
    return None if row is None else writer_of(row)


def writer_of(row: Sequence[Any]) -> Writer:
    """The writer in a row with the columns that `load_writer` names."""
    return Writer(
        row[0],
        row[1],
        row[2],
        row[3],
        ranges(json.loads(row[4])),
        ranges(json.loads(row[5])),
        Digest(int(row[6]), int(row[7]), row[8], row[9]),
        tuple(Hole(first_seq=a, end_seq=b, reason=why) for a, b, why in json.loads(row[10])),
    )


def receipt_of(w: Writer, *, store_id: str, incarnation: str, persistent: bool) -> Receipt:
    """A writer's receipt; on a disk that keeps, durable is what is accepted."""
    return Receipt(
        writer_id=w.writer_id,
        store_id=store_id,
        incarnation=incarnation,
        accepted=w.held,
        durable=w.held if persistent else w.durable,
        events=w.digest.events,
        points=w.digest.points,
        digest=w.digest.hex(),
        holes=w.holes,
    )


def all_facts(connection: sqlite3.Connection, experiment: int) -> list[tuple[Key, dict[str, Any]]]:
    """All events that say something about an experiment, in the order of the fold."""
    marks = ", ".join("?" * len(facts.FACT_KINDS))
    rows = connection.execute(
        f"SELECT w.generation, w.writer_id, e.seq, e.position, e.content FROM event e JOIN writer w ON w.id = e.writer "
        f"WHERE e.experiment = ? AND e.kind IN ({marks})",
        (experiment, *facts.FACT_KINDS),
    )
    found = []
    for generation, writer_id, seq, position, content in rows:
        event = json.loads(content)
        found.append((facts.order(event["kind"], (generation, writer_id, seq), position), event))
    return sorted(found, key=lambda pair: pair[0])


def checked(batch: Batch) -> list[Run | EventAt]:
    """The frames of a batch. Raises Rejected if they are not what its head says."""
    schemas: dict[int, Schema] = {}
    try:
        decoded = decode(batch.body, batch.first_seq, schemas=schemas)
    except CorruptFrame as error:
        raise Rejected(f"the batch of writer {batch.writer_id} cannot be read: {error}") from None
    count = sum(len(part.steps) if isinstance(part, Run) else 1 for part in decoded)
    if count != batch.count:
        raise Rejected(f"the batch of writer {batch.writer_id} says {batch.count} frames and holds {count}")
    for part in decoded:
        if isinstance(part, Run) and part.steps.min() < 0:
            raise Rejected(f"the batch of writer {batch.writer_id} holds a negative step: {int(part.steps.min())}")
    return decoded


def after(decoded: Sequence[Run | EventAt], seq: int) -> list[Run | EventAt]:
    """What stands at or behind a seq."""
    kept: list[Run | EventAt] = []
    for part in decoded:
        if isinstance(part, EventAt):
            if part.seq >= seq:
                kept.append(part)
        elif part.first_seq + len(part.steps) > seq:
            skip = max(0, seq - part.first_seq)
            kept.append(
                Run(part.schema, part.first_seq + skip, part.steps[skip:], part.times_us[skip:], part.values[skip:])
            )
    return kept


def before(decoded: Sequence[Run | EventAt], seq: int) -> list[Run | EventAt]:
    """What stands before a seq."""
    kept: list[Run | EventAt] = []
    for part in decoded:
        if isinstance(part, EventAt):
            if part.seq < seq:
                kept.append(part)
        elif part.first_seq < seq:
            n = seq - part.first_seq
            kept.append(Run(part.schema, part.first_seq, part.steps[:n], part.times_us[:n], part.values[:n]))
    return kept


def cut(batch: Batch, first_seq: int) -> bytes:
    """The batch's body without the frames before a seq; all its schemas stay."""
    seq, kept = batch.first_seq, []
    for frame in frames(batch.body, check=False):
        is_schema = frame.kind == 3
        if is_schema or seq >= first_seq:
            kept.append(batch.body[frame.start : frame.end])
        seq += 0 if is_schema else 1
    return b"".join(kept)
