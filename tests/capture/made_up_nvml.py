"""A made-up NVML, written from NVIDIA's documentation of its API: two GPUs, and a fault for every call that is named.

There is no GPU where these tests run. Numbers are those of a card in use; units are NVML's (bytes, milliwatts).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class NVMLError(Exception):
    """What pynvml raises: not supported, no permission, GPU is lost, driver not loaded. `value` is NVML's number."""

    def __init__(self, message: str = "", value: int = 3) -> None:
        super().__init__(message)
        self.value = value


class MadeUpNvml:
    """`broken` holds the names of calls that raise; a test may change it midway."""

    NVMLError = NVMLError
    NVML_TEMPERATURE_GPU = 0

    def __init__(self, gpus: int = 2, broken: set[str] | None = None, mig: int = 0) -> None:
        self.gpus, self.broken, self.mig = gpus, broken or set(), mig
        self.calls = 0
        self.lost: set[Any] = set()
        """GPUs that fell off the bus: every question about them is answered so."""
        self.xids: list[tuple[int, int]] = []
        """(GPU, Xid) messages that wait to be fetched."""
        self.ecc = 0
        self.reasons = 0
        self.pid = -1
        self.begun = 0

    def _answer(self, call: str, value: Any) -> Any:
        self.calls += 1
        if call in self.broken:
            raise NVMLError(f"{call}: Not Supported")
        return value

    def _of(self, handle: Any, call: str, value: Any) -> Any:
        if handle in self.lost:
            self.calls += 1
            raise NVMLError(f"{call}: GPU is lost", 15)
        return self._answer(call, value)

    def nvmlInit(self) -> None:  # noqa: N802 – NVML's names
        self._answer("nvmlInit", None)
        self.begun += 1

    def nvmlShutdown(self) -> None:  # noqa: N802
        self._answer("nvmlShutdown", None)

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return self._answer("nvmlDeviceGetCount", self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return self._answer("nvmlDeviceGetHandleByIndex", index)

    def nvmlDeviceGetName(self, handle: int) -> bytes:  # noqa: N802
        return self._answer("nvmlDeviceGetName", b"NVIDIA Made-Up 80GB")

    def nvmlDeviceGetUUID(self, handle: int) -> str:  # noqa: N802
        if str(handle).startswith("mig"):
            return self._answer("nvmlDeviceGetUUID", f"MIG-{handle}-made-up")
        return self._answer("nvmlDeviceGetUUID", f"GPU-0000000{handle}-made-up")

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> Any:  # noqa: N802
        return self._of(handle, "nvmlDeviceGetUtilizationRates", SimpleNamespace(gpu=93 + handle, memory=40))

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:  # noqa: N802
        part = 8 if str(handle).startswith("mig") else 1
        memory = SimpleNamespace(total=80 * 2**30 // part, used=20 * 2**30 // part, free=60 * 2**30 // part)
        return self._of(handle, "nvmlDeviceGetMemoryInfo", memory)

    def nvmlDeviceGetTemperature(self, handle: int, sensor: int) -> int:  # noqa: N802
        return self._of(handle, "nvmlDeviceGetTemperature", 61)

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:  # noqa: N802
        return self._of(handle, "nvmlDeviceGetPowerUsage", 412_500)

    def nvmlDeviceGetEnforcedPowerLimit(self, handle: int) -> int:  # noqa: N802
        return self._of(handle, "nvmlDeviceGetEnforcedPowerLimit", 700_000)

    def nvmlDeviceGetClockInfo(self, handle: int, kind: int) -> int:  # noqa: N802
        return self._of(handle, "nvmlDeviceGetClockInfo", {1: 1980, 2: 2619}[kind])

    def nvmlDeviceGetPcieThroughput(self, handle: int, counter: int) -> int:  # noqa: N802 – KB/s
        return self._of(handle, "nvmlDeviceGetPcieThroughput", {0: 1_500, 1: 2_500}[counter])

    def nvmlDeviceGetCurrentClocksEventReasons(self, handle: int) -> int:  # noqa: N802
        return self._of(handle, "nvmlDeviceGetCurrentClocksEventReasons", self.reasons)

    def nvmlDeviceGetTotalEccErrors(self, handle: int, kind: int, counter: int) -> int:  # noqa: N802
        return self._of(handle, "nvmlDeviceGetTotalEccErrors", self.ecc if kind == 1 else 12)

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[Any]:  # noqa: N802
        some = [SimpleNamespace(pid=1, usedGpuMemory=2**30), SimpleNamespace(pid=self.pid, usedGpuMemory=3 * 2**30)]
        return self._of(handle, "nvmlDeviceGetComputeRunningProcesses", some)

    def nvmlDeviceGetProcessUtilization(self, handle: int, since: int) -> list[Any]:  # noqa: N802
        some = [SimpleNamespace(pid=self.pid, smUtil=use) for use in (40, 60)] + [SimpleNamespace(pid=1, smUtil=99)]
        return self._of(handle, "nvmlDeviceGetProcessUtilization", some)

    def nvmlDeviceGetMigMode(self, handle: int) -> list[int]:  # noqa: N802
        return self._answer("nvmlDeviceGetMigMode", [int(self.mig > 0)] * 2)

    def nvmlDeviceGetMaxMigDeviceCount(self, handle: int) -> int:  # noqa: N802
        return self._answer("nvmlDeviceGetMaxMigDeviceCount", 7)

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: int, place: int) -> str:  # noqa: N802
        if place >= self.mig:
            raise NVMLError("Not Found", 6)
        return self._answer("nvmlDeviceGetMigDeviceHandleByIndex", f"mig{handle}{place}")

    def nvmlEventSetCreate(self) -> str:  # noqa: N802
        return self._answer("nvmlEventSetCreate", "events")

    def nvmlDeviceRegisterEvents(self, handle: int, kinds: int, events: str) -> None:  # noqa: N802
        assert (kinds, events) == (8, "events")
        self._answer("nvmlDeviceRegisterEvents", None)

    def nvmlEventSetWait_v2(self, events: str, timeout_ms: int) -> Any:  # noqa: N802
        assert timeout_ms == 0  # a look, not a wait
        if not self.xids:
            raise NVMLError("Timeout", 10)
        gpu, code = self.xids.pop(0)
        return self._answer("nvmlEventSetWait_v2", SimpleNamespace(device=gpu, eventData=code))
