"""Rows of a repo's file come into the store, and what came is compared with what was promised.

Points become chunks at once. They never count in a series' summary: the header that was adopted has them already, or
the experiment is recounted when its last file is loaded. Each row that comes is taken off what its writer is owed, so
that at the end nothing need be read again to see whether all came.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trackio_client.blobs import Blob, cited_in
from trackio_client.store import cold, rows, summaries
from trackio_client.store.arrival import in_order, put_in_order, told_us
from trackio_client.store.chunks import Columns
from trackio_client.store.chunks import decode as decode_chunk
from trackio_client.store.cold import Windows
from trackio_client.store.columns import Digest, EventAt, digest_of, digest_points
from trackio_client.store.files import note
from trackio_client.store.holdings import Cold, EventRow, PointRows
from trackio_client.store.merging import SharedAxes, write_chunks
from trackio_client.store.recounting import recount
from trackio_client.store.rows import Writer
from trackio_client.store.spans import common, inside

TOGETHER = 1 << 18
"""Points gathered before they become chunks: 10 MB, and parts of one series in several row groups become one chunk."""
EVENTS_TOGETHER = 1 << 14


@dataclass(frozen=True, slots=True)
class _Event:
    """An event that is wanted, looked into."""

    writer: Writer
    row: EventRow
    kind: str
    text: str
    time_us: int
    files: list[Blob]
    """Those that it cites. They lie in the repo, and come when they are asked for."""


def load(sql: sqlite3.Connection, file: Cold, points: Iterable[PointRows], events: Iterable[EventRow]) -> None:
    """As contract.Store.load."""
    found = sql.execute(
        "SELECT e.id, e.recount, c.windows FROM cold c JOIN experiment e ON e.id = c.experiment "
        "WHERE e.experiment_id = ? AND c.path = ?",
        (file.experiment_id, file.path),
    ).fetchone()
    if found is None:
        return
    listed = cold.windows_of(found[2])
    windows = {w: both for w, pairs in file.windows.items() if (both := common(listed.get(w, ()), pairs))}
    if not windows:
        return
    loader = _Loader(sql, int(found[0]), windows, rows.next_position(sql))
    for part in points:
        loader.points(part)
    loader.flush()
    loader.events(events)
    loader.finish(bool(found[1]))
    cold.taken(sql, loader.experiment, file.path, windows)
    settle(sql, loader.experiment, list(windows), loader.position)


class _Loader:
    """One file's worth of rows, in one write transaction."""

    def __init__(self, sql: sqlite3.Connection, experiment: int, windows: Windows, position: int) -> None:
        self._sql = sql
        self.experiment = experiment
        self.position = position
        self._windows = windows
        known = (rows.load_writer(sql, name) for name in windows)
        self._writers: dict[str, Writer] = {w.writer_id: w for w in known if w is not None}
        self._came: dict[str, Digest] = defaultdict(Digest)
        self._gathered: dict[tuple[str, str], list[PointRows]] = defaultdict(list)
        self._count = 0
        self._shared: tuple[Columns, SharedAxes] | None = None
        self._series: set[int] = set()
        self._lacks_header = False

    # --- points ----------------------------------------------------------------------------------------------------

    def points(self, part: PointRows) -> None:
        """Take the rows that are wanted; they are written a little later."""
        if part.writer_id not in self._writers or not len(part.seqs):
            return
        wanted = inside(part.seqs, self._windows[part.writer_id]) & (part.steps >= 0)
        if not wanted.all():
            part = _chosen(part, wanted)
        self._gathered[part.writer_id, part.metric].append(part)
        self._count += len(part.seqs)
        if self._count >= TOGETHER:
            self.flush()

    def flush(self) -> None:
        for (writer_id, metric), parts in self._gathered.items():
            self._write(self._writers[writer_id], metric, parts)
        self._gathered.clear()
        self._count = 0
        self._shared = None

    def _write(self, writer: Writer, metric: str, parts: list[PointRows]) -> None:
        c = _columns(parts, self.position)
        if len(c.seqs) == 0:
            return
        series = self._series_of(metric, c)
        new = ~np.isin(c.seqs, _held(self._sql, series, writer.row, c))
        if not new.all():  # another file has brought them
            c = Columns(*(getattr(c, name)[new] for name in Columns.__slots__))
            if len(c.seqs) == 0:
                return
        low, high = digest_points(writer.writer_id, metric, c.seqs, c.steps, c.times_us, c.values)
        self._came[writer.writer_id] += Digest(low, high, 0, len(c.seqs))
        c, axes = self._with_shared_axes(c)
        write_chunks(self._sql, series, writer.row, c, axes)
        self._series.add(series)

    def _series_of(self, metric: str, c: Columns) -> int:
        row = self._sql.execute(
            "SELECT id FROM series WHERE experiment = ? AND metric = ?", (self.experiment, metric)
        ).fetchone()
        return self._new_series(metric, c) if row is None else int(row[0])

    def _new_series(self, metric: str, c: Columns) -> int:
        """One that no header told of: these points stand in its summary until all is recounted."""
        self._lacks_header = True
        (part,) = summaries.parts(c.steps, c.times_us, c.values.reshape(-1, 1))
        return rows.new_series(self._sql, self.experiment, metric, part, self.position)

    def _with_shared_axes(self, c: Columns) -> tuple[Columns, SharedAxes]:
        """The points on the axes of those before, if they are the same: what was logged together is encoded once."""
        if self._shared is not None:
            before, axes = self._shared
            names = ("seqs", "steps", "times_us")
            if all(np.array_equal(getattr(before, name), getattr(c, name)) for name in names):
                return Columns(before.steps, c.values, before.times_us, before.seqs, before.positions), axes
        self._shared = (c, {})  # keeps the arrays, whose ids are the keys of the dict
        return self._shared

    # --- events ----------------------------------------------------------------------------------------------------

    def events(self, events: Iterable[EventRow]) -> None:
        """Take the events that are wanted."""
        wanted = (event for row in events if (event := self._event(row)) is not None)
        while some := list(itertools.islice(wanted, EVENTS_TOGETHER)):
            self._write_events(some)

    def _event(self, row: EventRow) -> _Event | None:
        pairs = self._windows.get(row.writer_id, ()) if row.writer_id in self._writers else ()
        if not any(low <= row.seq < high for low, high in pairs):
            return None
        try:
            text = row.raw.decode("ascii")
            content = json.loads(text)
            kind = content["kind"]
            kind.encode()
            return _Event(self._writers[row.writer_id], row, kind, text, told_us(content), cited_in(content))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None  # no event: what is owed will tell

    def _write_events(self, some: list[_Event]) -> None:
        held: dict[str, set[int]] = {}
        low, high = min(each.row.seq for each in some), max(each.row.seq for each in some)
        by_stamp = {(each.row.writer_id, each.row.seq, each.time_us): each for each in some}
        for stamp in in_order(by_stamp):
            each, seq = by_stamp[stamp], stamp[1]
            writer = each.writer
            if writer.writer_id not in held:
                query = "SELECT seq FROM event WHERE writer = ? AND seq BETWEEN ? AND ?"
                held[writer.writer_id] = {seq for (seq,) in self._sql.execute(query, (writer.row, low, high))}
            if seq in held[writer.writer_id]:  # another file has brought it
                continue
            held[writer.writer_id].add(seq)
            self._sql.execute(
                "INSERT INTO event (experiment, writer, seq, position, kind, content) VALUES (?, ?, ?, ?, ?, ?)",
                (self.experiment, writer.row, seq, self.position, each.kind, each.text),
            )
            if each.files:
                note(self._sql, self.experiment, each.kind, each.files)
            came = digest_of(writer.writer_id, [EventAt(seq, {}, each.row.raw)])
            self._came[writer.writer_id] += Digest(came.low, came.high, 0, 0)

    # --- the end ---------------------------------------------------------------------------------------------------

    def finish(self, recounts: bool) -> None:
        """Take what came off what is owed, and show it."""
        for writer_id, came in self._came.items():
            writer = self._writers[writer_id]
            left = (writer.owed or Digest()) - came
            writer.owed = Digest(left.low, left.high, 0, left.points)
            rows.save_writer(self._sql, writer)
        self._sql.executemany(
            "UPDATE series SET position = ? WHERE id = ?", [(self.position, series) for series in self._series]
        )
        self._sql.execute(
            "UPDATE experiment SET merges = merges + 1, position = ?, recount = ? WHERE id = ?",
            (self.position, recounts or self._lacks_header, self.experiment),
        )


