"""Deleting over HTTP: into a bin for seven days, out of it again, or at once; and many edited at a time."""

from __future__ import annotations

import json
import time

import pytest

from trackio_client.store.binning import BIN_S, binned, edit_batch
from trackio_client.wire.frames import event_frame

OWNER, VIEWER, WRITER = "a-token-of-the-test", "viewer", "writer"


def listed(api, query=""):
    found = api.get(f"/v1/experiments?project=digits{query}").json()
    return [row["experiment_id"] for row in found["experiments"]], found.get("gone"), found["cursor"]


@pytest.fixture
def three(api, a_batch):
    for n, name in enumerate(("exp_a", "exp_b", "exp_c")):
        api.send(a_batch(writer=f"w{n}", experiment=name), writer=f"w{n}")
    return api


@pytest.mark.requirement("S2.75")
def test_a_deleted_experiment_is_in_the_bin_and_can_be_restored_with_what_arrived_meanwhile(three, a_batch):
    cursor = listed(three)[2]
    assert three.client.delete("/v1/experiments/exp_a").json() == {"deleted": "exp_a", "binned": True}
    assert listed(three)[0] == ["exp_c", "exp_b"]
    assert listed(three, f"&since={cursor}")[:2] == ([], ["exp_a"])
    refused = three.get("/v1/experiments/exp_a")
    assert refused.status_code == 404
    assert "is in the bin" in refused.json()["detail"]
    assert "trackio-client undelete exp_a" in refused.json()["detail"]
    assert three.get("/v1/series?experiment=exp_a&metric=lr").status_code == 404
    assert three.send(a_batch(3, 4, first_seq=4, writer="w0"), writer="w0").status_code == 200
    (row,) = three.get("/v1/bin?project=digits").json()["experiments"]
    assert (row["experiment_id"], row["name"], row["by"]) == ("exp_a", "brave-otter", "the owner")
    assert row["goes_s"] - row["binned_s"] == BIN_S
    cursor = listed(three)[2]
    assert three.client.post("/v1/bin/restore", json={"experiments": ["exp_a"]}).json() == {"restored": ["exp_a"]}
    assert listed(three, f"&since={cursor}")[0] == ["exp_a"]
    assert three.get("/v1/experiments/exp_a").json()["last_step"] == 6
    assert three.get("/v1/bin").json()["experiments"] == []
    again = three.client.post("/v1/bin/restore", json={"experiments": ["exp_a"]})
    assert (again.status_code, "is not in the bin" in again.json()["detail"]) == (400, True)


def test_what_is_freed_now_is_gone_for_good_from_the_lists_or_from_the_bin(three):
    three.client.delete("/v1/experiments/exp_a")
    assert three.client.post("/v1/bin/free", json={"experiments": ["exp_a"]}).json() == {"freed": ["exp_a"]}
    assert three.client.delete("/v1/experiments/exp_b?now=1").json() == {"deleted": "exp_b"}
    assert (listed(three)[0], three.get("/v1/bin").json()["experiments"]) == (["exp_c"], [])
    assert [name for name, _, _ in three.store.tombstones()] == ["exp_a", "exp_b"]
    missing = three.client.post("/v1/bin", json={"experiments": ["exp_c", "exp_b"]})
    assert (missing.status_code, listed(three)[0]) == (404, ["exp_c"]), "all are there before one is changed"


def test_many_are_tagged_and_archived_at_once_and_the_list_leaves_out_the_archived(three):
    def edit(**wish):
        return three.client.post("/v1/edits", json={"experiments": ["exp_a", "exp_b"], **wish})

    assert edit(add_tags=["keep", "seed"], archived=True).json() == {"edited": ["exp_a", "exp_b"]}
    assert edit(archived=True).json() == {"edited": []}, "an edit that changes nothing is none"
    assert [listed(three, f"&archived={word}")[0] for word in ("0", "1", "only")] == [
        ["exp_c"], ["exp_c", "exp_b", "exp_a"], ["exp_b", "exp_a"],
    ]  # fmt: skip
    cursor = listed(three)[2]
    edit(archived=False, remove_tags=["seed"])
    assert listed(three, f"&since={cursor}")[0] == ["exp_b", "exp_a"]
    assert three.get("/v1/experiments/exp_a").json()["tags"] == ["keep"]
    cursor = listed(three)[2]
    assert three.client.patch("/v1/experiments/exp_a", json={"archived": True}).json()["archived"] is True
    assert listed(three, f"&since={cursor}")[:2] == ([], ["exp_a"]), "who follows the usual list hears that it left"
    for bad in ({}, {"archived": "yes"}, {"add_tags": "a"}, {"name": "x"}, {"experiments": []}):
        assert edit(**bad).status_code == 400, bad


