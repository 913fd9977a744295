"""kill -9 of the Space while eight trainers send: nothing lost, nothing twice, nobody stuck, nobody noticed."""

from __future__ import annotations

import random
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.machines import Space, Trainer, check_exact, spools, until

pytestmark = pytest.mark.crash


def kill_again_and_again(
    rng: random.Random,
    train: Callable[..., Trainer],
    tell: Callable[[str], None],
    tmp_path: Path,
    space: Space,
    kills: int,
    pause_s: float = 0.002,
) -> None:
    space.start()
    stop = tmp_path / "stop"
    shape = ("--pause", str(pause_s), "--until", str(stop), "--end", "finish")
    trainers = [train(10_000_000, *shape, url=space.url, TRACKIO_FLUSH_S="0.05") for _ in range(8)]
    for trainer in trainers:
        trainer.wait_for(1)
    for number in range(kills):
        wait_s = rng.random() * 2.0
        time.sleep(wait_s)
        space.kill()
        asleep_s = rng.choice([0.0, 0.0, rng.random()])
        time.sleep(asleep_s)
        space.start()
        calls = sum(len(trainer.acknowledged()) for trainer in trainers)
        tell(f"kill {number + 1} of the Space after {wait_s:.3f} s, down for {asleep_s:.3f} s; {calls} calls so far")
        assert all(trainer.process.poll() is None for trainer in trainers), "a trainer ended"
    stop.touch()
    for trainer in trainers:
        assert trainer.ended() == 0, trainer.said()
    acknowledged, took_us = 0, []
    for trainer in trainers:
        calls_of = trainer.acknowledged()
        check_exact(space.points(trainer.experiment_id, "t/value"), calls_of)
        acknowledged += len(calls_of)
        took_us += [took for _, _, took in calls_of]
        answer = space.receipts(trainer.experiment_id)
        assert answer["events"] == sum(receipt["events"] for receipt in answer["receipts"])
        assert all(receipt["holes"] == [] for receipt in answer["receipts"])
        assert f"digest equal ({answer['digest'][-12:]})" in trainer.said(), (
            "the client printed another digest than the Space has"
        )
    assert spools(tmp_path / "home") == [], "a writer is stuck"
    took_us.sort()
    p99 = took_us[int(len(took_us) * 0.99)]
    tell(
        f"{kills} kills, 8 trainers: {acknowledged} calls returned and are in the Space once; a call took "
        f"{statistics.median(took_us):.0f} µs (p50), {p99} µs (p99), {took_us[-1] / 1000:.1f} ms at most"
    )
    assert p99 < 20_000, "the trainers noticed"
    assert took_us[-1] < 2_000_000, "a trainer was held up"


def test_eight_trainers_do_not_notice_that_their_space_is_killed(rng, train, tell, tmp_path, own_space):
    kill_again_and_again(rng, train, tell, tmp_path, own_space, 5, 0.005)


@pytest.mark.long
def test_eight_trainers_do_not_notice_twenty_kills_of_their_space(rng, train, tell, tmp_path, own_space):
    kill_again_and_again(rng, train, tell, tmp_path, own_space, 20)


def test_a_space_whose_disk_is_wiped_gets_everything_again(train, tmp_path, own_space):
    """On a disk that does not keep nothing is durable: the trainer holds all of it, and sends it again (rule 13)."""
    own_space.settings |= {"TRACKIO_DISK": "ephemeral"}
    own_space.start()
    stop = tmp_path / "stop"
    quick = {"TRACKIO_FLUSH_S": "0.05", "TRACKIO_HEARTBEAT_S": "0.3", "TRACKIO_FINISH_TIMEOUT_S": "10"}
    busy = train(10_000_000, "--pause", "0.002", "--until", str(stop), url=own_space.url, **quick)
    idle = train(300, "--end", "wait", url=own_space.url, **quick)
    until(lambda: len(own_space.points(idle.experiment_id, "t/value")) == 300, "the first calls arrive")
    own_space.kill()
    shutil.rmtree(own_space.directory)
    own_space.start()
    until(lambda: len(own_space.points(idle.experiment_id, "t/value")) == 300, "an idle trainer hears of the wipe")
    stop.touch()
    assert busy.ended() == 0, busy.said()
    check_exact(own_space.points(busy.experiment_id, "t/value"), busy.acknowledged())
    check_exact(own_space.points(idle.experiment_id, "t/value"), idle.acknowledged())
    assert spools(tmp_path / "home"), "what is not durable was let go of"
    assert "not yet durable" in busy.said() or "durably" in busy.said(), busy.said()
