"""Hears what the Trainer has no event for, by standing around methods of one Trainer object.

`train` tells how a training was left, `evaluation_loop` brackets an evaluation, `training_step` has the loss and the
batch of every step, `get_batch_samples` the wait for data, `_get_grad_norm` the norm of every step. Each is called
exactly as before and answers exactly as before; one that an installed version lacks is not stood around, and what it
would have told is absent.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackio_client.integrations.transformers.observing import around_prediction_step

if TYPE_CHECKING:
    from trackio_client.integrations.transformers.callback import TrackioCallback

_FRAMES_UP = 12  # Trainer.__init__ stands 3 frames above on_init_end; subclasses and decorators add some
_MARK = "_trackio_callback"


def trainer_above() -> Any:
    """The Trainer that is calling us: no event hands it to a callback."""
    frame = sys._getframe(1)
    for _ in range(_FRAMES_UP):
        if frame.f_back is None:
            return None
        frame = frame.f_back
        found = frame.f_locals.get("self")
        if hasattr(found, "callback_handler") and hasattr(found, "train") and hasattr(found, "args"):
            return found
    return None


def watch(trainer: Any, callback: TrackioCallback) -> None:
    """Stand around the methods of a Trainer, once."""
    for name, around in (
        ("train", _train),
        ("evaluation_loop", _evaluation_loop),
        ("prediction_step", _prediction_step),
        ("training_step", _training_step),
        ("get_batch_samples", _get_batch_samples),
        ("save_model", _save_model),
        ("_save_checkpoint", _save_checkpoint),
        ("create_model_card", _create_model_card),
    ):
        _around(trainer, name, around, callback)
    if hasattr(trainer, "_get_grad_norm"):  # Transformers 5; before that the norm comes from Accelerate's clipping
        _around(trainer, "_get_grad_norm", _grad_norm, callback)
    else:
        _around(getattr(trainer, "accelerator", None), "clip_grad_norm_", _grad_norm, callback)


def _around(owner: Any, name: str, around: Callable[..., Any], callback: TrackioCallback) -> None:
    method = getattr(owner, name, None)
    if method is None or getattr(method, _MARK, None) is callback:
        return
    watched = functools.wraps(method)(around(method, callback, owner))
    setattr(watched, _MARK, callback)
    setattr(owner, name, watched)


def _train(train: Any, callback: TrackioCallback, trainer: Any) -> Any:
    def watched(*given: Any, **named: Any) -> Any:
        callback.train_begins(trainer, given[0] if given else named.get("resume_from_checkpoint"))
        try:
            return train(*given, **named)
        except BaseException as error:  # of any kind, ctrl-C too: how the training ended is told, and it goes on
            callback.training_failed(error)
            raise
        finally:
            callback.is_watching_train = False

    return watched


def _training_step(training_step: Any, callback: TrackioCallback, trainer: Any) -> Any:
    def watched(*given: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            loss = training_step(*given, **named)
        except BaseException as error:  # of any kind: the batch is told while it is at hand, and it goes on its way
            batch = given[1] if len(given) > 1 else named.get("inputs")
            callback.step_failed(error, batch)
            raise
        seconds = time.perf_counter() - began
        callback.went_backward(loss, given[1] if len(given) > 1 else named.get("inputs"), seconds)
        return loss

    return watched


def _get_batch_samples(get_batch_samples: Any, callback: TrackioCallback, trainer: Any) -> Any:
    def watched(*given: Any, **named: Any) -> Any:
        began = time.perf_counter()
        answer = get_batch_samples(*given, **named)
        callback.clock.add("data", time.perf_counter() - began)
        return answer

    return watched


def _grad_norm(grad_norm: Any, callback: TrackioCallback, owner: Any) -> Any:
    def watched(*given: Any, **named: Any) -> Any:
        norm = grad_norm(*given, **named)
        if norm is not None:
            callback.clipped(norm)
        return norm

    return watched


def _evaluation_loop(evaluation_loop: Any, callback: TrackioCallback, trainer: Any) -> Any:
    signature = inspect.signature(evaluation_loop)

    def watched(*given: Any, **named: Any) -> Any:
        bound = signature.bind(*given, **named)
        asked = bound.arguments
        if asked.get("description", "") != "Evaluation":
            return evaluation_loop(*given, **named)
        callback.evaluation_begins(trainer)
        began = time.perf_counter()
        prefix = str(asked.get("metric_key_prefix", "eval"))
        dataset = getattr(asked.get("dataloader"), "dataset", None)
        with _Guarded(trainer, callback), callback.observation.of(trainer, prefix, dataset):
            output = evaluation_loop(*bound.args, **bound.kwargs)
        callback.clock.add("evaluation", time.perf_counter() - began)
        callback.observed()
        return output

    return watched


def _prediction_step(prediction_step: Any, callback: TrackioCallback, trainer: Any) -> Any:
    return around_prediction_step(prediction_step, callback.observation, trainer)


class _Guarded:
    """Stands around `compute_metrics` during one evaluation.

    When it raises, the training goes on, unless the Trainer needs one of its metrics to choose the best model.
    """

    def __init__(self, trainer: Any, callback: TrackioCallback) -> None:
        self._trainer, self._callback = trainer, callback
        self._compute = getattr(trainer, "compute_metrics", None)

    def __enter__(self) -> None:
        if self._compute is not None:
            self._trainer.compute_metrics = functools.wraps(self._compute)(self)

    def __exit__(self, *raised: Any) -> None:
        if self._compute is not None:
            self._trainer.compute_metrics = self._compute

    def __call__(self, prediction: Any, **named: Any) -> Any:
        assert self._compute is not None
        try:
            return self._compute(prediction, **named)
        except Exception as error:  # code of the user: told, and passed on where the training needs it
            if not _may_lack_metrics(self._trainer.args):
                raise
            self._callback.faults.add(
                "compute_metrics", error, self._callback.run, what="The evaluation goes on without its metrics"
            )
            return {}


def _may_lack_metrics(args: Any) -> bool:
    """Whether the Trainer gets by without what `compute_metrics` would have told: the loss is always there."""
    chosen = getattr(args, "metric_for_best_model", None)
    return chosen is None or re.fullmatch(r"(eval_)?loss", chosen) is not None


def _save_model(save_model: Any, callback: TrackioCallback, trainer: Any) -> Any:
    def watched(output_dir: Any = None, _internal_call: bool = False, **named: Any) -> Any:
        if _internal_call:
            return save_model(output_dir, _internal_call=_internal_call, **named)
        folder = Path(trainer.args.output_dir if output_dir is None else output_dir)
        callback.exporting(folder)
        answer = save_model(output_dir, **named)
        callback.exported(folder)
        return answer

    return watched


def _save_checkpoint(save_checkpoint: Any, callback: TrackioCallback, trainer: Any) -> Any:
    def watched(*given: Any, **named: Any) -> Any:
        began = time.perf_counter()
        answer = save_checkpoint(*given, **named)
        callback.clock.add("saving", time.perf_counter() - began)
        return answer

    return watched


def _create_model_card(create_model_card: Any, callback: TrackioCallback, trainer: Any) -> Any:
    def watched(*given: Any, **named: Any) -> Any:
        answer = create_model_card(*given, **named)
        callback.carded()
        return answer

    return watched


def batch_of(inputs: Any) -> Mapping[str, Any]:
    """The batch as a mapping; of another form, nothing of it."""
    return inputs if isinstance(inputs, Mapping) else {}


def shapes_of(batch: Mapping[str, Any]) -> dict[str, list[int]]:
    """The shape of each tensor of a batch, by its name."""
    return {str(name): list(value.shape) for name, value in batch.items() if hasattr(value, "shape")}
