"""A store that a server holds open, as a source: what is added goes through the server's own way in."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trackio_client.errors import ProjectNotFound
from trackio_client.queries.environment import detail_with_environment
from trackio_client.queries.experiments import list_experiments
from trackio_client.reader.local import LocalSource
from trackio_client.store.contract import Store
from trackio_client.wire.batches import Batch


class ServedSource(LocalSource):
    """Asks an open store, and appends by a function of the server's.

    Args:
        store: is not closed here.
        append: takes a batch, and returns when it is committed; raises what the store refuses.
        lost_contact_s: silence after which contact counts as lost.
    """

    def __init__(self, store: Store, append: Callable[[Batch], object], *, lost_contact_s: float) -> None:
        super().__init__(Path("this server"))
        self._store = store
        self._append, self._lost_contact_s = append, lost_contact_s

    def experiments(self, project: str, *, filter: str = "", archived: bool | None = False) -> list[dict[str, Any]]:
        try:
            found = list_experiments(
                self.store, project, time.time(), lost_contact_s=self._lost_contact_s, filter=filter, archived=archived
            )
        except ProjectNotFound:
            return []
        return list(found["experiments"])

    def experiment(self, experiment_id: str) -> dict[str, Any]:
        return detail_with_environment(self.store, experiment_id, time.time(), lost_contact_s=self._lost_contact_s)

    def append(self, batch: Batch) -> None:
        self._append(batch)

    def close(self) -> None:
        """Nothing: the server closes its store."""
