"""A push that somebody asked for: it is tried again when it failed, and not only when the interval is over."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.machines import until
from tests.store.trainer import Trainer, taken
from trackio_client.errors import HubAway
from trackio_client.hub import replicator
from trackio_client.hub.memory import Failure, MemoryTarget
from trackio_client.hub.replicator import Replicator
from trackio_client.store.open import open_store
from trackio_client.store.sqlite import SqliteStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = open_store(tmp_path / "store.sqlite", persistent=False, destination="hf://datasets/me/exp")
    yield store
    store.close()


@pytest.fixture
def pushing(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Replicator]:
    """A replicator at work, whose first push is made and whose next is an hour away."""
    monkeypatch.setattr(replicator, "AWAY_S", (0.05, 0.1))
    monkeypatch.setattr(replicator, "SETTLE_S", 0.05)
    found = Replicator(store, MemoryTarget(), origin="a", interval_s=3600.0)
    taken(Trainer().start().steps(3).send(store))
    found.start()
    until(lambda: not store.holdings(behind=True), "the first push")
    yield found
    found.close(push=False)


def test_what_ended_is_pushed_soon_though_the_first_try_failed(pushing: Replicator, store: SqliteStore) -> None:
    target: Any = pushing.target
    target.failures.append(Failure(HubAway("504")))
    trainer = Trainer("w_2", "exp_2").start().steps(3).event(kind="end", state="finished")
    taken(trainer.send(store))
    until(lambda: not store.holdings(behind=True), "the push that failed is made")  # the next one is an hour away
    assert target.calls.count("commit") == 3


def test_a_full_disk_is_told_as_that_and_the_push_goes_on_when_there_is_room(
    pushing: Replicator, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pushing._committer.commit

    def full(*args: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(replicator, "AWAY_S", (0.2, 0.2))
    monkeypatch.setattr(pushing._committer, "commit", full)
    monkeypatch.setattr(replicator.random, "uniform", lambda low, high: 0.01)
    taken(Trainer("w_2", "exp_2").start().event(kind="end", state="finished").send(store))
    until(lambda: pushing.status()["problem"], "it says what hinders it")
    assert "no room on the server's disk" in pushing.status()["problem"]
    monkeypatch.setattr(pushing._committer, "commit", real)
    until(lambda: not store.holdings(behind=True), "the push goes on")
    until(lambda: pushing.status()["problem"] is None, "all is well again")
