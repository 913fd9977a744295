"""What Trackio's client shows beside numbers: each is a MEDIA event with its files, whatever came first."""

from __future__ import annotations

import base64
import hashlib
import io
import json

import httpx
import pytest

from tests.peers.machines import TOKEN, begin

HEADERS = {"X-Trackio-Write-Token": TOKEN}


@pytest.fixture(scope="module")
def logged(server, tmp_path_factory, peer):
    """The experiment, its media by name, and the bytes of two files as the client's machine has them."""
    home = tmp_path_factory.mktemp("client")
    process = begin(peer, home, "media.py", server.url, "media", str(home))
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    contents = json.loads(output.splitlines()[-1])
    own = server.experiment("media")["experiment_id"]
    media = {event["name"]: event for event in server.events(own, "media")}
    return own, media, {name: base64.b64decode(text) for name, text in contents.items()}


def file_of(server, item):
    raw = server.http.get(f"/v1/blobs/{item['file']}", headers={"X-Trackio-Token": TOKEN}).raise_for_status()
    assert hashlib.sha256(raw.content).hexdigest() == item["file"]
    return raw.content


def test_each_kind_is_there_with_its_step(server, logged):
    own, media, _ = logged
    assert {name: (event["media"], event["step"]) for name, event in media.items()} == {
        "picture": ("image", 0), "sound": ("audio", 1), "film": ("video", 1), "page": ("html", 2),
        "shape": ("object3d", 2), "spread": ("histogram", 3), "report": ("markdown", 3), "table": ("table", 4),
        "large": ("table", 5), "trace": ("trace", 6), "rollouts": ("trace", 20),
    }  # fmt: skip
    assert server.series(own, "loss") == [(0, 1.0)]


def test_files_arrive_byte_for_byte(server, logged):
    from PIL import Image

    _, media, contents = logged
    for name in ("sound", "film"):
        (item,) = media[name]["items"]
        assert file_of(server, item) == contents[name]
        assert item["bytes"] == len(contents[name])
    (picture,) = media["picture"]["items"]
    assert picture["caption"] == "a <b> dot"
    assert (picture["width"], picture["height"], picture["mime"]) == (6, 4, "image/png")
    with Image.open(io.BytesIO(file_of(server, picture))) as opened:
        assert opened.convert("RGB").getpixel((2, 1)) == (255, 255, 255)
    assert [blob["sha256"] for blob in media["picture"]["blobs"]] == [picture["file"]]


def test_histograms_reports_tables_and_traces_say_what_was_logged(server, logged):
    _, media, _ = logged
    (spread,) = media["spread"]["items"]
    assert spread["counts"] == [1, 2, 1]
    assert media["report"]["items"] == [{"text": "# Report\n*well*"}]
    (table,) = media["table"]["items"]
    assert [column["name"] for column in table["columns"]] == ["text", "number", "picture"]
    first, second = table["data"]
    assert (first[:2], second) == (["first", 1], ["second", 2.5, None])
    assert first[2]["$media"] == "image"
    assert file_of(server, first[2])[:4] == b"\x89PNG"
    (large,) = media["large"]["items"]
    assert large["rows"] == 3000
    assert json.loads(file_of(server, large))["data"][2999] == [2999, "word 2999"]
    (trace,) = media["trace"]["items"]
    assert trace["messages"][1] == {"role": "assistant", "content": "4"}
    assert [item["message_count"] for item in media["rollouts"]["items"]] == [2, 1]


def test_trackios_own_questions_give_media_back_in_its_form(server, logged, trackio):
    run = ("--project", "media", "--run", "media", "--json")
    shown = trackio(server, ("list", "traces", *run), ("list", "reports", *run), ("get", "run", *run))
    traces, reports, summary = map(json.loads, shown)
    assert [(trace["key"], trace["step"]) for trace in traces["traces"]] == [
        ("rollouts", 20), ("rollouts", 20), ("trace", 6),
    ]  # fmt: skip
    assert [(report["report"], report["content"]) for report in reports["reports"]] == [("report", "# Report\n*well*")]
    assert set(summary["metrics"]) == {*logged[1], "loss"}
    rows = server.call("get_logs", "media", "media")
    values = {name: value for row in rows for name, value in row.items()}
    assert values["picture"]["_type"] == "trackio.image"
    assert values["picture"]["caption"] == "a <b> dot"
    assert values["table"]["_value"][1] == {"text": "second", "number": 2.5, "picture": None}
    assert len(values["large"]["_value"]) == 3000


def upload(server, name, content):
    files = {"files": (name, content)}
    answer = server.http.post("/api/upload", headers=HEADERS, files=files).raise_for_status()
    told = {"path": answer.json()["paths"][0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}
    return {"project": "order", "run": "r", "run_id": "o", "step": 0, "relative_path": None, "uploaded_file": told}


def picture(name, log_id):
    value = {"_type": "trackio.image", "file_path": f"order/r/0/{name}", "caption": None}
    return {"project": "order", "run": "r", "run_id": "o", "metrics": {log_id: value}, "step": 0, "log_id": log_id}


@pytest.mark.parametrize("first", ["value", "file"])
@pytest.mark.parametrize("restart", [False, True])
def test_value_and_file_find_each_other_in_any_order_once_also_over_a_restart(server, first, restart):
    name = f"{first}{restart}.png"
    sent, value = upload(server, name, b"a file " + name.encode()), picture(name, name)
    steps = [lambda: server.call("bulk_log", logs=[value]), lambda: server.call("bulk_upload_media", uploads=[sent])]
    for step in steps if first == "value" else steps[::-1]:
        step()
        if restart:
            server.stop()
            server.start()
        step()  # the answer was lost: it comes again
    own = server.experiment("order")["experiment_id"]
    found = [event for event in server.events(own, "media") if event["name"] == name]
    assert len(found) == 1
    assert file_of(server, found[0]["items"][0]) == b"a file " + name.encode()


def test_an_upload_that_was_never_made_is_refused_and_named(server):
    for path in ("/etc/passwd", "trackio-upload/" + "0" * 64, "../x", "", None):
        entry = upload(server, "x.png", b"x")
        entry["uploaded_file"]["path"] = path
        with pytest.raises(httpx.HTTPStatusError) as refused:
            server.call("bulk_upload_media", uploads=[entry])
        assert refused.value.response.status_code == 400
        assert "was not uploaded here" in refused.value.response.json()["error"]


def test_uploads_need_a_writer_and_a_form(server):
    assert server.http.post("/api/upload", files={"files": ("a", b"a")}).status_code == 401
    odd = server.http.post("/api/upload", headers=HEADERS, content=b"no form")
    assert (odd.status_code, odd.json().get("paths")) == (200, [])
    headers = HEADERS | {"Content-Type": "multipart/form-data; boundary=x"}
    broken = server.http.post("/api/upload", headers=headers, content=b"--y")
    assert broken.status_code == 400
    assert "cannot be read" in broken.json()["error"]
