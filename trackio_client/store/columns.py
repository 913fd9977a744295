"""From frames to columns, whole runs of equal frames at once, and the digest over them.

A body is a row of frames; most are metrics frames of one schema, all of one length, so a run of them is one
`np.frombuffer`. Python looks at each run, not at each frame.

The digest of a writer is a pair of sums modulo 2^64 over its values (metrics) and events of a mixing hash of
(writer, seq, metric, step, time, the value's 64 bits). A sum does not depend on order, cuts or merges, so sender,
store, chunks and an audit from single points all come to the same pair. It guards against accidents (a lost, doubled
or changed value), not against a forger.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from trackio_client.errors import CorruptFrame
from trackio_client.wire.frames import (
    EVENT,
    HEAD_BYTES,
    METRICS_HEAD_BYTES,
    SCHEMA,
    Schema,
    frame_at,
    schema_of,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_U64 = np.uint64
_MASK = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive metrics frames of one schema. The arrays are views into the body."""

    schema: Schema
    first_seq: int
    steps: Ints  # (n,)
    times_us: Ints  # (n,)
    values: Floats  # (n, len(schema.keys))

    @property
    def seqs(self) -> Ints:
        return np.arange(self.first_seq, self.first_seq + len(self.steps), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class EventAt:
    """An event frame and its seq."""

    seq: int
    content: dict[str, Any]
    raw: bytes  # its JSON, as written: what the digest is over


def decode(
    body: bytes, first_seq: int, *, schemas: dict[int, Schema] | None = None, check: bool = False
) -> list[Run | EventAt]:
    """The frames of a body as runs and events, in order; schema frames are learnt and left out.

    Args:
        body: whole frames and nothing else.
        first_seq: the seq of the first frame that is no schema frame.
        schemas: schemas known so far by id; those in the body are added to it.
        check: compare each frame's checksum (a batch has one for the whole body).

    Raises:
        CorruptFrame: the bytes are no row of frames, a schema is missing, or an event is no JSON object.
    """
    known = {} if schemas is None else schemas
    found: list[Run | EventAt] = []
    words = np.frombuffer(body, dtype="<u8") if len(body) % 8 == 0 else None
    if words is None:
        raise CorruptFrame(f"a body of {len(body)} bytes is no row of frames: their lengths are multiples of 8")
    start, seq = 0, first_seq
    while start < len(body):
        frame = frame_at(body, start, check=check)
        if frame is None:
            raise CorruptFrame(f"the frame at byte {start} is cut off: the body ends at byte {len(body)}")
        if frame.kind == SCHEMA:
            schema = schema_of(frame, body)
            known[schema.id] = schema
            start = frame.end
        elif frame.kind == EVENT:
            content = frame.json(body)
            if not isinstance(content, dict) or not isinstance(content.get("kind"), str):
                raise CorruptFrame(f"the event at byte {start} is not a JSON object with a kind")
            found.append(EventAt(seq, content, body[start + HEAD_BYTES : start + HEAD_BYTES + frame.size]))
            seq, start = seq + 1, frame.end
        else:
            run = _run(body, words, start, seq, known)
            if check:
                for at in range(
                    start + run.schema.frame_bytes,
                    start + len(run.steps) * run.schema.frame_bytes,
                    run.schema.frame_bytes,
                ):
                    frame_at(body, at)
            found.append(run)
            seq, start = seq + len(run.steps), start + len(run.steps) * run.schema.frame_bytes
    return found


def _run(body: bytes, words: npt.NDArray[np.uint64], start: int, seq: int, known: dict[int, Schema]) -> Run:
    (schema_id,) = struct.unpack_from("<Q", body, start + HEAD_BYTES)
    schema = known.get(schema_id)
    if schema is None:
        raise CorruptFrame(f"the frame at byte {start} uses the schema {schema_id:016x}, which the body does not hold")
    width = schema.frame_bytes // 8
    if int(words[start // 8 + 1]) >> 32 != len(schema.keys):
        raise CorruptFrame(f"the frame at byte {start} does not fit its schema of {len(schema.keys)} values")
    most = (len(body) - start) // schema.frame_bytes
    table = words[start // 8 : start // 8 + most * width].reshape(most, width)

    def like_the_first(low: int, high: int) -> npt.NDArray[np.bool_]:
        # Of equal frames, the tag (high half of word 0), length and size (word 1) and schema (word 2) are equal.
        part = table[low:high]
        tags = part[:, 0] >> _U64(32) == table[0, 0] >> _U64(32)
        alike: npt.NDArray[np.bool_] = tags & (part[:, 1] == table[0, 1]) & (part[:, 2] == table[0, 2])
        return alike

    # The same bytes, compared at once, tell a single frame ten times faster: of schemas that alternate each is one.
    following = start + schema.frame_bytes
    is_alone = body[start + 4 : start + 24] != body[following + 4 : following + 24]
    table = table[: 1 if is_alone else leading(like_the_first, most)]
    values = METRICS_HEAD_BYTES // 8
    return Run(schema, seq, table[:, 3].view("<i8"), table[:, 4].view("<i8"), table[:, values:].view("<f8"))


def leading(are_alike: Callable[[int, int], npt.NDArray[np.bool_]], most: int) -> int:
    """How many of `most` frames from the first on are alike; `are_alike(low, high)` tells it of each in a range.

    Looks at stretches that double, so at 4 frames or at most 3 times as many as it finds: two schemas that alternate
    frame by frame would otherwise cost the square of their number.
    """
    low, size = 0, 4
    while low < most:
        alike = are_alike(low, min(most, low + size))
        if not alike.all():
            return low + int(np.argmin(alike))
        low, size = low + len(alike), size * 2
    return most


def one_run_a_schema(runs: Sequence[Run]) -> list[tuple[Run, Ints]]:
    """Runs joined by schema, with the seq of each frame: what is done to each run is then done once a schema.

    `first_seq` of a joined run is that of its first frame; the next ones need not follow on it.
    """
    by_schema: dict[int, list[Run]] = {}
    for run in runs:
        by_schema.setdefault(run.schema.id, []).append(run)
    found = []
    for some in by_schema.values():
        if len(some) == 1:
            found.append((some[0], some[0].seqs))
            continue
        steps, times = np.concatenate([r.steps for r in some]), np.concatenate([r.times_us for r in some])
        one = Run(some[0].schema, some[0].first_seq, steps, times, np.concatenate([r.values for r in some]))
        counts = [len(r.steps) for r in some]
        offsets = np.arange(len(steps)) - np.repeat(np.cumsum([0, *counts[:-1]]), counts)
        found.append((one, np.repeat([r.first_seq for r in some], counts) + offsets))
    return found


# --- digest --------------------------------------------------------------------------------------------------------

_LANES = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)  # odd constants of splitmix64 and xxhash: any odd numbers do
_STEP, _TIME, _VALUE = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xFF51AFD7ED558CCD


@dataclass(frozen=True, slots=True)
class Digest:
    """Two sums modulo 2^64 and how many events and single values are in them."""

    low: int = 0
    high: int = 0
    events: int = 0
    points: int = 0

    def __add__(self, other: Digest) -> Digest:
        return Digest(
            (self.low + other.low) & _MASK,
            (self.high + other.high) & _MASK,
            self.events + other.events,
            self.points + other.points,
        )

    def __sub__(self, other: Digest) -> Digest:
        return Digest(
            (self.low - other.low) & _MASK,
            (self.high - other.high) & _MASK,
            self.events - other.events,
            self.points - other.points,
        )

    def hex(self) -> str:
        return f"{self.high:016x}{self.low:016x}"


def digest_of(writer_id: str, decoded: Iterable[Run | EventAt]) -> Digest:
    """The digest of these frames of a writer."""
    total, runs = Digest(), []
    for part in decoded:
        if isinstance(part, Run):
            runs.append(part)
        else:
            total = total + _digest_event(writer_id, part)
    for run, seqs in one_run_a_schema(runs):
        total = total + _digest_run(writer_id, run, seqs)
    return total


def digest_points(
    writer_id: str, metric: str, seqs: Ints, steps: Ints, times_us: Ints, values: Floats
) -> tuple[int, int]:
    """The part (low, high) of a writer's digest that these values of one metric make; each array is (n,)."""
    bits = np.ascontiguousarray(values, dtype="<f8").view(_U64)
    return _lane(0, writer_id, metric, seqs, steps, times_us, bits), _lane(
        1, writer_id, metric, seqs, steps, times_us, bits
    )


def _lane(
    lane: int, writer_id: str, metric: str, seqs: Ints, steps: Ints, times_us: Ints, bits: npt.NDArray[np.uint64]
) -> int:
    base = _base(lane, writer_id, seqs, steps, times_us)
    return int(_mix(base + (bits ^ _U64(_named(metric)[lane])) * _U64(_VALUE)).sum(dtype=_U64))


def _digest_run(writer_id: str, run: Run, seqs: Ints) -> Digest:
    bits = run.values.view(_U64)
    sums = []
    for lane in (0, 1):
        names = np.array([_named(key)[lane] for key in run.schema.keys], dtype=_U64)
        base = _base(lane, writer_id, seqs, run.steps, run.times_us)
        sums.append(int(_mix(base[:, None] + (bits ^ names) * _U64(_VALUE)).sum(dtype=_U64)))
    return Digest(sums[0], sums[1], len(run.steps), bits.size)


def _base(lane: int, writer_id: str, seqs: Ints, steps: Ints, times_us: Ints) -> npt.NDArray[np.uint64]:
    """(n,) What all values of one frame share."""
    mixed = _mix(seqs.astype(_U64) * _U64(_LANES[lane]) + _U64(_named(writer_id)[lane]))
    mixed = _mix(mixed + steps.astype(_U64) * _U64(_STEP))
    return mixed + times_us.astype(_U64) * _U64(_TIME)


def _mix(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    x = x * _U64(0xD6E8FEB86659FD93)
    x ^= x >> _U64(32)
    x *= _U64(0xD6E8FEB86659FD93)
    x ^= x >> _U64(29)
    return x


def _digest_event(writer_id: str, event: EventAt) -> Digest:
    text = b"%s %d " % (writer_id.encode(), event.seq) + event.raw
    low, high = struct.unpack("<QQ", blake2b(text, digest_size=16).digest())
    return Digest(low, high, 1, 0)


@lru_cache(maxsize=65536)
def _named(text: str) -> tuple[int, int]:
    low, high = struct.unpack("<QQ", blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest())
    return low, high


__all__ = [
    "Digest", "EventAt", "Floats", "Ints", "Run", "decode", "digest_of", "digest_points", "leading", "one_run_a_schema",
]  # fmt: skip
