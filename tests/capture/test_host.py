"""The machine, the process with its children, and what a container may use of it."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest

from trackio_client.capture.cgroups import Limits
from trackio_client.capture.hardware import reading
from trackio_client.capture.host import Host

pytestmark = pytest.mark.requirement("S4.22")
GIB = 2**30


def group(root, path, **files):
    folder = root / path.strip("/")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_in_", "@").replace("_", ".", 1).replace("@", "_in_")).write_text(f"{text}\n")
    return folder


def version_2(tmp_path, told="0::/", **files):
    root = tmp_path / "cgroup"
    (group(root, "/", **files) / "cgroup.controllers").write_text("cpu memory\n")
    (tmp_path / "self").write_text(told + "\n")
    return Limits(root, tmp_path / "self")


def test_limits_of_a_container_are_read_with_what_is_used_of_them(tmp_path):
    limits = version_2(
        tmp_path, memory_max=16 * GIB, memory_current=6 * GIB, memory_stat=f"anon 1\ninactive_file {2 * GIB}",
        cpu_max="400000 100000", cpu_stat="usage_usec 2500000",
    )  # fmt: skip
    assert limits.memory() == (4 * GIB, 16 * GIB)  # files that may be dropped are not in use
    assert (limits.cpus, limits.cpu_s()) == (4.0, 2.5)


def test_the_tightest_limit_of_the_groups_above_counts(tmp_path):
    root = tmp_path / "cgroup"
    group(root, "/jobs", memory_max=8 * GIB, memory_current=GIB, cpu_max="max 100000")
    group(root, "/jobs/mine", memory_max="max", memory_current=GIB, cpu_max="50000 100000")
    limits = version_2(tmp_path, "0::/jobs/mine")
    assert limits.memory() == (GIB, 8 * GIB)
    assert limits.cpus == 0.5


def test_version_1_says_the_same_in_other_files(tmp_path):
    root = tmp_path / "cgroup"
    group(root, "/memory/docker/x", memory_limit_in_bytes=4 * GIB, memory_usage_in_bytes=3 * GIB)
    (root / "memory/docker/x/memory.stat").write_text(f"total_inactive_file {GIB}\n")
    (root / "cpu/docker/x").mkdir(parents=True)
    for name, text in {
        "cpu.cfs_quota_us": "150000",
        "cpu.cfs_period_us": "100000",
        "cpuacct.usage": "7000000000",
    }.items():
        (root / "cpu/docker/x" / name).write_text(text)
    (tmp_path / "self").write_text("5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n")
    limits = Limits(root, tmp_path / "self")
    assert limits.memory() == (2 * GIB, 4 * GIB)
    assert (limits.cpus, limits.cpu_s()) == (1.5, 7.0)


@pytest.mark.parametrize("told", ["", "0::/../..", "nonsense", "0::/not/here"])
def test_no_limits_or_unreadable_ones_are_none(tmp_path, told):
    limits = version_2(tmp_path, told, memory_max="max", cpu_max="max 100000")
    assert (limits.memory(), limits.cpus, limits.cpu_s()) == (None, None, None)
    assert Limits(tmp_path / "nothing", tmp_path / "none").memory() is None


def test_percent_in_a_container_are_of_what_it_may_use(tmp_path):
    now = [0.0]
    limits = version_2(
        tmp_path, memory_max=2 * GIB, memory_current=GIB, memory_stat="x 1", cpu_max="200000 100000",
        cpu_stat="usage_usec 1000000",
    )  # fmt: skip
    host = Host(limits=limits, clock=lambda: now[0])
    (tmp_path / "cgroup" / "cpu.stat").write_text("usage_usec 6000000\n")
    now[0] = 10.0
    found = host.read()
    assert found["cpu_percent"] == pytest.approx(25.0)  # 5 of 20 core seconds
    assert (found["memory_percent"], found["memory_used"], found["memory_available"]) == (50.0, 1.0, 1.0)


class MadeUpPsutil:
    """psutil as its documentation says, on a machine whose disk counters may go back."""

    class Error(Exception):
        pass

    sent = 1_000_000

    def Process(self, pid=None):  # noqa: N802
        raise self.Error("no access")

    def cpu_percent(self, interval):
        return 12.5

    def virtual_memory(self):
        return types.SimpleNamespace(total=8 * GIB, available=6 * GIB, percent=25.0)

    def swap_memory(self):
        return types.SimpleNamespace(total=0, percent=0.0)

    def disk_usage(self, path):
        raise OSError("gone")

    def disk_io_counters(self):
        return None

    def net_io_counters(self):
        return types.SimpleNamespace(bytes_sent=self.sent, bytes_recv=0)


def test_what_cannot_be_read_is_absent_and_rates_are_of_the_time_between_readings(tmp_path):
    psutil, now = MadeUpPsutil(), [0.0]
    host = Host(psutil, Limits(tmp_path, tmp_path / "none"), clock=lambda: now[0])
    psutil.sent, now[0] = 21_000_000, 10.0
    found = host.read()
    assert found == {
        "cpu_percent": 12.5, "network_sent": 2.0, "network_received": 0.0, "memory_percent": 25.0,
        "memory_used": 2.0, "memory_available": 6.0,
    }  # fmt: skip
    psutil.sent, now[0] = 5, 20.0  # an interface was made anew
    assert "network_sent" not in host.read()
    now[0] = 20.01
    assert "cpu_percent" not in host.read()  # a share of no time would be 0


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel lists children")
def test_children_are_told_beside_the_process():
    code = "x = bytearray(40_000_000)\nprint('there', flush=True)\nimport time\ntime.sleep(60)"
    host = Host()
    before = host.read().get("children_memory", 0.0)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"there\n"
        found = host.read()
        child.kill()
    assert found["children_memory"] - before > 0.03
    assert found["process_memory"] > 0


@pytest.mark.requirement("S1.24")
def test_one_reading_has_the_names_of_s1():
    found = reading()
    assert {"cpu_percent", "memory_percent"} <= set(found)
    assert 0 < found["memory_percent"] <= 100
    assert not any(name.startswith("system/") for name in found)
