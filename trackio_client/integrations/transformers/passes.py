"""Forward passes over rows of the training set, as the evaluation makes them, and nothing that outlives them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from trackio_client.integrations.transformers import trl_steps
from trackio_client.integrations.transformers.groups import Run
from trackio_client.integrations.transformers.observing import Observer
from trackio_client.integrations.transformers.reading import length_of
from trackio_client.integrations.transformers.untouched import untouched
from trackio_client.scoring.tokens import IGNORED

MOST_SCORES: Final = 8_000_000
"""Numbers that are kept for a `compute_metrics` of the user's: 32 MB. The scores of a language model are more."""
_SAME_LOSS: Final = ("nll", "chunked_nll", None)
"""Values of TRL's `loss_type` with which its supervised trainer's loss is the model's own."""


class Unable(Exception):
    """Why there are no passes, in words for a reader."""


def reason_against(run: Run) -> str | None:
    """Why one process must not, or cannot, run the model over training rows by itself."""
    trainer, dataset = run.trainer, getattr(run.trainer, "train_dataset", None)
    if dataset is None:
        return "there is no training set"
    if length_of(dataset) is None:
        return "streamed: the training set has no rows that could be read again"
    if getattr(trainer, "is_fsdp_enabled", False) or getattr(trainer, "is_deepspeed_enabled", False):
        return "the model is sharded: a forward pass needs every process"
    if getattr(trainer, "is_tp_enabled", False) or (_is_spread(trainer) and run.world_size > 1):
        return "the model is spread over processes: a forward pass needs every one"
    return None


def _is_spread(trainer: Any) -> bool:
    return bool(getattr(trainer, "is_model_parallel", False))


class Passes:
    """One run over the rows."""

    def __init__(self, run: Run, prefix: str) -> None:
        self._run = run
        self._trainer = run.trainer
        self._prefix = prefix
        self.observer = Observer(model=self._trainer.model, dataset=self._trainer.train_dataset, prefix="train_sample")
        self.no_loss: str | None = None
        """Why there is no loss."""
        self._of_trl: trl_steps.TrlStep | None = None
        self._losses: list[tuple[Any, int]] = []
        self._kept = _Kept(self._trainer) if _is_computing(self._trainer) else None
        self._step = self._chosen_step()

    def over(self, ids: Sequence[int], deadline_s: float | None, now: Callable[[], float]) -> int:
        """Run the rows, in batches as the evaluation's. Answers how many were done before the deadline.

        Args:
            ids: of rows of the training set.
            deadline_s: after so many seconds no further batch is begun; None does all.
            now: a clock.
        """
        began, done = now(), 0
        size = max(1, int(self._trainer.args.eval_batch_size))
        with untouched(self._trainer.model):
            for batch, rows in self._batches(ids, size):
                self._one(batch, rows)
                done += rows
                self._wait_if_timed(deadline_s)
                if deadline_s is not None and now() - began >= deadline_s:
                    break
        return done

    @property
    def loss(self) -> float | None:
        """Mean over the rows, each batch weighted by its rows, as the Trainer's `eval_loss` is."""
        rows = sum(count for _, count in self._losses)
        return sum(float(loss) * count for loss, count in self._losses) / rows if rows else None

    def computed(self) -> dict[str, float]:
        """The numbers of the user's `compute_metrics`; none when it has none, or when the scores are too many."""
        if self._kept is None:
            return {}
        with untouched(self._trainer.model):
            return self._kept.computed(self._prefix)

    @property
    def trainers_own(self) -> dict[str, float]:
        """What a TRL trainer tells beside its loss."""
        return {} if self._of_trl is None else self._of_trl.metrics

    # --- one batch ------------------------------------------------------------------------------------------------

    def _batches(self, ids: Sequence[int], size: int) -> Iterator[tuple[Any, int]]:
        trainer = self._trainer
        dataset, collate = trainer.train_dataset, trainer.data_collator
        if hasattr(dataset, "column_names") and hasattr(dataset, "select"):
            dataset = trainer._remove_unused_columns(dataset.select(list(ids)), description="training sample")
            ids = range(len(ids))
        else:
            collate = trainer._get_collator_with_removed_columns(collate, description="training sample")
        for at in range(0, len(ids), size):
            some = ids[at : at + size]
            yield collate([dataset[i] for i in some]), len(some)

    def _one(self, batch: Any, rows: int) -> None:
        loss, logits, labels = self._step(batch)
        if loss is not None:
            self._losses.append((loss.detach(), rows))
        self.observer.hear({}, logits, labels)
        if self._kept is not None and not self._kept.add(loss, logits, labels, batch):
            self._kept = None

    def _wait_if_timed(self, deadline_s: float | None) -> None:
        """A device works on while the clock is read: where time decides, its last number is waited for."""
        if deadline_s is not None and self._losses:
            float(self._losses[-1][0])

    def _chosen_step(self) -> Callable[[Any], tuple[Any, Any, Any]]:
        """The Trainer's own evaluation step where it is only its own; else the model itself.

        A trainer with a loss of its own may count, log and wait for other processes in it: it is not called.
        """
        from transformers import Trainer

        kind, trainer = type(self._trainer), self._trainer
        is_plain = kind.compute_loss is Trainer.compute_loss and kind.prediction_step is Trainer.prediction_step
        if is_plain and self._run.world_size == 1:
            return lambda batch: trainer.prediction_step(trainer.model, batch, False)
        self._of_trl = trl_steps.step_of(self._run, with_scores=self._kept is not None)
        if self._of_trl is not None:
            return self._of_trl
        if kind.compute_loss is not Trainer.compute_loss and not _has_the_models_loss(trainer):
            self.no_loss = f"{kind.__name__}.compute_loss is its own; called apart it could change the training"
            if trl_steps.is_of_trl(trainer):  # pairs, prompts, rewards: its rows are no inputs of the model
                raise Unable(trl_steps.reason_against(self._run))
        elif getattr(trainer, "label_smoother", None) is not None or getattr(trainer, "compute_loss_func", None):
            self.no_loss = "the loss is not the model's own, and the trainer's waits for other processes"
        return self._of_the_model

    def _of_the_model(self, batch: Any) -> tuple[Any, Any, Any]:
        trainer = self._trainer
        inputs = dict(trainer._prepare_inputs(batch))
        labels = inputs.get("labels")
        if not self.no_loss:
            inputs = inputs | _counted(trainer, inputs)
        with trainer.compute_loss_context_manager():
            outputs = trainer.model(**inputs)
        found = outputs if isinstance(outputs, Mapping) else {}
        loss = None if self.no_loss else found.get("loss")
        logits = found.get("logits")
        return loss, logits if logits is None else logits.detach(), labels


