"""Media of several experiments in one answer, and contents of what is looked at in another."""

from __future__ import annotations

import pytest

from tests.hub.view_data import new_store
from tests.store.trainer import Trainer, taken
from trackio_client.errors import UsageError
from trackio_client.queries import gallery
from trackio_client.queries.gallery import list_media, read_contents

IDS = ["exp_20261121_000000_aaaaaaaa", "exp_20261121_000000_bbbbbbbb"]


@pytest.fixture
def store(tmp_path):
    store = new_store(tmp_path)
    for i, experiment_id in enumerate(IDS):
        one = Trainer(f"w_{i}", experiment_id, "p")
        one.event(kind="start", time_us=1_000_000, project="p", name=f"otter-{i}", config={})
        one.event(kind="console", time_us=1_000_001, stream="stdout", lines=["not a medium"], dropped=0)
        for step in range(5):
            at = {"time_us": 2_000_000 + step, "step": step}
            one.event(kind="media", name="a/b", media="markdown", items=[{"text": f"{i} {step}"}], **at)
        taken(one.send(store))
    yield store
    store.close()


def entries_of(store, experiment_id, *more):
    return list_media(store, [experiment_id, *more])["experiments"][experiment_id]


def test_what_there_is_of_several_comes_at_once_and_who_is_not_here_is_absent(store):
    found = list_media(store, [*IDS, "exp_gone"])["experiments"]
    assert list(found) == IDS
    assert [(e["name"], e["step"], e["media"], e["items"]) for e in found[IDS[1]]["entries"]] == [
        ("a/b", step, "markdown", 1) for step in range(5)
    ]
    assert not found[IDS[0]]["more"]


def test_the_newest_are_told_where_all_would_be_too_many_and_that_there_are_more(store, monkeypatch):
    monkeypatch.setattr(gallery, "MOST_ENTRIES", 4)
    found = entries_of(store, *IDS)
    assert [e["step"] for e in found["entries"]] == [3, 4]
    assert found["more"]
    monkeypatch.setattr(gallery, "MOST_EXPERIMENTS", 1)
    with pytest.raises(UsageError, match="at most 1 experiments"):
        list_media(store, IDS)


def test_contents_come_in_the_order_asked_for_and_only_what_an_index_tells(store):
    last, first = entries_of(store, IDS[0])["entries"][-1], entries_of(store, IDS[1])["entries"][0]
    wanted = [(IDS[0], last["writer_id"], last["seq"]), (IDS[1], first["writer_id"], first["seq"])]
    texts = [content["items"][0]["text"] for content in read_contents(store, wanted)["contents"]]
    assert texts == ["0 4", "1 0"]
    # An event of another experiment's writer, the console's lines, who is not here: nothing of it.
    others = [(IDS[1], last["writer_id"], last["seq"]), (IDS[0], "w_0", 1), ("exp_gone", "w_0", 2)]
    assert read_contents(store, others) == {"contents": [None, None, None]}


def test_an_answer_ends_before_it_is_too_large_but_holds_the_first(store, monkeypatch):
    entries = entries_of(store, IDS[0])["entries"]
    wanted = [(IDS[0], e["writer_id"], e["seq"]) for e in entries]
    monkeypatch.setattr(gallery, "MOST_BYTES", 1)
    assert [c["step"] for c in read_contents(store, wanted)["contents"]] == [0]
    monkeypatch.setattr(gallery, "MOST_CONTENTS", 4)
    with pytest.raises(UsageError, match="at most 4 entries"):
        read_contents(store, wanted)
