"""The files of one spool: kept until every event that cites them is durable, and brought before those events.

    TRACKIO_DIR/v1/spool/<writer_id>/blobs/<2>/<sha256>

They lie in the spool, not in a folder of all: what a kill leaves there goes with the spool, and no process ever has to
ask what another one still needs. The order is file, event, batch: `put` comes before the event is appended, and `bring`
before the batch that holds it. Who decides what is still to be brought is the store alone (`Transport.lacking`, and
FilesWanted as its answer to a batch): a wiped Space asks again. A file that is gone here, or that the store will not
have, is *missing*: named once, and never waited for.

A *hold* keeps a file from being let go of between `put` and the moment at which the courier counts the event.
"""

from __future__ import annotations

import shutil
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trackio_client.blobs import Blob, BlobFolder
from trackio_client.errors import SpoolFull, Unavailable
from trackio_client.wire.batches import EVERY_FILE, MAX_WITHOUT
from trackio_client.wire.files import MOST_FILES, PART_BYTES

if TYPE_CHECKING:
    from trackio_client.delivery.transport import Transport

BLOBS: Final = "blobs"
ASKED_AT_ONCE: Final = 1000
TRIES, MOST_TRIES = 3, 100
"""How often a store may want one file that was brought before it is given time, and before the file is given up: it may
have been wiped in between, but nothing waits for ever behind a store that loses what it takes."""
GONE: Final = "it is not on the training's machine any more"
OnMissing = Callable[[Blob, str], None]
"""Called once with a file whose event goes without it, and why."""


@dataclass(slots=True)
class Lacking:
    """What a store says of files that a batch cites; those it does not name are there."""

    want: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    """Those it does not have and will not take, with the reason: too large for it, or too many."""


