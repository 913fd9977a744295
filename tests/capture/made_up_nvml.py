"""A made-up NVML, written from NVIDIA's documentation of its API: two GPUs, and a fault for every call that is named.

There is no GPU where these tests run. Numbers are those of a card in use; units are NVML's (bytes, milliwatts).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class NVMLError(Exception):
    """What pynvml raises: not supported, no permission, GPU is lost, driver not loaded."""


class MadeUpNvml:
    """`broken` holds the names of calls that raise; a test may change it midway."""

    NVMLError = NVMLError
    NVML_TEMPERATURE_GPU = 0

    def __init__(self, gpus: int = 2, broken: set[str] | None = None) -> None:
        self.gpus, self.broken = gpus, broken or set()
        self.calls = 0

    def _answer(self, call: str, value: Any) -> Any:
        self.calls += 1
        if call in self.broken:
            raise NVMLError(f"{call}: Not Supported")
        return value

    def nvmlInit(self) -> None:  # noqa: N802 – NVML's names
        self._answer("nvmlInit", None)

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return self._answer("nvmlDeviceGetCount", self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return self._answer("nvmlDeviceGetHandleByIndex", index)

    def nvmlDeviceGetName(self, handle: int) -> bytes:  # noqa: N802
        return self._answer("nvmlDeviceGetName", b"NVIDIA Made-Up 80GB")

    def nvmlDeviceGetUUID(self, handle: int) -> str:  # noqa: N802
        return self._answer("nvmlDeviceGetUUID", f"GPU-0000000{handle}-made-up")

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> Any:  # noqa: N802
        return self._answer("nvmlDeviceGetUtilizationRates", SimpleNamespace(gpu=93 + handle, memory=40))

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:  # noqa: N802
        return self._answer(
            "nvmlDeviceGetMemoryInfo", SimpleNamespace(total=80 * 2**30, used=20 * 2**30, free=60 * 2**30)
        )

    def nvmlDeviceGetTemperature(self, handle: int, sensor: int) -> int:  # noqa: N802
        return self._answer("nvmlDeviceGetTemperature", 61)

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:  # noqa: N802
        return self._answer("nvmlDeviceGetPowerUsage", 412_500)
