"""The life of a training as it is recorded: begun, gone on with after its end, settled after an evaluation, ended.

The callback hears the Trainer and tells this; what is recorded on the way is the matter of the groups. A training may
be begun again before it has ended (a smaller batch after memory ran out), and an evaluation may come without one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trackio_client.integrations.transformers.belonging import Belonging
from trackio_client.integrations.transformers.clock import Clock
from trackio_client.integrations.transformers.configuration import arguments
from trackio_client.integrations.transformers.dispatch import Dispatch
from trackio_client.integrations.transformers.faults import Faults
from trackio_client.integrations.transformers.groups import Run
from trackio_client.integrations.transformers.model import describe
from trackio_client.integrations.transformers.switches import ON_EVERY_RANK, made
from trackio_client.settings import settings_from


class Life:
    """Of the trainings of one Trainer, one after the other.

    Args:
        belonging: which experiment they are recorded in.
        faults: what goes wrong on the way.
        groups: names of the groups that are on (switches.py), asked for when a training begins.
        hardware_s, price_per_hour, forward_share: as `TrackioCallback` was told; None is the setting's.
    """

    def __init__(
        self,
        belonging: Belonging,
        faults: Faults,
        *,
        groups: Callable[[], Sequence[str]],
        hardware_s: float | None,
        price_per_hour: float | None,
        forward_share: float | None,
    ) -> None:
        self.belonging = belonging
        self.faults = faults
        self.trainer: Any = None
        self.run: Run | None = None
        """The training that goes on, or was the last."""
        self.clock = Clock()
        self.groups = Dispatch((), faults)
        self.has_ended = True
        """Whether no training goes on: also before the first."""
        self.has_trained = False
        self.is_unsettled = False
        """Whether an evaluation is over whose best metric and checkpoint are not known yet."""
        self._group_names = groups
        self._hardware_s = hardware_s
        self._price_per_hour = price_per_hour
        self._forward_share = forward_share

    def begin(
        self, args: Any, state: Any, control: Any, parts: Mapping[str, Any], earlier: Mapping[str, str] | None
    ) -> Run:
        """A training begins: `parts` is what events hand over, `earlier` whose checkpoint it goes on from."""
        is_main = bool(state.is_world_process_zero)
        names = self._group_names()
        config: dict[str, Any] = {}
        model: dict[str, Any] = {}
        if is_main:  # the other ranks say nothing that the first has said
            config["max_steps"] = int(state.max_steps)
            if "run_config" in names:
                config = arguments(args) | config
            if "model" in names:
                model = describe(parts.get("model"), lambda what, error: self.faults.add(what, error, None))
                config["model"] = model
        if self.run is not None and not self.has_ended:  # begun again, with a smaller batch: the first attempt is over
            self.groups.call("end", self.run)
        elif self.has_trained or self._is_of_another:
            self.belonging.close()  # gone on with after its training, or begun by an evaluation of another Trainer
            self.has_trained = False
        experiment = self.belonging.open(config, earlier)
        settings = settings_from(forgives=True)
        self.clock = Clock()
        run = self.run = Run(
            experiment=experiment,
            trainer=self.trainer,
            first_step=int(state.global_step),
            price_per_hour=settings.price_per_hour if self._price_per_hour is None else self._price_per_hour,
            forward_share=settings.forward_share if self._forward_share is None else self._forward_share,
            hardware_s=self._hardware_s,
            rank=0 if is_main else max(1, int(getattr(args, "process_index", 1) or 1)),
            world_size=int(getattr(args, "world_size", 1) or 1),
            clock=self.clock,
            shared={"model": model} if model else {},
        )
        self.refresh(run, args, state, control, parts)
        told = [name for name in names if is_main or name in ON_EVERY_RANK]
        self.groups = Dispatch(made(told), self.faults)
        self.has_ended = self.is_unsettled = False
        if run.first_step:
            run.run_config["resumed_from_step"] = run.first_step
        self.faults.tell(run)
        self.groups.call("begin", run)
        if run.run_config and is_main:
            run.record("run_config", run.run_config)
        return run

    def at_hand(self, args: Any, state: Any, control: Any, parts: Mapping[str, Any]) -> Run:
        """The run to record into: also of an evaluation without a training, or after it."""
        if self.run is None or (self.has_ended and self._is_of_another):
            run = self.begin(args, state, control, parts, None)
            self.has_ended = True
            return run
        experiment = self.belonging.experiment
        if self.belonging.is_ours and experiment is not None and experiment.is_finished:
            self.run.experiment = self.belonging.reopen()
        self.refresh(self.run, args, state, control, parts)
        return self.run

    @property
    def _is_of_another(self) -> bool:
        """Whether the run at hand is of another Trainer than the one that is heard: a callback may serve several."""
        return self.run is not None and self.run.trainer is not self.trainer

    def refresh(self, run: Run, args: Any, state: Any, control: Any, parts: Mapping[str, Any]) -> None:
        """Keep what an event hands over; what it leaves out stays."""
        run.args, run.state, run.control = args, state, control
        for name in ("model", "processing_class", "optimizer", "lr_scheduler", "train_dataloader", "eval_dataloader"):
            if parts.get(name) is not None:
                setattr(run, name, parts[name])

    def settle(self, run: Run) -> None:
        """What follows from an evaluation is known now: the Trainer has chosen and saved."""
        if self.is_unsettled:
            self.is_unsettled = False
            self.groups.call("settled", run)

    def end(self, run: Run) -> None:
        """The training is over: finished, stopped or failed. The experiment stays open."""
        if self.has_ended:
            return
        self.has_ended = self.has_trained = True
        self.groups.call("end", run)
        if left := run.log_steps():
            run.experiment.log(left, step=run.step)
        if run.run_summary and run.is_main:
            run.record("run_summary", run.run_summary)
        self.faults.tell(run)
