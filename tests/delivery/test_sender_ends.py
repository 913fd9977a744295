"""How long the end of a training waits for a Space that pushes to a dataset repo."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.delivery.test_reading import append_numbers, spool_in
from trackio_client.delivery import sender as sending
from trackio_client.delivery.sender import Sender
from trackio_client.delivery.transport import MemoryTransport
from trackio_client.wire.batches import Batch, Receipt


class SpaceOfARepo(MemoryTransport):
    """Accepts at once; durable is what was pushed."""

    def __init__(self, home: str) -> None:
        super().__init__(is_durable=False, destination="https://me-space.example")
        self.home = home

    def send(self, batch: Batch) -> Receipt:
        return replace(super().send(batch), store_id=self.home)


def drained(spool_folder: Path, store: SpaceOfARepo) -> tuple[bool, float]:
    """Whether all came to rest, and after how many seconds."""
    spool = spool_in(spool_folder)
    append_numbers(spool, ("a",), *range(10))
    sender = Sender(spool, store, flush_s=0.05)
    sender.start()
    began = time.monotonic()
    done = sender.drain(30)
    spent = time.monotonic() - began
    assert sender.courier is not None
    assert sender.stop()
    return done and not sender.courier.undurable, spent


def test_the_end_waits_for_the_push_of_the_space(tmp_path: Path) -> None:
    store = SpaceOfARepo("hf://datasets/me/exp")
    threading.Timer(2.0, lambda: setattr(store, "is_durable", True)).start()
    is_durable, spent = drained(tmp_path, store)
    assert is_durable
    assert spent < 25


def test_a_push_that_does_not_come_is_not_waited_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PUSH_WAIT_S", 2.0)
    is_durable, spent = drained(tmp_path, SpaceOfARepo("hf://datasets/me/exp"))
    assert not is_durable
    assert spent < 25


def test_a_space_that_keeps_nothing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PUSH_WAIT_S", 28.0)
    is_durable, spent = drained(tmp_path, SpaceOfARepo("s_0123"))
    assert not is_durable
    assert spent < 25
