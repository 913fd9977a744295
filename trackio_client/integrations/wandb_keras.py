"""What scripts import from `wandb.integration.keras`: the callbacks of W&B for Keras, writing to the open experiment.

    wandb.init(project="digits")
    model.fit(x, y, callbacks=[WandbMetricsLogger(log_freq="batch"), WandbModelCheckpoint("models/best.keras")])

Names, axes and values are W&B's. Our own callback for Keras (keras.py) records more.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trackio_client.errors import MissingExtra, TrackioError, UsageError
from trackio_client.experiment import Experiment
from trackio_client.integrations.opened import never_stops_training
from trackio_client.lifecycle import process

try:
    from keras.callbacks import Callback, ModelCheckpoint
except ImportError as absent:
    raise MissingExtra("wandb.integration.keras", "keras", "keras") from absent


def _run(who: str) -> Experiment:
    """The open experiment. Raises TrackioError (`wandb.Error`) without one, as W&B's callbacks do."""
    if process.current is None or process.current.is_finished:
        raise TrackioError(f"{who}() writes to the open run, and there is none. Call wandb.init() before")
    return process.current


class WandbMetricsLogger(Callback):  # type: ignore[misc, unused-ignore]  # untyped
    """Logs Keras' numbers: `epoch/<name>` against `epoch/epoch`, and `batch/<name>` against `batch/batch_step`.

    Args:
        log_freq: "epoch", "batch", or every how many batches the running numbers are logged, too.
        initial_global_step: of the first batch, when a training goes on.

    Raises:
        TrackioError: no run is open. UsageError: a `log_freq` that is none of these.
    """

    def __init__(self, log_freq: str | int = "epoch", initial_global_step: int = 0, *given: Any, **named: Any) -> None:
        super().__init__()
        if log_freq not in ("epoch", "batch") and not (type(log_freq) is int and log_freq >= 1):
            raise UsageError(f"log_freq must be 'epoch', 'batch' or a whole number >= 1, got {log_freq!r:.80}")
        run = _run("WandbMetricsLogger")
        self._every = 0 if log_freq == "epoch" else 1 if log_freq == "batch" else int(log_freq)
        self._step = int(initial_global_step)
        if self._every:
            run.define_metric("batch/batch_step")
            run.define_metric("batch/*", step_metric="batch/batch_step")
        run.define_metric("epoch/epoch")
        run.define_metric("epoch/*", step_metric="epoch/epoch")

    def _rate(self) -> float | None:
        rate = getattr(getattr(self.model, "optimizer", None), "learning_rate", None)
        return None if rate is None else float(rate)

    @never_stops_training
    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """An epoch is over: its means."""
        numbers = {f"epoch/{name}": value for name, value in (logs or {}).items()}
        rate = self._rate()
        more = {} if rate is None else {"epoch/learning_rate": rate}
        _run("WandbMetricsLogger").log({**numbers, "epoch/epoch": epoch, **more})

    @never_stops_training
    def on_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """A batch is over: the running means of the epoch."""
        self._step += 1
        if self._every and batch % self._every == 0:
            numbers = {f"batch/{name}": value for name, value in (logs or {}).items()}
            rate = self._rate()
            more = {} if rate is None else {"batch/learning_rate": rate}
            _run("WandbMetricsLogger").log({**numbers, "batch/batch_step": self._step - 1, **more})

    on_train_batch_end = on_batch_end


class WandbModelCheckpoint(ModelCheckpoint):  # type: ignore[misc, unused-ignore]  # untyped
    """Keras' ModelCheckpoint, each of whose files is logged as a version of the artifact `run_<id>_model`.

    Its arguments are Keras'. Raises TrackioError when no run is open.
    """

    def __init__(self, filepath: Any, *given: Any, **named: Any) -> None:
        super().__init__(str(filepath), *given, **named)
        _run("WandbModelCheckpoint")
        self._logged: dict[str, int] = {}

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        super().on_epoch_end(epoch, logs)
        self._log_new(f"epoch_{epoch}")

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        super().on_train_batch_end(batch, logs)
        if self.save_freq != "epoch":
            self._log_new(f"epoch_{self._current_epoch}_batch_{batch}")

    @never_stops_training
    def _log_new(self, alias: str) -> None:
        """Files are found by their time of change: Keras does not tell which it wrote."""
        folder = Path(self.filepath).parent
        changed = {str(each): each.stat().st_mtime_ns for each in folder.glob(f"*{Path(self.filepath).suffix}")}
        fresh = [path for path, at in changed.items() if self._logged.get(path) != at]
        self._logged = changed
        if fresh:
            run = _run("WandbModelCheckpoint")
            newest = max(fresh, key=changed.__getitem__)
            run.log_artifact(newest, name=f"run_{run.id}_model", type="model", aliases=[alias])


class WandbCallback(Callback):  # type: ignore[misc, unused-ignore]  # untyped
    """W&B's callback of old: Keras' names as they are, and `epoch`. What else its arguments asked for is said once."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__()
        run = _run("WandbCallback")
        if more := [name for name, value in named.items() if value and name not in ("monitor", "verbose", "mode")]:
            run.notices.warn("keras", f"WandbCallback: {', '.join(more)}: numbers alone are logged by it here. "
                             "WandbModelCheckpoint keeps models")  # fmt: skip

    @never_stops_training
    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """An epoch is over: its means."""
        _run("WandbCallback").log({**(logs or {}), "epoch": epoch})
