"""Which experiment a training of the Trainer is recorded in, and whether it ends with the training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from trackio_client.experiment import Experiment
from trackio_client.integrations.transformers.signature import signed_by
from trackio_client.lifecycle import process
from trackio_client.opening import init
from trackio_client.sensible import refuse


class Belonging:
    """The experiment of one callback: the one that was given, the one that is open in this process, or one of its own.

    Args:
        experiment: one of the user's own.
        init_arguments: for `init`; with any of them, an experiment of its own is begun though another one is open.
        hardware_s: tells how often an experiment of its own reads the hardware, in seconds; None is the setting's.

    Raises:
        UsageError: arguments that cannot be right.
    """

    def __init__(
        self,
        experiment: Experiment | None,
        init_arguments: Mapping[str, Any],
        hardware_s: Callable[[], float | None],
    ) -> None:
        self.experiment = experiment
        self.is_ours = False
        """Whether it ends with the training."""
        self._is_given = experiment is not None
        self._init_arguments = dict(init_arguments)
        refuse(self._init_arguments)
        self._hardware_s = hardware_s

    def open(self, config: dict[str, Any], earlier: Mapping[str, str] | None = None) -> Experiment:
        """The open experiment, told the configuration; one of its own goes on in an earlier one, if there is one.

        Args:
            config: JSON, for the experiment's configuration.
            earlier: {"experiment_id", "project"} of the experiment that saved the checkpoint; None: it begins anew.
        """
        if self.experiment is None or (self.experiment.is_finished and not self._is_given):
            self.is_ours = False
            current = process.current
            if current is None or current.is_finished or self._init_arguments:
                given = {"hardware_s": self._hardware_s(), **self._init_arguments}
                own = given.pop("config", None)
                if earlier and not given.keys() & {"experiment_id", "resume", "fork_from"}:
                    given |= {**earlier, "resume": "allow"}
                self.experiment = init(**given, config=config | dict(own or {}))
                self.is_ours = True
                return self.experiment
            self.experiment = current
        self.experiment.config.update(config, allow_val_change=True)
        return self.experiment

    def close(self) -> None:
        """End one of its own: what begins now is another training. Of one that has ended already nothing is left."""
        if self.is_ours and self.experiment is not None:
            self.experiment.finish()

    def reopen(self) -> Experiment:
        """Go on in one of its own that has ended: an evaluation, or an export, after the training."""
        assert self.experiment is not None
        given = {name: value for name, value in self._init_arguments.items() if name not in ("config", "resume")}
        given |= {"project": self.experiment.project, "experiment_id": self.experiment.experiment_id}
        self.experiment = init(**given, resume="must")
        return self.experiment

    def earlier(self, checkpoint: Path) -> dict[str, str] | None:
        """Id and project of the experiment that saved a checkpoint, unless another project is asked for."""
        found = signed_by(checkpoint)
        wanted = self._init_arguments.get("project", self._init_arguments.get("project_name"))
        return found if found is not None and wanted in (None, found["project"]) else None
