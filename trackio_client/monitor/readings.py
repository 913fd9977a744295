"""One reading of the hardware when it is asked for, between those that a sampler takes by itself."""

from __future__ import annotations

import threading
import time
from typing import Final

from trackio_client.capture.hardware import Gpus, Host

LEAST_PERIOD_S: Final = 0.1
"""A share of CPU time over less than this says nothing, mostly 0: it is left out."""
PATIENCE_S: Final = 0.5
"""Longest wait for a driver that is still being loaded."""
_OF_A_PERIOD: Final = ("cpu_percent", "process_cpu_percent")


class Readings:
    """GPUs, CPU and memory. Drivers are loaded on a thread: making one costs a training nothing."""

    def __init__(self) -> None:
        self._gpus: Gpus | None = None
        self._host: Host | None = None
        self._since = 0.0
        self._loading = threading.Thread(target=self._load, name="trackio-readings", daemon=True)
        self._loading.start()

    def read(self) -> dict[str, float]:
        """What can be read now, as `system/…`: %, GiB, °C, W; empty while drivers are being loaded."""
        self._loading.join(PATIENCE_S)
        if self._host is None or self._gpus is None:
            return {}
        found = {f"system/{name}": value for name, value in (self._gpus.read() | self._host.read()).items()}
        now = time.monotonic()
        if now - self._since < LEAST_PERIOD_S:
            found = {name: value for name, value in found.items() if not name.endswith(_OF_A_PERIOD)}
        self._since = now
        return found

    def _load(self) -> None:
        self._host = Host()
        self._since = time.monotonic()
        self._gpus = Gpus()
