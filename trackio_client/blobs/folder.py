"""BlobFolder: files named by the SHA-256 of their content, `<2 characters>/<sha256>`."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from trackio_client.blobs.arriving import Arrival, extended, not_announced
from trackio_client.blobs.citing import DEFAULT_MIME, Blob, checked_mime, is_hash
from trackio_client.blobs.disk import entries, hash_of, pieces_of, sync_file, sync_folder
from trackio_client.errors import DamagedBlob

ARRIVING: Final = "arriving-"
"""How the name of a file begins that is not whole yet."""
DAMAGED: Final = ".damaged"
"""How the name of a file ends whose content is not what its name says."""
_PARTS = threading.Lock()
"""Held while a part of a file is added: two that bring the same file take turns."""


class BlobFolder:
    """A folder of blobs. Any thread and any process may use it: a file appears whole, by a rename, or not at all.

    Args:
        folder: made when the first file comes.
        sync: whether a file is on the disk, not only in the kernel, before its name appears. What is told to be
            durable needs it; a trainer's own folder does not, and is ten times quicker without.
    """

    def __init__(self, folder: Path, *, sync: bool = False) -> None:
        self.folder = Path(folder)
        self._sync = sync
        self._whole: dict[str, tuple[int, int, int]] = {}  # what `checked` has read: (inode, bytes, time of change)

    def put(self, content: bytes | Path, mime: str = DEFAULT_MIME) -> Blob:
        """Keep a content (bytes as they are, a path's file streamed) and say its name. The same again changes nothing.

        Raises:
            OSError: the file cannot be read, or the disk does not take it; nothing is left behind.
        """
        if isinstance(content, (bytes, bytearray, memoryview)):
            digest = hashlib.sha256(content).hexdigest()
            if not self._has(digest, len(content)):
                self._keep({digest: content})
            return Blob(digest, len(content), checked_mime(mime))
        sha256, size = self._take(pieces_of(Path(content)))
        return Blob(sha256, size, checked_mime(mime))

    def receive(self, sha256: str, pieces: Iterable[bytes]) -> int:
        """Keep what comes under the name that was announced; its bytes.

        Raises:
            DamagedBlob: other content came; nothing of it is kept. OSError: as `put`.
        """
        return self._take(pieces, expected=sha256)[1]

    def receive_many(self, files: Iterable[tuple[str, bytes]]) -> list[str]:
        """Keep small files under the names that were announced; those whose content is another, which are not kept.

        All are written before the first is waited for: a disk makes a thousand durable nearly as quickly as one.

        Raises:
            OSError: the disk does not take them; some may be here.
        """
        wrong: list[str] = []
        fresh: dict[str, bytes | bytearray | memoryview] = {}
        for sha256, content in files:
            if hashlib.sha256(content).hexdigest() != sha256:
                wrong.append(sha256)
            elif not self._has(sha256, len(content)):
                fresh[sha256] = content
        self._keep(fresh)
        return wrong

    def adopt(self, other: BlobFolder, blob: Blob) -> bool:
        """Take a file from another folder of blobs, by a link where the disk can; False if it is not whole there.

        Raises:
            OSError: the disk does not take it.
        """
        if self._has(blob.sha256, blob.bytes):
            return True
        path, place = other.path(blob.sha256), self._place(blob.sha256)
        if path is None or path.stat().st_size != blob.bytes:
            return False
        try:
            place.unlink(missing_ok=True)  # cut by a power cut, or `_has` had said yes
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, place)
        except FileExistsError:
            return True
        except OSError:  # another disk, or one without links
            try:
                self.receive(blob.sha256, pieces_of(path))
            except (FileNotFoundError, DamagedBlob):
                return False
            return True
        if self._sync:
            sync_file(place)
            sync_folder(place.parent)
        return True

    def path(self, sha256: str) -> Path | None:
        """Where the file of this name lies; None if it is not here, or the name is no hash."""
        if not is_hash(sha256):
            return None
        place = self._place(sha256)
        return place if place.is_file() else None

    def has(self, blob: Blob) -> bool:
        """Whether the file is here in the length that the event tells. If so its age begins anew: it is wanted."""
        return self._has(blob.sha256, blob.bytes)

    def checked(self, sha256: str) -> Path | None:
        """As `path`, but read and compared with its name, once as long as it does not change.

        A file that is damaged is set aside under another name: then it is not here, and whoever has it brings it again.
        """
        place = self.path(sha256)
        if place is None:
            return None
        seen = place.stat()
        stamp = (seen.st_ino, seen.st_size, seen.st_mtime_ns)
        if self._whole.get(sha256) == stamp:
            return place
        if hash_of(place) != sha256:
            place.replace(place.with_name(f"{sha256}{DAMAGED}"))
            return None
        if len(self._whole) > 10_000:
            self._whole.clear()
        self._whole[sha256] = stamp
        return place

    def remove(self, sha256: str) -> int:
        """Delete a file; its bytes, 0 if it was not here."""
        place = self.path(sha256)
        if place is None:
            return 0
        try:
            size = place.stat().st_size
            place.unlink()  # its folder stays, of 256 at most: another file may be on its way into it
        except OSError:
            return 0
        return size

    def touch(self, sha256: str) -> None:
        """Begin its age anew: somebody is about to cite it."""
        with contextlib.suppress(OSError):
            os.utime(self._place(sha256))

    def listed(self) -> Iterator[tuple[str, int, float]]:
        """(sha256, bytes, age in seconds since it came or was touched) of each file, in no order."""
        now = time.time()
        for shelf in entries(self.folder):
            if len(shelf.name) == 2 and shelf.is_dir():
                for entry in entries(Path(shelf.path)):
                    with contextlib.suppress(OSError):
                        if is_hash(entry.name):
                            seen = entry.stat()
                            yield entry.name, seen.st_size, max(0.0, now - seen.st_mtime)

    def total_bytes(self) -> int:
        """Of all files here."""
        return sum(size for _, size, _ in self.listed())

    def sweep(self, older_than_s: float = 86_400.0) -> int:
        """Delete what a kill left half arrived; how many files."""
        count = 0
        for entry in entries(self.folder):
            with contextlib.suppress(OSError):
                if entry.name.startswith(ARRIVING) and time.time() - entry.stat().st_mtime > older_than_s:
                    Path(entry.path).unlink()
                    count += 1
        return count

    # --- inside ---------------------------------------------------------------------------------------------------

    def _place(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def _has(self, sha256: str, size: int) -> bool:
        try:
            place = self._place(sha256)
            if size and place.stat().st_size != size:  # cut by a power cut: written anew
                return False
            os.utime(place)
            return True
        except OSError:
            return False

    def _take(self, pieces: Iterable[bytes | bytearray | memoryview], expected: str | None = None) -> tuple[str, int]:
        """Write pieces into a file of their own and name it by what was written."""
        with self.arrival() as arrival:
            for piece in pieces:
                arrival.write(piece)
            return arrival.keep(expected)

    def _keep(self, contents: Mapping[str, bytes | bytearray | memoryview]) -> None:
        """Write contents whose hashes are known."""
        if not contents:
            return
        arriving: dict[str, Path] = {}
        mark = f"{ARRIVING}{os.getpid()}-{secrets.token_hex(8)}"
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            for sha256, content in contents.items():
                path = arriving[sha256] = self.folder / f"{mark}-{sha256[:16]}"
                path.write_bytes(content)
            if self._sync:
                for path in arriving.values():
                    sync_file(path)
            for sha256 in contents:
                try:
                    arriving[sha256].replace(self._place(sha256))
                except FileNotFoundError:
                    self._place(sha256).parent.mkdir(exist_ok=True)
                    arriving[sha256].replace(self._place(sha256))
                del arriving[sha256]
            if self._sync:
                for shelf in {sha256[:2] for sha256 in contents}:
                    sync_folder(self.folder / shelf)
        finally:
            for path in arriving.values():
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def arrival(self) -> Iterator[Arrival]:
        """A file that comes piece by piece; what was not kept when this ends is gone."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{ARRIVING}{os.getpid()}-{secrets.token_hex(8)}"
        try:
            with path.open("xb") as file:
                yield Arrival(path, file, self._name, sync=self._sync)
        finally:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def extend(self, sha256: str, at: int, content: bytes, total: int) -> int:
        """Add a part to a file that comes in several requests; how many of its bytes are here then.

        Another number than `at + len(content)` says where to go on: the part before was lost, or somebody else brings
        the same file. `total` says that it is whole and has its name.

        Raises:
            DamagedBlob: all parts together are not what was announced; it begins anew. OSError: the disk is full.
        """
        if self._has(sha256, total):
            return total
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{ARRIVING}{sha256}"
        with _PARTS:  # two that bring the same file take turns, and each goes on where the other one stopped
            have = extended(path, at, content, total)
            if have < total:
                return have
            if self._sync:
                sync_file(path)
            seen = hash_of(path)
            if seen != sha256:
                path.unlink(missing_ok=True)
                raise DamagedBlob(not_announced(total, seen, sha256))
            self._name(path, sha256)
            return total

    def _name(self, path: Path, sha256: str) -> None:
        place = self._place(sha256)
        place.parent.mkdir(exist_ok=True)
        path.replace(place)
        if self._sync:
            sync_folder(place.parent)
