"""TrackioCallback: everything the Transformers `Trainer` logs, what it does not say by itself, and how it ended.

    trainer = Trainer(model, args, …, callbacks=[TrackioCallback(project="mnist")])

The Trainer's names are kept, with one exception: what its `eval_` prefix makes of per-label scores
(`eval_label/PER/f1`) is told as `eval/label/PER/f1`, the name that pages and findings look for. Nothing that it logs is
left out, and what it hands over is not changed. This file hears its events, keeps the experiment's life, and lets
nothing of ours stop a training; what is recorded beside the Trainer's own numbers is the matter of the groups.

A training that goes on from a checkpoint goes on in the experiment that saved it: each checkpoint's folder holds a
small `trackio.json` with its id. Steps that are trained again replace the first attempt's: one line, not two.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from trackio_client.errors import MissingExtra
from trackio_client.experiment import Experiment
from trackio_client.integrations.transformers.clock import Clock
from trackio_client.integrations.transformers.configuration import arguments
from trackio_client.integrations.transformers.dispatch import Dispatch, Faults
from trackio_client.integrations.transformers.groups import Run
from trackio_client.integrations.transformers.model import describe
from trackio_client.integrations.transformers.observation import Observation
from trackio_client.integrations.transformers.switches import ON_EVERY_RANK, made, switched
from trackio_client.integrations.transformers.watching import batch_of, trainer_above, watch
from trackio_client.lifecycle import process
from trackio_client.opening import init
from trackio_client.settings import settings_from

try:
    from transformers import TrainerCallback
except ImportError as absent:
    raise MissingExtra("TrackioCallback", "transformers", "transformers") from absent

_PER_LABEL = re.compile(r"eval_(?:per_)?label(?:_metrics|s)?/(?P<rest>.+/(?:f1|precision|recall|support))")
_CHECKPOINT_FILE = "trackio.json"
_Method = TypeVar("_Method", bound=Callable[..., Any])


def _never_stops_training(method: _Method) -> _Method:
    """Log what goes wrong in a callback with its type and place, once a kind, and let the training go on (S1.37)."""

    @functools.wraps(method)
    def safe(self: TrackioCallback, *given: Any, **named: Any) -> Any:
        try:
            return method(self, *given, **named)
        except Exception as error:
            self.faults.add(f"TrackioCallback.{method.__name__}", error, self.run)
            return None

    return safe  # type: ignore[return-value]


class TrackioCallback(TrainerCallback):  # type: ignore[misc, unused-ignore]  # untyped in some versions
    """Records a training of the Transformers `Trainer`: numbers on its main process, hardware and errors on every rank.

    Args:
        experiment: one of your own, which you finish; None takes the current one, else begins one of its own, which
            ends with the training.
        hardware_s: seconds between readings of the hardware; None is TRACKIO_HARDWARE_S, 0 is never.
        price_per_hour: of the machine, for the cost; None is TRACKIO_PRICE_PER_HOUR, without it no cost is told.
        forward_share: of the time between evaluations, what forward passes of ours may take; None is
            TRACKIO_FORWARD_SHARE, 0 is none.
        **chosen: `record_<group>=False` leaves a group out (switches.py lists them); all others are for
            `trackio_client.init`: project, name, group, tags, trackio_url …
    """

    def __init__(
        self,
        experiment: Experiment | None = None,
        *,
        hardware_s: float | None = None,
        price_per_hour: float | None = None,
        forward_share: float | None = None,
        **chosen: Any,
    ) -> None:
        self.experiment = experiment
        self.faults = Faults()
        """What went wrong while recording: told once, counted, and swallowed."""
        self.run: Run | None = None
        """The training that goes on, or was the last."""
        self.resumed_from: str | None = None
        """The checkpoint's folder that `train` was told to go on from."""
        self.is_watching_train = False
        self.clock = Clock()
        self._switches = {name: bool(chosen.pop(name)) for name in list(chosen) if name.startswith("record_")}
        switched(self._switches, None)  # a name that is none is told here, not after an hour
        self._init_arguments = chosen
        self._hardware_s = hardware_s
        self._price_per_hour = price_per_hour
        self._forward_share = forward_share
        self._groups = Dispatch((), self.faults)
        self.observation = Observation(lambda: switched(self._switches, settings_from().record))
        self._trainer: Any = None
        self._is_ours = False
        self._is_unsettled = False
        self._has_ended = True
        self._has_trained = False
        self._awaits_begin = False

    @property
    def dropped(self) -> int:
        """Errors of our own that were told and swallowed."""
        return self.faults.count

    # --- the Trainer's events -----------------------------------------------------------------------------------

    @_never_stops_training
    def on_init_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The Trainer has no event for a training that failed, so its `train` is watched."""
        self._meet(trainer_above())

    @_never_stops_training
    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._meet(trainer_above())
        self._awaits_begin = False
        if self._trainer is not None:
            watch(self._trainer, self)  # what was made anew since then
        self._begin(args, state, control, kwargs, self._earlier(args, int(state.global_step)))

    @_never_stops_training
    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if (run := self.run) is not None:
            self._settle(run)
            self._groups.call("step_begin", run)

    @_never_stops_training
    def on_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.run is not None:
            self._groups.call("optimizer", self.run)

    @_never_stops_training
    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.run is not None:
            self._groups.call("step_end", self.run)

    @_never_stops_training
    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.run is not None:
            self._settle(self.run)

    @_never_stops_training
    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        if not logs or not (state.is_world_process_zero or self._reports_all()):
            return
        run = self._at_hand(args, state, control, kwargs)
        more: dict[str, Any] = {}
        for answer in self._groups.call("logged", run, dict(logs)):
            more.update(answer or {})
        more = run.log_steps() | more
        run.experiment.log(more | _named(logs), step=run.step)

    @_never_stops_training
    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        if not state.is_world_process_zero:
            return
        run = self._at_hand(args, state, control, kwargs)
        with self.clock.timed("recording"):
            self._groups.call("evaluated", run, dict(metrics or {}))
        entry, run.evaluation = run.evaluation, {}
        told = {"epoch": run.epoch, "global_step": run.step, **dict(metrics or {}), **entry}
        if self._has_ended and self._has_trained:
            told["after_training"] = True  # perhaps of another model: the best one that was loaded at the end
        run.record("epoch_metrics", told)
        self._is_unsettled = True
        if self._has_ended:  # evaluate() without train(), or after it: no step will follow
            self._settle(run)

    @_never_stops_training
    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.run is None or not state.is_world_process_zero:
            return
        self._refresh(self.run, args, state, control, kwargs)
        folder = self._checkpoint(args, state)
        self.run.experiment.mark("checkpoint", folder.name, self.run.step, path=str(folder))
        self._name_in(folder)
        self._groups.call("saved", self.run, folder)

    @_never_stops_training
    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        run = self.run
        if run is None:
            return
        self._refresh(run, args, state, control, kwargs)
        self._settle(run)
        if run.is_main:
            best = {"best_metric": state.best_metric, "best_checkpoint": state.best_model_checkpoint}
            run.experiment.summary.update({name: value for name, value in best.items() if value is not None})
        self._end(run)
        if self._is_ours:
            run.experiment.finish()

    # --- what is heard around the Trainer's methods (watching.py) -------------------------------------------------

    @_never_stops_training
    def train_begins(self, checkpoint: Any) -> None:
        """`train` was called; its event comes when data, model and optimizer are there."""
        self.resumed_from = checkpoint if isinstance(checkpoint, str) else None
        self.is_watching_train = self._awaits_begin = True

    @_never_stops_training
    def training_failed(self, error: BaseException) -> None:
        """The Trainer's `train` was left by an exception: say what and how; an experiment of ours ends with it."""
        if self._awaits_begin and self._trainer is not None:  # it failed before its first step: data, memory, arguments
            self._awaits_begin = False
            trainer = self._trainer
            self._begin(trainer.args, trainer.state, trainer.control, _parts(trainer), None)
        run = self.run
        if run is None or self._has_ended:
            return
        self._groups.call("failed", run, error)
        self._end(run)
        if not self._is_ours:
            return  # its owner sees the exception too, and tells it
        if isinstance(error, KeyboardInterrupt):
            run.experiment.finish("interrupted", signal="SIGINT", error=error)
        else:
            run.experiment.finish("failed", error=error)

    @_never_stops_training
    def step_failed(self, error: BaseException, inputs: Any) -> None:
        """A forward or backward pass raised: what was in the batch, for whoever asks why."""
        if self.run is not None:
            self.run.shared["failed_batch"] = _shapes(batch_of(inputs))
            may_repeat = bool(getattr(self.run.args, "auto_find_batch_size", False))
            if not self.is_watching_train and not may_repeat:  # added after the Trainer was made: nobody hears `train`
                self.training_failed(error)

    @_never_stops_training
    def went_backward(self, loss: Any, inputs: Any, seconds: float) -> None:
        if self.run is not None:
            detach = getattr(loss, "detach", None)
            self._groups.call("backward", self.run, loss if detach is None else detach(), batch_of(inputs), seconds)

    @_never_stops_training
    def clipped(self, norm: Any) -> None:
        if self.run is not None:
            self._groups.call("clipped", self.run, norm)

    @_never_stops_training
    def evaluation_begins(self) -> None:
        trainer = self._trainer
        if trainer is not None and trainer.state.is_world_process_zero:
            self._at_hand(trainer.args, trainer.state, trainer.control, _parts(trainer))

    @_never_stops_training
    def observed(self) -> None:
        """An evaluation is over: what it predicted, for whom it concerns; other processes post theirs."""
        try:
            observed = self.observation.end()
        except Exception as error:  # what the observer met, and kept so that the evaluation went on
            self.faults.add("predictions of the evaluation", error, self.run, what="They are not scored")
            return
        if observed is not None and self.run is not None:
            self._groups.call("observed", self.run, observed)

    def may_lack_metrics(self, args: Any) -> bool:
        """Whether the Trainer gets by without what `compute_metrics` would have told: the loss is always there."""
        chosen = getattr(args, "metric_for_best_model", None)
        return chosen is None or re.fullmatch(r"(eval_)?loss", chosen) is not None

    @_never_stops_training
    def exporting(self, folder: Path) -> None:
        """Name the experiment in the folder before it is filled, so that a push of it takes the name along."""
        if self.run is not None and self._trainer.state.is_world_process_zero:
            folder.mkdir(parents=True, exist_ok=True)
            self._name_in(folder)

    @_never_stops_training
    def carded(self) -> None:
        """The Trainer wrote a model card, which a push will take along, as it does our name of the experiment."""
        if self.run is not None and self._trainer.state.is_world_process_zero:
            self._name_in(Path(self._trainer.args.output_dir))
            self._groups.call("carded", self.run, Path(self._trainer.args.output_dir))

    @_never_stops_training
    def exported(self, folder: Path) -> None:
        if self.run is not None and self._trainer.state.is_world_process_zero:
            is_over = self.run.experiment.is_finished
            run = self._at_hand(self.run.args, self.run.state, self.run.control, _parts(self._trainer))
            self._groups.call("exported", run, folder)
            if is_over and self._is_ours:
                run.experiment.finish()

    # --- a training's life ----------------------------------------------------------------------------------------

    def _reports_all(self) -> bool:
        """Whether ranks above 0 report metrics, too (TRACKIO_RANKS=all)."""
        return self.run is not None and settings_from().ranks == "all"

    def _meet(self, trainer: Any) -> None:
        if trainer is None or trainer is self._trainer:
            return
        others = [one for one in trainer.callback_handler.callbacks if isinstance(one, TrackioCallback)]
        if others and others[0] is not self:  # two of us would record everything twice
            self.idle()
            return
        self._trainer = trainer
        watch(trainer, self)

    def idle(self) -> None:
        """Record nothing: another callback of ours records this Trainer."""
        for name in ("on_train_begin", "on_log", "on_evaluate"):
            setattr(self, name, lambda *given, **named: None)

    def _begin(
        self, args: Any, state: Any, control: Any, parts: Mapping[str, Any], earlier: Mapping[str, str] | None
    ) -> Run:
        is_main = bool(state.is_world_process_zero)
        config: dict[str, Any] = {}
        if is_main:  # the other ranks say nothing that the first has said
            config = arguments(args) | {"model": describe(parts.get("model")), "max_steps": int(state.max_steps)}
        self._open(config, earlier)
        assert self.experiment is not None
        if self.run is not None and not self._has_ended:  # begun again, with a smaller batch: the first attempt is over
            self._groups.call("end", self.run)
        settings = settings_from()
        self.clock = Clock()
        run = self.run = Run(
            experiment=self.experiment,
            trainer=self._trainer,
            first_step=int(state.global_step),
            price_per_hour=settings.price_per_hour if self._price_per_hour is None else self._price_per_hour,
            forward_share=settings.forward_share if self._forward_share is None else self._forward_share,
            hardware_s=self._hardware_s,
            rank=0 if is_main else max(1, int(getattr(args, "process_index", 1) or 1)),
            world_size=int(getattr(args, "world_size", 1) or 1),
            clock=self.clock,
        )
        self._refresh(run, args, state, control, parts)
        names = switched(self._switches, settings.record)
        self._groups = Dispatch(made([name for name in names if is_main or name in ON_EVERY_RANK]), self.faults)
        self._has_ended = self._is_unsettled = False
        if run.first_step:
            run.run_config["resumed_from_step"] = run.first_step
        self.faults.tell(run)
        self._groups.call("begin", run)
        if run.run_config and is_main:
            run.record("run_config", run.run_config)
        return run

    def _at_hand(self, args: Any, state: Any, control: Any, parts: Mapping[str, Any]) -> Run:
        """The run to record into: also of an evaluation without a training, or after it."""
        if self.run is None:
            run = self._begin(args, state, control, parts, None)
            self._has_ended = True
            return run
        if self._is_ours and self.experiment is not None and self.experiment.is_finished:
            self._reopen()
            self.run.experiment = self.experiment
        self._refresh(self.run, args, state, control, parts)
        return self.run

    def _refresh(self, run: Run, args: Any, state: Any, control: Any, parts: Mapping[str, Any]) -> None:
        run.args, run.state, run.control = args, state, control
        for name in ("model", "processing_class", "optimizer", "lr_scheduler", "train_dataloader", "eval_dataloader"):
            if parts.get(name) is not None:
                setattr(run, name, parts[name])

    def _settle(self, run: Run) -> None:
        if self._is_unsettled:
            self._is_unsettled = False
            self._groups.call("settled", run)

    def _end(self, run: Run) -> None:
        if self._has_ended:
            return
        self._has_ended = self._has_trained = True
        self._groups.call("end", run)
        if left := run.log_steps():
            run.experiment.log(left, step=run.step)
        if run.run_summary and run.is_main:
            run.record("run_summary", run.run_summary)
        self.faults.tell(run)

    # --- the experiment -----------------------------------------------------------------------------------------

    def _open(self, config: dict[str, Any], earlier: Mapping[str, str] | None = None) -> None:
        if self.experiment is None or (self._is_ours and self.experiment.is_finished):
            current = process.current
            if current is not None and not current.is_finished and not self._init_arguments:
                self.experiment = current
            else:
                given = {"hardware_s": self._hardware_interval_s(), **self._init_arguments}
                own = given.pop("config", None)
                if earlier and not given.keys() & {"experiment_id", "resume", "fork_from"}:
                    given |= {**earlier, "resume": "allow"}
                self.experiment = init(**given, config=config | dict(own or {}))
                self._is_ours = True
                return
        self.experiment.config.update(config, allow_val_change=True)

    def _hardware_interval_s(self) -> float | None:
        """Of an experiment of ours: its own sampler is off when the group is."""
        return self._hardware_s if "hardware" in switched(self._switches, settings_from().record) else 0.0

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

    def _checkpoint(self, args: Any, state: Any) -> Path:
        """The folder of the checkpoint that was just saved; that of a search for hyperparameters has one a trial."""
        name = f"checkpoint-{state.global_step}"
        trial = getattr(self._trainer, "_trial", None)
        folder_of = getattr(self._trainer, "_get_output_dir", None)
        try:
            return Path(args.output_dir if folder_of is None else folder_of(trial), name)
        except (AttributeError, TypeError, ImportError):
            return Path(args.output_dir, name)

    def _name_in(self, folder: Path) -> None:
        """Say in a folder whose it is; where that cannot be written, the records say it."""
        try:
            self._write_name(folder)
        except OSError as error:
            self.faults.add(_CHECKPOINT_FILE, error, self.run)

    def _write_name(self, folder: Path) -> None:
        if folder.is_dir() and self.experiment is not None:
            said = {"experiment_id": self.experiment.experiment_id, "project": self.experiment.project}
            said |= {"name": self.experiment.name}
            partly = folder / f"{_CHECKPOINT_FILE}.part"
            partly.write_text(json.dumps(said), encoding="utf-8")
            partly.replace(folder / _CHECKPOINT_FILE)


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


def _parts(trainer: Any) -> dict[str, Any]:
    """What events hand over, when there is no event."""
    handler = trainer.callback_handler
    names = ("processing_class", "optimizer", "lr_scheduler", "train_dataloader", "eval_dataloader")
    return {"model": trainer.model} | {name: getattr(handler, name, None) for name in names}


def _shapes(inputs: Mapping[str, Any]) -> dict[str, list[int]]:
    return {str(name): list(value.shape) for name, value in inputs.items() if hasattr(value, "shape")}
