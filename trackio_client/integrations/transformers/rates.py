"""The learning rate in force: of every step, and at each evaluation (S4.14).

It is the rate with which the step was taken, read from the optimizer between its step and the scheduler's, as the
Trainer's own `learning_rate` is. At steps that the Trainer does not log it is logged under the same name; at an
evaluation it is told also when the last log has none (B74). It is 0 only when it is 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from trackio_client.integrations.transformers.groups import Group, Run


class Rates(Group):
    """Adds to an evaluation: learning_rate, and learning_rates when groups of parameters have their own."""

    name: ClassVar[str] = "learning_rate"

    def __init__(self) -> None:
        self._rates: list[Any] = []

    def begin(self, run: Run) -> None:
        scheduler = run.lr_scheduler
        told = {
            "scheduler": str(getattr(run.args, "lr_scheduler_type", "") or "").rpartition(".")[2].lower() or None,
            "scheduler_class": type(scheduler).__name__ if scheduler is not None else None,
            "learning_rate": getattr(run.args, "learning_rate", None),
            "warmup_steps": _warmup(run),
            "max_steps": int(run.state.max_steps or 0) or None,
            "optimizer": type(getattr(run.optimizer, "optimizer", run.optimizer)).__name__ if run.optimizer else None,
            "parameter_groups": len(_groups(run.optimizer)) or None,
        }
        run.run_config["schedule"] = {name: value for name, value in told.items() if value is not None}

    def optimizer(self, run: Run) -> None:
        self._rates = [group.get("lr") for group in _groups(run.optimizer)]
        if self._rates and self._rates[0] is not None:
            run.at_step(run.step + 1, "learning_rate", self._rates[0])

    def evaluated(self, run: Run, metrics: Mapping[str, Any]) -> None:
        rates = [float(rate) for rate in self._rates if rate is not None]
        if rates:
            run.evaluation["learning_rate"] = rates[0]
            if len(set(rates)) > 1:
                run.evaluation["learning_rates"] = rates

    def end(self, run: Run) -> None:
        if self._rates and self._rates[0] is not None:
            run.run_summary["learning_rate_last"] = float(self._rates[0])


def _groups(optimizer: Any) -> list[Any]:
    return list(getattr(optimizer, "param_groups", None) or [])


def _warmup(run: Run) -> int | None:
    of_steps = getattr(run.args, "get_warmup_steps", None)
    return int(of_steps(int(run.state.max_steps))) if callable(of_steps) and run.state.max_steps else None
