"""How much of files the server takes: of one, of an experiment, of all.

What goes beyond is refused for good and with its reason; the client then delivers the event without the file, so that
numbers never wait behind a picture. Only a disk that is really full makes clients wait (StoreFull).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from space.settings import SpaceSettings
from trackio_client.blobs import Blob
from trackio_client.errors import ExperimentNotFound, Gone
from trackio_client.store.contract import Store

MEASURED_S = 60.0
"""How long a look at the whole folder counts; what comes meanwhile is added to it."""


def _no_room(wanted: int) -> int:
    """A disk that is the only home of its files gives none of them up."""
    return 0


@dataclass(slots=True)
class Bounds:
    """The server's limits, asked before and while a file comes."""

    settings: SpaceSettings
    store: Store
    make_room: Callable[[int], int]
    """Told how many bytes are wanted: removes files that a repo has, and says how many bytes went."""
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _measured_at: float = -1e9
    _held_bytes: int = 0

    @classmethod
    def of(cls, settings: SpaceSettings, store: Store) -> Bounds:
        """Those of a server, the same for all its routes. A store whose home is a repo gives files up for new ones."""
        return cls(settings, store, getattr(store, "make_room", _no_room))

    def refusal(self, blob: Blob, experiment_id: str | None) -> str | None:
        """Why a file that is not here is not taken; None if it is. Raises Gone: the experiment was deleted."""
        most = self.settings.file_bytes
        if blob.bytes > most:
            return f"it has {blob.bytes:,} bytes, this server takes {most:,} at most (TRACKIO_FILE_BYTES)"
        if experiment_id and (why := self._of_experiment(blob, experiment_id)):
            return why
        bound = self.settings.files_bytes
        if bound is not None and self._all() + blob.bytes > bound:
            wanted = self._all() + blob.bytes - bound
            if self.make_room(wanted) < wanted:
                return f"this server keeps {bound:,} bytes of files at most, and they are used up (TRACKIO_FILES_BYTES)"
            self._measured_at = -1e9
        return None

    def came(self, size: int) -> None:
        """A file of this size was kept."""
        with self._lock:
            self._held_bytes += size

    def _of_experiment(self, blob: Blob, experiment_id: str) -> str | None:
        most = self.settings.experiment_files_bytes
        try:
            held = sum(each.bytes for each in self.store.cited(experiment_id) if each.sha256 != blob.sha256)
        except ExperimentNotFound:
            if any(experiment_id == deleted for deleted, _, _ in self.store.deleted()):
                raise Gone(f"experiment {experiment_id} was deleted; its files are no longer taken") from None
            return None
        if held + blob.bytes > most:
            return (
                f"the files of experiment {experiment_id} have {held:,} bytes, and this server keeps {most:,} of one "
                "(TRACKIO_EXPERIMENT_FILES_BYTES)"
            )
        return None

    def _all(self) -> int:
        with self._lock:
            if self.clock() - self._measured_at > MEASURED_S:
                self._held_bytes, self._measured_at = self.store.files.total_bytes(), self.clock()
            return self._held_bytes
