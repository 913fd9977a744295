"""What a repo holds becomes known here, before any of its rows is loaded: it is held, durable and cold.

The rules stand in contract.py under "From a repo". All of it works inside a write transaction of its owner.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from trackio_client.store import cold, headers, rows, summaries
from trackio_client.store.cold import Windows
from trackio_client.store.columns import Digest
from trackio_client.store.headers import Header
from trackio_client.store.holdings import Adopted, Holding
from trackio_client.store.loading import settle
from trackio_client.store.rows import Writer
from trackio_client.store.spans import common, covers, minus, of_holes
from trackio_client.wire.batches import Ranges, ranges

_MARKS = ", ".join("?" for _ in summaries.COLUMNS.split(","))
_NEW_SERIES = (
    f"INSERT INTO series (experiment, chunks, position, metric, {summaries.COLUMNS}) VALUES (?, 0, ?, ?, {_MARKS})"
)
_SERIES = f"{_NEW_SERIES} ON CONFLICT (experiment, metric) DO UPDATE SET position = excluded.position, " + ", ".join(
    f"{name.strip()} = excluded.{name.strip()}" for name in summaries.COLUMNS.split(",")
)


def adopt(sql: sqlite3.Connection, experiments: Sequence[Adopted], *, now_s: float) -> None:
    """As contract.Store.adopt. The position grows if lists have something new to show."""
    (before,) = sql.execute("SELECT value FROM meta WHERE key = 'position'").fetchone()
    found = [_adopt(sql, each, position=before + 1, now_s=now_s) for each in experiments]
    if any(found):
        rows.next_position(sql)


def _adopt(sql: sqlite3.Connection, adopted: Adopted, *, position: int, now_s: float) -> bool:
    name = adopted.experiment_id
    if sql.execute("SELECT 1 FROM tombstone WHERE experiment_id = ?", (name,)).fetchone():
        return False
    found = sql.execute("SELECT id FROM experiment WHERE experiment_id = ?", (name,)).fetchone()
    known = {each.writer_id: rows.load_writer(sql, each.writer_id) for each in adopted.writers}
    # A writer that writes to another experiment here is somebody's mistake: what is here stands.
    holdings = [
        each
        for each in adopted.writers
        if each.held and ((w := known[each.writer_id]) is None or (found is not None and w.experiment == found[0]))
    ]
    if found is None and not holdings:
        return False
    experiment = int(found[0]) if found else _new_experiment(sql, adopted, position, now_s)
    fresh: Windows = {}
    grown = False
    for holding in holdings:
        writer = known[holding.writer_id]
        before = None if writer is None else writer.held
        new = _new_writer(sql, experiment, holding) if writer is None else _meet(sql, writer, holding)
        grown |= writer is not None and writer.held != before  # also where it is holes alone that the repo knows of
        if new:
            fresh[holding.writer_id] = new
    cold.relist(sql, experiment, fresh, adopted.files)
    if fresh or grown or found is None:
        header = headers.read(adopted.header)
        exact = header is not None and adopted.header_digest == headers.digest_held(sql, experiment)
        if header is not None and (exact or found is None):
            _take_header(sql, experiment, header, position)
        _count(sql, experiment, position, now_s, recount=not exact)
    recounted = settle(sql, experiment, [holding.writer_id for holding in holdings], position)
    return bool(fresh) or grown or found is None or recounted


def _new_experiment(sql: sqlite3.Connection, adopted: Adopted, position: int, now_s: float) -> int:
    now_us = int(now_s * 1e6)  # if no header says when it began, nobody does until its rows are here
    row = sql.execute(
        "INSERT INTO experiment (experiment_id, project, facts, facts_key, generation, created_us, last_event_us, "
        "last_heard_s, points, events, position, merges, restored) "
        "VALUES (?, ?, '{}', '[-1, \"\", -1]', 0, ?, ?, 0, 0, 0, ?, 0, 1)",
        (adopted.experiment_id, adopted.project, now_us, now_us, position),
    ).lastrowid
    assert row is not None
    return row


def _new_writer(sql: sqlite3.Connection, experiment: int, holding: Holding) -> Ranges:
    """A writer known only from the repo; its seqs that are cold."""
    writer = rows.new_writer(sql, holding.writer_id, holding.generation, experiment)
    _take(writer, holding)
    rows.save_writer(sql, writer)
    return writer.content


def _take(writer: Writer, holding: Holding) -> None:
    """From now on a writer holds what the repo holds; what it did not hold before is owed."""
    more = holding.digest - writer.digest
    owed = more if writer.owed is None else writer.owed + more
    writer.held = writer.durable = holding.held
    writer.holes, writer.digest = holding.holes, holding.digest
    writer.owed = Digest(owed.low, owed.high, 0, owed.points)


def _meet(sql: sqlite3.Connection, writer: Writer, holding: Holding) -> Ranges:
    """Bring together what is held here and in the repo; the seqs that are cold from now on."""
    here, there = writer.content, minus(holding.held, of_holes(holding.holes))
    if (here, writer.held) == (there, holding.held) and writer.digest != holding.digest:
        _differs(sql, writer)
        return ()
    is_more = covers(holding.held, writer.held) and covers(there, here)
    if is_more and (here, writer.held) != (there, holding.held):
        _take(writer, holding)
        rows.save_writer(sql, writer)
        return minus(there, here)
    # Of the repo's holes those that are none here: these frames are not durable.
    lacking = minus(of_holes(holding.holes), of_holes(writer.holes))
    durable = ranges([*writer.durable, *minus(common(holding.held, writer.held), lacking)])
    if durable != writer.durable:
        rows.save_writer(sql, replace(writer, durable=durable))
    return ()


def _differs(sql: sqlite3.Connection, writer: Writer) -> None:
    told = (
        f"writer {writer.writer_id}: under the same seqs the repo holds other content than this store. "
        "Both are kept as they are; was this disk copied?"
    )
    sql.execute("INSERT OR IGNORE INTO damage VALUES (?, ?, ?)", (writer.writer_id, writer.experiment, told))


def _take_header(sql: sqlite3.Connection, experiment: int, header: Header, position: int) -> None:
    sql.execute(
        "UPDATE experiment SET facts = ?, facts_key = ?, generation = ?, created_us = ?, last_event_us = ?, "
        "last_step = ?, last_heard_s = max(last_heard_s, ?) WHERE id = ?",
        (
            json.dumps(header.facts), json.dumps(header.facts_key), header.generation, header.created_us,
            header.last_event_us, header.last_step, header.last_heard_s, experiment,
        ),
    )  # fmt: skip
    sql.executemany(_SERIES, [(experiment, position, *each) for each in header.series])


def _count(sql: sqlite3.Connection, experiment: int, position: int, now_s: float, *, recount: bool) -> None:
    """Counts are the sums of what writers hold, whatever a header says."""
    sql.execute(
        "UPDATE experiment SET position = ?, recount = ?, "
        "last_heard_s = iif(last_heard_s > 0, last_heard_s, ?), (points, events, generation) = "
        "(SELECT sum(points), sum(events), max(max(generation), experiment.generation) "
        "FROM writer WHERE experiment = ?) WHERE id = ?",
        (position, recount, now_s, experiment, experiment),
    )
