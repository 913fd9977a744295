"""What is recorded without asking of where an experiment ran: with real repositories, and a real Trackio store."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import random
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import trackio_client
from trackio_client.capture.environment import container, gather, git, machine, program
from trackio_client.capture.environment.found import Found
from trackio_client.capture.environment.gitfiles import head_of, remotes_of, repository_of, without_credentials
from trackio_client.capture.environment.packages import conda, packages
from trackio_client.capture.environment.scene import Scene, script_of
from trackio_client.capture.environment.telling import EnvironmentCapture
from trackio_client.lifecycle import process
from trackio_client.masking import Masker
from trackio_client.reader import Api
from trackio_client.settings import settings_from


@pytest.fixture
def captured(tmp_path, monkeypatch):
    """Experiments with the environment recorded, into a folder of their own."""
    for name in [name for name in os.environ if name.startswith(("TRACKIO_", "GIT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRACKIO_QUIET", "1")
    monkeypatch.setenv("TRACKIO_CAPTURE_CONSOLE", "0")
    yield lambda experiment: Api().experiment(str(experiment)).environment
    for experiment in process.live.copy():
        experiment.finish(timeout_s=5)
    process.live, process.current = [], None


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with one commit."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    root = tmp_path / "code"
    (root / "deep").mkdir(parents=True)
    (root / "train.py").write_text("print(1)\n")
    (root / "deep" / "more.py").write_text("x = 1\n")
    run(root, "init", "-q", "-b", "trunk")
    commit(root)
    return root


def run(root, *words):
    identity = ("-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True, text=True).stdout


def commit(root):
    run(root, "add", "-A")
    run(root, "commit", "-q", "-m", "c", "--allow-empty")


def of_git(root, **given) -> Found:
    found = git.from_files(root)
    if "git.root" in found.values:
        found.take(git.from_program(Path(found.values["git.root"]), given.get("diff_bytes", 10_000), 20.0))
    return found


# --- the code ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("S2.21", "S3.43")
def test_commit_branch_and_no_change_are_what_git_says(repository):
    found = of_git(repository / "deep")
    assert found.values["git.commit"] == run(repository, "rev-parse", "HEAD").strip()
    assert (found.values["git.branch"], found.values["git.detached"], found.values["git.dirty"]) == (
        "trunk",
        False,
        False,
    )
    assert found.values["git.root"] == str(repository)
    assert found.not_captured == {"git.remote": "the repository has no remote"}


@pytest.mark.requirement("S3.43")
def test_changes_are_named_and_their_difference_can_be_applied(repository, tmp_path):
    before = tmp_path / "before"
    run(tmp_path, "clone", "-q", str(repository), str(before))
    (repository / "train.py").write_text("print(2)\n")
    (repository / "deep" / "more.py").unlink()
    run(repository, "add", "train.py")
    (repository / "new file.txt").write_text("new")
    found = of_git(repository).values
    assert found["git.dirty"] is True
    assert sorted(found["git.changed_files"]) == ["deep/more.py", "train.py"]
    assert found["git.untracked"] == ["new file.txt"]
    subprocess.run(["git", "apply"], cwd=before, input=found["git.diff"], text=True, check=True)
    assert (before / "train.py").read_text() == "print(2)\n"
    assert not (before / "deep" / "more.py").exists()


@pytest.mark.requirement("S3.43")
def test_a_difference_is_cut_at_its_limit_and_can_be_switched_off(repository):
    (repository / "train.py").write_text("x\n" * 50_000)
    cut = of_git(repository, diff_bytes=1_000)
    assert len(cut.values["git.diff"]) == 1_000
    assert cut.values["git.diff_cut"] is True
    off = of_git(repository, diff_bytes=0)
    assert "git.diff" not in off.values
    assert "TRACKIO_CAPTURE_DIFF_BYTES" in off.not_captured["git.diff"]
    assert off.values["git.dirty"] is True


@pytest.mark.requirement("S2.22")
def test_a_detached_checkout_has_a_commit_and_no_branch(repository):
    commit(repository)
    first = run(repository, "rev-parse", "HEAD~1").strip()
    run(repository, "checkout", "-q", first)
    found = of_git(repository)
    assert (found.values["git.commit"], found.values["git.detached"]) == (first, True)
    assert "git.branch" not in found.values
    assert "detached" in found.not_captured["git.branch"]


@pytest.mark.requirement("S2.22", "S3.49")
def test_outside_git_nothing_is_known_and_nothing_is_called_clean_b55(tmp_path):
    found = git.from_files(tmp_path)
    assert found.values == {}
    assert all("in no git repository" in why for why in found.not_captured.values())
    assert "git.dirty" in found.not_captured


@pytest.mark.requirement("S2.22", "S3.49")
def test_without_the_git_program_commit_and_branch_are_known_and_the_rest_says_why(repository, monkeypatch):
    wanted = run(repository, "rev-parse", "HEAD").strip()
    run(repository, "remote", "add", "origin", "https://me:hf_secret@example.org/o/r.git")
    run(repository, "pack-refs", "--all")
    (repository / "train.py").write_text("changed")
    monkeypatch.setenv("PATH", str(repository / "nothing here"))
    found = of_git(repository)
    assert (found.values["git.commit"], found.values["git.branch"]) == (wanted, "trunk")
    assert found.values["git.remote"] == "https://example.org/o/r.git"
    assert "git.dirty" not in found.values
    assert found.not_captured["git.dirty"] == "git is not installed"


def test_a_repository_without_a_commit_and_a_worktree_are_read(repository, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    run(empty, "init", "-q", "-b", "main")
    found = of_git(empty)
    assert found.values["git.branch"] == "main"
    assert "no commit yet" in found.not_captured["git.commit"]
    run(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = of_git(tmp_path / "side")
    assert (side.values["git.branch"], side.values["git.root"]) == ("side", str(tmp_path / "side"))
    assert side.values["git.commit"] == run(repository, "rev-parse", "HEAD").strip()
    there = repository_of(tmp_path / "side")
    assert there is not None
    assert head_of(there)[1] == "side"
    assert remotes_of(there) == {}


def test_a_refusal_of_git_leaves_what_the_files_say(repository):
    (repository / ".git" / "index").write_bytes(b"no index")
    found = of_git(repository)
    assert found.values["git.branch"] == "trunk"
    assert found.not_captured["git.dirty"].startswith("git refused")


@pytest.mark.requirement("S3.43", "S1.62")
@pytest.mark.parametrize(("address", "shown"), [
    ("https://me:hf_abcdef@huggingface.co/o/r", "https://huggingface.co/o/r"),
    ("https://ghp_0123456789abcdef@github.com/o/r.git", "https://github.com/o/r.git"),
    ("https://host/o/r?private_token=x#y", "https://host/o/r"), ("git@github.com:o/r.git", "git@github.com:o/r.git"),
    ("ssh://git@host:22/o/r", "ssh://git@host:22/o/r"), ("jane@host:o/r.git", "host:o/r.git"),
    ("/srv/git/r.git", "/srv/git/r.git"), ("http://[bad", "an address that cannot be read"),
])  # fmt: skip
def test_a_remote_is_shown_without_credentials(address, shown):
    assert without_credentials(address) == shown


@pytest.mark.requirement("S1.62")
def test_no_secret_of_a_difference_reaches_the_log(repository, captured, monkeypatch):
    """By look, by name and by file: a diff is where people forget their keys."""
    for name, text in (("train.py", 'token = "hf_' + "a" * 34 + '"\napi_key = "plainbutnamed"\n'),
                       (".env", "WANDB=canary-one\n"), ("deep/server.pem", "canary-two\n")):  # fmt: skip
        (repository / name).write_text("old\n")
        commit(repository)
        (repository / name).write_text(text)
    commit(repository)
    (repository / "train.py").write_text(
        'token = "hf_' + "b" * 34 + '"\napi_key = "alsonamed"\nlr = 3\n' + "# x\n" * 9000
    )
    (repository / ".env").write_text("WANDB=canary-three\n")
    (repository / "deep" / "server.pem").write_text("canary-four\n")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(repository / "train.py"))
    experiment = trackio_client.init("p")
    experiment.finish()
    told = captured(experiment)
    store = b"".join(path.read_bytes() for path in (repository.parent / "data").rglob("*") if path.is_file())
    for secret in (b"aaaaaaaa", b"bbbbbbbb", b"plainbutnamed", b"alsonamed", b"canary"):
        assert secret not in store
    assert told["git"]["diff_file"]
    assert sorted(told["git"]["changed_files"]) == [".env", "deep/server.pem", "train.py"]


@pytest.mark.requirement("S3.43")
def test_the_folder_of_the_script_counts_not_the_one_of_the_shell_b55(repository, tmp_path):
    script = repository / "train.py"
    assert script_of(str(script), [], tmp_path) == (script, repository)
    assert script_of("train.py", [], repository) == (script, repository)
    assert script_of(None, [], tmp_path) == (None, tmp_path)
    installed = Path(pytest.__file__)
    assert script_of(str(installed), [], tmp_path) == (installed, tmp_path)


# --- packages, machine, container ----------------------------------------------------------------------------------


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
        "model": "NVIDIA H200",
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


# --- the program ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("S3.40", "S1.62")
def test_only_listed_variables_are_taken_and_none_that_holds_a_secret():
    environ = {
        "CUDA_VISIBLE_DEVICES": "0", "NCCL_DEBUG": "INFO", "OMP_NUM_THREADS": "4", "HOME": "/home/jane", "PATH": "/bin",
        "HF_TOKEN": "hf_abc", "WANDB_API_KEY": "k", "NCCL_SECRET_TOKEN": "t", "ACCELERATE_API_KEY": "k",
    }  # fmt: skip
    assert program.variables(environ).values["variables"] == {
        "CUDA_VISIBLE_DEVICES": "0", "NCCL_DEBUG": "INFO", "OMP_NUM_THREADS": "4",
    }  # fmt: skip


@pytest.mark.requirement("S1.62")
def test_secrets_of_a_command_line_are_masked_in_each_way_to_write_them_b18():
    words = ["python", "train.py", "--hf_token", "abc", "--lr", "3", "--api-key=xyz", "--max_tokens", "512",
             "PASSWORD=p", "--trackio-token", "--flag", "hf_" + "q" * 30, "-k", "v"]  # fmt: skip
    assert Masker(environ={}).words(words) == [
        "python", "train.py", "--hf_token", "***", "--lr", "3", "--api-key=***", "--max_tokens", "512", "PASSWORD=***",
        "--trackio-token", "--flag", "***", "-k", "v",
    ]  # fmt: skip


@pytest.mark.requirement("S3.45")
def test_seeds_are_told_where_they_can_be_known_without_drawing_a_number():
    numpy = pytest.importorskip("numpy")
    torch = pytest.importorskip("torch")
    numpy.random.seed(1234)
    torch.manual_seed(77)
    random.seed(5)
    before = random.getstate(), torch.get_rng_state()
    found = program.seeds({"PYTHONHASHSEED": "9"})
    assert (found.values["seeds.numpy"], found.values["seeds.torch"], found.values["seeds.python_hash"]) == (
        1234,
        77,
        9,
    )
    assert "does not tell" in found.not_captured["seeds.python"]
    assert before[0] == random.getstate()
    assert torch.equal(before[1], torch.get_rng_state())
    assert numpy.random.random() == numpy.random.RandomState(1234).random()
    assert "drawn since" in program.seeds({}).not_captured["seeds.numpy"]


@pytest.mark.requirement("S3.49")
def test_a_part_that_breaks_takes_no_other_with_it(monkeypatch):
    monkeypatch.setattr(machine, "processor", lambda: 1 / 0)
    monkeypatch.setattr(program, "personal", lambda: os.stat("/nowhere/at all"))  # noqa: PTH116
    scene = Scene.now(is_main=True, with_personal=True, diff_bytes=0)
    found = gather.gather(scene, Found())
    assert found.not_captured["cpu"] == "ZeroDivisionError: division by zero"
    assert found.not_captured["user"].startswith("FileNotFoundError")
    assert {"python.version", "memory.total_bytes", "packages"} <= found.values.keys()


# --- told ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("S2.21", "S3.40", "S3.42", "S3.43", "S3.46")
def test_an_experiment_tells_its_environment_without_asking(captured, repository, monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(repository / "train.py"))
    before = time.time()
    experiment = trackio_client.init("p", config={"seed": 42, "num_fewshot_seeds": 3, "lr": 1})
    experiment.finish()
    told = captured(experiment)
    assert told["git"]["commit"] == run(repository, "rev-parse", "HEAD").strip()
    assert told["git"]["dirty"] is False
    assert told["python"]["version"] == platform.python_version()
    assert told["packages"]["pytest"] == pytest.__version__
    assert told["program"]["script"] == str(repository / "train.py")
    assert told["user"]
    assert told["host"] == platform.node()
    assert (told["seeds"]["seed"], told["seeds"]["num_fewshot_seeds"]) == (42, 3)
    canonical = b'{"lr":1,"num_fewshot_seeds":3,"seed":42}'
    assert told["hashes"]["config_sha256"] == hashlib.sha256(canonical).hexdigest()
    assert before - 1 <= told["time"]["start_s"] <= told["time"]["end_s"] <= time.time() + 1
    assert told["time"]["start"].endswith("+00:00")
    assert told["time"]["duration_s"] == pytest.approx(told["time"]["end_s"] - told["time"]["start_s"])
    assert not any(name in told for name in told["not_captured"])


@pytest.mark.requirement("S2.23")
def test_personal_data_can_be_switched_off(captured, repository, monkeypatch):
    monkeypatch.setenv("TRACKIO_CAPTURE_PERSONAL", "0")
    monkeypatch.setenv("HOME", str(repository.parent))
    monkeypatch.setenv("LOGNAME", "jane-of-tests")
    monkeypatch.setattr(program.socket, "gethostname", lambda: "janes-laptop")
    monkeypatch.setattr(sys, "argv", ["train.py", "--name", "jane-of-tests"])
    monkeypatch.setattr(sys, "orig_argv", ["python", "train.py", "--name", "jane-of-tests"])
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(repository / "train.py"))
    (repository / "train.py").write_text("# of jane-of-tests\n")
    experiment = trackio_client.init("p")
    experiment.finish()
    told = captured(experiment)
    assert "user" not in told
    assert "host" not in told
    assert "switched off" in told["not_captured"]["user"]
    assert told["git"]["root"] == "~/code"
    with Api() as api:
        everything = json.dumps([event["content"] for event in api.source.events(str(experiment), [])])
    assert "jane" not in everything
    assert platform.node() not in everything or len(platform.node()) < 3


@pytest.mark.requirement("S2.23")
def test_all_of_it_can_be_switched_off(captured, monkeypatch):
    monkeypatch.setenv("TRACKIO_CAPTURE_ENVIRONMENT", "0")
    experiment = trackio_client.init("p")
    experiment.finish()
    told = captured(experiment)
    assert set(told) == {"time", "not_captured"}
    assert "TRACKIO_CAPTURE_ENVIRONMENT" in told["not_captured"]["environment"]


@pytest.mark.requirement("S2.22")
def test_it_takes_less_than_a_second_and_init_does_not_wait_for_it(captured, repository, monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(repository / "train.py"))
    told: list[float] = []
    began = time.perf_counter()
    scene = Scene.now(is_main=True, with_personal=True, diff_bytes=10_000)
    capture = EnvironmentCapture(scene, lambda values, reasons: told.append(time.perf_counter() - began)).start()
    started_s = time.perf_counter() - began
    assert capture._first.wait(10)
    assert told[0] < 1.0
    assert started_s < 0.05
    monkeypatch.setattr(gather, "gather", lambda scene, found: time.sleep(60))
    before = time.perf_counter()
    trackio_client.init("p")
    assert time.perf_counter() - before < 5


def test_an_end_before_the_first_look_tells_what_is_there_and_why_not_the_rest(monkeypatch):
    held = threading.Event()
    told = []

    def slow(scene, found):
        found.put("python.version", "3")
        held.wait(20)
        return found

    monkeypatch.setattr(gather, "gather", slow)
    scene = Scene.now(is_main=True, with_personal=True, diff_bytes=0)
    capture = EnvironmentCapture(scene, lambda values, reasons: told.append((values, reasons))).start()
    capture.end(timeout_s=0.2)
    held.set()
    capture._thread.join(10)
    ((values, reasons),) = told
    assert values == {"python": {"version": "3"}}
    assert reasons["packages"] == "the program ended before it was looked at"


def test_a_repository_that_git_is_slow_on_is_told_twice(repository, monkeypatch):
    asked = []

    def from_program(root, diff_bytes, timeout_s, mask):
        asked.append(timeout_s)
        if len(asked) == 1:
            raise git.Slow("slow")
        found = Found()
        found.put("git.dirty", False)
        return found

    monkeypatch.setattr(git, "from_program", from_program)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(repository / "train.py"))
    told = []
    scene = Scene.now(is_main=True, with_personal=True, diff_bytes=0)
    capture = EnvironmentCapture(scene, lambda values, reasons: told.append((values, reasons))).start()
    capture._thread.join(20)
    capture.end()
    assert "took more than" in told[0][1]["git.dirty"]
    assert told[1][0] == {"git": {"dirty": False}}
    assert asked == [git.STATUS_S, git.PATIENT_S]


def test_a_program_of_git_that_hangs_is_left(repository, tmp_path, monkeypatch):
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nexec sleep 60\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    began = time.perf_counter()
    with pytest.raises(git.Slow):
        git.from_program(repository, 1_000, 0.3)
    assert time.perf_counter() - began < 5


@pytest.mark.requirement("S3.45")
def test_libraries_that_are_imported_later_are_told_at_the_end(captured, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        "import trackio_client, time\n"
        "e = trackio_client.init('p', capture_console=False)\n"
        "e._writer._environment._first.wait(20)\n"
        "import numpy\nnumpy.random.seed(99)\n"
        "e.finish()\nprint(e)\n"
    )
    root = Path(trackio_client.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, str(script), "--hf_token", "canary-token"], cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(root)}, timeout=60, check=True,
    )  # fmt: skip
    told = captured(done.stdout.strip())
    assert told["seeds"]["numpy"] == 99
    assert "seeds.numpy" not in told["not_captured"]
    assert told["command"][1:] == [str(script), "--hf_token", "***"]
    assert told["program"]["script"] == str(script)
    assert "in no git repository" in told["not_captured"]["git.commit"]


@pytest.mark.requirement("S3.44")
def test_a_resumed_experiment_tells_both_environments_and_ranks_what_differs(tmp_path):
    """Events as ranks and resumed programs write them, through a real store."""
    from trackio_client.queries.environment import environment_of
    from trackio_client.store.open import open_store

    events = [
        ("w1", {"values": {"git": {"commit": "a"}, "packages": {"x": "1"}}, "not_captured": {}, "rank": 0}),
        ("w2", {"values": {"host": "node-2", "gpu": {"count": 1}}, "not_captured": {}, "rank": 3}),
        ("w3", {"values": {"git": {"commit": "b"}}, "not_captured": {"git.dirty": "git was slow"}, "rank": 0}),
        ("w3", {"values": {"git": {"dirty": True}}, "not_captured": {}, "rank": 0}),
    ]  # fmt: skip
    store = open_store(tmp_path / "store.sqlite")
    experiment_id = written(store, events)
    told = environment_of(store, experiment_id)
    store.close()
    assert told["values"]["git"] == {"commit": "b", "dirty": True}
    assert told["not_captured"] == {}
    assert told["earlier"] == [{"values": {"git": {"commit": "a"}}}]
    assert told["ranks"] == [{"rank": 3, "values": {"host": "node-2", "gpu": {"count": 1}}}]
    assert told["values"]["model"]["base_model"] == "me/model"
    assert told["values"]["data"]["identity"] == {"hash": "h"}


def written(store, environments):
    """An experiment with these environment events, each of its writer, and records of its model and data."""
    from trackio_client.delivery.transport import StoreTransport
    from trackio_client.wire.batches import Batch
    from trackio_client.wire.frames import event_frame

    experiment_id = "exp_20260101_000000_abcdefgh"
    by_writer: dict[str, list[dict]] = {}
    start = {"kind": "start", "time_us": 10**15, "project": "p", "name": "n", "config": {}, "generation": 0}
    for number, (writer, content) in enumerate(environments):
        by_writer.setdefault(writer, [start]).append({"kind": "environment", "time_us": 10**15 + number, **content})
    for name, data in (("model", {"base_model": "me/model"}), ("identity", {"hash": "h"})):
        by_writer["w1"].append(
            {"kind": "record", "time_us": 10**15, "record": name, "step": None, "epoch": None, "data": data}
        )
    for writer, contents in by_writer.items():
        frames = b"".join(event_frame(content) for content in contents)
        StoreTransport(store).send(
            Batch(
                writer_id=writer, experiment_id=experiment_id, project="p", generation=0, first_seq=0,
                count=len(contents), first_held=0, body=frames,
            )
        )  # fmt: skip
    return experiment_id


@pytest.mark.requirement("S2.23")
def test_the_settings_of_the_capture_are_read_from_the_environment():
    settings = settings_from({"TRACKIO_CAPTURE_ENVIRONMENT": "no", "TRACKIO_CAPTURE_PERSONAL": "off",
                              "TRACKIO_CAPTURE_DIFF_BYTES": "7"})  # fmt: skip
    assert (settings.environment, settings.personal, settings.diff_bytes) == (False, False, 7)
    assert (settings_from({}).environment, settings_from({}).personal, settings_from({}).diff_bytes) == (
        True,
        True,
        262144,
    )