def test_a_list_is_filtered_by_an_expression_and_says_where_one_does_not_parse(three):
    assert listed(three, "&filter=name = brave-otter and optim.lr >= 0.1 and train/loss.min < 0.2")[0] == [
        "exp_c", "exp_b", "exp_a",
    ]  # fmt: skip
    assert listed(three, "&filter=id in (exp_a, exp_c)&column=metric:lr")[0] == ["exp_c", "exp_a"]
    rows = three.get("/v1/experiments?project=digits&filter=optim.lr > 0&column=metric:lr").json()["experiments"]
    assert {tuple(row["columns"]) for row in rows} == {("metric:lr",)}, (
        "what the filter needs is not what was asked for"
    )
    refused = three.get("/v1/experiments?project=digits&filter=optim.lr %3E")
    assert (refused.status_code, "column 11: expected a value behind >" in refused.json()["detail"]) == (400, True)
    cursor = listed(three)[2]
    three.client.patch("/v1/experiments/exp_a", json={"tags": ["done"]})
    assert listed(three, f"&filter=not tag = done&since={cursor}")[:2] == ([], ["exp_a"])


def test_columns_hold_statistics_notes_and_nested_keys(three):
    three.client.patch("/v1/experiments/exp_a", json={"notes": "a note"})
    asked = (
        "min:train/loss",
        "max:train/loss",
        "mean:train/loss",
        "best:train/loss",
        "last:lr",
        "config:optim.lr",
        "notes",
    )
    query = "".join(f"&column={column}" for column in asked)
    rows = three.get(f"/v1/experiments?project=digits&filter=id = exp_a{query}").json()["experiments"]
    assert rows[0]["columns"] == {
        "min:train/loss": 0.5 / 3, "max:train/loss": 0.5, "mean:train/loss": pytest.approx((0.5 + 0.25 + 0.5 / 3) / 3),
        "best:train/loss": 0.5 / 3, "last:lr": 1e-3, "config:optim.lr": 0.1, "notes": "a note",
    }  # fmt: skip
    assert three.get("/v1/experiments?project=digits&column=median:x").status_code == 400


def test_writers_archive_and_see_the_bin_and_only_owners_delete(make_api, a_batch):
    api = make_api(token=OWNER)
    headers = {"X-Trackio-Token": OWNER}
    api.send(a_batch(), **headers)
    tokens = {
        role: api.client.post("/v1/tokens", json={"name": f"my {role}", "role": role}, headers=headers).json()["token"]
        for role in (VIEWER, WRITER)
    }

    def status(role, method, path, **sent):
        return api.client.request(method, path, headers={"X-Trackio-Token": tokens[role]}, **sent).status_code

    tag = {"experiments": ["exp_a"], "add_tags": ["x"]}
    one = {"experiments": ["exp_a"]}
    assert [status(role, "POST", "/v1/edits", json=tag) for role in (VIEWER, WRITER)] == [403, 200]
    assert [status(role, "GET", "/v1/bin") for role in (VIEWER, WRITER)] == [403, 200]
    for method, path in (
        ("DELETE", "/v1/experiments/exp_a"), ("POST", "/v1/bin"), ("POST", "/v1/bin/restore"), ("POST", "/v1/bin/free"),
    ):  # fmt: skip
        assert {status(role, method, path, json=one) for role in (VIEWER, WRITER)} == {403}, path


def test_no_writer_puts_an_experiment_into_the_bin_with_an_event_of_its_own(api, a_batch):
    api.send(a_batch())
    edit = {"kind": "edit", "time_us": 1, "binned": {"time_us": 1, "by": "nobody"}}
    refused = api.send(a_batch(writer="w2", count=1, body=event_frame(edit)), writer="w2")
    assert (refused.status_code, listed(api)[0]) == (400, ["exp_a"])
    assert api.lines(json.dumps(edit), writer="w3").status_code == 400
    assert listed(api)[0] == ["exp_a"]


def test_a_server_frees_what_was_in_the_bin_for_seven_days(tmp_path, a_batch):
    from starlette.testclient import TestClient

    from space.server import make_app
    from space.settings import SpaceSettings
    from trackio_client.store.open import open_store

    store = open_store(SpaceSettings(directory=tmp_path).store_path)
    store.append([a_batch(), a_batch(writer="w2", experiment="exp_b")])
    store.append([edit_batch(store, "exp_a", binned("otter", time.time() - BIN_S - 60))])
    store.append([edit_batch(store, "exp_b", binned("otter", time.time() - BIN_S + 3600))])
    app = make_app(SpaceSettings(directory=tmp_path), store, pages=False)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        deadline = time.monotonic() + 60
        while not store.tombstones() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert [name for name, _, _ in store.tombstones()] == ["exp_a"]
        assert [row["experiment_id"] for row in client.get("/v1/bin").json()["experiments"]] == ["exp_b"]
    store.close()
