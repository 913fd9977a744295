"""The parts a series is read from: chunk headers and points in the tail, with caches that other processes cannot spoil.

Rows of the tail and chunks never change; they only vanish, and then the experiment's `merges` has grown. So what was
read stays true while `merges` is the same, whoever wrote it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from trackio_client.store.cells import Drawn
from trackio_client.store.chunks import OVERVIEW, Columns, window
from trackio_client.store.chunks import decode as decode_chunk
from trackio_client.store.columns import Floats, Ints, Run, decode
from trackio_client.store.placed import Chunks, Placed, read_chunks, read_placed
from trackio_client.store.sketches import Sketched
from trackio_client.wire.frames import Schema

P = TypeVar("P", bound=Placed)
CACHED_TAILS = 512
CACHED_HEADERS = 8192
CACHED_BUCKETS = 500_000
"""Buckets kept as they were drawn last, 72 bytes each: four pages of 24 charts × 10 experiments."""
CACHED_POINTS = 2_000_000
"""Decoded points kept, about 32 bytes each; a client that only writes decodes none."""


@dataclass(frozen=True, slots=True)
class Points:
    """Points with what decides which of a repeated step is later. Arrays are (n,)."""

    steps: Ints
    values: Floats
    times_us: Ints
    seqs: Ints
    ranks: Ints
    """Of the writer, by (generation, writer id)."""
    positions: Ints

    def __len__(self) -> int:
        return len(self.steps)

    def take(self, index: Any) -> Points:
        return Points(*(getattr(self, name)[index] for name in self.__slots__))


EMPTY = Points(*(np.empty(0, dtype=d) for d in ("<i8", "<f8", "<i8", "<i8", "<i8", "<i8")))


def concatenated(parts: Iterable[Points]) -> Points:
    """All points in the order given."""
    some = [part for part in parts if len(part)]
    if not some:
        return EMPTY
    if len(some) == 1:
        return some[0]
    return Points(*(np.concatenate([getattr(part, name) for part in some]) for name in Points.__slots__))


def resolved(points: Points) -> Points:
    """Sorted by step, strictly increasing: of a repeated step the later (rank, seq) stands."""
    steps = points.steps
    if len(steps) < 2 or (steps[1:] > steps[:-1]).all():
        return points
    order = np.lexsort((points.seqs, points.ranks, steps))
    ordered = steps[order]
    last = np.append(ordered[1:] != ordered[:-1], True)
    return points.take(order[last])


@dataclass(slots=True)
class _Table:
    """Points of the tail under one schema, of all writers."""

    schema: Schema
    pending: list[tuple[int, int, Run]] = field(default_factory=list)  # writer, position, run
    steps: Ints = field(default_factory=lambda: np.empty(0, dtype="<i8"))
    times_us: Ints = field(default_factory=lambda: np.empty(0, dtype="<i8"))
    seqs: Ints = field(default_factory=lambda: np.empty(0, dtype="<i8"))
    writers: Ints = field(default_factory=lambda: np.empty(0, dtype="<i8"))
    positions: Ints = field(default_factory=lambda: np.empty(0, dtype="<i8"))
    values: Floats = field(default_factory=lambda: np.empty((0, 0), dtype="<f8"))

    def settle(self) -> None:
        if not self.pending:
            return
        runs = [run for _, _, run in self.pending]
        counts = [len(run.steps) for run in runs]
        self.steps = np.concatenate([self.steps, *(run.steps for run in runs)])
        self.times_us = np.concatenate([self.times_us, *(run.times_us for run in runs)])
        self.seqs = np.concatenate([self.seqs, *(run.seqs for run in runs)])
        self.writers = np.concatenate([self.writers, np.repeat([w for w, _, _ in self.pending], counts)])
        self.positions = np.concatenate([self.positions, np.repeat([p for _, p, _ in self.pending], counts)])
        empty = self.values.reshape(-1, len(self.schema.keys))
        self.values = np.concatenate([empty, *(run.values for run in runs)])
        self.pending.clear()


@dataclass(slots=True)
class Tail:
    """The tail of one experiment, decoded."""

    merges: int
    last_id: int = 0
    tables: dict[int, _Table] = field(default_factory=dict)
    columns: dict[str, list[tuple[_Table, int]]] = field(default_factory=dict)

    def add(self, writer: int, position: int, run: Run) -> None:
        table = self.tables.get(run.schema.id)
        if table is None:
            table = self.tables[run.schema.id] = _Table(run.schema)
            for index, metric in enumerate(run.schema.keys):
                self.columns.setdefault(metric, []).append((table, index))
        table.pending.append((writer, position, run))

    def points(self, metric: str, ranks: dict[int, int], position: int) -> Points:
        """All points of a metric that came until a position, in order of arrival."""
        found = []
        for table, index in self.columns.get(metric, ()):
            table.settle()
            rank = _ranked(table.writers, ranks)
            some = Points(table.steps, table.values[:, index], table.times_us, table.seqs, rank, table.positions)
            if len(some) and some.positions[-1] > position:  # another thread read on meanwhile
                some = some.take(some.positions <= position)
            found.append(some)
        points = concatenated(found)
        if len(found) > 1:
            points = points.take(np.lexsort((points.seqs, points.positions)))
        return points


def _ranked(writers: Ints, ranks: dict[int, int]) -> Ints:
    if len(ranks) == 1 or len(writers) == 0:
        return np.zeros(len(writers), dtype="<i8")
    known = np.unique(writers)
    return np.array([ranks.get(int(w), 0) for w in known], dtype="<i8")[np.searchsorted(known, writers)]


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One row of the table `series` that a query asks for."""

    id: int
    experiment: int
    experiment_id: str
    metric: str
    merges: int
    position: int
    first_step: int
    last_step: int
    points: int
    bad: int
    last: float | None
    """The value at the last step; None if it is no finite number, or steps were told again since it was known."""


