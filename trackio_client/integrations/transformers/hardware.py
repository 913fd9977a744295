"""Hardware while it trains: readings on a thread, logged at the step the training is at (S4.22)."""

from __future__ import annotations

from typing import ClassVar

from trackio_client.capture.hardware import HardwareSampler
from trackio_client.integrations.transformers.groups import Group, Run
from trackio_client.settings import settings_from


class Hardware(Group):
    """Logs system/… every `hardware_s` seconds."""

    name: ClassVar[str] = "hardware"

    def __init__(self) -> None:
        self._sampler: HardwareSampler | None = None

    def begin(self, run: Run) -> None:
        interval_s = settings_from().hardware_s if run.hardware_s is None else run.hardware_s
        self._sampler = HardwareSampler(run.experiment.log, lambda: run.step, interval_s=interval_s).start()

    def end(self, run: Run) -> None:
        if self._sampler is not None:
            self._sampler.stop()
