"""The log on disk: what `log()` appends to, and nothing else.

A spool is a folder `TRACKIO_DIR/v1/spool/<writer_id>/` of one writer (one process × one experiment):

    lock         held while the writer lives; free means orphan: whoever finds it may deliver it
    meta.json    see meta.py
    blobs/       the files that its events cite, see files.py
    reserve      room for the last words on a full disk, while the writer lives
    000000.seg   frames, appended by any thread with one write each (O_APPEND: the kernel keeps them whole)

Any thread may append without a lock. What makes that safe is the order of four lines in `append_to`: a thread enters
the segment's `flight`, looks whether the segment is still the current one, writes, and leaves. Whoever turns to a new
segment sets `current` first and looks at `flight` after; so a segment that is not current and has nobody in flight is
*final*: its bytes never change again, and the reader may go on to the next one. A frame's seq is its ordinal in the
log, counted by the reader; nobody takes a number before writing (rule 2).
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections import deque
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from trackio_client.delivery.files import Files
from trackio_client.delivery.locks import FileLock
from trackio_client.delivery.meta import Meta
from trackio_client.errors import SpoolFull
from trackio_client.wire.frames import Schema, event_frame
from trackio_client.wire.ranks import names_at_rank

MAX_SCHEMAS = 2048
"""Schemas remembered per segment: a loop that invents names for ever must not grow the process for ever."""
LANDING_S = 0.5
"""Longest wait at the end for writes of other threads that have begun."""
RESERVE, RESERVE_BYTES = "reserve", 65_536
"""Bytes: the last words are the end and, after an error, its trace, some kilobytes in a file of their own."""
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Pack(partial[bytes]):
    """pack(step, time_us, *values): all of a metrics frame but its checksum."""

    step_key: str | None = None
    """The metric that names the step when a call gives none."""


class Segment:
    """One file of the log while it can be written."""

    __slots__ = ("fd", "flight", "number", "schemas", "why")

    def __init__(self, number: int, fd: int, why: str = "") -> None:
        self.number = number
        self.fd = fd
        self.flight: deque[int] = deque()
        self.schemas: dict[tuple[str, ...], Pack] = {}
        """The schemas that stand in this segment, by their names. Empty in a shut spool: every call misses."""
        self.why = why
        """Why nothing can be written; empty while it can."""


class Spool:
    """The open log of one living writer. `append` may be called from any thread, also from a signal handler."""

    def __init__(self, directory: Path, meta: Meta, lock: FileLock, rank: int = 0) -> None:
        self.directory = directory
        self.rank = rank
        """Under which metrics are named (wire/ranks.py): several ranks may log the same ones to one experiment."""
        self.meta = meta
        self.files = Files(directory)
        """What the events of this log cite."""
        self._lock_file = lock
        self._turning = threading.RLock()  # reentrant: a signal handler may append while this thread turns
        self._open: dict[int, Segment] = {}
        self._is_over = False
        self._trouble = ""  # what the disk last said against a write
        self.current = self._segment(0)

    @classmethod
    def create(cls, folder: Path, meta: Meta, rank: int = 0) -> Spool:
        """A new spool in `folder`. Raises OSError if the disk does not take it."""
        directory = folder / meta.writer_id
        directory.mkdir(parents=True)
        lock = FileLock.take(directory / "lock")
        if lock is None:
            raise FileExistsError(errno.EEXIST, "another writer has this spool", str(directory))
        _reserve(directory / RESERVE)
        meta.write(directory)  # after the lock: a folder without meta.json is nobody's orphan
        return cls(directory, meta, lock, rank)

    # --- appending: any thread ----------------------------------------------------------------------------------

    def append_to(self, segment: Segment, frame: bytes) -> bool:
        """Append a frame to this segment; False if it is not the current one any more (look up, and try again).

        Raises:
            SpoolFull: there is no room; nothing of the frame counts.
        """
        enter, leave = segment.flight.append, segment.flight.pop
        try:
            enter(1)  # an interrupt comes after a call, never between `try` and here: `leave` has its match
            if self.current is not segment:
                return False
            written = os.write(segment.fd, frame)
        except OSError as error:
            written, trouble = -1, f"{error.strerror or error}"
        else:
            trouble = "the disk took only a part of it"
        finally:
            leave()
        if written == len(frame):
            return True
        self._turn_from(segment, trouble)
        return False

    def append(self, frame: bytes) -> None:
        """Append a frame that needs no schema. Raises SpoolFull."""
        for _ in range(4):
            segment = self.current
            if segment.why:
                raise SpoolFull(segment.why)
            if self.append_to(segment, frame):
                return
        self.shut(f"the disk does not take whole events: {self._trouble}")
        raise SpoolFull(self.current.why)

    def append_event(self, content: Mapping[str, Any]) -> None:
        """Append a JSON event. Raises SpoolFull."""
        self.append(event_frame(dict(content)))

    def introduce(self, keys: tuple[str, ...]) -> tuple[Segment, Pack]:
        """The current segment, with a schema for these names in it. Raises SpoolFull."""
        schema = None
        for _ in range(4):
            segment = self.current
            if segment.why:
                raise SpoolFull(segment.why)
            if known := segment.schemas.get(keys):
                return segment, known
            schema = schema or Schema(keys if not self.rank else names_at_rank(keys, self.rank))
            if self.append_to(segment, schema.frame):
                if len(segment.schemas) >= MAX_SCHEMAS:
                    segment.schemas.clear()
                pack = Pack(schema.pack, schema.tag, schema.frame_bytes, len(keys), schema.id)
                segment.schemas[keys] = pack
                return segment, pack
        self.shut(f"the disk does not take whole events: {self._trouble}")
        raise SpoolFull(self.current.why)

    def _turn_from(self, segment: Segment, trouble: str) -> None:
        """After a failed or short write: what stands there now is torn, so go on in a new segment (rule 3)."""
        with self._turning:
            self._trouble = trouble
            if self.current is segment:
                try:
                    self.current = self._segment(segment.number + 1)
                except OSError as error:
                    self.shut(error.strerror or trouble)

    # --- the sender's side ----------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Begin a new segment (the current one is long enough). Stays where it is if the disk refuses."""
        with self._turning, contextlib.suppress(OSError):
            if not self.current.why:
                self.current = self._segment(self.current.number + 1)

    def shut(self, why: str) -> None:
        """Refuse what comes, until `reopen`."""
        with self._turning:
            if not self.current.why:
                self.current = Segment(self.current.number, -1, why)

    def end(self) -> None:
        """Refuse what comes, for ever: a sender that looks for room at this moment must not open it again."""
        with self._turning:
            self._is_over = True
            self.shut("the experiment was finished")
        # A thread that was past the look at `current` is about to write: what it writes counts. It takes microseconds,
        # unless it is the thread that a signal stopped there to come here.
        until = time.monotonic() + LANDING_S
        while any(segment.flight for segment in list(self._open.values())) and time.monotonic() < until:
            time.sleep(0.0005)

    def reopen(self, first: bytes, *, is_last: bool = False) -> bool:
        """Take events again if the disk takes a new segment and this frame in it; False if it does not.

        Only for the reader's thread: nobody may read the new file before it is known to be whole. The last words may
        use the room that was kept for them: a training that fails because the disk is full must not seem to run on.
        """
        if self._reopen(first):
            return True
        if not is_last:
            return False
        with contextlib.suppress(OSError):
            (self.directory / RESERVE).unlink()
        return self._reopen(first)

    def _reopen(self, first: bytes) -> bool:
        with self._turning:
            if self._is_over:
                return False
            number = self.last_number + 1
            try:
                segment = self._segment(number)
            except OSError:
                return False
            try:
                if os.write(segment.fd, first) == len(first):
                    self.current = segment
                    return True
            except OSError:
                pass
            os.close(self._open.pop(number).fd)
            segment_path(self.directory, number).unlink(missing_ok=True)
            return False

    @property
    def last_number(self) -> int:
        return max(self._open, default=self.current.number)

    def is_final(self, number: int) -> bool:
        """No byte of this segment will ever change."""
        segment = self._open.get(number)
        return segment is None or (segment is not self.current and not segment.flight)

    def settle(self, number: int) -> None:
        """The reader has all of a final segment: make it safe from power cuts and close it."""
        if number != self.last_number and (segment := self._open.pop(number, None)):
            with contextlib.suppress(OSError):
                datasync(segment.fd)
            os.close(segment.fd)

    def sync(self) -> None:
        """Ask the disk to keep what was written, against a power cut. Takes as long as the disk does."""
        segment = self.current
        if segment.fd >= 0:
            with contextlib.suppress(OSError):
                datasync(segment.fd)

    def close(self, *, release: bool = True) -> None:
        """Nothing more will be appended. With `release` the lock is let go of: what is left anyone may deliver."""
        self.end()
        for segment in self._open.values():
            with contextlib.suppress(OSError):
                datasync(segment.fd)
            os.close(segment.fd)
        self._open = {}
        with contextlib.suppress(OSError):
            (self.directory / RESERVE).unlink()
        if release:
            self.release()

    def release(self) -> None:
        self._lock_file.release()

    def abandon(self) -> None:
        """In a forked child: let go of the parent's files without touching them."""
        for segment in self._open.values():
            with contextlib.suppress(OSError):
                os.close(segment.fd)
        self._open = {}
        self._lock_file.release()

    def _segment(self, number: int) -> Segment:
        segment = Segment(number, os.open(segment_path(self.directory, number), _FLAGS, 0o600))
        self._open[number] = segment
        return segment


def _reserve(path: Path) -> None:
    """Take room on the disk; without it the log works all the same."""
    try:
        path.write_bytes(bytes(RESERVE_BYTES))
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()


def segment_path(directory: Path, number: int) -> Path:
    """Where segment `number` of a spool lies."""
    return directory / f"{number:06d}.seg"


def segment_numbers(directory: Path) -> list[int]:
    """The segments of a spool that are on disk, oldest first."""
    try:
        return sorted(int(path.stem) for path in directory.glob("*.seg") if path.stem.isdecimal())
    except FileNotFoundError:  # delivered and removed just now
        return []


datasync = getattr(os, "fdatasync", os.fsync)  # macOS and Windows have only fsync