def _has_the_models_loss(trainer: Any) -> bool:
    """TRL's supervised trainer takes the model's loss and counts tokens beside it."""
    owner = next(one for one in type(trainer).__mro__ if "compute_loss" in vars(one))
    is_supervised = owner.__name__ == "SFTTrainer" and owner.__module__.startswith("trl.")
    return is_supervised and getattr(trainer.args, "loss_type", None) in _SAME_LOSS


def _counted(trainer: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """By how many labels the loss is divided, as the Trainer counts them for its evaluations; of this process alone."""
    labels = inputs.get("shift_labels", inputs.get("labels"))
    if not getattr(trainer, "model_accepts_loss_kwargs", False) or not hasattr(labels, "ne"):
        return {}
    if getattr(trainer, "_loss_shifts_labels", False) and "shift_labels" not in inputs:
        labels = labels[..., 1:]
    return {"num_items_in_batch": labels.ne(IGNORED).sum()}


def _is_computing(trainer: Any) -> bool:
    is_off = any(getattr(trainer.args, name, False) for name in ("batch_eval_metrics", "prediction_loss_only"))
    return getattr(trainer, "compute_metrics", None) is not None and not is_off


class _Kept:
    """What `compute_metrics` wants to be handed, put together as the Trainer does."""

    def __init__(self, trainer: Any) -> None:
        from transformers.trainer_pt_utils import EvalLoopContainer

        self._trainer = trainer
        self._asked = getattr(trainer.args, "include_for_metrics", None) or []
        together = bool(getattr(trainer.args, "eval_do_concat_batches", True))
        self._parts: dict[str, Any] = {
            name: EvalLoopContainer(together, padding_index=-100)
            for name in ("predictions", "labels", "losses", "inputs")
        }
        self._numbers = 0

    def add(self, loss: Any, logits: Any, labels: Any, batch: Any) -> bool:
        """Take one batch in; False when it is not to be had: nothing to compare, or more than there is room for."""
        if logits is None or labels is None:
            return False
        prepared = getattr(self._trainer, "preprocess_logits_for_metrics", None)
        kept = logits if prepared is None else prepared(logits, labels)
        self._numbers += sum(int(one.numel()) for one in (kept if isinstance(kept, (tuple, list)) else (kept,)))
        if self._numbers > MOST_SCORES:
            return False
        self._parts["predictions"].add(kept)
        self._parts["labels"].add(labels)
        if "loss" in self._asked and loss is not None:
            self._parts["losses"].add(loss.detach().repeat(len(labels)))
        if "inputs" in self._asked:
            self._parts["inputs"].add(batch[getattr(self._trainer.model, "main_input_name", "input_ids")])
        return True

    def computed(self, prefix: str) -> dict[str, float]:
        from transformers import EvalPrediction

        arrays = {name: part.get_arrays() for name, part in self._parts.items()}
        more = {name: arrays[name] for name in ("losses", "inputs") if arrays[name] is not None}
        found = self._trainer.compute_metrics(
            EvalPrediction(predictions=arrays["predictions"], label_ids=arrays["labels"], **more)
        )
        numbers: dict[str, float] = {}
        for name, value in (found or {}).items():
            number = value.item() if hasattr(value, "item") and getattr(value, "size", 1) == 1 else value
            if isinstance(number, (int, float)) and not isinstance(number, bool):
                with contextlib.suppress(OverflowError):  # beyond all floats: the evaluation lacks it, too
                    numbers[str(name).removeprefix(f"{prefix}_")] = float(number)
        return numbers
