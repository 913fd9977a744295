"""What was recorded beside the numbers, in short, and one of it whole."""

from __future__ import annotations

import pytest

from tests.hub.view_data import new_store
from tests.store.trainer import Trainer, taken
from trackio_client.errors import ExperimentNotFound, UsageError
from trackio_client.queries import index
from trackio_client.queries.index import list_index, read_event

EXPERIMENT = "exp_20261121_000000_aaaaaaaa"


@pytest.fixture
def store(tmp_path):
    store = new_store(tmp_path)
    one = Trainer("w_1", EXPERIMENT, "p")
    one.event(kind="start", time_us=1_000_000, project="p", name="otter", config={})
    for step in range(5):
        one.event(
            kind="media", time_us=2_000_000 + step, name="a/b", media="image", step=step, items=[{"file": "f" * 64}] * 2
        )
    taken(one.send(store))
    one.event(
        kind="record", time_us=3_000_000, record="predictions", step=5, epoch=1.0, data={"items": ["long " * 1000]}
    )
    taken(one.send(store))
    yield store
    store.close()


def test_an_index_tells_what_there_is_without_its_content(store):
    found = list_index(store, EXPERIMENT)
    assert [(e["kind"], e["name"], e["step"]) for e in found["entries"]] == [
        *(("media", "a/b", step) for step in range(5)), ("record", "predictions", 5),
    ]  # fmt: skip
    assert found["entries"][0]["items"] == 2
    assert found["entries"][-1]["epoch"] == 1.0
    assert "long" not in str(found)
    assert list_index(store, EXPERIMENT, after=found["after"]) == {"entries": [], "after": found["after"]}


def test_entries_of_one_commit_come_together_however_small_an_answer_is(store, monkeypatch):
    monkeypatch.setattr(index, "MOST_ENTRIES", 2)
    first = list_index(store, EXPERIMENT)
    assert [e["step"] for e in first["entries"]] == [0, 1, 2, 3, 4]
    rest = list_index(store, EXPERIMENT, after=first["after"])
    assert [e["name"] for e in rest["entries"]] == ["predictions"]


def test_one_entry_comes_whole(store):
    entry = list_index(store, EXPERIMENT, kinds=["media"])["entries"][3]
    where = {name: entry[name] for name in ("writer_id", "seq")}
    assert read_event(store, EXPERIMENT, **where)["content"]["step"] == 3
    with pytest.raises(ExperimentNotFound, match="has no event 99"):
        read_event(store, EXPERIMENT, **{**where, "seq": 99})


def test_a_kind_without_an_index_is_refused_with_the_list(store):
    with pytest.raises(UsageError, match="record, media"):
        list_index(store, EXPERIMENT, kinds=["console"])
