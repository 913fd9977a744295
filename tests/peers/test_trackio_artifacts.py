"""Artifacts of the real client: logged, numbered, used and read back, and the same through our own questions."""

from __future__ import annotations

import hashlib
import json

import httpx
import pytest

from tests.peers.machines import TOKEN, begin

HEADERS = {"X-Trackio-Write-Token": TOKEN}


@pytest.fixture(scope="module")
def told(server, tmp_path_factory, peer):
    """What the program saw of the artifacts that it logged and used."""
    home = tmp_path_factory.mktemp("client")
    process = begin(peer, home, "artifacts.py", server.url, "models", str(home))
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    return json.loads(output.splitlines()[-1])


def test_versions_aliases_and_files_are_what_the_client_expects(told):
    assert told == {
        "versions": ["v0", "v0", "v1"], "aliases": [["latest", "best"], ["latest"]],
        "used": ["v0", {"f1": 0.5}, "a small one"], "content": [3000, "w"],
    }  # fmt: skip


def test_ours_tells_the_same_artifacts_with_their_lineage(server, told):
    from trackio_client.queries.artifacts import list_artifacts, read_artifact

    listed = {each["name"]: each for each in list_artifacts(server.store, "models")["artifacts"]}
    assert (listed["net"]["versions"], listed["net"]["latest"], listed["net"]["type"]) == (2, 1, "model")
    best = read_artifact(server.store, "net:best", "models")
    assert best["version"] == 0
    assert [each["name"] for each in best["logged_by"]] == ["makes"]
    assert [each["name"] for each in best["used_by"]] == ["uses"]
    assert sorted(each["path"] for each in best["files"]) == ["config.json", "weights.bin"]
    assert listed["model/config.json"]["type"] == "file"


def test_its_command_line_lists_artifacts(server, told, trackio):
    of = ("--project", "models", "--json")
    shown = trackio(server, ("list", "artifacts", *of), ("get", "artifact", "--name", "net", *of))
    artifacts, newest = map(json.loads, shown)
    (net,) = [each for each in artifacts["artifacts"] if each["name"] == "net"]
    assert (net["num_versions"], net["latest_version"]) == (2, 1)
    assert (newest["version"], newest["aliases"], newest["producer_run_name"]) == (1, ["latest"], "makes")
    assert server.call("get_run_artifacts", "models", "uses")["input"][0]["version"] == 0
    assert [each["name"] for each in server.call("get_project_files", "models")] == ["model/config.json"]


def sent(server, content):
    answer = server.http.post("/api/upload", headers=HEADERS, files={"files": ("blob", content)})
    return {"path": answer.raise_for_status().json()["paths"][0], "orig_name": "blob"}


def named(digest, path="weights.bin"):
    return {
        "project": "odd", "name": "net", "type": "model", "run_name": "r", "run_id": "i",
        "manifest": [{"path": path, "size": 4, "digest": digest}],
    }  # fmt: skip


def test_an_artifact_whose_files_are_not_here_is_refused_in_words_the_client_knows(server):
    with pytest.raises(httpx.HTTPStatusError) as refused:
        server.call("artifact_log", **named("0" * 64))
    assert refused.value.response.status_code == 400
    assert "Manifest references blobs not on server" in refused.value.response.json()["error"]
    assert server.call("check_artifact_blobs", "odd", ["0" * 64, "no hash"]) == {"present": []}


def test_a_file_that_changed_on_its_way_is_refused(server):
    uploads = [
        {"project": "odd", "digest": hashlib.sha256(b"said").hexdigest(), "uploaded_file": sent(server, b"came")}
    ]
    with pytest.raises(httpx.HTTPStatusError) as refused:
        server.call("bulk_upload_artifact_blob", "odd", uploads)
    assert refused.value.response.status_code == 400


def test_paths_that_lead_outside_are_refused(server):
    sent(server, b"came")
    for path in ("../x", "/etc/passwd", "a/../../x", "", "C:\\x"):
        with pytest.raises(httpx.HTTPStatusError) as refused:
            server.call("artifact_log", **named(hashlib.sha256(b"came").hexdigest(), path))
        assert refused.value.response.status_code == 400, path


def test_an_artifact_that_is_logged_twice_is_one_event(server):
    digest = hashlib.sha256(b"once").hexdigest()
    sent(server, b"once")
    records = [server.call("artifact_log", **named(digest)) for _ in range(3)]
    assert [record["version"] for record in records] == [0, 0, 0]
    own = server.experiment("odd")["experiment_id"]
    assert len(server.events(own, "artifact")) == 1
    for _ in range(2):
        server.call("log_artifact_use", "odd", records[0]["version_id"], "r", "i")
    assert len(server.events(own, "artifact_used")) == 1


def test_a_reference_keeps_its_address_and_brings_no_file(server):
    entry = {"path": "data", "size": 7, "digest": "etag-1", "ref": "s3://bucket/data"}
    record = server.call("artifact_log", **{**named(""), "name": "set", "manifest": [entry]})
    assert record["manifest"] == [entry]
