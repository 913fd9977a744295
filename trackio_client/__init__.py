"""Experiment tracking that loses nothing: init, log, finish.

    import trackio_client as trackio

    experiment = trackio.init("mnist", config={"lr": 3e-4})
    trackio.log({"train/loss": 0.5})
    trackio.finish()

Importing this loads the standard library and nothing heavy; each name below is loaded when it is first used.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trackio_client.configuration import Config
    from trackio_client.experiment import Experiment
    from trackio_client.integrations.training_arguments import training_arguments
    from trackio_client.monitor import (
        Monitor,
        SmolLM3Monitor,
        add_tracking_arguments,
        apply_tracking_arguments,
        create_monitor_from_config,
    )
    from trackio_client.monitor.module import (
        get_experiment_url,
        get_monitor,
        is_available,
        log_checkpoint,
        log_config,
        log_evaluation_results,
        set_monitor,
    )
    from trackio_client.opening import init
    from trackio_client.reader import Api
    from trackio_client.summarizing import Summary

    config: Config
    summary: Summary

from trackio_client.release import VERSION

__version__ = VERSION

__all__ = [
    "Api",
    "Experiment",
    "Monitor",
    "SmolLM3Monitor",
    "add_tracking_arguments",
    "apply_tracking_arguments",
    "config",
    "create_monitor_from_config",
    "define_metric",
    "finish",
    "get_experiment_url",
    "get_monitor",
    "init",
    "is_available",
    "log",
    "log_checkpoint",
    "log_config",
    "log_evaluation_results",
    "set_monitor",
    "summary",
    "training_arguments",
]

_HOMES = {
    "Api": "reader",
    "Experiment": "experiment",
    "Monitor": "monitor",
    "SmolLM3Monitor": "monitor",
    "add_tracking_arguments": "monitor",
    "apply_tracking_arguments": "monitor",
    "create_monitor_from_config": "monitor",
    "get_experiment_url": "monitor.module",
    "get_monitor": "monitor.module",
    "init": "opening",
    "is_available": "monitor.module",
    "log_checkpoint": "monitor.module",
    "log_config": "monitor.module",
    "log_evaluation_results": "monitor.module",
    "set_monitor": "monitor.module",
    "training_arguments": "integrations.training_arguments",
}
_warned: set[str] = set()


def log(metrics: Mapping[str, Any], step: int | None = None) -> None:
    """Log to the current experiment; before `init` a warning, once. See Experiment.log."""
    experiment = _current("log()")
    if experiment is not None:
        experiment.log(metrics, step)


def finish(status: str = "finished", **evidence: Any) -> None:
    """Finish the current experiment; before `init` a warning, once. See Experiment.finish."""
    experiment = _current("finish()")
    if experiment is not None:
        experiment.finish(status, **evidence)


def define_metric(name: str, step_metric: str | None = None, goal: str | None = None) -> None:
    """Say how a metric of the current experiment is meant. See Experiment.define_metric."""
    experiment = _current("define_metric()")
    if experiment is not None:
        experiment.define_metric(name, step_metric=step_metric, goal=goal)


def _current(what: str) -> Experiment | None:
    from trackio_client.lifecycle import process

    if process.current is None and what not in _warned:
        _warned.add(what)
        warnings.warn(
            f"trackio_client.{what} before init(): nothing is recorded. Call init() first", UserWarning, stacklevel=3
        )
    return process.current


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(f"trackio_client.{_HOMES[name]}"), name)
    if name in ("config", "summary"):
        experiment = _current(name)
        if experiment is not None:
            return getattr(experiment, name)
        from trackio_client.configuration import Config

        return Config()
    raise AttributeError(f"module 'trackio_client' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
