"""The names of hardware metrics: GPUs' (`system/gpu_0_power`, `gpu.0.temp`) and the host's (`system/cpu_percent`)."""

from __future__ import annotations

import re
from typing import Final

from trackio_client.wire.quantity import Quantity

_GPU = re.compile(r"(?:system[/.])?(?:gpu|cuda)[_./:]?(?P<of>\d+(?:_mig_\d+)?)[_./](?P<what>[a-z_]+)")
_GPU_MEASURES: Final[dict[str, tuple[int, str, str]]] = {
    "utilization": (0, "utilization", "%"),
    "memory_used": (10, "memory used", "GiB"),
    "memory_percent": (11, "memory used", "%"),
    "memory_allocated": (12, "memory allocated", "GiB"),
    "memory_reserved": (13, "memory reserved", "GiB"),
    "memory_total": (14, "memory", "GiB"),
    "memory_utilization": (15, "memory bandwidth use", "%"),
    "power": (20, "power", "W"),
    "power_limit": (21, "power limit", "W"),
    "temperature": (22, "temperature", "°C"),
    "sm_clock": (23, "clock", "MHz"),
    "memory_clock": (24, "memory clock", "MHz"),
    "fan_speed": (25, "fan speed", "%"),
    "process_utilization": (26, "utilization by the process", "%"),
    "process_memory": (27, "memory of the process", "GiB"),
    "pcie_sent": (28, "PCIe sent", "MB/s"),
    "pcie_received": (29, "PCIe received", "MB/s"),
    "throttled_thermal": (30, "held down by heat", ""),
    "throttled_power": (31, "held down by its power limit", ""),
    "ecc_corrected": (32, "memory errors corrected", ""),
    "ecc_uncorrected": (33, "memory errors not corrected", ""),
}
_GPU_ALIASES: Final = {
    "gpu": "utilization",
    "util": "utilization",
    "utilisation": "utilization",
    "memory": "memory_percent",
    "memoryallocated": "memory_percent",
    "temp": "temperature",
    "powerwatts": "power",
    "power_usage": "power",
}
_HOST: Final[dict[str, tuple[int, str, str]]] = {
    "cpu_percent": (40, "CPU", "%"),
    "process_cpu_percent": (41, "CPU of the process", "%"),
    "memory_percent": (42, "Memory used", "%"),
    "memory_used": (43, "Memory used", "GiB"),
    "memory_available": (44, "Memory available", "GiB"),
    "process_memory": (45, "Memory of the process", "GiB"),
    "children_cpu_percent": (45, "CPU of its children", "%"),
    "children_memory": (45, "Memory of its children", "GiB"),
    "swap_percent": (46, "Swap used", "%"),
    "disk_percent": (47, "Disk used", "%"),
    "disk_free": (48, "Disk free", "GiB"),
    "disk_read": (49, "Disk read", "MB/s"),
    "disk_write": (50, "Disk written", "MB/s"),
    "network_sent": (51, "Network sent", "MB/s"),
    "network_received": (52, "Network received", "MB/s"),
}
_HOST_ALIASES: Final = {
    "cpu": "cpu_percent",
    "cpu_utilization": "cpu_percent",
    "cpu_usage": "cpu_percent",
    "memory": "memory_percent",
    "ram_percent": "memory_percent",
    "ram_used": "memory_used",
}
_BARE_HOST: Final = frozenset({"cpu_percent", "memory_percent", "process_cpu_percent", "cpu_utilization"})
"""Taken for hardware also without "system/" (S1.24); other bare words, like `memory`, may be anything of the user's."""


def hardware(metric: str) -> Quantity | None:
    """What of a machine a metric of this name measures; None if it is of no machine."""
    lower = metric.lower()
    if match := _GPU.fullmatch(lower):
        what = _GPU_ALIASES.get(match["what"], match["what"])
        rank, words, unit = _GPU_MEASURES.get(what, (39, what.replace("_", " "), ""))
        title = f"GPU {match['of'].replace('_mig_', ' MIG ')} {words}"
        return Quantity(
            name=f"GPU {what.replace('_', ' ')}", group="system", title=title, unit=unit, of=match["of"], rank=rank
        )
    bare = lower.removeprefix("system/").removeprefix("system.")
    if (bare and bare != lower) or lower in _BARE_HOST:
        what = _HOST_ALIASES.get(bare, bare)
        rank, title, unit = _HOST.get(what, (60, metric.split("/", 1)[-1], ""))
        return Quantity(name=f"host {what.replace('_', ' ')}", group="system", title=title, unit=unit, rank=rank)
    return None
