"""What every maker's file gives: readings by name, and faults."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Final, Protocol

GIB: Final = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuFault:
    """Something that went wrong with a GPU, told once."""

    gpu: str
    """Its number, as it stands in the names of its readings."""
    kind: str
    """`xid`, `ecc`, `lost`, `driver`."""
    code: int | None = None
    """Of an Xid its number, of ECC how many errors are new."""
    message: str

    def title(self) -> str:
        return f"GPU {self.gpu}: {self.message}" if self.gpu else self.message


class Maker(Protocol):
    """The GPUs of one maker on this machine."""

    def __len__(self) -> int: ...

    def names(self) -> dict[int, str]:
        """Number → model."""
        ...

    def read(self, *, process_only: bool = False) -> dict[str, float]:
        """`gpu_<i>_<reading>`: %, GiB, °C, W, MHz, MB/s; what cannot be read is absent."""
        ...

    def faults(self) -> list[GpuFault]:
        """What was noticed since the last call."""
        ...


def number(value: Any) -> float | None:
    """A reading as a number; libraries say "N/A", None or 65535 for what they do not know."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or value in (65_535, 2**32 - 1):
        return None
    return float(value)


def module(name: str) -> Any:
    """A library, or None where it is not installed or does not load (amdsmi without its driver raises anything)."""
    try:
        return importlib.import_module(name)
    except Exception:  # a library that looks for its driver when loaded raises what it likes: there is no such device
        return None


def text(given: Any) -> str:
    """Older NVML bindings answer bytes."""
    return given.decode(errors="replace") if isinstance(given, bytes) else str(given)
