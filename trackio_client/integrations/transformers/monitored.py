"""MonitorCallback: the callback that `Monitor.create_monitoring_callback` gives, which shares the monitor's experiment.

It is the same callback as TrackioCallback. What differs is whose the experiment is: the monitor's, which ends with the
training, and which the monitor opens again when more is told after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from trackio_client.experiment import Experiment
from trackio_client.integrations.transformers.belonging import Belonging
from trackio_client.integrations.transformers.callback import TrackioCallback
from trackio_client.integrations.transformers.faults import never_stops_training


class Keeper(Protocol):
    """What the callback needs of a monitor."""

    @property
    def experiment(self) -> Experiment: ...
    @property
    def enable_tracking(self) -> bool: ...
    def reopened(self) -> Experiment: ...
    def remember(self, metrics: Mapping[str, Any], step: int) -> None: ...
    def keep_checkpoint(self, path: str) -> None: ...
    def keep_log(self, entries: Sequence[Mapping[str, Any]]) -> None: ...
    def keep_evaluation(self, results: Mapping[str, Any], step: int) -> None: ...


class _OfMonitor(Belonging):
    """The monitor says which experiment it is, and opens it again; it ends with the training."""

    def __init__(self, monitor: Keeper) -> None:
        super().__init__(monitor.experiment, {}, lambda: None)
        self.is_ours = True
        self._monitor = monitor

    def open(self, config: dict[str, Any], earlier: Mapping[str, str] | None = None) -> Experiment:
        experiment = self.reopen()
        experiment.config.update(config, allow_val_change=True)
        return experiment

    def reopen(self) -> Experiment:
        self.experiment = self._monitor.reopened()
        return self.experiment

    def earlier(self, checkpoint: Path) -> dict[str, str] | None:
        return None


class MonitorCallback(TrackioCallback):
    """Records a training into the experiment of a monitor, and ends it with the training."""

    def __init__(self, monitor: Keeper, **switches: Any) -> None:
        super().__init__(monitor.experiment, **switches)
        self.monitor = monitor
        self.life.belonging = _OfMonitor(monitor)
        if not monitor.enable_tracking:
            self.idle()

    def _meet(self, trainer: Any) -> None:
        if self.monitor.enable_tracking:
            super()._meet(trainer)

    @never_stops_training
    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().on_log(args, state, control, logs=logs, **kwargs)
        if logs and state.is_world_process_zero:
            self.monitor.remember(logs, int(state.global_step))

    @never_stops_training
    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        super().on_save(args, state, control, **kwargs)
        folder = self._checkpoint(args, state)
        if state.is_world_process_zero and folder.is_dir():
            self.monitor.keep_checkpoint(str(folder))

    @never_stops_training
    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().on_evaluate(args, state, control, metrics=metrics, **kwargs)
        if metrics and state.is_world_process_zero:
            self.monitor.keep_evaluation(metrics, int(state.global_step))

    @never_stops_training
    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.is_world_process_zero and self.run is not None:
            self.monitor.keep_log(list(state.log_history))
        super().on_train_end(args, state, control, **kwargs)
