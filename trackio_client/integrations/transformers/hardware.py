"""Hardware while it trains: readings on a thread, and what they came to between two evaluations (S4.22)."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from typing import Any, ClassVar

from trackio_client.integrations.transformers.groups import Group, Run


class Hardware(Group):
    """Adds to an evaluation {"hardware": {reading: {mean, max, readings}}}; the experiment itself logs system/… .

    The readings of an evaluation are those since the last one, of this process's machine.
    """

    name: ClassVar[str] = "hardware"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[str, tuple[int, float, float]] = {}  # count, total, greatest

    def begin(self, run: Run) -> None:
        run.experiment.hardware.follow(lambda: run.step, self._heard, run.hardware_s)

    def evaluated(self, run: Run, metrics: Mapping[str, Any]) -> None:
        with self._lock:
            sums = dict(self._sums)
        if sums:
            run.evaluation["hardware"] = {
                name: {"mean": total / count, "max": most, "readings": count}
                for name, (count, total, most) in sums.items()
            }

    def settled(self, run: Run) -> None:
        with self._lock:
            self._sums = {}

    def end(self, run: Run) -> None:
        run.experiment.hardware.leave()

    def _heard(self, readings: Mapping[str, float]) -> None:
        """On the sampler's thread."""
        with self._lock:
            for name, value in readings.items():
                if math.isfinite(value):
                    bare = name.removeprefix("system/")
                    count, total, most = self._sums.get(bare, (0, 0.0, -math.inf))
                    self._sums[bare] = (count + 1, total + value, max(most, value))
