"""What the tests with real clients share."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.peers.machines import TOKEN, Server, begin, trackio_python


@pytest.fixture(scope="session")
def peer() -> Path:
    """Python with the real `trackio`; without it a skip, or a failure by TRACKIO_REQUIRE_TEST_DATA=1."""
    if (python := trackio_python()) is not None:
        return python
    text = (
        "the package trackio is not there. `make .venv-trackio/.made` installs it; or name one in TRACKIO_PEER_PYTHON"
    )
    if os.environ.get("TRACKIO_REQUIRE_TEST_DATA"):
        pytest.fail(text)
    pytest.skip(text)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the tests of a module."""
    made = Server(tmp_path_factory.mktemp("space")).start()
    yield made
    made.stop()


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(peer: Path, tmp_path: Path) -> Iterator[Start]:
    """Start a program of `programs/` with the real package, logging to a server; killed at the test's end."""
    started: list[subprocess.Popen[str]] = []

    def started_one(program: str, url: str, *words: str, python: Path = peer, **settings: str) -> subprocess.Popen[str]:
        started.append(begin(python, tmp_path, program, url, *words, **settings))
        return started[-1]

    yield started_one
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def run(start: Start) -> Callable[..., str]:
    """Run a program of `programs/` to its end; its output."""

    def ended(program: str, url: str, *words: str, typed: str | None = None, **settings: Any) -> str:
        process = start(program, url, *words, **settings)
        output, _ = process.communicate(typed, timeout=90)
        assert process.returncode == 0, output
        return output

    return ended


@pytest.fixture
def trackio(run: Callable[..., str]) -> Callable[..., list[str]]:
    """The real command line, asking a server: what each command shows."""

    def typed(server: Server, *commands: Sequence[str]) -> list[str]:
        space = f"{server.url}?write_token={TOKEN}"
        lines = "".join(json.dumps(["--space", space, *words]) + "\n" for words in commands)
        output = run("typed.py", "", typed=lines)
        return [json.loads(line) for line in output.splitlines()]

    return typed
