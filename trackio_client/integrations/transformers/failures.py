"""How a training failed: kind, message, full trace, step, epoch, the last metrics before it (S4.19–S4.21).

Out of memory is told with what the allocator held, what the device has, the batch and the sequence length that did not
fit, and what to change. Figures that cannot be had (there is no CUDA device) are absent.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from trackio_client.integrations.transformers.groups import Group, Run
from trackio_client.integrations.transformers.kinds import gpu_trouble, is_out_of_memory, kind_of

TRACE_CHARACTERS: Final = 40_000
_TRIED: Final = re.compile(r"[Tt]ried to allocate (?P<size>[\d.]+) (?P<unit>[KMGT]?i?B|bytes)")
_UNITS: Final = {
    "B": 1,
    "bytes": 1,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
}


class Failures(Group):
    """Records `failure`, and `out_of_memory` beside it."""

    name: ClassVar[str] = "errors"

    def __init__(self) -> None:
        self._last: dict[str, Any] = {}
        self._last_step: int | None = None

    def logged(self, run: Run, logs: Mapping[str, Any]) -> None:
        self._last.update({name: v for name, v in logs.items() if isinstance(v, (int, float))})
        self._last_step = run.step

    def failed(self, run: Run, error: BaseException) -> None:
        kind = kind_of(error)
        told: dict[str, Any] = {
            "kind": kind,
            "error": type(error).__name__,
            "message": str(error)[:4_000],
            "trace": "".join(traceback.format_exception(error))[-TRACE_CHARACTERS:],
            "step": run.step,
            "epoch": run.epoch,
            "rank": run.rank,
            "last_metrics": dict(self._last),
            "last_metrics_step": self._last_step,
        }
        if batch := run.shared.get("failed_batch"):
            told["batch_shapes"] = batch
        if gpu := gpu_trouble(error):
            told["gpu"] = gpu
        if is_out_of_memory(error):
            memory = out_of_memory(run, error)
            told["out_of_memory"] = memory
            run.record("out_of_memory", memory)
        run.record("failure", told)
        run.run_summary["failure"] = {name: told[name] for name in ("kind", "error", "message", "step", "epoch")}


def out_of_memory(run: Run, error: BaseException) -> dict[str, Any]:
    """What is known about memory that did not suffice. Sizes in bytes."""
    args = run.args
    shapes: Mapping[str, list[int]] = run.shared.get("failed_batch") or {}
    is_host = isinstance(error, MemoryError) or "CPUAllocator" in str(error)
    told: dict[str, Any] = {"of": "host" if is_host else "device", **_device_memory()}
    if "allocated_bytes" not in told:
        told["not_recorded"] = "no CUDA device in this process: allocated, reserved and total are unknown"
    elif "total_bytes" not in told:
        told["not_recorded"] = "the device did not say how much memory it has, and how much of it is free"
    if (tried := _TRIED.search(str(error))) is not None:
        told["tried_bytes"] = round(float(tried["size"]) * _UNITS.get(tried["unit"], 1))
    batch = next((shape[0] for shape in shapes.values() if shape), None)
    ids = shapes.get("input_ids") or shapes.get("decoder_input_ids")
    length = ids[1] if ids is not None and len(ids) > 1 else None
    told |= {
        "batch_size": batch if batch is not None else getattr(args, "per_device_train_batch_size", None),
        "sequence_length": length,
        "gradient_accumulation_steps": getattr(args, "gradient_accumulation_steps", None),
        "batch_shapes": dict(shapes) or None,
        "step": run.step,
        "suggestions": suggestions(args, told, batch, length),
    }
    return {name: value for name, value in told.items() if value is not None}


def _device_memory() -> dict[str, Any]:
    """Of the device in use, by PyTorch's allocator and the driver; nothing where there is no CUDA."""
    import torch

    if not torch.cuda.is_available() or not torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        return {}
    told: dict[str, Any] = {}
    try:
        device = torch.cuda.current_device()
        told |= {
            "device": device,
            "device_name": torch.cuda.get_device_name(device),
            "allocated_bytes": torch.cuda.memory_allocated(device),
            "allocated_peak_bytes": torch.cuda.max_memory_allocated(device),
            "reserved_bytes": torch.cuda.memory_reserved(device),
        }
        free, total = torch.cuda.mem_get_info(device)
        told |= {"free_bytes": free, "total_bytes": total}
    except RuntimeError:  # a device that was lost answers nothing
        pass
    return told


def suggestions(args: Any, memory: Mapping[str, Any], batch: int | None, length: int | None) -> list[str]:
    """What to change, most likely first: each is a setting that is not in force yet."""
    found = []
    steps = int(getattr(args, "gradient_accumulation_steps", 1) or 1)
    size = int(getattr(args, "per_device_train_batch_size", batch or 1) or 1)
    if size > 1:
        found.append(
            f"per_device_train_batch_size={max(1, size // 2)} with gradient_accumulation_steps={steps * 2}: the same "
            "effective batch with about half of the activations"
        )
    has_saved = bool(getattr(args, "gradient_checkpointing", False) or getattr(args, "activation_checkpointing", False))
    if not has_saved:
        found.append(
            "gradient_checkpointing=True: activations are reckoned again instead of kept, about a third slower"
        )
    if not (getattr(args, "bf16", False) or getattr(args, "fp16", False)):
        found.append("bf16=True (or fp16=True on older GPUs): activations of half the size")
    if length is not None and length >= 512:
        found.append(f"a shorter maximal length than {length} tokens: attention and activations grow with it")
    if size == 1 and length is None:
        found.append("LoRA, or an 8-bit optimizer (optim='adamw_bnb_8bit'): less memory for gradients and optimizer")
    reserved, allocated = memory.get("reserved_bytes"), memory.get("allocated_bytes")
    if reserved and allocated is not None and reserved - allocated > 0.2 * reserved:
        found.append(
            f"PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True: {(reserved - allocated) / 2**30:.1f} GiB are reserved "
            "but not in use, so memory is in pieces"
        )
    total, free = memory.get("total_bytes"), memory.get("free_bytes")
    if total and free is not None and reserved is not None and total - free - reserved > 0.1 * total:
        others = (total - free - reserved) / 2**30
        found.append(f"end other programs on this GPU (nvidia-smi lists them): they hold {others:.1f} GiB")
    return found
