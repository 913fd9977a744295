"""Apple's GPU, as far as macOS tells it without root: `ioreg` knows use and memory, not power and temperature."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Final

from trackio_client.capture.gpus.device import GIB, GpuFault

_COMMAND: Final = ("/usr/sbin/ioreg", "-r", "-d", "1", "-w", "0", "-c", "IOAccelerator")
_TIMEOUT_S: Final = 2.0
_USE = re.compile(r'"Device Utilization %"=(\d+)')
_MEMORY = re.compile(r'"In use system memory"=(\d+)')
_MODEL = re.compile(r'"model" = "([^"]+)"')


def ioreg() -> str:
    """What the accelerator says of itself; "" where there is none to ask."""
    if sys.platform != "darwin":
        return ""
    try:
        return subprocess.run(_COMMAND, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


class Apple:
    """The GPU of a Mac: number 0."""

    def __init__(self, ask: Callable[[], str] = ioreg) -> None:
        self._ask = ask
        self._model = _MODEL.search(first) if (first := ask()) else None
        self._is_there = bool(first and "PerformanceStatistics" in first)

    def __len__(self) -> int:
        return int(self._is_there)

    def names(self) -> dict[int, str]:
        return {} if self._model is None else {0: self._model[1]}

    def faults(self) -> list[GpuFault]:
        return []

    def read(self, *, process_only: bool = False) -> dict[str, float]:
        if not self._is_there or process_only:
            return {}
        told = self._ask()
        found = {}
        if use := _USE.search(told):
            found["gpu_0_utilization"] = float(use[1])
        if memory := _MEMORY.search(told):
            found["gpu_0_memory_used"] = int(memory[1]) / GIB
        return found
