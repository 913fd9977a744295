"""The seam between `Api` and where the answers come from: questions as arguments, answers as plain JSON and columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from trackio_client.store.contract import Series
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.batches import Batch, Receipt


class Source(Protocol):
    """A Space over HTTP (`reader.http`) or a store on this machine (`reader.local`). Both answer alike."""

    address: str
    """Where this is, for people: it stands in messages."""

    def projects(self) -> list[dict[str, Any]]: ...

    def experiments(self, project: str, *, filter: str = "", archived: bool | None = False) -> list[dict[str, Any]]:
        """The experiments of a project, newest first; [] for an unknown one. Raises UsageError: no filter.

        `archived`: those that are not (False), that are (True), or all (None).
        """
        ...

    def experiment(self, experiment_id: str) -> dict[str, Any]:
        """One experiment in full. Raises ExperimentNotFound."""
        ...

    def summary(self, experiment_id: str) -> dict[str, Any]:
        """What a training told beside its curves (queries/training.py). Raises ExperimentNotFound."""
        ...

    def compare(self, experiments: Sequence[str]) -> dict[str, Any]:
        """Experiments beside each other (queries/comparing.py). Raises ExperimentNotFound, UsageError."""
        ...

    def snapshot(self, experiments: Sequence[str], *, name: str | None = None, state: str = "") -> bytes:
        """Experiments as one HTML file (snapshot/page.py). Raises ExperimentNotFound, UsageError."""
        ...

    def importance(
        self, project: str, metric: str, *, by: str | None = None, experiments: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Which parameters go with a metric (queries/importance.py). Raises ProjectNotFound, UsageError."""
        ...

    def compare_groups(
        self, first: Sequence[str], second: Sequence[str], *, metrics: Sequence[str] = (), by: str = "common"
    ) -> dict[str, Any]:
        """Two groups of experiments (queries/groups.py). Raises ExperimentNotFound, UsageError."""
        ...

    def series(self, query: SeriesQuery) -> dict[tuple[str, str], Series]:
        """By (experiment_id, metric); pairs without points are absent. Raises ExperimentNotFound."""
        ...

    def events(self, experiment_id: str, kinds: Sequence[str], *, newest: int | None = None) -> list[dict[str, Any]]:
        """JSON events in order of arrival. Raises ExperimentNotFound."""
        ...

    def artifact(self, wanted: str, project: str | None = None) -> dict[str, Any]:
        """One version of an artifact (queries/artifacts.py). Raises NotFound."""
        ...

    def artifacts(self, project: str, *, name: str | None = None, type: str | None = None) -> dict[str, Any]:
        """The artifacts of a project, or the versions of one."""
        ...

    def experiment_artifacts(self, experiment_id: str) -> dict[str, Any]:
        """{"logged", "used"}. Raises ExperimentNotFound."""
        ...

    def views(self, project: str) -> list[dict[str, Any]]:
        """Views of the page that were saved for a project (store/saved_views.py). Raises ProjectNotFound."""
        ...

    def save_view(self, project: str, name: str, address: str) -> dict[str, Any]:
        """A new one. Raises NameTaken."""
        ...

    def change_view(self, project: str, view_id: str, **changes: Any) -> dict[str, Any]:
        """name, address, deleted. Raises NotFound, NameTaken."""
        ...

    def file(self, sha256: str) -> Iterator[bytes]:
        """The content of a file that an event cites, a piece at a time. Raises NotFound before the first."""
        ...

    def receipts(self, experiment_id: str) -> dict[str, Any]:
        """What the store holds: receipts of all writers, events, points, digest. Raises ExperimentNotFound."""
        ...

    def receipt(self, writer_id: str) -> Receipt:
        """What is held of one writer; an unknown one has an empty receipt."""
        ...

    def append(self, batch: Batch) -> None:
        """Add events. Raises Unauthorized, UsageError, Unavailable."""
        ...

    def delete(self, experiment_id: str, *, now: bool = False) -> None:
        """Put it into the bin, or free it `now`, also from the bin. Raises ExperimentNotFound, Unauthorized."""
        ...

    def restore(self, experiment_id: str) -> None:
        """Take it out of the bin. Raises ExperimentNotFound, UsageError: it is not there."""
        ...

    def bin(self, project: str | None = None) -> list[dict[str, Any]]:
        """What is in the bin (queries/binned.py), the last deleted first."""
        ...

    def close(self) -> None: ...


_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def number(value: Any) -> Any:
    """A number that JSON may have had to write as text; other things stay as they are."""
    return _FLOATS.get(value, value) if isinstance(value, str) else value


def all_pages(ask: Callable[[int], Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The events of all pages; `ask` gets the position after which the next one begins."""
    found: list[dict[str, Any]] = []
    while True:
        page = ask(found[-1]["position"] if found else 0)
        found += page["events"]
        if not page.get("more") or not page["events"]:
            return found
