"""From a log to a receipt, whatever the network and the store do in between."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.delivery.test_reading import append_numbers, numbered, spool_in
from trackio_client.delivery.account import account_of
from trackio_client.delivery.courier import Courier
from trackio_client.delivery.meta import read_meta
from trackio_client.delivery.receipts import receipt_of
from trackio_client.delivery.replay import sync
from trackio_client.delivery.sender import Sender
from trackio_client.delivery.spool import Spool, segment_numbers
from trackio_client.delivery.transport import MemoryTransport
from trackio_client.errors import Overlap, Rejected, StoreFull, Unavailable
from trackio_client.store.columns import EventAt, decode
from trackio_client.wire.batches import Batch, Receipt


def courier_of(spool: Spool, store: MemoryTransport) -> Courier:
    return Courier(spool.directory, spool.meta, store, spool)


def deliver(courier: Courier) -> None:
    """Count and send until all is settled; what fails is tried again."""
    for _ in range(1000):
        while courier.count():
            pass
        try:
            if not courier.send():
                return
        except (Unavailable, StoreFull):
            continue
    pytest.fail("the courier never came to an end")


def held(store: MemoryTransport) -> list[int]:
    return [
        n
        for part in store.decoded()
        for n in ([part.content["n"]] if isinstance(part, EventAt) else part.steps.tolist())
    ]


def test_what_was_logged_arrives_once_and_the_digests_are_equal(tmp_path: Path) -> None:
    spool, store = spool_in(tmp_path), MemoryTransport()
    append_numbers(spool, ("a", "b"), *range(100))
    spool.append(numbered(100))
    courier = courier_of(spool, store)
    deliver(courier)
    account = account_of(courier)
    assert held(store) == list(range(101))
    assert account.is_equal
    assert (account.events, account.points) == (101, 200)


def test_an_answer_that_was_lost_doubles_nothing(tmp_path: Path) -> None:
    class LosesAnswers(MemoryTransport):
        calls = 0

        def send(self, batch: Batch) -> Receipt:
            self.calls += 1
            receipt = super().send(batch)
            if self.calls % 2:
                raise Unavailable("the answer was lost")
            return receipt

    spool, store = spool_in(tmp_path), LosesAnswers()
    courier = courier_of(spool, store)
    for n in range(0, 50, 5):
        append_numbers(spool, ("a",), *range(n, n + 5))
        deliver(courier)
    assert held(store) == list(range(50))
    assert account_of(courier).is_equal


def test_a_store_that_lost_everything_gets_everything_again(tmp_path: Path) -> None:
    spool, store = spool_in(tmp_path), MemoryTransport(is_durable=False)
    courier = courier_of(spool, store)
    append_numbers(spool, ("a",), *range(20))
    deliver(courier)
    spool.turn()
    store.wipe()
    append_numbers(spool, ("a", "b"), *range(20, 30))
    deliver(courier)
    assert held(store) == list(range(30))
    assert account_of(courier).is_equal


def test_an_idle_client_hears_of_a_wipe(tmp_path: Path) -> None:
    spool, store = spool_in(tmp_path), MemoryTransport(is_durable=False)
    courier = courier_of(spool, store)
    append_numbers(spool, ("a",), *range(20))
    deliver(courier)
    store.wipe()
    courier.beat()
    deliver(courier)
    assert held(store) == list(range(20))


def test_segments_go_only_when_they_are_durable(tmp_path: Path) -> None:
    spool, store = spool_in(tmp_path), MemoryTransport(is_durable=False)
    courier = courier_of(spool, store)
    for n in range(3):
        append_numbers(spool, ("a",), n)
        spool.turn()
    deliver(courier)
    assert segment_numbers(spool.directory) == [0, 1, 2, 3]
    store.is_durable = True
    append_numbers(spool, ("a",), 3)
    deliver(courier)
    assert segment_numbers(spool.directory) == [3]
    assert account_of(courier).is_equal
    meta = read_meta(spool.directory)
    assert meta is not None
    assert (meta.first_segment, meta.first_ordinal, meta.digest[2]) == (3, 3, 3)


def test_other_content_under_our_seqs_makes_us_a_new_writer(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    store = MemoryTransport()
    courier = courier_of(spool, store)
    append_numbers(spool, ("a",), *range(10))
    deliver(courier)
    first = spool.meta.writer_id
    store.failures.extend(Overlap("other content is held") for _ in range(3))  # of five frames, of two, of the first
    append_numbers(spool, ("a",), *range(10, 15))
    deliver(courier)
    assert spool.meta.writer_id != first
    assert held(store) == list(range(15))
    assert (account_of(courier).events, account_of(courier).is_equal) == (5, True)


def test_a_frame_that_never_will_be_taken_does_not_hold_up_the_others(tmp_path: Path) -> None:
    class Picky(MemoryTransport):
        def send(self, batch: Batch) -> Receipt:
            for part in decode(batch.body, batch.first_seq):
                if isinstance(part, EventAt) and part.content.get("n") == 13:
                    raise Rejected("13 is not taken")
            return super().send(batch)

    spool, store = spool_in(tmp_path), Picky()
    for n in range(30):
        spool.append(numbered(n))
    courier = courier_of(spool, store)
    deliver(courier)
    contents = [part.content for part in store.decoded() if isinstance(part, EventAt)]
    assert [c.get("n", "refused") for c in contents] == [*range(13), "refused", *range(14, 30)]
    assert contents[13]["reason"] == "13 is not taken"
    assert account_of(courier).is_equal


def test_a_store_that_refuses_everything_gets_nothing_replaced(tmp_path: Path) -> None:
    class Closed(MemoryTransport):
        def send(self, batch: Batch) -> Receipt:
            raise Rejected("not this project")

    spool = spool_in(tmp_path)
    for n in range(4):
        spool.append(numbered(n))
    courier = courier_of(spool, Closed())
    while courier.count():
        pass

    def send_until_it_fails() -> None:
        for _ in range(20):
            courier.send()

    with pytest.raises(Unavailable, match="refuses every event"):
        send_until_it_fails()


def with_a_hole(spool: Spool, store: MemoryTransport) -> Courier:
    """A courier whose store lost events 0 to 9 when the log of them was gone, and has named that."""
    courier = courier_of(spool, store)
    append_numbers(spool, ("a",), *range(10))
    spool.turn()
    append_numbers(spool, ("a",), 10)
    deliver(courier)
    store.wipe()  # a disk that was said to keep, and did not
    append_numbers(spool, ("a",), 11)
    deliver(courier)
    return courier


def test_a_hole_that_a_store_has_named_is_in_the_account(tmp_path: Path) -> None:
    spool, store = spool_in(tmp_path), MemoryTransport()
    account = account_of(with_a_hole(spool, store))
    assert account.holes == ("events 0 to 9: no longer held by its writer",)
    assert not account.is_equal
    assert "missing: events 0 to 9" in receipt_of([account], None).text()


def test_two_senders_on_one_log_by_mistake_double_nothing(tmp_path: Path) -> None:
    spool, store = spool_in(tmp_path), MemoryTransport(is_durable=False)
    one, other = courier_of(spool, store), Courier(spool.directory, spool.meta, store)
    for n in range(0, 40, 10):
        append_numbers(spool, ("a",), *range(n, n + 10))
        for courier in (one, other):
            while courier.count():
                pass
            courier.send()
    assert held(store) == list(range(40))


def test_events_of_a_machine_that_was_copied_while_it_ran_are_not_taken_for_those_of_the_other(tmp_path: Path) -> None:
    store = MemoryTransport()
    for name in ("this", "copy"):
        (tmp_path / name).mkdir()
    this, copy = spool_in(tmp_path / "this"), spool_in(tmp_path / "copy")
    copy.meta.writer_id = this.meta.writer_id
    for n in range(5):
        this.append(numbered(n))
        copy.append(numbered(n))
    this.append(numbered(100))
    copy.append(numbered(200))
    deliver(courier_of(this, store))
    courier = courier_of(copy, store)
    while courier.count():
        pass
    courier.beat()  # the store says that it holds all six of this writer: five, and one of the other machine
    deliver(courier)
    assert sorted(held(store)) == [0, 1, 2, 3, 4, 100, 200]
    assert copy.meta.writer_id != this.meta.writer_id


def test_a_wiped_space_gets_again_what_was_sent_before_the_writer_had_to_change(tmp_path: Path) -> None:
    """Nothing is durable there: what stands under the old id must not go with the new writer's beginning."""
    spool, store = spool_in(tmp_path), MemoryTransport(is_durable=False)
    courier = courier_of(spool, store)
    append_numbers(spool, ("a",), *range(10))
    deliver(courier)
    spool.turn()
    first = spool.meta.writer_id
    store.failures.extend(Overlap("other content is held") for _ in range(3))
    append_numbers(spool, ("a",), *range(10, 15))
    deliver(courier)
    store.wipe()
    append_numbers(spool, ("a",), 15)
    deliver(courier)
    assert held(store) == list(range(10, 16))
    [receipt] = sync(tmp_path, lambda destination: store, sleep=lambda seconds: None)
    assert (receipt.own[0].writer_id, receipt.own[0].events, receipt.is_equal) == (first, 10, True)
    assert sorted(held(store)) == list(range(16))
    store.is_durable = True
    sync(tmp_path, lambda destination: store, sleep=lambda seconds: None)
    assert [path.name for path in tmp_path.iterdir()] == [spool.directory.name]


