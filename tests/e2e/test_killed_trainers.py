"""kill -9 of a trainer at any moment: every `log()` that returned is in the store after `sync`, once."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.machines import LocalStore, Space, Trainer, check_exact, command, spools
from trackio_client.delivery.spool import segment_numbers, segment_path
from trackio_client.wire.frames import Schema, metrics_frame

pytestmark = pytest.mark.crash
Train = Callable[..., Trainer]
Tell = Callable[[str], None]


def kill_some(rng: random.Random, train: Train, tell: Tell, kills: int, url: str = "") -> list[Trainer]:
    killed = []
    for number in range(kills):
        threads = rng.choice([1, 1, 3])
        trainer = train(10_000_000, "--threads", str(threads), url=url)
        trainer.wait_for(1)
        wait_s = rng.choice([0.0, rng.random() * 0.05, rng.random() * 0.8, rng.random() * 1.6])
        time.sleep(wait_s)
        trainer.kill()
        killed.append(trainer)
        tell(
            f"kill {number + 1}: {wait_s:.3f} s after the first call, {len(trainer.acknowledged())} calls had returned"
        )
    return killed


def tear(rng: random.Random, home: Path) -> dict[Path, bytes]:
    """What a power cut or a kill leaves: half a frame, or garbage, at the end of a log. Gives the torn files back."""
    frame = metrics_frame(Schema(("t/value", "t/thread", "t/negative")), 10**9, 0, (1.5, 0.0, 0.0))
    torn = {}
    for spool in spools(home):
        if numbers := segment_numbers(spool):
            last = segment_path(spool, numbers[-1])
            end = rng.choice(
                [b"", frame[: rng.randrange(1, len(frame))], rng.randbytes(rng.randrange(1, 200)), b"\0" * 64]
            )
            with last.open("ab") as file:
                file.write(end)
            torn[last] = last.read_bytes()
    return torn


def check_all(killed: list[Trainer], read: Callable[[str], list[tuple[int, float]]], tell: Tell) -> None:
    acknowledged = stored = 0
    for trainer in killed:
        points = read(trainer.experiment_id)
        check_exact(points, trainer.acknowledged(), more=3)  # a thread each may have been between write and note
        acknowledged, stored = acknowledged + len(trainer.acknowledged()), stored + len(points)
    tell(f"{len(killed)} kills: {acknowledged} calls had returned, {stored} are in the store, none twice, none lost")


def kills_into_the_local_store(rng: random.Random, train: Train, tell: Tell, home: Path, kills: int) -> None:
    killed = kill_some(rng, train, tell, kills)
    tear(rng, home)
    done = command(home, "sync")
    assert done.returncode == 0, done.stdout + done.stderr
    store = LocalStore(home)
    check_all(killed, lambda experiment: store.points(experiment, "t/value"), tell)
    assert all(store.audited(trainer.experiment_id) for trainer in killed)
    assert spools(home) == [], "what is durable was kept"


def kills_towards_a_space(rng: random.Random, train: Train, tell: Tell, home: Path, space: Space, kills: int) -> None:
    killed = kill_some(rng, train, tell, kills, space.url)
    tear(rng, home)
    done = command(home, "sync", TRACKIO_URL=space.url)
    assert done.returncode == 0, done.stdout + done.stderr
    check_all(killed, lambda experiment: space.points(experiment, "t/value"), tell)
    assert spools(home) == []


def test_trainers_killed_while_they_log_to_the_local_store_lose_nothing(rng, train, tell, tmp_path):
    kills_into_the_local_store(rng, train, tell, tmp_path / "home", 6)


def test_trainers_killed_while_they_send_to_a_space_lose_nothing(rng, train, tell, tmp_path, space):
    kills_towards_a_space(rng, train, tell, tmp_path / "home", space, 6)


@pytest.mark.long
def test_twenty_five_trainers_killed_at_the_local_store_lose_nothing(rng, train, tell, tmp_path):
    kills_into_the_local_store(rng, train, tell, tmp_path / "home", 25)


@pytest.mark.long
def test_twenty_five_trainers_killed_at_a_space_lose_nothing(rng, train, tell, tmp_path, space):
    kills_towards_a_space(rng, train, tell, tmp_path / "home", space, 25)


def test_a_torn_last_frame_is_stepped_over_and_never_cut_off(rng, train, tmp_path):
    home = tmp_path / "home"
    trainer = train(10_000_000, url="http://127.0.0.1:9", directory=home)  # nobody listens there: all stays in the log
    trainer.wait_for(50)
    trainer.kill()
    torn: dict[Path, bytes] = {}
    while not any(torn.values()) or all(len(path.read_bytes()) % 8 == 0 for path in torn):
        torn = tear(rng, home)
    asked = command(home, "sync", TRACKIO_URL="http://127.0.0.1:9")  # a reader meets the torn end, and keeps it
    assert asked.returncode != 0, "sync said that all is well, but nobody is there"
    assert {path: path.read_bytes() for path in torn} == torn


def test_a_resumed_experiment_has_the_calls_of_the_killed_process_and_its_own(rng, train, tell, tmp_path):
    home = tmp_path / "home"
    first = train(10_000_000, "--name", "phoenix", directory=home)
    first.wait_for(20 + rng.randrange(200))
    first.kill()
    command(home, "sync")
    second = train(50, "--resume", "phoenix", "--first", "20000000", directory=home)
    assert second.ended() == 0, second.said()
    assert second.experiment_id == first.experiment_id
    points = LocalStore(home).points(first.experiment_id, "t/value")
    check_exact(points, first.acknowledged() + second.acknowledged(), more=1)


def test_a_second_sync_changes_nothing(rng, train, tmp_path):
    home = tmp_path / "home"
    trainer = train(10_000_000, directory=home)
    trainer.wait_for(100)
    trainer.kill()
    assert command(home, "sync").returncode == 0
    before = LocalStore(home).points(trainer.experiment_id, "t/value")
    assert command(home, "sync").returncode == 0
    assert LocalStore(home).points(trainer.experiment_id, "t/value") == before != []
    assert os.listdir(home / "v1" / "spool") == []  # noqa: PTH208
