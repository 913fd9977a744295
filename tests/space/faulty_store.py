"""The real store, with faults that a test asks for at its one way in."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trackio_client.store.contract import Outcome
from trackio_client.store.open import open_store
from trackio_client.wire.batches import Batch


class FaultyStore:
    """Everything is the engine's, but `append` raises `trouble` while it is set, and waits for `may_write`."""

    def __init__(self, path: Path) -> None:
        self.engine = open_store(path)
        self.trouble: Exception | None = None
        self.groups: list[int] = []
        """How many batches each call of `append` brought."""
        self.entered, self.may_write = threading.Event(), threading.Event()
        self.may_write.set()

    def append(self, batches: Sequence[Batch]) -> list[Outcome]:
        self.entered.set()
        self.may_write.wait(60)
        if self.trouble is not None:
            raise self.trouble
        self.groups.append(len(batches))
        return self.engine.append(batches)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)
