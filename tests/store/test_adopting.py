"""What a store does with what a repo holds: contract.Store's promises under "From a repo", until rows are loaded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.store.adopted import LOSS, facts, logged, pushed, shown
from tests.store.repo import Repo, whole_digest
from tests.store.trainer import Trainer, audited, merged, taken
from trackio_client.errors import ExperimentNotFound, Gone

# --- before anything is loaded -------------------------------------------------------------------------------------


@pytest.mark.requirement("S1.54")
def test_lists_answer_from_headers_before_any_row_is_there(store, other):
    logged(store)
    repo = pushed(store)
    other.adopt(repo.adopted())
    assert facts(other) == facts(store)
    assert other.experiment("exp_1").last_heard_s == store.experiment("exp_1").last_heard_s
    assert other.summaries(["exp_1"]) == store.summaries(["exp_1"])
    assert (other.metrics("digits"), other.projects()) == (store.metrics("digits"), store.projects())
    here, there = other.receipt("w_1"), store.receipt("w_1")
    assert (here.accepted, here.digest, here.events) == (there.accepted, there.digest, there.events)
    assert here.durable == here.accepted
    assert other.headers(["exp_1"]) == store.headers(["exp_1"])
    assert other.holdings(behind=True) == []


def test_what_is_cold_has_no_points_and_breaks_no_question(store, other):
    logged(store)
    other.adopt(pushed(store).adopted())
    found, cursor = other.series(LOSS)
    assert found == {}
    for asked in (LOSS, replace(LOSS, max_points=50), replace(LOSS, x="time"), replace(LOSS, x="lr", max_points=9)):
        assert other.series(asked)[0] == {}
        buckets = other.buckets(asked).series["exp_1", "loss"]
        assert (len(buckets.x), buckets.points) == (0, 0)
    assert len(other.points("exp_1", "loss").steps) == 0
    assert other.events("exp_1") == []
    assert other.extract([("w_1", 0, 9999)]).points == []
    assert other.audit("exp_1") == {"w_1": "0" * 32}
    assert cursor


def test_a_page_that_looks_on_sees_what_is_loaded(store, other):
    logged(store)
    repo = pushed(store)
    other.adopt(repo.adopted())
    at = other.position()
    first, (_, cursor) = other.buckets(replace(LOSS, max_points=50)), other.series(LOSS)
    repo.restore(other)
    assert other.position() > at
    assert [record.experiment_id for record in other.experiments(since=at)] == ["exp_1"]
    new, _ = other.series(replace(LOSS, cursor=cursor))
    assert len(new["exp_1", "loss"].steps) == 900
    drawn = other.buckets(replace(LOSS, max_points=50, cursor=first.cursor)).series["exp_1", "loss"]
    assert (drawn.keep, drawn.points) == (0, 900)
    assert np.array_equal(drawn.max, store.buckets(replace(LOSS, max_points=50)).series["exp_1", "loss"].max)


def test_every_opener_of_the_file_sees_what_was_adopted_and_loaded(store, engine):
    repo = Repo()
    source = type(engine)(engine.address.replace("store.sqlite", "source.sqlite"))
    logged(first := source.open(), Trainer("w_9", "exp_1"))
    repo.push(first)
    watcher = engine.open()
    watcher.experiments()
    store.adopt(repo.adopted())
    assert watcher.experiment("exp_1").point_count == 900
    assert watcher.series(LOSS)[0] == {}
    repo.restore(store)
    assert len(watcher.series(LOSS)[0]["exp_1", "loss"].steps) == 900
    source.close()


def test_newest_experiments_come_first_and_files_in_the_order_of_seqs(store, other):
    for n in range(3):
        taken(Trainer(f"w_{n}", f"exp_{n}").step(0, 1.0, time_us=(n + 1) * 10**6).steps(8).send(store))
    repo = pushed(store, files=2, apart=False)
    other.adopt(repo.adopted())
    assert [(c.experiment_id, c.path) for c in other.cold()] == [
        (f"exp_{n}", path) for n in (2, 1, 0) for path in ("f1", "f2")
    ]
    assert [c.experiment_id for c in other.cold(["exp_0", "exp_2", "exp_7"])] == ["exp_0", "exp_0", "exp_2", "exp_2"]
    one = other.cold(["exp_0"])[0]
    assert one.windows == {"w_0": ((0, 4),)}
    assert one.rows == 3 * 4


def test_events_come_back_in_the_order_in_which_they_came(store, other):
    clock, repo = iter(range(10**6, 10**9, 10**6)), Repo()
    one, two = Trainer("w_b"), Trainer("w_a")
    for part in range(6):
        for trainer in (one, two, one):
            trainer.event(kind="console", lines=[str(part)], time_us=next(clock)).step(part, 1.0)
            taken(trainer.send(store))
        repo.push(store)
    one.event(kind="console", lines=["a clock set back"], time_us=5).event(kind="console", lines=["end"], time_us=6)
    taken(one.send(store))
    repo.push(store)
    other.adopt(repo.adopted())
    repo.load(other, other.cold()[3])
    two.event(kind="console", lines=["meanwhile"], time_us=next(clock))
    taken([two.send(place, 12) for place in (store, other)])
    for cold in reversed(other.cold()):
        repo.load(other, cold)
    for newest in (False, True):
        asked = {"kinds": ["console"], "limit": 30, "newest": newest}
        found = [(e.writer_id, e.seq) for e in other.events("exp_1", **asked)]
        assert found == [(e.writer_id, e.seq) for e in store.events("exp_1", **asked)]
    assert other.events("exp_1", after=other.events("exp_1")[0].position) == []


# --- who holds more ------------------------------------------------------------------------------------------------


def holding(store, writer="w_1"):
    return next(each for each in store.holdings() if each.writer_id == writer)


@pytest.mark.requirement("S1.52", "S1.54")
def test_of_two_holdings_the_one_that_holds_all_of_the_other_stands(store, other):
    trainer = Trainer().start().steps(9)
    taken(trainer.send(store, 0, 6))
    taken(trainer.send(other, 0, 4))
    repo = pushed(store)
    other.adopt(repo.adopted())
    assert (other.receipt("w_1").accepted, other.receipt("w_1").durable) == (((0, 6),),) * 2
    assert [c.windows for c in other.cold()] == [{"w_1": ((4, 6),)}] * 2
    taken(trainer.send(other, 6, 9))
    other.adopt(repo.adopted())
    assert (other.receipt("w_1").accepted, other.receipt("w_1").durable) == (((0, 9),), ((0, 6),))
    repo.restore(other)
    taken(trainer.send(store, 6, 10))
    taken(trainer.send(other, 9, 10))
    assert holding(other).digest == holding(store).digest
    audited(other)
    assert shown(other) == shown(store)


def test_where_each_holds_what_the_other_lacks_nobody_guesses(store, other):
    trainer = Trainer().steps(9)
    taken(trainer.send(store, 0, 3))
    taken(trainer.send(store, 5, 9, first_held=5))  # a hole, 3 to 4
    taken(trainer.send(other, 0, 6))
    before = other.receipt("w_1")
    other.adopt(pushed(store).adopted())
    after = other.receipt("w_1")
    assert (after.accepted, after.digest, other.cold()) == (before.accepted, before.digest, [])
    assert after.durable == ((0, 3), (5, 6)), "in the repo 3 and 4 are a hole"


def test_a_hole_that_the_repo_can_fill_is_filled(store, other):
    trainer = Trainer().start().steps(9)
    taken(trainer.send(store))
    taken(trainer.send(other, 0, 2))
    taken(trainer.send(other, 5, first_held=5))
    assert other.receipt("w_1").holes
    repo = pushed(store)
    other.adopt(repo.adopted())
    assert (other.receipt("w_1").holes, [c.windows for c in other.cold()]) == ((), [{"w_1": ((2, 5),)}] * 2)
    repo.restore(other)
    assert sorted(other.points("exp_1", "loss").seqs.tolist()) == list(range(1, 10))
    audited(other)


def test_what_stands_nowhere_but_in_a_hole_of_the_repo_goes_on_being_behind(store, other):
    trainer = Trainer().steps(9)
    taken(trainer.send(store, 4, 6, first_held=4))
    repo = pushed(store)
    taken(trainer.send(other, 0, 6))
    other.adopt(repo.adopted())
    assert other.receipt("w_1").durable == ((4, 6),)
    assert other.receipt("w_1").holes == ()


def test_other_content_under_the_same_seqs_is_told_and_not_called_durable(store, other):
    taken(Trainer().steps(3).send(store))
    taken(Trainer().step(0, 9.0).step(1, 9.0).step(2, 9.0).send(other))
    other.adopt(pushed(store).adopted())
    assert other.receipt("w_1").durable == ()
    (told,) = other.damaged()
    assert "exp_1" in told
    assert "other content" in told


def test_a_writer_of_another_experiment_is_left_alone(store, other):
    taken(Trainer("w_1", "exp_1").steps(3).send(store))
    taken(Trainer("w_1", "exp_2").steps(2).send(other))
    before = other.receipts("exp_2")
    other.adopt(pushed(store).adopted())
    assert other.receipts("exp_2") == before


def test_what_was_deleted_here_is_not_adopted(store, other):
    logged(store)
    repo = pushed(store)
    other.bury("exp_1", "digits", [])
    position = other.position()
    other.adopt(repo.adopted())
    assert (other.experiments(), other.cold(), other.position()) == ([], [], position)


@pytest.mark.requirement("S1.53")
def test_deleting_what_is_cold_forgets_its_files(store, other):
    trainer = logged(store)
    repo = pushed(store)
    other.adopt(repo.adopted())
    (cold, *_) = other.cold()
    other.delete("exp_1")
    assert other.cold() == []
    repo.load(other, cold)
    other.adopt(repo.adopted())
    with pytest.raises(ExperimentNotFound):
        other.events("exp_1")
    assert isinstance(trainer.steps(1).send(other), Gone)


# --- appending meanwhile -------------------------------------------------------------------------------------------


@pytest.mark.requirement("S1.54")
def test_writing_goes_on_above_what_is_cold_and_repeats_count_as_the_same(store, other):
    trainer = logged(store)
    repo = pushed(store)
    other.adopt(repo.adopted())
    trainer.steps(50, first=900).event(kind="summary", values={"f1": 0.5})
    taken(trainer.send(store, 902))
    (receipt,) = taken(trainer.send(other, 800))
    assert receipt.digest == store.receipt("w_1").digest
    assert receipt.durable == ((0, 902),)
    assert facts(other) == facts(store)
    assert other.summaries(["exp_1"]) == store.summaries(["exp_1"])
    merged(other)
    repo.restore(other)
    audited(other)
    assert facts(other) == facts(store)
    assert other.summaries(["exp_1"]) == store.summaries(["exp_1"])


def test_what_is_loaded_again_is_compared_again(store, other):
    trainer = logged(store)
    repo = pushed(store)
    other.adopt(repo.adopted())
    repo.restore(other)
    copied = Trainer(schema=trainer.schema, log=list(trainer.log))
    copied.log[5] = copied.log[6]
    assert "other content" in str(copied.send(other, 0))


def test_facts_from_before_the_newest_are_put_right_when_all_is_there(store, other):
    old, new = Trainer("w_1").start(config={"lr": 1}), Trainer("w_2", generation=1).start(config={"lr": 2})
    taken([old.send(store), new.send(store)])
    repo = pushed(store)
    old.event(kind="config", values={"lr": 0, "old": 1}).event(kind="end", state="failed")
    new.event(kind="config", values={"new": 1})
    other.adopt(repo.adopted())
    taken([each.send(place, 1) for each in (new, old) for place in (store, other)])
    assert other.experiment("exp_1").config == {"lr": 2, "new": 1}
    assert other.experiment("exp_1").end is None, "the old writer's end is not that of the resumed one"
    assert other.headers(["exp_1"])["exp_1"]["digest"] == "", "it is of no rows exactly"
    repo.restore(other)
    assert other.experiment("exp_1").config == {"lr": 2, "old": 1, "new": 1}
    assert facts(other) == facts(store)
    assert other.headers(["exp_1"])["exp_1"]["digest"] == whole_digest(store, "exp_1")


def test_edits_stand_in_the_order_of_their_times_in_every_store(store, other):
    edits = [Trainer(f"w_{name}").event(kind="edit", name=name, time_us=when) for name, when in (("b", 5), ("a", 7))]
    taken([logged_ for each in [Trainer().start(), *edits] if (logged_ := each.send(store))])
    repo = pushed(store)
    other.adopt(repo.adopted(headers=False))
    late = Trainer("w_z").event(kind="edit", name="late", time_us=6)
    taken([late.send(store), late.send(other)])
    repo.restore(other)
    assert store.experiment("exp_1").name == other.experiment("exp_1").name == "a"


def test_steps_that_go_back_are_put_right_when_all_is_there(store, other):
    trainer = Trainer().start().steps(50)
    taken(trainer.send(store))
    repo = pushed(store)
    other.adopt(repo.adopted())
    trainer.step(10, -99.0).step(7, 1e9)
    taken([trainer.send(place, 51) for place in (store, other)])
    (stale,) = other.summaries(["exp_1"])["exp_1"]
    assert (stale.points, stale.last_step) == (52, 49)
    repo.restore(other)
    assert other.summaries(["exp_1"]) == store.summaries(["exp_1"])
    assert other.summaries(["exp_1"])["exp_1"][0].min == -99.0
