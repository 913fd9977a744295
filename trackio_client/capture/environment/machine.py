"""The machine: system, processor, memory, GPUs and their drivers (S2.21, S3.40). Each reading stands alone."""

from __future__ import annotations

import contextlib
import importlib
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from trackio_client.capture.environment.found import Found

_CPUINFO: Final = Path("/proc/cpuinfo")
_MEMINFO: Final = Path("/proc/meminfo")
_CGROUP: Final = Path("/sys/fs/cgroup")
_KINDS: Final = {"model name": "model", "Model": "model", "Hardware": "model"}


def python() -> Found:
    found = Found()
    found.put("python.version", platform.python_version())
    found.put("python.implementation", platform.python_implementation())
    found.put("python.build", " ".join(platform.python_build()))
    found.put("python.executable", sys.executable or "unknown")
    if sys.prefix != sys.base_prefix:
        found.put("python.virtual_environment", sys.prefix)
    return found


def system() -> Found:
    """Operating system, kernel, C library."""
    found = Found()
    told = platform.uname()
    found.put("platform.system", told.system)
    found.put("platform.kernel", told.release)
    found.put("platform.kernel_version", told.version)
    found.put("platform.machine", told.machine)
    try:
        release = platform.freedesktop_os_release()
        found.put("platform.distribution", release.get("PRETTY_NAME") or release.get("NAME", "unknown"))
    except (OSError, AttributeError):
        if told.system == "Darwin":
            found.put("platform.distribution", f"macOS {platform.mac_ver()[0]}")
        elif told.system == "Windows":
            found.put("platform.distribution", f"Windows {platform.win32_ver()[0]}")
        else:
            found.lacks("platform.distribution", "there is no os-release file")
    library = " ".join(platform.libc_ver()).strip()
    if library:
        found.put("platform.libc", library)
    return found


def processor() -> Found:
    found = Found()
    model = _cpu_model() or platform.processor()
    if model:
        found.put("cpu.model", model)
    else:
        found.lacks("cpu.model", "the system does not tell it")
    found.put("cpu.logical", os.cpu_count() or 1)
    if hasattr(os, "sched_getaffinity"):
        found.put("cpu.available", len(os.sched_getaffinity(0)))
    if (limit := _cgroup_cpus()) is not None:
        found.put("cpu.limit", limit)
    psutil = _module("psutil")
    physical = psutil.cpu_count(logical=False) if psutil is not None else None
    if physical:
        found.put("cpu.physical", physical)
    return found


def memory() -> Found:
    found = Found()
    psutil = _module("psutil")
    if psutil is not None:
        found.put("memory.total_bytes", int(psutil.virtual_memory().total))
    elif _MEMINFO.is_file():
        first = _MEMINFO.read_text(encoding="ascii").partition("\n")[0]
        found.put("memory.total_bytes", int(first.split()[1]) * 1024)
    else:
        found.lacks("memory.total_bytes", "psutil is not installed")
    limit = _line(_CGROUP / "memory.max") or _line(_CGROUP / "memory" / "memory.limit_in_bytes")
    if limit.isdecimal() and int(limit) < 2**60:
        found.put("memory.limit_bytes", int(limit))
    return found


def gpus(environ: Mapping[str, str]) -> Found:
    """What the drivers tell: NVIDIA's by NVML, AMD's by amdsmi, and what torch says if the program uses it."""
    found = Found()
    visible = {
        name: environ[name]
        for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
        if name in environ
    }
    if visible:
        found.put("gpu.visible", visible)
    why = _nvidia(found)
    if why:
        amd = _amd(found)
        if amd:
            reasons = f"{why}; {amd}"
            found.lacks("gpu.devices", reasons)
            found.lacks("gpu.driver", reasons)
    of_torch(found)
    return found


def _nvidia(found: Found) -> str:
    """Puts what NVML tells; a text says why there is nothing."""
    nvml = _module("pynvml")
    if nvml is None:
        return "nvidia-ml-py is not installed"
    try:
        nvml.nvmlInit()
    except (nvml.NVMLError, OSError) as error:
        return f"no NVIDIA driver ({error})"
    try:
        found.put("gpu.driver", _text(nvml.nvmlSystemGetDriverVersion()))
        devices = [_device(nvml, index) for index in range(int(nvml.nvmlDeviceGetCount()))]
        if not devices:
            return "the NVIDIA driver knows no GPU"
        found.put("gpu.devices", devices)
        found.put("gpu.count", len(devices))
        for function in ("nvmlSystemGetCudaDriverVersion_v2", "nvmlSystemGetCudaDriverVersion"):
            if hasattr(nvml, function):
                version = int(getattr(nvml, function)())
                found.put("gpu.cuda_of_driver", f"{version // 1000}.{version % 1000 // 10}")
                break
    except (nvml.NVMLError, OSError) as error:
        return f"the NVIDIA driver does not answer ({error})"
    finally:
        with contextlib.suppress(nvml.NVMLError, OSError):
            nvml.nvmlShutdown()  # counted: whoever else has it open keeps it
    return ""


