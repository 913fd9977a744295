"""A store on this machine as a source of answers: the same queries that the Space's routes ask."""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackio_client.blobs import pieces_of
from trackio_client.errors import ExperimentNotFound, NotFound, ProjectNotFound, UsageError
from trackio_client.queries import spread
from trackio_client.queries.artifacts import experiment_artifacts, list_artifacts, read_artifact
from trackio_client.queries.binned import list_bin
from trackio_client.queries.comparing import compare
from trackio_client.queries.environment import detail_with_environment
from trackio_client.queries.experiments import (
    check_project,
    find_experiment,
    list_events,
    list_experiments,
    list_projects,
    list_receipts,
)
from trackio_client.queries.expression import parsed
from trackio_client.queries.groups import compare_groups
from trackio_client.queries.importance import importance
from trackio_client.queries.training import training_summary
from trackio_client.reader.source import all_pages
from trackio_client.store.binning import RESTORED, binned, edit_batch, free_due
from trackio_client.store.contract import Series
from trackio_client.store.saved_views import SavedViews, path_beside
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.batches import Batch, Receipt

if TYPE_CHECKING:
    from trackio_client.store.contract import Store


class LocalSource:
    """Asks a store's file. A file that is not there yet is an empty store: reading makes nothing.

    Args:
        path: the store's file.
        make: make the file when it is missing, to append to it.
        destination: of what is appended, when it only waits here; None is this file.
    """

    def __init__(self, path: Path, *, make: bool = False, destination: str | None = None) -> None:
        self.address = str(path)
        self._path, self._destination = path, destination
        self._store: Store | None = None
        if make:
            path.parent.mkdir(parents=True, exist_ok=True)
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

        self._store = open_store(self._path, persistent=self._destination is None, destination=self._destination)

    @property
    def _is_there(self) -> bool:
        return self._store is not None or self._path.exists()

    def projects(self) -> list[dict[str, Any]]:
        return list(list_projects(self.store)["projects"]) if self._is_there else []

    def experiments(self, project: str, *, filter: str = "", archived: bool | None = False) -> list[dict[str, Any]]:
        if not self._is_there:
            parsed(filter)  # what does not parse is told wherever it is asked
            return []
        try:
            found = list_experiments(self.store, project, time.time(), filter=filter, archived=archived)
            return list(found["experiments"])
        except ProjectNotFound:
            return []

    def experiment(self, experiment_id: str) -> dict[str, Any]:
        return detail_with_environment(self.store, experiment_id, time.time())

    def summary(self, experiment_id: str) -> dict[str, Any]:
        return training_summary(self.store, experiment_id, time.time())

    def compare(self, experiments: Sequence[str]) -> dict[str, Any]:
        return compare(self.store, experiments, time.time())

    def snapshot(self, experiments: Sequence[str], *, name: str | None = None, state: str = "") -> bytes:
        from trackio_client.snapshot.page import snapshot_html  # here: who reads numbers needs no page

        return snapshot_html(self.store, experiments, name=name, state=state)

    def importance(
        self, project: str, metric: str, *, by: str | None = None, experiments: Sequence[str] = ()
    ) -> dict[str, Any]:
        return importance(self.store, project, metric, by=by, experiments=experiments)

    def compare_groups(
        self, first: Sequence[str], second: Sequence[str], *, metrics: Sequence[str] = (), by: str = "common"
    ) -> dict[str, Any]:
        return compare_groups(self.store, first, second, metrics=metrics, by=by)

    def series(self, query: SeriesQuery) -> dict[tuple[str, str], Series]:
        for experiment_id in query.experiments:
            find_experiment(self.store, experiment_id)
        return spread.series(self.store, query)[0]

    def events(self, experiment_id: str, kinds: Sequence[str], *, newest: int | None = None) -> list[dict[str, Any]]:
        if newest is not None:
            return list(list_events(self.store, experiment_id, kinds=kinds, limit=newest, newest=True)["events"])
        return all_pages(lambda after: list_events(self.store, experiment_id, kinds=kinds, after=after))

    def artifact(self, wanted: str, project: str | None = None) -> dict[str, Any]:
        return read_artifact(self.store, wanted, project)

    def artifacts(self, project: str, *, name: str | None = None, type: str | None = None) -> dict[str, Any]:
        return list_artifacts(self.store, project, name=name, type=type) if self._is_there else {"artifacts": []}

    def experiment_artifacts(self, experiment_id: str) -> dict[str, Any]:
        return experiment_artifacts(self.store, experiment_id)

    def views(self, project: str) -> list[dict[str, Any]]:
        with closing(SavedViews(path_beside(self._path))) as views:
            found = [view.told() for view in views.of(project)]
        if not found:
            check_project(self.store, project)
        return found

    def save_view(self, project: str, name: str, address: str) -> dict[str, Any]:
        check_project(self.store, project)
        with closing(SavedViews(path_beside(self._path))) as views:
            return views.save(project, name, address).told()

    def change_view(self, project: str, view_id: str, **changes: Any) -> dict[str, Any]:
        with closing(SavedViews(path_beside(self._path))) as views:
            return views.change(project, view_id, **changes).told()

    def file(self, sha256: str) -> Iterator[bytes]:
        path = self.store.file(sha256)
        if path is None:
            raise NotFound(f"there is no file {sha256} beside {self.address}")
        return pieces_of(path)

    def receipts(self, experiment_id: str) -> dict[str, Any]:
        return list_receipts(self.store, experiment_id)

    def receipt(self, writer_id: str) -> Receipt:
        return self.store.receipt(writer_id)

    def append(self, batch: Batch) -> None:
        (outcome,) = self.store.append([batch])
        if isinstance(outcome, Exception):
            raise outcome

    def delete(self, experiment_id: str, *, now: bool = False) -> None:
        find_experiment(self.store, experiment_id, in_bin=now)
        if now:
            self.store.delete(experiment_id)
        else:
            self.append(edit_batch(self.store, experiment_id, binned(_user(), time.time())))
        free_due(self.store, time.time())  # no server does it here

    def restore(self, experiment_id: str) -> None:
        if find_experiment(self.store, experiment_id, in_bin=True).binned is None:
            raise UsageError(f"experiment {experiment_id!r:.160} is not in the bin")
        self.append(edit_batch(self.store, experiment_id, RESTORED))

    def bin(self, project: str | None = None) -> list[dict[str, Any]]:
        return list(list_bin(self.store, project, time.time())["experiments"]) if self._is_there else []

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None


def _user() -> str:
    """Who is at this machine, as its system names them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container whose user has no name
        return ""
