"""Reading a log: frames are counted, checked and cut into pieces; torn bytes are stepped over, never truncated.

The reader is the only one who counts: a frame's ordinal is its place among all whole frames of the log that are not
schema frames. Bytes of a final segment never change, so whoever reads them again comes to the same count.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from zlib import crc32

from trackio_client.delivery.meta import Meta
from trackio_client.delivery.spool import Spool, segment_numbers, segment_path
from trackio_client.errors import CorruptFrame
from trackio_client.wire.events import REFUSED
from trackio_client.wire.frames import (
    HEAD_BYTES,
    MAGIC,
    MAX_FRAME_BYTES,
    METRICS,
    METRICS_HEAD_BYTES,
    SCHEMA,
    Frame,
    event_frame,
    frame_at,
    next_frame,
)

PIECE_BYTES = 1024 * 1024
"""Most bytes of frames in one piece (a single larger frame is a piece of its own)."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive frames of one segment as they go into a batch."""

    first: int  # ordinal of the first frame
    count: int
    segment: int
    start: int  # byte in the segment where reading began
    end: int  # byte in the segment behind the last frame
    body: bytes  # schema frames that are used, then the frames

    @property
    def stop(self) -> int:
        return self.first + self.count


@dataclass(slots=True)
class Place:
    """A place in the log from which reading can begin."""

    segment: int
    offset: int
    ordinal: int


class LogReader:
    """Reads a log from a place on. `spool` None means that nobody writes it any more: all of it is final."""

    def __init__(self, directory: Path, meta: Meta, spool: Spool | None = None) -> None:
        self.directory = directory
        self.meta = meta
        self.spool = spool
        self.place = Place(meta.first_segment, 0, meta.first_ordinal)
        self.starts: list[Place] = [Place(meta.first_segment, 0, meta.first_ordinal)]
        """Where each segment that is kept begins, as far as it was reached."""
        self.stepped_over = 0
        """Torn bytes so far."""
        self._schemas: dict[int, bytes] = {}  # of the segment that `place` is in

    def seek(self, ordinal: int) -> None:
        """Read on at this ordinal (at or behind the oldest kept one): from its segment's begin, counting anew."""
        start = max((s for s in self.starts if s.ordinal <= ordinal), key=lambda s: s.segment, default=self.starts[0])
        self.place = Place(start.segment, 0, start.ordinal)
        self._schemas = {}
        while self.place.ordinal < ordinal:
            if self._next(PIECE_BYTES, ordinal - self.place.ordinal) is None:
                return

    def next_piece(self, limit: int = PIECE_BYTES) -> Piece | None:
        """The next frames, at least one; None when there is none yet (or, of a final log, none any more)."""
        return self._next(limit, None)

    def next_frames(self, most: int) -> Piece | None:
        """The next `most` frames, or fewer."""
        return self._next(PIECE_BYTES, most)

    def _next(self, limit: int, most: int | None) -> Piece | None:
        if self.meta.end is not None:
            left = self.meta.end - self.place.ordinal
            if left <= 0:
                return None
            most = left if most is None else min(most, left)
        while True:
            place = self.place
            final = self.spool is None or self.spool.is_final(
                place.segment
            )  # asked before reading, or a late byte is lost
            data = self._bytes(limit)
            scan = _Scan(data, final and len(data) < limit, most)
            scan.run(self._schemas)
            if scan.needs_more and len(data) == limit and limit < 3 * MAX_FRAME_BYTES:
                limit = 3 * MAX_FRAME_BYTES  # a frame larger than a piece, or torn bytes with the next frame far off
                continue
            if scan.needs_more and len(data) == limit:  # megabytes without one frame; one may begin in the last of them
                scan.end = scan.torn = len(data) - MAX_FRAME_BYTES
            begin = place.offset
            place.offset += scan.end
            self.stepped_over += scan.torn
            if scan.count:
                first, place.ordinal = place.ordinal, place.ordinal + scan.count
                body = self._body(data, scan, first)
                return Piece(first, scan.count, place.segment, begin, place.offset, body)
            if scan.end:
                continue
            if not final or not self._go_on():
                return None

    def _bytes(self, limit: int) -> bytes:
        try:
            with segment_path(self.directory, self.place.segment).open("rb", buffering=0) as file:
                file.seek(self.place.offset)
                return file.read(limit) or b""
        except FileNotFoundError:
            return b""

    def _go_on(self) -> bool:
        """From the end of a final segment to the next one; False if there is none (yet)."""
        later = [number for number in segment_numbers(self.directory) if number > self.place.segment]
        if not later:
            return False
        if self.spool is not None:
            self.spool.settle(self.place.segment)
        self.place = Place(later[0], 0, self.place.ordinal)
        self._schemas = {}
        if self.starts[-1].segment < later[0]:
            self.starts.append(Place(later[0], 0, self.place.ordinal))
        return True

    def _body(self, data: bytes, scan: _Scan, first: int) -> bytes:
        if self.meta.refused:
            scan.substitute(data, {int(at) - first: why for at, why in self.meta.refused.items()})
        heads = [self._schemas[known] for known in scan.used if known in self._schemas]
        return b"".join([*heads, *(data[a:b] if isinstance(b, int) else b for a, b in scan.ranges)])


