"""Forks, threads, processes: exact counts, and no lock error reaches anyone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.machines import LocalStore, check_exact, command, environment, spools, until
from trackio_client.wire.batches import digest_sum

pytestmark = pytest.mark.crash


def test_a_fork_in_the_middle_gives_two_writers_and_exact_counts(train, tmp_path, space):
    trainer = train(400, "--fork-at", "200", "--pause", "0.001", "--end", "none", url=space.url)
    assert trainer.ended() == 0, trainer.said()
    until(lambda: len(trainer.acknowledged()) == 600, "parent and child have logged")

    def all_sent() -> bool:  # the child ends by itself, some time after its parent
        return command(tmp_path / "home", "sync", TRACKIO_URL=space.url).returncode == 0 and not spools(
            tmp_path / "home"
        )

    until(all_sent, "both are sent", every_s=0.2)
    points = space.points(trainer.experiment_id, "t/value")
    assert sorted(step for step, _ in points) == sorted(step for _, step, _ in trainer.acknowledged())
    assert len(points) == 600
    receipts = space.receipts(trainer.experiment_id)["receipts"]
    assert len(receipts) == 2, "a fork shares its parent's writer"


def test_eight_processes_of_eight_threads_on_one_experiment_count_exactly(train, tell, tmp_path, space):
    first = train(50, "--name", "crowd", "--project", "crowd", "--end", "none", url=space.url)
    first.ended()
    shape = ("--threads", "8", "--project", "crowd", "--resume", "crowd")
    crowd = [train(50, *shape, "--first", str(10_000 * (n + 1)), url=space.url) for n in range(8)]
    for trainer in crowd:
        assert trainer.ended() == 0, trainer.said()
    command(tmp_path / "home", "sync", TRACKIO_URL=space.url)
    assert {trainer.experiment_id for trainer in crowd} == {first.experiment_id}
    acknowledged = [call for trainer in [first, *crowd] for call in trainer.acknowledged()]
    assert len(acknowledged) == 50 + 8 * 8 * 50
    check_exact(space.points(first.experiment_id, "t/value"), acknowledged)
    answer = space.receipts(first.experiment_id)
    assert len(answer["receipts"]) == 9
    for trainer in crowd:  # each proves its own part, and says whose the rest is
        assert "counts and digest equal" in trainer.said(), trainer.said()
        assert "from other processes" in trainer.said(), trainer.said()
    digests = [receipt["digest"] for receipt in answer["receipts"]]
    assert answer["digest"] == digest_sum(digests)
    tell(f"8 × 8: {len(acknowledged)} calls of 9 writers, {answer['events']} events in the Space")


READER = """
import sys, time
from pathlib import Path
from trackio_client.errors import NotFound
from trackio_client.store.open import open_store
path, until = Path(sys.argv[1]), Path(sys.argv[2])
while not path.exists():
    time.sleep(0.05)
store = open_store(path)
last, reads = {}, 0
while not until.exists():
    for record in store.experiments():
        try:
            count = len(store.points(record.experiment_id, "t/value").steps)
        except NotFound:
            continue
        assert count >= last.get(record.experiment_id, 0), "points vanished"
        last[record.experiment_id], reads = count, reads + 1
print(reads, sum(last.values()))
"""
MERGER = """
import sys
from pathlib import Path
from trackio_client.store.open import open_store
store = open_store(Path(sys.argv[1]))
print("MERGING", flush=True)
while True:
    store.merge(budget_s=0.5)
"""


@pytest.mark.requirement("S2.31")
def test_eight_write_two_read_and_one_dies_merging_without_a_lock_error(rng, train, tell, tmp_path):
    home = tmp_path / "home"
    stop, path = tmp_path / "stop", home / "v1" / "store.sqlite"
    first = train(2_000, directory=home)
    assert first.ended() == 0, first.said()
    writers = [train(4_000, "--pause", "0.0003", "--end", "finish", directory=home) for _ in range(8)]
    readers = [python(READER, path, stop) for _ in range(2)]
    for _ in range(5):
        merger = python(MERGER, path)
        assert merger.stdout is not None
        merger.stdout.readline()
        time.sleep(rng.random() * 0.4)
        merger.send_signal(signal.SIGKILL)
        merger.communicate()
    for writer in writers:
        assert writer.ended() == 0, writer.said()
    stop.touch()
    for reader in readers:
        out, err = reader.communicate(timeout=120)
        assert reader.returncode == 0, err
        tell(f"a reader saw {out.strip()} (reads, points at the end)")
    command(home, "sync")
    said = "".join(writer.said() for writer in writers)
    assert "locked" not in said, said
    assert "error" not in said.lower(), said
    store = LocalStore(home)
    for writer in [first, *writers]:
        check_exact(store.points(writer.experiment_id, "t/value"), writer.acknowledged())
        assert store.audited(writer.experiment_id)
    assert spools(home) == []


def python(program: str, *words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, words)],
        env=environment(Path(os.devnull)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_one_folder_for_a_space_and_its_trainers_is_safe(rng, train, tell, tmp_path, own_space):
    """The Space and trainers without it write one file, and spools lie beside it; the Space is killed in between."""
    own_space.start()
    home, stop = own_space.directory, tmp_path / "stop"
    shape = ("--pause", "0.001", "--until", str(stop))
    remote = [train(10_000_000, *shape, directory=home, url=own_space.url, TRACKIO_FLUSH_S="0.05") for _ in range(2)]
    local = [train(10_000_000, *shape, directory=home, TRACKIO_FLUSH_S="0.05") for _ in range(2)]
    for trainer in (*remote, *local):
        until(lambda t=trainer: own_space.points(t.experiment_id, "t/value"), "all are seen in the Space", every_s=0.1)
    time.sleep(rng.random())
    own_space.kill()
    killed = local.pop()
    killed.kill()
    own_space.start()
    stop.touch()
    for trainer in (*remote, *local):
        assert trainer.ended() == 0, trainer.said()
        assert "counts and digest equal" in trainer.said(), trainer.said()
        assert "locked" not in trainer.said(), trainer.said()
    assert command(home, "sync").returncode == 0  # what the killed one left, into the file that the Space has open
    store = LocalStore(home)
    for trainer in (*remote, *local, killed):
        points = own_space.points(trainer.experiment_id, "t/value")
        check_exact(points, trainer.acknowledged(), more=int(trainer is killed))
        assert store.audited(trainer.experiment_id)
    assert spools(home) == []
    log = own_space.log.read_text()
    assert "Traceback" not in log, log
    assert "locked" not in log, log
    calls = sum(len(trainer.acknowledged()) for trainer in (*remote, *local, killed))
    tell(f"one folder: {calls} calls of 4 trainers, 2 of them without the Space")
