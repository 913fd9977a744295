"""`sync` of a log whose files are gone from this machine, or are not taken: which they were, and what can be done."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trackio_client.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
LOG = """
import os, pathlib, numpy, trackio_client
experiment = trackio_client.init("digits", name="painter")
for step in range(3):
    pixels = numpy.full((4, 4, 3), step, numpy.uint8)
    experiment.log({"loss": 1.0, "samples": trackio_client.Image(pixels)}, step=step)
pathlib.Path("weights.bin").write_bytes(b"w" * 5000)
experiment.log_artifact("weights.bin", name="net", type="model")
print(experiment.experiment_id, flush=True)
os._exit(1)
"""

pytestmark = pytest.mark.requirement("S1.58")


@pytest.fixture
def left(tmp_path, monkeypatch):
    """A training that died before it sent anything: its id, and its files on this machine, oldest first."""
    for name in list(os.environ):
        if name.startswith("TRACKIO_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "data"))
    env = {**os.environ, "TRACKIO_MODE": "offline", "TRACKIO_HARDWARE_S": "0", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", LOG], timeout=120, capture_output=True, env=env, cwd=tmp_path, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    files = [file for file in (tmp_path / "data" / "v1" / "spool").glob("*/blobs/*/*") if file.is_file()]
    assert len(files) == 4
    return done.stdout.split()[0], sorted(files, key=lambda file: file.stat().st_mtime_ns)


def test_files_that_are_gone_are_named_by_what_they_were_logged_as(left, capsys):
    _, files = left
    for file in files:
        if file.stat().st_size == 5000 or file == files[1]:
            file.unlink()
    assert main(["sync"]) == 0, "what there is is sent: numbers never wait behind a picture"
    out = capsys.readouterr().out
    assert "counts and digest equal" in out
    assert "2 files are missing here: samples at step 1 (image/png, " in out
    assert "net/weights.bin (application/octet-stream, 5,000 bytes, " in out
    assert files[1].name[:12] in out
    assert "Logged again with the same content" in out
    assert main(["sync"]) == 0
    assert "missing" not in capsys.readouterr().out, "told once: nothing waits any more"


def test_json_lists_each_of_them_with_its_experiment(left, capsys):
    experiment_id, files = left
    files[0].unlink()
    assert main(["sync", "--json"]) == 0
    [receipt] = json.loads(capsys.readouterr().out)["receipts"]
    assert (receipt["experiment_id"], receipt["is_durable"], receipt["is_equal"]) == (experiment_id, True, True)
    [lost] = receipt["missing_files"]
    assert (lost["sha256"], lost["name"], lost["step"], lost["mime"]) == (files[0].name, "samples", 0, "image/png")
    assert "not on the training's machine" in lost["why"]
    assert receipt["writers"][0]["missing_files"] == [lost]


def test_a_log_whose_files_are_all_there_says_nothing_of_them(left, capsys):
    assert main(["sync", "--json"]) == 0
    [receipt] = json.loads(capsys.readouterr().out)["receipts"]
    assert receipt["missing_files"] == []
