"""Questions over HTTP and their answers."""

from __future__ import annotations

import json
import re
import struct

from tests.space.addresses import every_address
from trackio_client.queries.experiments import list_experiments
from trackio_client.wire.frames import event_frame


def decoded(raw: bytes):
    (length,) = struct.unpack_from("<I", raw, 4)
    return json.loads(raw[8 : 8 + length]), raw[8 + length :]


def test_an_experiment_is_listed_and_shown(api, a_batch):
    api.send(a_batch())
    listed = api.get("/v1/experiments?project=digits&column=config:optim/lr&column=metric:train/loss").json()
    row = listed["experiments"][0]
    assert (row["experiment_id"], row["name"], row["state"], row["last_step"]) == ("exp_a", "brave-otter", "running", 2)
    assert row["columns"] == {"config:optim/lr": 0.1, "metric:train/loss": 0.5 / 3}
    assert api.get(f"/v1/experiments?project=digits&since={listed['cursor']}").json()["experiments"] == []
    shown = api.get("/v1/experiments/exp_a").json()
    assert shown["summary"]["train/loss"]["best"] == shown["summary"]["train/loss"]["min"]
    assert api.get("/v1/metrics?project=digits").json()["metrics"][0]["quantity"] == "training loss"
    receipts = api.get("/v1/experiments/exp_a/receipts").json()
    assert (receipts["events"], receipts["points"]) == (4, 6)
    assert receipts["digest"] == receipts["receipts"][0]["digest"]


def test_what_is_not_there_is_named_with_what_is(api, a_batch):
    api.send(a_batch())
    for path, words in (
        ("/v1/experiments?project=digit", ("'digit'", "'digits'")),
        ("/v1/experiments/exp_zz", ("'exp_zz'", "'digits'")),
        ("/v1/series?experiment=exp_zz&metric=lr", ("'exp_zz'",)),
        ("/v1/series?experiment=exp_a&metric=los", ("'los'", "train/loss")),
        ("/v1/metrics?project=x", ("'x'", "'digits'")),
        ("/v1/nonsense", ("/v1/nonsense",)),
    ):
        answer = api.get(path)
        assert answer.status_code == 404, path
        assert all(word in answer.json()["detail"] for word in words), answer.json()


def test_questions_that_cannot_be_right_are_refused(api, a_batch):
    api.send(a_batch())
    base = "/v1/series?experiment=exp_a&metric=lr"
    series = [base + more for more in ("&max_points=3", "&max_points=x", "&from_step=nan", "&stop=1")]
    lists = ["/v1/experiments" + more for more in ("", "?project=digits&since=-1", "?project=digits&column=x")]
    for path in [*series, *lists, "/v1/series"]:
        answer = api.get(path)
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (400, "malformed"), path
    assert api.client.post("/v1/series", content="[" * 100_000).status_code == 400
    assert api.client.put("/v1/projects").status_code in (404, 405)


def test_a_list_says_the_same_however_its_rows_were_written(api, a_batch):
    """Rows of experiments that ended are written once; what else is in an answer, and their columns, are not."""
    names = ["plain", "\ud800 half", "ta\x00b", "日本"]
    for i, name in enumerate(names):
        start = {
            "kind": "start",
            "time_us": i,
            "name": name,
            "config": {"lr": 0.1, "big": 2**80, "nan": {"$float": "NaN"}},
        }
        end = {"kind": "end", "time_us": i + 5, "state": "finished", "error": None}
        body = event_frame(start) + event_frame(end)
        sent = a_batch(0, 0, writer=f"w{i}", experiment=f"exp_{i}", body=body, count=2)
        assert api.send(sent, f"w{i}").status_code == 200
    api.send(a_batch())
    for columns in ("", "&column=config:lr&column=config:big&column=config:nan"):
        asked = f"/v1/experiments?project=digits{columns}"
        first, again = api.get(asked).json(), api.get(asked).json()
        found = list_experiments(
            api.store, "digits", again["now_s"], columns=["config:lr", "config:big", "config:nan"] if columns else []
        )
        assert again == json.loads(json.dumps(found).replace("\\ud800", "?"))
        assert {**first, "now_s": 0} == {**again, "now_s": 0}
    assert again["experiments"][1]["columns"] == {
        "config:lr": 0.1,
        "config:big": 2**80,
        "config:nan": {"$float": "NaN"},
    }
    api.send(a_batch(0, 0, writer="w9", experiment="exp_3", body=event_frame({"kind": "start", "time_us": 9}), count=1,
                     generation=1), "w9")  # fmt: skip
    row = next(row for row in api.get(asked).json()["experiments"] if row["experiment_id"] == "exp_3")
    assert (row["state"], row["generation"]) == ("running", 1)


