"""What a batch must be before anything of it is written, and how a part of one is taken out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from trackio_client.errors import CorruptFrame, Overlap, Rejected
from trackio_client.store.audit import held_digest
from trackio_client.store.columns import EventAt, Run, decode, digest_of
from trackio_client.store.rows import Writer
from trackio_client.store.spans import common, minus
from trackio_client.wire.batches import Batch, Hole, Ranges
from trackio_client.wire.events import MAX_STEP
from trackio_client.wire.frames import SCHEMA, Schema, frames

MAX_DEPTH = 100
"""Levels of lists and objects in an event: reading and folding it recurses, and Python stops at 1,000."""


def checked(batch: Batch) -> list[Run | EventAt]:
    """The frames of a batch. Raises Rejected if they are not what its head says, or not what a store can keep."""
    if batch.end_seq > MAX_STEP:
        raise _rejected(batch, f"goes on to seq {batch.end_seq}; the largest is 2**63 - 1")
    _check_text(batch, batch.project, "the project")
    schemas: dict[int, Schema] = {}
    try:
        decoded = decode(batch.body, batch.first_seq, schemas=schemas)
    except CorruptFrame as error:
        raise Rejected(f"the batch of writer {batch.writer_id} cannot be read: {error}") from None
    count = sum(len(part.steps) if isinstance(part, Run) else 1 for part in decoded)
    if count != batch.count:
        raise _rejected(batch, f"says {batch.count} frames and holds {count}")
    for schema in schemas.values():
        if len(set(schema.keys)) != len(schema.keys):
            raise _rejected(batch, "names a metric twice in one frame, and one value of a seq is what is kept")
        for key in schema.keys:
            _check_text(batch, key, "a metric's name")
    for part in decoded:
        if isinstance(part, Run):
            if part.steps.min() < 0:
                raise _rejected(batch, f"holds a negative step: {int(part.steps.min())}")
        else:
            _check_text(batch, part.content["kind"], "an event's kind")
            if _depth(part) > MAX_DEPTH:
                raise _rejected(batch, f"holds an event of more than {MAX_DEPTH} levels of lists and objects")
    return decoded


def _check_text(batch: Batch, text: str, what: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _rejected(batch, f"has half of a surrogate pair in {what}, which is no text: {text!r:.80}") from None


def _rejected(batch: Batch, what: str) -> Rejected:
    return Rejected(f"the batch of writer {batch.writer_id} {what}")


def _depth(event: EventAt) -> int:
    if event.raw.count(b"[") + event.raw.count(b"{") <= MAX_DEPTH:  # nearly always: brackets in texts only add
        return 1
    depth, level = 0, list[Any]([event.content])
    while level:
        depth += 1
        level = [inner for outer in level for inner in _inside(outer) if isinstance(inner, (dict, list))]
    return depth


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def known_and_fresh(batch: Batch, writer: Writer | None) -> tuple[Ranges, Ranges]:
    """Which seqs of a batch are held, and which are not: those of a hole are not, however late they come."""
    sent: Ranges = ((batch.first_seq, batch.end_seq),) if batch.count else ()
    held = writer.content if writer else ()
    return common(sent, held), minus(sent, held)


def check_same(connection: sqlite3.Connection, writer: Writer, decoded: Sequence[Run | EventAt], known: Ranges) -> None:
    """Raises Overlap if what was sent under these seqs is not what is held there (protocol rule 6)."""
    for low, high in known:
        sent = digest_of(writer.writer_id, between(decoded, low, high))
        held = held_digest(connection, writer.row, writer.writer_id, low, high)
        if (sent.low, sent.high) != (held.low, held.high):
            raise Overlap(
                f"writer {writer.writer_id} sent seqs {low} to {high - 1} with other content than is held. "
                "Was its spool copied? Send these events under a new writer id"
            )


def without(holes: Sequence[Hole], filled: Ranges) -> tuple[Hole, ...]:
    """What is left of holes when these seqs came after all."""
    left = list(holes)
    for low, high in filled:
        left = [piece for hole in left for piece in _pieces(hole, low, high)]
    return tuple(left)


def _pieces(hole: Hole, low: int, high: int) -> Iterator[Hole]:
    for first, end in ((hole.first_seq, min(hole.end_seq, low)), (max(hole.first_seq, high), hole.end_seq)):
        if first < end:
            yield Hole(first_seq=first, end_seq=end, reason=hole.reason)


def between(decoded: Sequence[Run | EventAt], low: int, high: int) -> list[Run | EventAt]:
    """The frames with seqs in [low, high)."""
    kept: list[Run | EventAt] = []
    for part in decoded:
        if isinstance(part, EventAt):
            if low <= part.seq < high:
                kept.append(part)
            continue
        first, end = max(0, low - part.first_seq), min(len(part.steps), high - part.first_seq)
        if first < end:
            at = slice(first, end)
            kept.append(Run(part.schema, part.first_seq + first, part.steps[at], part.times_us[at], part.values[at]))
    return kept


def cut(batch: Batch, low: int, high: int) -> bytes:
    """The batch's body with only the frames of [low, high), and all its schemas."""
    if (low, high) == (batch.first_seq, batch.end_seq):
        return batch.body
    seq, kept = batch.first_seq, []
    for frame in frames(batch.body, check=False):
        if frame.kind == SCHEMA or low <= seq < high:
            kept.append(batch.body[frame.start : frame.end])
        seq += frame.kind != SCHEMA
    return b"".join(kept)
