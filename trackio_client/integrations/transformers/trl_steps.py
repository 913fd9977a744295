"""The evaluation step of TRL's trainers, called apart from an evaluation: their loss, and the metrics of their kind.

They reckon rewards, margins and token accuracy inside the loss, and keep them in `_metrics["eval"]` until they log;
what a call between evaluations leaves there would be told as part of the next one. So the trainer gets another place
for them while it is called here, and its own back.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from trackio_client.integrations.transformers.groups import Run

FORWARD_ONLY: Final = frozenset({"SFTTrainer", "DPOTrainer", "KTOTrainer", "RewardTrainer"})
"""Whose evaluation step is forward passes and arithmetic. Tokens seen they count in training alone."""
_COUNTERS: Final = frozenset({"num_tokens"})
"""Told beside the metrics, of the training so far and not of the rows at hand."""


def is_of_trl(trainer: Any) -> bool:
    return any(one.__module__.startswith("trl.") for one in type(trainer).__mro__)


def of_generations(trainer: Any) -> str | None:
    """Why there is no sample beside a training by rewards, in words for a reader; None of any other trainer."""
    if not is_of_trl(trainer) or not callable(getattr(trainer, "_generate_and_score_completions", None)):
        return None
    return (
        f"{type(trainer).__name__} scores texts that it generates from the training set: the rewards that it logs at "
        "every step are of training rows already, and a sample of them would take generations, not forward passes"
    )


def step_of(run: Run, *, with_scores: bool) -> TrlStep | None:
    """The evaluation step of a trainer that may be called apart; None when it may not."""
    trainer, kind = run.trainer, type(run.trainer)
    own = {one.__name__ for one in kind.__mro__ if one.__module__.startswith("trl.")}
    is_changed = any(not _is_known(getattr(kind, name)) for name in ("compute_loss", "prediction_step"))
    kept = getattr(trainer, "_metrics", None)
    if own.isdisjoint(FORWARD_ONLY) or is_changed or run.world_size > 1 or not isinstance(kept, dict):
        return None
    return TrlStep(trainer, with_scores)


def reason_against(run: Run) -> str:
    """Why a TRL trainer's step may not be called apart."""
    kind = type(run.trainer)
    if run.world_size > 1 and _is_known(kind.compute_loss):
        return f"{kind.__name__} gathers its metrics from every process; one alone would wait for the others"
    return f"{kind.__name__}.compute_loss is its own; called apart it could change the training"


def _is_known(method: Any) -> bool:
    """Whether it is TRL's or Transformers', and not that of a class of the user's."""
    return str(getattr(method, "__module__", "")).startswith(("trl.", "transformers."))


class TrlStep:
    """A batch goes through the trainer's evaluation step; its metrics are kept here.

    Args:
        trainer: one of FORWARD_ONLY, or of a subclass that leaves loss and step as they are; in one process.
        with_scores: also the scores, for a `compute_metrics`; TRL takes another forward pass for them.
    """

    def __init__(self, trainer: Any, with_scores: bool) -> None:
        self._trainer, self._with_scores = trainer, with_scores
        self._kept: dict[str, defaultdict[str, list[float]]] = {
            "train": defaultdict(list),
            "eval": defaultdict(list),
        }

    def __call__(self, batch: Any) -> tuple[Any, Any, Any]:
        own, self._trainer._metrics = self._trainer._metrics, self._kept
        try:
            found: tuple[Any, Any, Any] = self._trainer.prediction_step(
                self._trainer.model, batch, not self._with_scores
            )
        finally:
            self._trainer._metrics = own
        return found

    @property
    def metrics(self) -> dict[str, float]:
        """Each the mean over the batches, as the trainer tells those of its evaluations."""
        kept = self._kept["eval"]
        return {name: sum(values) / len(values) for name, values in kept.items() if values and name not in _COUNTERS}
