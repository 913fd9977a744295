"""A store on this machine as a source of answers: the same queries that the Space's routes ask."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackio_client.errors import ExperimentNotFound
from trackio_client.store.contract import Series
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.batches import Receipt

if TYPE_CHECKING:
    from trackio_client.store.contract import Store


class LocalSource:
    """Asks a store's file. A file that is not there yet is an empty store: reading makes nothing.

    Args:
        path: the store's file.
        make: make the file when it is missing, to append to it.
    """

    def __init__(self, path: Path, *, make: bool = False) -> None:
        self.address = str(path)
        self._path = path
        self._store: Store | None = None
        if make:
            self._open()

    @property
    def store(self) -> Store:
        """The open store. Raises ExperimentNotFound when there is no file: so nothing that is asked for is in it."""
        if self._store is None:
            if not self._path.exists():
                raise ExperimentNotFound(f"nothing was logged to {self.address} yet")
            self._open()
        assert self._store is not None
        return self._store

    def _open(self) -> None:
        from trackio_client.store.open import open_store  # here: SQLite and numpy only when something is read

        self._store = open_store(self._path)

    @property
    def _is_there(self) -> bool:
        return self._store is not None or self._path.exists()

    def projects(self) -> list[dict[str, Any]]:
        if not self._is_there:
            return []
        return [
            {"project": project, "experiments": count, "last_event_s": last}
            for project, count, last in self.store.projects()
        ]

    def series(self, query: SeriesQuery) -> dict[tuple[str, str], Series]:
        return self.store.series(query)[0]

    def events(self, experiment_id: str, kinds: Sequence[str], *, newest: int | None = None) -> list[dict[str, Any]]:
        found = self.store.events(experiment_id, kinds=kinds, limit=newest, newest=newest is not None)
        return [
            {"position": one.position, "seq": one.seq, "writer_id": one.writer_id, "content": one.content}
            for one in found
        ]

    def receipt(self, writer_id: str) -> Receipt:
        return self.store.receipt(writer_id)

    def delete(self, experiment_id: str) -> None:
        self.store.delete(experiment_id)

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
