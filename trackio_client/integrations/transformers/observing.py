"""What an evaluation predicted, taken from its own forward passes: no pass is added, nothing that is returned changes.

`Observer` stands at `prediction_step`, where the scores of each batch are at hand whether or not the Trainer is going
to keep them: before `preprocess_logits_for_metrics`, without a `compute_metrics`, with `batch_eval_metrics`. It keeps
of each token (or sample) its gold label, its prediction, the probability of that and the entropy: 16 bytes, where the
scores themselves would be as many floats as there are labels. So memory grows by 16 MB a million tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trackio_client.integrations.transformers.heads import Head, head_of
from trackio_client.scoring.tokens import IGNORED

MOST_INPUT_NUMBERS: Final = 2_000_000
"""Input ids that are kept to show samples, 8 to 16 MB; samples beyond are scored and never shown."""

NO_PREDICTION: Final = -1
"""Of scores that are no numbers (a model that diverged). Their greatest is where the first NaN stands: no label."""


@dataclass(frozen=True, kw_only=True)
class Observed:
    """The predictions of one evaluation. A *unit* is a token with a gold label, or a sample of a classification."""

    head: Head
    gold: NDArray[Any]
    """(units,) label numbers; of several labels a sample (units, labels), 0 or 1."""
    predicted: NDArray[Any]
    """Like `gold`."""
    confidence: NDArray[np.float32]
    """(units,) probability of the prediction; of several labels a sample that of the least sure yes or no."""
    entropy: NDArray[np.float32]
    """(units,) nats; of several labels a sample the mean over the labels."""
    lengths: NDArray[np.int64]
    """(samples,) units of each sample: 1 everywhere but for tokens."""
    inputs: list[Any]
    """Of the first samples, (numbers of the main input, places of the units in it); fewer than there are samples."""
    prefix: str
    dataset: Any
    loss: float | None = None
    """Mean over the samples, where it was asked for."""
    shared_by: int = 1
    """Processes whose predictions these are."""
    of_processes: int = 1

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """(samples,) the first unit of each sample."""
        return np.asarray(np.cumsum(self.lengths) - self.lengths, dtype=np.int64)

    @property
    def samples(self) -> int:
        return int(self.lengths.size)

    @property
    def choices(self) -> int:
        """How many answers a unit has: the base of its greatest entropy."""
        return 2 if self.head.kind == "multi_label" else len(self.head.labels)


@dataclass
class Batch:
    """Of one batch: arrays that are still on their device."""

    gold: Any
    predicted: Any
    confidence: Any
    entropy: Any
    lengths: Any
    rows: int


@dataclass
class Observer:
    """Collects the predictions of one evaluation on one process."""

    model: Any
    dataset: Any
    prefix: str = "eval"
    main_input: str = "input_ids"
    head: Head | None = None
    trouble: Exception | None = None
    """What ended the observation; the evaluation goes on."""
    is_classification: bool = True
    batches: list[Batch] = field(default_factory=list)
    inputs: list[Any] = field(default_factory=list)
    losses: list[tuple[Any, int]] = field(default_factory=list)
    _numbers: int = 0
    _keeps_inputs: bool = True

    def hear(self, inputs: Any, logits: Any, labels: Any, loss: Any = None) -> None:
        """Take one batch in. What goes wrong ends the observation, and is told when it is read."""
        if self.trouble is not None or not self.is_classification:
            return
        try:
            self._hear(inputs, _scores(logits), labels, loss)
        except Exception as error:  # an edge: the evaluation that is observed must go on
            self.trouble = error
            self.batches.clear()
            self.inputs.clear()

    def _hear(self, inputs: Any, logits: Any, labels: Any, loss: Any) -> None:
        if logits is None or not hasattr(labels, "shape"):
            self.is_classification = False
            return
        if self.head is None:
            self.head = head_of(self.model, self.dataset, logits, labels)
            self.is_classification = self.head is not None
            if self.head is None:
                return
        batch = _READERS[self.head.kind](logits.detach(), labels.detach())
        self.batches.append(batch)
        if loss is not None:
            self.losses.append((loss, batch.rows))
        self._keep_inputs(inputs, labels)

    def _keep_inputs(self, inputs: Any, labels: Any) -> None:
        """The numbers of each sample's input while there is room: so that some can be shown."""
        given: Any = inputs.get(self.main_input) if isinstance(inputs, Mapping) else None
        is_numbers = getattr(given, "ndim", 0) == 2 and not given.is_floating_point()
        if not is_numbers or self._numbers > MOST_INPUT_NUMBERS:
            self._keeps_inputs = False
        if not self._keeps_inputs:
            return
        mask = inputs.get("attention_mask")
        mask = mask if getattr(mask, "shape", None) == given.shape else None
        self._numbers += int(given.numel())
        is_tokens = self.head is not None and self.head.kind == "tokens"
        self.inputs.append((given, mask, labels if is_tokens else None))

    def observed(self) -> Observed | None:
        """All that was heard, on the CPU; None when it was no classification, or nothing came.

        Raises:
            Exception: what ended the observation.
        """
        if self.trouble is not None:
            raise self.trouble
        if self.head is None or not self.batches:
            return None
        return Observed(
            head=self.head,
            gold=_joined([batch.gold for batch in self.batches]),
            predicted=_joined([batch.predicted for batch in self.batches]),
            confidence=_joined([batch.confidence for batch in self.batches]),
            entropy=_joined([batch.entropy for batch in self.batches]),
            lengths=_joined([batch.lengths for batch in self.batches]).astype(np.int64),
            inputs=[row for kept in self.inputs for row in _rows(*kept)],
            prefix=self.prefix,
            dataset=self.dataset,
            loss=_mean_loss(self.losses),
        )

    @property
    def rows(self) -> list[int]:
        """Samples of each batch."""
        return [batch.rows for batch in self.batches]


