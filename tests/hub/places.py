"""A store and its replicator at a repo in memory, on a clock that is told to pass."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from trackio_client.hub.files import tables
from trackio_client.hub.memory import MemoryTarget
from trackio_client.hub.replicator import Replicator
from trackio_client.store.open import open_store
from trackio_client.store.sqlite import SqliteStore

DESTINATION = "hf://datasets/me/exp"


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


class Place:
    """A store, and its replicator at a repo shared with others."""

    def __init__(self, target: MemoryTarget, folder: Path, clock: Clock, name: str = "a", **more: Any) -> None:
        self.path = folder / name / "store.sqlite"
        self.target, self.clock, self.name, self.more = target, clock, name, more
        self.begin()

    def begin(self) -> None:
        self.store: SqliteStore = open_store(self.path, persistent=False, destination=DESTINATION)
        self.replicator = Replicator(
            self.store, self.target, origin=self.name, clock=self.clock, wait=self.clock.wait, **self.more
        )

    def wipe(self) -> None:
        """Lose the disk, as a Space does."""
        self.store.close()
        for file in self.path.parent.iterdir():
            shutil.rmtree(file) if file.is_dir() else file.unlink()
        self.begin()


def files(target: MemoryTarget, prefix: str) -> list[str]:
    return [file.path for file in target.files(target.head().commit, prefix)]


def rows(target: MemoryTarget, folder: Path) -> list[tuple[str, str, int, int, float]]:
    """(writer, metric, seq, step, value) of every row in the repo, as often as it stands there."""
    found = []
    for n, path in enumerate(files(target, "metrics")):
        file = folder / f"read-{n}.parquet"
        target.fetch(path, target.head().commit, file)
        for part in tables.read_metrics(file):
            columns = zip(part.seqs.tolist(), part.steps.tolist(), part.values.tolist(), strict=True)
            found += [(part.writer_id, part.metric, *row) for row in columns]
    return sorted(found)


def event_seqs(target: MemoryTarget, folder: Path) -> list[tuple[str, int]]:
    found = []
    for n, path in enumerate(files(target, "events")):
        file = folder / f"events-{n}.parquet"
        target.fetch(path, target.head().commit, file)
        found += [(row.writer_id, row.seq) for row in tables.read_events(file)]
    return sorted(found)
