"""Training loss at each evaluation: the last logged value, and the mean of all steps since the last one (S4.9).

What the Trainer logs as `loss` is a mean over the steps since it last logged; with `logging_steps=50` and an epoch of
ten steps it says nothing of the epoch (B75), and with its filter on it hides a NaN. So the loss of every step is kept,
on its device, and read when something is logged anyway.

In a training of several processes a step's own loss is this process's part; the mean over all of them is taken from
what the Trainer logs, where its windows end where ours do, and the record says which it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from trackio_client.integrations.transformers.groups import Group, Run
from trackio_client.integrations.transformers.held import Held, Window


class Losses(Group):
    """Adds to an evaluation: train_loss, train_loss_mean, train_loss_last, train_loss_window {…}."""

    name: ClassVar[str] = "training_loss"

    def __init__(self) -> None:
        self._held = Held(self._fold)
        self._window = Window()
        self._of_logs = _Logs()
        self._bad = 0  # steps since the last log whose loss was no number
        self._since = 0

    def begin(self, run: Run) -> None:
        self._since = self._of_logs.at = run.first_step

    def backward(self, run: Run, loss: Any, inputs: Mapping[str, Any], seconds: float) -> None:
        self._held.add(run.step + 1, loss)

    def logged(self, run: Run, logs: Mapping[str, Any]) -> Mapping[str, Any] | None:
        if "loss" not in logs:
            return None
        self._of_logs.add(run.step, logs["loss"])
        self._held.read()
        bad, self._bad = self._bad, 0
        return {"loss_not_finite_steps": bad} if bad else None

    def evaluated(self, run: Run, metrics: Mapping[str, Any]) -> None:
        self._held.read()
        run.evaluation.update(self._told(run))
        if run.evaluation.get("train_loss_mean") is not None:
            run.experiment.log({"train_loss_since_evaluation": run.evaluation["train_loss_mean"]}, step=run.step)

    def settled(self, run: Run) -> None:
        """All parts of an evaluation over several sets have the same window; it ends here."""
        self._window, self._since = Window(), run.step
        self._of_logs.begin(run.step)

    def end(self, run: Run) -> None:
        self._held.read()
        if self._window.steps or not run.experiment.summary:
            told = self._told(run)
            if "train_loss_window" in told:
                run.run_summary["train_loss_since_last_evaluation"] = told["train_loss_window"]
        if self._of_logs.last is not None:
            run.run_summary["train_loss_last"] = self._of_logs.last

    def _fold(self, numbers: list[tuple[int, float]]) -> None:
        for step, number in numbers:
            before = self._window.finite
            self._window.add(step, number)
            self._bad += self._window.finite == before

    def _told(self, run: Run) -> dict[str, Any]:
        told: dict[str, Any] = {}
        if self._of_logs.last is not None:
            told["train_loss_last"] = self._of_logs.last
            told["train_loss_last_step"] = self._of_logs.last_step
        window = self._window
        mean, what = window.mean, "every step"
        if run.world_size > 1:
            logged = self._of_logs.mean_until(run.step)
            mean, what = (logged, "logged, of all processes") if logged is not None else (mean, "steps of process 0")
        if window.steps and mean is None:
            mean = float("nan")  # there were steps, and none had a loss that is a number
        if mean is not None and (window.steps or run.world_size > 1):
            told["train_loss"] = told["train_loss_mean"] = mean
            told["train_loss_window"] = {
                "from_step": self._since + 1,
                "to_step": run.step,
                "steps": window.steps,
                "mean": mean,
                "mean_of": what,
                "last": window.last,
                "min": window.least,
                "max": window.most,
                "not_finite_steps": window.not_finite,
            }
        return told


class _Logs:
    """What the Trainer logged since the last evaluation: means over steps, so weighted by their number."""

    def __init__(self) -> None:
        self.at = 0
        self.last: float | None = None
        self.last_step: int | None = None
        self._begin: int | None = 0
        self._total = 0.0

    def begin(self, step: int) -> None:
        """A window begins: it can be reckoned from logs only if one ended here."""
        self._begin = step if step == self.at else None
        self._total = 0.0

    def add(self, step: int, loss: Any) -> None:
        try:
            self.last, self.last_step = float(loss), step
        except (TypeError, ValueError):
            return
        self._total += self.last * (step - self.at)
        self.at = step

    def mean_until(self, step: int) -> float | None:
        if self._begin is None or self.at != step or step <= self._begin:
            return None
        return self._total / (step - self._begin)
