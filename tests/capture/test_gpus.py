"""GPUs of three makers: what is read of device and process, MIG, faults, drivers that fail and come back.

No GPU is where these tests run: the libraries are made up after their makers' documentation.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import types
from pathlib import Path

import pytest

from trackio_client.capture.gpus.allocators import allocated
from trackio_client.capture.gpus.amd import Amd
from trackio_client.capture.gpus.apple import Apple
from trackio_client.capture.gpus.every import Gpus
from trackio_client.capture.gpus.nvidia import Nvidia
from trackio_client.capture.hardware import HardwareSampler
from trackio_client.capture.ranks import Ranks
from trackio_client.wire.names import quantity_of

_spec = importlib.util.spec_from_file_location("made_up_nvml", Path(__file__).with_name("made_up_nvml.py"))
made_up = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(made_up)

pytestmark = pytest.mark.requirement("S4.22")


def read(nvml, **environ):
    return Nvidia(nvml, environ).read()


def test_power_clocks_bus_and_errors_of_a_device_are_read_in_their_units():
    nvml = made_up.MadeUpNvml(1)
    nvml.reasons = 0x4 | 0x20
    found = read(nvml)
    assert (found["gpu_0_power"], found["gpu_0_power_limit"]) == (412.5, 700.0)
    assert (found["gpu_0_sm_clock"], found["gpu_0_memory_clock"]) == (1980, 2619)
    assert (found["gpu_0_pcie_sent"], found["gpu_0_pcie_received"]) == (1.5, 2.5)
    assert (found["gpu_0_memory_total"], found["gpu_0_ecc_corrected"]) == (80.0, 12)
    assert (found["gpu_0_throttled_thermal"], found["gpu_0_throttled_power"]) == (1, 1)
    assert "gpu_0_fan_speed" not in found  # this card has none: absent, not 0


def test_what_this_process_has_of_a_device_is_told_apart():
    nvml = made_up.MadeUpNvml(1)
    assert "gpu_0_process_memory" not in read(nvml)  # in a container the driver knows us by another number
    nvml.pid = os.getpid()
    found = read(nvml)
    assert (found["gpu_0_process_memory"], found["gpu_0_process_utilization"]) == (3.0, 50.0)


@pytest.mark.parametrize(
    ("visible", "labels"),
    [(None, {"0_mig_0", "0_mig_1"}), ("MIG-mig01", {"0_mig_1"}), ("0", {"0_mig_0", "0_mig_1"}), ("0:0", {"0_mig_0"})],
)
def test_instances_of_a_divided_gpu_are_read_each_by_itself(visible, labels):
    found = read(made_up.MadeUpNvml(1, mig=2), **({} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}))
    assert {name.removeprefix("gpu_").removesuffix("_memory_used") for name in found if "memory_used" in name} == labels
    assert not any("utilization" in name or "power" in name for name in found)  # NVML does not tell them of a part
    assert {value for name, value in found.items() if name.endswith("memory_total")} == {10.0}


def test_readings_of_instances_and_devices_have_titles_and_units():
    one = quantity_of("system/gpu_0_mig_1_memory_used")
    assert (one.title, one.unit, one.group) == ("GPU 0 MIG 1 memory used", "GiB", "system")
    assert quantity_of("system/gpu_2_pcie_sent").unit == "MB/s"


@pytest.mark.requirement("S4.21")
def test_xid_messages_are_told_once_each_with_their_meaning():
    nvml = made_up.MadeUpNvml(2)
    gpus = Nvidia(nvml, {})
    nvml.xids = [(1, 79), (1, 79), (0, 4711)]
    gpus.read()
    assert [fault.title() for fault in gpus.faults()] == ["GPU 1: Xid 79, fell off the bus", "GPU 0: Xid 4711"]
    gpus.read()
    assert gpus.faults() == []


@pytest.mark.requirement("S4.21")
def test_memory_errors_are_a_fault_when_they_are_new():
    nvml = made_up.MadeUpNvml(1)
    nvml.ecc = 5
    gpus = Nvidia(nvml, {})
    gpus.read()
    assert gpus.faults() == []  # of before this training
    nvml.ecc = 7
    assert gpus.read()["gpu_0_ecc_uncorrected"] == 7
    (fault,) = gpus.faults()
    assert (fault.kind, fault.code, fault.title()) == ("ecc", 2, "GPU 0: 2 uncorrected memory (ECC) errors")


@pytest.mark.requirement("S4.21")
def test_a_gpu_that_is_lost_is_told_and_the_others_are_read_on():
    nvml = made_up.MadeUpNvml(2)
    gpus = Nvidia(nvml, {})
    nvml.lost = {0}
    found = gpus.read()
    assert not any(name.startswith("gpu_0") for name in found)
    assert found["gpu_1_utilization"] == 94
    gpus.read()
    (fault,) = gpus.faults()
    assert (fault.gpu, fault.kind) == ("0", "lost")


def test_a_driver_that_fails_midway_and_comes_back_is_read_again():
    nvml, now = made_up.MadeUpNvml(1), [0.0]
    gpus = Nvidia(nvml, {}, clock=lambda: now[0])
    nvml.broken = {name for name in dir(nvml) if name.startswith("nvml")}
    assert gpus.read() == {}
    assert [fault.kind for fault in gpus.faults()] == ["driver"]
    calls = nvml.calls
    assert gpus.read() == {}
    assert nvml.calls == calls  # not asked again at once
    now[0] = 11.0
    assert gpus.read() == {}
    nvml.broken = set()
    now[0] = 100.0
    assert gpus.read()["gpu_0_utilization"] == 93
    assert gpus.faults() == []


def test_a_machine_without_a_driver_is_asked_once():
    nvml = made_up.MadeUpNvml(1, {"nvmlInit"})
    gpus = Nvidia(nvml, {}, clock=lambda: 1e9)
    calls = nvml.calls
    assert (gpus.read(), nvml.calls) == ({}, calls)


@pytest.mark.parametrize(("visible", "count"), [("0,-1,1", 1), ("-1", 0), ("NoDevFiles", 0), ("1,0", 2)])
def test_visible_devices_are_read_as_cuda_reads_them(visible, count):
    assert len(Nvidia(made_up.MadeUpNvml(2), {"CUDA_VISIBLE_DEVICES": visible})) == count


# --- AMD --------------------------------------------------------------------------------------------------------


class MadeUpAmd:
    """A made-up amdsmi, written from AMD's documentation: an MI300 whose edge has no sensor."""

    AmdSmiTemperatureType = types.SimpleNamespace(EDGE="edge", HOTSPOT="hotspot")
    AmdSmiTemperatureMetric = types.SimpleNamespace(CURRENT="current")
    AmdSmiClkType = types.SimpleNamespace(GFX="gfx", MEM="mem")
    uncorrectable = 0

    def amdsmi_init(self):
        return None

    def amdsmi_get_processor_handles(self):
        return ["first", "second"]

    def amdsmi_get_gpu_asic_info(self, handle):
        return {"market_name": "AMD Made-Up MI300X"}

    def amdsmi_get_gpu_activity(self, handle):
        return {"gfx_activity": 77, "umc_activity": "N/A"}

    def amdsmi_get_gpu_vram_usage(self, handle):
        return {"vram_used": 49_152, "vram_total": 196_608}

    def amdsmi_get_temp_metric(self, handle, kind, when):
        if kind == "edge":
            raise RuntimeError("not supported")
        return 58

    def amdsmi_get_power_info(self, handle):
        return {"average_socket_power": "N/A", "current_socket_power": 540}

    def amdsmi_get_clock_info(self, handle, kind):
        return {"clk": {"gfx": 2100, "mem": 1300}[kind]}

    def amdsmi_get_gpu_total_ecc_count(self, handle):
        return {"correctable_count": 3, "uncorrectable_count": self.uncorrectable}


