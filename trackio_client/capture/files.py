"""Sizes and hashes of files and folders: what a checkpoint or a configuration is, within bounds."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MOST_FILES: Final = 100_000
"""Files of one folder that are looked at; beyond it a size would be a guess."""
WALK_S: Final = 2.0
"""Longest look at a folder: a checkpoint has some dozen files, and a training waits for its size."""
HASH_S: Final = 10.0
"""Longest time for the hash of one file: a disk under load reads 100 MB/s, a checkpoint has gigabytes."""
PIECE_BYTES: Final = 1024 * 1024
_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+://")


def is_remote(path: str | Path) -> bool:
    """Whether a path names something that is not a file of this machine: gs://, s3://, hf:// …"""
    text = str(path)
    return _REMOTE.match(text) is not None and not text.lower().startswith("file://")


class TooMuch(Exception):
    """A folder of more than is looked at: what is said of it would be a guess."""


def files_under(folder: Path, *, most: int = MOST_FILES, limit_s: float = WALK_S) -> Iterator[Path]:
    """All files below a folder, those of linked folders not. Raises TooMuch, OSError."""
    until = time.monotonic() + limit_s
    count = 0
    for place, _, names in os.walk(folder):
        for name in names:
            count += 1
            if count > most:
                raise TooMuch(f"it holds more than {most:,} files")
            yield Path(place, name)
        if time.monotonic() > until:
            raise TooMuch(f"its files were not counted within {limit_s:g} s")


def size_of(path: str | Path) -> tuple[int | None, str]:
    """(bytes, "") of a file, or of all files of a folder (B22); (None, why) when that is not known.

    Links are counted where they point to, each file once: hub caches and best-checkpoint links repeat whole models.
    """
    if is_remote(path):
        return None, "it is not on this machine"
    try:
        there = Path(path)
        if there.is_file():
            return there.stat().st_size, ""
        if not there.is_dir():
            return None, "there is no such file or folder"
        sizes: dict[tuple[int, int], int] = {}
        for file in files_under(there):
            try:
                found = file.stat()
            except FileNotFoundError:  # a broken link, or a file that was moved meanwhile
                continue
            sizes[found.st_dev, found.st_ino or -len(sizes) - 1] = found.st_size
        return sum(sizes.values()), ""
    except TooMuch as error:
        return None, str(error)
    except (OSError, ValueError) as error:
        return None, f"it cannot be read ({getattr(error, 'strerror', None) or error})"


def sha256_of(path: str | Path, *, most_bytes: int | None = None, limit_s: float = HASH_S) -> tuple[str | None, str]:
    """(SHA-256 in hexadecimal, "") of a file's content; (None, why) when it is too large, too slow or not readable."""
    if is_remote(path):
        return None, "it is not on this machine"
    until = time.monotonic() + limit_s
    hashed = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if most_bytes is not None and size > most_bytes:
                return None, f"it has {size:,} bytes, at most {most_bytes:,} are hashed"
            while piece := file.read(PIECE_BYTES):
                hashed.update(piece)
                if time.monotonic() > until:
                    return None, f"it has {size:,} bytes and took more than {limit_s:g} s to read"
    except (OSError, ValueError) as error:
        return None, f"it cannot be read ({getattr(error, 'strerror', None) or error})"
    return hashed.hexdigest(), ""
