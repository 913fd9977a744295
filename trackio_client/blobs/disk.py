"""Files and folders on the disk: read and hashed a piece at a time, and made safe from a power cut."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

PIECE_BYTES: Final = 1024 * 1024
"""Read and written at a time: a file is never whole in memory."""


def hash_of(path: Path) -> str:
    """The SHA-256 of a file's content, in lower case. Raises OSError."""
    digest = hashlib.sha256()
    for piece in pieces_of(path):
        digest.update(piece)
    return digest.hexdigest()


def pieces_of(path: Path) -> Iterator[bytes]:
    """A file's content, a piece at a time. Raises OSError."""
    with path.open("rb") as file:
        yield from pieces_from(file)


def pieces_from(file: IO[bytes]) -> Iterator[bytes]:
    """What is left in an open file, a piece at a time."""
    while piece := file.read(PIECE_BYTES):
        yield piece


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder; nothing if it is not there, or cannot be read."""
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def sync_file(path: Path) -> None:
    """Return when the file's content is on the disk. Raises OSError."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """A new name is safe from a power cut only when its folder is (not on Windows, which cannot open one)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
