"""The process that started all ranks of this machine: what they have in common when nothing else names their launch."""

from __future__ import annotations

import importlib
import os
import socket
from pathlib import Path
from typing import Any

_RANK_VARIABLES = (
    "RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK", "HOROVOD_RANK",
)  # fmt: skip
_MOST_ANCESTORS = 16


def launcher() -> str:
    """Host, pid and start of the nearest ancestor that is no part of this rank.

    torchrun, mpirun, a notebook or the parent of `spawn` are the parent of each of their ranks; a wrapper script
    between them has the rank's own number in its environment and is passed over.
    """
    own = _environment(os.getpid()) or {name: os.environ.get(name) for name in _RANK_VARIABLES}
    pid = os.getppid()
    for _ in range(_MOST_ANCESTORS):
        theirs = _environment(pid)
        shared = theirs is not None and any(own.get(name) is not None for name in _RANK_VARIABLES)
        if not shared or any(own.get(name) != (theirs or {}).get(name) for name in _RANK_VARIABLES):
            break
        above = _parent(pid)
        if above is None or above <= 1:
            break
        pid = above
    return f"{socket.gethostname()} {identity(pid)}"


def identity(pid: int) -> str:
    """A process for ever: its number alone is given again. Of one that is gone, its number and "gone"."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        return f"{pid}@{stat.rpartition(')')[2].split()[19]}"  # start, in ticks since the machine's
    except (OSError, IndexError):
        pass
    process = _process(pid)
    try:
        return f"{pid}@gone" if process is None else f"{pid}@{process.create_time():.1f}"
    except Exception:  # psutil's own errors; psutil may not be there to name them. Such a process is as good as gone
        return f"{pid}@gone"


def _environment(pid: int) -> dict[str, str | None] | None:
    """The rank variables with which a process began; None when that is not told."""
    process = _process(pid)
    try:
        found = {} if process is None else process.environ()
    except Exception:  # psutil.AccessDenied: another user's, as SLURM's own are. It counts as no part of this rank
        return None
    return {name: found.get(name) for name in _RANK_VARIABLES}


def _parent(pid: int) -> int | None:
    process = _process(pid)
    try:
        return None if process is None else int(process.ppid())
    except Exception:  # psutil's own errors: it is gone, and the search for the launcher ends at its child
        return None


def _process(pid: int) -> Any:
    try:
        return importlib.import_module("psutil").Process(pid)  # loaded here: for processes of several ranks only
    except Exception:  # psutil is not installed, or does not load, or the process is gone: nothing is known of it
        return None
