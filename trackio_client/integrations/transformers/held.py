"""Numbers that are on their device and stay there until somebody asks: no step waits for a GPU because of us."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

MOST_HELD: Final = 512
"""Steps whose numbers are held before they are read though nobody asked: one wait in 512 steps, and a bound."""


class Held:
    """One number a step, held as the tensor it came as, and folded into windows when it is read.

    A step that adds several times (accumulated gradients: each batch adds its part of the loss) has their sum.

    Args:
        fold: takes the numbers that were read, as [(step, number)], in order.
    """

    def __init__(self, fold: Callable[[list[tuple[int, float]]], None]) -> None:
        self._fold = fold
        self._steps: list[int] = []
        self._values: list[Any] = []

    def add(self, step: int, value: Any) -> None:
        if len(self._values) >= MOST_HELD and self._steps[-1] != step:
            self.read()
        self._steps.append(step)
        self._values.append(value)

    def forget(self) -> None:
        """Throw away what was held of a step that came to nothing."""
        self._steps, self._values = [], []

    def read(self) -> None:
        """Read all of it in one go and fold it."""
        steps, values = self._steps, self._values
        if not values:
            return
        self._steps, self._values = [], []
        summed: dict[int, float] = {}
        for step, number in zip(steps, numbers_of(values), strict=True):
            summed[step] = summed[step] + number if step in summed else number
        self._fold(list(summed.items()))


def numbers_of(values: Sequence[Any]) -> list[float]:
    """Floats of tensors and numbers, with one wait for the device when all are scalars of one device."""
    if values and all(hasattr(value, "reshape") and hasattr(value, "device") for value in values):
        try:
            import torch

            return [float(n) for n in torch.stack([v.detach().reshape(()).float() for v in values]).tolist()]
        except (RuntimeError, ValueError, TypeError):  # of several devices, sharded, or with several elements
            pass
    return [_number(value) for value in values]


def _number(value: Any) -> float:
    full = getattr(value, "full_tensor", None)  # a sharded tensor is whole on request
    found = full() if callable(full) else value
    mean = getattr(found, "mean", None)
    has_several = callable(mean) and int(getattr(found, "ndim", 0) or 0) > 0
    return float(mean() if has_several and callable(mean) else found)


@dataclass
class Window:
    """Numbers of the steps since something. The mean and the greatest are of those that are finite."""

    steps: int = 0
    finite: int = 0
    total: float = 0.0
    last: float | None = None
    last_step: int | None = None
    most: float | None = None
    least: float | None = None

    def add(self, step: int, number: float) -> None:
        self.steps += 1
        self.last, self.last_step = number, step
        if math.isfinite(number):
            self.finite += 1
            self.total += number
            self.most = number if self.most is None else max(self.most, number)
            self.least = number if self.least is None else min(self.least, number)

    @property
    def mean(self) -> float | None:
        """None without a finite number: NaN would say that one was there."""
        return self.total / self.finite if self.finite else None

    @property
    def not_finite(self) -> int:
        return self.steps - self.finite