def _device(nvml: Any, index: int) -> dict[str, Any]:
    """One GPU; what it does not tell is absent."""
    told: dict[str, Any] = {"index": index}

    def ask(name: str, function: str, shape: Any) -> None:
        try:
            told[name] = shape(getattr(nvml, function)(handle))
        except (nvml.NVMLError, AttributeError, OSError):
            return

    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
    except (nvml.NVMLError, OSError) as error:
        return told | {"not_captured": str(error)}
    ask("name", "nvmlDeviceGetName", _text)
    ask("uuid", "nvmlDeviceGetUUID", _text)
    ask("memory_bytes", "nvmlDeviceGetMemoryInfo", lambda info: int(info.total))
    ask("power_limit_w", "nvmlDeviceGetEnforcedPowerLimit", lambda milliwatts: milliwatts / 1000)
    ask("mig", "nvmlDeviceGetMigMode", lambda modes: bool(modes[0]))
    ask("capability", "nvmlDeviceGetCudaComputeCapability", lambda pair: f"{pair[0]}.{pair[1]}")
    return told


def _amd(found: Found) -> str:
    smi = _module("amdsmi")
    if smi is None:
        return "amdsmi is not installed"
    try:
        smi.amdsmi_init()
        handles = smi.amdsmi_get_processor_handles()
        devices = []
        for index, handle in enumerate(handles):
            asic = smi.amdsmi_get_gpu_asic_info(handle)
            devices.append({"index": index, "name": str(asic.get("market_name", "unknown"))})
        if not devices:
            return "the AMD driver knows no GPU"
        found.put("gpu.devices", devices)
        found.put("gpu.count", len(devices))
        found.put("gpu.driver", str(smi.amdsmi_get_gpu_driver_info(handles[0]).get("driver_version", "unknown")))
    except Exception as error:  # its errors differ from version to version: the reason stands where the facts would
        return f"no AMD driver ({type(error).__name__})"
    return ""  # not shut down: that is not counted, and the sampler may have it open


def of_torch(found: Found) -> None:
    """What an imported PyTorch was built for. It is never imported for this, and no GPU is touched."""
    torch = sys.modules.get("torch")
    version = getattr(torch, "version", None)
    if version is None:
        return
    for name, value in (("cuda", "cuda"), ("hip", "rocm")):
        if (built := getattr(version, name, None)) is not None:
            found.put(f"gpu.{value}", str(built))
    if getattr(version, "cuda", None) is None and getattr(version, "hip", None) is None:
        found.lacks("gpu.cuda", "this PyTorch was built without CUDA")
        return
    try:
        cudnn = torch.backends.cudnn.version()  # type: ignore[union-attr]
        if cudnn is not None:
            found.put("gpu.cudnn", str(cudnn))
    except (AttributeError, RuntimeError, OSError):
        return


def _cpu_model() -> str:
    if sys.platform == "darwin":
        import ctypes
        import ctypes.util

        library = ctypes.CDLL(ctypes.util.find_library("c"))
        size = ctypes.c_size_t(256)
        buffer = ctypes.create_string_buffer(size.value)
        asked = library.sysctlbyname(b"machdep.cpu.brand_string", buffer, ctypes.byref(size), None, 0)
        return "" if asked else buffer.value.decode("utf-8", "replace")
    try:
        with _CPUINFO.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                key, _, value = line.partition(":")
                if key.strip() in _KINDS:
                    return value.strip()
    except OSError:
        return ""
    return ""


def _cgroup_cpus() -> float | None:
    """How many processors a container may use, when it is limited."""
    quota, _, period = _line(_CGROUP / "cpu.max").partition(" ")
    if not quota.isdecimal():
        quota = _line(_CGROUP / "cpu" / "cpu.cfs_quota_us")
        period = _line(_CGROUP / "cpu" / "cpu.cfs_period_us")
    if quota.isdecimal() and period.isdecimal() and int(period):
        return int(quota) / int(period)
    return None


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except (ImportError, OSError, AttributeError, KeyError):  # amdsmi looks for its library when it is imported
        return None


def _text(given: Any) -> str:
    return given.decode(errors="replace") if isinstance(given, bytes) else str(given)
