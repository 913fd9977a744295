"""Early stopping by the Trainer's own signal: which metric, which patience, and whether it ended the training (S4.17).

Nothing is guessed from epochs (B79): the counter is that of the EarlyStoppingCallback, read after every callback has
seen the evaluation; the best is by the metric that decides, as the Trainer compares it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from trackio_client.integrations.transformers.groups import Group, Run


class Stopping(Group):
    """Records `early_stopping` after each evaluation, and how it ended in the summary."""

    name: ClassVar[str] = "early_stopping"

    def __init__(self) -> None:
        self._best: tuple[float, int, float | None] | None = None
        self._evaluations = 0
        self._since_best = 0

    def begin(self, run: Run) -> None:
        told = _configured(run)
        if told:
            run.run_config["early_stopping"] = told
        if run.first_step and run.state.best_metric is not None:  # a training that goes on: the best of before
            step = getattr(run.state, "best_global_step", None)
            if step is not None and math.isfinite(float(run.state.best_metric)):
                steps_an_epoch = run.step / run.epoch if run.epoch else None
                epoch = step / steps_an_epoch if steps_an_epoch else None
                self._best = (float(run.state.best_metric), int(step), epoch)

    def evaluated(self, run: Run, metrics: Mapping[str, Any]) -> None:
        metric, goal = deciding(run.args)
        value = metrics.get(metric) if metric else None
        if not isinstance(value, (int, float)):
            return
        self._evaluations += 1
        is_better = self._best is None or (value > self._best[0] if goal == "max" else value < self._best[0])
        if is_better and not math.isnan(value):
            self._best, self._since_best = (float(value), run.step, run.epoch), 0
        else:
            self._since_best += 1

    def settled(self, run: Run) -> None:
        stopper = _stopper(run)
        if stopper is None and self._best is None:
            return
        run.record("early_stopping", self._told(run))

    def end(self, run: Run) -> None:
        told = self._told(run)
        run.run_summary["early_stopping"] = told
        run.run_summary["early_stopping_triggered"] = told["triggered"]
        if self._best is not None:
            value, step, epoch = self._best
            run.run_summary |= {
                "best_metric": told["metric"],
                "best_value": value,
                "best_step": step,
                "best_epoch": epoch,
                "epochs_since_best": told.get("epochs_since_best"),
                "steps_since_best": run.step - step,
            }

    def _told(self, run: Run) -> dict[str, Any]:
        metric, goal = deciding(run.args)
        told: dict[str, Any] = {"metric": metric, "goal": goal, "triggered": False, **_configured(run)}
        stopper = _stopper(run)
        if stopper is not None:
            told["counter"] = int(getattr(stopper, "early_stopping_patience_counter", 0))
        if run.control.should_training_stop and 0 < run.step < (run.state.max_steps or 0):  # at the last step all stop
            told["stopped_at_step"], told["stopped_at_epoch"] = run.step, run.epoch
            told["triggered"] = stopper is not None and told["counter"] >= told["patience"]
            told["stopped_by"] = type(stopper).__name__ if told["triggered"] else "another callback"
        if self._best is not None:
            value, step, epoch = self._best
            told |= {"best_value": value, "best_step": step, "best_epoch": epoch}
            told |= {"steps_since_best": run.step - step, "evaluations_since_best": self._since_best}
            if epoch is not None and run.epoch is not None:
                told["epochs_since_best"] = run.epoch - epoch
        return told


def deciding(args: Any) -> tuple[str | None, str | None]:
    """The metric that chooses the best model, with its prefix, and whether high ("max") or low ("min") is best."""
    metric = getattr(args, "metric_for_best_model", None)
    if not metric:
        return None, None
    name = metric if metric.startswith("eval_") else f"eval_{metric}"
    return name, "max" if getattr(args, "greater_is_better", None) else "min"


def _configured(run: Run) -> dict[str, Any]:
    stopper = _stopper(run)
    if stopper is None:
        return {}
    return {
        "patience": int(getattr(stopper, "early_stopping_patience", 0)),
        "threshold": float(getattr(stopper, "early_stopping_threshold", 0.0) or 0.0),
    }


def _stopper(run: Run) -> Any:
    """The callback that stops early: Transformers' own, or one that is built like it."""
    handler = getattr(run.trainer, "callback_handler", None)
    for callback in getattr(handler, "callbacks", ()):
        if hasattr(callback, "early_stopping_patience"):
            return callback
    return None
