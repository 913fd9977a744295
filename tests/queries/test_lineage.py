"""Where artifacts come from and where they went: both ways, with circles, gaps and very many users."""

from __future__ import annotations

import hashlib

import pytest

from trackio_client.errors import ExperimentNotFound
from trackio_client.queries.lineage import lineage
from trackio_client.store.open import open_store
from trackio_client.wire.batches import Batch
from trackio_client.wire.events import new_writer_id
from trackio_client.wire.frames import event_frame

pytestmark = pytest.mark.requirement("S3.8")


class World:
    """A store, told what experiments made and used, a second apart."""

    def __init__(self, path):
        self.store = open_store(path / "store.sqlite")
        self.now = 1_000_000_000

    def tell(self, experiment_id, kind, where, /, **fields):
        self.now += 1_000_000
        body = event_frame({"kind": kind, "time_us": self.now, **fields})
        batch = Batch(
            writer_id=new_writer_id(), experiment_id=experiment_id, project=where, generation=0,
            first_seq=0, count=1, first_held=0, body=body,
        )  # fmt: skip
        self.store.append([batch])

    def begin(self, *names, project="p"):
        for name in names:
            self.tell(name, "start", project, project=project, name=name.removeprefix("exp_"), config={})

    def made(self, who, name, project="p"):
        self.tell(who, "artifact", project, name=name, type="data", digest=digest(name), files=[], aliases=[])

    def used(self, who, name, project="p", of=None):
        self.tell(who, "artifact_used", project, project=of, name=name, type="data", digest=digest(name))

    def graph(self, who, **how):
        found = lineage(self.store, who, self.now / 1e6, **how)
        named = {n["id"]: n["name"] or n["id"] for n in found["nodes"]}
        return found, {(named[a], named[b]) for a, b in found["edges"]}


def digest(name):
    return hashlib.sha256(name.encode()).hexdigest()


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.store.close()


def test_it_goes_both_ways_and_leaves_out_what_merely_stands_beside(world):
    world.begin("exp_raw", "exp_clean", "exp_train", "exp_other", "exp_judge")
    world.made("exp_raw", "rows")
    world.used("exp_clean", "rows")
    world.made("exp_clean", "tidy")
    world.used("exp_train", "tidy")
    world.used("exp_other", "tidy")
    world.made("exp_train", "model")
    world.used("exp_judge", "model")
    found, edges = world.graph("exp_train")
    assert edges == {
        ("raw", "rows"), ("rows", "clean"), ("clean", "tidy"),
        ("tidy", "train"), ("train", "model"), ("model", "judge"),
    }  # fmt: skip
    distances = {(n["kind"], n["name"]): n["distance"] for n in found["nodes"]}
    assert distances[("experiment", "raw")] == -4
    assert distances[("artifact", "model")] == 1
    assert ("experiment", "other") not in distances
    assert found["more"] is False


def test_a_circle_a_deleted_maker_and_a_project_that_is_not_here_do_not_stop_it(world):
    world.begin("exp_a", "exp_b")
    world.made("exp_a", "loop")
    world.used("exp_a", "loop")
    world.used("exp_b", "loop")
    world.used("exp_b", "far", of="elsewhere")
    world.made("exp_b", "result")
    _, edges = world.graph("exp_a")
    assert {("a", "loop"), ("loop", "a"), ("loop", "b"), ("b", "result")} <= edges
    world.store.delete("exp_a")
    found, edges = world.graph("exp_b")
    assert ("far", "b") in edges
    far = next(n for n in found["nodes"] if n["name"] == "far")
    assert (far["project"], far.get("version")) == ("elsewhere", None)
    with pytest.raises(ExperimentNotFound):
        lineage(world.store, "exp_nobody", 0.0)


def test_of_very_many_the_nearest_stand_and_it_says_that_there_are_more(world):
    world.begin("exp_hub", *(f"exp_u{i}" for i in range(30)))
    world.made("exp_hub", "base")
    for i in range(30):
        world.used(f"exp_u{i}", "base")
    found, _ = world.graph("exp_hub", most=10)
    assert len(found["nodes"]) == 10
    assert found["more"] is True
    known = {n["id"] for n in found["nodes"]}
    assert all(a in known and b in known for a, b in found["edges"])
