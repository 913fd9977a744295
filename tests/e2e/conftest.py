"""What the crash tests share: seeds that are printed, processes that are gone afterwards, and one Space for many."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.bad_network import BadNetwork
from tests.e2e.machines import Space, Trainer

_told: list[str] = []


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Random decisions of one test. TRACKIO_TEST_SEED repeats those of a failed one."""
    seed = int(os.environ.get("TRACKIO_TEST_SEED") or random.randrange(1 << 32))
    print(f"TRACKIO_TEST_SEED={seed}")
    _told.append(f"TRACKIO_TEST_SEED={seed}  {request.node.name}")
    return random.Random(seed)


@pytest.fixture
def tell() -> Callable[[str], None]:
    """Say a line in the summary of the run."""
    return lambda line: _told.append("  " + line)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _told:
        terminalreporter.section("crash tests")
        for line in _told:
            terminalreporter.write_line(line)


@pytest.fixture
def train(tmp_path: Path) -> Iterator[Callable[..., Trainer]]:
    """Start trainers; what still runs at the end of the test is killed."""
    started: list[Trainer] = []

    def start(steps: int, *more: str, directory: Path | None = None, **settings: str) -> Trainer:
        ledger = tmp_path / f"ledger-{len(started)}"
        started.append(Trainer(directory or tmp_path / "home", ledger, steps, *more, **settings))
        return started[-1]

    yield start
    for trainer in started:
        if trainer.process.poll() is None:
            trainer.kill()


@pytest.fixture
def own_space(tmp_path: Path) -> Iterator[Space]:
    """A Space of this test alone, not yet started."""
    space = Space(tmp_path / "space")
    yield space
    if space.process is not None:
        space.kill()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str, int], Path]]:
    """Mount a disk of so many KiB; skipped where only root may."""
    mounted: list[Path] = []

    def mount(name: str, kib: int) -> Path:
        place = tmp_path / name
        place.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "none", str(place)]
        try:
            done = subprocess.run(words, capture_output=True, check=False)
        except OSError:
            pytest.skip("there is no mount command here")
        if done.returncode:
            pytest.skip("mounting a small disk needs root")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=False)


class Door:
    """An address in front of the Space: shut, a proxy answers 503; open, the Space does."""

    def __init__(self, port: int) -> None:
        self.is_open = False
        self._network = BadNetwork(port, lambda number: "pass" if self.is_open else "503")
        self.url = self._network.url

    def open(self) -> str:
        self.is_open = True
        return self.url

    def close(self) -> None:
        self._network.close()


@pytest.fixture
def door(space: Space) -> Iterator[Door]:
    door = Door(space.port)
    yield door
    door.close()


@pytest.fixture(scope="session")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """A Space that runs for all tests: each has a project of its own."""
    space = Space(tmp_path_factory.mktemp("space") / "data").start()
    yield space
    space.kill()
