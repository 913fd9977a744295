"""TrackioCallback: everything the Transformers `Trainer` logs, and how the training ended.

    trainer = Trainer(model, args, …, callbacks=[TrackioCallback(project="mnist")])

The Trainer's names are kept, with one exception: what its `eval_` prefix makes of per-label scores
(`eval_label/PER/f1`) is told as `eval/label/PER/f1`, the name that pages and findings look for.

A training that goes on from a checkpoint goes on in the experiment that saved it: each checkpoint's folder holds a
small `trackio.json` with its id. Steps that are trained again replace the first attempt's: one line, not two.
"""

from __future__ import annotations

import functools
import json
import logging
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from trackio_client.capture.hardware import HardwareSampler
from trackio_client.errors import MissingExtra
from trackio_client.experiment import Experiment
from trackio_client.lifecycle import process
from trackio_client.opening import init
from trackio_client.settings import settings_from

try:
    from transformers import TrainerCallback
except ImportError as absent:
    raise MissingExtra("TrackioCallback", "transformers", "transformers") from absent

_log = logging.getLogger("trackio_client")
_PER_LABEL = re.compile(r"eval_(?:per_)?label(?:_metrics|s)?/(?P<rest>.+/(?:f1|precision|recall|support))")
_SECRET = re.compile(r"token|secret|password|api_?key", re.I)
_CHECKPOINT_FILE = "trackio.json"
_FRAMES_UP = 12  # Trainer.__init__ stands 3 frames above on_init_end; subclasses and decorators add some
_Method = TypeVar("_Method", bound=Callable[..., Any])


def _never_stops_training(method: _Method) -> _Method:
    """Log what goes wrong in a callback with its type and place, once a kind, and let the training go on (S1.37)."""

    @functools.wraps(method)
    def safe(self: TrackioCallback, *given: Any, **named: Any) -> None:
        try:
            method(self, *given, **named)
        except Exception as error:
            kind = (method.__name__, type(error).__name__)
            self.dropped += 1
            if kind not in self._told:
                self._told.add(kind)
                _log.warning("TrackioCallback.%s met %s: %s. Training goes on", *kind, error, exc_info=error)

    return safe  # type: ignore[return-value]


class TrackioCallback(TrainerCallback):  # type: ignore[misc, unused-ignore]  # untyped in some versions
    """Records a training of the Transformers `Trainer`, on its main process.

    Args:
        experiment: one of your own, which you finish; None takes the current one, else begins one of its own, which
            ends with the training.
        hardware_s: seconds between readings of the hardware; None is TRACKIO_HARDWARE_S, 0 is never.
        **init_arguments: for `trackio_client.init`: project, name, group, tags, trackio_url …
    """

    def __init__(
        self, experiment: Experiment | None = None, *, hardware_s: float | None = None, **init_arguments: Any
    ) -> None:
        self.experiment = experiment
        self.dropped = 0
        """Errors of our own that were told and swallowed."""
        self.resumed_from: str | None = None
        """The checkpoint's folder that `train` was told to go on from."""
        self._init_arguments = init_arguments
        self._hardware_s = hardware_s
        self._is_ours = False
        self._step = 0
        self._sampler: HardwareSampler | None = None
        self._told: set[tuple[str, str]] = set()

    # --- the Trainer's events -----------------------------------------------------------------------------------

    @_never_stops_training
    def on_init_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The Trainer has no event for a training that failed, so its `train` is watched."""
        trainer = _trainer_above()
        if trainer is not None:
            _watch(trainer, self)

    @_never_stops_training
    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        if not state.is_world_process_zero:
            return
        self._step = int(state.global_step)
        config = _arguments(args) | {"model": _model_summary(model), "max_steps": int(state.max_steps)}
        self._open(config, self._earlier(args, self._step))
        assert self.experiment is not None
        interval_s = settings_from().hardware_s if self._hardware_s is None else self._hardware_s
        self._sampler = HardwareSampler(self.experiment.log, lambda: self._step, interval_s=interval_s).start()

    @_never_stops_training
    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        if not logs or not state.is_world_process_zero:
            return
        if self.experiment is None:
            self._open(_arguments(args))  # evaluate() without train()
        elif self._is_ours and self.experiment.is_finished:
            self._reopen()  # evaluate() after train()
        assert self.experiment is not None
        self._step = int(state.global_step)
        self.experiment.log(_named(logs), step=self._step)

    @_never_stops_training
    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.experiment is not None and state.is_world_process_zero:
            title = f"checkpoint-{state.global_step}"
            self.experiment.mark("checkpoint", title, int(state.global_step), path=f"{args.output_dir}/{title}")
            folder = Path(args.output_dir, title)
            if folder.is_dir():
                said = {"experiment_id": self.experiment.experiment_id, "project": self.experiment.project}
                (folder / _CHECKPOINT_FILE).write_text(json.dumps(said), encoding="utf-8")

    @_never_stops_training
    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.experiment is None or not state.is_world_process_zero:
            return
        self._stop_sampler()
        best = {"best_metric": state.best_metric, "best_checkpoint": state.best_model_checkpoint}
        self.experiment.summary.update({name: value for name, value in best.items() if value is not None})
        if self._is_ours:
            self.experiment.finish()

    @_never_stops_training
    def training_failed(self, error: BaseException) -> None:
        """The Trainer's `train` was left by an exception: say what and how; an experiment of ours ends with it."""
        self._stop_sampler()
        if self.experiment is None or not self._is_ours:
            return  # its owner sees the exception too, and tells it
        if isinstance(error, KeyboardInterrupt):
            self.experiment.finish("interrupted", signal="SIGINT", error=error)
        else:
            self.experiment.finish("failed", error=error)

    # --- the experiment -----------------------------------------------------------------------------------------

    def _open(self, config: dict[str, Any], earlier: Mapping[str, str] | None = None) -> None:
        if self.experiment is None or (self._is_ours and self.experiment.is_finished):
            current = process.current
            if current is not None and not current.is_finished and not self._init_arguments:
                self.experiment = current
            else:
                given = dict(self._init_arguments)
                own = given.pop("config", None)
                if earlier and not given.keys() & {"experiment_id", "resume", "fork_from"}:
                    given |= {**earlier, "resume": "allow"}
                self.experiment = init(**given, config=config | dict(own or {}))
                self._is_ours = True
                return
        self.experiment.config.update(config, allow_val_change=True)

    def _earlier(self, args: Any, step: int) -> dict[str, str] | None:
        """Id and project of the experiment that saved the checkpoint from which this training goes on."""
        if not step:
            return None
        folder = Path(self.resumed_from or Path(args.output_dir, f"checkpoint-{step}"))
        try:
            said = json.loads((folder / _CHECKPOINT_FILE).read_text(encoding="utf-8"))
            found = {name: str(said[name]) for name in ("experiment_id", "project")}
        except (OSError, ValueError, KeyError, TypeError):  # saved without us
            return None
        wanted = self._init_arguments.get("project", self._init_arguments.get("project_name"))
        return found if wanted in (None, found["project"]) else None

    def _reopen(self) -> None:
        assert self.experiment is not None
        given = {name: value for name, value in self._init_arguments.items() if name not in ("config", "resume")}
        given |= {"project": self.experiment.project, "experiment_id": self.experiment.experiment_id}
        self.experiment = init(**given, resume="must")

    def _stop_sampler(self) -> None:
        if self._sampler is not None:
            self._sampler.stop()


