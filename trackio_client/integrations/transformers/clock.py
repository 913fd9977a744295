"""Where the wall time of a training goes, as seen from the training loop.

On a GPU the loop runs ahead of the device: a wait for it is counted where the loop waits, which with the Trainer's
defaults is in the training step (its filter of NaN reads every loss).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator


class Clock:
    """Seconds by kind: "data", "compute", "evaluation", "saving", "recording" (what groups do at an evaluation)."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self.now = now
        self.began = now()
        self.spent: dict[str, float] = {}

    def add(self, kind: str, seconds: float) -> None:
        self.spent[kind] = self.spent.get(kind, 0.0) + seconds

    @contextlib.contextmanager
    def timed(self, kind: str) -> Iterator[None]:
        began = self.now()
        try:
            yield
        finally:
            self.add(kind, self.now() - began)

    def of(self, kind: str) -> float:
        return self.spent.get(kind, 0.0)

    @property
    def elapsed(self) -> float:
        return self.now() - self.began
