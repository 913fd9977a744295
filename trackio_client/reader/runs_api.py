"""What W&B's and Trackio's `Api` can be asked, on ours: runs, a run by its path, artifacts, alerts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trackio_client.errors import ExperimentNotFound, UsageError
from trackio_client.reader.run import LoggedRun
from trackio_client.reader.runs import Runs
from trackio_client.values import jsonable
from trackio_client.wire import events
from trackio_client.wire.batches import Batch
from trackio_client.wire.frames import event_frame

if TYPE_CHECKING:
    from trackio_client.reader.experiment import LoggedExperiment
    from trackio_client.reader.source import Source


class ProjectName(str):
    """A project's name that also answers as W&B's Project."""

    api: RunsApi

    @classmethod
    def of(cls, name: str, api: RunsApi) -> ProjectName:
        made = cls(name)
        made.api = api
        return made

    @property
    def name(self) -> str:
        return str(self)

    id = name

    @property
    def entity(self) -> str:
        return self.api.default_entity

    @property
    def path(self) -> list[str]:
        return [part for part in (self.entity, str(self)) if part]

    def runs(self, **asked: Any) -> Runs:
        """Its runs; see `Api.runs`."""
        return self.api.runs(str(self), **asked)


class RunsApi:
    """The part of `Api` that speaks of runs."""

    source: Source
    _overrides: dict[str, str]

    if TYPE_CHECKING:

        @property
        def address(self) -> str: ...
        def experiments(self, project: str) -> list[LoggedExperiment]: ...
        def projects(self, entity: str | None = None, per_page: int | None = None) -> list[ProjectName]: ...
        def delete(self, experiment_id: str) -> None: ...

    @property
    def default_entity(self) -> str:
        """Who projects belong to, as `overrides` says; a store has no owners."""
        return self._overrides.get("entity", "")

    @property
    def settings(self) -> dict[str, str]:
        return {"base_url": self.address, **self._overrides}

    def runs(
        self,
        path: str | None = None,
        filters: Mapping[str, Any] | None = None,
        order: str = "+created_at",
        per_page: int = 50,
        include_sweeps: bool = True,
        **others: Any,
    ) -> Runs:
        """The runs of a project, the oldest first, as W&B's.

        Args:
            path: "project" or "entity/project"; None is the project of `overrides`, or the only one there is.
            filters: see reader/filters.py.
            order: "+created_at", "-created_at", "-summary_metrics.loss", "+config.lr" …
            per_page: taken for scripts that give it.
            include_sweeps: as per_page.
            **others: as per_page.

        Raises:
            ProjectNotFound: when the runs are looked at, with the projects that exist.
        """
        return Runs(self, self._project(path), filters, order)  # type: ignore[arg-type]  # an Api

    def run(self, path: str) -> LoggedRun:
        """One run by "project/id", "entity/project/id", its id alone, or a name that is its only one in the project.

        Raises:
            ExperimentNotFound: with names that are alike.
        """
        parts = [part for part in str(path).strip("/").split("/") if part and part != "runs"]
        if not parts:
            raise UsageError("run() takes 'project/id', got an empty path")
        try:
            told = self.source.experiment(parts[-1])
            return LoggedRun(self, told, told)  # type: ignore[arg-type]
        except ExperimentNotFound:
            project = "/".join(parts[:-1]) or self._overrides.get("project")
            for name in filter(None, (project, parts[-2] if len(parts) > 1 else None)):
                found = [one for one in self.source.experiments(name) if one["name"] == parts[-1]]
                if found:
                    return LoggedRun(self, found[0])  # type: ignore[arg-type]
            if project is None:
                raise
        near = [one["name"] for one in self.source.experiments(parts[-2] if len(parts) > 1 else project)]
        there = ", ".join(repr(name) for name in near[:8]) or "none"
        raise ExperimentNotFound(f"there is no run {path!r:.200} in {self.address}. Runs of its project: {there}")

    def _project(self, path: str | None) -> str:
        """The project of a path: names may hold slashes themselves, so the whole goes before its last part."""
        given = (path or self._overrides.get("project") or "").strip("/")
        names = [str(name) for name in self.projects()]
        if not given and len(names) == 1:
            return names[0]
        if not given:
            raise UsageError(f"runs() needs a project. There are {', '.join(map(repr, names[:8])) or 'none'}")
        last = given.rpartition("/")[2]
        return last if given not in names and last in names else given

    def artifact(self, name: str, type: str | None = None) -> Any:
        """A version: "project/name:latest", "entity/project/name:v2", or "name:v2" with `overrides`' project.

        Raises:
            NotFound: with what exists.
        """
        from trackio_client.artifacts.artifact import Artifact

        project = self._overrides.get("project")
        parts = name.strip("/").split("/")
        if len(parts) == 3 and parts[0] == (self.default_entity or parts[0]) and parts[1] in self.projects():
            name, project = parts[2], parts[1]
        told = self.source.artifact(name, project)
        return Artifact.of(told, lambda: self.source)

    def artifact_versions(self, type_name: str, name: str, per_page: int = 50) -> list[Any]:
        """The versions of an artifact, the newest first: W&B's `artifacts(type, "project/name")`. Raises NotFound."""
        project, _, own = name.strip("/").rpartition("/")
        told = self.source.artifacts(project.rpartition("/")[2] or self._project(None), name=own.partition(":")[0])
        found = [self.artifact(f"{one['project']}/{one['name']}:{one['digest']}") for one in told["versions"]]
        return [one for one in found if type_name in (None, one.type)]

    def artifact_exists(self, name: str, type: str | None = None) -> bool:
        """Whether there is such a version."""
        from trackio_client.errors import NotFound

        try:
            self.source.artifact(name, self._overrides.get("project"))
        except NotFound:
            return False
        return True

    def alerts(self, project: str, run: str | None = None, level: str | None = None, since: Any = None) -> list[Any]:
        """What was told by `alert` in a project (Trackio's), the oldest first, each with its `run`."""
        found = [
            {**one, "run": each.name, "run_id": each.id}
            for each in self.runs(project)
            if run in (None, each.name, each.id) and each.may_have_alerts
            for one in each.alerts(level, since)
        ]
        return sorted(found, key=lambda one: one["time_s"])

    def sweep(self, path: str = "") -> None:
        """W&B's: there are no sweeps; their runs are a group: runs(project, {"group": name}).

        Raises:
            UsageError: always, with that.
        """
        raise UsageError("there are no sweeps here: the runs of one are a group. runs(project, {'group': name})")

    def flush(self) -> None:
        """Taken for scripts that call it: nothing is remembered between two questions."""

    def append_event(self, run: LoggedExperiment, event: Mapping[str, Any]) -> None:
        """Add an event to an experiment that is there, as a writer of its own: nothing to remember afterwards.

        Its time is behind all of its kind: their times are their order, whatever the clock says.
        """
        known = self.source.events(run.experiment_id, [str(event["kind"])])
        times = [one["content"].get("time_us") for one in known]
        now = max([time.time_ns() // 1000, *(us + 1 for us in times if type(us) is int and us < events.MAX_STEP)])
        content = events.plain(jsonable({**event, "time_us": now}))
        self.source.append(
            Batch(
                writer_id=events.new_writer_id(),
                experiment_id=run.experiment_id,
                project=run.project,
                generation=run.generation,
                first_seq=0,
                count=1,
                first_held=0,
                body=event_frame(content),
            )
        )
