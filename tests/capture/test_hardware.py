"""Hardware readings: each on its own, absent rather than 0, and never a reason to stop."""

import importlib.util
import sys
import threading
import time
import types
from pathlib import Path

import pytest

from trackio_client.capture.hardware import Gpus, HardwareSampler, Host

_spec = importlib.util.spec_from_file_location("made_up_nvml", Path(__file__).with_name("made_up_nvml.py"))
made_up = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(made_up)


@pytest.mark.requirement("S1.24")
def test_every_gpu_tells_use_memory_temperature_and_power():
    found = Gpus(made_up.MadeUpNvml(), environ={}).read()
    assert found["gpu_0_utilization"] == 93
    assert found["gpu_1_utilization"] == 94
    assert (found["gpu_0_memory_used"], found["gpu_0_memory_percent"]) == (20.0, 25.0)
    assert (found["gpu_0_temperature"], found["gpu_0_power"]) == (61.0, 412.5)


@pytest.mark.requirement("S1.24")
@pytest.mark.parametrize(
    ("call", "reading"),
    [
        ("nvmlDeviceGetUtilizationRates", "utilization"),
        ("nvmlDeviceGetMemoryInfo", "memory_used"),
        ("nvmlDeviceGetTemperature", "temperature"),
        ("nvmlDeviceGetPowerUsage", "power"),
    ],
)
def test_a_reading_that_fails_is_absent_and_the_others_stay(call, reading):
    whole = Gpus(made_up.MadeUpNvml(1), environ={}).read()
    found = Gpus(made_up.MadeUpNvml(1, {call}), environ={}).read()
    assert f"gpu_0_{reading}" in whole
    assert f"gpu_0_{reading}" not in found
    assert len(found) >= 3


@pytest.mark.parametrize("call", ["nvmlInit", "nvmlDeviceGetCount", "nvmlDeviceGetHandleByIndex"])
def test_a_machine_without_a_driver_has_no_gpu(call):
    gpus = Gpus(made_up.MadeUpNvml(2, {call}), environ={})
    assert len(gpus) == 0
    assert gpus.read() == {}


def test_a_driver_that_dies_midway_leaves_the_host_readings():
    nvml = made_up.MadeUpNvml()
    gpus = Gpus(nvml, environ={})
    sampler = HardwareSampler(lambda *_: None, lambda: 0, gpus=gpus)
    assert "system/gpu_0_power" in sampler.read()
    nvml.broken = {name for name in dir(nvml) if name.startswith("nvml")}
    later = sampler.read()
    assert not any("gpu" in name for name in later)
    assert later["system/memory_percent"] > 0


@pytest.mark.parametrize(("visible", "numbers"), [("1", {1}), ("0,1", {0, 1}), ("GPU-00000001", {1}), ("", set())])
def test_only_the_gpus_of_this_program_are_read(visible, numbers):
    found = Gpus(made_up.MadeUpNvml(), environ={"CUDA_VISIBLE_DEVICES": visible}).read()
    assert {int(name.split("_")[1]) for name in found} == numbers


def test_gpus_are_named():
    assert Gpus(made_up.MadeUpNvml(1), environ={}).names() == {0: "NVIDIA Made-Up 80GB"}


@pytest.mark.requirement("S1.59")
def test_without_psutil_and_nvml_nothing_is_read(monkeypatch):
    for name in ("psutil", "pynvml"):
        monkeypatch.setitem(sys.modules, name, None)
    assert Host().read() == {}
    assert Gpus().read() == {}


def lost() -> int:
    raise RuntimeError("CUDA error: device lost, made up")


@pytest.mark.requirement("S1.61")
@pytest.mark.parametrize(
    "cuda",
    [
        None,  # an old build
        types.SimpleNamespace(),  # one without these functions
        types.SimpleNamespace(is_initialized=lambda: False),  # no CUDA on this machine
        types.SimpleNamespace(is_initialized=lambda: True, device_count=lost),
    ],
)
def test_a_pytorch_without_cuda_or_an_old_one_leaves_its_readings_out(monkeypatch, cuda):
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(**({} if cuda is None else {"cuda": cuda})))
    without = Gpus(made_up.MadeUpNvml(0), environ={}).read()
    assert without == {}
    assert "gpu_0_utilization" in Gpus(made_up.MadeUpNvml(1), environ={}).read()


def test_what_the_allocator_of_pytorch_holds_is_told_under_the_drivers_number(monkeypatch):
    cuda = types.SimpleNamespace(
        is_initialized=lambda: True,
        device_count=lambda: 1,
        memory_allocated=lambda place: 2 * 2**30,
        memory_reserved=lambda place: 3 * 2**30,
    )
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(cuda=cuda))
    found = Gpus(made_up.MadeUpNvml(2), environ={"CUDA_VISIBLE_DEVICES": "1"}).read()
    assert (found["gpu_1_memory_allocated"], found["gpu_1_memory_reserved"]) == (2.0, 3.0)


def test_the_host_is_read_in_percent_and_gib():
    found = Host().read()
    assert 0 < found["memory_percent"] <= 100
    assert 0 < found["process_memory"] < found["memory_used"] * 10


def test_readings_carry_the_last_step_and_stop_when_told():
    logged, enough = [], threading.Event()

    def log(values, step):
        logged.append((step, set(values)))
        if len(logged) == 3:
            enough.set()

    gpus = Gpus(made_up.MadeUpNvml(1), environ={})
    sampler = HardwareSampler(log, lambda: 41 + len(logged), interval_s=0.01, gpus=gpus).start()
    assert enough.wait(60)
    sampler.stop()
    count = len(logged)
    sampler.stop()
    assert [step for step, _ in logged[:3]] == [41, 42, 43]
    assert all("system/gpu_0_utilization" in names for _, names in logged)
    assert len(logged) == count
    assert not any(thread.name == "trackio-hardware" for thread in threading.enumerate())


def test_an_interval_of_0_reads_nothing():
    sampler = HardwareSampler(lambda *_: pytest.fail("read"), lambda: 0, interval_s=0).start()
    assert not any(thread.name == "trackio-hardware" for thread in threading.enumerate())
    sampler.stop()


def test_a_sampler_that_fails_says_so_once_and_ends(caplog):
    class Odd(Gpus):
        def read(self, *, process_only=False):
            raise ZeroDivisionError("made up")

    HardwareSampler(lambda *_: None, lambda: 0, interval_s=0.01, gpus=Odd(made_up.MadeUpNvml(1), environ={})).start()
    end = time.monotonic() + 60
    while not caplog.records and time.monotonic() < end:
        threading.Event().wait(0.01)
    assert "hardware is no longer recorded: ZeroDivisionError" in caplog.text