def _scores(logits: Any) -> Any:
    """The scores among what a model gives back: the first array, as the Trainer's own examples take it."""
    while isinstance(logits, (tuple, list)):
        logits = logits[0] if logits else None
    if isinstance(logits, Mapping):
        logits = logits.get("logits")
    return logits if hasattr(logits, "detach") else None


def _of_tokens(logits: Any, labels: Any) -> Batch:
    keep = labels != IGNORED
    picked = logits[keep].float()
    return _batch(picked, labels[keep], keep.sum(dim=1))


def _of_single_labels(logits: Any, labels: Any) -> Batch:
    return _batch(logits.float(), labels, labels.new_ones(labels.shape[0]))


def _batch(scores: Any, gold: Any, lengths: Any) -> Batch:
    import torch

    probability = scores.softmax(dim=-1)
    confidence, predicted = probability.max(dim=-1)
    entropy = torch.special.entr(probability).sum(dim=-1)
    predicted = predicted.int().masked_fill(confidence.isnan(), NO_PREDICTION)
    return Batch(gold.int(), predicted, confidence, entropy, lengths, int(lengths.shape[0]))


def _of_label_sets(logits: Any, labels: Any) -> Batch:
    import torch

    scores = logits.float()
    probability = torch.sigmoid(scores)
    entropy = (torch.special.entr(probability) + torch.special.entr(1 - probability)).mean(dim=-1)
    confidence = torch.maximum(probability, 1 - probability).amin(dim=-1)
    rows = int(labels.shape[0])
    return Batch(
        labels.to(torch.int8), (scores > 0).to(torch.int8), confidence, entropy, labels.new_ones(rows).int(), rows
    )


_READERS: Final[dict[str, Callable[[Any, Any], Batch]]] = {
    "tokens": _of_tokens,
    "single_label": _of_single_labels,
    "multi_label": _of_label_sets,
}


def _joined(parts: list[Any]) -> NDArray[Any]:
    import torch

    joined: NDArray[Any] = torch.cat(parts).cpu().numpy()
    return joined


def _rows(given: Any, mask: Any, labels: Any) -> list[Any]:
    """Of each sample of a batch: its input numbers without padding, and the places of its units (None: the whole)."""
    numbers = given.cpu().numpy()
    kept = mask.cpu().numpy().astype(bool) if mask is not None else np.ones(numbers.shape, dtype=bool)
    if labels is None:
        return [(row[keep], None) for row, keep in zip(numbers, kept, strict=True)]
    gold = labels.cpu().numpy()
    if gold.shape != numbers.shape:
        return [(row[keep], None) for row, keep in zip(numbers, kept, strict=True)]
    units = gold != IGNORED
    return [
        (row[keep | unit], np.flatnonzero(unit[keep | unit]))
        for row, keep, unit in zip(numbers, kept, units, strict=True)
    ]


def _mean_loss(losses: list[tuple[Any, int]]) -> float | None:
    rows = sum(count for _, count in losses)
    return sum(float(loss) * count for loss, count in losses) / rows if rows else None


def around_prediction_step(prediction_step: Any, observation: Any, trainer: Any) -> Any:
    """Let the observer see what `prediction_step` gives, and answer exactly as before."""
    is_base = _is_the_trainers_own(trainer)

    def watched(model: Any, inputs: Any, prediction_loss_only: Any, *given: Any, **named: Any) -> Any:
        observer: Observer | None = observation.observer
        if observer is None or observer.trouble is not None or not observer.is_classification:
            return prediction_step(model, inputs, prediction_loss_only, *given, **named)
        if not (is_base and prediction_loss_only):
            answer = prediction_step(model, inputs, prediction_loss_only, *given, **named)
            observer.hear(inputs, answer[1], answer[2])
            return answer
        try:  # the base computes the scores either way; asked for the loss only, it drops them
            loss, logits, labels = prediction_step(model, inputs, False, *given, **named)
        except Exception as error:  # outputs of a kind that the Trainer cannot detach: the loss is all that was wanted
            observer.trouble = error
            return prediction_step(model, inputs, prediction_loss_only, *given, **named)
        observer.hear(inputs, logits, labels)
        return loss, None, None

    return watched


def _is_the_trainers_own(trainer: Any) -> bool:
    from transformers import Trainer

    return getattr(type(trainer), "prediction_step", None) is Trainer.prediction_step
