"""`Api`: what was logged, as Python objects, numpy arrays and pandas tables."""

from __future__ import annotations

import contextlib
import difflib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from trackio_client.artifacts.artifact import Artifact
from trackio_client.delivery.address import address_of, repo_of
from trackio_client.errors import (
    ExperimentNotFound,
    MetricNotFound,
    MissingExtra,
    NotFound,
    ProjectNotFound,
    UsageError,
)
from trackio_client.homes import expanded
from trackio_client.reader.cards import Experiments, api_html, api_markdown
from trackio_client.reader.comparing import ComparingApi
from trackio_client.reader.experiment import LoggedExperiment
from trackio_client.reader.runs_api import ProjectName, RunsApi
from trackio_client.reader.source import Source
from trackio_client.settings import Settings, is_dataset, is_staged, settings_from, space_at
from trackio_client.store.binning import IN_BIN
from trackio_client.store.contract import Series
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.ranks import base_of, rank_of

if TYPE_CHECKING:
    import pandas


class Api(RunsApi, ComparingApi):
    """Reads a Space or a local store; both answer alike.

    Args:
        address_or_path: the address of a Space, `owner/space`, a store's file, or the folder that TRACKIO_DIR names.
            None asks the Space that TRACKIO_URL names, else the local store. For a dataset repo it is what this machine
            logged for it (`trackio-client pull` brings the rest).
        timeout: taken for scripts that give it.
        api_key: taken for scripts that give it; W&B's key is nothing to a Space of ours.
        token: of the Space; None takes TRACKIO_TOKEN.
        overrides: W&B's: the `project` and `entity` of paths that name none, and `base_url`.

    Raises:
        UsageError: it is neither an address nor a path to anything.
    """

    def __init__(
        self,
        address_or_path: str | os.PathLike[str] | Mapping[str, str] | None = None,
        timeout: float | None = None,
        api_key: str | None = None,
        *,
        token: str | None = None,
        overrides: Mapping[str, str] | None = None,
    ) -> None:
        if isinstance(address_or_path, Mapping):  # W&B's first argument
            address_or_path, overrides = None, address_or_path
        self._overrides = {key: str(value) for key, value in (overrides or {}).items() if value}
        settings = settings_from(forgives=True, token=token)
        address_or_path = address_or_path or self._overrides.get("base_url")
        self.source: Source = source_of(address_or_path, settings)

    @property
    def address(self) -> str:
        """Where the answers come from."""
        return self.source.address

    def projects(self, entity: str | None = None, per_page: int | None = None) -> list[ProjectName]:
        """Names of all projects, the one with the newest event first; each is a text with `name` and `entity`."""
        return [ProjectName.of(str(one["project"]), self) for one in self.source.projects()]

    def experiments(self, project: str, filter: str = "", *, archived: bool | None = False) -> list[LoggedExperiment]:
        """The experiments of a project, newest first.

        Args:
            project: the project.
            filter: as the page's table takes it (docs/table.md): `"lr > 1e-4 and not tag = baseline"`.
            archived: those that are not archived; True gives those that are, None both.

        Raises:
            ProjectNotFound: nothing was ever logged to it here. UsageError: the filter does not parse, and where.
        """
        listed = self.source.experiments(project, filter=filter, archived=archived)
        if not listed and project not in (names := self.projects()):
            raise ProjectNotFound(f"there is no project {project!r} in {self.address}.{_instead(project, names)}")
        return Experiments(LoggedExperiment(self, one) for one in listed)

    def experiment(self, experiment_id: str) -> LoggedExperiment:
        """One experiment by its id. Raises ExperimentNotFound, which names those that are alike."""
        try:
            found = self.source.experiment(str(experiment_id))
        except ExperimentNotFound as error:
            if IN_BIN in str(error):
                raise
            raise self._no_experiment(str(experiment_id)) from None
        return LoggedExperiment(self, found, found)

    def series(
        self,
        experiment_id: str,
        metric: str,
        *,
        repeats: bool = False,
        max_points: int | None = None,
        from_step: int | None = None,
        to_step: int | None = None,
        x: str = "step",
        ranks: str = "mean",
    ) -> Series:
        """The points of one metric: `steps` (n,) int64, `values` (n,) float64, `times_s` (n,) seconds since 1970 UTC.

        Args:
            experiment_id: the experiment.
            metric: the metric, by the name it was logged under.
            repeats: every point in order of arrival; else steps strictly increase and of a repeated step the later
                value stands.
            max_points: thin to about this many real points (at least 4); first, last, lowest and highest stay.
            from_step: the first step wanted.
            to_step: the last step wanted.
            x: the axis that thinning divides: `step`, `time`, `relative` or a metric.
            ranks: of a metric that several ranks log, the `mean` at each step; `spread` also gives `std`, `ranks` (how
                many), `min` and `max`. One rank alone has the metric's name with `@rank=1`.

        Raises:
            ExperimentNotFound, MetricNotFound: with the names that exist.
        """
        if ranks not in ("mean", "spread"):
            raise UsageError(f"ranks must be 'mean' or 'spread', got {ranks!r:.80}; history() also takes 'each'")
        query = SeriesQuery(
            experiments=(str(experiment_id),), metrics=(metric,), max_points=max_points,
            from_x=from_step, to_x=to_step, x=x, repeats=repeats, ranks=ranks,
        )  # fmt: skip
        if max_points is not None and max_points < 4:
            raise UsageError(f"max_points must be at least 4 (first, last, lowest, highest), got {max_points}")
        with contextlib.suppress(NotFound):  # which of the two is missing, and what there is instead, is told below
            found = self.source.series(query).get((str(experiment_id), metric))
            if found is not None:
                return found
        names = self.experiment(experiment_id).metrics
        if metric in names:  # it has points, but none between these steps
            return _empty()
        raise MetricNotFound(f"experiment {experiment_id} has no metric {metric!r}.{_instead(metric, names)}")

    def history(
        self, experiment_id: str, metrics: Sequence[str] | None = None, *, ranks: str = "mean"
    ) -> pandas.DataFrame:
        """A table with a row a step (its index) and a column a metric; NaN where a metric was not logged at a step.

        A metric that several ranks log has the mean of the ranks; with `ranks="each"`, a column for each rank.

        Raises:
            MissingExtra: pandas is not installed.
            ExperimentNotFound, MetricNotFound: with the names that exist.
        """
        try:
            import pandas
        except ImportError:
            raise MissingExtra("history()", "pandas", "pandas") from None
        names = self.experiment(experiment_id).metrics
        wanted = names if metrics is None else [metrics] if isinstance(metrics, str) else list(dict.fromkeys(metrics))
        for metric in wanted:
            if metric not in names:
                raise MetricNotFound(f"experiment {experiment_id} has no metric {metric!r}.{_instead(metric, names)}")
        query = SeriesQuery(experiments=(str(experiment_id),), metrics=tuple(wanted), ranks=ranks)
        found = self.source.series(query) if wanted else {}
        columns = {metric: found.get((str(experiment_id), metric), _empty()) for metric in wanted}
        if ranks == "each":
            each = {metric: one for (_, metric), one in found.items()}
            place = {metric: at for at, metric in enumerate(wanted)}
            columns = {
                name: each[name] for name in sorted(each, key=lambda name: (place[base_of(name)], rank_of(name)))
            }
        parts = [pandas.Series(one.values, index=one.steps, name=metric) for metric, one in columns.items()]
        table = pandas.concat(parts, axis=1).sort_index() if parts else pandas.DataFrame(dtype="float64")
        table.index = table.index.astype("int64")
        table.index.name = "step"
        return table

    def artifact(self, wanted: str, type: str | None = None, *, project: str | None = None) -> Artifact:
        """One version of an artifact: "project/name:alias", "project/name:v3"; the latest without ":".

        Raises:
            NotFound: with what exists. UsageError: it is of another type.
        """
        found = Artifact.of(self.source.artifact(str(wanted), project), lambda: self.source)
        if type is not None and found.type != type:
            raise UsageError(f"artifact {found.qualified_name!r} is of type {found.type!r}, not {type!r:.80}")
        return found

    def artifacts(self, project: str, name: str | None = None, *, type: str | None = None) -> list[dict[str, Any]]:
        """The artifacts of a project, newest first; with `name` the versions of one."""
        found = self.source.artifacts(project, name=name, type=type)
        return list(found["artifacts"] if name is None else found["versions"])

    def views(self, project: str) -> list[dict[str, Any]]:
        """The saved views of a project, by name: {"id", "name", "address", "by", "created_s", "changed_s"}.

        `address` is the query of the page's address without its project. Raises ProjectNotFound.
        """
        return self.source.views(project)

    def save_view(self, project: str, name: str, address: str, *, replace: bool = False) -> dict[str, Any]:
        """Save a view for all readers: `api.save_view("ner", "the sweep", "view=compare&search=group%3Dsweep")`.

        Args:
            project: the project.
            name: as the page's menu shows it.
            address: what stands in the page's address behind "?", as the browser shows it; a project in it is left out.
            replace: the view of this name gets the new address, if there is one.

        Raises:
            ProjectNotFound; UsageError: the name is in use and `replace` is false; Unauthorized: readers save none.
        """
        query = "&".join(
            part for part in address.strip().rpartition("?")[2].split("&") if part and not part.startswith("project=")
        )
        if replace:
            for view in self.source.views(project):
                if view["name"] == name.strip():
                    return self.source.change_view(project, view["id"], address=query)
        return self.source.save_view(project, name, query)

    def delete_view(self, project: str, name: str) -> None:
        """Delete a saved view by its name. Raises NotFound, with the names that exist."""
        views = self.source.views(project)
        for view in views:
            if view["name"] == name:
                self.source.change_view(project, view["id"], deleted=True)
                return
        raise NotFound(f"project {project!r} has no view {name!r}.{_instead(name, [each['name'] for each in views])}")

    def delete(self, experiment_id: str, *, now: bool = False) -> None:
        """Put an experiment into the bin, from which `restore` takes it for seven days; or free it `now`, for good.

        What was pushed to a dataset repo stays in that repo's history either way. Raises ExperimentNotFound,
        Unauthorized.
        """
        try:
            self.source.delete(str(experiment_id), now=now)
        except ExperimentNotFound as error:
            if IN_BIN in str(error):
                raise
            raise self._no_experiment(str(experiment_id)) from None

    def restore(self, experiment_id: str) -> LoggedExperiment:
        """Take an experiment out of the bin, with what its training logged meanwhile.

        Raises:
            ExperimentNotFound: it was freed. UsageError: it is not in the bin. Unauthorized.
        """
        self.source.restore(str(experiment_id))
        return self.experiment(str(experiment_id))

    def bin(self, project: str | None = None) -> list[dict[str, Any]]:
        """What is in the bin, the last deleted first: rows with `experiment_id`, `name`, `binned_s`, `by`, `goes_s`."""
        return self.source.bin(project)

    def close(self) -> None:
        self.source.close()

    def __enter__(self) -> Api:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Api({self.address!r})"

    def _repr_html_(self) -> str:
        """In a notebook: where it reads from, and which projects there are."""
        return api_html(self)

    def _repr_markdown_(self) -> str:
        return api_markdown(self)

    def _no_experiment(self, experiment_id: str) -> ExperimentNotFound:
        ids: list[str] = []
        for project in self.projects():
            for one in self.source.experiments(project):
                ids.append(str(one["experiment_id"]))
                if one["name"] == experiment_id:
                    return ExperimentNotFound(
                        f"{experiment_id!r} is the name of an experiment of project {project!r}; "
                        f"its id is {one['experiment_id']}"
                    )
        return ExperimentNotFound(
            f"there is no experiment {experiment_id!r} in {self.address}.{_instead(experiment_id, ids)}"
        )


