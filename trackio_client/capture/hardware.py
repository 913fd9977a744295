"""Hardware: a thread that reads GPUs and host at an interval and logs what it read.

Every reading stands alone: a GPU without a power sensor, a driver that dies in the middle, a machine with no GPU at
all leave out what they cannot tell and nothing else. What cannot be read is absent, never 0.
GPU numbers are the driver's, whatever CUDA_VISIBLE_DEVICES calls them; with it set, only those GPUs are read.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

GIB: Final = 2**30
FIRST_READING_S: Final = 1.0
"""A share of CPU time is one of a period: the first reading comes after this long, or the interval if shorter."""


class Gpus:
    """The GPUs of this machine, by NVML. Without a driver there are none."""

    def __init__(self, nvml: Any = None, environ: Mapping[str, str] = os.environ) -> None:
        self._nvml = nvml if nvml is not None else _nvml()
        self._handles: dict[int, Any] = {}
        if self._nvml is None:
            return
        try:
            self._nvml.nvmlInit()
            count = int(self._nvml.nvmlDeviceGetCount())
        except (self._nvml.NVMLError, OSError):  # no driver, or one that does not answer
            return
        for index in range(count):
            handle = self._ask("nvmlDeviceGetHandleByIndex", index)
            if handle is not None and self._is_visible(index, handle, environ):
                self._handles[index] = handle

    def __len__(self) -> int:
        return len(self._handles)

    def names(self) -> dict[int, str]:
        """Number → model, of those that tell it."""
        found = {index: self._ask("nvmlDeviceGetName", handle) for index, handle in self._handles.items()}
        return {index: _text(name) for index, name in found.items() if name}

    def read(self) -> dict[str, float]:
        """What can be read now, as `gpu_<i>_<reading>`: %, GiB, °C, W."""
        found: dict[str, float] = {}
        for index, handle in self._handles.items():
            found.update({f"gpu_{index}_{name}": value for name, value in self._readings(handle)})
        found.update(self._of_torch())
        return found

    def _readings(self, handle: Any) -> Iterator[tuple[str, float]]:
        use = self._ask("nvmlDeviceGetUtilizationRates", handle)
        if use is not None:
            yield "utilization", float(use.gpu)
        memory = self._ask("nvmlDeviceGetMemoryInfo", handle)
        if memory is not None:
            yield "memory_used", memory.used / GIB
            if memory.total:
                yield "memory_percent", 100.0 * memory.used / memory.total
        degrees = self._ask("nvmlDeviceGetTemperature", handle, getattr(self._nvml, "NVML_TEMPERATURE_GPU", 0))
        if degrees is not None:
            yield "temperature", float(degrees)
        milliwatts = self._ask("nvmlDeviceGetPowerUsage", handle)
        if milliwatts is not None:
            yield "power", milliwatts / 1000.0

    def _of_torch(self) -> Iterator[tuple[str, float]]:
        """What PyTorch's allocator holds, if this program uses it on GPUs; torch is never imported for this."""
        cuda = getattr(sys.modules.get("torch"), "cuda", None)
        try:
            if cuda is None or not cuda.is_initialized():
                return
            numbers = list(self._handles) or list(range(cuda.device_count()))
            for place, index in enumerate(numbers[: cuda.device_count()]):
                yield f"gpu_{index}_memory_allocated", cuda.memory_allocated(place) / GIB
                yield f"gpu_{index}_memory_reserved", cuda.memory_reserved(place) / GIB
        except (RuntimeError, AssertionError, AttributeError):  # a build without CUDA, or a device that was lost
            return

    def _ask(self, function: str, *given: Any) -> Any:
        """One answer of NVML, None when there is none: not supported, no permission, GPU lost, driver gone."""
        try:
            return getattr(self._nvml, function)(*given)
        except (self._nvml.NVMLError, AttributeError, OSError):
            return None

    def _is_visible(self, index: int, handle: Any, environ: Mapping[str, str]) -> bool:
        chosen = [word.strip() for word in environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if word.strip()]
        if not chosen:
            return "CUDA_VISIBLE_DEVICES" not in environ or environ["CUDA_VISIBLE_DEVICES"] != ""
        uuid = _text(self._ask("nvmlDeviceGetUUID", handle) or "")
        return any(word == str(index) or (not word.isdecimal() and uuid and uuid.startswith(word)) for word in chosen)


class Host:
    """CPU and memory of the machine and of this process, by psutil. Without psutil nothing is read."""

    def __init__(self, psutil: Any = None) -> None:
        self._psutil = psutil if psutil is not None else _module("psutil")
        self._process = self._ask(lambda: self._psutil.Process())
        self._cpu()  # the first answer of psutil covers no time; it is thrown away

    def read(self) -> dict[str, float]:
        """What can be read now: %, GiB. A process at 200 % keeps two cores busy."""
        found = self._cpu()
        memory = self._ask(lambda: self._psutil.virtual_memory())
        if memory is not None:
            found["memory_percent"] = float(memory.percent)
            found["memory_used"] = (memory.total - memory.available) / GIB
        if self._process is not None and (own := self._ask(lambda: self._process.memory_info())) is not None:
            found["process_memory"] = own.rss / GIB
        return found

    def _cpu(self) -> dict[str, float]:
        asked = {"cpu_percent": lambda: self._psutil.cpu_percent(None)}
        if self._process is not None:
            asked["process_cpu_percent"] = lambda: self._process.cpu_percent(None)
        read = {name: self._ask(question) for name, question in asked.items()}
        return {name: float(value) for name, value in read.items() if value is not None}

    def _ask(self, question: Callable[[], Any]) -> Any:
        if self._psutil is None:
            return None
        try:
            return question()
        except (self._psutil.Error, OSError, AttributeError):
            return None


class HardwareSampler:
    """Reads and logs every `interval_s` on a thread of its own, until `stop`.

    Args:
        log: takes readings (`system/…`) and a step, as Experiment.log does.
        step: the step to log at: the last one that the training logged.
        interval_s: between readings; 0 reads nothing.
    """

    def __init__(
        self,
        log: Callable[[dict[str, float], int], object],
        step: Callable[[], int],
        *,
        interval_s: float = 10.0,
        gpus: Gpus | None = None,
        host: Host | None = None,
    ) -> None:
        self._log, self._step, self._interval_s = log, step, interval_s
        self._gpus, self._host = gpus, host
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
        self._gpus = self._gpus if self._gpus is not None else Gpus()
        self._host = self._host if self._host is not None else Host()
        return {f"system/{name}": value for name, value in (self._gpus.read() | self._host.read()).items()}

    def _run(self) -> None:
        try:
            self._gpus = self._gpus if self._gpus is not None else Gpus()
            self._host = self._host if self._host is not None else Host()
            wait_s = min(FIRST_READING_S, self._interval_s)
            while not self._stopped.wait(wait_s):
                if found := self.read():
                    self._log(found, self._step())
                wait_s = self._interval_s
        except Exception as error:  # a thread's outermost edge: hardware is a help, never a reason to stop
            import logging

            logging.getLogger("trackio_client").warning(
                "hardware is no longer recorded: %s: %s", type(error).__name__, error
            )


def _nvml() -> Any:
    return _module("pynvml")


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _text(given: Any) -> str:
    """Older NVML bindings answer bytes."""
    return given.decode(errors="replace") if isinstance(given, bytes) else str(given)
