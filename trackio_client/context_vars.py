"""Trackio's module of this name: what libraries ask it (`current_run.get()`), answered by the open experiment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trackio_client.experiment import Experiment
from trackio_client.lifecycle import process


class _Answer:
    """Looks like a ContextVar; there is nothing to set: `init` and `finish` are what change it."""

    def __init__(self, name: str, ask: Callable[[Experiment], Any]) -> None:
        self.name = name
        self._ask = ask

    def get(self, *default: Any) -> Any:
        """The answer for the open experiment; else the default, or None."""
        current = process.current
        if current is None or current.is_finished:
            return default[0] if default else None
        return self._ask(current)

    def set(self, value: Any) -> None:
        """Taken for programs that set it; the open experiment is what counts."""


current_run = _Answer("current_run", lambda experiment: experiment)
current_project = _Answer("current_project", lambda experiment: experiment.project)
current_space_id = _Answer("current_space_id", lambda experiment: experiment._space_id)
current_server = _Answer(
    "current_server", lambda experiment: experiment.destination if "://" in experiment.destination else None
)
current_server_write_token = _Answer("current_server_write_token", lambda experiment: None)
