"""A folder of its own for each test, and no variable of the machine's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from trackio_client.lifecycle import process


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in list(os.environ):
        if name.startswith(("TRACKIO_", "HF_")) or name in ("MONITORING_MODE", "EXPERIMENT_NAME", "SPACE_ID"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))  # no log-in of the machine's
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRACKIO_PROJECT", "tests")
    monkeypatch.setenv("TRACKIO_CAPTURE_CONSOLE", "0")
    monkeypatch.setenv("TRACKIO_CAPTURE_ENVIRONMENT", "0")
    monkeypatch.setenv("TRACKIO_HARDWARE_S", "0")
    monkeypatch.setenv("TRACKIO_FLUSH_S", "0.05")
    yield tmp_path
    for experiment in process.live.copy():
        experiment.finish(timeout_s=5)
    process.live, process.current, process.monitor = [], None, None
