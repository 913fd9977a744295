"""A file on its way into a folder of blobs: it has no name until it is whole."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

from trackio_client.errors import DamagedBlob


class Arrival:
    """A file that comes piece by piece.

    Args:
        path: where it is written.
        file: the same, open for writing.
        name: called with path and SHA-256 when it is whole.
        sync: whether it is on the disk before it has its name.
    """

    def __init__(self, path: Path, file: IO[bytes], name: Callable[[Path, str], None], *, sync: bool) -> None:
        self.size = 0
        self._path, self._file, self._name, self._sync = path, file, name, sync
        self._digest = hashlib.sha256()

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """Raises OSError."""
        self._digest.update(piece)
        self.size += len(piece)
        self._file.write(piece)

    def keep(self, expected: str | None = None) -> tuple[str, int]:
        """Give it its name: (sha256, bytes). Raises DamagedBlob: it is not what was announced; OSError."""
        sha256 = self._digest.hexdigest()
        if expected is not None and sha256 != expected:
            raise DamagedBlob(not_announced(self.size, sha256, expected))
        self._file.flush()
        if self._sync:
            os.fsync(self._file.fileno())
        self._name(self._path, sha256)
        return sha256, self.size


def extended(path: Path, at: int, content: bytes, total: int) -> int:
    """Write a part behind what is there, if it belongs there; the bytes that are there then."""
    with path.open("ab") as file:
        have = file.tell()
        if have > total or (at == 0 and have == total):  # announced as larger before, or killed before it had its name
            file.truncate(0)
            have = 0
        if at != have:
            return have
        try:
            file.write(content[: total - have])
            file.flush()
        except OSError:
            file.truncate(have)
            raise
        return have + len(content[: total - have])


def not_announced(size: int, seen: str, expected: str) -> str:
    """What DamagedBlob says."""
    return (
        f"the {size:,} bytes that came have the SHA-256 {seen}, but {expected} was announced. "
        "The file changed on its way, or while it was read"
    )
