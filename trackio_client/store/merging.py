"""From the tail to chunks, and from small chunks to large ones.

Both happen inside a transaction: tail out and chunk in is one step (protocol rule 16), so a reader sees each
point once.
"""

from __future__ import annotations

import sqlite3
import time
from collections import defaultdict

import numpy as np

from trackio_client.store.chunks import (
    CHUNK_POINTS,
    OUTLINE_GROUP,
    Columns,
    cuts,
    encode,
    encode_axes,
    ends_span,
    header,
    overview,
)
from trackio_client.store.chunks import decode as decode_chunk
from trackio_client.store.columns import Ints, Run, decode
from trackio_client.store.sketches import LEVELS, sketches_of

TAIL_POINTS = 1000
"""A writer with so many frames in the tail is worth chunks; one that ended is at any number."""
SharedAxes = dict[tuple[int, int], tuple[Ints, bytes]]
"""(id of the steps, first point) → the steps and the encoded axes. The array is kept: an id is only its own while it
lives, and steps that were put together for one metric would lend theirs to the next."""
TURN_S = 30.0
"""How long a process that merges may do so before it asks again; one that died loses its turn after it."""


def takes_turn(connection: sqlite3.Connection, holder: str) -> bool:
    """Whether this process may merge now: one at a time does. Call inside a write transaction."""
    now = time.time()
    connection.execute(
        "INSERT INTO lease VALUES ('merge', ?, ?) ON CONFLICT (name) DO "
        "UPDATE SET holder = excluded.holder, until_s = excluded.until_s "
        # Until when it may hold is more than a turn away: the clock was set back.
        "WHERE lease.holder = excluded.holder OR lease.until_s < ? OR lease.until_s > ?",
        (holder, now + TURN_S, now, now + TURN_S),
    )
    return bool(connection.execute("SELECT holder = ? FROM lease WHERE name = 'merge'", (holder,)).fetchone()[0])


def chunk_tail(connection: sqlite3.Connection, writer: int, experiment: int) -> None:
    """Turn all that a writer has in the tail into chunks. Call inside a write transaction."""
    rows = connection.execute(
        "SELECT id, first_seq, position, body FROM tail WHERE writer = ? ORDER BY first_seq", (writer,)
    ).fetchall()
    if not rows:
        return
    by_schema: dict[int, list[tuple[Run, int]]] = defaultdict(list)
    for _, first_seq, position, body in rows:
        for part in decode(body, first_seq):
            if isinstance(part, Run):
                by_schema[part.schema.id].append((part, position))
    columns: dict[str, list[Columns]] = defaultdict(list)
    for runs in by_schema.values():
        steps = np.concatenate([run.steps for run, _ in runs])
        times = np.concatenate([run.times_us for run, _ in runs])
        seqs = np.concatenate([run.seqs for run, _ in runs])
        positions = np.repeat([position for _, position in runs], [len(run.steps) for run, _ in runs])
        values = np.concatenate([run.values for run, _ in runs])
        for index, metric in enumerate(runs[0][0].schema.keys):
            one = np.ascontiguousarray(values[:, index])
            columns[metric].append(Columns(steps, one, times, seqs, positions))
    axes: SharedAxes = {}
    for metric, parts in columns.items():
        (series,) = connection.execute(
            "SELECT id FROM series WHERE experiment = ? AND metric = ?", (experiment, metric)
        ).fetchone()
        write_chunks(connection, series, writer, joined(parts), axes)
    connection.execute("DELETE FROM tail WHERE writer = ? AND id <= ?", (writer, max(row[0] for row in rows)))
    connection.execute("UPDATE experiment SET merges = merges + 1 WHERE id = ?", (experiment,))


def joined(parts: list[Columns]) -> Columns:
    """Points of one writer in the order of their seqs."""
    if len(parts) == 1:
        return parts[0]
    order = np.argsort(np.concatenate([part.seqs for part in parts]), kind="stable")
    return Columns(*(np.concatenate([getattr(part, name) for part in parts])[order] for name in Columns.__slots__))


def write_chunks(
    connection: sqlite3.Connection,
    series: int,
    writer: int,
    c: Columns,
    axes: SharedAxes | None = None,
) -> None:
    """Append points to a series as chunks of at most 4,096.

    `axes` keeps what metrics that were logged together have in common, so that it is encoded once.
    """
    no = connection.execute("SELECT chunks FROM series WHERE id = ?", (series,)).fetchone()[0]
    starts = cuts(c.steps, CHUNK_POINTS).tolist()
    for start, end in zip(starts, [*starts[1:], len(c.steps)], strict=True):
        part, key = c.window(start, end), (id(c.steps), start)
        known = None if axes is None else axes.get(key)
        if known is None:
            known = (c.steps, encode_axes(part))
            if axes is not None:
                axes[key] = known
        _insert(connection, series, no, writer, part, known[1], closed=end < len(c.steps) or ends_span(c.steps))
        no += 1
    connection.execute("UPDATE series SET chunks = ? WHERE id = ?", (no, series))