def test_a_log_that_was_not_counted_to_its_end_is_not_removed(tmp_path: Path) -> None:
    spool, store = spool_in(tmp_path), MemoryTransport()
    append_numbers(spool, ("a",), *range(10))
    courier = courier_of(spool, store)
    deliver(courier)
    append_numbers(spool, ("a",), *range(10, 20))
    courier.remove()
    assert segment_numbers(spool.directory) == [0]
    deliver(courier)
    courier.remove()
    assert held(store) == list(range(20))
    assert not spool.directory.exists()


def test_a_log_of_many_pieces_is_drained_to_its_end(tmp_path: Path) -> None:
    """The first megabyte was sent, taken for all there is, and the rest deleted with the spool."""
    spool, store = spool_in(tmp_path), MemoryTransport()
    append_numbers(spool, tuple(f"metric_{k}" for k in range(10)), *range(40_000))  # 5 MB
    sender = Sender(spool, store, flush_s=0.05)
    sender.start()
    assert sender.drain(60)
    assert sender.stop()
    assert sender.courier is not None
    assert (sender.courier.logged, sender.courier.unsent) == (40_000, 0)
    assert not sender.courier.count()
    assert len(held(store)) == 40_000


def test_a_loop_that_logs_all_the_time_is_sent_in_batches_not_a_call_at_a_time(tmp_path: Path) -> None:
    spool, store = spool_in(tmp_path), MemoryTransport()
    sender = Sender(spool, store, flush_s=0.2)
    sender.start()
    began = time.monotonic()
    for step in range(500):
        append_numbers(spool, ("a",), step)
        time.sleep(0.001)
    spent = time.monotonic() - began
    assert sender.drain(30)
    assert sender.stop()
    assert held(store) == list(range(500))
    assert len(store.batches) <= spent / 0.2 + 10