def _chosen(part: PointRows, which: npt.NDArray[np.bool_]) -> PointRows:
    columns = (part.seqs[which], part.steps[which], part.times_us[which], part.values[which])
    return PointRows(part.experiment_id, part.writer_id, part.metric, *columns)


def _columns(parts: list[PointRows], position: int) -> Columns:
    """Parts of one series and writer as one, by seq, each seq once."""
    seqs, steps, times, values = (
        getattr(parts[0], name) if len(parts) == 1 else np.concatenate([getattr(part, name) for part in parts])
        for name in ("seqs", "steps", "times_us", "values")
    )
    if (seqs[1:] <= seqs[:-1]).any():
        _, first = np.unique(seqs, return_index=True)
        seqs, steps, times, values = seqs[first], steps[first], times[first], values[first]
    return Columns(steps, values, times, seqs, np.full(len(seqs), position, dtype=np.int64))


def _held(sql: sqlite3.Connection, series: int, writer: int, c: Columns) -> npt.NDArray[np.int64]:
    """The seqs of a writer that a series has in chunks that lie around these points."""
    found = sql.execute(
        "SELECT p.data FROM chunk c JOIN points p ON p.series = c.series AND p.no = c.no "
        "WHERE c.series = ? AND c.writer = ? AND c.seq0 <= ? AND c.seq1 >= ?",
        (series, writer, int(c.seqs[-1]), int(c.seqs[0])),
    )
    seqs = [decode_chunk(data, times=False).seqs for (data,) in found]
    return np.concatenate(seqs) if seqs else np.empty(0, dtype=np.int64)


