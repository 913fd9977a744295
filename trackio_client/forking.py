"""A fork waits until no thread of ours is in the middle of an import.

Python locks a module while it is imported, by the thread that imports it. In a forked child that thread does not exist:
whoever imports the same module there waits for ever. Our threads import what they need when they need it, most of it in
the second after `init`, which is also when data workers are forked.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from importlib import _bootstrap
from typing import Final

MOST_WAIT_S: Final = 2.0
"""An import that takes longer waits for something else, and would hold up the training."""


def watch_forks() -> None:
    """From now on, for the rest of the process."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=wait_for_imports)


def wait_for_imports() -> None:
    """Return when no thread of ours imports, after 2 s at the latest."""
    until = time.monotonic() + MOST_WAIT_S
    while _is_importing() and time.monotonic() < until:
        time.sleep(0.001)


def _is_importing() -> bool:
    """Whether a thread of ours holds the lock of a module.

    Asked of the locks, as Python's own import does. The frames of other threads would tell it too, but they run on
    while somebody walks them: on a busy machine such a walk met an object that was no frame.
    """
    locks: Mapping[str, Callable[[], object]] = getattr(_bootstrap, "_module_locks", {})
    holders = {getattr(find(), "owner", None) for find in tuple(locks.values())}
    own = threading.get_ident()
    return any(
        thread.name.startswith("trackio-") and thread.ident in holders and thread.ident != own
        for thread in threading.enumerate()
        if thread.ident is not None
    )
