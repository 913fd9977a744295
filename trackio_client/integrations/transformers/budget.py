"""How much of a training's time forward passes of our own may take, and how many samples fit into that.

The budget is a share (TRACKIO_FORWARD_SHARE, 1 % by default) of the time between evaluations. It is reckoned once, at
the first evaluation that a training comes to, from the steps before it; the first of them, which compiles and warms up,
is not counted as typical. The number of samples follows from the speed of that evaluation, and stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

FEWEST: Final = 8
"""Samples: below this a score says nothing, and the sample is not recorded."""
MOST: Final = 2_000
"""Samples: with as many, a share of 90 % is known to ±1.3 points; more time buys little."""
_CAUTION: Final = 0.8
"""Of the budget is planned with: samples differ in length."""


class Budget:
    """Reckons with the seconds between evaluations.

    Args:
        share: of the time between evaluations, 0 to 1.
        now: a clock that goes forward only.
    """

    def __init__(self, share: float, now: Callable[[], float] = time.perf_counter) -> None:
        self.share = share
        self.now = now
        self._began = now()
        self._warm: float | None = None
        self._steps = 0

    def step(self) -> None:
        """A training step is over."""
        self._steps += 1
        if self._warm is None:
            self._warm = self.now()

    @property
    def steps(self) -> int:
        return self._steps

    def between_s(self, evaluation_s: float) -> float:
        """Seconds of training between evaluations.

        Args:
            evaluation_s: what of the time until now was the evaluation itself.
        """
        now = self.now() - evaluation_s
        if self._steps > 1 and self._warm is not None:
            return max(0.0, now - self._warm) / (self._steps - 1) * self._steps
        return max(0.0, now - self._began) if self._steps else 0.0

    def seconds(self, between_s: float) -> float:
        return self.share * between_s

    def samples(self, seconds: float, per_second: float | None, there_are: int) -> int:
        """How many samples fit; 0 when they are too few to say anything.

        Args:
            seconds: the budget.
            per_second: samples a second of the evaluation; None: not known, nothing fits.
            there_are: samples in the set.
        """
        fit = int(seconds * _CAUTION * per_second) if per_second else 0
        fit = min(fit, there_are, MOST)
        return fit if fit >= min(FEWEST, there_are) and fit > 0 else 0


def speed(metrics: Mapping[str, Any], prefix: str) -> float | None:
    """Samples a second of an evaluation, with all that belongs to it: reading, collating, scoring."""
    given = metrics.get(f"{prefix}_samples_per_second")
    return float(given) if isinstance(given, (int, float)) and given > 0 else None
