"""What a group of records is, and what it is told: the seam between the callback and each kind of fact.

A group is a class with a `name` (its switch) and those of the methods below that it needs; a method that it leaves out
costs nothing. One object of it lives as long as one training. A group may raise: the fault is recorded once under the
group's name and counted, the other groups and the training go on. A group must not change what it is handed, nor the
random numbers of the training, nor the model's mode.

In the order of a training:

    begin               the training begins; `run.run_config` may be added to
    step_begin          the batches of a step are there
    backward            after the forward and backward pass of one batch (several a step when gradients accumulate)
    clipped             the norm of the gradients is known, before clipping
    optimizer           the optimizer has stepped; the learning rate is still the one of this step
    step_end            `run.step` counts this step
    logged              the Trainer logs; what is returned is logged at the same step
    observed            what a classification predicted, token by token or sample by sample; before `evaluated`
    evaluated           the metrics of an evaluation are there; `run.evaluation` may be added to
    saved               a checkpoint is on disk
    settled             the first moment after an evaluation when best metric, early stopping and checkpoint are known
    exported            the model was saved elsewhere than in a checkpoint
    carded              the Trainer wrote a model card
    failed              the training was left by an exception
    end                 the training ends, in whatever way; `run.run_summary` may be added to
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from trackio_client.experiment import Experiment
from trackio_client.integrations.transformers.clock import Clock

if TYPE_CHECKING:
    from trackio_client.integrations.transformers.observing import Observed

MOST_UNLOGGED: Final = 4096
"""Steps whose numbers wait for a log: a bound where nothing is ever logged."""


@dataclass(kw_only=True)
class Run:
    """One training, as groups see it. Read it when you are called: the Trainer replaces its parts."""

    experiment: Experiment
    trainer: Any = None
    """The Trainer; None when the callback was added by something that is none, or that hides it."""
    args: Any = None
    """TrainingArguments (SFTConfig, DPOConfig …)."""
    state: Any = None
    """TrainerState. `log_history` of a resumed training holds entries of before; never count by it."""
    control: Any = None
    model: Any = None
    """The model as the Trainer was given it: not wrapped for several devices."""
    processing_class: Any = None
    """Tokenizer, processor or None."""
    optimizer: Any = None
    lr_scheduler: Any = None
    train_dataloader: Any = None
    eval_dataloader: Any = None
    rank: int = 0
    world_size: int = 1
    run_config: dict[str, Any] = field(default_factory=dict)
    """S4.5. Groups add to it in `begin`; it is recorded after the last of them."""
    evaluation: dict[str, Any] = field(default_factory=dict)
    """S4.6: the entry of the evaluation that is going on. Groups add to it in `observed` and `evaluated`; it is
    recorded as `epoch_metrics` after the last `evaluated`. Empty between evaluations."""
    run_summary: dict[str, Any] = field(default_factory=dict)
    """S4.7: groups add to it when they know something, at the latest in `end`; recorded then."""
    shared: dict[str, Any] = field(default_factory=dict)
    """What groups tell each other, under the name of the group that owns it."""
    first_step: int = 0
    """The step at which this training began: above 0 when it goes on from a checkpoint."""
    price_per_hour: float | None = None
    forward_share: float = 0.01
    """Of the time between evaluations, what forward passes of our own may take (budget.py)."""
    hardware_s: float | None = None
    """Between readings of the hardware; None is the setting's."""
    clock: Clock = field(default_factory=Clock)
    """Where the time went so far, of this training."""
    _unlogged: dict[int, dict[str, Any]] = field(default_factory=dict)
    _untold: set[str] = field(default_factory=set)

    @property
    def step(self) -> int:
        """Optimizer steps so far."""
        return int(self.state.global_step)

    @property
    def epoch(self) -> float | None:
        """Passes through the training set so far, with decimals; None when nothing was trained."""
        return None if self.state.epoch is None else float(self.state.epoch)

    @property
    def is_main(self) -> bool:
        """Whether this process is the one that reports metrics. Groups are called in it alone, but for `failed`."""
        return self.rank == 0

    def record(self, name: str, data: Mapping[str, Any], *, step: int | None = None) -> None:
        """Append a record at the current step and epoch. `data` is JSON; NaN and ±inf are kept."""
        self.experiment.record(name, data, step=self.step if step is None else step, epoch=self.epoch)

    def at_step(self, step: int, name: str, value: float) -> None:
        """Log a number at its own step, with the next log: all numbers of a step in one call.

        A number that the Trainer logs under the same name at that step wins.
        """
        self._unlogged.setdefault(step, {})[name] = value
        if len(self._unlogged) > MOST_UNLOGGED and (now := self.log_steps()):
            self._unlogged[self.step] = now

    def log_steps(self) -> dict[str, Any]:
        """Log what waits at its own steps; what is of the present one is handed back, to be logged with the rest."""
        waiting, self._unlogged = self._unlogged, {}
        now = waiting.pop(self.step, {})
        for step, values in waiting.items():
            if step <= self.step:
                self.experiment.log(values, step=step)
        return now

    def not_recorded(self, what: str, why: str) -> None:
        """Say once why something is absent, in words that a reader understands: "budget", "no labels in …"."""
        if what not in self._untold:
            self._untold.add(what)
            self.record("not_recorded", {"what": what, "why": why})


