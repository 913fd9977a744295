"""Room on the disk: the byte budget of all spools here, and going on when there is room again."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from trackio_client.delivery.files import bytes_of
from trackio_client.delivery.spool import Spool
from trackio_client.notices import Notices
from trackio_client.refusals import Refusals, refused_event
from trackio_client.settings import Settings
from trackio_client.wire.frames import event_frame

DEFAULT_SPOOL_BYTES = 10 * 1024**3
LEAST_FREE_BYTES = 1024 * 1024
"""Free disk below which a full disk is not tried again."""
MEASURE_EVERY_S = 10.0
"""Between two looks at how large the other spools are."""
REOPEN_EVERY_S = 1.0
"""Between two tries to go on."""


class Room:
    """Shuts a spool that has used the budget, and opens it again. Used by the sender's thread."""

    def __init__(self, settings: Settings, refusals: Refusals, notices: Notices) -> None:
        self.budget_bytes = _budget(settings)
        self._folder = settings.spool_path
        self._refusals, self._notices = refusals, notices
        self._others_bytes = 0
        self._next_measure = self._next_reopen = 0.0

    def keep(self, spool: Spool, is_all_durable: Callable[[], bool], now: float) -> None:
        """Look at the disk, and shut or reopen. `now` is monotonic, in seconds."""
        if now >= self._next_measure:
            self._next_measure = now + MEASURE_EVERY_S
            self._others_bytes = _bytes_under(self._folder, but=spool.directory.name)
        # A log that is durable to its end holds no room, though its one segment lies there until the next one begins:
        # counted, a budget below a segment's size would refuse for ever.
        own = spool.files.held_bytes
        if not (spool.current.why and is_all_durable()):
            own += _bytes_in(spool.directory)
        spool.files.room_bytes = max(0, self.budget_bytes - self._others_bytes - own)
        if self._others_bytes + own >= self.budget_bytes:
            spool.shut(f"the spool has used its {self.budget_bytes:,} bytes (TRACKIO_SPOOL_BYTES)")
        elif spool.current.why and now >= self._next_reopen:
            self._next_reopen = now + REOPEN_EVERY_S
            if shutil.disk_usage(spool.directory).free >= LEAST_FREE_BYTES and self._reopen(spool):
                self._notices.forget("full")
                self._notices.warn("room", "there is room again: new values are recorded")

    def _reopen(self, spool: Spool) -> bool:
        """What was refused is the first that the new segment tells."""
        if self._refusals.has_untold:
            return self._refusals.tell(spool.reopen, at_most=1)
        return spool.reopen(event_frame(refused_event("the disk was full", (0, None, None))))


def _budget(settings: Settings) -> int:
    if settings.spool_bytes is not None:
        return settings.spool_bytes
    folder = settings.directory
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return min(DEFAULT_SPOOL_BYTES, shutil.disk_usage(folder).free // 4)
    except OSError:
        return DEFAULT_SPOOL_BYTES


def _bytes_in(directory: Path) -> int:
    total = 0
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                total += entry.stat().st_size
    return total


def _bytes_under(folder: Path, *, but: str) -> int:
    total = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name != but:
                total += _bytes_in(Path(entry.path)) + bytes_of(Path(entry.path))
    return total
