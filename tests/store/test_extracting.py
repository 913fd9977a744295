"""What goes from a store to a repo: contract.Store's promises under "To a repo" and "Durable"."""

from __future__ import annotations

import json
import math
import time

import numpy as np
import pytest

from tests.store.trainer import Trainer, merged, taken
from trackio_client.errors import Behind, ExperimentNotFound, Gone, Rejected
from trackio_client.store.columns import Digest, EventAt, digest_of, digest_points
from trackio_client.wire.batches import digest_sum
from trackio_client.wire.frames import Schema


def digest(extract, writer="w_1"):
    """Of the rows of one writer."""
    total = Digest()
    for rows in extract.points:
        if rows.writer_id == writer:
            columns = (rows.seqs, rows.steps, rows.times_us, rows.values)
            total = total + Digest(*digest_points(writer, rows.metric, *columns), 0, len(rows.seqs))
    for event in extract.events:
        if event.writer_id == writer:
            total = total + digest_of(writer, [EventAt(event.seq, {}, event.raw)])
    return total


def seqs_of(extract):
    return {(rows.writer_id, rows.metric): rows.seqs.tolist() for rows in extract.points}


# --- holdings ------------------------------------------------------------------------------------------------------


def test_holdings_say_what_is_held_of_each_writer(store):
    trainer = Trainer(generation=3).start().steps(6)
    taken(trainer.send(store, 0, 2))
    taken(trainer.send(store, 4, 7, first_held=4))
    taken(Trainer("w_2", "exp_2").steps(2).send(store))
    one, two = store.holdings()
    assert (one.writer_id, one.experiment_id, one.generation, one.held) == ("w_1", "exp_1", 3, ((0, 7),))
    assert [(hole.first_seq, hole.end_seq) for hole in one.holes] == [(2, 4)]
    assert (one.digest.events, one.digest.points, one.durable) == (5, 4, ())
    assert (two.writer_id, two.held, two.digest.hex()) == ("w_2", ((0, 2),), store.receipt("w_2").digest)


@pytest.mark.requirement("S1.54")
def test_what_is_marked_durable_is_not_behind_and_stands_in_receipts(engine):
    store = engine.open(persistent=False)
    trainer = Trainer().steps(6)
    taken(trainer.send(store, 0, 4))
    taken(Trainer("w_2", "exp_2").steps(2).send(store))
    store.mark_durable({"w_1": ((0, 3),), "w_2": ((0, 99),), "w_0": ((0, 5),)})
    assert [h.writer_id for h in store.holdings(behind=True)] == ["w_1"]
    assert store.receipt("w_1").durable == ((0, 3),)
    assert store.receipt("w_2").durable == ((0, 2),), "never more than is held"
    assert store.receipt("w_0").durable == ()
    store.mark_durable({"w_1": ((3, 4),)})
    assert store.holdings(behind=True) == []
    assert taken(trainer.send(store))[0].durable == ((0, 4),)
    assert [h.writer_id for h in engine.open().holdings(behind=True)] == ["w_1"]


def test_durable_is_said_of_the_destination_and_begins_anew_with_another(engine):
    store = engine.open(destination="hf://datasets/a/b")
    (receipt,) = taken(Trainer().steps(3).send(store))
    assert (receipt.store_id, receipt.durable) == ("hf://datasets/a/b", ()), "not what the disk keeps"
    assert store.receipt("w_0").store_id == "hf://datasets/a/b"
    store.mark_durable({"w_1": ((0, 3),)})
    assert engine.open(destination="hf://datasets/a/b").receipt("w_1").durable == ((0, 3),)
    assert engine.open().receipt("w_1").store_id == store.store_id
    assert engine.open(destination="hf://datasets/a/c").receipt("w_1").durable == ()