def _named(logs: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the Trainer's logs; nothing is left out, only per-label scores are renamed."""
    flat: dict[str, Any] = {}
    for name, value in logs.items():
        if isinstance(value, Mapping) and re.fullmatch(r"eval_(?:per_)?label(?:_metrics|s)?", name):
            for label, scores in value.items():
                inner = scores if isinstance(scores, Mapping) else {"f1": scores}
                flat.update({f"eval/label/{label}/{what}": score for what, score in inner.items()})
        elif match := _PER_LABEL.fullmatch(name):
            flat[f"eval/label/{match['rest']}"] = value
        else:
            flat[name] = value
    return flat


def _arguments(args: Any) -> dict[str, Any]:
    """The training arguments, without secrets: those that Transformers blanks out, and all that are named so."""
    return {
        name: value
        for name, value in args.to_dict().items()
        if not _SECRET.search(name) or name.startswith("include_num")
    }


def _model_summary(model: Any) -> dict[str, Any]:
    """Class, parameters (all and trained), dtype, device and configuration: what is not known is absent."""
    if model is None:
        return {}
    found: dict[str, Any] = {"class": type(model).__name__}
    parameters = list(model.parameters())
    found["parameters"] = sum(p.numel() for p in parameters)
    found["parameters_trained"] = sum(p.numel() for p in parameters if p.requires_grad)
    if parameters:
        found |= {"dtype": str(parameters[0].dtype).removeprefix("torch."), "device": str(parameters[0].device)}
    to_dict = getattr(getattr(model, "config", None), "to_dict", None)
    if to_dict is not None:
        found["config"] = to_dict()
    return found


# --- how a training ends ------------------------------------------------------------------------------------------


def _trainer_above() -> Any:
    """The Trainer whose constructor is calling us: no event hands it to a callback."""
    frame = sys._getframe(1)
    for _ in range(_FRAMES_UP):
        if frame.f_back is None:
            return None
        frame = frame.f_back
        found = frame.f_locals.get("self")
        if hasattr(found, "callback_handler") and hasattr(found, "train") and hasattr(found, "args"):
            return found
    return None


def _watch(trainer: Any, callback: TrackioCallback) -> None:
    train = trainer.train

    @functools.wraps(train)
    def watched(*given: Any, **named: Any) -> Any:
        checkpoint = given[0] if given else named.get("resume_from_checkpoint")
        callback.resumed_from = checkpoint if isinstance(checkpoint, str) else None
        try:
            return train(*given, **named)
        except BaseException as error:
            callback.training_failed(error)
            raise

    trainer.train = watched