def test_amd_is_read_by_its_own_library():
    smi = MadeUpAmd()
    gpus = Amd(smi, {"HIP_VISIBLE_DEVICES": "1"})
    found = gpus.read()
    assert found == {
        "gpu_1_utilization": 77, "gpu_1_memory_used": 48.0, "gpu_1_memory_total": 192.0, "gpu_1_memory_percent": 25.0,
        "gpu_1_temperature": 58, "gpu_1_power": 540, "gpu_1_sm_clock": 2100, "gpu_1_memory_clock": 1300,
        "gpu_1_ecc_corrected": 3, "gpu_1_ecc_uncorrected": 0,
    }  # fmt: skip
    assert gpus.names() == {1: "AMD Made-Up MI300X"}
    smi.uncorrectable = 1
    gpus.read()
    assert [fault.kind for fault in gpus.faults()] == ["ecc"]


def test_an_amd_library_without_a_driver_is_no_gpu():
    class NoDriver:
        def amdsmi_init(self):
            raise RuntimeError("driver is not loaded")

    assert len(Amd(NoDriver(), {})) == 0


# --- Apple ------------------------------------------------------------------------------------------------------

MADE_UP_IOREG = """+-o AGXAcceleratorG13X  <class AGXAcceleratorG13X, id 0x10000031a, registered, matched, active>
    {
      "model" = "Apple Made-Up M1 Max"
      "PerformanceStatistics" = {"In use system memory (driver)"=0,"Alloc system memory"=8589934592,"Tiler Utilization %"=3,"Renderer Utilization %"=87,"Device Utilization %"=88,"In use system memory"=3221225472}
    }
"""  # noqa: E501 – one line, as ioreg -w 0 prints it


