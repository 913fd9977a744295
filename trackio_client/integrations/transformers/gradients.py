"""Gradient norm of every step and of every window between evaluations, and how often it was clipped (S4.15).

The Trainer reckons the norm of every step and logs that of the last one before a log. The others are kept here, on
their device, and logged under the same name at their own steps when something is logged anyway: `grad_norm` becomes a
series of every step. The norm is the one before clipping.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from trackio_client.integrations.transformers.groups import Group, Run
from trackio_client.integrations.transformers.held import Held, Window


class Gradients(Group):
    """Adds to an evaluation: grad_norm_last, grad_norm_mean, grad_norm_max, clip_threshold, clipped_share …"""

    name: ClassVar[str] = "gradients"

    def __init__(self) -> None:
        self._held = Held(self._fold)
        self._window = Window()
        self._all = Window()
        self._clipped = self._all_clipped = 0
        self._threshold = 0.0
        self._unlogged: list[tuple[int, float]] = []
        self._norm: Any = None

    def begin(self, run: Run) -> None:
        self._threshold = float(getattr(run.args, "max_grad_norm", 0.0) or 0.0)

    def clipped(self, run: Run, norm: Any) -> None:
        self._norm = norm

    def step_end(self, run: Run) -> None:
        if self._norm is not None:  # taken here: only now does the step have its number
            self._held.add(run.step, self._norm)
            self._norm = None

    def logged(self, run: Run, logs: Mapping[str, Any]) -> None:
        self._held.read()
        if "grad_norm" in logs and not self._all.steps:  # the norm of every step cannot be had
            self._fold([(run.step, float(logs["grad_norm"]))])
        self._tell(run)

    def evaluated(self, run: Run, metrics: Mapping[str, Any]) -> None:
        self._held.read()
        told = _told(self._window, self._clipped, self._threshold)
        run.evaluation.update(told)
        shown = {"grad_norm_mean", "grad_norm_max", "clipped_share"} & told.keys()
        if shown:
            run.experiment.log({name: told[name] for name in sorted(shown)}, step=run.step)

    def settled(self, run: Run) -> None:
        self._window, self._clipped = Window(), 0

    def end(self, run: Run) -> None:
        self._held.read()
        self._tell(run)
        run.run_summary.update(_told(self._all, self._all_clipped, self._threshold))

    def _fold(self, numbers: list[tuple[int, float]]) -> None:
        for step, norm in numbers:
            self._window.add(step, norm)
            self._all.add(step, norm)
            # The very rule of torch.nn.utils.clip_grad_norm_: scaled when threshold / (norm + 1e-6) < 1.
            is_clipped = self._threshold > 0 and norm + 1e-6 > self._threshold
            self._clipped += is_clipped
            self._all_clipped += is_clipped
        self._unlogged.extend(numbers)

    def _tell(self, run: Run) -> None:
        unlogged, self._unlogged = self._unlogged, []
        for step, norm in unlogged:
            run.at_step(step, "grad_norm", norm)


def _told(window: Window, clipped: int, threshold: float) -> dict[str, Any]:
    if not window.steps:
        return {}
    told: dict[str, Any] = {"grad_norm_last": window.last, "grad_norm_steps": window.steps}
    if window.finite:
        told |= {"grad_norm_mean": window.mean, "grad_norm_max": window.most}
    if window.not_finite:
        told["grad_norm_not_finite_steps"] = window.not_finite
    if threshold > 0:
        told |= {"clip_threshold": threshold, "clipped_share": clipped / window.steps}
    return told
