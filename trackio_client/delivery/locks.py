"""A lock that dies with its process: how others tell a living writer's spool from an orphan."""

from __future__ import annotations

import os
import sys
from pathlib import Path


class FileLock:
    """An advisory lock on a file, held until `release` or until the process ends, however it ends."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @classmethod
    def take(cls, path: Path, *, create: bool = True) -> FileLock | None:
        """The lock, or None while somebody else holds it. Raises OSError if the file cannot be opened."""
        fd = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0) | getattr(os, "O_CLOEXEC", 0), 0o600)
        if _lock(fd):
            return cls(fd)
        os.close(fd)
        return None

    def release(self) -> None:
        """Let go. In a forked child this closes only the child's copy: the parent's lock stands."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> bool:
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(fd: int) -> bool:
        try:  # flock and not lockf: a POSIX lock would fall when any other descriptor of the file is closed
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
