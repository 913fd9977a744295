"""The receipt of an experiment: ours proved, the others' named."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.delivery.test_courier import courier_of, deliver, with_a_hole
from tests.delivery.test_reading import append_numbers, spool_in
from trackio_client.delivery.account import account_of
from trackio_client.delivery.receipts import ExperimentReceipt, receipt_of
from trackio_client.delivery.replay import sync
from trackio_client.delivery.sender import Sender
from trackio_client.delivery.transport import MemoryTransport
from trackio_client.errors import Unavailable
from trackio_client.wire.batches import Receipt


def receipt_with_others(tmp_path: Path, store: MemoryTransport, others: int) -> ExperimentReceipt:
    """The receipt of one writer of ten events, beside writers of five that other machines have sent."""
    for n in range(others):
        (tmp_path / f"machine{n}").mkdir()
        away = spool_in(tmp_path / f"machine{n}")
        append_numbers(away, ("a",), *range(100, 105))
        deliver(courier_of(away, store))
    spool = spool_in(tmp_path)
    append_numbers(spool, ("a", "b"), *range(10))
    courier = courier_of(spool, store)
    deliver(courier)
    return receipt_of([account_of(courier, name="brave-otter")], store)


def test_a_receipt_has_counts_and_digest_of_what_the_destination_holds(tmp_path: Path) -> None:
    receipt = receipt_with_others(tmp_path, MemoryTransport(), 0)
    assert receipt.is_equal
    assert receipt.held is not None
    assert [held.digest for held in receipt.held] == [receipt.digest]
    assert receipt.text() == (
        "brave-otter (exp_1): 10 events with 20 values logged; the local store holds all of them, counts and digest "
        f"equal ({receipt.digest[-12:]}), durable"
    )


def test_writers_of_other_processes_are_named_with_what_is_held_of_them(tmp_path: Path) -> None:
    receipt = receipt_with_others(tmp_path, MemoryTransport(), 5)
    assert (receipt.events, receipt.points, len(receipt.others)) == (35, 45, 5)
    first, ours, others = receipt.text().splitlines()
    assert "holds 35 events with 45 values" in first
    assert receipt.digest[-12:] in first
    assert "of 6 writers" in first
    assert "from here 10 events with 20 values" in ours
    assert "counts and digest equal" in ours
    assert "from other processes 25 events with 25 values" in others
    assert receipt.others[0].writer_id in others
    assert others.endswith("and 2 more")
    told = receipt.to_json()
    assert [len(told[name]) for name in ("writers", "other_writers")] == [1, 5]


def test_a_store_that_holds_other_values_is_not_called_equal(tmp_path: Path) -> None:
    class Damaged(MemoryTransport):
        def receipts(self, experiment_id: str, *, timeout_s: float = 10.0) -> tuple[Receipt, ...]:
            return tuple(replace(each, digest="0" * 32) for each in super().receipts(experiment_id))

    receipt = receipt_with_others(tmp_path, Damaged(), 0)
    assert not receipt.is_equal
    assert "does not hold the same" in receipt.text()


def test_a_hole_of_another_writer_is_named_too(tmp_path: Path) -> None:
    store = MemoryTransport()
    (tmp_path / "away").mkdir()
    away = spool_in(tmp_path / "away")
    with_a_hole(away, store)
    receipt = receipt_with_others(tmp_path, store, 0)
    assert receipt.is_equal, "ours are whole"
    assert receipt.holes == (f"events 0 to 9: no longer held by its writer of writer {away.meta.writer_id}",)
    assert "missing: events 0 to 9" in receipt.text()


def test_a_destination_that_does_not_say_what_it_holds_leaves_the_writers_own_receipts(tmp_path: Path) -> None:
    class Silent(MemoryTransport):
        def receipts(self, experiment_id: str, *, timeout_s: float = 10.0) -> tuple[Receipt, ...]:
            raise Unavailable("gone to sleep")

    receipt = receipt_with_others(tmp_path, Silent(), 2)
    assert receipt.held is None
    assert receipt.is_equal
    assert "counts and digest equal" in receipt.text()


def test_sync_gives_one_receipt_an_experiment(tmp_path: Path) -> None:
    for n in range(3):
        spool = spool_in(tmp_path)
        append_numbers(spool, ("a",), *range(n * 10, n * 10 + 10))
        spool.abandon()
    store = MemoryTransport()
    [receipt] = sync(tmp_path, lambda destination: store)
    assert (len(receipt.own), receipt.events, receipt.is_equal, receipt.others) == (3, 30, True, ())
    assert receipt.digest == receipt_of(receipt.own, store).digest


@pytest.mark.requirement("S1.58")
def test_a_sign_of_life_that_failed_is_tried_again_soon_not_at_the_next_heartbeat(tmp_path: Path) -> None:
    """An idle client of a Space that is starting must hear soon that its disk was wiped."""
    spool, store = spool_in(tmp_path), MemoryTransport()
    append_numbers(spool, ("a",), 1)
    sender = Sender(spool, store, flush_s=0.02, heartbeat_s=3600)
    sender.start()

    def until(true: object) -> None:
        deadline = time.monotonic() + 60
        while not true():  # type: ignore[operator]
            assert time.monotonic() < deadline
            time.sleep(0.01)

    until(lambda: store.batches)
    store.failures.append(Unavailable("the Space is starting"))
    sender._next_beat = 0.0
    until(lambda: sender.trouble)
    until(lambda: store.heartbeats == 1 and not sender.trouble)
    sender.stop()


def test_what_waits_here_for_a_dataset_repo_is_not_said_to_be_there(tmp_path: Path) -> None:
    repo = "hf://datasets/me/exp"
    held = receipt_with_others(tmp_path, MemoryTransport(), 1)
    there = replace(held, own=(replace(held.own[0], destination=repo),))
    assert f"{repo} holds 15 events" in there.text().splitlines()[0]
    assert "durable" in there.text().splitlines()[1]
    waits = replace(there, own=(replace(there.own[0], durable=0),), onward="the push goes on (pid 5)")
    assert f"this machine, for {repo}, holds 15 events" in waits.text().splitlines()[0]
    assert waits.text().splitlines()[1].endswith("; the push goes on (pid 5)")
    assert held.held is not None
    others = replace(there, held=tuple(replace(one, durable=()) for one in held.held))
    assert f"this machine, for {repo}, holds 15 events" in others.text().splitlines()[0]
