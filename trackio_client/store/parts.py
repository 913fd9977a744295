"""The parts a series is read from: chunk headers and points in the tail, with caches that other processes cannot spoil.

Rows of the tail and chunks never change; they only vanish, and then the experiment's `merges` has grown. So what was
read stays true while `merges` is the same, whoever wrote it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from trackio_client.store.chunks import OVERVIEW, Columns
from trackio_client.store.chunks import decode as decode_chunk
from trackio_client.store.columns import Floats, Ints, Run, decode
from trackio_client.wire.frames import Schema

HEADERS = np.dtype(
    [
        ("no", "<i8"),
        ("writer", "<i8"),
        ("n", "<i8"),
        ("position", "<i8"),
        ("step0", "<i8"),
        ("step1", "<i8"),
        ("ascending", "?"),
    ]
)
CACHED_TAILS = 512
CACHED_HEADERS = 8192
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

    def points(self, metric: str, ranks: dict[int, int]) -> Points:
        """All points of a metric in order of arrival."""
        found = []
        for table, index in self.columns.get(metric, ()):
            table.settle()
            rank = _ranked(table.writers, ranks)
            found.append(Points(table.steps, table.values[:, index], table.times_us, table.seqs, rank, table.positions))
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


class Parts:
    """Reads parts of series through any read connection. One per store; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tails: OrderedDict[int, Tail] = OrderedDict()
        self._headers: OrderedDict[int, tuple[int, npt.NDArray[np.void]]] = OrderedDict()
        self._ranks: OrderedDict[int, dict[int, int]] = OrderedDict()
        self._decoded: OrderedDict[tuple[int, int, int], Columns] = OrderedDict()
        self._decoded_points = 0

    def forget(self) -> None:
        """Drop all caches (the file was replaced, or an experiment deleted)."""
        with self._lock:
            self._tails.clear()
            self._headers.clear()
            self._ranks.clear()
            self._decoded.clear()
            self._decoded_points = 0

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

    def tail(self, sql: sqlite3.Connection, series: SeriesRow) -> Points:
        """The points of a series that are in the tail, in order of arrival."""
        ranks = self.ranks(sql, series.experiment)
        with self._lock:
            tail = self._tails.get(series.experiment)
            if tail is None or tail.merges != series.merges:
                tail = Tail(series.merges)
            _keep(self._tails, series.experiment, tail, CACHED_TAILS)
            rows = sql.execute(
                "SELECT id, writer, first_seq, position, body FROM tail WHERE experiment = ? AND id > ? ORDER BY id",
                (series.experiment, tail.last_id),
            ).fetchall()
            for row, writer, first_seq, position, body in rows:
                for part in decode(body, first_seq):
                    if isinstance(part, Run):
                        tail.add(writer, position, part)
                tail.last_id = row
            return tail.points(series.metric, ranks)

    def headers(self, sql: sqlite3.Connection, series: SeriesRow) -> npt.NDArray[np.void]:
        """(chunks,) of HEADERS, in order of arrival."""
        held = self._headers.get(series.id)
        if held is not None and held[0] == series.merges:
            return held[1]
        rows = sql.execute(
            "SELECT no, writer, n, position, step0, step1, ascending FROM chunk WHERE series = ? ORDER BY no",
            (series.id,),
        )
        found = np.array(rows.fetchall(), dtype=HEADERS)
        with self._lock:
            _keep(self._headers, series.id, (series.merges, found), CACHED_HEADERS)
        return found

    def overviews(self, sql: sqlite3.Connection, series: SeriesRow, nos: Ints) -> list[npt.NDArray[np.void]]:
        """For each of these chunks (ascending numbers) its rows of OVERVIEW."""
        low, high = int(nos[0]), int(nos[-1])
        rows = sql.execute(
            "SELECT no, data FROM overview WHERE series = ? AND no BETWEEN ? AND ? ORDER BY no", (series.id, low, high)
        )
        wanted = set(nos.tolist())
        return [np.frombuffer(data, dtype=OVERVIEW) for no, data in rows if no in wanted]

    def chunk(self, sql: sqlite3.Connection, series: SeriesRow, head: np.void) -> Points:
        """The points of one chunk, in order of arrival."""
        no, n = int(head["no"]), int(head["n"])
        key = (series.id, no, n)
        with self._lock:
            columns = self._decoded.get(key)
            if columns is not None:
                self._decoded.move_to_end(key)
        if columns is None:
            row = sql.execute("SELECT data FROM points WHERE series = ? AND no = ?", (series.id, no)).fetchone()
            columns = decode_chunk(row[0])
            with self._lock:
                self._decoded[key] = columns
                self._decoded_points += n
                while self._decoded_points > CACHED_POINTS:
                    old, _ = self._decoded.popitem(last=False)
                    self._decoded_points -= old[2]
        rank = self.ranks(sql, series.experiment).get(int(head["writer"]), 0)
        return Points(
            columns.steps,
            columns.values,
            columns.times_us,
            columns.seqs,
            np.full(n, rank, dtype="<i8"),
            np.full(n, head["position"], dtype="<i8"),
        )

    def everything(self, sql: sqlite3.Connection, series: SeriesRow) -> Points:
        """All points of a series in order of arrival."""
        heads = self.headers(sql, series)
        return concatenated([*(self.chunk(sql, series, head) for head in heads), self.tail(sql, series)])


def _keep(cache: OrderedDict[Any, Any], key: Any, value: Any, most: int) -> None:
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > most:
        cache.popitem(last=False)
