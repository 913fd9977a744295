"""A fork waits until no thread of ours is in the middle of an import.

Python locks a module while it is imported, by the thread that imports it. In a forked child that thread does not exist:
whoever imports the same module there waits for ever. Our threads import what they need when they need it, most of it in
the second after `init`, which is also when data workers are forked.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from types import FrameType
from typing import Final

MOST_WAIT_S: Final = 2.0
"""An import that takes longer waits for something else, and would hold up the training."""
_IMPORTING: Final = "<frozen importlib._bootstrap>"


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
    frames = sys._current_frames()
    own = threading.get_ident()
    for thread in threading.enumerate():
        if thread.name.startswith("trackio-") and thread.ident is not None and thread.ident != own:
            frame: FrameType | None = frames.get(thread.ident)
            while frame is not None:
                if frame.f_code.co_filename == _IMPORTING:
                    return True
                frame = frame.f_back
    return False
