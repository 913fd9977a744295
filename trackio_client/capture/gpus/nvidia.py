"""NVIDIA's GPUs and MIG instances, by NVML (`pynvml` of nvidia-ml-py).

Each answer stands alone: a call that is not supported, not permitted or lost leaves out its own reading. When nothing
answers any more (a driver that was reloaded, a library at odds with it), NVML is begun anew, more and more seldom.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from trackio_client.capture.gpus.device import GIB, GpuFault, module, text

_UTILIZATION_US: Final = 1_000_000
_THERMAL: Final = 0x8 | 0x20 | 0x40
"""Of the reasons why clocks are held down: hardware slowdown, software and hardware thermal slowdown."""
_POWER: Final = 0x4 | 0x80
"""… software power cap, external power brake."""
_GPU_IS_LOST: Final = 15
_XID_EVENT: Final = 0x8
_AGAIN_S, _SELDOM_S = 10.0, 300.0
_MOST_EVENTS = 64
XIDS: Final = {
    13: "graphics engine exception", 31: "memory page fault", 43: "stopped processing", 45: "preemptive cleanup",
    48: "double-bit ECC error", 61: "microcontroller breakpoint", 62: "microcontroller halt",
    63: "row remapping recorded", 64: "row remapping failed", 74: "NVLink error", 79: "fell off the bus",
    92: "high rate of single-bit ECC errors", 94: "contained ECC error", 95: "uncontained ECC error",
    119: "GSP timeout", 120: "GSP error",
}  # fmt: skip
"""Of NVIDIA's Xid messages, those that end trainings."""


@dataclass(frozen=True, slots=True)
class _Device:
    label: str
    """`0`, or `0_mig_1`."""
    index: int
    handle: Any
    is_mig: bool = False


