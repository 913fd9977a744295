"""Frames: one event each, the same bytes in spool, batch and store.

All integers are little-endian. A frame:

    offset  bytes  field
    0       4      CRC-32 (zlib) of all the bytes that follow it in the frame
    4       3      magic F7 54 4B: no ASCII JSON holds F7, so a reader can find the next frame behind a torn one
    7       1      kind: 1 metrics, 2 event, 3 schema
    8       4      length of the whole frame, a multiple of 8
    12      4      metrics: number of values; event and schema: bytes of JSON before the padding
    16      …      payload, zero-padded to a multiple of 8

    metrics  schema id u64 · step i64 · time i64 (µs since 1970 UTC, the writer's clock) · values f64 × n
    event    one JSON object in ASCII, its "kind" among wire.events
    schema   one JSON list of metric names in ASCII; its id is the first 8 bytes of its BLAKE2b

Frames of one schema have one length, so a run of them is a table that numpy reads in one go.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from zlib import crc32

from trackio_client.errors import CorruptFrame

MAGIC = b"\xf7TK"
METRICS, EVENT, SCHEMA = 1, 2, 3
HEAD_BYTES = 16
METRICS_HEAD_BYTES = HEAD_BYTES + 24
MAX_FRAME_BYTES = 4 * 1024 * 1024
"""The largest frame taken anywhere: what a store must hold in memory to check one."""
MAX_KEYS = 100_000
"""The most metrics in one `log()` call; their frame stays under MAX_FRAME_BYTES."""

_HEAD = struct.Struct("<IIII")  # crc, magic + kind, length, size
_REST = struct.Struct("<III")


def _tag(kind: int) -> int:
    return int.from_bytes(MAGIC + bytes([kind]), "little")


_TAGS = {kind: _tag(kind) for kind in (METRICS, EVENT, SCHEMA)}
_KINDS = {tag: kind for kind, tag in _TAGS.items()}
_MARK = MAGIC  # stands at offset 4 of each frame


class Schema:
    """The names of the values of a metrics frame, in order, and how to pack them.

    `pack(tag, length, n, id, step, time_us, *values)` gives all of a frame but its checksum. It is called in
    `Experiment.log`, the hottest line of the client, which is why it is a bare struct method and not wrapped here.
    """

    __slots__ = ("frame", "frame_bytes", "id", "keys", "pack", "tag")

    def __init__(self, keys: tuple[str, ...]) -> None:
        payload = _dump(list(keys))
        self.keys = keys
        self.id = int.from_bytes(blake2b(payload, digest_size=8).digest(), "little")
        self.frame_bytes = METRICS_HEAD_BYTES + 8 * len(keys)
        self.pack = struct.Struct(f"<IIIQqq{len(keys)}d").pack
        self.tag = _TAGS[METRICS]
        self.frame = _seal(SCHEMA, payload)
        """The schema frame that introduces this schema to a segment or a batch."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self.keys == other.keys

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"Schema({self.keys!r})"


def metrics_frame(schema: Schema, step: int, time_us: int, values: Iterable[float]) -> bytes:
    """Pack one `log()` call. Raises struct.error if a value is no number or the step does not fit 64 bits."""
    rest = schema.pack(schema.tag, schema.frame_bytes, len(schema.keys), schema.id, step, time_us, *values)
    return crc32(rest).to_bytes(4, "little") + rest


def event_frame(event: dict[str, Any]) -> bytes:
    """Pack a JSON event. NaN and ±inf stand as the strings that wire.events names, never as bare tokens."""
    return _seal(EVENT, _dump(event))


def _dump(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")


def _seal(kind: int, payload: bytes) -> bytes:
    length = HEAD_BYTES + (len(payload) + 7) // 8 * 8
    rest = _REST.pack(_TAGS[kind], length, len(payload)) + payload.ljust(length - HEAD_BYTES, b"\0")
    return crc32(rest).to_bytes(4, "little") + rest


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a whole, checked frame lies in a buffer."""

    kind: int
    start: int
    end: int
    size: int  # metrics: number of values; event, schema: bytes of JSON

    def json(self, buffer: bytes | memoryview) -> Any:
        """The JSON of an event or schema frame. Raises CorruptFrame if it is none."""
        payload = bytes(buffer[self.start + HEAD_BYTES : self.start + HEAD_BYTES + self.size])
        try:
            return json.loads(payload)
        except (ValueError, RecursionError) as error:
            raise CorruptFrame(f"a frame at byte {self.start} holds no JSON: {error}") from None


def frame_at(buffer: bytes | memoryview, start: int, *, check: bool = True) -> Frame | None:
    """The frame that begins at `start`, or None when the bytes end before it does.

    Raises:
        CorruptFrame: what stands there is no frame, or its checksum is wrong.
    """
    if len(buffer) - start < HEAD_BYTES:
        return None
    crc, tag, length, size = _HEAD.unpack_from(buffer, start)
    kind = _KINDS.get(tag)
    if kind is None or length % 8 or not HEAD_BYTES <= length <= MAX_FRAME_BYTES:
        raise CorruptFrame(f"no frame begins at byte {start}")
    fits = length == METRICS_HEAD_BYTES + 8 * size if kind == METRICS else size <= length - HEAD_BYTES < size + 8
    if not fits:
        raise CorruptFrame(f"the frame at byte {start} says {size} for {length} bytes")
    if len(buffer) - start < length:
        return None
    if check and crc32(memoryview(buffer)[start + 4 : start + length]) != crc:
        raise CorruptFrame(f"the frame at byte {start} has a wrong checksum")
    return Frame(kind, start, start + length, size)


def next_frame(buffer: bytes, start: int) -> Frame | None:
    """The first whole frame at or behind `start`, stepping over torn bytes; None if there is none (yet)."""
    while True:
        mark = buffer.find(_MARK, start + 4)
        if mark < 0:
            return None
        try:
            found = frame_at(buffer, mark - 4)
        except CorruptFrame:
            found = None
        if found is not None:
            return found
        start = mark - 3


def frames(buffer: bytes | memoryview, start: int = 0, *, check: bool = True) -> Iterator[Frame]:
    """All frames of a buffer that holds nothing else. Raises CorruptFrame, also for a cut last frame."""
    while start < len(buffer):
        frame = frame_at(buffer, start, check=check)
        if frame is None:
            raise CorruptFrame(f"the frame at byte {start} is cut off: the buffer ends at byte {len(buffer)}")
        yield frame
        start = frame.end


def schema_of(frame: Frame, buffer: bytes | memoryview) -> Schema:
    """The schema that a schema frame introduces. Raises CorruptFrame if it is no list of distinct names."""
    keys = frame.json(buffer)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys) or len(set(keys)) != len(keys):
        raise CorruptFrame(f"the schema at byte {frame.start} is not a list of distinct metric names")
    if not 0 < len(keys) <= MAX_KEYS:
        raise CorruptFrame(f"the schema at byte {frame.start} has {len(keys)} names; 1 to {MAX_KEYS} are taken")
    return Schema(tuple(keys))
