"""What this machine's PyTorch can do: asked, never assumed (S1.61). An old or broken build answers no."""

from __future__ import annotations

from typing import Any


def can_bf16(on_cpu: bool = False) -> bool:
    """Mixed precision in bfloat16: GPUs from Ampere on, other accelerators that say so; on CPU with `use_cpu`."""
    torch = _torch()
    if torch is None:
        return False
    if on_cpu or not has_accelerator():
        return bool(on_cpu and hasattr(torch, "bfloat16"))
    try:
        from transformers import utils

        return bool(utils.is_torch_bf16_gpu_available())  # type: ignore[attr-defined]  # not declared as public
    except (ImportError, RuntimeError, AssertionError, AttributeError):
        return False


def can_fp16(on_cpu: bool = False) -> bool:
    """Mixed precision in float16: needs an accelerator."""
    return not on_cpu and has_accelerator()


def can_tf32(on_cpu: bool = False) -> bool:
    """TensorFloat-32: NVIDIA GPUs of compute capability 8 and above."""
    torch = _torch()
    try:
        return bool(
            not on_cpu
            and torch is not None
            and torch.cuda.is_available()
            and torch.version.cuda is not None
            and torch.cuda.get_device_capability()[0] >= 8
        )
    except (RuntimeError, AssertionError, AttributeError):
        return False


def has_accelerator() -> bool:
    """Whether PyTorch sees a device other than the CPU."""
    torch = _torch()
    for name in ("cuda", "xpu", "npu", "mlu", "musa"):
        device = getattr(torch, name, None)
        try:
            if device is not None and device.is_available():
                return True
        except (RuntimeError, AssertionError, AttributeError):
            continue
    mps = getattr(getattr(torch, "backends", None), "mps", None)
    try:
        return bool(mps is not None and mps.is_available())
    except (RuntimeError, AttributeError):
        return False


def _torch() -> Any:
    try:
        import torch
    except (ImportError, OSError, RuntimeError):  # a build whose libraries are missing raises more than ImportError
        return None
    return torch
