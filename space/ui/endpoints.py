"""The named endpoints of the Space, for `gradio_client` (S1.81): the same calls as on the Manage page.

    from gradio_client import Client

    client = Client("http://127.0.0.1:7860", headers={"X-Trackio-Token": token})
    made = client.predict("first", "a try", api_name="/create_experiment_interface")
    client.predict(made["id"], '{"loss": 0.5}', "10", api_name="/log_metrics_interface")

Results are data; a failure is an error of Gradio's with our words, never a text inside a success (B26). A role is asked
for in each function, because Gradio's queue has one address for all of them.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, cast

import gradio as gr

from space.api.named import NAMES, OWNERS, READS
from space.api.roles import Role
from space.settings import SpaceSettings
from space.ui.asking import REFUSED, role_of
from space.ui.pages.configuration import Typed, typed_from
from trackio_client.errors import TrackioError
from trackio_client.inforce import shown_secret
from trackio_client.managing.manager import Manager

MOST_SESSIONS: Final = 256
"""Whose typed token and repo are remembered; the oldest is forgotten."""
MOST_AT_ONCE: Final = 8
T = TypeVar("T")


@dataclass(slots=True)
class Sessions:
    """What owners typed, by session of theirs: it holds for them alone."""

    known: OrderedDict[str, Typed] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, session: str | None) -> Typed:
        with self.lock:
            return self.known.get(session or "", Typed())

    def put(self, session: str | None, typed: Typed) -> None:
        if not session:
            return
        with self.lock:
            self.known[session] = typed
            self.known.move_to_end(session)
            while len(self.known) > MOST_SESSIONS:
                self.known.popitem(last=False)


class Endpoints:
    """The functions, each under its public name. Gradio reads arguments and types from their signatures."""

    def __init__(self, manager: Manager, settings: SpaceSettings) -> None:
        self._manager, self._settings = manager, settings
        self._sessions = Sessions()

    def create_experiment_interface(self, request: gr.Request, name: str, description: str = "") -> dict[str, Any]:
        """Make an experiment. The answer's `id` goes into the other calls."""
        return self._answer("create_experiment_interface", request, lambda: self._manager.create(name, description))

    def log_metrics_interface(
        self, request: gr.Request, experiment_id: str, metrics_json: str, step: str = ""
    ) -> dict[str, Any]:
        """Log numbers, a JSON object as text, at a step; an empty step is the one after the last."""
        return self._answer(
            "log_metrics_interface", request, lambda: self._manager.log_metrics(experiment_id, metrics_json, step)
        )

    def log_parameters_interface(self, request: gr.Request, experiment_id: str, parameters_json: str) -> dict[str, Any]:
        """Set settings, a JSON object as text."""
        return self._answer(
            "log_parameters_interface", request, lambda: self._manager.log_parameters(experiment_id, parameters_json)
        )

    def get_experiment_details(self, request: gr.Request, experiment_id: str) -> dict[str, Any]:
        """One experiment in full."""
        return self._answer("get_experiment_details", request, lambda: self._manager.details(experiment_id))

    def list_experiments_interface(self, request: gr.Request) -> list[dict[str, Any]]:
        """All experiments, newest first."""
        return self._answer("list_experiments_interface", request, self._manager.experiments)

    def update_experiment_status_interface(
        self, request: gr.Request, experiment_id: str, status: str
    ) -> dict[str, Any]:
        """Set running, completed, failed or paused."""
        return self._answer(
            "update_experiment_status_interface",
            request,
            lambda: self._manager.update_status(experiment_id, status),
        )

    def create_metrics_plot(self, request: gr.Request, experiment_id: str, metric_name: str = "loss") -> dict[str, Any]:
        """Plotly JSON of one metric: `plotly.graph_objects.Figure(answer)` draws it."""
        return self._answer("create_metrics_plot", request, lambda: self._manager.plot(experiment_id, metric_name))

    def create_experiment_comparison(self, request: gr.Request, experiment_ids: str) -> dict[str, Any]:
        """Experiments, ids with commas between: shared metrics, differing settings, and Plotly JSON as `figure`."""
        return self._answer("create_experiment_comparison", request, lambda: self._manager.comparison(experiment_ids))

    def simulate_training_data(self, request: gr.Request, experiment_id: str) -> dict[str, Any]:
        """Fill an empty experiment with a made-up training, marked as demo."""
        return self._answer("simulate_training_data", request, lambda: self._manager.simulate(experiment_id))

    def create_demo_experiment(self, request: gr.Request) -> dict[str, Any]:
        """A made-up experiment of its own, in the project `demo`."""
        return self._answer("create_demo_experiment", request, self._manager.create_demo)

    def update_trackio_config(self, request: gr.Request, hf_token: str = "", dataset_repo: str = "") -> dict[str, Any]:
        """Take a token and a dataset for the two calls below, for this client alone; empty: what the server has."""

        def take() -> dict[str, Any]:
            typed = typed_from(self._sessions.get(request.session_hash), dataset_repo, hf_token)
            self._sessions.put(request.session_hash, typed)
            where, by = self._in_force(typed)
            token = shown_secret(by) if by else None
            return {"dataset_repo": where, "hf_token": token, "holds_for": "this session"}

        return self._answer("update_trackio_config", request, take)

    def test_dataset_connection(
        self, request: gr.Request, hf_token: str = "", dataset_repo: str = ""
    ) -> dict[str, Any]:
        """Look at the dataset as a push would: what the token opens, what lies there."""
        return self._answer(
            "test_dataset_connection", request, lambda: self._looked(hf_token, dataset_repo, request, make=False)
        )

    def create_dataset_repository(
        self, request: gr.Request, hf_token: str = "", dataset_repo: str = ""
    ) -> dict[str, Any]:
        """Make the dataset if it is missing, private, and look at it."""
        return self._answer(
            "create_dataset_repository", request, lambda: self._looked(hf_token, dataset_repo, request, make=True)
        )

    def _looked(self, hf_token: str, dataset_repo: str, request: gr.Request, *, make: bool) -> dict[str, Any]:
        from trackio_client.hub.checking import check_dataset, create_dataset  # late: huggingface_hub takes a second

        before = self._sessions.get(request.session_hash)
        said = typed_from(before, dataset_repo, hf_token) if hf_token or dataset_repo else before
        where, by = self._in_force(said)
        if where is None:
            raise gr.Error(
                "No dataset is set. Name one, owner/name, or set TRACKIO_DATASET_REPO.", print_exception=False
            )
        if by is None:
            raise gr.Error(
                "No token is set. Give one that may read and write the dataset, or set HF_TOKEN.", print_exception=False
            )
        found = create_dataset(where, by) if make else check_dataset(where, by)
        if not found.works:
            raise gr.Error("Does not work: " + ". ".join(found.lines), print_exception=False)
        return {"dataset_repo": where, "works": True, "found": list(found.lines), "experiments": found.experiments}

    def _in_force(self, typed: Typed) -> tuple[str | None, str | None]:
        return typed.repo or self._settings.dataset_repo, typed.token or self._settings.hub_token

    def _answer(self, name: str, request: gr.Request, call: Callable[[], T]) -> T:
        needed = Role.OWNER if name in OWNERS else Role.VIEWER if name in READS else Role.WRITER
        if role_of(request) < needed:
            raise gr.Error(REFUSED[needed], print_exception=False)
        try:
            return cast("T", _worded(call()))
        except TrackioError as error:
            raise gr.Error(str(error), print_exception=False) from None


def _worded(value: Any) -> Any:
    """NaN and ±inf, for which JSON has no word, as the texts "NaN", "Infinity" and "-Infinity", as /v1 has them."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _worded(item) for key, item in value.items()}
    return [_worded(item) for item in value] if isinstance(value, list) else value


def add_endpoints(manager: Manager, settings: SpaceSettings) -> None:
    """Put the endpoints on the page being built. Nothing else on it has a public name."""
    functions = Endpoints(manager, settings)
    for name in sorted(NAMES):
        function = getattr(functions, name)
        gr.api(  # type: ignore[attr-defined]
            function,
            api_name=name,
            api_description=function.__doc__,
            concurrency_limit=MOST_AT_ONCE,
            concurrency_id="named",
        )
