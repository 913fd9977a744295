"""Accelerate's loop with our tracker, in this process and in two."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trackio_client.reader import Api

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
from accelerate import Accelerator
from trackio_client.integrations.accelerate import TrackioTracker
import sys, torch

tracker = TrackioTracker("loops", tags=["accelerate"])
accelerator = Accelerator(cpu=True, log_with=tracker)
accelerator.init_trackers("loops", config={"lr": 0.1, "nested": {"layers": 2}})
model = torch.nn.Linear(4, 1)
model, optimizer = accelerator.prepare(model, torch.optim.SGD(model.parameters(), 0.1))
for step in range(5):
    loss = model(torch.ones(2, 4)).pow(2).mean()
    accelerator.backward(loss)
    optimizer.step()
    optimizer.zero_grad()
    accelerator.log({"train/loss": loss.item(), "note": f"step {step}"}, step=step)
    if "fail" in sys.argv and step == 2:
        raise RuntimeError("no more data")
assert accelerator.get_tracker("trackio_client", unwrap=True) is not None or not accelerator.is_main_process
accelerator.end_training()
"""


def run(folder: Path, *launcher: str, fails: bool = False):
    script = folder / "loop.py"
    script.write_text(PROGRAM)
    environ = os.environ | {"TRACKIO_DIR": str(folder / "data"), "TRACKIO_HARDWARE_S": "0", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *launcher, str(script), *(["fail"] if fails else [])]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=200)
    assert (done.returncode != 0) == fails, done.stderr[-2000:]
    [one] = Api(folder / "data").experiments("loops")
    return one


def test_what_the_loop_logs_is_there_step_by_step(tmp_path):
    one = run(tmp_path)
    assert (one.state, one.tags) == ("finished", ["accelerate"])
    assert one.series("train/loss").steps.tolist() == [0, 1, 2, 3, 4]
    assert (one.config["lr"], one.config["nested"]) == (0.1, {"layers": 2})


@pytest.mark.requirement("S1.39")
def test_of_two_processes_one_reports_the_metrics(tmp_path):
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    assert run(tmp_path, *launch).series("train/loss").steps.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.requirement("S1.38")
def test_a_loop_that_raises_is_failed(tmp_path):
    one = run(tmp_path, fails=True)
    assert one.state == "failed"
    assert "no more data" in one.evidence
    assert len(one.series("train/loss").values) == 3
