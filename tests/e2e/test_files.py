"""Files through real processes that are killed: a trainer, a Space, and a Space that forgets its disk."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.machines import PATIENCE_S, ROOT, Space, command, environment, spools, until

pytestmark = [pytest.mark.crash, pytest.mark.requirement("S1.58")]
PAINTER = Path(__file__).parent / "programs" / "painter.py"


class Painter:
    """A process that logs pictures, and what it knows to have logged."""

    def __init__(self, home: Path, ledger: Path, *words: str, **settings: str) -> None:
        self.ledger, self.home = ledger, home
        self.out = ledger.with_suffix(".out").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, str(PAINTER), str(ledger), *words],
            env=environment(home, **settings),
            stdout=self.out,
            stderr=self.out,
            cwd=ROOT,
        )

    def lines(self) -> list[str]:
        text = self.ledger.read_text() if self.ledger.exists() else ""
        return text[: text.rfind("\n") + 1].splitlines()

    @property
    def experiment_id(self) -> str:
        return str(until(self.lines, "the painter began")[0])

    def painted(self) -> dict[int, str]:
        return {int(step): sha256 for step, sha256 in (line.split() for line in self.lines()[1:])}

    def wait_for(self, pictures: int) -> None:
        until(lambda: len(self.lines()) > pictures, f"{pictures} pictures:\n{self.said()}")

    def said(self) -> str:
        return self.ledger.with_suffix(".out").read_text()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_S)


@pytest.fixture
def paint(tmp_path: Path) -> Iterator[Callable[..., Painter]]:
    started: list[Painter] = []

    def start(*words: str, **settings: str) -> Painter:
        ledger = tmp_path / f"ledger-{len(started)}"
        settings = {"TRACKIO_FLUSH_S": "0.05", **settings}
        started.append(Painter(tmp_path / "home", ledger, *words, **settings))
        return started[-1]

    yield start
    for painter in started:
        if painter.process.poll() is None:
            painter.kill()
        painter.out.close()


def read(space: Space, sha256: str) -> bytes:
    with urllib.request.urlopen(f"{space.url}/v1/blobs/{sha256}", timeout=60) as answer:
        return bytes(answer.read())


def cited(space: Space, experiment_id: str) -> dict[int, str]:
    """Step → hash of each picture that the Space has an event of."""
    try:
        events = space.get(f"/v1/experiments/{experiment_id}/events?kind=media")["events"]
    except urllib.error.HTTPError:
        return {}
    return {each["content"]["step"]: each["content"]["items"][0]["file"] for each in events}


def check(space: Space, painter: Painter) -> None:
    """All that returned is there; every event has its file, byte by byte."""
    there, painted = cited(space, painter.experiment_id), painter.painted()
    assert {step: there.get(step) for step in painted} == painted
    assert len(there) <= len(painted) + 1, "one call at most had no time to be noted"
    for sha256 in there.values():
        assert hashlib.sha256(read(space, sha256)).hexdigest() == sha256


def test_a_trainer_and_a_space_that_are_killed_with_files_on_their_way_lose_none(own_space, paint, tmp_path, rng, tell):
    space: Space = own_space
    space.start()
    painter = paint("100000", "--pause", "0.05", TRACKIO_URL=space.url)
    painter.wait_for(20)
    time.sleep(rng.random() * 0.5)
    space.kill()
    space.start()
    painter.kill()
    tell(f"{len(painter.painted())} pictures when the trainer was killed")
    sent = command(tmp_path / "home", "sync", TRACKIO_URL=space.url)
    assert sent.returncode == 0, sent.stderr
    check(space, painter)
    assert spools(tmp_path / "home") == []
    left = [path for path in (tmp_path / "home" / "v1" / "spool").rglob("*") if path.is_file()]
    assert left == [], "files stay on the trainer's machine for ever"


def test_a_space_that_forgot_its_disk_asks_for_the_files_again(own_space, paint, tmp_path, rng):
    space: Space = own_space
    space.settings["TRACKIO_DISK"] = "ephemeral"
    space.start()
    stop = tmp_path / "stop"
    painter = paint("100000", "--pause", "0.05", "--until", str(stop), TRACKIO_URL=space.url, TRACKIO_HEARTBEAT_S="0.5")
    painter.wait_for(30)
    until(lambda: len(cited(space, painter.experiment_id)) > 20, "pictures arrive")
    space.kill()
    shutil.rmtree(space.directory)
    space.start()
    painter.wait_for(len(painter.painted()) + 10)
    stop.touch()
    assert painter.process.wait(PATIENCE_S) == 0, painter.said()
    check(space, painter)


def test_a_file_of_200_megabytes_takes_little_memory_at_either_end(own_space, paint, tmp_path, tell):
    space: Space = own_space
    space.start()
    before_kb = _memory_kb(space)
    began = time.monotonic()
    painter = paint("1", "--large", str(200 * 1024 * 1024), TRACKIO_URL=space.url)
    assert painter.process.wait(2 * PATIENCE_S) == 0, painter.said()
    took_s = time.monotonic() - began
    sha256, version, client_before, client_after = painter.lines()[1].split()
    tell(
        f"200 MB in {took_s:.1f} s; the trainer took {(int(client_after) - int(client_before)) // 1024} MB more, "
        f"the Space {(_memory_kb(space) - before_kb) // 1024} MB"
    )
    assert version == "v0"
    assert int(client_after) - int(client_before) < 64 * 1024
    assert _memory_kb(space) - before_kb < 96 * 1024
    digest = hashlib.sha256()
    with urllib.request.urlopen(f"{space.url}/v1/blobs/{sha256}", timeout=60) as answer:
        while piece := answer.read(1 << 20):
            digest.update(piece)
    assert digest.hexdigest() == sha256
    until(lambda: spools(tmp_path / "home") == [], "nothing is left to send")


def _memory_kb(space: Space) -> int:
    """The most that the Space's process has taken so far."""
    assert space.process is not None
    text = Path(f"/proc/{space.process.pid}/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("VmHWM")).split()[1])