@pytest.mark.requirement("S1.54")
def test_what_fills_a_hole_is_not_durable_because_the_hole_was(engine):
    store, trainer = engine.open(persistent=False), Trainer().steps(9)
    taken(trainer.send(store, 3, 6, first_held=3))
    (before,) = store.holdings()
    store.mark_durable({"w_1": before.held}, holes={"w_1": before.holes})
    assert store.holdings(behind=True) == []
    taken(trainer.send(store, 0, 2))
    assert store.receipt("w_1").durable == ((2, 6),)
    store.mark_durable({"w_1": before.held}, holes={"w_1": before.holes})
    assert store.receipt("w_1").durable == ((2, 6),), "a push from before it was filled"
    assert len(store.holdings(behind=True)) == 1


def test_a_hole_that_may_not_be_left_is_an_outcome(store):
    trainer = Trainer().steps(9)
    taken(trainer.send(store, 0, 2))
    before = store.receipts("exp_1")
    batch = trainer.batch(5, first_held=5)
    (outcome,) = store.append([batch], holes=False)
    assert isinstance(outcome, Behind)
    assert "2 to 4" in str(outcome)
    assert store.receipts("exp_1") == before
    taken(store.append([trainer.batch(2, 5), batch], holes=False))
    new = Trainer("w_2").steps(9)
    assert isinstance(store.append([new.batch(5, first_held=5)], holes=False)[0], Behind)
    assert [receipt.writer_id for receipt in store.receipts("exp_1")] == ["w_1"]


def test_thousands_of_writers_are_held_apart_quickly(store):
    taken(store.append([Trainer(f"w_{n}", f"exp_{n % 100}").steps(1).batch() for n in range(2000)]))
    store.mark_durable({f"w_{n}": ((0, 1),) for n in range(1, 2000)})
    began = time.thread_time()  # other load is no fault of ours
    assert [h.writer_id for h in store.holdings(behind=True)] == ["w_0"]
    assert len(store.holdings()) == 2000
    assert time.thread_time() - began < 0.5


# --- rows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("merge", [False, True])
def test_rows_come_out_as_they_were_written(store, merge):
    odd = (math.nan, -0.0, math.inf, -math.inf, np.int64(0x7FF8DEADBEEF0001).view(np.float64).item(), 5e-324)
    trainer = Trainer(schema=Schema(("loss", "lr"))).start(config={"é": "\ud800"})
    for step, value in enumerate(odd):
        trainer.step(step, value, -value, time_us=step)
    trainer.event(kind="text", step=3, values={"x": "y"}).step(9, 1.0, schema=Schema(("acc",)))
    body = trainer.schema.frame + Schema(("acc",)).frame + b"".join(trainer.log)
    taken(trainer.send(store, body=body))
    if merge:
        merged(store)
    found = store.extract([("w_1", 0, 99), ("w_0", 0, 9)])
    assert seqs_of(found) == {
        ("w_1", "loss"): [1, 2, 3, 4, 5, 6],
        ("w_1", "lr"): [1, 2, 3, 4, 5, 6],
        ("w_1", "acc"): [8],
    }
    loss = next(rows for rows in found.points if rows.metric == "loss")
    assert loss.values.tobytes() == np.array(odd).tobytes()
    assert (loss.steps.tolist(), loss.times_us.tolist()) == ([0, 1, 2, 3, 4, 5],) * 2
    assert [(event.seq, json.loads(event.raw)["kind"]) for event in found.events] == [(0, "start"), (7, "text")]
    assert digest(found).hex() == store.receipt("w_1").digest
    assert found.position == store.position()


def test_a_window_holds_its_seqs_and_no_others_wherever_they_lie(store):
    trainer = Trainer(schema=Schema(("a", "b"))).start()
    for part in range(7):
        trainer.steps(900, first=part * 900).event(kind="mark", n=part)
        taken(trainer.send(store))
        if part in (2, 5):
            merged(store)
    taken(Trainer("w_2").steps(9).send(store))
    for low, high in ((0, 1), (1, 2), (899, 903), (2000, 5900), (6300, 9999), (0, 6308), (5, 5)):
        found = store.extract([("w_1", low, high)])
        events = [n for n in (0, *range(901, 6308, 901)) if low <= n < high]
        points = [n for n in range(low, min(high, 6308)) if n not in events]
        assert [event.seq for event in found.events] == events
        assert seqs_of(found) == ({("w_1", "a"): points, ("w_1", "b"): points} if points else {})
    halves = [digest(store.extract([("w_1", *window)])) for window in ((0, 3000), (3000, 6308))]
    assert (halves[0] + halves[1]).hex() == store.receipt("w_1").digest
    found = store.extract([("w_1", 6000, 6001), ("w_2", 3, 5), ("w_1", 10, 12), ("w_1", 11, 13)])
    one = {("w_1", metric): [10, 11, 12, 6000] for metric in "ab"}
    assert seqs_of(found) == one | {("w_2", "loss"): [3, 4]}


