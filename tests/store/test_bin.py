"""What a person deleted is out of sight and can be restored, whole, for seven days."""

from __future__ import annotations

import itertools

import pytest

from tests.store.repo import Repo
from tests.store.trainer import Trainer, taken
from trackio_client.errors import ExperimentNotFound
from trackio_client.store.binning import BIN_S, RESTORED, binned, edit_batch, free_due, goes_at_s
from trackio_client.store.facts import fold, sound
from trackio_client.store.open import open_store
from trackio_client.wire.asks import SeriesQuery

NOW_S = 1_800_000_000.0
ASK = SeriesQuery(experiments=("exp_1",), metrics=("loss",), max_points=100)


def edited(store, changes, experiment="exp_1"):
    taken(store.append([edit_batch(store, experiment, changes)])[0])


def pulled(repo, store):
    store.adopt(repo.adopted())
    repo.restore(store)


@pytest.fixture
def stores(tmp_path):
    opened = []

    def make():
        opened.append(open_store(tmp_path / f"store{len(opened)}.sqlite", destination="me/exp"))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.mark.requirement("S2.75")
def test_what_is_in_the_bin_is_out_of_every_list_and_comes_back_whole_with_what_arrived_meanwhile(stores):
    store = stores()
    trainer = Trainer().start(config={"binned": "a word of the user's"}).steps(50)
    taken(trainer.send(store))
    store_lists = (store.experiments, lambda: store.metrics(trainer.project), lambda: store.series(ASK)[0])
    whole = [bool(each()) for each in store_lists]
    edited(store, binned("otter", NOW_S))
    assert (store.experiments(), store.metrics(trainer.project)) == ([], [])
    assert [count for _, count, _ in store.projects()] == [0]
    for ask in (store.series, store.buckets):
        with pytest.raises(ExperimentNotFound):
            ask(ASK)
    (record,) = store.experiments(binned=True)
    assert (record.binned, goes_at_s(record)) == ({"time_us": int(NOW_S * 1e6), "by": "otter"}, NOW_S + BIN_S)
    before = store.position()
    taken(trainer.steps(10, first=50).send(store))
    assert store.experiment("exp_1").point_count == 60
    edited(store, RESTORED)
    assert ([bool(each()) for each in store_lists], store.experiments(binned=True)) == (whole, [])
    assert [one.experiment_id for one in store.experiments(since=before)] == ["exp_1"], "lists that are followed hear"
    assert len(store.series(ASK)[0]["exp_1", "loss"].steps) == 60


def test_what_was_in_the_bin_for_seven_days_is_freed_and_nothing_else(stores):
    store = stores()
    for name in ("exp_1", "exp_2", "exp_3"):
        taken(Trainer(f"w_{name}", name).start().steps(3).send(store))
    edited(store, binned("otter", NOW_S))
    edited(store, binned("otter", NOW_S + 60), "exp_2")
    assert free_due(store, NOW_S + BIN_S - 1) == []
    assert free_due(store, NOW_S + BIN_S + 1) == ["exp_1"]
    assert ([name for name, _, _ in store.tombstones()], len(store.experiments(binned=None))) == (["exp_1"], 2)


def test_two_stores_and_one_that_lost_its_disk_agree_on_the_bin_through_the_repo(stores):
    first, second, repo = stores(), stores(), Repo()
    taken(Trainer().start().steps(20).send(first))
    repo.push(first)
    pulled(repo, second)
    edited(first, binned("otter", NOW_S))
    repo.push(first)
    pulled(repo, second)
    fresh = stores()
    fresh.adopt(repo.adopted())
    for store in (second, fresh):
        assert (store.experiments(), [one.binned["by"] for one in store.experiments(binned=True)]) == ([], ["otter"])
    assert free_due(fresh, NOW_S + 2 * BIN_S) == [], "a restore may be among the rows that are still to come"
    edited(second, RESTORED)
    repo.push(second)
    pulled(repo, first)
    assert [one.experiment_id for one in first.experiments()] == ["exp_1"]


def test_edits_in_any_order_of_arrival_give_the_same_bin_and_archive():
    def edit(time_us, **changes):
        return {"kind": "edit", "time_us": time_us, **changes}

    told = [edit(1, archived=True), edit(2, binned={"time_us": 7, "by": "a"}), edit(3, binned=None)]
    keyed = [((2**63 + event["time_us"], "w", 0), event) for event in told]
    assert {str(fold({}, sorted(order))) for order in itertools.permutations(keyed)} == {"{'archived': True}"}
    for nonsense in (True, {"time_us": "now"}, {"by": "a"}, [1], {"time_us": -1}):
        assert "binned" not in fold({}, [((0, "w", 0), edit(1, binned=nonsense))])
    for bad in ({"archived": 1}, {"binned": {"by": "a"}}, {"binned": None}):
        with pytest.raises(ValueError, match="archived"):
            sound(bad)
