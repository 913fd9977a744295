"""TrackioCallback: everything the Transformers `Trainer` logs, what it does not say by itself, and how it ended.

    trainer = Trainer(model, args, …, callbacks=[TrackioCallback(project="mnist")])

The Trainer's names are kept, with one exception: what its `eval_` prefix makes of per-label scores
(`eval_label/PER/f1`) is told as `eval/label/PER/f1`, the name that pages and findings look for. Nothing that it logs is
left out, and what it hands over is not changed. This file hears its events and lets nothing of ours stop a training;
begin and end are told in life.py, and what is recorded beside the Trainer's own numbers is the matter of the groups.

A training that goes on from a checkpoint goes on in the experiment that saved it: each checkpoint's folder holds a
small `trackio.json` with its id. Steps that are trained again replace the first attempt's: one line, not two.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trackio_client.errors import MissingExtra
from trackio_client.experiment import Experiment
from trackio_client.integrations.transformers.belonging import Belonging
from trackio_client.integrations.transformers.clock import Clock
from trackio_client.integrations.transformers.faults import Faults, never_stops_training
from trackio_client.integrations.transformers.groups import Run
from trackio_client.integrations.transformers.life import Life
from trackio_client.integrations.transformers.observation import Observation
from trackio_client.integrations.transformers.score_names import renamed
from trackio_client.integrations.transformers.signature import SIGNATURE, sign
from trackio_client.integrations.transformers.switches import switched
from trackio_client.integrations.transformers.watching import batch_of, shapes_of, trainer_above, watch
from trackio_client.settings import settings_from

try:
    from transformers import TrainerCallback
except ImportError as absent:
    raise MissingExtra("TrackioCallback", "transformers", "transformers") from absent


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
        self.faults = Faults()
        """What went wrong while recording: told once, counted, and swallowed."""
        self.resumed_from: str | None = None
        """The checkpoint's folder that `train` was told to go on from."""
        self.is_watching_train = False
        self._switches = {name: bool(chosen.pop(name)) for name in list(chosen) if name.startswith("record_")}
        switched(self._switches, None)  # a name that is none is told here, not after an hour
        self.life = Life(
            Belonging(experiment, chosen, self._hardware_interval_s),
            self.faults,
            groups=self._group_names,
            hardware_s=hardware_s,
            price_per_hour=price_per_hour,
            forward_share=forward_share,
        )
        self.observation = Observation(self._group_names)
        self._hardware_s = hardware_s
        self._awaits_begin = False

    @property
    def experiment(self) -> Experiment | None:
        """The one that is recorded into; None before the first training or evaluation of a callback without one."""
        return self.life.belonging.experiment

    @property
    def run(self) -> Run | None:
        """The training that goes on, or was the last."""
        return self.life.run

    @property
    def clock(self) -> Clock:
        """Where the time of this training went so far."""
        return self.life.clock

    @property
    def dropped(self) -> int:
        """Errors of our own that were told and swallowed."""
        return self.faults.count

    # --- the Trainer's events -----------------------------------------------------------------------------------

    @never_stops_training
    def on_init_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The Trainer has no event for a training that failed, so its `train` is watched."""
        self._meet(trainer_above())

    @never_stops_training
    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._meet(trainer_above())
        self._awaits_begin = False
        if self.life.trainer is not None:
            watch(self.life.trainer, self)  # what was made anew since then
        self.life.begin(args, state, control, kwargs, self._earlier(args, int(state.global_step)))

    @never_stops_training
    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if (run := self.run) is not None:
            self.life.settle(run)
            self.life.groups.call("step_begin", run)

    @never_stops_training
    def on_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.run is not None:
            self.life.groups.call("optimizer", self.run)

    @never_stops_training
    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.run is not None:
            self.life.groups.call("step_end", self.run)

    @never_stops_training
    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.run is not None:
            self.life.settle(self.run)

    @never_stops_training
    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        if not logs or not (state.is_world_process_zero or self._reports_all()):
            return
        run = self.life.at_hand(args, state, control, kwargs)
        more: dict[str, Any] = {}
        for answer in self.life.groups.call("logged", run, dict(logs)):
            more.update(answer or {})
        more = run.log_steps() | more
        run.experiment.log(more | renamed(logs), step=run.step)

    @never_stops_training
    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        if not state.is_world_process_zero:
            return
        run = self.life.at_hand(args, state, control, kwargs)
        with self.clock.timed("recording"):
            self.life.groups.call("evaluated", run, dict(metrics or {}))
        entry, run.evaluation = run.evaluation, {}
        told = {"epoch": run.epoch, "global_step": run.step, **dict(metrics or {}), **entry}
        if self.life.has_ended and self.life.has_trained:
            told["after_training"] = True  # perhaps of another model: the best one that was loaded at the end
        run.record("epoch_metrics", told)
        self.life.is_unsettled = True
        if self.life.has_ended:  # evaluate() without train(), or after it: no step will follow
            self.life.settle(run)

    @never_stops_training
    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.run is None or not state.is_world_process_zero:
            return
        self.life.refresh(self.run, args, state, control, kwargs)
        folder = self._checkpoint(args, state)
        self.run.experiment.mark("checkpoint", folder.name, self.run.step, path=str(folder))
        self._sign(folder)
        self.life.groups.call("saved", self.run, folder)

    @never_stops_training
    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        run = self.run
        if run is None:
            return
        self.life.refresh(run, args, state, control, kwargs)
        self.life.settle(run)
        if run.is_main:
            best = {"best_metric": state.best_metric, "best_checkpoint": state.best_model_checkpoint}
            run.experiment.summary.update({name: value for name, value in best.items() if value is not None})
        self.life.end(run)
        if self.life.belonging.is_ours:
            run.experiment.finish()

    # --- what is heard around the Trainer's methods (watching.py) -------------------------------------------------

    @never_stops_training
    def train_begins(self, trainer: Any, checkpoint: Any) -> None:
        """`train` was called; its event comes when data, model and optimizer are there."""
        self._meet(trainer)
        self.resumed_from = checkpoint if isinstance(checkpoint, str) else None
        self.is_watching_train = self._awaits_begin = True

    @never_stops_training
    def training_failed(self, error: BaseException) -> None:
        """The Trainer's `train` was left by an exception: say what and how; an experiment of ours ends with it."""
        trainer = self.life.trainer
        if self._awaits_begin and trainer is not None:  # it failed before its first step: data, memory, arguments
            self._awaits_begin = False
            self.life.begin(trainer.args, trainer.state, trainer.control, _parts(trainer), None)
        run = self.run
        if run is None or self.life.has_ended:
            return
        self.life.groups.call("failed", run, error)
        self.life.end(run)
        if not self.life.belonging.is_ours:
            return  # its owner sees the exception too, and tells it
        if isinstance(error, KeyboardInterrupt):
            run.experiment.finish("interrupted", signal="SIGINT", error=error)
        else:
            run.experiment.finish("failed", error=error)

    @never_stops_training
    def step_failed(self, error: BaseException, inputs: Any) -> None:
        """A forward or backward pass raised: what was in the batch, for whoever asks why."""
        if self.run is not None:
            self.run.shared["failed_batch"] = shapes_of(batch_of(inputs))
            may_repeat = bool(getattr(self.run.args, "auto_find_batch_size", False))
            if not self.is_watching_train and not may_repeat:  # added after the Trainer was made: nobody hears `train`
                self.training_failed(error)

    @never_stops_training
    def went_backward(self, loss: Any, inputs: Any, seconds: float) -> None:
        if self.run is not None:
            detach = getattr(loss, "detach", None)
            self.life.groups.call("backward", self.run, loss if detach is None else detach(), batch_of(inputs), seconds)

    @never_stops_training
    def clipped(self, norm: Any) -> None:
        if self.run is not None:
            self.life.groups.call("clipped", self.run, norm)

    @never_stops_training
    def evaluation_begins(self, trainer: Any) -> None:
        self._meet(trainer)
        if trainer.state.is_world_process_zero:
            self.life.at_hand(trainer.args, trainer.state, trainer.control, _parts(trainer))

    @never_stops_training
    def observed(self) -> None:
        """An evaluation is over: what it predicted, for whom it concerns; other processes post theirs."""
        try:
            observed = self.observation.end()
        except Exception as error:  # what the observer met, and kept so that the evaluation went on
            self.faults.add("predictions of the evaluation", error, self.run, what="They are not scored")
            return
        if observed is not None and self.run is not None:
            self.life.groups.call("observed", self.run, observed)

    @never_stops_training
    def exporting(self, folder: Path) -> None:
        """Name the experiment in the folder before it is filled, so that a push of it takes the name along."""
        if self.run is not None and self.life.trainer.state.is_world_process_zero:
            folder.mkdir(parents=True, exist_ok=True)
            self._sign(folder)

    @never_stops_training
    def carded(self) -> None:
        """The Trainer wrote a model card, which a push will take along, as it does our name of the experiment."""
        if self.run is not None and self.life.trainer.state.is_world_process_zero:
            self._sign(Path(self.life.trainer.args.output_dir))
            self.life.groups.call("carded", self.run, Path(self.life.trainer.args.output_dir))

    @never_stops_training
    def exported(self, folder: Path) -> None:
        if self.run is not None and self.life.trainer.state.is_world_process_zero:
            is_over = self.run.experiment.is_finished
            run = self.life.at_hand(self.run.args, self.run.state, self.run.control, _parts(self.life.trainer))
            self.life.groups.call("exported", run, folder)
            if is_over and self.life.belonging.is_ours:
                run.experiment.finish()

    # --- which Trainer, and whose the training is ---------------------------------------------------------------------

    def _reports_all(self) -> bool:
        """Whether ranks above 0 report metrics, too (TRACKIO_RANKS=all)."""
        return self.run is not None and settings_from(forgives=True).ranks == "all"

    def _meet(self, trainer: Any) -> None:
        if trainer is None or trainer is self.life.trainer:
            return
        others = [one for one in trainer.callback_handler.callbacks if isinstance(one, TrackioCallback)]
        if others and others[0] is not self:  # two of us would record everything twice
            self.idle()
            return
        self.life.trainer = trainer
        watch(trainer, self)

    def idle(self) -> None:
        """Record nothing: another callback of ours records this Trainer."""
        for name in ("on_train_begin", "on_log", "on_evaluate"):
            setattr(self, name, lambda *given, **named: None)

    def _hardware_interval_s(self) -> float | None:
        """Of an experiment of ours: its own sampler is off when the group is."""
        return self._hardware_s if "hardware" in self._group_names() else 0.0

    def _group_names(self) -> list[str]:
        """Those that are on."""
        return switched(self._switches, settings_from(forgives=True).record)

    def _earlier(self, args: Any, step: int) -> dict[str, str] | None:
        """Id and project of the experiment that saved the checkpoint from which this training goes on."""
        if not step:
            return None
        return self.life.belonging.earlier(Path(self.resumed_from or Path(args.output_dir, f"checkpoint-{step}")))

    def _checkpoint(self, args: Any, state: Any) -> Path:
        """The folder of the checkpoint that was just saved; that of a search for hyperparameters has one a trial."""
        name = f"checkpoint-{state.global_step}"
        trial = getattr(self.life.trainer, "_trial", None)
        folder_of = getattr(self.life.trainer, "_get_output_dir", None)
        try:
            return Path(args.output_dir if folder_of is None else folder_of(trial), name)
        except (AttributeError, TypeError, ImportError):
            return Path(args.output_dir, name)

    def _sign(self, folder: Path) -> None:
        """Say in a folder whose it is; where that cannot be written, the records say it."""
        try:
            if self.experiment is not None:
                sign(folder, self.experiment)
        except OSError as error:
            self.faults.add(SIGNATURE, error, self.run)


def _parts(trainer: Any) -> dict[str, Any]:
    """What events hand over, when there is no event."""
    handler = trainer.callback_handler
    names = ("processing_class", "optimizer", "lr_scheduler", "train_dataloader", "eval_dataloader")
    return {"model": trainer.model} | {name: getattr(handler, name, None) for name in names}
