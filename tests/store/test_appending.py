"""The contract of appending: batches, what is held already, gaps, holes and what no store can keep."""

from __future__ import annotations

import pytest

from tests.store.trainer import Trainer, audited, merged, read, taken
from trackio_client.errors import Gap, Overlap, Rejected
from trackio_client.wire.batches import Hole, Receipt
from trackio_client.wire.frames import Schema, event_frame, metrics_frame


def test_a_receipt_tells_what_is_held_not_what_was_sent(store):
    trainer = Trainer().start().steps(4)
    trainer.send(store, 0, 3)
    (receipt,) = taken(trainer.send(store))
    assert (receipt.accepted, receipt.events, receipt.points) == (((0, 5),), 5, 4)
    assert store.receipt("w_1") == receipt
    assert store.receipts("exp_1") == [receipt]
    assert store.receipt("w_unknown").accepted == ()
    assert store.receipts("exp_unknown") == []


def test_several_batches_are_answered_each_in_their_order(store):
    batches = [Trainer(f"w_{n}", f"exp_{n % 2}").steps(n + 1).batch() for n in range(5)]
    assert [(r.writer_id, r.points) for r in taken(store.append(batches))] == [(f"w_{n}", n + 1) for n in range(5)]
    assert store.position() == 1


def test_one_bad_batch_does_not_spoil_its_neighbours(store):
    good, bad = Trainer("w_1").steps(2), Trainer("w_2").steps(2)
    outcomes = store.append([bad.batch(body=b"12345678"), good.batch(), bad.batch(first=1)])
    assert [type(outcome) for outcome in outcomes] == [Rejected, Receipt, Gap]
    assert [receipt.writer_id for receipt in store.receipts("exp_1")] == ["w_1"]


def test_frames_that_are_held_already_are_trimmed(store):
    trainer = Trainer().start().steps(10)
    first = taken(trainer.send(store, 0, 6))
    assert taken(trainer.send(store, 0, 6)) == first
    taken(trainer.send(store, 2, 11))
    assert store.points("exp_1", "loss").seqs.tolist() == list(range(1, 11))
    audited(store)


def test_two_batches_of_one_writer_in_one_append_overlap_as_well(store):
    trainer = Trainer().steps(6)
    taken(store.append([trainer.batch(0, 4), trainer.batch(0, 4), trainer.batch(2, 6)]))
    assert store.points("exp_1", "loss").seqs.tolist() == list(range(6))


def test_other_content_under_held_seqs_is_an_overlap_and_nothing_of_it_is_written(store):
    trainer = Trainer().start().steps(4)
    before = taken(trainer.send(store))
    merged(store)
    for at, frame in (
        (0, event_frame({"kind": "start", "name": "x"})),
        (2, metrics_frame(trainer.schema, 1, 0, [-0.0])),
    ):
        copied = Trainer(log=[*trainer.log, metrics_frame(trainer.schema, 9, 0, (9.0,))])
        copied.log[at] = frame
        assert isinstance(copied.send(store), Overlap)
        assert [store.receipt("w_1")] == before


def test_a_batch_behind_the_end_is_a_gap_that_names_the_wanted_seq(store):
    trainer = Trainer().steps(10)
    assert trainer.send(store, 3).want == 0
    trainer.send(store, 0, 4)
    assert trainer.send(store, 6).want == 4
    assert store.receipt("w_1").accepted == ((0, 4),)


def test_what_a_writer_can_no_longer_send_becomes_a_named_hole(store):
    trainer = Trainer().steps(10)
    trainer.send(store, 0, 2)
    assert trainer.send(store, 7, first_held=5).want == 5, "seqs that it still has are not given up"
    (receipt,) = taken(trainer.send(store, 5, 8, first_held=5))
    assert receipt.holes == (Hole(first_seq=2, end_seq=5, reason=receipt.holes[0].reason),)
    assert "no longer" in receipt.holes[0].reason
    assert (receipt.accepted, receipt.events) == (((0, 8),), 5)
    assert taken(trainer.send(store))[0].holes == receipt.holes, "it is told in every receipt"


def test_a_batch_on_its_way_while_its_segment_is_dropped_leaves_no_larger_hole_than_it_must(store):
    trainer = Trainer().steps(10)
    (receipt,) = taken(trainer.send(store, 3, 6, first_held=8))
    assert [(hole.first_seq, hole.end_seq) for hole in receipt.holes] == [(0, 3)]


