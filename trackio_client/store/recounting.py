"""An experiment's summaries, facts and times made anew from all that is here of it.

From chunk headers, not points: of a series whose steps only grow that is exact, and one chunk tells the last value;
any other is marked stale, as appending would have.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise

from trackio_client.store import facts, rows, summaries
from trackio_client.store.chunks import decode as decode_chunk
from trackio_client.store.columns import Run, decode
from trackio_client.store.facts import Key
from trackio_client.store.summaries import Part
from trackio_client.wire import events as kinds

_CHUNKS = (
    "SELECT s.metric, c.series, c.no, c.n, c.step0, c.step1, c.ascending, c.us1, c.min, c.min_step, c.max, "
    "c.max_step, c.sum, c.nan + c.posinf + c.neginf "
    "FROM series s JOIN chunk c ON c.series = s.id WHERE s.experiment = ? ORDER BY s.id, c.no"
)
_SETS = ", ".join(f"{name.strip()} = ?" for name in summaries.COLUMNS.split(","))


@dataclass(slots=True)
class _Latest:
    """The last time and the highest step that anything tells."""

    us: int = 0
    step: int | None = None

    def reaches(self, *, us: int, step: int | None) -> None:
        self.us = max(self.us, us)
        if step is not None:
            self.step = step if self.step is None else max(self.step, step)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a series, and the chunk that holds its last point if it is not known yet."""

    part: Part
    chunk: tuple[int, int] | None
    is_exact: bool = True


def recount(sql: sqlite3.Connection, experiment: int, position: int) -> None:
    """Make them anew. Call inside a write transaction."""
    latest = _Latest()
    pieces: dict[str, list[_Piece]] = defaultdict(list)
    _from_chunks(sql, experiment, pieces, latest)
    _from_tail(sql, experiment, pieces, latest)
    points = _save(sql, experiment, pieces, position)
    for kind, content in sql.execute("SELECT kind, content FROM event WHERE experiment = ?", (experiment,)):
        event = json.loads(content)
        if facts.is_edit(event):
            continue
        told = facts.whole(event.get("time_us")) or 0
        step = facts.whole(event.get("step")) if kind == kinds.TEXT else None
        latest.reaches(us=told, step=step)
    said = rows.all_facts(sql, experiment)
    unsaid: Key = (-1, "", -1)
    created_us = _began_us(sql, experiment)
    sql.execute(
        "UPDATE experiment SET facts = ?, facts_key = ?, created_us = ifnull(?, created_us), "
        "last_event_us = max(?, ifnull(?, created_us)), last_step = ?, points = ?, recount = 0, position = ? "
        "WHERE id = ?",
        (
            json.dumps(facts.fold({}, said)), json.dumps(said[-1][0] if said else unsaid), created_us, latest.us,
            created_us, latest.step, points, position, experiment,
        ),
    )  # fmt: skip


def _began_us(sql: sqlite3.Connection, experiment: int) -> int | None:
    """The earliest time that a writer's first frame tells."""
    writers = sql.execute("SELECT id FROM writer WHERE experiment = ?", (experiment,)).fetchall()
    told = [time for (writer,) in writers if (time := _first_us(sql, writer)) is not None]
    return min(told, default=None)


def _first_us(sql: sqlite3.Connection, writer: int) -> int | None:
    found: list[tuple[int, int | None]] = []
    for seq, content in sql.execute("SELECT seq, content FROM event WHERE writer = ? ORDER BY seq LIMIT 1", (writer,)):
        found.append((seq, json.loads(content).get("time_us")))
    for seq, body in sql.execute("SELECT first_seq, body FROM tail WHERE writer = ? ORDER BY 1 LIMIT 1", (writer,)):
        found += [(run.first_seq, int(run.times_us[0])) for run in decode(body, seq) if isinstance(run, Run)]
    # In two steps: sorting must not carry the points of every chunk.
    query = "SELECT series, no FROM chunk WHERE writer = ? ORDER BY seq0 LIMIT 1"
    for chunk in sql.execute(query, (writer,)).fetchall():
        (data,) = sql.execute("SELECT data FROM points WHERE series = ? AND no = ?", chunk).fetchone()
        c = decode_chunk(data)
        found.append((int(c.seqs[0]), int(c.times_us[0])))
    return facts.whole(min(found, key=lambda pair: pair[0])[1]) if found else None


