"""One experiment as it was logged: what lists show is there at once, the rest is asked for on first use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from trackio_client.artifacts.artifact import Artifact
from trackio_client.notebook.frame import frame_html, show
from trackio_client.reader.source import number
from trackio_client.wire.events import revive

if TYPE_CHECKING:
    import pandas

    from trackio_client.reader.api import Api
    from trackio_client.store.contract import Series


class LoggedExperiment:
    """What is known of an experiment. Made by `Api`; a picture of the moment it was asked for, see `refresh()`."""

    def __init__(self, api: Api, listed: dict[str, Any], detail: dict[str, Any] | None = None) -> None:
        self._api = api
        self._listed = listed
        self._detail = detail
        self._training: dict[str, Any] | None = None

    @property
    def experiment_id(self) -> str:
        return str(self._listed["experiment_id"])

    @property
    def project(self) -> str:
        return str(self._listed["project"])

    @property
    def name(self) -> str:
        return str(self._listed["name"])

    @property
    def group(self) -> str | None:
        return self._listed.get("group")

    @property
    def job_type(self) -> str | None:
        return self._listed.get("job_type")

    @property
    def tags(self) -> list[str]:
        return list(self._listed.get("tags") or ())

    @property
    def state(self) -> str:
        """One of running, finished, failed, interrupted, lost_contact, paused."""
        return str(self._listed["state"])

    @property
    def evidence(self) -> str:
        """Why it is said to be in this state."""
        return str(self._listed.get("evidence") or "")

    @property
    def created_s(self) -> float:
        """When it began, seconds since 1970 UTC."""
        return float(self._listed["created_s"])

    @property
    def last_event_s(self) -> float:
        """When it last logged something, seconds since 1970 UTC."""
        return float(self._listed["last_event_s"])

    @property
    def duration_s(self) -> float:
        return float(self._listed.get("duration_s") or 0.0)

    @property
    def last_step(self) -> int | None:
        return self._listed.get("last_step")

    @property
    def metric_count(self) -> int:
        return int(self._listed.get("metric_count") or 0)

    @property
    def point_count(self) -> int:
        return int(self._listed.get("point_count") or 0)

    @property
    def generation(self) -> int:
        """How often it was resumed."""
        return int(self._listed.get("generation") or 0)

    @property
    def parent(self) -> tuple[str, int] | None:
        """(experiment_id, step) that it was forked from."""
        parent = self._listed.get("parent")
        return (str(parent[0]), int(parent[1])) if parent else None

    def logged_artifacts(self) -> list[Artifact]:
        """The artifacts that it made, in the order in which it logged them."""
        return self._artifacts("logged")

    def used_artifacts(self) -> list[Artifact]:
        """The artifacts that it took as inputs."""
        return self._artifacts("used")

    def _artifacts(self, way: str) -> list[Artifact]:
        source = self._api.source
        return [Artifact.of(told, lambda: source) for told in source.experiment_artifacts(self.experiment_id)[way]]

    @property
    def config(self) -> dict[str, Any]:
        return dict(revive(self._full().get("config") or {}))

    @property
    def summary(self) -> dict[str, Any]:
        """Per metric {last, min, max, best, mean, points …}; what the user set by hand stands in its place."""
        return {name: _numbers(value) for name, value in {**self._computed(), **self._by_hand()}.items()}

    @property
    def metrics(self) -> list[str]:
        """Names of all metrics, sorted."""
        return sorted(self._computed())

    @property
    def notes(self) -> str | None:
        return self._full().get("notes")

    @property
    def definitions(self) -> dict[str, Any]:
        """What `define_metric` said, per metric."""
        return dict(self._full().get("definitions") or {})

    @property
    def client(self) -> dict[str, Any]:
        """Version and process that logged it."""
        return dict(self._full().get("client") or {})

    @property
    def environment(self) -> dict[str, Any]:
        """Where it ran: {git, packages, python, platform, gpu, container, command, seeds, time …} (environment.py).

        What could not be had stands under "not_captured" with the reason.
        """
        told = revive(self._full().get("environment") or {})
        return {**(told.get("values") or {}), "not_captured": dict(told.get("not_captured") or {})}

    @property
    def end(self) -> dict[str, Any] | None:
        """How it ended: state, exit code, signal, error; None while it has not."""
        return self._full().get("end")

    @property
    def training(self) -> dict[str, Any]:
        """What a training told beside its curves, in one document: as `/v1/experiments/{id}/summary`, NaN as floats."""
        if self._training is None:
            self._training = dict(revive(self._api.source.summary(self.experiment_id)))
        return self._training

    @property
    def run_config(self) -> dict[str, Any]:
        """Configs, label_list, num_labels, dataset_counts … as they were at the beginning."""
        return dict(self.training["run_config"])

    @property
    def epoch_metrics(self) -> list[dict[str, Any]]:
        """One entry per evaluation: epoch, global_step, train_loss, eval_loss, eval_f1, learning_rate …"""
        return list(self.training["epoch_metrics"])

    @property
    def run_summary(self) -> dict[str, Any]:
        """best_epoch, best_f1, early_stopping_triggered, train_runtime_seconds … so far; `is_final` when it is over."""
        return dict(self.training["run_summary"])

    @property
    def checkpoints(self) -> list[dict[str, Any]]:
        """Every save: step, path, bytes, metrics, kept, is_best, best_by."""
        return list(self.training["checkpoints"])

    @property
    def failures(self) -> list[dict[str, Any]]:
        """How it failed, the first failure first: kind, error, message, trace, step, last_metrics."""
        return list(self.training["failures"])

    def series(self, metric: str, **asked: Any) -> Series:
        """The points of one metric; see `Api.series`."""
        return self._api.series(self.experiment_id, metric, **asked)

    def history(self, metrics: Sequence[str] | None = None) -> pandas.DataFrame:
        """A table with a row a step; see `Api.history`."""
        return self._api.history(self.experiment_id, metrics)

    def refresh(self) -> LoggedExperiment:
        """Ask again, and return this object. Raises ExperimentNotFound when it was deleted meanwhile."""
        self._detail = self._listed = self._api.source.experiment(self.experiment_id)
        self._training = None
        return self

    def as_json(self, *, full: bool = False) -> dict[str, Any]:
        """The answer as it came: of a list, or everything."""
        return dict(self._full() if full else self._listed)

    def _full(self) -> dict[str, Any]:
        if self._detail is None:
            self._detail = self._api.source.experiment(self.experiment_id)
        return self._detail

    def _computed(self) -> dict[str, Any]:
        return dict(self._full().get("summary") or {})

    def _by_hand(self) -> dict[str, Any]:
        return dict(self._full().get("user_summary") or {})

    def __str__(self) -> str:
        return self.experiment_id

    def __repr__(self) -> str:
        step = "" if self.last_step is None else f", step {self.last_step:,}"
        return f"<{self.experiment_id} {self.name!r} in {self.project!r}: {words(self.state)}{step}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LoggedExperiment) and other.experiment_id == self.experiment_id

    def __hash__(self) -> int:
        return hash(self.experiment_id)

    # --- in a notebook --------------------------------------------------------------------------------------------

    @property
    def api_address(self) -> str:
        """Where the answers about it come from."""
        return self._api.address

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """A frame with its page; of a store on this machine its card."""
        from trackio_client.reader.cards import page_of

        url = page_of(self)
        return (
            self._repr_html_()
            if url is None
            else frame_html(url, str(self._listed["name"]), height=height, hidden=hidden)
        )

    def display(self, height: int = 420, hidden: bool = False) -> bool:
        """Show its page in a notebook; False where there is none."""
        return show(self.to_html(height, hidden))

    def _repr_html_(self) -> str:
        """A card: state, numbers, the curve of its loss, config. Everything from a user is escaped."""
        from trackio_client.reader.cards import card_html, card_of

        return card_html(card_of(self))

    def _repr_markdown_(self) -> str:
        from trackio_client.notebook.card import card_markdown
        from trackio_client.reader.cards import card_of

        return card_markdown(card_of(self, has_curve=False))


def words(state: str) -> str:
    """A state as people read it."""
    return state.replace("_", " ")


def _numbers(value: Any) -> Any:
    revived = revive(value)
    return {key: number(item) for key, item in revived.items()} if isinstance(revived, dict) else number(revived)