def test_apple_is_read_without_root():
    gpus = Apple(lambda: MADE_UP_IOREG)
    assert gpus.read() == {"gpu_0_utilization": 88.0, "gpu_0_memory_used": 3.0}
    assert gpus.names() == {0: "Apple Made-Up M1 Max"}
    assert len(Apple(lambda: "")) == 0
    assert Apple(lambda: "").read() == {}


# --- allocators -------------------------------------------------------------------------------------------------


def test_pytorchs_devices_are_found_by_uuid_else_by_the_order_in_which_they_were_chosen(monkeypatch):
    cuda = types.SimpleNamespace(
        is_initialized=lambda: True,
        device_count=lambda: 2,
        memory_allocated=lambda place: (place + 1) * 2**30,
        memory_reserved=lambda place: (place + 2) * 2**30,
        get_device_properties=lambda place: types.SimpleNamespace(uuid=f"0000000{1 - place}-made-up"),
    )
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(cuda=cuda))
    uuids = {"GPU-00000000-made-up": 0, "GPU-00000001-made-up": 1}
    assert allocated([0, 1], uuids)["gpu_1_memory_allocated"] == 1.0
    del cuda.get_device_properties
    assert allocated([0, 1], {}, ["1", "0"])["gpu_1_memory_reserved"] == 2.0
    assert allocated([0, 1], {})["gpu_1_memory_allocated"] == 2.0


def test_intels_devices_are_read_through_pytorch(monkeypatch):
    xpu = types.SimpleNamespace(
        is_initialized=lambda: True,
        device_count=lambda: 1,
        memory_allocated=lambda place: 2**30,
        memory_reserved=lambda place: 2 * 2**30,
        mem_get_info=lambda place: (6 * 2**30, 8 * 2**30),
    )
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(xpu=xpu))
    found = allocated([], {})
    assert (found["gpu_0_memory_allocated"], found["gpu_0_memory_used"], found["gpu_0_memory_percent"]) == (1, 2, 25)


# --- ranks ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("S1.39")
@pytest.mark.parametrize(
    ("gpus", "rank", "reads_devices"),
    [(2, 0, True), (2, 1, False), (1, 1, True)],  # the last: each rank is shown a GPU of its own
)
def test_of_several_ranks_the_first_reads_the_machine_and_the_others_what_is_theirs(gpus, rank, reads_devices):
    nvml = made_up.MadeUpNvml(gpus)
    nvml.pid = os.getpid()
    ranks = Ranks(rank=rank, world_size=2, local_rank=rank, local_world_size=2, how="torchrun")
    found = HardwareSampler(lambda *_: None, lambda: 0, gpus=Gpus(nvml, {}, others=[]), ranks=ranks).read()
    assert ("system/gpu_0_utilization" in found) == reads_devices
    assert ("system/memory_percent" in found) == (rank == 0)
    assert "system/process_memory" in found
    assert "system/gpu_0_process_memory" in found


@pytest.mark.requirement("S4.21")
def test_a_fault_is_told_on_the_samplers_thread():
    nvml, told = made_up.MadeUpNvml(1), []
    nvml.xids = [(0, 48)]
    sampler = HardwareSampler(
        lambda *_: None, lambda: 0, interval_s=0.01, gpus=Gpus(nvml, {}, others=[]), on_fault=told.append
    )
    sampler.start()
    import time

    end = time.monotonic() + 60
    while not told and time.monotonic() < end:
        time.sleep(0.01)
    sampler.stop()
    assert [fault.message for fault in told] == ["Xid 48, double-bit ECC error"]