_OWNER_AND_SPACE = re.compile(r"[A-Za-z0-9][\w.\-]*/[A-Za-z0-9][\w.\-]*")


def source_of(given: str | os.PathLike[str] | None, settings: Settings) -> Source:
    """Where the answers come from: as `Api` takes it, or "local" for this machine's own store."""
    from trackio_client.reader.http import HttpSource  # here: httpx is not needed to read a local store
    from trackio_client.reader.local import LocalSource

    if given == "local" and not Path("local").exists():
        return LocalSource(settings.store_path)
    if given is None:
        if settings.url is None or is_staged(settings.url):  # a repo is written from here, and read from what was kept
            return LocalSource(settings.shown_path)
        given = settings.url
    elif isinstance(given, str) and is_dataset(given):
        return LocalSource(settings.staged_path(repo_of(given)))
    elif not isinstance(given, str) or not _is_address(given):
        return LocalSource(_store_in(expanded(os.fspath(given))))
    address, token = space_at(given, settings)
    return HttpSource(address_of(address), token=token, hub_token=settings.hub_token)


def _is_address(text: str) -> bool:
    """Whether a text is an address rather than a path: `owner/space` is one unless there is such a folder."""
    if re.match(r"https?://", text) or re.fullmatch(r"(localhost|127\.0\.0\.1|\[::1\]):\d+/?", text):
        return True
    return _OWNER_AND_SPACE.fullmatch(text) is not None and not Path(text).exists()


def _store_in(path: Path) -> Path:
    if path.is_file():
        return path
    for inside in ("v1/store.sqlite", "store.sqlite"):
        if (path / inside).is_file():
            return path / inside
    what = f"{path} holds no store (v1/store.sqlite)" if path.is_dir() else f"there is nothing at {path}"
    raise UsageError(
        f"{what}. Give the address of a Space, a store.sqlite, or the folder that TRACKIO_DIR named while logging"
    )


def _instead(wanted: str, names: Iterable[str]) -> str:
    """What exists, for a message: the nearest names first, never more than a few."""
    known = list(names)
    if not known:
        return " There is none yet"
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.5)
    shown = (near + [name for name in known if name not in near])[:5]
    more = f" and {len(known) - len(shown)} more" if len(known) > len(shown) else ""
    lead = "Did you mean one of" if near else "There are"
    return f" {lead}: {', '.join(repr(name) for name in shown)}{more}"


def _empty() -> Series:
    import numpy as np

    return Series(np.empty(0, np.int64), np.empty(0), np.empty(0))
