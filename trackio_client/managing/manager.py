"""One method a call: what the Manage page, the named endpoints and `TrackioAPIClient` have in common.

Results are data, failures raise. Everything that changes something goes through `Source.append`, as a training's own
events do: so it is as durable, replicated and counted as they are.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trackio_client.errors import ExperimentNotFound, MetricNotFound, TrackioError, UsageError
from trackio_client.managing import demo, figures, told, writing
from trackio_client.managing.details import details_of, row_of
from trackio_client.managing.writing import Frame, Teller
from trackio_client.masking import Masker
from trackio_client.reader.source import Source, number
from trackio_client.store.contract import Series
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.events import DEMO, DEMO_PREFIX, EDIT, MAX_STEP, checked_name, is_id, new_experiment_id

PROJECT: Final = "experiments"
"""Where an experiment goes that is created without a project."""
MOST_TELLERS: Final = 512
"""Remembered at once."""
MOST_COMPARED: Final = 20
MOST_CHARTS: Final = 12
"""Of one comparison."""


class Manager:
    """Creates, logs, reads and ends experiments, one call at a time. May be used from several threads.

    Args:
        source: where to.
        masker: keeps secrets out of what is told.
        remembers: trust what was read of an experiment before; else it is read again at each call.
    """

    def __init__(self, source: Source, *, masker: Masker | None = None, remembers: bool = False) -> None:
        self.source = source
        self._masker = masker or Masker()
        self._remembers = remembers
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._lock = threading.RLock()

    # --- writing ------------------------------------------------------------------------------------------------------

    def create(self, name: Any, description: Any = "", project: Any = None) -> dict[str, Any]:
        """Make an experiment. Gives its row; `id` goes into all other calls. Raises UsageError."""
        return self._created(
            new_experiment_id(),
            name=checked_name(name, "the name"),
            notes=told.notes_of(description),
            project=checked_name(project, "the project") if project else PROJECT,
        )

    def log_metrics(self, experiment_id: Any, metrics: Any, step: Any = None) -> dict[str, Any]:
        """Log numbers at a step; without one at the step after the last.

        Raises:
            UsageError: no JSON, no number, no step: which, and where. ExperimentNotFound.
        """
        values, at = told.metrics_of(metrics), told.step_of(step)
        values = self._masker.names(values)
        with self._lock:
            known = self._find(experiment_id)
            at = known.next_step if at is None else at
            if at > MAX_STEP:
                raise UsageError("there is no step after 2**63 - 1: name one")
            self._tell(known, writing.metrics(values, at, time.time_ns() // 1000))
            known.next_step = max(known.next_step, at + 1)
            return {"experiment_id": known.experiment_id, "step": at, "metrics": dict(values)}

    def log_parameters(self, experiment_id: Any, parameters: Any) -> dict[str, Any]:
        """Set settings, nested or flat; those that are there are replaced. Raises UsageError, ExperimentNotFound."""
        values = told.parameters_of(parameters)
        with self._lock:
            known = self._find(experiment_id)
            self._tell(known, [writing.parameters(self._masker, values, time.time_ns() // 1000)])
            return {"experiment_id": known.experiment_id, "parameters": self._masker.config(values)}

    def update_status(self, experiment_id: Any, status: Any) -> dict[str, Any]:
        """Say that it is running, completed, failed or paused. Gives its row.

        A training that still runs goes on telling, and its own end stands then.

        Raises:
            UsageError: another word, with the list. ExperimentNotFound.
        """
        state = told.state_wanted(status)
        with self._lock:
            known = self._find(experiment_id, fresh=True)
            row = self.source.experiment(known.experiment_id)
            if row["state"] != state:
                self._set_state(known, row, state)
            self._known.pop(known.experiment_id, None)
            return row_of(self.source.experiment(known.experiment_id))

    def _set_state(self, known: _Known, row: Mapping[str, Any], state: str) -> None:
        now_us, masker = time.time_ns() // 1000, self._masker
        # A training that fell silent is asked for again: it counts as heard now, and as lost if nothing more comes.
        is_silent = row["state"] == "lost_contact" and state == "running"
        if (state == "paused") != (row["state"] == "paused") or is_silent:
            edits = self.source.events(known.experiment_id, [EDIT])
            later_us = writing.after(one["content"].get("time_us") for one in edits)
            wanted = "paused" if state == "paused" else "running"
            self._tell(known, [writing.edit(masker, later_us, state=wanted)], own=True)
        if is_silent:  # the edit itself is no sign of life
            self.source.append(Teller(known.experiment_id, known.project, known.generation).heartbeat())
        if state == "paused":
            return
        generation = known.generation
        frames: list[Frame] = []
        if row.get("end") is not None:  # a failure stands in its generation, whatever comes later: this is the next one
            generation += 1
            frames.append(writing.goes_on(masker, now_us, project=known.project, generation=generation))
        if state != "running":
            frames.append(writing.end(masker, state, now_us, f"Set to {told.status_of(state)} by hand"))
        if frames:
            self._tell(_Known(known.experiment_id, known.project, generation, 0), frames)

    # --- demo data ----------------------------------------------------------------------------------------------------

    def create_demo(self) -> dict[str, Any]:
        """A made-up experiment of its own, in the project `demo`. Gives its row."""
        own = DEMO_PREFIX + new_experiment_id().removeprefix("exp_")
        began_us = round((time.time() - demo.STEPS * demo.EVERY_S) * 1e6)
        with self._lock:
            self._created(
                own, name=f"demo-{own[-4:]}", notes=demo.NOTES, project=demo.PROJECT, is_demo=True, time_us=began_us,
                config=demo.CONFIG,
            )  # fmt: skip
            self._simulated(self._find(own), began_us)
            self.update_status(own, "completed")
            return row_of(self.source.experiment(own))

    def simulate(self, experiment_id: Any) -> dict[str, Any]:
        """Fill an empty experiment with a made-up training, and mark it as demo. Gives its row.

        Raises:
            UsageError: it holds metrics that somebody logged: made-up ones would stand among them. ExperimentNotFound.
        """
        with self._lock:
            known = self._find(experiment_id, fresh=True)
            row = self.source.experiment(known.experiment_id)
            if row["point_count"]:
                raise UsageError(
                    f"experiment {known.experiment_id} holds {row['point_count']:,} logged values already; made-up "
                    "ones are not mixed with them. Create an experiment for them, or take create_demo_experiment"
                )
            now_us = time.time_ns() // 1000
            edits = self.source.events(known.experiment_id, [EDIT])
            tags = [*row["tags"], *([] if DEMO in row["tags"] else [DEMO])]
            generation = known.generation + 1  # a start of its own carries the mark, behind the one that is there
            marked = _Known(known.experiment_id, known.project, generation, 0)
            start = writing.goes_on(self._masker, now_us, project=known.project, generation=generation, demo=True)
            self._tell(marked, [start])
            later_us = writing.after(one["content"].get("time_us") for one in edits)
            self._tell(marked, [writing.edit(self._masker, later_us, tags=tags)], own=True)
            self._simulated(marked, now_us - round(demo.STEPS * demo.EVERY_S * 1e6))
            self._known.pop(known.experiment_id, None)
            return row_of(self.source.experiment(known.experiment_id))

    def delete_demo(self, experiment_ids: Sequence[str] | None = None) -> dict[str, Any]:
        """Delete made-up experiments, all of them or those named. Gives {"deleted": ids}.

        Raises:
            UsageError: one of them is not made up; nothing is deleted then.
        """
        wanted = [str(one) for one in experiment_ids] if experiment_ids is not None else self.demos()
        for one in wanted:
            if not one.startswith(DEMO_PREFIX):
                raise UsageError(f"experiment {one!r:.160} is no demo data: owners delete it on its page")
        for one in wanted:
            self.source.delete(one)
            self._known.pop(one, None)
        return {"deleted": wanted}

    def demos(self) -> list[str]:
        """Ids of the made-up experiments that one press made."""
        found = self.source.experiments(demo.PROJECT)
        return [str(one["experiment_id"]) for one in found if str(one["experiment_id"]).startswith(DEMO_PREFIX)]

    def _simulated(self, known: _Known, began_us: int) -> None:
        frames: list[Frame] = []
        for step, values in demo.course(secrets.randbits(32)):
            frames += writing.metrics(values, step, began_us + round((step + 1) * demo.EVERY_S * 1e6))
        self._tell(known, frames)

    # --- reading ------------------------------------------------------------------------------------------------------

    def experiments(self, project: str | None = None) -> list[dict[str, Any]]:
        """A row for each experiment, newest first."""
        projects = [project] if project else [str(one["project"]) for one in self.source.projects()]
        rows = [row_of(row) for one in projects for row in self.source.experiments(one)]
        return sorted(rows, key=lambda row: str(row["created_at"]), reverse=True)

    def details(self, experiment_id: Any) -> dict[str, Any]:
        """One experiment in full. Raises ExperimentNotFound."""
        return details_of(self.source, self.source.experiment(_id(experiment_id)))

    def metrics(self, experiment_id: Any) -> dict[str, Any]:
        """Every metric: its summary, and its points (`steps`, `values`, `times_s`). Raises ExperimentNotFound."""
        own = _id(experiment_id)
        found = self.source.experiment(own)
        names = tuple(found["summary"])
        points = self.source.series(SeriesQuery(experiments=(own,), metrics=names)) if names else {}
        fields = ("last", "last_step", "min", "max", "mean", "points")
        return {
            "experiment_id": own,
            "name": found["name"],
            "metrics": {
                name: {field: number(one[field]) for field in fields} | _points(points.get((own, name)))
                for name, one in found["summary"].items()
            },
        }

    def plot(self, experiment_id: Any, metric: Any = "loss") -> dict[str, Any]:
        """Plotly JSON of one metric. Raises ExperimentNotFound, MetricNotFound with the names that exist."""
        own = _id(experiment_id)
        found = self.source.experiment(own)
        name = metric.strip() if isinstance(metric, str) and metric.strip() else "loss"
        if name not in found["summary"]:
            raise MetricNotFound(
                f"experiment {own} has no metric {name!r:.160}. {_names('It has', sorted(found['summary']))}"
            )
        query = SeriesQuery(experiments=(own,), metrics=(name,), max_points=figures.MAX_POINTS)
        series = self.source.series(query)[(own, name)]
        return figures.metric_figure(str(found["name"]), name, series, demo=bool(found.get("demo")))

    def comparison(self, experiment_ids: Any) -> dict[str, Any]:
        """Experiments beside each other: Plotly JSON of the metrics they share, last values, differing settings.

        Raises:
            UsageError: fewer than two, or more than 20. ExperimentNotFound: which of them there is not.
        """
        ids = told.ids_of(experiment_ids)
        if not 2 <= len(ids) <= MOST_COMPARED:
            raise UsageError(f"2 to {MOST_COMPARED} experiments are compared, got {len(ids)}")
        found = {own: self.source.experiment(_id(own)) for own in ids}
        count: dict[str, int] = {}
        for one in found.values():
            for name in one["summary"]:
                count[name] = count.get(name, 0) + 1
        shared = sorted(name for name, number_ in count.items() if number_ > 1)
        drawn = tuple(sorted(shared, key=lambda name: (-count[name], name.startswith("system/"), name))[:MOST_CHARTS])
        query = SeriesQuery(experiments=tuple(ids), metrics=drawn, max_points=figures.MAX_POINTS)
        series = self.source.series(query) if drawn else {}
        names = {own: str(one["name"]) for own, one in found.items()}
        return {
            "experiments": [row_of(one) for one in found.values()],
            "metrics": {
                name: {
                    own: number(one["summary"][name]["last"]) for own, one in found.items() if name in one["summary"]
                }
                for name in shared
            },
            "parameters": dict(self.source.compare(ids).get("config", {})),
            "figure": figures.comparison_figure(names, series, drawn),
            "not_drawn": [name for name in shared if name not in drawn],
        }

    # --- inside -------------------------------------------------------------------------------------------------------

    def _created(
        self, own: str, *, name: str, notes: str | None, project: str, is_demo: bool = False,
        time_us: int | None = None, config: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        known = _Known(own, project, 0, 0)
        start = writing.start(
            self._masker, time.time_ns() // 1000 if time_us is None else time_us, project=project, name=name,
            notes=notes, tags=[DEMO] if is_demo else [], config=config, demo=is_demo,
        )  # fmt: skip
        with self._lock:
            self._tell(known, [start])
            self._remember(known)
        return row_of(self.source.experiment(own))

    def _find(self, experiment_id: Any, *, fresh: bool = False) -> _Known:
        own = _id(experiment_id)
        known = self._known.get(own)
        if known is not None and self._remembers and not fresh:
            return known
        row = self.source.experiment(own)
        next_step = 0 if row["last_step"] is None else int(row["last_step"]) + 1
        if known is None or known.generation != row["generation"]:
            known = _Known(own, str(row["project"]), int(row["generation"]), next_step)
        known.next_step = max(known.next_step, next_step)
        self._remember(known)
        return known

    def _remember(self, known: _Known) -> None:
        self._known[known.experiment_id] = known
        self._known.move_to_end(known.experiment_id)
        while len(self._known) > MOST_TELLERS:
            self._known.popitem(last=False)

    def _tell(self, known: _Known, frames: Sequence[Frame], *, own: bool = False) -> None:
        """Append frames; `own`: by a writer of their own. After a fault nobody knows what arrived: a new writer."""
        teller = Teller(known.experiment_id, known.project, known.generation) if own else known.teller
        try:
            for batch in teller.batches(frames):
                self.source.append(batch)
                teller.moved(batch)
        except TrackioError:
            self._known.pop(known.experiment_id, None)
            raise


class _Known:
    """What is remembered of an experiment."""

    def __init__(self, experiment_id: str, project: str, generation: int, next_step: int) -> None:
        self.experiment_id, self.project, self.generation = experiment_id, project, generation
        self.next_step = next_step
        self.teller = Teller(experiment_id, project, generation)


def _id(given: Any) -> str:
    text = str(given or "").strip()
    if not text:
        raise UsageError("no experiment is named. Give its id, as create_experiment gave it: exp_…")
    if not is_id(text):
        raise ExperimentNotFound(f"there is no experiment {text!r:.160}: it is no id of one (exp_…)")
    return text


def _points(series: Series | None) -> dict[str, Any]:
    if series is None:
        return {"steps": [], "values": [], "times_s": []}
    return {"steps": series.steps.tolist(), "values": series.values.tolist(), "times_s": series.times_s.tolist()}


def _names(lead: str, names: Sequence[str]) -> str:
    if not names:
        return "It has none yet"
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"{lead}: {', '.join(repr(name) for name in names[:8])}{more}"
