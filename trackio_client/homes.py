"""Paths as users write them, also where a user has no home, or names one that nobody has: never an error by itself."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path


def home() -> Path:
    """The user's home folder; where there is none (a container that runs under any number), one among temporary files.

    A training must not end because nobody knows where its user lives.
    """
    try:
        return Path.home()
    except RuntimeError:
        return _among_temporary()


def _among_temporary() -> Path:
    """A folder that is this user's alone: what stands in the way of its usual name may be a stranger's."""
    owner = os.getuid() if hasattr(os, "getuid") else 0
    path = Path(tempfile.gettempdir(), f"trackio-{owner}")
    with contextlib.suppress(OSError):
        path.mkdir(mode=0o700)
    try:
        there = path.lstat()
        if stat.S_ISDIR(there.st_mode) and there.st_uid == owner and not there.st_mode & 0o077:
            return path
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="trackio-"))


def expanded(text: str) -> Path:
    """A path as a user wrote it, with `~` as their home; `~name` of nobody stays as it is."""
    if text == "~" or text.startswith(("~/", f"~{os.sep}")):
        return home() / text[2:]
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)
