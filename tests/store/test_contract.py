"""What store/contract.py says of series, lists, positions, copies and deletion, promise by promise, of every engine."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest

from tests.store.trainer import Trainer, audited, merged, read, taken
from trackio_client.errors import ExperimentNotFound, Gone, MetricNotFound, StoreClosed
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.batches import Batch
from trackio_client.wire.frames import Schema

# --- what a series is ----------------------------------------------------------------------------------------------


def test_steps_may_repeat_skip_and_go_back_and_the_later_value_stands(store):
    trainer = Trainer()
    for step, value in ((5, 1.0), (9, 2.0), (5, 3.0), (2, 4.0), (9, 5.0)):
        trainer.step(step, value)
    trainer.send(store)
    assert (read(store).steps.tolist(), read(store).values.tolist()) == ([2, 5, 9], [4.0, 3.0, 5.0])
    assert read(store, repeats=True).steps.tolist() == [5, 9, 5, 2, 9]


def test_later_is_generation_then_writer_then_seq_and_never_a_clock(store):
    first = Trainer("w_z", generation=0).step(1, 1.0, time_us=900).step(1, 2.0, time_us=100)
    resumed = Trainer("w_a", generation=1).step(1, 3.0, time_us=50)
    twin = Trainer("w_b", generation=1).step(1, 4.0, time_us=10)
    taken(store.append([twin.batch(), resumed.batch(), first.batch()]))
    assert read(store).values.tolist() == [4.0]
    assert read(store, repeats=True).values.tolist() == [4.0, 3.0, 1.0, 2.0]
    points = store.points("exp_1", "loss")
    assert [points.writers[w] for w in points.writer_of] == ["w_b", "w_a", "w_z", "w_z"]


def test_nan_and_infinities_are_values(store):
    trainer = Trainer()
    for step, value in enumerate((1.0, math.nan, math.inf, -math.inf, -0.0)):
        trainer.step(step, value)
    trainer.send(store)
    values = read(store).values
    assert np.array_equal(values, [1.0, math.nan, math.inf, -math.inf, -0.0], equal_nan=True)
    assert math.copysign(1, values[-1]) == -1
    (summary,) = store.summaries(["exp_1"])["exp_1"]
    assert (summary.points, summary.bad, summary.min, summary.max, summary.mean) == (5, 3, 0.0, 1.0, 0.5)


def test_thinning_keeps_first_last_lowest_and_highest_at_any_width(store):
    trainer = Trainer()
    for step in range(5000):
        trainer.step(step, {1234: -50.0, 4321: 99.0}.get(step, step % 7))
    trainer.send(store)
    for merge in (False, True):
        if merge:
            merged(store)
        for most in (4, 50, 3000):
            thin = read(store, max_points=most)
            assert {0, 1234, 4321, 4999} <= set(thin.steps.tolist())
            assert len(thin.steps) <= most + 2
            drawn = store.buckets(SeriesQuery(experiments=("exp_1",), metrics=("loss",), max_points=most))
            buckets = drawn.series["exp_1", "loss"]
            assert (buckets.min.min(), buckets.max.max(), buckets.points) == (-50.0, 99.0, 5000)


def test_bad_values_are_counted_in_the_bucket_where_they_are(store):
    trainer = Trainer()
    for step in range(64):
        trainer.step(step, {3: math.nan, 20: math.inf, 21: -math.inf}.get(step, 1.0))
    trainer.send(store)
    answer = store.buckets(SeriesQuery(experiments=("exp_1",), metrics=("loss",), max_points=4))
    buckets = answer.series["exp_1", "loss"]
    assert buckets.width == 16
    assert [c.tolist() for c in (buckets.nan, buckets.posinf, buckets.neginf)] == [
        [1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0],
    ]  # fmt: skip


def test_a_pair_without_points_is_absent_not_empty(store):
    Trainer().steps(2).send(store)
    found, _ = store.series(SeriesQuery(experiments=("exp_1",), metrics=("loss", "none")))
    assert list(found) == [("exp_1", "loss")]
    assert store.buckets(SeriesQuery(experiments=("exp_1",), metrics=("none", "loss"))).keys == (("exp_1", "loss"),)
    with pytest.raises(MetricNotFound):
        store.points("exp_1", "none")


def test_an_experiment_that_was_never_appended_is_not_found(store):
    asked = SeriesQuery(experiments=("exp_0",), metrics=("loss",))
    for ask in (
        lambda: store.series(asked), lambda: store.buckets(asked), lambda: store.experiment("exp_0"),
        lambda: store.points("exp_0", "loss"), lambda: store.events("exp_0"), lambda: store.delete("exp_0"),
        lambda: store.audit("exp_0"),
    ):  # fmt: skip
        with pytest.raises(ExperimentNotFound, match="exp_0"):
            ask()
    assert (store.summaries(["exp_0"]), store.projects(), store.metrics("digits")) == ({}, [], [])


# --- lists ---------------------------------------------------------------------------------------------------------


def test_an_experiment_is_what_its_events_say(store):
    trainer = Trainer(generation=0).start(config={"a": {"b": 1}}, tags=["x"], parent=["exp_0", 7], group="g")
    trainer.steps(3).event(kind="config", values={"a": {"c": 2}}, removed=[]).event(kind="summary", values={"f1": 0.5})
    trainer.event(kind="define", metric="loss", goal="min", step_metric=None)
    trainer.event(kind="define", metric="f1", goal="max", step_metric="epoch", summary="best,mean", hidden=True)
    trainer.event(kind="define", metric="odd", goal="up", step_metric=7, summary="median", hidden="yes", step_sync=0)
    trainer.event(kind="end", state="failed", error="ValueError", time_us=9_000_000).send(store)
    record = store.experiment("exp_1")
    assert (record.config, record.user_summary, record.tags) == ({"a": {"b": 1, "c": 2}}, {"f1": 0.5}, ("x",))
    assert (record.parent, record.group, record.last_step) == (("exp_0", 7), "g", 2)
    assert (record.end["state"], record.end["time_s"], record.last_event_s) == ("failed", 9.0, 9.0)
    assert (record.metric_count, record.point_count, record.event_count, record.writers) == (1, 3, 10, 1)
    assert record.definitions == {
        "loss": {"goal": "min", "step_metric": None},
        "f1": {"goal": "max", "step_metric": "epoch", "summary": "best,mean", "hidden": True},
        "odd": {"goal": None, "step_metric": None},
    }
    assert store.definitions("digits", ["exp_1"]) == store.definitions("digits") == record.definitions
    Trainer("w_2", generation=1).start().send(store)
    assert store.experiment("exp_1").end is None, "it was resumed"


def test_the_order_of_arrival_of_facts_changes_nothing(store):
    old = Trainer("w_1", "exp_1").start(config={"lr": 1}).event(kind="config", values={"lr": 2, "old": 1})
    new = Trainer("w_2", "exp_1", generation=1).start(config={"lr": 3})
    edit = Trainer("w_e", "exp_1").event(kind="edit", name="by a person")
    for order in ([old, new, edit], [edit, new, old], [new, edit, old]):
        experiment = "exp_" + "".join(each.writer_id[-1] for each in order)
        for each in order:
            each = Trainer(each.writer_id + experiment, experiment, generation=each.generation, log=each.log)
            taken(each.send(store))
        record = store.experiment(experiment)
        assert (record.config, record.name) == ({"lr": 3, "old": 1}, "by a person"), experiment


def test_an_edit_is_no_sign_of_life(store):
    """Who corrects a name of an experiment that fell silent has not heard of it, and has not made it longer."""
    Trainer("w_1", "exp_1").start().steps(3).send(store)
    before = store.experiment("exp_1")
    late_us = int((before.last_event_s + 5000) * 1e6)
    taken(Trainer("w_e", "exp_1").event(kind="edit", name="by a person", time_us=late_us).send(store))
    after = store.experiment("exp_1")
    assert (after.name, after.last_event_s, after.last_heard_s) == (
        "by a person", before.last_event_s, before.last_heard_s,
    )  # fmt: skip
    assert after.position > before.position, "lists must hear of it"


def test_projects_metrics_and_experiments_are_listed(store):
    for n in range(3):
        Trainer(f"w_{n}", f"exp_{n}", project="p" if n else "q", schema=Schema(("loss", f"m{n}"))).steps(n + 1).send(
            store
        )
    assert [(project, count) for project, count, _ in store.projects()] == [("p", 2), ("q", 1)]
    assert store.metrics("p") == [("loss", 2, 5), ("m1", 1, 2), ("m2", 1, 3)]
    assert store.metrics("p", ["exp_1"]) == [("loss", 1, 2), ("m1", 1, 2)]
    Trainer("w_3", "exp_3", project="p").steps(4).send(store)  # what was told once is not told again when more came
    assert store.metrics("p") == [("loss", 3, 9), ("m1", 1, 2), ("m2", 1, 3)]
    store.delete("exp_3")
    assert store.metrics("p") == [("loss", 2, 5), ("m1", 1, 2), ("m2", 1, 3)]
    assert {record.experiment_id for record in store.experiments("p")} == {"exp_1", "exp_2"}
    assert store.experiments("none") == []


def test_events_are_given_in_order_from_a_position_or_the_newest(store):
    trainer = Trainer()
    for n in range(6):
        trainer.event(kind="console" if n % 2 else "mark", n=n).send(store)
    every = store.events("exp_1")
    assert [event.content["n"] for event in every] == list(range(6))
    assert [event.seq for event in store.events("exp_1", kinds=["mark"])] == [0, 2, 4]
    assert [event.seq for event in store.events("exp_1", after=every[2].position, limit=2)] == [3, 4]
    assert [event.seq for event in store.events("exp_1", newest=True, limit=2)] == [4, 5]
    writer = every[0].writer_id
    assert store.events_at("exp_1", [(writer, 4), (writer, 99), ("w_none", 0), (writer, 1)]) == [every[4], every[1]]
    with pytest.raises(ExperimentNotFound):
        store.events_at("exp_none", [(writer, 4)])


# --- position, snapshot, deletion ----------------------------------------------------------------------------------


def test_position_counts_commits_that_changed_something_also_across_openers(engine):
    one, other = engine.open(), engine.open()
    trainer = Trainer().steps(3)
    trainer.send(one, 0, 1)
    trainer.send(other, 1, 2)
    assert one.position() == other.position() == 2
    trainer.send(one, 0, 2)
    trainer.send(one, 9)
    merged(one)
    assert one.position() == 2
    one.close()
    trainer.send(other, 2)
    assert engine.open().position() == 3


def test_what_is_new_since_a_position_can_be_asked_for(store):
    trainer, other = Trainer().steps(4), Trainer("w_2", "exp_2").steps(1)
    trainer.send(store, 0, 2)
    other.send(store)
    at = store.position()
    _, cursor = store.series(SeriesQuery(experiments=("exp_1", "exp_2"), metrics=("loss",)))
    trainer.send(store)
    merged(store)
    assert [record.experiment_id for record in store.experiments(since=at)] == ["exp_1"]
    new, _ = store.series(SeriesQuery(experiments=("exp_1", "exp_2"), metrics=("loss",), cursor=cursor))
    assert {key: one.steps.tolist() for key, one in new.items()} == {("exp_1", "loss"): [2, 3]}


def test_a_store_keeps_its_names_over_restarts_and_a_new_one_has_others(engine, tmp_path):
    first = engine.open()
    names = (first.store_id, first.incarnation)
    first.close()
    again = engine.open()
    assert (again.store_id, again.incarnation) == names
    other = type(engine)(engine.address.replace("store", "other"))
    assert other.open().store_id != names[0]
    other.close()


def test_durable_is_what_is_accepted_on_a_disk_that_keeps_and_nothing_elsewhere(engine):
    assert taken(Trainer().steps(2).send(engine.open()))[0].durable == ((0, 2),)
    assert taken(Trainer("w_2").steps(2).send(engine.open(persistent=False)))[0].durable == ()


def test_a_snapshot_is_a_whole_store_as_of_its_position(engine, tmp_path):
    store, trainer = engine.open(), Trainer().start().steps(5000)
    trainer.send(store, 0, 3000)
    merged(store)
    position = store.snapshot(tmp_path / "copy.sqlite")
    trainer.send(store)
    copy = type(engine)(str(tmp_path / "copy.sqlite"))
    opened = copy.open()
    assert opened.position() == position == store.position() - 1
    assert len(opened.points("exp_1", "loss").steps) == 2999
    audited(opened)
    assert taken(trainer.send(opened, 0))[0].points == 5000, "it can be written on"
    copy.close()


def test_snapshots_taken_while_others_write_are_whole(engine, tmp_path):
    store, trainer, stop = engine.open(), Trainer().steps(6000), threading.Event()
    taken(trainer.send(store, end=10))

    def write() -> None:
        while not stop.is_set() and trainer.sent < len(trainer.log):
            taken(trainer.send(store, end=trainer.sent + 40))
            store.merge(budget_s=0.001)

    thread = threading.Thread(target=write)
    thread.start()
    positions = [store.snapshot(tmp_path / f"copy{n}.sqlite") for n in range(4)]
    stop.set()
    thread.join()
    assert positions == sorted(positions)
    for n, position in enumerate(positions):
        copy = type(engine)(str(tmp_path / f"copy{n}.sqlite"))
        opened = copy.open()
        assert opened.position() == position
        (receipt,) = opened.receipts("exp_1")
        assert opened.points("exp_1", "loss").seqs.tolist() == list(range(receipt.points))
        audited(opened)
        copy.close()


def test_deleting_leaves_a_tombstone_with_which_writers_are_told_gone(engine):
    store, trainer = engine.open(), Trainer().start().steps(9)
    trainer.send(store, 0, 5)
    Trainer("w_2", "exp_2").steps(3).send(store)
    store.delete("exp_1")
    for opened in (store, engine.open()):
        assert isinstance(trainer.send(opened, 5), Gone)
        assert isinstance(trainer.send(opened, 9, 9), Gone), "a heartbeat hears of it as well"
        assert isinstance(Trainer("w_new").steps(1).send(opened), Gone)
        assert [record.experiment_id for record in opened.experiments()] == ["exp_2"]
        assert opened.receipts("exp_1") == []
        with pytest.raises(ExperimentNotFound):
            opened.points("exp_1", "loss")
    assert store.deleted() == [("exp_1", "digits", 3)]
    assert store.deleted(since=3) == []
    assert read(store, experiment="exp_2").steps.tolist() == [0, 1, 2]


def test_what_was_read_before_a_deletion_is_forgotten_in_every_opener(engine):
    one, other = engine.open(), engine.open()
    Trainer().steps(5000).send(one)
    assert len(read(other).steps) == 5000
    one.delete("exp_1")
    with pytest.raises(ExperimentNotFound):
        read(other)
    Trainer("w_2", "exp_2").steps(3).send(one)
    assert read(other, experiment="exp_2").steps.tolist() == [0, 1, 2]


def test_merging_changes_no_answer(store):
    trainer = Trainer(schema=Schema(("loss", "lr"))).start()
    for part in range(12):
        trainer.steps(900, first=part * 850).send(store)
    asked = SeriesQuery(experiments=("exp_1",), metrics=("loss", "lr"), max_points=300)
    before = (store.summaries(["exp_1"]), store.receipts("exp_1"), read(store), store.events("exp_1"))
    drawn = store.buckets(asked).series["exp_1", "lr"]
    merged(store)
    after = (store.summaries(["exp_1"]), store.receipts("exp_1"), read(store), store.events("exp_1"))
    assert (before[:2], before[3]) == (after[:2], after[3])
    assert np.array_equal(before[2].values, after[2].values)
    assert np.array_equal(drawn.max, store.buckets(asked).series["exp_1", "lr"].max)
    audited(store)


def test_a_closed_store_says_so(store):
    store.close()
    store.close()
    for ask in (store.position, lambda: Trainer().steps(1).send(store), store.merge):
        with pytest.raises(StoreClosed, match="closed"):
            ask()


def test_a_batch_is_what_it_says_at_the_largest_numbers(store):
    trainer = Trainer().step(2**63 - 1, 1e308).step(0, 1e308).step(2**62, -1e308, time_us=2**62)
    assert isinstance(trainer.batch(0, 0, generation=2**63 - 1), Batch)
    taken(trainer.send(store, 0, generation=2**63 - 1))
    merged(store)
    assert read(store).steps.tolist() == [0, 2**62, 2**63 - 1]
    (summary,) = store.summaries(["exp_1"])["exp_1"]
    assert (summary.last_step, summary.mean) == (2**63 - 1, pytest.approx(1e308 / 3))
    audited(store)


def test_steps_as_far_apart_as_they_can_be_become_chunks(store):
    trainer = Trainer().step(549755813728, 1.0).step(144115737831669600, 2.0).step(2**63 - 1, 3.0)
    taken(trainer.send(store))
    merged(store)
    assert read(store).steps.tolist() == [549755813728, 144115737831669600, 2**63 - 1]
    audited(store)
