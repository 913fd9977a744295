"""`report_to="trackio"` of the Trainer, with the real package behind it, arrives here with two variables set."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers.machines import PROGRAMS, TOKEN, client_environment


@pytest.fixture
def packages(peer, tmp_path):
    """A folder with the real `trackio` alone, for our own Python, which has the Trainer and all that Trackio needs."""
    found = subprocess.run(
        [str(peer), "-c", "import trackio; print(trackio.__path__[0])"], capture_output=True, text=True, check=True,
    )  # fmt: skip
    folder = tmp_path / "packages"
    folder.mkdir()
    home = Path(found.stdout.strip())
    for one in [home, *home.parent.glob("trackio-*")]:  # the package, and what says its version
        (folder / one.name).symlink_to(one, target_is_directory=True)
    return folder


@pytest.mark.requirement("S3.61")
def test_a_trainer_that_reports_to_trackio_reports_to_us(server, packages, tmp_path):
    environ = client_environment(tmp_path, server.url, PYTHONPATH=str(packages), KERAS_BACKEND="torch")
    words = [sys.executable, str(PROGRAMS / "trainer.py"), str(tmp_path / "out"), "trainer"]
    done = subprocess.run(words, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("logged "))
    history = json.loads(line.removeprefix("logged "))
    found = server.experiment("trainer")
    assert found["name"] == "by the Trainer"
    assert found["config"]["learning_rate"] == 0.01
    own = found["experiment_id"]
    assert values(server, own, "train/loss") == [entry["loss"] for entry in history if "loss" in entry]
    assert values(server, own, "eval/loss") == [entry["eval_loss"] for entry in history if "eval_loss" in entry]
    steps = [float(entry["step"]) for entry in history]
    assert values(server, own, "train/global_step")[: len(steps) - 1] == steps[:-1]
    assert TOKEN not in json.dumps(found)


def values(server, own, metric):
    return [value for _, value in server.series(own, metric)]
