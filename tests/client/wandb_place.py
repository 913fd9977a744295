"""Where scripts of W&B run in tests: a folder and a store of their own, with ours under the name wandb."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import trackio_client
from trackio_client.lifecycle import process

NAMES = ("TRACKIO_URL", "TRACKIO_PROJECT", "TRACKIO_TOKEN", "TRACKIO_MODE", "TRACKIO_SPACE_ID", "HF_USERNAME")


@contextmanager
def a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`trackio_client`, with nothing open, in a working folder below `tmp_path`."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    given = {"DIR": str(tmp_path / "data"), "QUIET": "1", "FLUSH_S": "0.02", "CAPTURE_CONSOLE": "0", "HARDWARE_S": "0"}
    for name, value in given.items():
        monkeypatch.setenv(f"TRACKIO_{name}", value)
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    try:
        yield trackio_client
    finally:
        for experiment in process.live.copy():
            experiment.finish(timeout_s=2)
        process.current = None
        process.take_early_config()
