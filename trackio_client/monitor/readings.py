"""One reading of the hardware when it is asked for, between those that a sampler takes by itself."""

from __future__ import annotations

import threading
from typing import Final

from trackio_client.capture.hardware import HardwareSampler
from trackio_client.capture.ranks import ALONE, Ranks

PATIENCE_S: Final = 0.5
"""Longest wait for a driver that is still being loaded."""


class Readings:
    """GPUs, CPU and memory. Drivers are loaded on a thread: making one costs a training nothing."""

    def __init__(self, ranks: Ranks = ALONE) -> None:
        self._sampler = HardwareSampler(lambda found, step: None, lambda: 0, interval_s=0, ranks=ranks)
        self._loading = threading.Thread(target=self._sampler.read, name="trackio-readings", daemon=True)
        self._loading.start()

    def read(self) -> dict[str, float]:
        """What can be read now, as `system/…`; empty while drivers are being loaded.

        Shares of CPU time are of the time since the reading before; too soon after it they are absent.
        """
        self._loading.join(PATIENCE_S)
        return {} if self._loading.is_alive() else self._sampler.read()