def test_frames_that_filled_a_hole_late_come_out_in_the_order_of_their_seqs(store):
    trainer = Trainer().steps(3000)
    taken(trainer.send(store, 2000, first_held=2000))
    merged(store)
    taken(trainer.send(store, 0, 1500))
    merged(store)
    assert seqs_of(store.extract([("w_1", 0, 9999)])) == {("w_1", "loss"): [*range(1500), *range(2000, 3000)]}


def test_what_is_read_while_the_store_stands_still_is_of_one_commit(engine):
    store, trainer = engine.open(), Trainer().start().steps(9)
    taken(trainer.send(store, 0, 4))
    with store.still() as position:
        before = store.holdings()
        taken(trainer.send(engine.open()))
        assert store.holdings() == before
        assert store.headers(["exp_1"])["exp_1"]["digest"] == digest(store.extract([("w_1", 0, 99)])).hex()
        assert (store.position(), store.extract([]).position) == (position, position)
    assert store.position() == position + 1


def test_a_header_is_json_and_says_of_which_rows_it_is(store):
    trainer = Trainer(schema=Schema(("loss", "lr"))).start(config={"lr": math.pi}).step(1, math.nan, math.inf)
    taken(trainer.send(store))
    taken(Trainer("w_2").steps(3).send(store))
    found = store.headers(["exp_1", "exp_0"])
    assert list(found) == ["exp_1"]
    header = json.loads(json.dumps(found["exp_1"], allow_nan=False))
    assert header == found["exp_1"]
    assert header["digest"] == digest_sum(r.digest for r in store.receipts("exp_1"))
    assert (header["points"], header["facts"]["config"]) == (5, {"lr": math.pi})


def test_a_metric_named_twice_in_a_frame_is_rejected(store):
    outcome = Trainer(schema=Schema(("a", "a"))).step(0, 1.0, 2.0).send(store)
    assert isinstance(outcome, Rejected)


# --- tombstones ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("S1.53")
def test_a_tombstone_from_elsewhere_deletes_and_stays(engine):
    store, trainer = engine.open(), Trainer().start().steps(5)
    taken(trainer.send(store, 0, 3))
    store.bury("exp_1", "digits", ["w_9"])
    store.bury("exp_7", "letters", ["w_7"])
    position = store.position()
    store.bury("exp_1", "digits", ["w_9", "w_1"])
    store.bury("exp_7", "letters", ["w_8"])
    assert store.position() == position, "nothing that anybody is shown has changed"
    assert store.tombstones() == [("exp_1", "digits", ("w_1", "w_9")), ("exp_7", "letters", ("w_7", "w_8"))]
    for opened in (store, engine.open()):
        assert isinstance(trainer.send(opened, 3), Gone)
        assert isinstance(Trainer("w_7", "exp_7").steps(1).send(opened), Gone)
        assert [name for name, _, _ in opened.deleted()] == ["exp_1", "exp_7"]
        assert (opened.experiments(), opened.holdings()) == ([], [])
        with pytest.raises(ExperimentNotFound):
            opened.delete("exp_7")


def test_what_was_deleted_here_is_told_with_its_writers(store):
    for name in ("w_b", "w_a"):
        taken(Trainer(name).steps(2).send(store))
    store.delete("exp_1")
    assert store.tombstones() == [("exp_1", "digits", ("w_a", "w_b"))]
