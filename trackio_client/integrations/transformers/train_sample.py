"""The metrics of the evaluation on a fixed sample of the training set, beside those of the evaluation set (S4.24).

Named apart (`train_sample/f1`), in the same evaluation, with the gap of each metric. It takes forward passes of its
own, so it has a budget (budget.py); the sample is drawn once and its ids stay. What the user's `compute_metrics` tells
is told of the sample too, by the same function; then come the scores that Trackio tells of any classification.

The training does not notice: no event, no data loader, no random number, no gradient (untouched.py). Where a forward
pass of one process alone would wait for the others (a model that is sharded), there is none, and that is recorded.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from trackio_client.integrations.transformers.budget import MOST, Budget, speed
from trackio_client.integrations.transformers.groups import Group, Run
from trackio_client.integrations.transformers.labels import prefix_of
from trackio_client.integrations.transformers.passes import Passes, Unable, reason_against
from trackio_client.integrations.transformers.trl_steps import of_generations
from trackio_client.scoring.report import report

WHAT: Final = "train_sample"
_HEADROOM: Final = 1.0
"""At the first time passes stop when the budget is used up, in parts of it, and the sample is what was done."""
_NOT_METRICS: Final = frozenset(
    {"runtime", "samples_per_second", "steps_per_second", "model_preparation_time", "epoch", "num_input_tokens_seen"}
)


class TrainSample(Group):
    """Records `train_sample`; logs train_sample/<metric>; adds `train_sample` to the evaluation."""

    name: ClassVar[str] = WHAT

    def __init__(self) -> None:
        self._budget = Budget(0.0)
        self._ids: list[int] | None = None
        self._at_step = -1
        self._is_off = False

    def begin(self, run: Run) -> None:
        self._budget = Budget(run.forward_share)
        if run.trainer is not None and (why := of_generations(run.trainer)) is not None:
            self._is_off = True
            run.not_recorded(WHAT, why)

    def step_end(self, run: Run) -> None:
        self._budget.step()

    def evaluated(self, run: Run, metrics: Mapping[str, Any]) -> None:
        if self._is_off or run.trainer is None or not run.trainer.is_in_train or run.step == self._at_step:
            return  # of several evaluation sets the first one's turn is enough
        self._at_step = run.step
        if self._ids is None and not self._budget.steps:
            return  # an evaluation before the first step: nothing to reckon a budget from
        try:
            self._record(run, metrics)
        except Unable as why:
            self._is_off = True
            run.not_recorded(WHAT, str(why))
        except Exception:  # the user's model, collator and metrics may raise anything: told as a fault of this group
            self._is_off = True  # once is enough
            raise

    def _record(self, run: Run, metrics: Mapping[str, Any]) -> None:
        if (why := reason_against(run)) is not None:
            raise Unable(why)
        prefix = prefix_of(metrics, run.shared.get("labels", {})) or "eval"
        passes = Passes(run, prefix)
        between_s = self._budget.between_s(_seconds(metrics, prefix))
        deadline_s: float | None = None
        if self._ids is None:
            self._ids = self._drawn(run, metrics, prefix, between_s)
            deadline_s = self._budget.seconds(between_s) * _HEADROOM
        began = self._budget.now()
        done = passes.over(self._ids, deadline_s, self._budget.now)
        self._ids = self._ids[:done]
        told, lacking = _metrics(passes)
        seconds = self._budget.now() - began
        gap = _gaps(told, {**run.evaluation, **metrics}, prefix)
        run.experiment.log({f"{WHAT}/{name}": value for name, value in told.items()}, step=run.step)
        said: dict[str, Any] = {"samples": done, "metrics": told, "gap": gap}
        run.evaluation[WHAT] = said
        run.record(
            WHAT,
            {
                **said,
                "gap_is": "training sample minus evaluation set",
                "set": prefix,
                "ids": self._ids,
                "seconds": seconds,
                "share_of_time": seconds / between_s if between_s else None,
                "budget_share": self._budget.share,
                **({"loss_not_recorded": passes.no_loss} if passes.no_loss else {}),
                **lacking,
            },
        )

    def _drawn(self, run: Run, metrics: Mapping[str, Any], prefix: str, between_s: float) -> list[int]:
        """The ids of the sample: the same ones in every training on as many rows, as far as the budget reaches."""
        there_are = len(run.trainer.train_dataset)
        size = self._budget.samples(self._budget.seconds(between_s), speed(metrics, prefix), there_are)
        if not size:
            raise Unable(
                f"budget: {self._budget.share:.1%} of the {between_s:.2g} s between evaluations is too short for a "
                "sample. A larger TRACKIO_FORWARD_SHARE gives it more"
            )
        drawn = random.Random(f"trackio {there_are}").sample(range(there_are), min(there_are, MOST))
        return drawn[:size]


def _metrics(passes: Passes) -> tuple[dict[str, float], dict[str, str]]:
    """By the names that the evaluation's have without their prefix; and which of them there are not, and why.

    What the scores or the user's `compute_metrics` meet here, those of the evaluation have met, and told as a fault.
    """
    told = passes.trainers_own
    lacking: dict[str, str] = {}
    for what, ask in (("scores", _scores), ("computed", Passes.computed)):  # the user's definition of a name is later
        try:
            told |= ask(passes)
        except Exception as error:  # labels that do not match, or code of the user: the sample goes on without
            lacking[f"{what}_not_recorded"] = f"{type(error).__name__}: {error}"[:1000]
    if passes.loss is not None:
        told["loss"] = passes.loss
    if not told:
        raise Unable("; ".join(lacking.values()) or "neither a loss nor scores came of the model's forward pass")
    return told, lacking


def _scores(passes: Passes) -> dict[str, float]:
    observed = passes.observer.observed()
    if observed is None:
        return {}
    head = observed.head
    return report(head.kind, head.labels, observed.gold, observed.predicted, observed.starts).metrics


def _seconds(metrics: Mapping[str, Any], prefix: str) -> float:
    given = metrics.get(f"{prefix}_runtime")
    return float(given) if isinstance(given, (int, float)) else 0.0


def _gaps(told: Mapping[str, float], evaluation: Mapping[str, Any], prefix: str) -> dict[str, float]:
    """Of each metric that both have: the training sample's minus the evaluation set's."""
    gaps: dict[str, float] = {}
    for name, value in told.items():
        other = evaluation.get(f"{prefix}_{name}")
        if isinstance(other, (int, float)) and not isinstance(other, bool) and name not in _NOT_METRICS:
            gaps[name] = value - float(other) if math.isfinite(float(other)) else math.nan
    return gaps
