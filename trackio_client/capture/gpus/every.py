"""All GPUs of this machine, whoever made them, as one set of readings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from trackio_client.capture.gpus.allocators import allocated
from trackio_client.capture.gpus.amd import Amd
from trackio_client.capture.gpus.apple import Apple
from trackio_client.capture.gpus.device import GpuFault, Maker
from trackio_client.capture.gpus.nvidia import Nvidia, visible


class Gpus:
    """The GPUs that this program may see. Where there are none, everything is empty.

    Args:
        nvml: stands for NVIDIA's library; None loads it.
        environ: which GPUs are visible.
        others: other makers' GPUs; None looks for them.
    """

    def __init__(
        self, nvml: Any = None, environ: Mapping[str, str] = os.environ, others: list[Maker] | None = None
    ) -> None:
        self._environ = environ
        self._nvidia = Nvidia(nvml, environ)
        found: list[Maker] = [Amd(environ=environ), Apple()] if others is None else others
        self._makers: list[Maker] = [self._nvidia, *(maker for maker in found if len(maker))]

    def __len__(self) -> int:
        return sum(len(maker) for maker in self._makers)

    def names(self) -> dict[int, str]:
        """Number → model, of those that tell it."""
        return {index: name for maker in self._makers for index, name in maker.names().items()}

    def read(self, *, process_only: bool = False) -> dict[str, float]:
        """What can be read now, as `gpu_<i>_<reading>`: %, GiB, °C, W, MHz, MB/s.

        With `process_only`, what this process has of them: another rank reads the devices.
        """
        found: dict[str, float] = {}
        for maker in reversed(self._makers):
            found.update(maker.read(process_only=process_only))
        held = allocated(self._nvidia.indices(), self._nvidia.uuids(), visible(self._environ))
        return held | found

    def faults(self) -> list[GpuFault]:
        """What went wrong since the last call: Xid messages, memory errors, a GPU or driver that is lost."""
        return [fault for maker in self._makers for fault in maker.faults()]