class Group:
    """A kind of fact about a training. Every method may be left out."""

    name: ClassVar[str]
    """The switch: `record_<name>` and TRACKIO_RECORD=-<name>."""

    def begin(self, run: Run) -> None:
        """The training begins: model, optimizer and loaders are there. May add to `run.run_config`."""

    def step_begin(self, run: Run) -> None:
        """A step begins; its batches were read."""

    def backward(self, run: Run, loss: Any, inputs: Mapping[str, Any], seconds: float) -> None:
        """One batch went forward and back.

        `loss` is a detached tensor on its device: reading it waits for the device, so hold it and read at `logged` or
        `evaluated`. `inputs` are the batch: its shapes cost nothing.
        """

    def clipped(self, run: Run, norm: Any) -> None:
        """The norm of all gradients before clipping: a tensor on its device, or a float. Hold it, as the loss."""

    def optimizer(self, run: Run) -> None:
        """The optimizer has stepped and the scheduler has not yet."""

    def step_end(self, run: Run) -> None:
        """The step is done and counted."""

    def logged(self, run: Run, logs: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The Trainer logs: training numbers every `logging_steps`, the metrics of evaluations, the final ones.

        What is returned is logged in the same call as `logs`, whose names win.
        """

    def observed(self, run: Run, observed: Observed) -> None:
        """What an evaluation of tokens, labels or label sets predicted, of all processes.

        From its own forward passes (observing.py): also without `compute_metrics`. May add to `run.evaluation`.
        """

    def evaluated(self, run: Run, metrics: Mapping[str, Any]) -> None:
        """An evaluation is done. May add to `run.evaluation`.

        The place for forward passes of one's own: by `run.trainer.prediction_step`, never `evaluate`, which other
        callbacks (early stopping) would count.
        """

    def saved(self, run: Run, folder: Path) -> None:
        """A checkpoint is complete, and older ones that the limit allows no more are gone."""

    def settled(self, run: Run) -> None:
        """After an evaluation: the best metric, the count of early stopping, and the checkpoint are known."""

    def exported(self, run: Run, folder: Path) -> None:
        """`save_model` wrote into a folder that is no checkpoint."""

    def carded(self, run: Run, folder: Path) -> None:
        """The Trainer wrote a model card into its output folder."""

    def failed(self, run: Run, error: BaseException) -> None:
        """The training was left by an exception. `run.experiment` is still open. Every rank is told."""

    def end(self, run: Run) -> None:
        """The training ends: finished, stopped or failed. May add to `run.run_summary`."""


HOOKS = tuple(name for name, value in vars(Group).items() if callable(value) and not name.startswith("_"))
