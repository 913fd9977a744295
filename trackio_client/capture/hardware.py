"""Hardware: a thread that reads GPUs and host at an interval and logs what it read.

Every reading stands alone: a GPU without a power sensor, a driver that dies in the middle, a machine with no GPU at
all leave out what they cannot tell and nothing else. What cannot be read is absent, never 0.

Of several ranks on one machine the first reads the machine and all GPUs that it sees; the others read what is theirs:
their process, what they hold of a GPU, and GPUs that the first one does not see.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from trackio_client.capture.gpus.device import GIB, GpuFault
from trackio_client.capture.gpus.every import Gpus
from trackio_client.capture.host import LEAST_PERIOD_S, Host
from trackio_client.capture.ranks import ALONE, Ranks

__all__ = ["GIB", "GpuFault", "Gpus", "HardwareSampler", "Host", "reading"]

FIRST_READING_S: Final = 1.0
"""A share of CPU time is one of a period: the first reading comes after this long, or the interval if shorter."""


class HardwareSampler:
    """Reads and logs every `interval_s` on a thread of its own, until `stop`.

    Args:
        log: takes readings (`system/…`) and a step, as Experiment.log does.
        step: the step to log at: the last one that the training logged.
        interval_s: between readings; 0 reads nothing.
        gpus: the GPUs; None looks for them.
        host: the machine; None is this one.
        ranks: the place of this process among those that log to the experiment.
        on_fault: told what went wrong with a GPU.
    """

    def __init__(
        self,
        log: Callable[[dict[str, float], int], object],
        step: Callable[[], int],
        *,
        interval_s: float = 10.0,
        gpus: Gpus | None = None,
        host: Host | None = None,
        ranks: Ranks = ALONE,
        on_fault: Callable[[GpuFault], object] | None = None,
    ) -> None:
        self._log, self._step, self._interval_s = log, step, interval_s
        self._gpus, self._host = gpus, host
        self._ranks, self._on_fault = ranks, on_fault
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trackio-hardware", daemon=True)

    def start(self) -> HardwareSampler:
        """Begin, unless the interval is 0. NVML is loaded on the thread: a slow driver holds nothing up."""
        if self._interval_s > 0:
            self._thread.start()
        return self

    def stop(self, timeout_s: float = 2.0) -> None:
        """End; a reading in progress is waited for. May be called again."""
        self._stopped.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def read(self) -> dict[str, float]:
        """All readings of now, named `system/…`."""
        gpus, host = self._open()
        own = not self._ranks.is_local_main
        found = gpus.read(process_only=own and not self._sees_its_own(gpus)) | host.read(process_only=own)
        return {f"system/{name}": value for name, value in found.items()}

    def _open(self) -> tuple[Gpus, Host]:
        self._gpus = self._gpus if self._gpus is not None else Gpus()
        self._host = self._host if self._host is not None else Host()
        return self._gpus, self._host

    def _sees_its_own(self, gpus: Gpus) -> bool:
        """Whether this rank was given GPUs that the first rank of the machine does not see.

        A launcher that shows each rank its own shows each of them fewer than there are ranks.
        """
        return 0 < len(gpus) < (self._ranks.local_world_size or len(gpus) + 1)

    def _run(self) -> None:
        try:
            gpus, _ = self._open()
            wait_s = min(FIRST_READING_S, self._interval_s)
            while not self._stopped.wait(wait_s):
                if found := self.read():
                    self._log(found, self._step())
                for fault in gpus.faults():
                    if self._on_fault is not None:
                        self._on_fault(fault)
                wait_s = self._interval_s
        except Exception as error:  # a thread's outermost edge: hardware is a help, never a reason to stop
            import logging

            logging.getLogger("trackio_client").warning(
                "hardware is no longer recorded: %s: %s", type(error).__name__, error
            )


def reading(gpus: Gpus | None = None, host: Host | None = None) -> Mapping[str, float]:
    """One reading of everything by S1.24's names: `gpu_<i>_utilization`, `gpu_<i>_memory_allocated`, `cpu_percent` …

    Who asks more than once keeps `Gpus()` and `Host()`: shares of CPU time are of the time since the last reading, and
    without a `Host` that was there before, of the tenth of a second that this waits for.
    """
    if host is None:
        host = Host()
        time.sleep(LEAST_PERIOD_S)
    return (gpus if gpus is not None else Gpus()).read() | host.read()
