"""What is told of an experiment's events: all here, or which are not."""

from __future__ import annotations

import pytest

from tests.store.trainer import Trainer, taken
from trackio_client.queries.environment import detail_with_environment
from trackio_client.queries.experiments import list_experiments
from trackio_client.store.open import open_store


@pytest.fixture
def store(tmp_path):
    opened = open_store(tmp_path / "store.sqlite")
    yield opened
    opened.close()


def process(host, rank=0, size=1):
    return {"pid": 1, "host": host, "rank": rank, "world_size": size}


def told(store):
    return detail_with_environment(store, "exp_1", 1000.0)["receipt"]


def test_a_hole_is_told_with_its_process_its_numbers_and_what_stands_around_it(store):
    main = Trainer().start(process=process("node-1", 0, 2)).steps(10)
    other = Trainer(writer_id="w_2").start(process=process("node-2", 1, 2)).steps(10, first=100)
    taken(main.send(store))
    taken(other.send(store, 0, 4))
    taken(other.send(store, 7, None, first_held=7))  # events 4 to 6 are held by nobody any more
    receipt = told(store)
    assert (receipt["missing"], receipt["events"], receipt["durable"], receipt["where"]) == (3, 19, 19, "disk")
    (hole,) = receipt["holes"]
    assert {name: hole[name] for name in ("first", "last", "events", "rank", "host")} == {
        "first": 4, "last": 6, "events": 3, "rank": 1, "host": "node-2",
    }  # fmt: skip
    assert (hole["after"], hole["before"]) == (
        {"step": 102, "time_s": pytest.approx(0.102)},
        {"step": 106, "time_s": pytest.approx(0.106)},
    )
    assert [row["missing"] for row in list_experiments(store, "digits", 1000.0)["experiments"]] == [3]
    found = list_experiments(store, "digits", 1000.0, filter="missing > 2")["experiments"]
    assert [row["experiment_id"] for row in found] == ["exp_1"]
    taken(other.send(store, 4, 7, first_held=0))  # they came after all
    assert (told(store)["missing"], told(store)["holes"]) == (0, [])


def test_a_process_that_told_no_end_may_have_more(store):
    first = Trainer().start(process=process("node-1"), generation=0).steps(3)
    again = Trainer(writer_id="w_2", generation=1).start(process=process("node-2"), generation=1).steps(3)
    taken(first.send(store))
    taken(again.event(kind="end", state="finished").send(store))
    assert [(one["host"], one["generation"]) for one in told(store)["untold"]] == [("node-1", 0)]
    first.event(kind="end", state="interrupted")
    first.event(kind="refused", reason="no room", count=2, first_step=1, last_step=2)
    taken(first.send(store))
    assert (told(store)["untold"], told(store)["refused"], told(store)["told_by"]) == ([], 2, "client")


def test_what_is_not_yet_in_the_repo_is_counted_and_an_import_owes_no_end(tmp_path):
    store = open_store(tmp_path / "repo.sqlite", persistent=False, destination="hf://datasets/owner/name")
    trainer = Trainer().start(client={"version": "import", "language": "python"}).steps(5)
    taken(trainer.send(store))
    store.mark_durable({"w_1": ((0, 4),)})
    receipt = told(store)
    assert (receipt["events"], receipt["durable"], receipt["where"]) == (6, 4, "repo")
    assert (receipt["told_by"], receipt["untold"]) == ("import", [])
    store.close()
