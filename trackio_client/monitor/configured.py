"""A monitor as a training's configuration asks for it."""

from __future__ import annotations

from typing import Any

from trackio_client.monitor.joining import given
from trackio_client.monitor.monitor import Monitor
from trackio_client.monitor.told import Told, told_by


def create_monitor_from_config(config: Any = None, experiment_name: str | None = None, **others: Any) -> Monitor:
    """A monitor as a configuration object asks for it: its attributes, then the environment, then defaults.

    Args:
        config: any object, class or dict; each attribute may be missing (told.py). None says nothing.
        experiment_name: wins over the configuration's.
        **others: further arguments of `Monitor`; they win over the configuration.

    Raises:
        UsageError: what the configuration says cannot be right, such as a dataset_repo that is no `owner/name`.
    """
    told = told_by(config)
    arguments = _arguments(told, experiment_name) | {name: each for name, each in others.items() if each is not None}
    monitor = Monitor(**arguments)
    for fault in told.faults:
        monitor.experiment.notices.warn(f"config:{fault[:80]}", fault)
    return monitor


def _arguments(told: Told, experiment_name: str | None) -> dict[str, Any]:
    return {
        "experiment_name": given(experiment_name) or told.experiment_name or told.preset_name,
        "trackio_url": told.trackio_url,
        "trackio_token": told.trackio_token,
        "enable_tracking": told.enable_tracking,
        "log_artifacts": told.log_artifacts,
        "log_metrics": told.log_metrics,
        "log_config": told.log_config,
        "hf_token": told.hf_token,
        "dataset_repo": told.dataset_repo,
        "monitoring_mode": told.monitoring_mode,
        "project": told.trackio_project,
    }
