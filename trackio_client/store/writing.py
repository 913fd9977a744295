"""Appending: many batches, one transaction, exactly once.

`Appender` works on one write connection inside a transaction that its owner has begun. It first checks a batch wholly
and only then changes anything, so that a refused batch leaves no trace and its neighbours are not disturbed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from trackio_client.blobs import BlobFolder, cited_in
from trackio_client.errors import Behind, DeliveryError, Gap, Gone, Rejected
from trackio_client.store import cold, facts, files, rows, summaries
from trackio_client.store.checking import between, check_same, checked, cut, known_and_fresh, without
from trackio_client.store.columns import EventAt, Run, digest_of, one_run_a_schema
from trackio_client.store.contract import Outcome
from trackio_client.store.facts import Key
from trackio_client.store.merging import chunk_tail
from trackio_client.store.rows import Experiment, Home, SeriesIds, Writer
from trackio_client.store.spans import minus, of_holes
from trackio_client.wire import events as kinds
from trackio_client.wire.batches import Batch, Hole, Ranges, ranges

CHUNK_FRAMES = 4096
"""Frames of one writer in the tail that are turned into chunks at once; slower writers wait for `merge`."""


class Appender:
    """One transaction's worth of batches. Make one for each transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        now_s: float,
        position: int,
        series_ids: SeriesIds,
        tails: dict[int, int],
        files: BlobFolder,
        holes: bool = True,
    ) -> None:
        self._sql = connection
        self._files = files
        self._may_leave_holes = holes
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

    def finish(self, outcomes: Sequence[tuple[str, DeliveryError | None]], home: Home) -> list[Outcome]:
        """Write rows that were changed, and answer each batch with its error or its writer's receipt."""
        for experiment in self._experiments.values():
            if experiment.changed:
                rows.save_experiment(
                    self._sql, experiment, now_s=self._now_s, position=self.position, series_ids=self._series_ids
                )
        for writer in (w for w in self._writers.values() if w.changed):
            rows.save_writer(self._sql, writer)
            if self._tails.get(writer.row, 0) >= CHUNK_FRAMES:
                chunk_tail(self._sql, writer.row, writer.experiment)
                self._tails[writer.row] = 0
        receipts = {name: home.receipt(name, self._writers.get(name)) for name, _ in outcomes}
        return [receipts[name] if error is None else error for name, error in outcomes]

    # --- one batch ---------------------------------------------------------------------------------------------

    def _append(self, batch: Batch) -> None:
        if self._sql.execute("SELECT 1 FROM tombstone WHERE experiment_id = ?", (batch.experiment_id,)).fetchone():
            raise Gone(f"experiment {batch.experiment_id} was deleted; its events are no longer taken")
        writer, experiment = self._writer(batch.writer_id), self._experiment(batch.experiment_id)
        if writer is not None and (experiment is None or writer.experiment != experiment.row):
            raise Rejected(
                f"writer {batch.writer_id} writes to another experiment than {batch.experiment_id}: use a new writer id"
            )
        decoded = checked(batch) if batch.count else []
        known, fresh = known_and_fresh(batch, writer)
        holes = _holes(batch, writer) if batch.count else ()
        if holes and not self._may_leave_holes:
            raise Behind(
                f"writer {batch.writer_id} no longer has seqs {holes[0].first_seq} to {holes[-1].end_seq - 1}: "
                "they may be in the repo"
            )
        if writer is not None:
            if known and writer.owed is not None:  # what is cold cannot be compared: it counts as the same
                known = minus(known, cold.of_writer(self._sql, writer.experiment, writer.writer_id))
            check_same(self._sql, writer, decoded, known)
        if fresh:
            files.check_here(self._files, batch, (part for at in fresh for part in between(decoded, *at)))
            self._write(batch, decoded, fresh, holes, writer, experiment)
        elif experiment is not None:
            rows.heard(self._sql, experiment, self._now_s)

    def _write(
        self,
        batch: Batch,
        decoded: list[Run | EventAt],
        fresh: Ranges,
        holes: tuple[Hole, ...],
        writer: Writer | None,
        experiment: Experiment | None,
    ) -> None:
        self.changed = True
        if experiment is None:
            experiment = rows.new_experiment(self._sql, batch, decoded[0], now_s=self._now_s, position=self.position)
            self._experiments[batch.experiment_id] = experiment
        if writer is None:
            writer = self._writers[batch.writer_id] = rows.new_writer(
                self._sql, batch.writer_id, batch.generation, experiment.row
            )
        for low, high in fresh:
            part = between(decoded, low, high)
            runs = [each for each in part if isinstance(each, Run)]
            if runs:
                self._write_runs(cut(batch, low, high), runs, low, high - low, writer, experiment)
            self._write_events([each for each in part if isinstance(each, EventAt)], writer, experiment)
            digest = digest_of(batch.writer_id, part)
            writer.digest = writer.digest + digest
            experiment.points += digest.points
            experiment.events += digest.events
        writer.holes = (*without(writer.holes, fresh), *holes)
        writer.held = ranges([*writer.held, *fresh, *of_holes(holes)])
        writer.durable = minus(writer.durable, fresh)  # a hole was durable as a hole; its frames are not
        experiment.generation = max(experiment.generation, batch.generation)
        writer.changed = experiment.changed = True

    def _write_runs(
        self, body: bytes, runs: list[Run], first_seq: int, count: int, writer: Writer, experiment: Experiment
    ) -> None:
        if writer.row not in self._tails:  # a store just opened: what an earlier process left counts too
            (self._tails[writer.row],) = self._sql.execute(
                "SELECT coalesce(sum(frames), 0) FROM tail WHERE writer = ?", (writer.row,)
            ).fetchone()
        self._tails[writer.row] += count
        self._sql.execute(
            "INSERT INTO tail (experiment, writer, first_seq, frames, position, body) VALUES (?, ?, ?, ?, ?, ?)",
            (experiment.row, writer.row, first_seq, count, self.position, body),
        )
        for run in _fewer(runs):
            found = summaries.parts(run.steps, run.times_us, run.values)
            for metric, part in zip(run.schema.keys, found, strict=True):
                held = experiment.parts.get(metric)
                experiment.parts[metric] = part if held is None else summaries.together(held, part)[0]
            experiment.reaches(step=int(run.steps.max()), time_us=int(run.times_us.max()))

    def _write_events(self, events: list[EventAt], writer: Writer, experiment: Experiment) -> None:
        fresh: list[tuple[Key, dict[str, Any]]] = []
        for event in events:
            kind = event.content["kind"]
            self._sql.execute(
                "INSERT INTO event (experiment, writer, seq, position, kind, content) VALUES (?, ?, ?, ?, ?, ?)",
                (experiment.row, writer.row, event.seq, self.position, kind, event.raw.decode("ascii")),
            )
            if "blobs" in event.content:
                files.note(self._sql, experiment.row, kind, cited_in(event.content))
            if not facts.is_edit(event.content):
                step = facts.whole(event.content.get("step")) if kind == kinds.TEXT else None
                experiment.reaches(step=step, time_us=facts.whole(event.content.get("time_us")))
            if kind in facts.FACT_KINDS:
                key = facts.order(event.content, (writer.generation, writer.writer_id, event.seq))
                fresh.append((key, event.content))
        if not fresh:
            return
        keys = [experiment.facts_key, *(key for key, _ in fresh)]
        if keys == sorted(keys):
            experiment.facts = facts.fold(experiment.facts, fresh)
        elif not cold.is_waited_for(self._sql, experiment.row):
            # An event from before the newest one: fold all of them again in their order.
            experiment.facts = facts.fold({}, rows.all_facts(self._sql, experiment.row))
        else:  # not all of them are here: what is newest by generation is shown until they are
            newest = [pair for pair in fresh if pair[0][0] >= experiment.generation]
            experiment.facts = facts.fold(experiment.facts, sorted(newest, key=lambda pair: pair[0]))
            experiment.recount = True
        experiment.facts_key = max(keys)

    def _writer(self, writer_id: str) -> Writer | None:
        if writer_id not in self._writers:
            found = rows.load_writer(self._sql, writer_id)
            if found is None:
                return None
            self._writers[writer_id] = found
        return self._writers[writer_id]

    def _experiment(self, experiment_id: str) -> Experiment | None:
        if experiment_id not in self._experiments:
            found = rows.load_experiment(self._sql, experiment_id)
            if found is None:
                return None
            self._experiments[experiment_id] = found
        return self._experiments[experiment_id]


def _holes(batch: Batch, writer: Writer | None) -> tuple[Hole, ...]:
    """What a batch leaves out for ever, if anything (protocol rule 9).

    Raises Gap: seqs before the batch are not held, and its writer can still send them.
    """
    end = writer.end if writer else 0
    if batch.first_seq <= end:
        return ()
    want = max(end, batch.first_held)
    if batch.first_seq > want or batch.first_held <= end:
        raise Gap(f"writer {batch.writer_id} sent seq {batch.first_seq}, but {want} is wanted first", want=want)
    left_out = minus(((end, batch.first_seq),), writer.held if writer else ())
    return tuple(Hole(first_seq=a, end_seq=b, reason="the client no longer holds them") for a, b in left_out)


def _fewer(runs: list[Run]) -> list[Run]:
    """The same frames in fewer runs, one a schema, where no metric is in two of them: order between them is nothing."""
    keys = [key for schema in {run.schema.id: run.schema for run in runs}.values() for key in schema.keys]
    return [run for run, _ in one_run_a_schema(runs)] if len(keys) == len(set(keys)) else runs
