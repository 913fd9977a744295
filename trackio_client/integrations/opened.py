"""What the small integrations share: which experiment they write to, how it ends, and that training goes on.

An experiment that was given, or that is open in this process, is written to and left open: its owner ends it. Without
one, `init` begins one at the first call, and it ends with the training; what comes later (a test after the fit) goes on
in the same experiment.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any

from trackio_client.experiment import Experiment
from trackio_client.integrations.edge import swallowing
from trackio_client.lifecycle import process
from trackio_client.opening import init
from trackio_client.sensible import refuse

_log = logging.getLogger("trackio_client")
_told: set[tuple[str, str]] = set()


def _tell_once(self: Any, method: str, error: Exception) -> None:
    kind = (f"{type(self).__name__}.{method}", type(error).__name__)
    if kind not in _told:
        _told.add(kind)
        _log.warning("%s met %s: %s. Training goes on", *kind, error, exc_info=error)


never_stops_training = swallowing(_tell_once)
"""A decorator: log what goes wrong in a method with its type and place, once a kind, and let the training go on."""


class Opened:
    """The experiment of one integration.

    Args:
        experiment: one of the user's own.
        init_arguments: for `init`, when none is given or open.

    Raises:
        UsageError: arguments that cannot be right.
    """

    def __init__(self, experiment: Experiment | None, init_arguments: Mapping[str, Any]) -> None:
        self.experiment = experiment
        self.is_ours = False
        self._init_arguments = dict(init_arguments)
        refuse(self._init_arguments)

    def get(self, config: Mapping[str, Any] | None = None) -> Experiment:
        """The open experiment; begun, or gone on with, if it is not."""
        if self.experiment is None:
            current = process.current
            if current is not None and not current.is_finished and not self._init_arguments:
                self.experiment = current
            else:
                given = dict(self._init_arguments)
                own = dict(given.pop("config", None) or {})
                self.experiment = init(**given, config={**(config or {}), **own})
                self.is_ours = True
                return self.experiment
        elif self.is_ours and self.experiment.is_finished:
            self.resume(self.experiment.experiment_id, self.experiment.project)
        if config:
            self.experiment.config.update(dict(config), allow_val_change=True)
        return self.experiment

    def resume(self, experiment_id: str, project: str) -> None:
        """Go on with one that was begun here or in the process that started this one."""
        given = {name: value for name, value in self._init_arguments.items() if name not in ("config", "resume")}
        given |= {"project": project, "experiment_id": experiment_id, "resume": "allow"}
        self.experiment = init(**given)
        self.is_ours = True

    def end(self, state: str = "finished", error: BaseException | None = None, message: str | None = None) -> None:
        """End an experiment of ours; of anybody else's, tell an error and leave it open."""
        if self.experiment is None or self.experiment.is_finished:
            return
        if self.is_ours:
            signal = "SIGINT" if isinstance(error, KeyboardInterrupt) else None
            self.experiment.finish(state, error=error, message=message, signal=signal)


def raised() -> tuple[str, BaseException | None]:
    """(state, error) of the exception that is being handled, for frameworks that say "failed" and not why."""
    error = sys.exc_info()[1]
    return ("interrupted" if isinstance(error, KeyboardInterrupt) else "failed"), error
