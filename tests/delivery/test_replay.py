"""What a process left behind: who sends it, when, and who leaves it alone."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.delivery.test_courier import courier_of, deliver, held
from tests.delivery.test_reading import append_numbers, spool_in
from trackio_client.delivery.locks import FileLock
from trackio_client.delivery.replay import pending, sync
from trackio_client.delivery.transport import MemoryTransport
from trackio_client.errors import Gone, StoreFull, Unauthorized


def test_the_next_process_sends_what_a_killed_one_left_and_the_digest_covers_what_is_gone(tmp_path: Path) -> None:
    spool, store = spool_in(tmp_path), MemoryTransport()
    courier = courier_of(spool, store)
    for n in range(3):
        append_numbers(spool, ("a",), *range(n * 10, n * 10 + 10))
        spool.turn()
        deliver(courier)
    append_numbers(spool, ("a",), *range(30, 40))
    spool.abandon()  # what the end of a process does
    [left] = pending(tmp_path)
    assert (left.events, left.is_live, left.last_step) == (10, False, 39)
    [account] = sync(tmp_path, lambda destination: store)
    assert held(store) == list(range(40))
    assert account.is_equal
    assert account.events == 40
    assert pending(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_living_writers_log_is_left_to_its_writer(tmp_path: Path) -> None:
    spool, store = spool_in(tmp_path), MemoryTransport()
    append_numbers(spool, ("a",), 1)
    assert sync(tmp_path, lambda destination: store) == []
    assert [p.is_live for p in pending(tmp_path)] == [True]
    assert held(store) == []


@pytest.mark.parametrize("trouble", [Unauthorized("wrong token"), Gone("deleted"), StoreFull("no room")])
def test_what_keeps_a_log_from_going_is_told_and_the_log_is_kept(tmp_path: Path, trouble: Exception) -> None:
    spool = spool_in(tmp_path)
    append_numbers(spool, ("a",), *range(5))
    spool.abandon()
    accounts = sync(tmp_path, lambda destination: MemoryTransport([trouble] * 9), sleep=lambda seconds: None)
    assert [(a.accepted, a.is_equal) for a in accounts] == [(0, False)]
    assert str(trouble) in accounts[0].text()
    assert str(trouble) in pending(tmp_path)[0].why
    sync(tmp_path, lambda destination: (store := MemoryTransport()) and store)
    assert pending(tmp_path) == []


def test_looking_at_what_is_unsent_does_not_keep_it_from_being_sent(tmp_path: Path) -> None:
    for n in range(20):
        spool = spool_in(tmp_path / "spools")
        append_numbers(spool, ("a",), n)
        spool.abandon()
    stop, troubles = threading.Event(), []

    def look() -> None:
        while not stop.is_set():
            try:
                pending(tmp_path / "spools")
            except Exception as error:  # a thread's end: told by the test
                troubles.append(error)

    lookers = [threading.Thread(target=look) for _ in range(3)]
    for looker in lookers:
        looker.start()
    store = MemoryTransport()
    receipts = sync(tmp_path / "spools", lambda destination: store)
    stop.set()
    for looker in lookers:
        looker.join()
    assert troubles == []
    assert sum(len(receipt.own) for receipt in receipts) == 20
    assert sorted(held(store)) == list(range(20))


def test_two_that_sync_at_the_same_time_disturb_each_other_in_nothing(tmp_path: Path) -> None:
    for n in range(40):
        spool = spool_in(tmp_path)
        append_numbers(spool, ("a",), n)
        spool.abandon()
    store, troubles = MemoryTransport(), []

    def send() -> None:
        try:
            sync(tmp_path, lambda destination: store)
        except Exception as error:  # a thread's end: told by the test
            troubles.append(error)

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert troubles == []
    assert sorted(held(store)) == list(range(40))
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_a_pusher_sends_just_now_is_waited_for(tmp_path: Path) -> None:
    """`sync` would say otherwise that its process lives, and end before the last of it is sent."""
    spool = spool_in(tmp_path)
    append_numbers(spool, ("a",), 0)
    spool.abandon()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    meta = spool.meta
    meta.pid = ended.pid
    meta.write(spool.directory)
    store, waited = MemoryTransport(), []
    pusher = FileLock.take(spool.directory / "lock")
    assert pusher is not None

    def let_go(seconds: float) -> None:
        waited.append(seconds)
        pusher.release()

    assert sync(tmp_path, lambda destination: store, sleep=let_go) == []  # without patience
    assert "another one is sending it just now" in pending(tmp_path)[0].why
    [receipt] = sync(tmp_path, lambda destination: store, sleep=let_go, patience_s=5.0)
    assert receipt.is_equal
    assert len(waited) >= 1
    assert held(store) == [0]


def test_a_log_whose_writer_lives_is_not_waited_for(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    append_numbers(spool, ("a",), 0)
    waited: list[float] = []
    assert sync(tmp_path, lambda destination: MemoryTransport(), sleep=waited.append, patience_s=5.0) == []
    assert waited == []
    spool.abandon()