def test_frames_that_come_late_fill_their_hole(store):
    trainer = Trainer().start().steps(19)
    trainer.send(store, 8, 12, first_held=8)
    merged(store)
    (receipt,) = taken(trainer.send(store, 3, 9))
    assert [(hole.first_seq, hole.end_seq) for hole in receipt.holes] == [(0, 3)]
    (receipt,) = taken(trainer.send(store, 0, 20))
    assert (receipt.holes, receipt.events, receipt.points) == ((), 20, 19)
    assert read(store).steps.tolist() == list(range(19))
    assert store.experiment("exp_1").name == "exp_1"
    assert store.summaries(["exp_1"])["exp_1"][0].first_step == 0
    audited(store)


def test_an_overlap_around_a_hole_is_compared(store):
    trainer = Trainer().steps(10)
    trainer.send(store, 0, 2)
    before = taken(trainer.send(store, 5, 8, first_held=5))
    for at in (0, 1, 5, 7):
        other = Trainer(log=[*trainer.log])
        other.log[at] = metrics_frame(other.schema, 77, 0, (7.0,))
        assert isinstance(other.send(store, 0, 10), Overlap), at
    assert [store.receipt("w_1")] == before


def test_a_hole_makes_a_later_value_of_a_step_stay_the_later_one(store):
    trainer = Trainer().step(1, 10.0).step(1, 20.0).step(1, 30.0)
    trainer.send(store, 2, first_held=2)
    trainer.send(store, 0, 2)
    assert read(store).values.tolist() == [30.0]


def test_a_heartbeat_refreshes_when_it_was_heard_and_creates_nothing(store):
    ghost = Trainer("w_9", "exp_9")
    (receipt,) = taken(ghost.send(store))
    assert (receipt.accepted, store.experiments(), store.position()) == ((), [], 0)
    trainer = Trainer().steps(1)
    trainer.send(store)
    before = store.experiment("exp_1").last_heard_s
    assert taken(trainer.send(store, first_held=1)) == store.receipts("exp_1")
    assert store.experiment("exp_1").last_heard_s > before
    assert store.position() == 1


def test_a_writer_writes_to_one_experiment(store):
    Trainer().steps(1).send(store)
    assert isinstance(Trainer(experiment_id="exp_2").steps(1).send(store), Rejected)
    assert [record.experiment_id for record in store.experiments()] == ["exp_1"]


HALF = "\ud800"


@pytest.mark.parametrize(
    ("words", "changes", "frame"),
    [
        ("says 2 frames and holds 1", {"count": 2}, None),
        ("cannot be read", {"body": metrics_frame(Schema(("x",)), 0, 0, (1.0,))}, None),
        ("negative step", {}, metrics_frame(Schema(("loss",)), -1, 0, (1.0,))),
        ("2**63", {"first_seq": 2**63 - 1, "first_held": 2**63 - 1}, None),
        ("surrogate", {"project": HALF}, None),
        ("surrogate", {}, event_frame({"kind": HALF})),
        ("surrogate", {"body": Schema((HALF,)).frame + metrics_frame(Schema((HALF,)), 0, 0, (1.0,))}, None),
        ("levels", {}, event_frame({"kind": "config", "values": eval('{"a":' * 150 + "1" + "}" * 150)})),
    ],
)
def test_what_no_store_can_keep_is_rejected_with_the_reason(store, words, changes, frame):
    trainer = Trainer().steps(1)
    trainer.log[0] = frame or trainer.log[0]
    outcome = trainer.send(store, **changes)
    assert isinstance(outcome, Rejected)
    assert words in str(outcome)
    assert store.experiments() == []


def test_events_of_any_form_are_kept_and_break_no_list(store):
    odd = [None, 7, -1, 10**40, 0.5, "text", [], [1, 2], {}, {"a": {"b": [1]}}, [["x"], 3], HALF, "\0"]
    trainer = Trainer().start()
    for kind in ("start", "config", "summary", "define", "end", "edit", "text", "console", "unheard of"):
        for value in odd:
            names = ("name", "group", "tags", "notes", "job_type", "parent", "client", "process", "config", "values")
            more = ("removed", "metric", "goal", "step_metric", "state", "exit_code", "step", "lines")
            trainer.event(kind=kind, time_us=value, **dict.fromkeys(names + more, value))
    (receipt,) = taken(trainer.send(store))
    assert receipt.events == len(trainer.log) == len(store.events("exp_1"))
    (record,) = store.experiments()
    assert isinstance(record.name, str)
    assert record.last_event_s < 10**9
    audited(store)
