"""Hardware while it trains: readings on a thread, and what they came to between two evaluations (S4.22)."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from typing import Any, ClassVar

from trackio_client.capture.hardware import GpuFault, HardwareSampler
from trackio_client.capture.ranks import ALONE
from trackio_client.integrations.transformers.groups import Group, Run
from trackio_client.settings import settings_from


class Hardware(Group):
    """Logs system/… every `hardware_s` seconds; adds to an evaluation {"hardware": {reading: {mean, max, readings}}}.

    The readings of an evaluation are those since the last one, of this process's machine.
    """

    name: ClassVar[str] = "hardware"

    def __init__(self) -> None:
        self._sampler: HardwareSampler | None = None
        self._run: Run | None = None
        self._lock = threading.Lock()
        self._sums: dict[str, tuple[int, float, float]] = {}  # count, total, greatest

    def begin(self, run: Run) -> None:
        interval_s = settings_from().hardware_s if run.hardware_s is None else run.hardware_s
        self._run = run
        origin = run.experiment.origin
        self._sampler = HardwareSampler(
            self._heard,
            lambda: run.step,
            interval_s=interval_s,
            ranks=ALONE if origin.speaks else origin.ranks,
            on_fault=self._fault,
        ).start()

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
        if self._sampler is not None:
            self._sampler.stop()

    def _fault(self, fault: GpuFault) -> None:
        """On the sampler's thread: an Xid message, memory errors, a GPU that is lost."""
        assert self._run is not None
        facts = {"gpu": fault.gpu, "kind": fault.kind, "code": fault.code, "message": fault.message}
        self._run.experiment.mark("gpu_error", fault.title(), self._run.step, **facts)

    def _heard(self, readings: Mapping[str, float], step: int) -> None:
        """On the sampler's thread."""
        assert self._run is not None
        self._run.experiment.log_hardware(readings, step)
        with self._lock:
            for name, value in readings.items():
                if math.isfinite(value):
                    bare = name.removeprefix("system/")
                    count, total, most = self._sums.get(bare, (0, 0.0, -math.inf))
                    self._sums[bare] = (count + 1, total + value, max(most, value))
