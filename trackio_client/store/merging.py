"""From the tail to chunks, and from small chunks to large ones.

Both happen inside a transaction: tail out and chunk in is one step (protocol rule 16), so a reader sees each
point once.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict

import numpy as np

from trackio_client.store.chunks import CHUNK_POINTS, Columns, encode, header, overview
from trackio_client.store.chunks import decode as decode_chunk
from trackio_client.store.columns import Run, decode

TAIL_POINTS = 1000
"""A writer with so many frames in the tail is worth chunks; one that ended is at any number."""
MERGE_BELOW = CHUNK_POINTS // 2
"""Chunks smaller than this are merged with their neighbours of the same writer."""


def chunk_tail(
    connection: sqlite3.Connection, writer: int, experiment: int, series_ids: dict[tuple[int, str], int]
) -> None:
    """Turn all that a writer has in the tail into chunks. Call inside a write transaction."""
    rows = connection.execute(
        "SELECT id, first_seq, position, body FROM tail WHERE writer = ? ORDER BY first_seq", (writer,)
    ).fetchall()
    if not rows:
        return
    by_schema: dict[int, list[Run]] = defaultdict(list)
    position = 0
    for _, first_seq, at, body in rows:
        position = max(position, at)
        for part in decode(body, first_seq):
            if isinstance(part, Run):
                by_schema[part.schema.id].append(part)
    columns: dict[str, list[Columns]] = defaultdict(list)
    for runs in by_schema.values():
        steps = np.concatenate([run.steps for run in runs])
        times = np.concatenate([run.times_us for run in runs])
        seqs = np.concatenate([run.seqs for run in runs])
        values = np.concatenate([run.values for run in runs])
        for index, metric in enumerate(runs[0].schema.keys):
            columns[metric].append(Columns(steps, np.ascontiguousarray(values[:, index]), times, seqs))
    for metric, parts in columns.items():
        series = series_ids.get((experiment, metric))
        if series is None:
            series = connection.execute(
                "SELECT id FROM series WHERE experiment = ? AND metric = ?", (experiment, metric)
            ).fetchone()[0]
            series_ids[experiment, metric] = series
        write_chunks(connection, series, writer, position, joined(parts))
    connection.execute("DELETE FROM tail WHERE writer = ? AND id <= ?", (writer, max(row[0] for row in rows)))
    connection.execute("UPDATE experiment SET merges = merges + 1 WHERE id = ?", (experiment,))


def joined(parts: list[Columns]) -> Columns:
    """Points of one writer in the order of their seqs."""
    if len(parts) == 1:
        return parts[0]
    seqs = np.concatenate([part.seqs for part in parts])
    order = np.argsort(seqs, kind="stable")
    return Columns(
        np.concatenate([part.steps for part in parts])[order],
        np.concatenate([part.values for part in parts])[order],
        np.concatenate([part.times_us for part in parts])[order],
        seqs[order],
    )


def write_chunks(connection: sqlite3.Connection, series: int, writer: int, position: int, c: Columns) -> None:
    """Append points to a series as chunks of at most 4,096."""
    no = connection.execute("SELECT chunks FROM series WHERE id = ?", (series,)).fetchone()[0]
    for start in range(0, len(c.steps), CHUNK_POINTS):
        window = slice(start, start + CHUNK_POINTS)
        part = Columns(c.steps[window], c.values[window], c.times_us[window], c.seqs[window])
        _insert(connection, series, no, writer, position, part)
        no += 1
    connection.execute("UPDATE series SET chunks = ? WHERE id = ?", (no, series))


def _insert(connection: sqlite3.Connection, series: int, no: int, writer: int, position: int, part: Columns) -> None:
    rows = overview(part)
    h = header(part, rows)
    connection.execute(
        "INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            series, no, writer, h.n, position, h.seq0, h.seq1, h.step0, h.step1, int(h.ascending), h.us0,
            h.us1, h.min, h.min_step, h.max,
            h.max_step, h.sum, h.nan, h.posinf, h.neginf,
        ),
    )  # fmt: skip
    connection.execute("INSERT INTO overview VALUES (?, ?, ?)", (series, no, rows.tobytes()))
    connection.execute("INSERT INTO points VALUES (?, ?, ?)", (series, no, encode(part)))


def next_tail(connection: sqlite3.Connection, quiet_before_s: float) -> tuple[int, int] | None:
    """(writer, experiment) of a tail worth chunking: large, or of an experiment not heard of since a time."""
    row = connection.execute(
        "SELECT t.writer, t.experiment FROM tail t JOIN experiment e ON e.id = t.experiment GROUP BY t.writer "
        "HAVING sum(t.frames) >= ? OR count(*) >= 512 OR e.last_heard_s < ? LIMIT 1",
        (TAIL_POINTS, quiet_before_s),
    ).fetchone()
    return None if row is None else (row[0], row[1])


def next_small(connection: sqlite3.Connection, after: int) -> tuple[int, list[tuple[int, int, int, int]]] | None:
    """A series behind `after` with small neighbours of one writer: (series, [(no, writer, n, position)] to merge).

    The list may be empty; None when there is no such series any more.
    """
    rows = connection.execute(
        "SELECT DISTINCT a.series FROM chunk a JOIN chunk b ON b.series = a.series "
        "AND b.no = a.no + 1 AND b.writer = a.writer "
        "WHERE a.series > ? AND a.n + b.n <= ? ORDER BY a.series LIMIT 1",
        (after, CHUNK_POINTS),
    ).fetchall()
    for (series,) in rows:
        chunks = connection.execute(
            "SELECT no, writer, n, position FROM chunk WHERE series = ? ORDER BY no", (series,)
        ).fetchall()
        group: list[tuple[int, int, int, int]] = []
        for row in chunks:
            if group and (
                row[1] != group[-1][1] or sum(r[2] for r in group) + row[2] > CHUNK_POINTS or row[0] != group[-1][0] + 1
            ):
                if len(group) > 1:
                    return series, group
                group = []
            group.append(row)
        return series, group if len(group) > 1 else []
    return None


def merge_small(connection: sqlite3.Connection, series: int, group: list[tuple[int, int, int, int]]) -> None:
    """Replace neighbouring chunks of one writer by one. Call inside a write transaction."""
    parts = []
    for no, _, _, _ in group:
        found = connection.execute("SELECT data FROM points WHERE series = ? AND no = ?", (series, no)).fetchone()
        parts.append(decode_chunk(found[0]))
    first, last = group[0][0], group[-1][0]
    for table in ("chunk", "overview", "points"):
        connection.execute(f"DELETE FROM {table} WHERE series = ? AND no BETWEEN ? AND ?", (series, first, last))
    _insert(connection, series, last, group[0][1], max(row[3] for row in group), joined(parts))
    connection.execute(
        "UPDATE experiment SET merges = merges + 1 WHERE id = (SELECT experiment FROM series WHERE id = ?)", (series,)
    )