def _insert(
    connection: sqlite3.Connection, series: int, no: int, writer: int, part: Columns, axes: bytes, *, closed: bool
) -> None:
    rows = overview(part)
    fields = header(part, rows, closed=closed)
    connection.execute(f"INSERT INTO chunk VALUES (?, ?, ?{', ?' * len(fields)})", (series, no, writer, *fields))
    connection.execute("INSERT INTO overview VALUES (?, ?, ?)", (series, no, rows.tobytes()))
    outline = overview(part, OUTLINE_GROUP)
    connection.execute("INSERT INTO outline VALUES (?, ?, ?)", (series, no, outline.tobytes()))
    rows_of = ((series, level, no, data) for level, data in sketches_of(part))
    connection.executemany("INSERT INTO sketch VALUES (?, ?, ?, ?)", rows_of)
    connection.execute("INSERT INTO points VALUES (?, ?, ?)", (series, no, encode(part, axes)))


def next_tail(connection: sqlite3.Connection, quiet_before_s: float) -> tuple[int, int] | None:
    """(writer, experiment) of a tail worth chunking: large, or of an experiment not heard of since a time."""
    row = connection.execute(
        "SELECT t.writer, t.experiment FROM tail t JOIN experiment e ON e.id = t.experiment GROUP BY t.writer "
        "HAVING sum(t.frames) >= ? OR count(*) >= 512 OR e.last_heard_s < ? LIMIT 1",
        (TAIL_POINTS, quiet_before_s),
    ).fetchone()
    return None if row is None else (row[0], row[1])


Small = tuple[int, int, int, bool]
"""(no, writer, n, closed) of a chunk."""


def next_small(connection: sqlite3.Connection, after: int) -> tuple[int, list[Small]] | None:
    """A series behind `after` with small neighbours of one writer: (series, the chunks to merge).

    The list may be empty; None when there is no such series any more.
    """
    row = connection.execute(
        "SELECT a.series FROM chunk a INDEXED BY chunk_open JOIN chunk b ON b.series = a.series "
        "AND b.no = a.no + 1 AND b.writer = a.writer "
        "WHERE a.series > ? AND a.closed = 0 AND a.n + b.n <= ? ORDER BY a.series LIMIT 1",
        (after, CHUNK_POINTS),
    ).fetchone()
    if row is None:
        return None
    chunks: list[Small] = connection.execute(
        "SELECT no, writer, n, closed FROM chunk WHERE series = ? ORDER BY no", row
    ).fetchall()
    group: list[Small] = []
    for chunk in chunks:
        if group and not _fits(group, chunk):
            if len(group) > 1:
                break
            group = []
        group.append(chunk)
    return row[0], group if len(group) > 1 else []


def _fits(group: list[Small], chunk: Small) -> bool:
    no, writer, n, _ = chunk
    before = group[-1]
    return (
        no == before[0] + 1
        and writer == before[1]
        and not before[3]
        and sum(each[2] for each in group) + n <= CHUNK_POINTS
    )


def merge_small(connection: sqlite3.Connection, series: int, group: list[Small]) -> None:
    """Replace neighbouring chunks of one writer by one. Call inside a write transaction."""
    parts = []
    for no, *_ in group:
        found = connection.execute("SELECT data FROM points WHERE series = ? AND no = ?", (series, no)).fetchone()
        parts.append(decode_chunk(found[0]))
    first, last = group[0][0], group[-1][0]
    for table in ("chunk", "overview", "outline", "points"):
        connection.execute(f"DELETE FROM {table} WHERE series = ? AND no BETWEEN ? AND ?", (series, first, last))
    for level in LEVELS:
        connection.execute(
            "DELETE FROM sketch WHERE series = ? AND level = ? AND no BETWEEN ? AND ?", (series, level, first, last)
        )
    whole = joined(parts)
    _insert(connection, series, last, group[0][1], whole, encode_axes(whole), closed=bool(group[-1][3]))
    connection.execute(
        "UPDATE experiment SET merges = merges + 1 WHERE id = (SELECT experiment FROM series WHERE id = ?)", (series,)
    )
