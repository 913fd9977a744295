"""Which files each checkpoint holds, by SHA-256, as far as they are read in a moment (capture/hashing.py, S3.42)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from trackio_client.capture.hashing import Hasher
from trackio_client.integrations.transformers.groups import Group, Run


class CheckpointHashes(Group):
    """Records `checkpoint_files`, on a thread of its own."""

    name: ClassVar[str] = "checkpoint_hashes"

    def __init__(self) -> None:
        self._hasher: Hasher | None = None

    def saved(self, run: Run, folder: Path) -> None:
        """Read the files soon: those of a checkpoint that is deleted before are named as such."""
        if self._hasher is None:

            def record(name: str, data: dict[str, Any], step: int | None) -> None:
                run.experiment.record(name, data, step=step)

            self._hasher = Hasher(record)
        self._hasher.put(folder, run.step)

    def end(self, run: Run) -> None:
        """Wait a moment for what is being read."""
        if self._hasher is not None:
            self._hasher.end()
