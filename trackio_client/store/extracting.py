"""What goes from a store to a repo: what is held of whom, and the rows under windows of seqs.

All functions read through one transaction. Their cost follows what is asked for, not the history: tail and chunks are
found by writer and seq.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np

from trackio_client.store.checking import between
from trackio_client.store.chunks import Columns
from trackio_client.store.chunks import decode as decode_chunk
from trackio_client.store.columns import Digest, Run, decode, one_run_a_schema
from trackio_client.store.holdings import EventRow, Extract, Holding, PointRows
from trackio_client.store.rows import load_writer, save_writer
from trackio_client.store.spans import common, covers, minus, of_holes
from trackio_client.wire.batches import Hole, Ranges, ranges

_HOLDINGS = (
    "SELECT w.writer_id, e.experiment_id, w.generation, w.held, w.holes, w.low, w.high, w.events, w.points, w.durable "
    "FROM writer w JOIN experiment e ON e.id = w.experiment "
)
_TAIL = (
    "SELECT first_seq, body FROM tail WHERE writer = ? AND first_seq < ? AND first_seq + frames > ? ORDER BY first_seq"
)
_CHUNKS = (
    "SELECT s.metric, p.data FROM chunk c JOIN series s ON s.id = c.series "
    "JOIN points p ON p.series = c.series AND p.no = c.no "
    "WHERE c.writer = ? AND c.seq1 >= ? AND c.seq0 < ? ORDER BY c.series, c.no"
)
_EVENTS = "SELECT seq, content FROM event WHERE writer = ? AND seq >= ? AND seq < ? ORDER BY seq"


# --- what is held ----------------------------------------------------------------------------------------------------


def holdings(sql: sqlite3.Connection, *, behind: bool) -> list[Holding]:
    """As contract.Store.holdings."""
    found = []
    # Ranges are written in one form only, so equal ones are equal texts.
    for row in sql.execute(_HOLDINGS + ("WHERE w.held != w.durable " if behind else "") + "ORDER BY w.id"):
        held, durable = _ranges(row[3]), _ranges(row[9])
        if behind and covers(durable, held):
            continue
        found.append(
            Holding(
                writer_id=row[0],
                experiment_id=row[1],
                generation=row[2],
                held=held,
                holes=_holes(row[4]),
                digest=Digest(int(row[5]), int(row[6]), row[7], row[8]),
                durable=durable,
            )
        )
    return found


@lru_cache(maxsize=4096)
def _ranges(text: str) -> Ranges:
    return tuple((low, high) for low, high in json.loads(text))


@lru_cache(maxsize=1024)
def _holes(text: str) -> tuple[Hole, ...]:
    return tuple(Hole(first_seq=low, end_seq=high, reason=why) for low, high, why in json.loads(text))


def mark_durable(
    sql: sqlite3.Connection, marks: Mapping[str, Ranges], holes: Mapping[str, Iterable[Hole]] | None
) -> None:
    """As contract.Store.mark_durable."""
    for writer_id, seqs in marks.items():
        writer = load_writer(sql, writer_id)
        if writer is None:
            continue
        filled = minus(of_holes((holes or {}).get(writer_id, ())), of_holes(writer.holes))
        durable = ranges([*writer.durable, *minus(common(ranges(seqs), writer.held), filled)])
        if durable != writer.durable:
            writer.durable = durable
            save_writer(sql, writer)


# --- rows ------------------------------------------------------------------------------------------------------------


def extract(sql: sqlite3.Connection, windows: Sequence[tuple[str, int, int]], position: int) -> Extract:
    """As contract.Store.extract."""
    asked: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for writer_id, low, high in windows:
        asked[writer_id].append((low, high))
    points: list[PointRows] = []
    events: list[EventRow] = []
    for writer_id, some in asked.items():
        row = sql.execute(
            "SELECT w.id, e.experiment_id FROM writer w JOIN experiment e ON e.id = w.experiment WHERE w.writer_id = ?",
            (writer_id,),
        ).fetchone()
        if row is None:
            continue
        writer, experiment_id = row
        columns: dict[str, list[Columns]] = defaultdict(list)
        for low, high in ranges(some):
            for seq, content in sql.execute(_EVENTS, (writer, low, high)):
                events.append(EventRow(experiment_id, writer_id, seq, content.encode("ascii")))
            for metric, part in (*_in_chunks(sql, writer, low, high), *_in_tail(sql, writer, low, high)):
                columns[metric].append(part)
        points += [_rows(experiment_id, writer_id, metric, parts) for metric, parts in columns.items()]
    return Extract(position, points, events)


def _in_chunks(sql: sqlite3.Connection, writer: int, low: int, high: int) -> Iterator[tuple[str, Columns]]:
    for metric, data in sql.execute(_CHUNKS, (writer, low, high)):
        part = decode_chunk(data)
        if part.seqs[0] >= low and part.seqs[-1] < high:  # seqs ascend in a chunk
            yield metric, part
            continue
        begin, end = np.searchsorted(part.seqs, [low, high]).tolist()
        if begin < end:
            yield metric, part.window(begin, end)


def _in_tail(sql: sqlite3.Connection, writer: int, low: int, high: int) -> Iterator[tuple[str, Columns]]:
    runs: list[Run] = []
    for seq, body in sql.execute(_TAIL, (writer, high, low)):
        runs += [part for part in between(decode(body, seq), low, high) if isinstance(part, Run)]
    for run, seqs in one_run_a_schema(runs):
        for index, metric in enumerate(run.schema.keys):
            values = np.ascontiguousarray(run.values[:, index])
            yield metric, Columns(run.steps, values, run.times_us, seqs, seqs)


def _rows(experiment_id: str, writer_id: str, metric: str, parts: list[Columns]) -> PointRows:
    columns = [
        getattr(parts[0], name) if len(parts) == 1 else np.concatenate([getattr(part, name) for part in parts])
        for name in ("seqs", "steps", "times_us", "values")
    ]
    seqs = columns[0]
    if (seqs[1:] < seqs[:-1]).any():
        order = np.argsort(seqs, kind="stable")
        columns = [column[order] for column in columns]
    return PointRows(experiment_id, writer_id, metric, *columns)