class Parts:
    """Reads parts of series through any read connection. One per store; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tails: OrderedDict[int, Tail] = OrderedDict()
        self._headers: OrderedDict[int, tuple[int, Placed]] = OrderedDict()
        self._ranks: OrderedDict[int, dict[int, int]] = OrderedDict()
        self._decoded: OrderedDict[tuple[int, int, int], Columns] = OrderedDict()
        self._decoded_points = 0
        self._drawings: OrderedDict[Hashable, tuple[int, Drawn]] = OrderedDict()
        self._drawn_buckets = 0

    def forget(self) -> None:
        """Drop all caches (the file was replaced, or an experiment deleted)."""
        with self._lock:
            self._tails.clear()
            self._headers.clear()
            self._ranks.clear()
            self._decoded.clear()
            self._decoded_points = 0
            self._drawings.clear()
            self._drawn_buckets = 0

    def drawing(self, key: Hashable) -> tuple[int, Drawn] | None:
        """(position, buckets) of a series as it was drawn last for the same question."""
        with self._lock:
            found = self._drawings.get(key)
            if found is not None:
                self._drawings.move_to_end(key)
            return found

    def keep_drawing(self, key: Hashable, position: int, drawn: Drawn) -> None:
        with self._lock:
            old = self._drawings.pop(key, None)
            self._drawings[key] = (position, drawn)
            self._drawn_buckets += len(drawn) - (0 if old is None else len(old[1]))
            while self._drawn_buckets > CACHED_BUCKETS and len(self._drawings) > 1:
                _, (_, dropped) = self._drawings.popitem(last=False)
                self._drawn_buckets -= len(dropped)

    def ranks(self, sql: sqlite3.Connection, experiment: int) -> dict[int, int]:
        """Writer row → rank in (generation, writer id)."""
        count = sql.execute("SELECT count(*) FROM writer WHERE experiment = ?", (experiment,)).fetchone()[0]
        known = self._ranks.get(experiment)
        if known is None or len(known) != count:
            rows = sql.execute(
                "SELECT id FROM writer WHERE experiment = ? ORDER BY generation, writer_id", (experiment,)
            )
            known = {row[0]: rank for rank, row in enumerate(rows)}
            with self._lock:
                _keep(self._ranks, experiment, known, CACHED_TAILS)
        return known

    def tail(self, sql: sqlite3.Connection, experiment: int, merges: int) -> Tail:
        """The tail of an experiment; more may be added to it while other threads read it: ask `tail_points`."""
        with self._lock:
            tail = self._tails.get(experiment)
            if tail is None or tail.merges != merges:
                tail = Tail(merges)
            _keep(self._tails, experiment, tail, CACHED_TAILS)
            rows = sql.execute(
                "SELECT id, writer, first_seq, position, body FROM tail WHERE experiment = ? AND id > ? ORDER BY id",
                (experiment, tail.last_id),
            ).fetchall()
            for row, writer, first_seq, position, body in rows:
                for part in decode(body, first_seq):
                    if isinstance(part, Run):
                        tail.add(writer, position, part)
                tail.last_id = row
            return tail

    def tail_points(self, tail: Tail, metric: str, ranks: dict[int, int], position: int) -> Points:
        """The points of a metric in the tail that came until a position, in order of arrival."""
        with self._lock:
            return tail.points(metric, ranks, position)

    def placed(self, sql: sqlite3.Connection, series: SeriesRow) -> Placed:
        """Where the chunks of a series lie: a third of the work of their whole headers."""
        held = self._headers.get(series.id)
        if held is not None and held[0] == series.merges:
            return held[1]
        return self._kept(series, read_placed(sql, series.id))

    def chunks(self, sql: sqlite3.Connection, series: SeriesRow) -> Chunks:
        """The headers of a series."""
        held = self._headers.get(series.id)
        if held is not None and held[0] == series.merges and isinstance(held[1], Chunks):
            return held[1]
        return self._kept(series, read_chunks(sql, series.id))

    def _kept(self, series: SeriesRow, found: P) -> P:
        with self._lock:
            _keep(self._headers, series.id, (series.merges, found), CACHED_HEADERS)
        return found

    def overviews(
        self, sql: sqlite3.Connection, series: SeriesRow, nos: Ints, *, outlines: bool = False
    ) -> npt.NDArray[np.void]:
        """The rows of OVERVIEW of these chunks, one behind the other; at least one number.

        With `outlines` of 512 points each. A chunk that was written before there were outlines has the others alone:
        then all rows are of 64 points.
        """
        return np.frombuffer(b"".join(self.overview_bytes(sql, series, nos, outlines=outlines)), dtype=OVERVIEW)

    def overview_bytes(
        self, sql: sqlite3.Connection, series: SeriesRow, nos: Ints, *, outlines: bool = False
    ) -> list[bytes]:
        """As `overviews`, as they are stored, a chunk each."""
        found = _stored(sql, "outline" if outlines else "overview", series, nos)
        return self.overview_bytes(sql, series, nos) if outlines and len(found) < len(nos) else found

    def sketched(
        self,
        sql: sqlite3.Connection,
        series: SeriesRow,
        held: Placed,
        wanted: Any,
        level: int,
        between: tuple[float | None, float | None],
    ) -> Sketched | None:
        """The sketches of these chunks, or None where not each of them has one."""
        nos = held.nos[wanted]
        query = "SELECT data FROM sketch WHERE series = ? AND level = ? AND no BETWEEN ? AND ? ORDER BY no"
        found = [row[0] for row in sql.execute(query, (series.id, level, int(nos[0]), int(nos[-1])))]
        if len(found) != len(nos):
            return None
        return Sketched(found, held.begin[wanted], held.end[wanted], held.counts[wanted], between)

    def windows(
        self, sql: sqlite3.Connection, series: SeriesRow, nos: Ints, first: int, last: int
    ) -> list[tuple[Ints, Floats]]:
        """Steps and values from one step to another of these chunks, whose steps ascend; nothing of it is kept."""
        return [window(data, first, last) for data in _stored(sql, "points", series, nos)]

    def chunk(
        self, sql: sqlite3.Connection, series: SeriesRow, head: np.void, rank: int, *, times: bool, order: bool
    ) -> Points:
        """The points of one chunk, in order of arrival. Times and what orders repeats may be empty if not wanted."""
        no, n = int(head["no"]), int(head["n"])
        key = (series.id, no, n)
        with self._lock:
            columns = self._decoded.get(key)
            if columns is not None:
                self._decoded.move_to_end(key)
                lacks = (times and not len(columns.times_us)) or (order and not len(columns.seqs))
                columns = None if lacks else columns
        if columns is None:
            row = sql.execute("SELECT data FROM points WHERE series = ? AND no = ?", (series.id, no)).fetchone()
            columns = decode_chunk(row[0], times=times, order=order)
            with self._lock:
                if key not in self._decoded:
                    self._decoded_points += n
                self._decoded[key] = columns
                while self._decoded_points > CACHED_POINTS:
                    old, _ = self._decoded.popitem(last=False)
                    self._decoded_points -= old[2]
        return Points(
            columns.steps,
            columns.values,
            columns.times_us if times else columns.steps,
            columns.seqs if order else columns.steps,
            np.full(n, rank, dtype="<i8"),
            columns.positions if order else columns.steps,
        )


def _stored(sql: sqlite3.Connection, table: str, series: SeriesRow, nos: Ints) -> list[bytes]:
    """What a table holds of these chunks, in the order of their numbers, which ascend; at least one number."""
    first, last = int(nos[0]), int(nos[-1])
    query = f"FROM {table} WHERE series = ? AND no BETWEEN ? AND ? ORDER BY no"
    found = [row[0] for row in sql.execute(f"SELECT data {query}", (series.id, first, last))]
    if len(found) != len(nos):  # of other chunks between them, or lacking
        wanted = set(nos.tolist())
        rows = sql.execute(f"SELECT no, data {query}", (series.id, first, last))
        found = [data for no, data in rows if no in wanted]
    return found


def _keep(cache: OrderedDict[Any, Any], key: Any, value: Any, most: int) -> None:
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > most:
        cache.popitem(last=False)
