"""AMD's GPUs, by `amdsmi`, which comes with ROCm. Loaded only where it is installed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from trackio_client.capture.gpus.device import GpuFault, module, number

_VISIBLE = ("HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES")


class Amd:
    """The GPUs that this program may see; none without library or driver."""

    def __init__(self, smi: Any = None, environ: Mapping[str, str] = os.environ) -> None:
        self._smi = smi if smi is not None else module("amdsmi")
        self._handles: dict[int, Any] = {}
        self._ecc: dict[int, int] = {}
        self._untold: list[GpuFault] = []
        if self._smi is None:
            return
        self._ask("amdsmi_init")
        chosen = next((environ[name] for name in _VISIBLE if environ.get(name) is not None), None)
        numbers = None if chosen is None else {word.strip() for word in chosen.split(",")}
        for index, handle in enumerate(self._ask("amdsmi_get_processor_handles") or ()):
            if numbers is None or str(index) in numbers:
                self._handles[index] = handle

    def __len__(self) -> int:
        return len(self._handles)

    def names(self) -> dict[int, str]:
        found = {index: self._field("amdsmi_get_gpu_asic_info", handle, "market_name") for index, handle in self._all()}
        return {index: str(name) for index, name in found.items() if name}

    def faults(self) -> list[GpuFault]:
        told, self._untold = self._untold, []
        return told

    def read(self, *, process_only: bool = False) -> dict[str, float]:
        found: dict[str, float] = {}
        for index, handle in self._all():
            readings = [] if process_only else self._readings(index, handle)
            found.update({f"gpu_{index}_{name}": value for name, value in readings if value is not None})
        return found

    def _all(self) -> Iterator[tuple[int, Any]]:
        yield from self._handles.items()

    def _readings(self, index: int, handle: Any) -> Iterator[tuple[str, float | None]]:
        activity = self._ask("amdsmi_get_gpu_activity", handle) or {}
        yield "utilization", number(activity.get("gfx_activity"))
        yield "memory_utilization", number(activity.get("umc_activity"))
        vram = self._ask("amdsmi_get_gpu_vram_usage", handle) or {}  # MB
        used, total = number(vram.get("vram_used")), number(vram.get("vram_total"))
        if used is not None:
            yield "memory_used", used / 1024
            if total:
                yield "memory_total", total / 1024
                yield "memory_percent", 100.0 * used / total
        yield "temperature", self._temperature(handle)
        power = self._ask("amdsmi_get_power_info", handle) or {}
        watts = number(power.get("average_socket_power"))
        yield "power", number(power.get("current_socket_power")) if watts is None else watts
        clocks = getattr(self._smi, "AmdSmiClkType", None)
        if clocks is not None:
            yield "sm_clock", self._clock(handle, getattr(clocks, "GFX", None))
            yield "memory_clock", self._clock(handle, getattr(clocks, "MEM", None))
        ecc = self._ask("amdsmi_get_gpu_total_ecc_count", handle) or {}
        yield "ecc_corrected", number(ecc.get("correctable_count"))
        yield "ecc_uncorrected", self._uncorrected(index, number(ecc.get("uncorrectable_count")))

    def _uncorrected(self, index: int, count: float | None) -> float | None:
        if count is None:
            return None
        before = self._ecc.get(index)
        self._ecc[index] = int(count)
        if before is not None and count > before:
            new = int(count) - before
            what = f"{new} uncorrected memory (ECC) error{'s' * (new > 1)}"
            self._untold.append(GpuFault(gpu=str(index), kind="ecc", code=new, message=what))
        return count

    def _temperature(self, handle: Any) -> float | None:
        """Of the edge; where that is not told (MI300), of the hottest spot."""
        kinds = getattr(self._smi, "AmdSmiTemperatureType", None)
        now = getattr(getattr(self._smi, "AmdSmiTemperatureMetric", None), "CURRENT", None)
        for kind in ("EDGE", "HOTSPOT"):
            place = getattr(kinds, kind, None)
            if place is not None and (degrees := number(self._ask("amdsmi_get_temp_metric", handle, place, now))):
                return degrees
        return None

    def _clock(self, handle: Any, kind: Any) -> float | None:
        told = self._ask("amdsmi_get_clock_info", handle, kind) or {}
        return number(told.get("clk", told.get("cur_clk")))

    def _field(self, function: str, handle: Any, name: str) -> Any:
        return (self._ask(function, handle) or {}).get(name)

    def _ask(self, function: str, *given: Any) -> Any:
        """One answer, None when there is none."""
        try:
            return getattr(self._smi, function)(*given)
        except Exception:  # its errors derive from nothing of their own in some versions: this reading is absent
            return None
