"""The environment of an experiment, recorded without asking, and read back from a real store."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import trackio_client
from tests.capture.repositories import run
from trackio_client.capture.environment import gather, git, program
from trackio_client.capture.environment.found import Found
from trackio_client.capture.environment.scene import Scene
from trackio_client.capture.environment.telling import EnvironmentCapture
from trackio_client.reader import Api
from trackio_client.settings import settings_from


@pytest.mark.requirement("S2.21", "S3.40", "S3.42", "S3.43", "S3.46")
def test_an_experiment_tells_its_environment_without_asking(captured, repository, monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(repository / "train.py"), raising=False)
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
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(repository / "train.py"), raising=False)
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
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(repository / "train.py"), raising=False)
    told: list[float] = []
    began, here = cpu_s(), time.thread_time()
    scene = Scene.now(is_main=True, with_personal=True, diff_bytes=10_000)
    capture = EnvironmentCapture(scene, lambda values, reasons: told.append(cpu_s() - began)).start()
    started_s = time.thread_time() - here
    assert capture._first.wait(60)
    assert told[0] < 1.0
    assert started_s < 0.05
    monkeypatch.setattr(gather, "gather", lambda scene, found: time.sleep(60))
    before = time.perf_counter()
    trackio_client.init("p")
    assert time.perf_counter() - before < 30


def cpu_s() -> float:
    """Seconds of processor time of this process and of those it waited for: other load is no fault of ours."""
    return sum(os.times()[:4])


def test_an_end_before_the_first_look_tells_what_is_there_and_why_not_the_rest(monkeypatch):
    held = threading.Event()
    told = []

    def slow(scene, found):
        found.put("python.version", "3")
        held.wait(60)
        return found

    monkeypatch.setattr(gather, "gather", slow)
    scene = Scene.now(is_main=True, with_personal=True, diff_bytes=0)
    capture = EnvironmentCapture(scene, lambda values, reasons: told.append((values, reasons))).start()
    capture.end(timeout_s=0.2)
    held.set()
    capture._thread.join(60)
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
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(repository / "train.py"), raising=False)
    told = []
    scene = Scene.now(is_main=True, with_personal=True, diff_bytes=0)
    capture = EnvironmentCapture(scene, lambda values, reasons: told.append((values, reasons))).start()
    capture._thread.join(60)
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
    assert time.perf_counter() - began < 30


@pytest.mark.requirement("S3.45")
def test_libraries_that_are_imported_later_are_told_at_the_end(captured, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        "import trackio_client, time\n"
        "e = trackio_client.init('p', capture_console=False)\n"
        "e._writer._environment._first.wait(60)\n"
        "import numpy\nnumpy.random.seed(99)\n"
        "e.finish()\nprint(e)\n"
    )
    root = Path(trackio_client.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, str(script), "--hf_token", "canary-token"], cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(root)}, timeout=120, check=True,
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
