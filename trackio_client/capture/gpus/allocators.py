"""What PyTorch's allocators hold on devices of this program: CUDA and ROCm, Intel's XPU, Apple's MPS.

PyTorch is never imported for this, and a device that the program has not begun to use is not begun here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from trackio_client.capture.gpus.device import GIB

_TROUBLE = (RuntimeError, AssertionError, AttributeError, TypeError, ValueError)  # old builds, lost devices


def allocated(numbers: list[int], uuids: Mapping[str, int], chosen: list[str] | None = None) -> dict[str, float]:
    """`gpu_<i>_memory_allocated`, `_reserved` (GiB) of every device in use.

    Args:
        numbers: the driver's numbers of the visible GPUs, in its order.
        uuids: of them, by which a device of CUDA finds its number.
        chosen: the words of CUDA_VISIBLE_DEVICES, in whose order CUDA counts.
    """
    torch = sys.modules.get("torch")
    found: dict[str, float] = {}
    for answers in (_of_cuda(torch, numbers, uuids, chosen), _of_xpu(torch), _of_mps(torch)):
        try:
            found.update(answers)
        except _TROUBLE:
            continue
    return found


def _of_cuda(
    torch: Any, numbers: list[int], uuids: Mapping[str, int], chosen: list[str] | None
) -> Iterator[tuple[str, float]]:
    cuda = getattr(torch, "cuda", None)
    if cuda is None or not cuda.is_initialized():
        return
    count = int(cuda.device_count())
    for place in range(count):
        index = _number(cuda, place, numbers or list(range(count)), uuids, chosen)
        if index is not None:
            yield f"gpu_{index}_memory_allocated", cuda.memory_allocated(place) / GIB
            yield f"gpu_{index}_memory_reserved", cuda.memory_reserved(place) / GIB


def _number(
    cuda: Any, place: int, numbers: list[int], uuids: Mapping[str, int], chosen: list[str] | None
) -> int | None:
    """The driver's number of CUDA's device: by its UUID, else by the order in which devices were chosen."""
    try:
        uuid = f"GPU-{cuda.get_device_properties(place).uuid}"
    except _TROUBLE:
        uuid = ""
    if uuid in uuids:
        return uuids[uuid]
    if chosen is not None and place < len(chosen) and chosen[place].isdecimal():
        return int(chosen[place])
    return numbers[place] if place < len(numbers) else None


def _of_xpu(torch: Any) -> Iterator[tuple[str, float]]:
    xpu = getattr(torch, "xpu", None)
    if xpu is None or not xpu.is_initialized():
        return
    for place in range(int(xpu.device_count())):
        yield f"gpu_{place}_memory_allocated", xpu.memory_allocated(place) / GIB
        yield f"gpu_{place}_memory_reserved", xpu.memory_reserved(place) / GIB
        free, total = xpu.mem_get_info(place)
        yield f"gpu_{place}_memory_used", (total - free) / GIB
        if total:
            yield f"gpu_{place}_memory_total", total / GIB
            yield f"gpu_{place}_memory_percent", 100.0 * (total - free) / total


def _of_mps(torch: Any) -> Iterator[tuple[str, float]]:
    mps = getattr(torch, "mps", None)
    if mps is None or sys.platform != "darwin" or not torch.backends.mps.is_available():
        return
    yield "gpu_0_memory_allocated", mps.current_allocated_memory() / GIB
    yield "gpu_0_memory_reserved", mps.driver_allocated_memory() / GIB
