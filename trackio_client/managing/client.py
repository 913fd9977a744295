"""`TrackioAPIClient`: a Space's experiments by one call each, over its HTTP API. Results are data, failures raise.

For scripts that talk to a Space without `init`: a call returns when the Space has committed it, and waits for the
network. A training loop takes `trackio_client.init` and `log`, which wait for nothing and lose nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Final

from trackio_client.delivery.address import address_of
from trackio_client.errors import NotReady, Unavailable, UsageError
from trackio_client.managing.manager import Manager
from trackio_client.masking import Masker
from trackio_client.reader.http import HttpSource
from trackio_client.settings import is_staged, settings_from, space_at
from trackio_client.wire.batches import Batch

TRIES: Final = 4
WAIT_S: Final = 1.0
"""Before the second try; twice as long before each further one."""


class TrackioAPIClient:
    """Experiments of one Space.

    Args:
        space_id: `owner/space`, or an address. None takes TRACKIO_URL, else TRACKIO_SPACE_ID, else HF_USERNAME with
            TRACKIO_SPACE_NAME.
        hf_token: of the Hub, for a private Space; None takes HF_TOKEN. The Space itself never sees it.
        token: of the Space, to write; None takes TRACKIO_TOKEN.
        sleep: waits between two tries.

    Raises:
        UsageError: no Space is named.
    """

    def __init__(
        self,
        space_id: str | None = None,
        hf_token: str | None = None,
        *,
        token: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        settings = settings_from(forgives=True, token=token)
        given = space_id or settings.url
        if not given or is_staged(given):
            raise UsageError(
                "no Space is named. Give its address or owner/space, or set TRACKIO_URL; "
                "`trackio-client ui` starts one on this machine"
            )
        address, own = space_at(given, settings)
        self.space_id = given
        self.space_url = address_of(address)
        hub_token = hf_token or settings.hub_token
        self._source = _Patient(self.space_url, token=token or own, hub_token=hub_token, sleep=sleep)
        self._manager = Manager(self._source, masker=Masker((token, own, hub_token)), remembers=True)

    def create_experiment(self, name: str, description: str = "", project: str | None = None) -> dict[str, Any]:
        """Make an experiment; `["id"]` of the answer goes into the other calls."""
        return self._manager.create(name, description, project)

    def log_metrics(
        self, experiment_id: str, metrics: Mapping[str, Any] | str, step: int | None = None
    ) -> dict[str, Any]:
        """Log numbers; without a step, at the one after the last. Gives {"experiment_id", "step", "metrics"}."""
        return self._manager.log_metrics(experiment_id, metrics, step)

    def log_parameters(self, experiment_id: str, parameters: Mapping[str, Any] | str) -> dict[str, Any]:
        """Set settings. Gives {"experiment_id", "parameters"}."""
        return self._manager.log_parameters(experiment_id, parameters)

    def get_experiment_details(self, experiment_id: str) -> dict[str, Any]:
        """One experiment: id, name, description, status, counts, parameters, latest metrics …"""
        return self._manager.details(experiment_id)

    def list_experiments(self, project: str | None = None) -> list[dict[str, Any]]:
        """All experiments, or a project's, newest first."""
        return self._manager.experiments(project)

    def update_experiment_status(self, experiment_id: str, status: str) -> dict[str, Any]:
        """Set running, completed, failed or paused. Gives the experiment's row."""
        return self._manager.update_status(experiment_id, status)

    def simulate_training_data(self, experiment_id: str) -> dict[str, Any]:
        """Fill an empty experiment with a made-up training, marked as demo."""
        return self._manager.simulate(experiment_id)

    def create_demo_experiment(self) -> dict[str, Any]:
        """A made-up experiment of its own, in the project `demo`."""
        return self._manager.create_demo()

    def get_training_metrics(self, experiment_id: str) -> dict[str, Any]:
        """Every metric with its points: {"metrics": {name: {"steps", "values", "times_s", "last", "min" …}}}."""
        return self._manager.metrics(experiment_id)

    def create_metrics_plot(self, experiment_id: str, metric_name: str = "loss") -> dict[str, Any]:
        """Plotly JSON: `plotly.graph_objects.Figure(answer)` draws it."""
        return self._manager.plot(experiment_id, metric_name)

    def create_experiment_comparison(self, experiment_ids: str | Iterable[str]) -> dict[str, Any]:
        """Experiments beside each other: "figure" (Plotly JSON), "metrics", "parameters" that differ."""
        return self._manager.comparison(experiment_ids)

    def test_connection(self) -> dict[str, Any]:
        """Whether the Space answers, and what this token allows: {"space_url", "version", "role", "may_log"}."""
        health, session = self._source.ask("/v1/health"), self._source.ask("/v1/session")
        role = str(session.get("role") or "nobody")
        return {
            "space_url": self.space_url,
            "version": health.get("version"),
            "role": role,
            "may_log": role in ("writer", "owner"),
        }

    def get_space_info(self) -> dict[str, Any]:
        """What the Space says of itself: version, disk, dataset, how far the push is, projects and experiments."""
        health = self._source.ask("/v1/health")
        projects = self._source.projects()
        return {
            "space_id": self.space_id,
            "space_url": self.space_url,
            "version": health.get("version"),
            "disk": health.get("disk"),
            "durable": health.get("durable"),
            "dataset_repo": health.get("repo"),
            "sync": health.get("sync"),
            "projects": [str(one["project"]) for one in projects],
            "experiments": sum(int(one["experiments"]) for one in projects),
        }

    def close(self) -> None:
        """Close the connection."""
        self._source.close()

    def __enter__(self) -> TrackioAPIClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"TrackioAPIClient({self.space_url!r})"


def create_trackio_client(space_id: str | None = None, hf_token: str | None = None) -> TrackioAPIClient:
    """A client of the Space that is given, or that the environment names. Raises UsageError where neither does."""
    return TrackioAPIClient(space_id, hf_token)


class _Patient(HttpSource):
    """Sends a batch again when the answer was lost: its writer and seq name it, so it counts once."""

    def append(self, batch: Batch) -> None:
        for attempt in range(TRIES):
            try:
                super().append(batch)
                return
            except Unavailable as error:
                if attempt == TRIES - 1 or isinstance(error, NotReady):
                    raise
                self._sleep(WAIT_S * 2**attempt)

    def ask(self, path: str) -> dict[str, Any]:
        """The JSON at an address. Raises as every question does."""
        return dict(self._ask("GET", path))