def _from_chunks(sql: sqlite3.Connection, experiment: int, pieces: dict[str, list[_Piece]], latest: _Latest) -> None:
    for metric, series, no, n, step0, step1, up, us1, low, low_step, high, high_step, total, bad in sql.execute(
        _CHUNKS, (experiment,)
    ):
        latest.reaches(us=us1, step=step1)
        good = n - bad
        largest = max(abs(low or 0.0), abs(high or 0.0))
        # A sum too large for a float is kept as 0 (chunks.header): then only the points tell the mean.
        fits = largest * max(1, good) < 1e308 and math.isfinite(total)
        mean = total / good if good and fits else 0.0
        part = Part(n, bad, step0, 0.0, step1, us1, low, low_step, high, high_step, mean, bool(up))
        pieces[metric].append(_Piece(part, (series, no), fits))


def _from_tail(sql: sqlite3.Connection, experiment: int, pieces: dict[str, list[_Piece]], latest: _Latest) -> None:
    query = "SELECT first_seq, body FROM tail WHERE experiment = ? ORDER BY id"
    for first_seq, body in sql.execute(query, (experiment,)):
        for run in decode(body, first_seq):
            if not isinstance(run, Run):
                continue
            latest.reaches(us=int(run.times_us.max()), step=int(run.steps.max()))
            found = summaries.parts(run.steps, run.times_us, run.values)
            for metric, part in zip(run.schema.keys, found, strict=True):
                pieces[metric].append(_Piece(part, None))


def _save(sql: sqlite3.Connection, experiment: int, pieces: dict[str, list[_Piece]], position: int) -> int:
    """Write the series' summaries; returns how many values there are in all."""
    known = dict(sql.execute("SELECT metric, id FROM series WHERE experiment = ?", (experiment,)))
    gone = [(series,) for metric, series in known.items() if metric not in pieces]
    sql.executemany("DELETE FROM series WHERE id = ?", gone)  # told of by a header, and no point of it came
    total = 0
    for metric, some in pieces.items():
        part, is_exact = _whole(sql, some)
        total += part.n
        row = summaries.row_of(part, stale=not is_exact)
        if metric in known:
            sql.execute(f"UPDATE series SET {_SETS}, position = ? WHERE id = ?", (*row, position, known[metric]))
        else:
            rows.new_series(sql, experiment, metric, part, position)
    return total


def _whole(sql: sqlite3.Connection, some: list[_Piece]) -> tuple[Part, bool]:
    """All pieces of one series as one part, and whether it is exact."""
    some = sorted(some, key=lambda piece: (piece.part.first_step, piece.part.last_step))
    ordered = all(piece.part.ascending for piece in some) and all(
        b.part.first_step > a.part.last_step for a, b in pairwise(some)
    )
    at = max(range(len(some)), key=lambda index: some[index].part.last_step)
    chunk = some[at].chunk
    if chunk is not None:
        some[at] = replace(some[at], part=_with_last(sql, some[at].part, chunk))
    join = summaries.join if ordered else summaries.behind
    return reduce(join, (piece.part for piece in some)), ordered and all(piece.is_exact for piece in some)


def _with_last(sql: sqlite3.Connection, part: Part, chunk: tuple[int, int]) -> Part:
    (data,) = sql.execute("SELECT data FROM points WHERE series = ? AND no = ?", chunk).fetchone()
    c = decode_chunk(data, order=False)
    at = int(len(c.steps) - 1 - c.steps[::-1].argmax())
    return replace(part, last=float(c.values[at]), last_step=int(c.steps[at]), last_us=int(c.times_us[at]))
