"""Experiments that record their environment, and a repository for them."""

from __future__ import annotations

import os

import pytest

from tests.capture.repositories import commit, run
from trackio_client.lifecycle import process
from trackio_client.reader import Api


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
