"""The runs of a project: those that pass a filter, in an order, as W&B's `Api.runs` gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from trackio_client.errors import MissingExtra
from trackio_client.reader.cards import Experiments
from trackio_client.reader.filters import matches, ordered
from trackio_client.reader.run import LoggedRun

if TYPE_CHECKING:
    from trackio_client.reader.api import Api


def _exactly(run: LoggedRun, field: str) -> Any:
    """A field to sort by: `created_at` is told in seconds, and many runs begin within one."""
    return run.created_s if field in ("created_at", "createdAt") else run.look(field)


class Runs(Sequence[LoggedRun]):
    """The runs of a project that pass a filter, in an order; asked for when they are first looked at."""

    def __init__(self, api: Api, project: str, filters: Mapping[str, Any] | None, order: str) -> None:
        self._api, self._project = api, project
        self._filters, self._order = filters, order
        self._found: list[LoggedRun] | None = None

    def _runs(self) -> list[LoggedRun]:
        if self._found is None:
            listed = self._api.experiments(self._project)
            runs = [LoggedRun(self._api, one.as_json()) for one in listed]
            runs = [run for run in runs if matches(run.look, self._filters)]
            self._found = ordered(runs, _exactly, self._order)
        return self._found

    @overload
    def __getitem__(self, at: int) -> LoggedRun: ...
    @overload
    def __getitem__(self, at: slice) -> list[LoggedRun]: ...
    def __getitem__(self, at: int | slice) -> LoggedRun | list[LoggedRun]:
        return self._runs()[at]

    def __len__(self) -> int:
        return len(self._runs())

    def __repr__(self) -> str:
        return f"<Runs of {self._project!r}: {len(self)}>"

    def _repr_html_(self) -> str:
        """A table in a notebook."""
        return Experiments(self)._repr_html_()

    def histories(self, samples: int = 500, keys: Sequence[str] | None = None, **others: Any) -> Any:
        """The histories of all runs below each other, with `run_id`. Raises MissingExtra without pandas."""
        try:
            import pandas
        except ImportError:
            raise MissingExtra("histories()", "pandas", "pandas") from None
        parts = [run.history(samples, keys).assign(run_id=run.id) for run in self]
        return pandas.concat(parts, ignore_index=True) if parts else pandas.DataFrame()