class Nvidia:
    """The GPUs that this program may see. Without a driver there are none.

    Args:
        nvml: stands for the library; None loads it.
        environ: CUDA_VISIBLE_DEVICES chooses. Numbers are the driver's, whatever CUDA calls them.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        nvml: Any = None,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._nvml = nvml if nvml is not None else module("pynvml")
        self._environ, self._clock = environ, clock
        self._devices: list[_Device] = []
        self._events: Any = None
        self._ecc: dict[str, int] = {}
        self._untold: list[GpuFault] = []
        self._told: set[tuple[str, str, int | None]] = set()
        self._again_at, self._pause_s = 0.0, _AGAIN_S
        self._answers = 0
        self._had_some = self._open()

    def __len__(self) -> int:
        return len({device.index for device in self._devices})

    def indices(self) -> list[int]:
        """The driver's numbers of the GPUs that are read."""
        return sorted({device.index for device in self._devices})

    def uuids(self) -> dict[str, int]:
        """UUID → number, so that a framework's device can be found among them."""
        found = {self._ask("nvmlDeviceGetUUID", each.handle): each.index for each in self._devices}
        return {text(uuid): index for uuid, index in found.items() if uuid}

    def names(self) -> dict[int, str]:
        found = {each.index: self._ask("nvmlDeviceGetName", each.handle) for each in self._devices}
        return {index: text(name) for index, name in found.items() if name}

    def faults(self) -> list[GpuFault]:
        told, self._untold = self._untold, []
        return told

    def read(self, *, process_only: bool = False) -> dict[str, float]:
        if not self._devices and not self._reopened():
            return {}
        self._answers = 0
        found: dict[str, float] = {}
        for device in self._devices:
            readings = self._of_process(device)
            found.update({f"gpu_{device.label}_{name}": value for name, value in readings})
            if not process_only:
                found.update({f"gpu_{device.label}_{name}": value for name, value in self._of_device(device)})
        if not process_only:
            self._look_for_xids()
        if not self._answers:
            self._give_up("NVML answers nothing any more")
        return found

    # --- readings --------------------------------------------------------------------------------------------------

    def _of_device(self, device: _Device) -> Iterator[tuple[str, float]]:
        handle = device.handle
        memory = self._ask("nvmlDeviceGetMemoryInfo", handle, of=device)
        if memory is not None:
            yield "memory_used", memory.used / GIB
            if memory.total:
                yield "memory_total", memory.total / GIB
                yield "memory_percent", 100.0 * memory.used / memory.total
        if device.is_mig:  # the rest is the whole GPU's, and NVML refuses to tell it of a part
            return
        use = self._ask("nvmlDeviceGetUtilizationRates", handle, of=device)
        if use is not None:
            yield "utilization", float(use.gpu)
            yield "memory_utilization", float(use.memory)
        plain: tuple[tuple[str, str, tuple[Any, ...], float], ...] = (
            ("temperature", "nvmlDeviceGetTemperature", (getattr(self._nvml, "NVML_TEMPERATURE_GPU", 0),), 1.0),
            ("power", "nvmlDeviceGetPowerUsage", (), 1000.0),
            ("power_limit", "nvmlDeviceGetEnforcedPowerLimit", (), 1000.0),
            ("sm_clock", "nvmlDeviceGetClockInfo", (getattr(self._nvml, "NVML_CLOCK_SM", 1),), 1.0),
            ("memory_clock", "nvmlDeviceGetClockInfo", (getattr(self._nvml, "NVML_CLOCK_MEM", 2),), 1.0),
            ("fan_speed", "nvmlDeviceGetFanSpeed", (), 1.0),
            ("pcie_sent", "nvmlDeviceGetPcieThroughput", (0,), 1000.0),  # KB/s
            ("pcie_received", "nvmlDeviceGetPcieThroughput", (1,), 1000.0),
        )
        for name, call, given, unit in plain:
            value = self._ask(call, handle, *given, of=device)
            if value is not None:
                yield name, value / unit
        yield from self._held_down(device)
        yield from self._ecc_errors(device)

    def _held_down(self, device: _Device) -> Iterator[tuple[str, float]]:
        """Whether clocks are held down, and why: 1 or 0."""
        mask = self._ask("nvmlDeviceGetCurrentClocksEventReasons", device.handle, of=device)
        if mask is None:  # older libraries have the other name only
            mask = self._ask("nvmlDeviceGetCurrentClocksThrottleReasons", device.handle, of=device)
        if mask is not None:
            yield "throttled_thermal", float(bool(mask & _THERMAL))
            yield "throttled_power", float(bool(mask & _POWER))

    def _ecc_errors(self, device: _Device) -> Iterator[tuple[str, float]]:
        """Of this boot of the driver. New uncorrected ones are a fault."""
        uncorrected = self._ask("nvmlDeviceGetTotalEccErrors", device.handle, 1, 0, of=device)
        corrected = self._ask("nvmlDeviceGetTotalEccErrors", device.handle, 0, 0, of=device)
        if corrected is not None:
            yield "ecc_corrected", float(corrected)
        if uncorrected is None:
            return
        yield "ecc_uncorrected", float(uncorrected)
        before = self._ecc.get(device.label)
        self._ecc[device.label] = int(uncorrected)
        if before is not None and uncorrected > before:
            new = int(uncorrected) - before
            what = f"{new} uncorrected memory (ECC) error{'s' * (new > 1)}"
            self._untold.append(GpuFault(gpu=device.label, kind="ecc", code=new, message=what))

    def _of_process(self, device: _Device) -> Iterator[tuple[str, float]]:
        """What this process has of it. In a container the driver may know it by another number: then nothing."""
        own = os.getpid()
        for process in self._ask("nvmlDeviceGetComputeRunningProcesses", device.handle, of=device) or ():
            if process.pid == own and process.usedGpuMemory is not None:
                yield "process_memory", process.usedGpuMemory / GIB
        if device.is_mig:
            return
        since = max(0, int(time.time() * 1e6) - _UTILIZATION_US)
        samples = self._ask("nvmlDeviceGetProcessUtilization", device.handle, since, of=device) or ()
        shares = [sample.smUtil for sample in samples if sample.pid == own and sample.smUtil <= 100]
        if shares:
            yield "process_utilization", sum(shares) / len(shares)

    # --- faults ----------------------------------------------------------------------------------------------------

    def _look_for_xids(self) -> None:
        """The Xid messages of the GPUs since the last look; the driver keeps them for whoever registered."""
        if self._events is None:
            return
        for _ in range(_MOST_EVENTS):
            try:
                event = self._nvml.nvmlEventSetWait_v2(self._events, 0)
            except (self._nvml.NVMLError, AttributeError, OSError):  # a time-out means there is none
                return
            code = int(event.eventData)
            gpu = next((each.label for each in self._devices if _same(each.handle, event.device)), "")
            self._tell(gpu, "xid", code, f"Xid {code}" + (f", {XIDS[code]}" if code in XIDS else ""))

    def _tell(self, gpu: str, kind: str, code: int | None, message: str) -> None:
        if (gpu, kind, code) not in self._told:
            self._told.add((gpu, kind, code))
            self._untold.append(GpuFault(gpu=gpu, kind=kind, code=code, message=message))

    # --- the library -----------------------------------------------------------------------------------------------

    def _open(self) -> bool:
        if self._nvml is None:
            return False
        try:
            self._nvml.nvmlInit()
            count = int(self._nvml.nvmlDeviceGetCount())
        except (self._nvml.NVMLError, OSError, AttributeError):  # no driver, or one that does not answer
            return False
        for index in range(count):
            handle = self._ask("nvmlDeviceGetHandleByIndex", index)
            if handle is not None:
                self._devices += self._parts(index, handle)
        self._register()
        return bool(self._devices)

    def _parts(self, index: int, handle: Any) -> list[_Device]:
        """A GPU as one device, or as its MIG instances; those of them that this program may see."""
        chosen = visible(self._environ)
        uuid = text(self._ask("nvmlDeviceGetUUID", handle) or "")
        whole = chosen is None or any(_is_meant(word, str(index), uuid) for word in chosen)
        mode = self._ask("nvmlDeviceGetMigMode", handle)
        if not mode or mode[0] != 1:
            return [_Device(str(index), index, handle)] if whole else []
        found = []
        for place in range(int(self._ask("nvmlDeviceGetMaxMigDeviceCount", handle) or 0)):
            part = self._ask("nvmlDeviceGetMigDeviceHandleByIndex", handle, place)
            if part is None:
                continue
            name = text(self._ask("nvmlDeviceGetUUID", part) or "")
            if whole or any(_is_meant(word, f"{index}:{place}", name) for word in chosen or ()):
                found.append(_Device(f"{index}_mig_{place}", index, part, is_mig=True))
        return found

    def _register(self) -> None:
        """Ask the driver to keep Xid messages for us; some GPUs and containers do not allow it."""
        self._events = self._ask("nvmlEventSetCreate") if self._devices else None
        if self._events is not None:
            for device in self._devices:
                if not device.is_mig:
                    self._ask("nvmlDeviceRegisterEvents", device.handle, _XID_EVENT, self._events)

    def _give_up(self, why: str) -> None:
        self._devices, self._events = [], None
        self._again_at = self._clock() + self._pause_s
        self._tell("", "driver", None, f"{why}; it is asked again later")

    def _reopened(self) -> bool:
        """Begin anew with a driver that had answered once. A machine without one is not asked again."""
        if not self._had_some or self._clock() < self._again_at:
            return False
        self._pause_s = min(_SELDOM_S, self._pause_s * 2)
        self._again_at = self._clock() + self._pause_s
        self._ask("nvmlShutdown")
        if not self._open():
            return False
        self._pause_s = _AGAIN_S
        self._told.discard(("", "driver", None))
        return True

    def _ask(self, function: str, *given: Any, of: _Device | None = None) -> Any:
        """One answer of NVML; None when there is none: not supported, no permission, GPU lost, driver gone."""
        try:
            answer = getattr(self._nvml, function)(*given)
        except (AttributeError, OSError, ValueError, TypeError):
            return None
        except self._nvml.NVMLError as error:
            if of is not None and getattr(error, "value", None) == _GPU_IS_LOST:
                self._answers += 1  # the library lives
                self._tell(of.label, "lost", None, "the GPU is lost: the driver cannot reach it any more")
            return None
        self._answers += 1
        return answer


def visible(environ: Mapping[str, str]) -> list[str] | None:
    """The words of CUDA_VISIBLE_DEVICES; None when all GPUs are visible."""
    if "CUDA_VISIBLE_DEVICES" not in environ:
        return None
    words = [word.strip() for word in environ["CUDA_VISIBLE_DEVICES"].split(",") if word.strip()]
    for place, word in enumerate(words):
        if word.startswith("-"):  # CUDA stops at the first number that cannot be
            return words[:place]
    return words


def _is_meant(word: str, number: str, uuid: str) -> bool:
    return word == number or (not word.isdecimal() and bool(uuid) and uuid.startswith(word))


def _same(one: Any, other: Any) -> bool:
    """Whether two handles are of one GPU: pointers of ctypes are, when they point to one place."""
    if isinstance(one, ctypes._Pointer) and isinstance(other, ctypes._Pointer):
        return ctypes.cast(one, ctypes.c_void_p).value == ctypes.cast(other, ctypes.c_void_p).value
    return bool(one == other)
