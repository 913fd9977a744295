"""Experiment tracking that loses nothing: init, log, finish.

    import trackio_client as trackio

    experiment = trackio.init("mnist", config={"lr": 3e-4})
    trackio.log({"train/loss": 0.5})
    trackio.finish()

`import trackio_client as wandb` and `as trackio` run the scripts that were written for those (docs/from-wandb.md).
Importing this loads the standard library and nothing heavy; each name below is loaded when it is first used.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trackio_client.alerts import AlertLevel
    from trackio_client.artifacts.artifact import Artifact
    from trackio_client.calls import (
        agent,
        alert,
        controller,
        delete_project,
        display,
        freeze,
        import_csv,
        import_tf_events,
        link_artifact,
        link_model,
        log_artifact,
        log_code,
        log_cpu,
        log_gpu,
        log_model,
        log_system,
        login,
        mark_preempting,
        require,
        restore,
        save,
        setup,
        show,
        sweep,
        sync,
        teardown,
        termerror,
        termlog,
        termwarn,
        unwatch,
        use_artifact,
        use_model,
        watch,
    )
    from trackio_client.configuration import Config
    from trackio_client.errors import TrackioError as Error
    from trackio_client.errors import UsageError
    from trackio_client.experiment import Experiment
    from trackio_client.experiment import Experiment as Run
    from trackio_client.foreign import Settings
    from trackio_client.install import install_as
    from trackio_client.integrations.training_arguments import training_arguments
    from trackio_client.managing.client import TrackioAPIClient, create_trackio_client
    from trackio_client.media import (
        Audio,
        Classes,
        Histogram,
        Html,
        Image,
        Markdown,
        Molecule,
        Object3D,
        Plotly,
        Table,
        Trace,
        Video,
        plot_table,
    )
    from trackio_client.media import charts as plot
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
    run: Experiment | None
    summary: Summary

from trackio_client.release import VERSION

__version__ = VERSION

__all__ = [
    "AlertLevel",
    "Api",
    "Artifact",
    "Audio",
    "Classes",
    "Error",
    "Experiment",
    "Histogram",
    "Html",
    "Image",
    "Markdown",
    "Molecule",
    "Monitor",
    "Object3D",
    "Plotly",
    "Run",
    "Settings",
    "SmolLM3Monitor",
    "Table",
    "Trace",
    "TrackioAPIClient",
    "UsageError",
    "Video",
    "add_tracking_arguments",
    "agent",
    "alert",
    "apply_tracking_arguments",
    "config",
    "controller",
    "create_monitor_from_config",
    "create_trackio_client",
    "define_metric",
    "delete_project",
    "display",
    "finish",
    "freeze",
    "get_experiment_url",
    "get_monitor",
    "import_csv",
    "import_tf_events",
    "init",
    "install_as",
    "is_available",
    "link_artifact",
    "link_model",
    "log",
    "log_artifact",
    "log_checkpoint",
    "log_code",
    "log_config",
    "log_cpu",
    "log_evaluation_results",
    "log_gpu",
    "log_model",
    "log_system",
    "login",
    "mark_preempting",
    "plot",
    "plot_table",
    "require",
    "restore",
    "run",
    "save",
    "set_monitor",
    "setup",
    "show",
    "summary",
    "sweep",
    "sync",
    "teardown",
    "termerror",
    "termlog",
    "termwarn",
    "training_arguments",
    "unwatch",
    "use_artifact",
    "use_model",
    "watch",
]

_HOMES = {
    "calls": (
        *("agent", "alert", "controller", "delete_project", "display", "freeze", "import_csv", "import_tf_events"),
        *("link_artifact", "link_model", "log_artifact", "log_code", "log_cpu", "log_gpu", "log_model", "log_system"),
        *("login", "mark_preempting", "require", "restore", "save", "setup", "show", "sweep", "sync", "teardown"),
        *("termerror", "termlog", "termwarn", "unwatch", "use_artifact", "use_model", "watch"),
    ),
    "media": (
        *("Audio", "Classes", "Histogram", "Html", "Image", "Markdown", "Molecule", "Object3D", "Plotly", "Table"),
        *("Trace", "Video", "plot_table"),
    ),
    "alerts": ("AlertLevel",),
    "artifacts.artifact": ("Artifact",),
    "errors": ("UsageError",),
    "experiment": ("Experiment",),
    "foreign": ("Settings",),
    "install": ("install_as",),
    "managing.client": ("TrackioAPIClient", "create_trackio_client"),
    "integrations.training_arguments": ("training_arguments",),
    "monitor": (
        *("Monitor", "SmolLM3Monitor", "add_tracking_arguments", "apply_tracking_arguments"),
        *("create_monitor_from_config",),
    ),
    "monitor.module": (
        *("get_experiment_url", "get_monitor", "is_available", "log_checkpoint", "log_config"),
        *("log_evaluation_results", "set_monitor"),
    ),
    "opening": ("init",),
    "reader": ("Api",),
}
"""In which module the names live."""
_PLACES = {name: (module, name) for module, names in _HOMES.items() for name in names} | {
    "CommError": ("wandb_parts", "CommError"),
    "Error": ("errors", "TrackioError"),
    "Run": ("experiment", "Experiment"),
}
_MODULES = {
    "context_vars": "context_vars",
    "data_types": "media",
    "env": "wandb_parts",
    "errors": "errors",
    "media": "media",
    "plot": "media.charts",
    "util": "wandb_parts",
}
"""Modules that scripts use without importing them."""
_warned: set[str] = set()


def log(
    metrics: Mapping[str, Any] | None = None, step: int | None = None, commit: bool | None = None, **others: Any
) -> None:
    """Log to the current experiment; before `init` a warning, once. See Experiment.log."""
    experiment = _current("log()")
    if experiment is not None:
        experiment.log(others.get("data") if metrics is None else metrics, step, commit)


def finish(status: str | int | None = "finished", **evidence: Any) -> None:
    """Finish the current experiment; before `init` a warning, once. See Experiment.finish."""
    experiment = _current("finish()")
    if experiment is not None:
        experiment.finish(status, **evidence)


def define_metric(name: str, *positional: Any, **said: Any) -> Any:
    """Say how a metric of the current experiment is meant. See Experiment.define_metric."""
    experiment = _current("define_metric()")
    return None if experiment is None else experiment.define_metric(name, *positional, **said)


def _current(what: str) -> Experiment | None:
    from trackio_client.lifecycle import process

    if process.current is None and what not in _warned:
        _warned.add(what)
        warnings.warn(
            f"trackio_client.{what} before init(): nothing is recorded. Call init() first", UserWarning, stacklevel=3
        )
    return process.current


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        import importlib

        module, own = _PLACES[name]
        return getattr(importlib.import_module(f"trackio_client.{module}"), own)
    if name in _MODULES:
        import importlib

        return importlib.import_module(f"trackio_client.{_MODULES[name]}")
    raise AttributeError(f"module 'trackio_client' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _early_config() -> Config:
    from trackio_client.lifecycle import process

    return process.early_config


class _Package(ModuleType):
    """The module, with the names that stand for whatever experiment is open: `run`, `config`, `summary`."""

    @property
    def run(self) -> Experiment | None:
        """The open experiment; None before `init` and after `finish`."""
        from trackio_client.lifecycle import process

        return None if process.current is None or process.current.is_finished else process.current

    @property
    def config(self) -> Config:
        """Of the current experiment. Before `init` a warning, once; what is set then is taken by the next `init`."""
        experiment = _current("config")
        return _early_config() if experiment is None else experiment.config

    @config.setter
    def config(self, values: Any) -> None:
        from trackio_client.lifecycle import process

        (process.early_config if process.current is None else process.current.config).update(values)

    @property
    def summary(self) -> Summary:
        """Of the current experiment; before `init` a warning, once."""
        experiment = _current("summary")
        if experiment is None:
            from trackio_client.summarizing import Summary

            return Summary(dict, lambda values: None)
        return experiment.summary


sys.modules[__name__].__class__ = _Package
