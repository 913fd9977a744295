"""Which kind of failure an exception is, from its class, its words and where it was raised (S4.19–S4.21).

    out_of_memory   of a device, or of the host
    gpu             the device itself: Xid, ECC, lost, fallen off the bus; `gpu` says which
    cuda            a kernel or a library of CUDA failed
    nan             a number that is none, where somebody checks for it
    data            raised while a batch was read or collated
    interrupted     ctrl-C, or a signal that asks to end
    killed          a process of the training was killed: a data worker, a rank
    unknown         everything else: its class and trace say more than a word could

Being killed oneself leaves no exception: that is seen by the silence afterwards (queries/states.py).
"""

from __future__ import annotations

import re
import traceback
from typing import Any, Final

KINDS: Final = ("out_of_memory", "gpu", "cuda", "nan", "data", "interrupted", "killed", "unknown")

_GPU: Final = (
    # what CUDA and the driver say, as in the list of cudaError_t and of Xid errors
    ("ecc", re.compile(r"\becc\b|uncorrectable (?:memory )?error|row remap", re.I)),
    ("lost", re.compile(r"gpu is lost|fallen off the bus|device (?:is )?(?:lost|unavailable)|no cuda-capable", re.I)),
    ("xid", re.compile(r"\bxid\b", re.I)),
    ("nvlink", re.compile(r"nvlink error", re.I)),
)  # fmt: skip
_XID: Final = re.compile(r"\bxid\b(?:\s*\([^)]*\))?\D{0,12}?(\d{1,3})\b", re.I)
_XID_MEANS: Final = {
    13: "a kernel failed, often by an index out of range",
    31: "a kernel touched memory that is not its own",
    43: "the program's kernel hung or was reset; the device is well",
    45: "stopped by the driver after an earlier error",
    48: "a double-bit ECC error: the device needs a reset",
    63: "memory rows are being retired or remapped",
    64: "remapping memory rows failed: the device needs service",
    74: "an NVLink error",
    79: "the device has fallen off the bus: the machine needs a restart, or service",
    94: "a contained ECC error: this program is lost, others are not",
    95: "an uncontained ECC error: the device needs a reset",
    119: "the device's firmware does not answer",
    120: "the device's firmware failed",
}
_MEMORY: Final = re.compile(
    r"out of memory|CUDA_ERROR_OUT_OF_MEMORY|CUBLAS_STATUS_ALLOC_FAILED|can't allocate memory|cannot allocate memory|"
    r"DefaultCPUAllocator|MPS backend out of memory",
    re.I,
)
_CUDA: Final = re.compile(r"\bCUDA\b|cudaError|cublas|cudnn|cufft|nccl|hip error|device-side assert|triton", re.I)
_NAN: Final = re.compile(r"\bnan\b|\binf(?:inity)?\b.*(?:loss|gradient)|non-?finite|not finite", re.I)
_KILLED: Final = re.compile(
    r"(?:is|was) killed by signal|exitcode[ :=]*-(?:9|15)|SIGKILL|SIGTERM|worker .*exited unexpectedly", re.I
)
_DATA_FILES: Final = re.compile(
    r"[/\\](?:torch[/\\]utils[/\\]data|datasets|accelerate[/\\]data_loader|transformers[/\\]data)(?:[/\\.])", re.I
)


def kind_of(error: BaseException) -> str:
    """One of KINDS."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        return "interrupted"
    if gpu_trouble(error):
        return "gpu"
    if is_out_of_memory(error):
        return "out_of_memory"
    if _KILLED.search(text):
        return "killed"
    if isinstance(error, (RuntimeError, OSError)) and _CUDA.search(text):
        return "cuda"
    if isinstance(error, FloatingPointError) or (
        isinstance(error, (RuntimeError, ValueError, ArithmeticError)) and _NAN.search(text)
    ):
        return "nan"
    if _is_of_data(error):
        return "data"
    return "unknown"


def is_out_of_memory(error: BaseException) -> bool:
    """Of a device (torch.OutOfMemoryError and older forms), or of the host."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or (isinstance(error, (RuntimeError, OSError)) and _MEMORY.search(str(error)) is not None)
    )


def gpu_trouble(error: BaseException) -> dict[str, Any]:
    """What a message says of the device itself: {"what": "ecc" | "lost" | "xid" | "nvlink", "xid", "means"}, or {}."""
    if not isinstance(error, (RuntimeError, OSError)):
        return {}
    text = str(error)
    number = _XID.search(text)
    for what, words in _GPU:
        if words.search(text):
            told: dict[str, Any] = {"what": what}
            if number is not None:
                told["xid"] = int(number[1])
                if (means := _XID_MEANS.get(int(number[1]))) is not None:
                    told["means"] = means
            return told
    return {}


def _is_of_data(error: BaseException) -> bool:
    """Whether it was raised while a batch was read: the innermost frames before ours are of a data loader."""
    frames = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    if "Caught " in str(error) and "in DataLoader worker process" in str(error):
        return True
    return any(_DATA_FILES.search(name) for name in frames)