class Files:
    """Files of one spool. `put`, `hold` and `let_go` may be called from any thread, the rest by the courier's."""

    def __init__(self, directory: Path, on_missing: OnMissing = lambda blob, why: None) -> None:
        self.folder = BlobFolder(directory / BLOBS)
        self.on_missing = on_missing
        self.room_bytes: int | None = None
        """What may still be put here; None is no bound. `room.Room` keeps it."""
        self.most_bytes: int | None = None
        """Of one file; None is no bound."""
        self.held_bytes = 0
        """Of the files that were put here and are still needed."""
        self.missing: dict[str, str] = {}
        """Files that events cite and that do not go with them: hash → why."""
        self._lock = threading.Lock()
        self._sizes: dict[str, int] = {}
        self._put: Counter[str] = Counter()  # by `put`, until an event cites it
        self._held: Counter[str] = Counter()  # by events that are being appended, until they are counted
        self._cited: list[tuple[int, tuple[Blob, ...]]] = []  # (ordinal, files) ascending, until durable
        self._last: dict[str, int] = {}  # the last ordinal that cites a file
        self._there: set[str] = set()  # what the store said that it has
        self._wanted: Counter[str] = Counter()  # what it said that it lacks, and how often

    # --- the training's side --------------------------------------------------------------------------------------

    def put(self, content: bytes | Path, mime: str) -> Blob:
        """Keep a file for an event that comes.

        Raises:
            SpoolFull: the budget or the disk is full. ValueError: it is larger than one file may be.
            OSError: it cannot be read.
        """
        size = content.stat().st_size if isinstance(content, Path) else len(content)
        if self.most_bytes is not None and size > self.most_bytes:
            raise ValueError(f"it has {size:,} bytes, at most {self.most_bytes:,} are taken (TRACKIO_FILE_BYTES)")
        if self.room_bytes is not None and size > self.room_bytes:
            raise SpoolFull("the spool has no room for a file of this size (TRACKIO_SPOOL_BYTES)")
        blob = self._kept(content, mime)
        with self._lock:
            if self.folder.path(blob.sha256) is None:  # the courier let go of it at this very moment
                blob = self._kept(content, mime)
            self._put[blob.sha256] += 1
            if self.missing.get(blob.sha256) == GONE:
                del self.missing[blob.sha256]  # the same content once more: now it can be brought
            if blob.sha256 not in self._sizes:
                self._sizes[blob.sha256] = blob.bytes
                self.held_bytes += blob.bytes
                if self.room_bytes is not None:
                    self.room_bytes -= blob.bytes
        return blob

    def _kept(self, content: bytes | Path, mime: str) -> Blob:
        if isinstance(content, Path):
            content.open("rb").close()  # what cannot be read is no full disk
        try:
            return self.folder.put(content, mime)
        except OSError as error:
            raise SpoolFull(f"the disk does not take a file: {error.strerror or error}") from error

    def hold(self, blobs: Iterable[Blob]) -> None:
        """An event that cites these is about to be appended."""
        with self._lock:
            for blob in blobs:
                self._held[blob.sha256] += 1
                if self._put[blob.sha256] > 0:
                    self._put[blob.sha256] -= 1

    def let_go(self, blobs: Iterable[Blob]) -> None:
        """That event could not be appended."""
        with self._lock:
            for blob in blobs:
                self._held[blob.sha256] -= 1

    # --- the courier's side ---------------------------------------------------------------------------------------

    def counted(self, ordinal: int, blobs: Sequence[Blob]) -> None:
        """The event with this ordinal cites these. To count an event again changes nothing."""
        at = bisect_left(self._cited, (ordinal,))
        if at < len(self._cited) and self._cited[at][0] == ordinal:
            return
        self._cited.insert(at, (ordinal, tuple(blobs)))
        with self._lock:
            for blob in blobs:
                self._held[blob.sha256] = max(0, self._held[blob.sha256] - 1)
                self._last[blob.sha256] = max(ordinal, self._last.get(blob.sha256, 0))

    def cited_in(self, first: int, stop: int) -> list[Blob]:
        """What the events of some ordinals cite, each once. A training without files pays for a look at a list."""
        if not self._cited:
            return []
        low, high = bisect_left(self._cited, (first,)), bisect_left(self._cited, (stop,))
        return list({blob.sha256: blob for _, blobs in self._cited[low:high] for blob in blobs}.values())

    def bring(self, transport: Transport, experiment_id: str, cited: Sequence[Blob]) -> bool:
        """One request towards a batch that cites these; True, without one, when the batch may go.

        Raises:
            DeliveryError: nobody took them; try again later. StoreFull: the store's disk is full.
        """
        left = [blob for blob in cited if blob.sha256 not in self._there and blob.sha256 not in self.missing]
        if not left:
            return True
        unknown = [blob for blob in left if blob.sha256 not in self._wanted][:ASKED_AT_ONCE]
        if unknown:
            told = transport.lacking(unknown, experiment_id)
            for blob in unknown:
                if blob.sha256 in told.refused:
                    self._miss(blob, told.refused[blob.sha256])
                elif blob.sha256 in told.want:
                    self._wanted[blob.sha256] = 1
                else:
                    self._there.add(blob.sha256)
            return False
        here: list[Blob] = []
        size = 0
        for blob in left:  # what one request can bring: looking at all of them for each would take the square of it
            if here and (size + blob.bytes > PART_BYTES or len(here) >= MOST_FILES):
                break
            if self._is_here(blob):
                here.append(blob)
                size += blob.bytes
        if not here:
            return False
        came = transport.put_files(here, self.folder, experiment_id)
        for blob in here:
            if came.get(blob.sha256):
                self._miss(blob, came[blob.sha256])
            elif blob.sha256 in came:
                self._there.add(blob.sha256)
        return False

    def wanted(self, hashes: Iterable[str], cited: Sequence[Blob]) -> None:
        """The store refused a batch: it lacks these, whatever it said before.

        Raises:
            Unavailable: again and again; try later.
        """
        by_hash = {blob.sha256: blob for blob in cited}
        most = 0
        for sha256 in hashes:
            self._there.discard(sha256)
            self._wanted[sha256] += 1
            most = max(most, self._wanted[sha256])
            if sha256 in by_hash and self._wanted[sha256] > MOST_TRIES:
                self._miss(by_hash[sha256], f"the store was given it {MOST_TRIES} times, and did not have it then")
        if most > TRIES:
            raise Unavailable(f"the store wants a file that it was given, for the {most}th time")

    def without(self, cited: Sequence[Blob]) -> tuple[str, ...]:
        """For the head of a batch that cites these: which of them are not to be waited for."""
        if not self.missing:
            return ()
        named = tuple(blob.sha256 for blob in cited if blob.sha256 in self.missing)
        return named if len(named) <= MAX_WITHOUT else (EVERY_FILE,)

    def release(self, durable: int) -> None:
        """All before this ordinal is durable: let go of the files that nothing behind it cites."""
        if not self._cited or self._cited[0][0] >= durable:
            return
        at = bisect_left(self._cited, (durable,))
        going = {blob.sha256 for _, blobs in self._cited[:at] for blob in blobs}
        del self._cited[:at]
        with self._lock:
            for sha256 in going:
                if self._last[sha256] >= durable or self._held[sha256] or self._put[sha256]:
                    continue
                self.folder.remove(sha256)
                self.held_bytes -= self._sizes.pop(sha256, 0)
                self._there.discard(sha256)
                for kept in (self._last, self._held, self._put, self._wanted):
                    kept.pop(sha256, None)

    def copy_to(self, directory: Path) -> None:
        """Give another spool all that is here: it takes over events that are not durable."""
        other = BlobFolder(directory / BLOBS)
        for sha256, size, _ in self.folder.listed():
            other.adopt(self.folder, Blob(sha256, size))

    def remove(self) -> None:
        """All of the spool is durable: nothing here is needed any more."""
        shutil.rmtree(self.folder.folder, ignore_errors=True)

    def _is_here(self, blob: Blob) -> bool:
        if self.folder.has(blob):
            return True
        self._miss(blob, GONE)
        return False

    def _miss(self, blob: Blob, why: str) -> None:
        if blob.sha256 not in self.missing:
            self.missing[blob.sha256] = why
            self.on_missing(blob, why)


def bytes_of(directory: Path) -> int:
    """Of the files of a spool, whoever owns it."""
    folder = directory / BLOBS
    return BlobFolder(folder).total_bytes() if folder.exists() else 0


def read_part(folder: BlobFolder, blob: Blob, at: int) -> bytes | None:
    """What one request brings of a file, from a byte on; None if the file is not here in its length."""
    path, size = folder.path(blob.sha256), min(PART_BYTES, blob.bytes - at)
    try:
        if path is None or path.stat().st_size != blob.bytes:
            return None
        with path.open("rb") as file:
            file.seek(at)
            content = file.read(size)
    except OSError:
        return None
    return content if len(content) == size else None
