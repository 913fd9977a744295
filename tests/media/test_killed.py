"""A trainer that is killed while it logs pictures: what arrived has its files, each step once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trackio_client.reader import Api

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import numpy as np
import trackio_client as wandb

wandb.init(project="killed", id="killed")
for step in range(1_000_000):
    picture = wandb.Image(np.full((8, 8), step % 256, np.uint8))
    wandb.log({"loss": step, "seen": picture}, step=step)
    if step == 50:
        print("far enough", flush=True)
"""


@pytest.mark.crash
def test_pictures_that_were_logged_before_a_kill_are_there_with_their_files(tmp_path: Path) -> None:
    ours = {name: text for name, text in os.environ.items() if not name.startswith("TRACKIO_")}
    env = ours | {"TRACKIO_DIR": str(tmp_path), "TRACKIO_QUIET": "1", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], env=env, stdout=subprocess.PIPE, text=True) as trainer:
        assert trainer.stdout is not None
        while "far enough" not in trainer.stdout.readline():
            assert trainer.poll() is None
        trainer.kill()
    sync = [sys.executable, "-m", "trackio_client.cli.main", "sync", "--timeout", "60"]
    subprocess.run(sync, env=env, check=False, capture_output=True, timeout=90)
    until = time.monotonic() + 90
    with Api(tmp_path) as api:
        events: list[dict[str, object]] = []
        while len(events) < 50 and time.monotonic() < until:
            events = [event["content"] for event in api.source.events("killed", ["media"])]
        steps = [event["step"] for event in events]
        assert steps == list(range(len(steps)))
        assert len(steps) >= 50
        files = {item["file"]: item["bytes"] for event in events for item in event["items"]}  # type: ignore[attr-defined]
        assert all(len(b"".join(api.source.file(sha256))) == size for sha256, size in files.items())
        assert [row["_step"] for row in api.run("killed").scan_history(["loss"])][: len(steps)] == steps
