"""Where the wall time of a training goes, as seen from the training loop.

On a GPU the loop runs ahead of the device: a wait for it is counted where the loop waits, which with the Trainer's
defaults is in the training step (its filter of NaN reads every loss).
"""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Seconds by kind: "data", "compute", "step" (a step's whole, data not included), "evaluation", "saving"."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self.now = now
        self.began = now()
        self.spent: dict[str, float] = {}

    def add(self, kind: str, seconds: float) -> None:
        self.spent[kind] = self.spent.get(kind, 0.0) + seconds

    def of(self, kind: str) -> float:
        return self.spent.get(kind, 0.0)

    @property
    def elapsed(self) -> float:
        return self.now() - self.began
