"""What Trackio's command line asks of runs and metrics. Every experiment here is a run to them, whoever logged it.

What is not there is an empty list or null, as Trackio's server answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from space.api.trackio.calls import objects, text, truth, whole
from space.api.trackio.media import values_of
from space.api.trackio.rows import MOST_ROWS, count, metric_names, moment, rows, series_of, values_beside
from space.api.trackio.runs import find, run_id_of
from trackio_client.errors import ExperimentNotFound, MetricNotFound, UsageError
from trackio_client.exchange.texts import time_of
from trackio_client.exchange.trackio_project import trackio_name
from trackio_client.store.contract import ExperimentRecord, Store

Beside = list[tuple[int, int, str, Any]]
MOST_RUNS: int = 64
MOST_POINTS: int = 10_000


class Reading:
    """Trackio's questions. Their names, and the names of their arguments, are Trackio's."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # --- runs ---------------------------------------------------------------------------------------------------------

    def get_all_projects(self) -> list[str]:
        return sorted(project for project, _, _ in self._store.projects())

    def get_runs_for_project(self, project: Any) -> list[dict[str, Any]]:
        records = sorted(self._store.experiments(text(project, "project")), key=lambda record: record.created_s)
        return [
            {"id": run_id_of(record), "name": record.name, "created_at": moment(round(record.created_s * 1e6))}
            for record in records
        ]

    def get_run_configs(self, project: Any) -> dict[str, Any]:
        return {run_id_of(record): record.config for record in self._store.experiments(text(project, "project"))}

    def get_project_summary(self, project: Any) -> dict[str, Any]:
        runs = self.get_runs_for_project(project)
        steps = [record.last_step for record in self._store.experiments(project) if record.last_step is not None]
        return {"project": project, "num_runs": len(runs), "runs": runs, "last_activity": max(steps, default=None)}

    def get_run_summary(self, project: Any, run: Any = None, run_id: Any = None) -> dict[str, Any]:
        record = self._find(project, run, run_id)
        summary: dict[str, Any] = {"project": project, "run": run, "run_id": run_id, "num_logs": 0, "metrics": []}
        if record is None:
            return summary | {"config": None, "last_step": None}
        beside = self._beside(record)
        return summary | {
            "run": record.name,
            "num_logs": count(self._store, record, beside),
            "metrics": self._names(record, beside),
            "config": record.config or None,
            "last_step": record.last_step,
        }

    # --- metrics ------------------------------------------------------------------------------------------------------

    def get_metrics_for_run(self, project: Any, run: Any = None, run_id: Any = None) -> list[str]:
        record = self._find(project, run, run_id)
        return [] if record is None else self._names(record, self._beside(record))

    def get_metric_values(
        self,
        project: Any,
        run: Any,
        metric_name: Any,
        step: Any = None,
        around_step: Any = None,
        at_time: Any = None,
        window: Any = None,
        run_id: Any = None,
        max_points: Any = None,
    ) -> list[dict[str, Any]]:
        record = self._find(project, run, run_id)
        if record is None:
            return []
        wanted = _wanted(step, around_step, at_time, window)
        found = [
            {"timestamp": moment(time), "step": at, "value": value}
            for time, at, value in self._values(record, str(metric_name))
            if wanted(time, at)
        ]
        most = whole(max_points, "max_points")
        if most is None or most < 1 or len(found) <= most:
            return found
        return [found[int(place)] for place in np.unique(np.linspace(0, len(found) - 1, max(most, 2)).round())]

    def get_snapshot(
        self,
        project: Any,
        run: Any = None,
        step: Any = None,
        around_step: Any = None,
        at_time: Any = None,
        window: Any = None,
        run_id: Any = None,
    ) -> dict[str, list[dict[str, Any]]]:
        record = self._find(project, run, run_id)
        if record is None:
            return {}
        filters = (step, around_step, at_time, window)
        every = {
            name: self.get_metric_values(project, record.name, name, *filters, run_id=run_id_of(record))
            for name in self._names(record, self._beside(record))
        }
        return {name: values for name, values in every.items() if values}

    def get_logs(
        self, project: Any, run: Any = None, run_id: Any = None, scalar_only: Any = False
    ) -> list[dict[str, Any]]:
        return self._logs(project, run, run_id, MOST_ROWS, truth(scalar_only))

    def get_logs_batch(
        self, project: Any, runs: Any, max_points: Any = MOST_ROWS, scalar_only: Any = False
    ) -> list[dict[str, Any]]:
        most, scalars = _most(max_points), truth(scalar_only)
        return [{**run, "logs": self._logs(project, run["run"], run["run_id"], most, scalars)} for run in _runs(runs)]

    def get_system_metrics_for_run(self, project: Any, run: Any = None, run_id: Any = None) -> list[str]:
        record = self._find(project, run, run_id)
        names = [] if record is None else metric_names(self._store, record, system=True)
        return sorted(trackio_name(name) for name in names)

    def get_system_logs(self, project: Any, run: Any = None, run_id: Any = None) -> list[dict[str, Any]]:
        record = self._find(project, run, run_id)
        return [] if record is None else rows(self._store, record, system=True)

    def get_system_logs_batch(self, project: Any, runs: Any, max_points: Any = MOST_ROWS) -> list[dict[str, Any]]:
        most = _most(max_points)
        answers = []
        for run in _runs(runs):
            record = self._find(project, run["run"], run["run_id"])
            logs = [] if record is None else rows(self._store, record, system=True, most=most)
            answers.append({**run, "logs": logs})
        return answers

    # --- what is not here ---------------------------------------------------------------------------------------------

    def query_project(self, project: Any, query: Any = None) -> Any:
        raise UsageError("this server keeps no SQL tables of Trackio's. Ask /v1/series, or `trackio-client` for data")

    def get_registries(self, bucket_id: Any = None) -> list[Any]:
        return []

    def get_registry_details(self, registry: Any, bucket_id: Any = None) -> Any:
        raise UsageError(f"there is no registry {registry!r:.80}: this server keeps artifacts, but no registries")

    def get_registry_buckets(self) -> dict[str, Any]:
        return {"buckets": [], "default_bucket_id": None}

    # --- inside -------------------------------------------------------------------------------------------------------

    def _find(self, project: Any, run: Any, run_id: Any) -> ExperimentRecord | None:
        return find(self._store, text(project, "project"), run, run_id)

    def _beside(self, record: ExperimentRecord) -> Beside:
        return [*values_beside(self._store, record), *values_of(self._store, record)]

    def _names(self, record: ExperimentRecord, beside: Beside) -> list[str]:
        return sorted({*metric_names(self._store, record), *(name for _, _, name, _ in beside)})

    def _values(self, record: ExperimentRecord, name: str) -> list[tuple[int, int, Any]]:
        """(time, step, value) in order of time."""
        found: list[tuple[int, int, Any]] = [
            (time, step, value) for time, step, own, value in self._beside(record) if own == name
        ]
        try:
            points = series_of(self._store, record, [name])[name]
            found += zip(points.times_us.tolist(), points.steps.tolist(), points.values.tolist(), strict=True)
        except (MetricNotFound, ExperimentNotFound):
            pass
        return sorted(found, key=lambda each: each[:2])

    def _logs(self, project: Any, run: Any, run_id: Any, most: int, scalars: bool) -> list[dict[str, Any]]:
        record = self._find(project, run, run_id)
        if record is None:
            return []
        return rows(self._store, record, [] if scalars else self._beside(record), most=most)


def _wanted(step: Any, around: Any, at_time: Any, window: Any) -> Callable[[int, int], bool]:
    """wanted(time_us, step): which values a question is about; everything where it says nothing."""
    at, middle, width = whole(step, "step"), whole(around, "around_step"), whole(window, "window")
    moment_s = time_of(at_time)
    if at is not None:
        return lambda time, own: own == at
    if middle is not None and width is not None:
        return lambda time, own: abs(own - middle) <= width
    if moment_s is not None and width is not None:
        return lambda time, own: abs(time / 1e6 - moment_s) <= width
    return lambda time, own: True


def _most(value: Any) -> int:
    most = whole(value, "max_points")
    return MOST_ROWS if most is None or most < 1 else min(most, MOST_POINTS)


def _runs(value: Any) -> list[dict[str, Any]]:
    runs = objects(value, "runs")
    if len(runs) > MOST_RUNS:
        raise UsageError(f"runs has {len(runs)} entries, at most {MOST_RUNS} are taken")
    return [{"run": run.get("run"), "run_id": run.get("run_id")} for run in runs]
