"""A callback for Keras.

    model.fit(x, y, epochs=5, callbacks=[TrackioCallback(project="mnist")])

Keras' names are kept. What it tells at the end of an epoch (`loss`, `val_loss`, `accuracy` …: means of the epoch) is
logged at the number of batches trained so far; `batch/<name>`, its running mean within the epoch, every `log_freq`
batches.
"""

from __future__ import annotations

import atexit
import json
import time
from collections.abc import Mapping
from typing import Any

from trackio_client.errors import MissingExtra, UsageError
from trackio_client.experiment import Experiment
from trackio_client.integrations.opened import Opened, never_stops_training

try:
    from keras.callbacks import Callback
except ImportError as absent:
    raise MissingExtra("TrackioCallback for Keras", "keras", "keras") from absent


class TrackioCallback(Callback):  # type: ignore[misc, unused-ignore]  # untyped
    """Records `fit` and `evaluate` of a Keras model.

    Args:
        log_freq: "epoch", "batch", or every how many batches the running numbers are logged, too.
        experiment: one of your own, which you finish.
        **init_arguments: for `trackio_client.init`: project, name, group, tags, trackio_url …

    Raises:
        UsageError: a `log_freq` that is none of these.
    """

    def __init__(
        self, log_freq: str | int = "epoch", *, experiment: Experiment | None = None, **init_arguments: Any
    ) -> None:
        super().__init__()
        if log_freq not in ("epoch", "batch") and not (type(log_freq) is int and log_freq >= 1):
            raise UsageError(f"log_freq must be 'epoch', 'batch' or a whole number >= 1, got {log_freq!r:.80}")
        self._every = 0 if log_freq == "epoch" else 1 if log_freq == "batch" else int(log_freq)
        self._opened = Opened(experiment, init_arguments)
        self._batches = 0
        self._is_fitting = False
        self._epoch_began = self._evaluation_began = 0.0

    @property
    def experiment(self) -> Experiment | None:
        """The experiment; None before the first call."""
        return self._opened.experiment

    # --- fit ------------------------------------------------------------------------------------------------------

    @never_stops_training
    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        if self._is_fitting:  # the last fit was left by an exception, which somebody caught
            self._left()
        experiment = self._opened.get({"fit": dict(self.params or {}), **_settings(self.model)})
        experiment.record("model", _described(self.model))
        self._is_fitting = True
        atexit.register(self._left)  # Keras tells nobody that `fit` was left by an exception

    @never_stops_training
    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._epoch_began = time.perf_counter()

    @never_stops_training
    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._batches += 1
        if self._every and self._batches % self._every == 0 and logs:
            numbers = {f"batch/{name}": value for name, value in logs.items()}
            self._opened.get().log(numbers, step=self._batches)

    @never_stops_training
    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        numbers = {**(logs or {}), "epoch": epoch + 1, "epoch_time": time.perf_counter() - self._epoch_began}
        rate = _learning_rate(self.model)
        if rate is not None and "learning_rate" not in numbers:
            numbers["learning_rate"] = rate
        self._opened.get().log(numbers, step=self._batches)

    @never_stops_training
    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self._is_fitting = False
        atexit.unregister(self._left)
        experiment = self._opened.get()
        if getattr(self.model, "stop_training", False):
            experiment.record(
                "early_stopping", {"triggered": True, "signal": "model.stop_training"}, step=self._batches
            )
        self._opened.end()

    # --- evaluate -------------------------------------------------------------------------------------------------

    @never_stops_training
    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self._evaluation_began = time.perf_counter()

    @never_stops_training
    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Of `evaluate`; what `fit` validates comes with the epoch, as `val_…`."""
        if self._is_fitting:
            return
        numbers = {f"test/{name}": value for name, value in (logs or {}).items()}
        numbers["test/runtime"] = time.perf_counter() - self._evaluation_began
        self._opened.get().log(numbers, step=self._batches)
        self._opened.end()

    def _left(self) -> None:
        """The program goes on or ends, and `fit` never said that it had ended."""
        if self._is_fitting:
            self._is_fitting = False
            self._opened.end("failed", message="fit() was left before its end, by an exception that the program caught")


def _settings(model: Any) -> dict[str, Any]:
    """Optimizer, loss and schedule, as Keras itself would write them down."""
    found: dict[str, Any] = {}
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None:
        found["optimizer"] = {"class": type(optimizer).__name__, **_plain(optimizer.get_config())}
    loss = getattr(model, "loss", None)
    if loss is not None:
        found["loss"] = loss if isinstance(loss, str) else getattr(loss, "name", None) or type(loss).__name__
    return found


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """A Keras configuration without its objects: what JSON cannot hold becomes text."""
    found: dict[str, Any] = json.loads(json.dumps(dict(values), default=str))
    return found


def _described(model: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"class": type(model).__name__, "name": getattr(model, "name", None)}
    if getattr(model, "built", False):
        found["parameters"] = int(model.count_params())
        found["trainable_parameters"] = int(sum(_size(weight.shape) for weight in model.trainable_weights))
    layers = getattr(model, "layers", None)
    if layers is not None:
        found["layers"] = len(layers)
    policy = getattr(getattr(model, "dtype_policy", None), "name", None)
    if policy:
        found["dtype"] = policy
    return found


def _size(shape: Any) -> int:
    size = 1
    for length in shape:
        size *= int(length)
    return size


def _learning_rate(model: Any) -> float | None:
    """The one in force, also under a schedule; None when the optimizer has none."""
    rate = getattr(getattr(model, "optimizer", None), "learning_rate", None)
    if rate is None:
        return None
    return float(rate.numpy() if hasattr(rate, "numpy") and not hasattr(rate, "detach") else rate)