class _Scan:
    """One walk over bytes of a segment."""

    def __init__(self, data: bytes, is_all: bool, most: int | None) -> None:
        self.data, self.is_all, self.most = data, is_all, most
        self.ranges: list[tuple[int, int | bytes]] = []  # (start, end) in data; or (0, other bytes)
        self.used: dict[int, None] = {}  # ids of schemas
        self.count = self.end = self.torn = 0
        self.needs_more = False
        self._last = (0, 0, SCHEMA)  # start, end and kind of the frame before `end`

    def run(self, schemas: dict[int, bytes]) -> None:
        data = self.data
        while self.end < len(data) and self.count != self.most:
            try:
                frame = frame_at(data, self.end)
            except CorruptFrame:
                if not self._step_over():
                    return
                continue
            if frame is None:  # the frame's end is not there: torn, cut by the limit, or being written
                if not self.is_all:
                    self.needs_more = self.count == 0
                    return
                if not self._step_over():
                    return
            elif frame.kind == SCHEMA:
                schemas[_schema_id(data, frame)] = data[frame.start : frame.end]
                self._last, self.end = (frame.start, frame.end, SCHEMA), frame.end
            elif frame.kind == METRICS:
                self._take_run(frame, schemas)
            else:
                self._take(frame.start, frame.end, 1)
                self._last = (frame.start, frame.end, frame.kind)

    def _step_over(self) -> bool:
        """Past torn bytes to the next whole frame. At the end of a log that is still written: wait instead."""
        if self._was_torn():
            return True
        found = next_frame(self.data, self.end + 1)
        if found is None and not self.is_all:
            self.needs_more = self.count == 0
            return False
        until = found.start if found else len(self.data)
        self.torn += until - self.end
        self.end = until
        return found is not None

    def _was_torn(self) -> bool:
        """The frame before was torn by a few bytes, and the next one's first bytes happen to be what it lacked.

        Then a frame begins inside its end, and none behind it. Its writer knows that it was torn and has written it
        again elsewhere: it must not count, and the next one must not be lost.
        """
        start, end, kind = self._last
        if end != self.end:
            return False
        for at in range(end - 1, max(start, end - HEAD_BYTES), -1):
            if self.data[at + 4 : at + 7] == MAGIC:
                try:
                    found = frame_at(self.data, at)
                except CorruptFrame:
                    continue
                if found is not None:
                    self._untake(start, at, kind)
                    return True
        return False

    def _untake(self, start: int, at: int, kind: int) -> None:
        if kind != SCHEMA:
            first, end = self.ranges.pop()
            if isinstance(end, int) and first < start:
                self.ranges.append((first, start))
            self.count -= 1
        self.torn += at - start
        self._last, self.end = (0, 0, SCHEMA), at

    def _take_run(self, frame: Frame, schemas: dict[int, bytes]) -> None:
        """All frames from here on that have the head of this one, and the right checksum."""
        data, start, width = self.data, frame.start, frame.end - frame.start
        left = len(data) // width if self.most is None else self.most - self.count
        last = min(len(data), start + left * width) - width
        view, head, at = memoryview(data), data[start + 4 : start + HEAD_BYTES + 8], frame.end
        # A plain loop: 0.5 µs a frame. Comparing whole tables with numpy is no faster, and far slower on short runs.
        while (
            at <= last
            and data[at + 4 : at + HEAD_BYTES + 8] == head
            and crc32(view[at + 4 : at + width]) == int.from_bytes(data[at : at + 4], "little")
        ):
            at += width
        n = (at - start) // width
        schema_id = int.from_bytes(data[start + HEAD_BYTES : start + HEAD_BYTES + 8], "little")
        if schema_id not in schemas:  # its schema frame was torn by a power cut: names are gone, values mean nothing
            self.torn += n * width
            self.end = start + n * width
            return
        self.used[schema_id] = None
        self._take(start, start + n * width, n)
        self._last = (start + (n - 1) * width, start + n * width, METRICS)

    def _take(self, start: int, end: int, count: int) -> None:
        if self.ranges and self.ranges[-1][1] == start:
            self.ranges[-1] = (self.ranges[-1][0], end)
        else:
            self.ranges.append((start, end))
        self.end = end
        self.count += count

    def substitute(self, data: bytes, refused: dict[int, str]) -> None:
        """Put a `refused` event in the place of each frame (counted from 0) that the store will never take."""
        ranges: list[tuple[int, int | bytes]] = []
        at = 0
        for start, end in self.ranges:
            place = start
            while isinstance(end, int) and place < end:
                frame = frame_at(data, place, check=False)
                assert frame is not None
                if at in refused:
                    ranges.append((0, refused_frame(data, frame, refused[at])))
                else:
                    ranges.append((frame.start, frame.end))
                place, at = frame.end, at + 1
        self.ranges = ranges


def refused_frame(data: bytes, frame: Frame, reason: str) -> bytes:
    """The event that stands for a frame refused for good; the same bytes each time, or the digest would differ."""
    step, time_us = None, 0
    if frame.kind == METRICS:
        step = int.from_bytes(data[frame.start + 24 : frame.start + 32], "little", signed=True)
        time_us = int.from_bytes(data[frame.start + 32 : frame.start + METRICS_HEAD_BYTES], "little", signed=True)
    return event_frame(
        {"kind": REFUSED, "time_us": time_us, "reason": reason[:500], "count": 1, "first_step": step, "last_step": step}
    )


def _schema_id(data: bytes, frame: Frame) -> int:
    payload = data[frame.start + HEAD_BYTES : frame.start + HEAD_BYTES + frame.size]
    return int.from_bytes(blake2b(payload, digest_size=8).digest(), "little")
