"""What is recorded of packages, machine and container."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import re
import sys

import pytest

from trackio_client.capture.environment import container, machine
from trackio_client.capture.environment.found import Found
from trackio_client.capture.environment.packages import conda, packages


@pytest.mark.requirement("S2.21", "S3.40")
def test_the_packages_are_those_that_pip_would_list():
    found = packages().values["packages"]
    canonical = {re.sub(r"[-_.]+", "-", each.name).lower(): each.version for each in importlib.metadata.distributions()}
    assert found == canonical
    assert packages().values["packages_from"]["trackio-client"]["editable"] is True


@pytest.mark.requirement("S3.40", "S3.49")
def test_conda_is_told_inside_conda_alone(tmp_path, monkeypatch):
    assert conda({}).values == conda({"CONDA_PREFIX": str(tmp_path)}).values == {}
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "conda-meta" / "numpy-base-1.26.4-py311h.json").write_text("{}")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    found = conda({"CONDA_PREFIX": str(tmp_path), "CONDA_DEFAULT_ENV": "mine"}).values
    assert found == {"conda.name": "mine", "conda.packages": {"numpy-base": "1.26.4=py311h"}}


@pytest.mark.requirement("S2.21", "S3.40")
def test_system_python_cpu_and_memory_are_this_machines():
    found = Found()
    for part in (machine.python, machine.system, machine.processor, machine.memory):
        found.take(part())
    psutil = pytest.importorskip("psutil")
    assert found.values["python.version"] == platform.python_version()
    assert found.values["platform.kernel"] == platform.release()
    assert found.values["cpu.logical"] == os.cpu_count()
    assert found.values["memory.total_bytes"] == psutil.virtual_memory().total


class MadeUpNvml:
    """As its documentation has it: a driver with two GPUs, of which the second one was lost."""

    class NVMLError(Exception):
        pass

    def __init__(self, *, without=()):
        self.without = without

    def __getattr__(self, name):
        if name in self.without:
            raise AttributeError(name)
        answers = {
            "nvmlInit": None, "nvmlShutdown": None, "nvmlSystemGetDriverVersion": b"550.54.15",
            "nvmlSystemGetCudaDriverVersion_v2": 12040, "nvmlDeviceGetCount": 2, "nvmlDeviceGetName": "NVIDIA H200",
            "nvmlDeviceGetUUID": "GPU-1", "nvmlDeviceGetCudaComputeCapability": (9, 0),
            "nvmlDeviceGetMemoryInfo": type("Info", (), {"total": 150 * 2**30})(),
        }  # fmt: skip

        def answer(*given):
            if name == "nvmlDeviceGetHandleByIndex":
                if given[0]:
                    raise self.NVMLError("GPU is lost")
                return 0
            if name not in answers:
                raise self.NVMLError("Not Supported")
            return answers[name]

        return answer


@pytest.mark.requirement("S2.21", "S3.40", "S3.49")
def test_each_gpu_tells_what_it_can_and_one_that_is_lost_hides_no_other(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", MadeUpNvml())
    found = machine.gpus({"CUDA_VISIBLE_DEVICES": "0"}).values
    first, second = found["gpu.devices"]
    assert first == {
        "index": 0,
        "name": "NVIDIA H200",
        "uuid": "GPU-1",
        "memory_bytes": 150 * 2**30,
        "capability": "9.0",
    }
    assert second == {"index": 1, "not_captured": "GPU is lost"}
    assert (found["gpu.driver"], found["gpu.cuda_of_driver"], found["gpu.count"]) == ("550.54.15", "12.4", 2)
    assert found["gpu.visible"] == {"CUDA_VISIBLE_DEVICES": "0"}


@pytest.mark.requirement("S3.49")
def test_without_a_driver_there_is_no_gpu_and_a_reason_never_a_0(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    monkeypatch.setitem(sys.modules, "amdsmi", None)
    found = machine.gpus({})
    assert "gpu.count" not in found.values
    assert found.not_captured["gpu.devices"] == "nvidia-ml-py is not installed; amdsmi is not installed"


@pytest.mark.requirement("S3.41")
@pytest.mark.parametrize(("files", "environ", "kind", "image"), [
    ({}, {}, "none", None),
    ({".dockerenv": ""}, {}, "docker", None),
    ({".dockerenv": ""}, {"TRACKIO_IMAGE": "o/train@sha256:" + "a" * 64}, "docker", "o/train@sha256:" + "a" * 64),
    ({"run/.containerenv": 'engine="podman-5"\nimage="quay.io/o/i:1"\nimageid="x"'}, {}, "podman", "quay.io/o/i:1"),
    ({}, {"APPTAINER_CONTAINER": "/images/a.sif"}, "singularity", "/images/a.sif"),
    ({".singularity.d/env": ""}, {}, "singularity", None),
    ({}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "kubernetes", None),
    ({"proc/1/cgroup": "0::/kubepods/pod1/c"}, {}, "kubernetes", None),
    ({"proc/1/cgroup": "12:cpu:/docker/abc"}, {"CONTAINER_IMAGE": "x:2"}, "docker", "x:2"),
])  # fmt: skip
def test_containers_are_told_apart_and_say_their_image_when_they_know_it(tmp_path, files, environ, kind, image):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    found = container.container(environ, tmp_path)
    assert found.values["container.kind"] == kind
    assert found.values.get("container.image") == image
    assert ("container.image" in found.not_captured) == (kind != "none" and image is None)
    assert found.values.get("container.digest") == ("sha256:" + "a" * 64 if image and "@" in image else None)


@pytest.mark.requirement("S3.41", "S3.42")
def test_a_dockerfile_beside_the_script_is_kept_with_its_hash(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM python:3.12\n")
    found = container.dockerfile([tmp_path / "nowhere", tmp_path]).values
    assert found["container.dockerfile_text"] == "FROM python:3.12\n"
    assert found["container.dockerfile_sha256"] == hashlib.sha256(b"FROM python:3.12\n").hexdigest()
