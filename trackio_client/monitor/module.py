"""The functions that scripts call on the package itself, for the experiment that is open in this process.

`trackio_client.log_config`, `log_checkpoint`, `log_evaluation_results`, `get_experiment_url`, `is_available`,
`get_monitor`, `set_monitor`: each is a thin face of the open experiment's Monitor. Before `init` they warn and return.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trackio_client.errors import UsageError
from trackio_client.lifecycle import process
from trackio_client.monitor.monitor import Monitor

_warned: set[str] = set()


def log_config(config: Any) -> None:
    """Every parameter becomes part of the current experiment's configuration. See Monitor.log_config."""
    monitor = _needed("log_config()")
    if monitor is not None:
        monitor.log_config(config)


def log_checkpoint(path: str | Path, step: int | None = None, size_bytes: int | None = None) -> None:
    """Note a checkpoint of the current experiment. See Monitor.log_model_checkpoint."""
    monitor = _needed("log_checkpoint()")
    if monitor is not None:
        monitor.log_model_checkpoint(path, step, size_bytes)


def log_evaluation_results(results: Mapping[str, Any], step: int | None = None) -> None:
    """Log an evaluation of the current experiment. See Monitor.log_evaluation_results."""
    monitor = _needed("log_evaluation_results()")
    if monitor is not None:
        monitor.log_evaluation_results(results, step)


def get_experiment_url() -> str | None:
    """Where to watch the current experiment; None when there is none, or it has no page."""
    monitor = get_monitor()
    return None if monitor is None else monitor.get_experiment_url()


def is_available() -> bool:
    """Whether what is logged now is recorded: an experiment is open, and tracking is not off."""
    current = process.current
    return current is not None and not current.is_finished and not current.is_disabled


def get_monitor() -> Monitor | None:
    """The monitor of the current experiment; one is made for an experiment that `init` began. None before `init`."""
    monitor: Monitor | None = process.monitor
    current = process.current
    if monitor is not None and (current is None or monitor.experiment is current):
        return monitor
    return None if current is None else Monitor(experiment=current)


def set_monitor(monitor: Monitor | None) -> None:
    """Let `log`, `finish` and the functions here write to this monitor's experiment; None goes back to the newest.

    Raises:
        UsageError: it is no Monitor.
    """
    if monitor is not None and not isinstance(monitor, Monitor):
        raise UsageError(f"set_monitor() takes a Monitor, got {type(monitor).__name__}")
    process.monitor = monitor
    if monitor is not None:
        process.current = monitor.experiment


def _needed(what: str) -> Monitor | None:
    monitor = get_monitor()
    if monitor is None and what not in _warned:
        _warned.add(what)
        warnings.warn(
            f"trackio_client.{what} before init(): nothing is recorded. Call init() first", UserWarning, stacklevel=3
        )
    return monitor
