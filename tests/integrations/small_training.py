"""A training of some hundred parameters with the real Trainer, and a witness that sees the same by other means.

The witness stands in the model, its parameters and the optimizer; it knows nothing of callbacks, nor of the Trainer.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
import torch
import transformers

from trackio_client.integrations.transformers import TrackioCallback, data_counts, identity
from trackio_client.lifecycle import process
from trackio_client.reader import Api, LoggedExperiment

FEATURES, CLASSES = 6, 2


def rows(count: int = 40, seed: int = 3) -> list[dict[str, Any]]:
    """Points on two sides of a plane, some of them on the wrong one."""
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(count, FEATURES, generator=generator)
    flipped = torch.rand(count, generator=generator) < 0.2
    sides = (points[:, 0] + points[:, 1] > 0) ^ flipped
    return [{"x": point, "labels": int(side)} for point, side in zip(points, sides, strict=True)]


class Net(torch.nn.Module):
    """A layer and a head. `losses` are of each forward pass that was trained on."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.body = torch.nn.Linear(FEATURES, 8)
        self.classifier = torch.nn.Linear(8, CLASSES)
        self.losses: list[float] = []

    def forward(self, x: torch.Tensor, labels: torch.Tensor | None = None) -> dict[str, torch.Tensor]:
        logits = self.classifier(torch.tanh(self.body(x)))
        if labels is None:
            return {"logits": logits}
        loss = torch.nn.functional.cross_entropy(logits, labels)
        if self.training:
            self.losses.append(float(loss.detach()))
        return {"loss": loss, "logits": logits}


class Witness:
    """Gradient norms before clipping and learning rates, by hooks of torch, one of each a step of the optimizer."""

    def __init__(self, model: torch.nn.Module, each: int = 1) -> None:
        self.norms: list[float] = []
        self.rates: list[float] = []
        self._times: list[float] = []
        self._each = each
        self._calls = 0
        self._squares: dict[int, float] = {}
        for place, parameter in enumerate(p for p in model.parameters() if p.requires_grad):
            parameter.register_post_accumulate_grad_hook(lambda p, place=place: self._grad(place, p))

    def _grad(self, place: int, parameter: torch.nn.Parameter) -> None:
        assert parameter.grad is not None
        self._squares[place] = float((parameter.grad.double() ** 2).sum())  # the sum of all accumulated so far

    def watch(self, optimizer: torch.optim.Optimizer) -> None:
        optimizer.register_step_pre_hook(lambda opt, *_: self._step(opt))

    def _step(self, optimizer: torch.optim.Optimizer) -> None:
        self.norms.append(math.sqrt(sum(self._squares.values())))
        self.rates.append(float(optimizer.param_groups[0]["lr"]))
        self._times.append(perf_counter())

    @property
    def seconds(self) -> float:
        """From the first step of the optimizer to the last."""
        return self._times[-1] - self._times[0]


class Watched(transformers.Trainer):
    """Shows the optimizer to the witness as soon as it is made."""

    witness: Witness | None = None

    def create_optimizer(self, *given: Any, **named: Any) -> Any:
        made = super().create_optimizer(*given, **named)
        if self.witness is not None:
            self.witness.watch(self.optimizer)
        return made


def accuracy(prediction: Any) -> dict[str, float]:
    said = prediction.predictions.argmax(-1)
    return {"accuracy": float((said == prediction.label_ids).mean())}


def trainer_of(folder: Path, callback: Any, *, model: Any = None, kind: Any = Watched, **chosen: Any) -> Any:
    """A Trainer over `rows()`; of its arguments those that are given, else few steps and no noise."""
    others = {"train_dataset": rows(), "eval_dataset": rows(16, seed=4), "compute_metrics": accuracy}
    others = {name: chosen.pop(name, value) for name, value in others.items()}
    callbacks = chosen.pop("callbacks", [])
    chosen = {
        "num_train_epochs": 3, "eval_strategy": "epoch", "save_strategy": "no", "logging_steps": 50,
        "per_device_train_batch_size": 4, "report_to": "none", "disable_tqdm": True, "use_cpu": True,
        "learning_rate": 0.05, "dataloader_pin_memory": False, "seed": 5, **chosen,
    }  # fmt: skip
    arguments = transformers.TrainingArguments(output_dir=str(folder / "out"), **chosen)
    model = Net() if model is None else model
    given = [callback] if callback is not None else []
    made = kind(model, arguments, callbacks=[*given, *callbacks], **others)
    made.remove_callback(transformers.PrinterCallback)
    if kind is Watched:
        made.witness = Witness(model)
    return made


@contextlib.contextmanager
def at_home(folder: Path) -> Iterator[Path]:
    """A data folder of its own, and nothing of the user's environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("TRACKIO_", "HF_", "MONITORING_"))]:
            patch.delenv(name)
        patch.setenv("TRACKIO_DIR", str(folder / "data"))
        patch.setenv("TRACKIO_QUIET", "1")
        patch.setenv("TRACKIO_CAPTURE_CONSOLE", "0")
        patch.setenv("HF_HUB_OFFLINE", "1")
        for counts_rows in (data_counts, identity):  # all rows are read, however busy the machine is
            patch.setattr(counts_rows, "LIMIT_S", 600.0)
        process.current = None
        yield folder
        if process.current is not None:
            process.current.finish()
        process.current = None


def callback(**chosen: Any) -> TrackioCallback:
    return TrackioCallback(**{"project": "small", "hardware_s": 0, **chosen})


def only(project: str = "small") -> LoggedExperiment:
    """The one experiment of a project."""
    with Api() as api:
        (one,) = api.experiments(project)
        found = api.experiment(one.experiment_id)
        assert found.training  # asked while the store is open
        assert found.config is not None
        return found


def points(metric: str, project: str = "small", **asked: Any) -> dict[int, float]:
    with Api() as api:
        (one,) = api.experiments(project)
        series = api.series(one.experiment_id, metric, **asked)
    return dict(zip(series.steps.tolist(), series.values.tolist(), strict=True))