def test_a_page_gets_columns_then_only_what_is_new(api, a_batch):
    api.send(a_batch())
    ask = "/v1/series?experiment=exp_a&metric=train/loss&metric=lr&max_points=400&format=binary"
    head, blocks = decoded(api.get(ask).content)
    assert head["reset"]
    assert [one["metric"] for one in head["series"]] == ["train/loss", "lr"]
    place, mode, _, keep, n = struct.unpack_from("<HBBII", blocks)
    assert (place, mode & 1, keep, n) == (0, 1, 0, 3)
    assert struct.unpack_from("<3d", blocks, 12) == (0, 1, 2)
    api.send(a_batch(4, 1))
    head, blocks = decoded(api.get(f"{ask}&cursor={head['cursor']}").content)
    assert (head["reset"], head["series"], head["blocks"]) == (False, None, 2)
    head, blocks = decoded(api.get(f"{ask}&cursor={head['cursor']}").content)
    assert (head["blocks"], blocks) == (0, b"")


def test_a_metrics_first_point_makes_the_list_anew(api, a_batch):
    api.send(a_batch())
    ask = "/v1/series?experiment=exp_a&metric=lr&metric=eval/f1&format=binary"
    head, _ = decoded(api.get(ask).content)
    api.lines('{"metrics": {"eval/f1": 0.5}, "step": 3}', writer="w2")
    head, _ = decoded(api.get(f"{ask}&cursor={head['cursor']}").content)
    assert [one["metric"] for one in head["series"]] == ["lr", "eval/f1"]


def test_a_name_and_notes_are_edited_and_a_pause_is_set_and_taken_back(api, a_batch):
    api.send(a_batch())
    assert (
        api.client.patch("/v1/experiments/exp_a", json={"name": "otter", "state": "paused"}).json()["state"] == "paused"
    )
    back = api.client.patch("/v1/experiments/exp_a", json={"state": "running"}).json()
    assert (back["state"], back["name"]) == ("running", "otter")
    for wrong in ({}, {"nmae": "x"}, {"name": ""}, {"tags": "x"}, {"state": "finished"}, []):
        assert api.client.patch("/v1/experiments/exp_a", json=wrong).status_code == 400, wrong


def test_an_edit_stands_above_earlier_ones_whatever_the_clocks_said(api, a_batch):
    api.send(a_batch())
    api.lines('{"event": {"kind": "edit", "name": "from the year 2200"}, "time_s": 7258118400}', writer="w_ahead")
    assert api.get("/v1/experiments/exp_a").json()["name"] == "from the year 2200"
    for name in ("otter", "heron"):
        assert api.client.patch("/v1/experiments/exp_a", json={"name": name}).json()["name"] == name


def test_the_library_is_kept_for_ever_under_its_version(api):
    library = api.client.get("/lib/boot.js")
    assert library.headers["cache-control"] == "no-cache"
    again = api.client.get("/lib/boot.js", headers={"If-None-Match": library.headers["etag"]})
    assert again.status_code == 304
    version = library.headers["etag"].strip('"').partition("-")[0]
    kept = api.client.get(f"/lib/{version}/boot.js")
    assert "immutable" in kept.headers["cache-control"]
    assert kept.content == library.content
    assert len(api.client.get("/lib/plotly.min.js").content) > 1_000_000
    assert api.client.get("/lib/../settings.py").status_code == 404


def test_openapi_names_every_route_of_ours_with_what_it_takes(api):
    told = api.get("/v1/openapi.json").json()["paths"]
    listed = {(method.upper(), path) for path, methods in told.items() for method in methods}
    there = {(method, path) for method, path in every_address(api.client.app) if path.startswith("/v1/")}
    there = {(method, path.replace(":path}", "}")) for method, path in there}
    there -= {("HEAD", "/v1/blobs/{sha256}")}  # as GET, without the content
    hidden = {path for _, path in there if path in ("/v1/{path}", "/v1/openapi.json")}
    assert listed == {(method, path) for method, path in there if path not in hidden}
    assert len(listed) >= 15
    for path, methods in told.items():
        for method, docs in methods.items():
            where = (method, path)
            assert "application/problem+json" in json.dumps(docs["responses"]["4XX"]), where
            assert all(content["schema"] for content in docs["responses"]["200"]["content"].values()), where
            assert docs["summary"], where
            named = {p["name"] for p in docs.get("parameters", []) if p["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path)), where
            takes_body = method in ("post", "patch", "put") and path not in ("/v1/session", "/v1/push")
            assert ("requestBody" in docs) == takes_body, where


def test_openapi_says_what_the_series_route_takes(api, a_batch):
    api.send(a_batch())
    docs = api.get("/v1/openapi.json").json()["paths"]["/v1/series"]["get"]
    names = {p["name"] for p in docs["parameters"]}
    refused = api.get("/v1/series?experiment=exp_a&metric=lr&nonsense=1").json()["detail"]
    taken = set(refused.partition("Fields: ")[2].split(", "))
    assert names == taken - {"experiments", "metrics"}  # the plural is another spelling
    assert set(docs["responses"]["200"]["content"]) == {"application/json", "application/vnd.trackio.series"}
