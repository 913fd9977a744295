"""Where an experiment ran, over HTTP: for those who may read it, and not through a link."""

from __future__ import annotations

import pytest

from tests.space.conftest import batch
from trackio_client.wire.batches import Batch
from trackio_client.wire.frames import event_frame

TOLD = {
    "kind": "environment", "time_us": 5, "rank": None, "not_captured": {"git.dirty": "git is not installed"},
    "values": {"git": {"commit": "abc"}, "host": "janes-laptop", "odd": float("inf") > 1},
}  # fmt: skip


def environment(content, seq=4):
    return Batch(
        writer_id="w1", experiment_id="exp_a", project="digits", generation=0, first_seq=seq, count=1, first_held=0,
        body=event_frame(content),
    )  # fmt: skip


@pytest.mark.requirement("S2.21", "S3.40", "S3.49")
def test_the_detail_of_an_experiment_tells_where_it_ran_and_why_something_is_missing(make_api):
    api = make_api()
    api.send(batch())
    before = api.get("/v1/experiments/exp_a").json()["environment"]
    assert before["values"]["time"]["start"].endswith("+00:00")
    assert "within a second" in before["not_captured"]["environment"]
    assert api.send(environment(TOLD)).status_code == 200
    told = api.get("/v1/experiments/exp_a").json()["environment"]
    assert told["values"]["git"] == {"commit": "abc"}
    assert told["values"]["host"] == "janes-laptop"
    assert len(told["values"]["hashes"]["config_sha256"]) == 64
    assert told["not_captured"] == {"git.dirty": "git is not installed"}


def test_what_was_not_told_by_now_is_not_waited_for(make_api):
    """Also of an experiment that nobody ended: its program is gone."""
    api = make_api()
    start = event_frame({"kind": "start", "time_us": 1_700_000_000_000_000, "project": "digits", "name": "old"})
    old = Batch(
        writer_id="w1", experiment_id="exp_a", project="digits", generation=0, first_seq=0, count=1, first_held=0,
        body=start,
    )  # fmt: skip
    assert api.send(old).status_code == 200
    assert "nothing was told" in api.get("/v1/experiments/exp_a").json()["environment"]["not_captured"]["environment"]


@pytest.mark.requirement("S2.23")
def test_a_link_shows_nothing_of_it(make_api):
    api = make_api()
    api.send(batch())
    api.send(environment(TOLD))
    made = api.client.post("/v1/shares", json={"experiments": ["exp_a"]}).json()
    path = made["address"].removeprefix("http://127.0.0.1")
    shown = api.get(f"{path}/v1/experiments/exp_a")
    assert shown.status_code == 200
    assert "environment" not in shown.json()
    everything = shown.text + api.get(f"{path}/v1/experiments/exp_a/events").text + api.get(path).text
    assert "janes-laptop" not in everything


@pytest.mark.parametrize("content", [
    {"values": [1], "not_captured": "x", "rank": "first"}, {"values": None}, {},
    {"values": {"git": "text", "time": 7, "seeds": [1]}, "not_captured": {"a": None}, "rank": -1},
    {"values": {"<b>": {"{}": "' or 1=1"}}, "not_captured": {"": ""}, "rank": 2**70},
])  # fmt: skip
def test_an_environment_of_another_shape_breaks_nothing(make_api, content):
    api = make_api()
    api.send(batch())
    assert api.send(environment({"kind": "environment", "time_us": 5, **content})).status_code == 200
    answer = api.get("/v1/experiments/exp_a")
    assert answer.status_code == 200
    assert set(answer.json()["environment"]) == {"values", "not_captured", "ranks", "earlier"}


def test_processes_of_another_shape_break_nothing_and_make_no_ranks_up(make_api):
    api = make_api()
    api.send(batch())
    odd = [
        {"kind": "start", "process": {"rank": 0, "world_size": 2, "host": ["a"], "pid": -1, "local_rank": "x"}},
        {"kind": "start", "process": "text"},
        {"kind": "environment", "values": {"host": "<b>", "gpu": {"devices": [1], "visible": 7}}, "rank": 2**70},
        {"kind": "environment", "values": {"gpu": {"devices": "text"}, "host": {"a": 1}}, "rank": 1},
        {"kind": "error", "error": {"a": 1}, "message": None, "rank": "first"},
        {"kind": "end", "state": "failed", "rank": 0, "world_size": 2, "error": "x" * 9000},
    ]
    for seq, content in enumerate(odd, 4):
        assert api.send(environment({"time_us": 5, **content}, seq)).status_code == 200
    told = api.get("/v1/experiments/exp_a").json()["ranks"]
    assert (told["size"], [row["rank"] for row in told["ranks"]]) == (2, [0, 1])
    assert (told["ranks"][0]["state"], told["ranks"][0]["is_first"]) == ("failed", True)
    assert told["ranks"][1]["state"] == "unheard"
