"""CPU, memory, disk and network of the machine, and of this process with its children, by psutil.

In a container that is limited, percent are of what it may use (cgroups.py). Rates are of the time since the last
reading, so the first reading has none.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from trackio_client.capture.cgroups import Limits
from trackio_client.capture.gpus.device import GIB, module

MB: Final = 1e6
_MOST_CHILDREN: Final = 128
LEAST_PERIOD_S: Final = 0.1
"""Shares and rates of a shorter time say nothing, mostly 0: they are left out."""


class Host:
    """The machine. Without psutil nothing is read.

    Args:
        psutil: stands for the library; None loads it.
        limits: of the container.
        folder: whose disk is told; None is the working folder.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        psutil: Any = None,
        limits: Limits | None = None,
        folder: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._psutil = psutil if psutil is not None else module("psutil")
        self._limits = limits if limits is not None else Limits()
        self._folder, self._clock = folder, clock
        self._process = self._ask(lambda: self._psutil.Process())
        self._children: dict[int, Any] = {}
        self._at, self._is_first = clock(), True
        self._cpu_s: float | None = None
        self._counters: dict[str, float] = {}
        self.read()  # the first answers of psutil cover no time; they are thrown away

    def read(self, *, process_only: bool = False) -> dict[str, float]:
        """What can be read now: %, GiB, MB/s. A process at 200 % keeps two cores busy."""
        now = self._clock()
        took_s = now - self._at
        if is_period := took_s >= LEAST_PERIOD_S or self._is_first:
            self._at = now
        found = dict(self._of_process(is_period))
        if not process_only:
            found |= dict(self._of_machine(took_s, is_period))
        self._is_first = False
        return found

    # --- the machine ------------------------------------------------------------------------------------------------

    def _of_machine(self, took_s: float, is_period: bool) -> Iterator[tuple[str, float]]:
        if is_period:
            yield from self._cpu(took_s)
            yield from self._rates(took_s)
        memory = self._ask(lambda: self._psutil.virtual_memory())
        own = self._limits.memory()
        if own is not None and (memory is None or own[1] < memory.total):
            used, limit = own
            if limit:
                yield "memory_percent", 100.0 * used / limit
            yield "memory_used", used / GIB
            yield "memory_available", max(0, limit - used) / GIB
        elif memory is not None:
            yield "memory_percent", float(memory.percent)
            yield "memory_used", (memory.total - memory.available) / GIB
            yield "memory_available", memory.available / GIB
        swap = self._ask(lambda: self._psutil.swap_memory())
        if swap is not None and swap.total:
            yield "swap_percent", float(swap.percent)
        disk = self._ask(lambda: self._psutil.disk_usage(str(self._folder or Path.cwd())))
        if disk is not None:
            yield "disk_percent", float(disk.percent)
            yield "disk_free", disk.free / GIB

    def _cpu(self, took_s: float) -> Iterator[tuple[str, float]]:
        whole, limited = self._ask(lambda: self._psutil.cpu_percent(None)), self._limited_cpu(took_s)
        if limited is not None or whole is not None:
            yield "cpu_percent", float(whole) if limited is None else limited

    def _limited_cpu(self, took_s: float) -> float | None:
        """Percent of the CPU time that the container may use; None without a limit, and of no time."""
        if self._limits.cpus is None:
            return None
        used = self._limits.cpu_s()
        before, self._cpu_s = self._cpu_s, used
        if used is None or before is None or took_s <= 0:
            return None
        return max(0.0, 100.0 * (used - before) / (took_s * self._limits.cpus))

    def _rates(self, took_s: float) -> Iterator[tuple[str, float]]:
        disk = self._ask(lambda: self._psutil.disk_io_counters())
        network = self._ask(lambda: self._psutil.net_io_counters())
        totals = {
            "disk_read": getattr(disk, "read_bytes", None),
            "disk_write": getattr(disk, "write_bytes", None),
            "network_sent": getattr(network, "bytes_sent", None),
            "network_received": getattr(network, "bytes_recv", None),
        }
        for name, total in totals.items():
            if total is None:
                continue
            before = self._counters.get(name)
            self._counters[name] = total
            if before is not None and total >= before and took_s > 0:  # counters begin anew when devices come and go
                yield name, (total - before) / MB / took_s

    # --- this process -----------------------------------------------------------------------------------------------

    def _of_process(self, is_period: bool) -> Iterator[tuple[str, float]]:
        process = self._process
        if process is None:
            return
        busy = self._ask(lambda: process.cpu_percent(None)) if is_period else None
        if busy is not None:
            yield "process_cpu_percent", float(busy)
        own = self._ask(lambda: process.memory_info())
        if own is not None:
            yield "process_memory", own.rss / GIB
        yield from self._of_children(is_period)

    def _of_children(self, is_period: bool) -> Iterator[tuple[str, float]]:
        """Data loaders' workers, mostly. What they share with this process counts in each of them."""
        pids = _children(os.getpid())
        if pids is None:
            return
        known = {pid: self._children.get(pid) or self._ask(lambda pid=pid: self._psutil.Process(pid)) for pid in pids}  # type: ignore[misc]
        self._children = {pid: child for pid, child in known.items() if child is not None}
        busy = [self._ask(lambda child=child: child.cpu_percent(None)) for child in self._children.values()]  # type: ignore[misc]
        held = [self._ask(lambda child=child: child.memory_info()) for child in self._children.values()]  # type: ignore[misc]
        if is_period and any(value is not None for value in busy):
            yield "children_cpu_percent", float(sum(value for value in busy if value is not None))
        if any(value is not None for value in held):
            yield "children_memory", sum(value.rss for value in held if value is not None) / GIB

    def _ask(self, question: Callable[[], Any]) -> Any:
        if self._psutil is None:
            return None
        try:
            return question()
        except (self._psutil.Error, OSError, AttributeError, RuntimeError):
            return None


def _children(pid: int) -> list[int] | None:
    """The descendants of a process, at most 128; None where the kernel does not list them.

    psutil would read every process of the machine for it, at every reading.
    """
    found: list[int] = []
    waiting = [pid]
    while waiting and len(found) < _MOST_CHILDREN:
        try:
            parent = waiting.pop()
            tasks = list(Path(f"/proc/{parent}/task").iterdir())
        except OSError:
            if parent == pid:
                return None
            continue
        for task in tasks:
            try:
                own = [int(word) for word in (task / "children").read_text(encoding="ascii").split()]
            except (OSError, ValueError):
                continue
            found += own
            waiting += own
    return found
