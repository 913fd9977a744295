"""Monitor: the older way to write a training down, as a thin face of `Experiment`.

    monitor = create_monitor_from_config(config)
    trainer = Trainer(model, args, …, callbacks=[monitor.create_monitoring_callback()])

A process has one experiment at a time: a monitor made while one is open (by `init`, or by another monitor) writes into
that one, unless it is told another name or another place. Nothing here stops a training: what cannot be done is said
once. What is logged lands in the experiment's log at once; `metrics_history` is only a look at the newest of it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from trackio_client.capture.files import size_of
from trackio_client.capture.hashing import Hasher
from trackio_client.experiment import Experiment
from trackio_client.lifecycle import process
from trackio_client.monitor.files import Files
from trackio_client.monitor.history import Newest, plain_values
from trackio_client.monitor.joining import given, joined, place_asked
from trackio_client.monitor.readings import Readings
from trackio_client.opening import go_on, init
from trackio_client.settings import Settings
from trackio_client.truth import truth
from trackio_client.values import jsonable
from trackio_client.wire import events

MOST_MARK_CHARACTERS: Final = 256 * 1024
"""Of an evaluation's results in the experiment's own log; larger ones are in their file and artifact alone."""
_ENDS: Final = ("finished", "failed", "interrupted")
_JSON: Final = (str, int, float, bool, list, tuple, Mapping, type(None))
_PLACED: Final = ("eval_", "eval/", "test_", "test/", "epoch")
"""What begins so is no name that `eval_` is put before."""


class Monitor:
    """Writes one training down.

    Args:
        experiment_name: for people; None is EXPERIMENT_NAME, else two words and a number.
        trackio_url: the Space, as an address or `owner/space`; None is TRACKIO_URL, else this machine.
        trackio_token: the Space's write token; None is TRACKIO_TOKEN.
        enable_tracking: False records nothing; every method may be called all the same.
        log_artifacts: keep files: snapshot of the configuration, evaluations, summary, checkpoints.
        log_metrics: whether `log_metrics` and `log_system_metrics` record.
        log_config: whether `log_config` records.
        hf_token: for the dataset repo; None is HF_TOKEN, else the Hub's own log-in.
        dataset_repo: `owner/name` on the Hub; None is TRACKIO_DATASET_REPO.
        monitoring_mode: "both", "dataset", "trackio", "none"; None is MONITORING_MODE.
        project: holds experiments; None is TRACKIO_PROJECT, else the name of the working folder.
        config: what the training was told, for the experiment's configuration.
        experiment: write into this one.
        **others: for `trackio_client.init`: group, tags, notes, quiet, directory …

    Raises:
        UsageError: arguments that cannot be right, such as a dataset_repo that is no `owner/name`.
    """

    def __init__(
        self,
        experiment_name: str | None = None,
        trackio_url: str | None = None,
        trackio_token: str | None = None,
        enable_tracking: bool = True,
        log_artifacts: bool = True,
        log_metrics: bool = True,
        log_config: bool = True,
        hf_token: str | None = None,
        dataset_repo: str | None = None,
        monitoring_mode: str | None = None,
        *,
        project: str | None = None,
        config: Any = None,
        experiment: Experiment | None = None,
        **others: Any,
    ) -> None:
        self._is_tracking = truth(enable_tracking, "enable_tracking")
        self.log_artifacts_enabled = truth(log_artifacts, "log_artifacts")
        self.log_metrics_enabled = truth(log_metrics, "log_metrics")
        self.log_config_enabled = truth(log_config, "log_config")
        # Not `self.log_config`: an attribute of that name would hide the method (B3).
        told = {
            "trackio_url": given(trackio_url),
            "trackio_token": given(trackio_token),
            "hf_token": given(hf_token),
            "dataset_repo": given(dataset_repo),
            "monitoring_mode": given(monitoring_mode),
        }
        name, place = given(experiment_name), place_asked(told)
        self.is_of_script = experiment is None
        """False: made for an experiment that `init` began, because somebody asked for its monitor."""
        experiment = experiment or joined(name, project, place)
        if experiment is None:
            process.monitor = None  # of the one before: `init` would go on with its experiment
            mode = {} if self._is_tracking else {"mode": "disabled"}
            experiment = init(project, name, config=config, **(told | mode | others))
        elif config is not None and self._is_tracking:
            experiment.config.update(jsonable(config), allow_val_change=True)
        self.experiment = experiment
        self.start_time = datetime.now(UTC)
        """When the monitor was made, UTC."""
        self._began_s = time.monotonic()
        self.metrics_history: Newest[dict[str, Any]] = Newest()
        """{"timestamp", "step", "metrics"} of the newest 1,000 calls, the Trainer's logs among them."""
        self.artifacts: Newest[str] = Newest()
        """Paths of files and checkpoints that were told, the newest 1,000."""
        self._files = Files(
            self._settings.directory / "v1" / "monitor" / experiment.experiment_id,
            experiment.name,
            self.start_time.timestamp(),
        )
        self._readings = Readings(experiment.origin.ranks)
        self._hasher = Hasher(lambda name, data, step: self.experiment.record(name, data, step=step))
        self._is_closed = self._has_log = False
        process.monitor = self

    # --- who it is ------------------------------------------------------------------------------------------------

    @property
    def experiment_id(self) -> str:
        """Made here, before anything is sent: the same for as long as the monitor lives (B10)."""
        return self.experiment.experiment_id

    @property
    def experiment_name(self) -> str:
        return self.experiment.name

    @property
    def enable_tracking(self) -> bool:
        """Whether anything is recorded."""
        return self._is_tracking and not self.experiment.is_disabled

    @property
    def _settings(self) -> Settings:
        """Those of the experiment: a monitor that joined one goes by what that was told."""
        return self.experiment._writer.settings

    @property
    def dataset_repo(self) -> str | None:
        """`owner/name` of the dataset repo in force; None when there is none."""
        return self._settings.dataset_repo

    @property
    def monitoring_mode(self) -> str:
        """The word in force."""
        return self._settings.monitoring_mode

    def get_experiment_url(self) -> str | None:
        """Where to watch it; None when there is no Space and no repo, or nothing is recorded."""
        return self.experiment.url if self.enable_tracking else None

    def __repr__(self) -> str:
        return f"<Monitor of {self.experiment!r}>"

    # --- what it is told ------------------------------------------------------------------------------------------

    def log_config(self, config: Any) -> None:
        """Every parameter, nested ones too, becomes part of the experiment's configuration; a snapshot is kept."""
        if not (self.log_config_enabled and self._is_open()):
            return
        values = jsonable(config)
        if not isinstance(values, dict):
            self._warn("config", f"log_config() takes a dict of parameters, got {type(config).__name__}: not recorded")
            return
        self.experiment.config.update(values, allow_val_change=True)
        self._keep("config", lambda: self._files.config(self._told(values)))

    log_configuration = log_config

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log each number with step and time. Without `step` it is taken from the metrics, else counted on."""
        if not (self.log_metrics_enabled and self._is_open()):
            return
        self.remember(metrics, self._step_of(metrics, step))
        self.experiment.log(metrics, step)

    def log_system_metrics(self, step: int | None = None) -> None:
        """Read GPUs, CPU and memory once, as `system/gpu_<i>_…`. What cannot be read is absent."""
        if not (self.log_metrics_enabled and self._is_open()):
            return
        found = self._readings.read()
        if found:
            self.experiment.log(found, max(self.experiment.step - 1, 0) if step is None else step)

    def log_model_checkpoint(self, path: str | Path, step: int | None = None, size_bytes: int | None = None) -> None:
        """Note a checkpoint: where, at which step, and how large: the sum of its files, unless it is told.

        What is not on this machine (`gs://…`) is kept as it is given. Each call is a record of its own (B22).
        """
        if not (self.log_artifacts_enabled and self._is_open()):
            return
        size, why = (int(size_bytes), None) if size_bytes is not None else size_of(path)
        told: dict[str, Any] = {"path": str(path), "step": step}
        told |= {"bytes": size} if size is not None else {"not_recorded": {"bytes": why}}
        self.experiment.record("checkpoint", told, step=step)
        self.experiment.mark("checkpoint", Path(str(path)).name or str(path), step, path=str(path), bytes=size)
        self.artifacts.add(str(path))
        self._hasher.put(path, step)

    log_checkpoint = log_model_checkpoint

    def log_evaluation_results(self, results: Mapping[str, Any], step: int | None = None) -> None:
        """Log the numbers under `eval_…`, and keep the results in full as an artifact; plots among them are media."""
        if not self._is_open():
            return
        if not isinstance(results, Mapping):
            self._warn("results", f"log_evaluation_results() takes a dict, got {type(results).__name__}: not recorded")
            return
        told = plain_values(results)
        prefixed = {_evaluated(name): value for name, value in told.items() if name not in events.STEP_KEYS}
        at = self._step_of(results, step)
        if prefixed:
            self.experiment.log(prefixed, at)
            self.remember(prefixed, at)
        pictured = {name: value for name, value in results.items() if not isinstance(value, _JSON) and name not in told}
        for name, value in pictured.items():  # figures, images, tables: media beside the numbers
            self.experiment.log({_evaluated(str(name)): value}, at)
        full = jsonable({name: value for name, value in results.items() if name not in pictured})
        data = full if len(repr(full)) <= MOST_MARK_CHARACTERS else prefixed
        title = f"Evaluation at step {at}"
        self.experiment.event(events.MARK, mark="evaluation", title=title, step=at, data=data)
        self.keep_evaluation(full, at)

    def log_training_summary(self, summary: Mapping[str, Any]) -> None:
        """What the training came to, with `experiment_duration_seconds` and `experiment_duration_hours`."""
        if not self._is_open():
            return
        values = jsonable(summary)
        if not isinstance(values, dict):
            self._warn("summary", f"log_training_summary() takes a dict, got {type(summary).__name__}: not recorded")
            return
        took_s = time.monotonic() - self._began_s  # the clock on the wall may be set meanwhile
        values |= {"experiment_duration_seconds": took_s, "experiment_duration_hours": took_s / 3600}
        self.experiment.summary.update(values)
        self._keep("summary", lambda: self._files.summary(self._told(values)))

    def log_artifact(self, path: str | Path, name: str | None = None, type: str | None = None) -> None:
        """Keep a file or folder of yours as it is now: a plot, a report, a data set. See Experiment.log_artifact."""
        if self.log_artifacts_enabled and self._is_open():
            self.experiment.log_artifact(path, name=name, type=type)
            self.artifacts.add(str(path))

    def create_monitoring_callback(self) -> Any:
        """A `transformers.TrainerCallback` that writes into this experiment and ends it with the training.

        There is always one, also when tracking is off. Raises MissingExtra when transformers is not installed.
        """
        from trackio_client.integrations.transformers.monitored import MonitorCallback  # here: it loads transformers

        return MonitorCallback(self)

    def close(self, final_status: str = "completed") -> None:
        """Send what is unsent and set the final status; the first one stands (B20). May be called again.

        Raises:
            UsageError: a word that is no status an experiment ends with; it goes on.
        """
        is_last_chance = not self.experiment.is_finished and events.state_of(final_status) in _ENDS
        if is_last_chance and self.metrics_history and not self._has_log:  # a loop without a Trainer
            self.keep_log(self.metrics_history.copy())
        self._hasher.end()
        self.experiment.finish(final_status)
        self._is_closed = True

    def __enter__(self) -> Monitor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.experiment.__exit__(kind, error, trace)
        self._is_closed = True

    # --- for its callback -----------------------------------------------------------------------------------------

    def remember(self, metrics: Any, step: int) -> None:
        """Put an entry into `metrics_history`: a copy, of numbers and texts only, so that no tensor is kept alive."""
        if not isinstance(metrics, Mapping):
            return
        now = datetime.now(UTC).isoformat()
        self.metrics_history.add({"timestamp": now, "step": step, "metrics": plain_values(metrics)})

    def keep_evaluation(self, results: Mapping[str, Any], step: int) -> None:
        """Keep the results of an evaluation in full, as a file and an artifact."""
        full = jsonable(dict(results)) | {"step": step}
        self._keep("evaluation", lambda: self._files.evaluation(self._told(full), step))

    def keep_log(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Keep the log of a training as a file and an artifact."""
        if self.enable_tracking:
            self._has_log = True
            content = {"entries": jsonable(list(entries))}
            self._keep("log", lambda: self._files.log(self._told(content)))

    def keep_checkpoint(self, path: str) -> None:
        """Remember where a checkpoint lies; the callback records what is known of it."""
        if self.log_artifacts_enabled:
            self.artifacts.add(path)

    def reopened(self) -> Experiment:
        """The experiment, open: a script that goes on after its training (a summary, a last evaluation) is heard."""
        if self.experiment.is_finished and not self._is_closed:
            self.experiment = go_on(self.experiment)
        return self.experiment

    # --- inside ---------------------------------------------------------------------------------------------------

    def _is_open(self) -> bool:
        if not self.enable_tracking:
            return False
        self.reopened()
        return True

    def _step_of(self, metrics: Any, step: int | None) -> int:
        """The step that the experiment will log these metrics at."""
        if step is None and isinstance(metrics, Mapping):
            for key in events.STEP_KEYS:
                value = metrics.get(key)
                if isinstance(value, (int, float)) and 0 <= value < 2**53 and value == int(value):
                    return int(value)
        return self.experiment.step if step is None else step

    def _told(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The content of a file: values without secrets, and whose they are."""
        whose = {"experiment_id": self.experiment_id, "experiment_name": self.experiment_name}
        masked: dict[str, Any] = self.experiment.origin.mask_config(dict(values))
        return masked | whose

    def _keep(self, what: str, write: Any) -> None:
        """Write a file and log it as an artifact, on the main rank; a disk that takes none is said once."""
        if not (self.log_artifacts_enabled and self.experiment.origin.ranks.is_main):
            return
        try:
            path: Path = write()
        except OSError as error:
            self._warn("files", f"no file of the {what} can be kept in {self._files.folder}: {error.strerror or error}")
            return
        self.artifacts.add(str(path))
        self._log_artifact(what, path)

    def _log_artifact(self, what: str, path: Path) -> None:
        self.experiment.log_artifact(path, name=f"{what}-{self.experiment_id}", type=what)

    def _warn(self, kind: str, text: str) -> None:
        self.experiment.notices.warn(f"monitor:{kind}", text)


SmolLM3Monitor = Monitor
"""The name that scripts written for the older monitor import."""


def _evaluated(name: str) -> str:
    """With `eval_` before it, once (B19)."""
    return name if name.startswith(_PLACED) else f"eval_{name}"
