"""How a training can end: drained within a bound, and the state is told with its evidence."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest

from tests.e2e.machines import LocalStore, Space, Trainer, check_exact, command, spools, until

pytestmark = pytest.mark.crash
BOUND_S = 20.0
"""TRACKIO_EXIT_TIMEOUT_S is 5 s; the rest is two busy cores, and less than TRACKIO_FINISH_TIMEOUT_S, which is 30 s."""


def ended(space: Space, trainer: Trainer) -> dict[str, Any]:
    check_exact(space.points(trainer.experiment_id, "t/value"), trainer.acknowledged(), more=1)
    record: dict[str, Any] = space.get(f"/v1/experiments/{trainer.experiment_id}")
    return record


def test_finish_ends_as_finished(train, space):
    trainer = train(300, url=space.url)
    assert trainer.ended() == 0, trainer.said()
    assert ended(space, trainer)["state"] == "finished"


def test_a_program_that_just_ends_is_drained_and_finished(train, tmp_path, space):
    trainer = train(5_000, "--end", "none", url=space.url)
    assert trainer.ended() == 0, trainer.said()
    assert ended(space, trainer)["state"] == "finished"
    assert spools(tmp_path / "home") == []


@pytest.mark.parametrize("end", ["finish", "none"])
@pytest.mark.parametrize("place", ["space", "local"])
def test_a_burst_of_many_megabytes_up_to_the_last_moment_is_there_whole(place, end, train, tmp_path, space):
    """The sender is megabytes behind when the program ends: it must not take what it has seen for all there is."""
    more = {"url": space.url} if place == "space" else {}
    trainer = train(120_000, "--burst", "--end", end, TRACKIO_EXIT_TIMEOUT_S="30", **more)
    assert trainer.ended() == 0, trainer.said()
    read = space if place == "space" else LocalStore(tmp_path / "home")
    assert len(trainer.acknowledged()) == 120_000
    check_exact(read.points(trainer.experiment_id, "t/value"), trainer.acknowledged())
    assert "counts and digest equal" in trainer.said()
    assert spools(tmp_path / "home") == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_of_a_burst_loses_nothing_and_what_is_late_is_kept(how, train, tmp_path, space):
    trainer = train(10_000_000, url=space.url, TRACKIO_EXIT_TIMEOUT_S="0.2")
    trainer.wait_for(60_000)
    trainer.kill(how)
    done = command(tmp_path / "home", "sync", TRACKIO_URL=space.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ended(space, trainer)["state"] == "interrupted"
    assert spools(tmp_path / "home") == []


def test_an_exception_ends_as_failed_with_its_words(train, tmp_path, space):
    trainer = train(300, "--end", "raise", url=space.url)
    assert trainer.ended() == 1
    assert "the loss exploded" in trainer.said(), "the user's own traceback must stay"
    record = ended(space, trainer)
    assert record["state"] == "failed"
    assert "the loss exploded" in str(record["end"])
    assert "RuntimeError" in str(record["evidence"]) + str(record["end"])
    assert spools(tmp_path / "home") == []


@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, None)])
def test_a_signal_ends_as_interrupted_within_the_bound(how, code, train, tmp_path, space):
    trainer = train(100_000, "--pause", "0.001", url=space.url)
    trainer.wait_for(200)
    began = time.monotonic()
    returned = trainer.kill(how)
    assert time.monotonic() - began < BOUND_S
    if code is not None:
        assert returned in (code, 128 + how), trainer.said()
    else:
        assert returned != 0
    record = ended(space, trainer)
    assert record["state"] == "interrupted", record
    assert signal.Signals(how).name in str(record["evidence"]) + str(record["end"]), record
    assert spools(tmp_path / "home") == []


def test_a_signal_with_nobody_there_ends_within_the_bound_and_loses_nothing(train, tmp_path, space, door):
    trainer = train(100_000, "--pause", "0.001", url=door.url)
    trainer.wait_for(200)
    began = time.monotonic()
    trainer.kill(signal.SIGTERM)
    assert time.monotonic() - began < BOUND_S
    command(tmp_path / "home", "sync", TRACKIO_URL=door.open())
    assert ended(space, trainer)["state"] == "interrupted"


def test_a_killed_training_is_never_called_finished(train, own_space):
    own_space.settings |= {"TRACKIO_LOST_CONTACT_S": "1", "TRACKIO_HEARTBEAT_S": "0.3"}
    own_space.start()
    trainer = train(100_000, "--pause", "0.001", url=own_space.url, TRACKIO_HEARTBEAT_S="0.3")
    trainer.wait_for(200)
    until(lambda: own_space.points(trainer.experiment_id, "t/value"), "something arrives")
    trainer.kill()
    path = f"/v1/experiments/{trainer.experiment_id}"
    record = own_space.get(path)
    assert record["state"] in ("running", "lost_contact")
    assert record["evidence"]