def settle(sql: sqlite3.Connection, experiment: int, writers: Sequence[str], position: int) -> bool:
    """Look whether some writers, or all of an experiment, wait for nothing any more, and what came of them.

    Returns whether that changed what lists show.
    """
    owing = [w for name in writers if (w := rows.load_writer(sql, name)) is not None and w.owed is not None]
    for writer in owing:
        if not cold.is_waited_for(sql, experiment, writer.writer_id):
            _compare(sql, writer)
    if cold.is_waited_for(sql, experiment):
        return False
    sql.execute("DELETE FROM cold WHERE experiment = ? AND windows = '{}'", (experiment,))
    due, restored = sql.execute("SELECT recount, restored FROM experiment WHERE id = ?", (experiment,)).fetchone()
    if due:
        recount(sql, experiment, position)
    if restored:
        put_in_order(sql, experiment, position)
        sql.execute("UPDATE experiment SET restored = 0 WHERE id = ?", (experiment,))
    return bool(due)


def _compare(sql: sqlite3.Connection, writer: Writer) -> None:
    """Whether all came that was promised of a writer."""
    assert writer.owed is not None
    if (writer.owed.low, writer.owed.high, writer.owed.points) == (0, 0, 0):
        writer.owed = None
        rows.save_writer(sql, writer)
        sql.execute("DELETE FROM damage WHERE writer_id = ?", (writer.writer_id,))
        return
    missing = writer.owed.points
    told = f"writer {writer.writer_id}: what the repo's files brought is not what its index says"
    if missing > 0:
        told += f"; {missing:,} values are missing"
    sql.execute("INSERT OR REPLACE INTO damage VALUES (?, ?, ?)", (writer.writer_id, writer.experiment, told))


def damaged(sql: sqlite3.Connection) -> list[str]:
    """As contract.Store.damaged."""
    rows = sql.execute(
        "SELECT e.experiment_id, d.told FROM damage d JOIN experiment e ON e.id = d.experiment ORDER BY d.writer_id"
    )
    return [f"experiment {experiment_id}, {told}" for experiment_id, told in rows]
