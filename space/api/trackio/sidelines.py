"""What Trackio's command line and page ask beside metrics: alerts, traces, and which of their pages have something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from space.api.trackio.calls import text, whole
from space.api.trackio.media import values_of
from space.api.trackio.rows import moment
from space.api.trackio.runs import find, run_id_of
from space.api.trackio.versions import FILE
from trackio_client.exchange.texts import time_of
from trackio_client.queries.spread import metrics
from trackio_client.store.contract import ExperimentRecord, Store
from trackio_client.wire.events import ARTIFACT, MARK


class Sidelines:
    """Trackio's questions about what stands beside metrics. Names of calls and arguments are Trackio's."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get_alerts(
        self, project: Any, run: Any = None, run_id: Any = None, level: Any = None, since: Any = None
    ) -> list[dict[str, Any]]:
        if run is None and run_id is None:
            records = self._store.experiments(text(project, "project"))
        else:
            found = find(self._store, text(project, "project"), run, run_id)
            records = [] if found is None else [found]
        after = time_of(since)
        alerts = [(time, alert) for record in records for time, alert in self._alerts(record)]
        return [
            alert
            for time, alert in sorted(alerts, key=lambda each: each[0], reverse=True)
            if (level is None or alert["level"] == level) and (after is None or time / 1e6 > after)
        ]

    def get_settings(self) -> dict[str, Any]:
        return {
            "logo_urls": {"light": None, "dark": None},
            "color_palette": [],
            "plot_order": [],
            "table_truncate_length": 250,
            "media_dir": "",
            "space_id": None,
        }

    def get_tab_availability(self, project: Any) -> dict[str, bool]:
        records = self._store.experiments(text(project, "project"))
        names = [name for name, _, _ in metrics(self._store, text(project, "project"))]
        media = [value for record in records for *_, value in values_of(self._store, record)]
        types = {value.get("_type") for value in media if isinstance(value, dict)}
        artifacts = [
            event for record in records for event in self._store.events(record.experiment_id, kinds=[ARTIFACT])
        ]
        reports = "trackio.markdown" in types or any(True for record in records for _ in self._alerts(record))
        return {
            "metrics": any(not name.startswith("system/") for name in names),
            "system": any(name.startswith("system/") for name in names),
            "traces": bool(self._traces(records)),
            "media": bool(types - {"trackio.markdown", "trackio.histogram", "trackio.trace", None}),
            "reports": reports,
            "files": any(event.content.get("type") == FILE for event in artifacts),
            "artifacts": bool(artifacts),
        }

    def get_run_mutation_status(self) -> dict[str, Any]:
        return {"spaces": False, "allowed": False, "auth": "none"}

    # --- traces -------------------------------------------------------------------------------------------------------

    def get_traces(
        self,
        project: Any,
        run: Any = None,
        run_id: Any = None,
        search: Any = None,
        sort: Any = None,
        limit: Any = None,
        offset: Any = 0,
        step: Any = None,
    ) -> list[dict[str, Any]]:
        record = find(self._store, text(project, "project"), run, run_id)
        found = self._traces([] if record is None else [record])
        if (at := whole(step, "step")) is not None:
            found = [trace for trace in found if trace["step"] == at]
        if isinstance(search, str) and (needle := search.strip().lower()):
            found = [trace for trace in found if needle in repr((trace["messages"], trace["metadata"])).lower()]
        by_step = sort in ("step_asc", "step_desc")
        found.sort(key=lambda trace: (trace["step"], trace["timestamp"]) if by_step else (trace["timestamp"],))
        if sort not in ("step_asc", "request_time_asc"):
            found.reverse()
        first, most = whole(offset, "offset") or 0, whole(limit, "limit")
        return found[max(first, 0) :][: None if most is None else max(most, 0)]

    def get_trace_steps(self, project: Any, run: Any = None, run_id: Any = None) -> dict[str, Any]:
        record = find(self._store, text(project, "project"), run, run_id)
        steps = [trace["step"] for trace in self._traces([] if record is None else [record])]
        counts = [{"step": step, "count": steps.count(step)} for step in sorted(set(steps))]
        return {"total": len(steps), "steps": counts}

    def _traces(self, records: list[ExperimentRecord]) -> list[dict[str, Any]]:
        found = []
        for record in records:
            for time, step, key, value in values_of(self._store, record):
                for index, trace in enumerate(value if isinstance(value, list) else [value]):
                    if isinstance(trace, dict) and trace.get("_type") == "trackio.trace":
                        found.append(
                            {
                                "id": f"{record.experiment_id}:{time}:{key}:{index}",
                                "key": key,
                                "index": index if isinstance(value, list) else None,
                                "run": record.name,
                                "run_id": run_id_of(record),
                                "step": step,
                                "timestamp": moment(time),
                                "messages": trace.get("messages") or [],
                                "metadata": trace.get("metadata") or {},
                                "spans": trace.get("spans") or [],
                            }
                        )
        return found

    def _alerts(self, record: ExperimentRecord) -> Iterator[tuple[int, dict[str, Any]]]:
        for event in self._store.events(record.experiment_id, kinds=[MARK]):
            content = event.content
            if content.get("mark") != "alert":
                continue
            told = content.get("data")
            data = told if isinstance(told, dict) else {}
            time_us = content.get("time_us")
            time = time_us if type(time_us) is int else 0
            yield (
                time,
                {
                    "timestamp": moment(time),
                    "run": record.name,
                    "title": content.get("title"),
                    "text": data.get("text"),
                    "level": data.get("level") or "warn",
                    "step": content.get("step"),
                },
            )
