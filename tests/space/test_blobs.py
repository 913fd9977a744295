"""/v1/blobs: bringing files in any way a client may, and handing them out so that they can do no harm."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import pytest

from trackio_client.blobs import Blob
from trackio_client.wire.files import FILES_TYPE, PART_BYTES, pack_files, range_header
from trackio_client.wire.frames import event_frame

PIXELS = b"\x89PNG\r\n\x1a\n and so on"
HASH = hashlib.sha256(PIXELS).hexdigest()


def blob_of(content: bytes, mime: str = "image/png") -> Blob:
    return Blob(hashlib.sha256(content).hexdigest(), len(content), mime)


def cite(api: Any, a_batch: Any, *blobs: Blob, kind: str = "media", **changes: Any) -> Any:
    """Append a start and an event that cites files."""
    frames = [
        event_frame({"kind": "start", "time_us": 0, "name": "otter"}),
        event_frame({"kind": kind, "time_us": 1, "name": "x", "items": [], "blobs": [b.cited() for b in blobs]}),
    ]
    return api.send(a_batch(body=b"".join(frames), count=2, **changes), changes.get("writer_id", "w1"))


def put(api: Any, content: bytes, **more: Any) -> Any:
    return api.client.put(f"/v1/blobs/{hashlib.sha256(content).hexdigest()}", content=content, **more)


def test_a_batch_that_cites_what_is_not_here_is_refused_with_its_names_and_taken_when_they_are(api, a_batch):
    refused = cite(api, a_batch, blob_of(PIXELS))
    assert refused.status_code == 409
    problem = refused.json()
    assert problem["type"].endswith("/problems/blobs-wanted")
    assert problem["want"] == [HASH]
    assert api.get("/v1/writers/w1").json()["accepted"] == []
    assert put(api, PIXELS).json() == {"have": len(PIXELS), "bytes": len(PIXELS)}
    assert put(api, PIXELS).status_code == 200  # again is no harm
    assert cite(api, a_batch, blob_of(PIXELS)).status_code == 200
    answer = api.get(f"/v1/blobs/{HASH}")
    assert answer.content == PIXELS
    assert answer.headers["content-type"] == "image/png"


def test_a_file_that_its_writer_no_longer_has_is_not_waited_for(api, a_batch):
    assert cite(api, a_batch, blob_of(PIXELS), without=(HASH,)).status_code == 200
    missing = api.get(f"/v1/blobs/{HASH}")
    assert missing.status_code == 404
    assert "never came" in missing.json()["detail"]
    assert cite(api, a_batch, blob_of(b"other"), without=("*",), writer_id="w2", writer="w2").status_code == 200


def test_many_small_files_come_in_one_request_and_each_is_compared_with_its_name(api):
    contents = [os.urandom(n) for n in (0, 1, 5000)]
    raw = pack_files([(blob_of(content), content) for content in contents] + [(blob_of(b"right"), b"wrong")])
    told = api.client.post("/v1/blobs", content=raw, headers={"Content-Type": FILES_TYPE}).json()["files"]
    assert [told[blob_of(content).sha256] for content in contents] == ["", "", ""]
    assert "was announced" in told[blob_of(b"right").sha256]
    asked = {"files": [{"sha256": blob_of(c).sha256, "bytes": len(c)} for c in (*contents, b"right")]}
    answer = api.client.post("/v1/blobs", json=asked).json()
    assert answer == {"want": [blob_of(b"right").sha256], "refused": {}}
    for wrong in (raw[:-1], raw + b"x", b"TKF1", b"TKF1\xff\xff\xff\xff", b"TKF1\x02\x00\x00\x00{}"):
        refused = api.client.post("/v1/blobs", content=wrong, headers={"Content-Type": FILES_TYPE})
        assert (refused.status_code, refused.headers["content-type"]) == (400, "application/problem+json")


def test_a_large_file_comes_in_parts_and_goes_on_where_it_stopped(api):
    content = os.urandom(3000)
    name = hashlib.sha256(content).hexdigest()

    def part(first: int, stop: int) -> Any:
        headers = {"Content-Range": range_header(first, stop, len(content))}
        return api.client.put(f"/v1/blobs/{name}", content=content[first:stop], headers=headers)

    assert part(0, 1000).json() == {"have": 1000, "bytes": 3000}
    assert part(2000, 3000).json()["have"] == 1000  # a part before it was lost
    assert part(1000, 2000).json()["have"] == 2000
    assert api.client.head(f"/v1/blobs/{name}").status_code == 404
    assert part(2000, 3000).json() == {"have": 3000, "bytes": 3000}
    assert api.get(f"/v1/blobs/{name}").content == content
    for wrong in ("bytes 5-4/9", "bytes 0-9/9", "bytes */9", "items 0-1/2", "bytes 0-1"):
        refused = api.client.put(f"/v1/blobs/{name}", content=b"x", headers={"Content-Range": wrong})
        assert refused.status_code == 400, wrong


def test_other_content_than_was_announced_is_not_kept(api):
    refused = api.client.put(f"/v1/blobs/{HASH}", content=b"something else")
    assert refused.status_code == 400
    assert "was announced" in refused.json()["detail"]
    headers = {"Content-Range": range_header(0, 5, 5)}
    assert api.client.put(f"/v1/blobs/{HASH}", content=b"other", headers=headers).status_code == 400
    assert list(api.store.files.folder.glob("*")) == []


@pytest.mark.parametrize("name", ["..%2f..%2fetc%2fpasswd", HASH.upper(), HASH[:-1], "x" * 64, "%00" * 10])
def test_what_is_no_hash_is_refused_in_every_way(api, name):
    assert api.get(f"/v1/blobs/{name}").status_code in (400, 404)
    assert api.client.put(f"/v1/blobs/{name}", content=b"x").status_code in (400, 404, 405)


@pytest.mark.parametrize(
    ("mime", "shown"),
    [("image/png", True), ("audio/wav", True), ("video/mp4", True), ("image/svg+xml", False), ("text/html", False)],
)
def test_only_what_cannot_run_is_shown_in_its_place(api, a_batch, mime, shown):
    content = f"<script>alert(1)</script>{mime}".encode()
    put(api, content)
    cite(api, a_batch, blob_of(content, mime))
    answer = api.get(f'/v1/blobs/{blob_of(content).sha256}?name=../../a "b" <c>.html')
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["content-type"] == (mime if shown else "application/octet-stream")
    said = answer.headers["content-disposition"]
    assert said.startswith("inline" if shown else "attachment")
    assert "/" not in said.partition(";")[2]
    assert said.count('"') == 2


def test_a_reader_may_ask_for_a_part_and_for_what_changed(api, a_batch):
    put(api, PIXELS)
    cite(api, a_batch, blob_of(PIXELS))
    part = api.get(f"/v1/blobs/{HASH}", Range="bytes=1-3")
    assert (part.status_code, part.content) == (206, PIXELS[1:4])
    assert api.get(f"/v1/blobs/{HASH}", **{"If-None-Match": f'"{HASH}"'}).status_code == 304
    head = api.client.head(f"/v1/blobs/{HASH}")
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(PIXELS)))


def test_a_file_that_was_damaged_on_the_disk_is_not_handed_out_and_is_asked_for_again(api, a_batch):
    put(api, PIXELS)
    cite(api, a_batch, blob_of(PIXELS))
    place = api.store.files.path(HASH)
    place.write_bytes(PIXELS[:-1] + b"?")
    assert api.get(f"/v1/blobs/{HASH}").status_code == 404
    asked = {"files": [{"sha256": HASH, "bytes": len(PIXELS)}]}
    assert api.client.post("/v1/blobs", json=asked).json()["want"] == [HASH]
    put(api, PIXELS)
    assert api.get(f"/v1/blobs/{HASH}").content == PIXELS


def test_limits_are_told_before_a_file_is_sent_and_held_while_it_comes(make_api, a_batch):
    api = make_api(file_bytes=1000, experiment_files_bytes=1500, files_bytes=2500)
    one, two, three = (os.urandom(900) for _ in range(3))
    large = {"files": [{"sha256": HASH, "bytes": 1001}]}
    assert "TRACKIO_FILE_BYTES" in api.client.post("/v1/blobs", json=large).json()["refused"][HASH]
    refused = put(api, os.urandom(1001))
    assert refused.status_code == 413
    assert "TRACKIO_FILE_BYTES" in refused.json()["detail"]

    def unsized() -> Any:
        yield os.urandom(2000)  # no Content-Length: it is noticed while it comes

    assert api.client.put(f"/v1/blobs/{HASH}", content=unsized()).status_code == 413
    put(api, one)
    cite(api, a_batch, blob_of(one))
    over = put(api, two, params={"experiment": "exp_a"})
    assert "TRACKIO_EXPERIMENT_FILES_BYTES" in over.json()["detail"]
    assert put(api, two, params={"experiment": "exp_b"}).status_code == 200
    assert "TRACKIO_FILES_BYTES" in put(api, three).json()["detail"]


def test_a_deleted_experiment_takes_no_files_and_gives_its_own_back(api, a_batch):
    put(api, PIXELS)
    cite(api, a_batch, blob_of(PIXELS))
    api.client.delete("/v1/experiments/exp_a?now=1")
    assert api.get(f"/v1/blobs/{HASH}").status_code == 404
    assert put(api, PIXELS, params={"experiment": "exp_a"}).status_code == 410


def test_a_file_that_nobody_cites_is_collected_after_a_day_and_not_before(api, a_batch):
    put(api, PIXELS)
    other = os.urandom(100)
    put(api, other)
    cite(api, a_batch, blob_of(PIXELS))
    assert api.store.collect() == 0
    old = api.store.files.path(blob_of(other).sha256)
    for path in (old, api.store.files.path(HASH)):
        os.utime(path, (1, 1))
    assert api.store.collect() == 100
    assert api.store.files.path(HASH) is not None


def test_a_link_shows_the_media_of_its_experiments_and_no_other_file(api, a_batch):
    other, artifact = os.urandom(50), os.urandom(60)
    for content in (PIXELS, other, artifact):
        put(api, content)
    cite(api, a_batch, blob_of(PIXELS))
    cite(api, a_batch, blob_of(artifact), kind="artifact", writer_id="w2", writer="w2")
    cite(api, a_batch, blob_of(other), writer_id="w3", writer="w3", experiment_id="exp_b", experiment="exp_b")
    link = api.client.post("/v1/shares", json={"experiments": ["exp_a"]}).json()["address"]
    path = "/s/" + link.rpartition("/")[2] + "/v1/blobs/"
    assert api.get(path + HASH).content == PIXELS
    assert "sandbox" in api.get(path + HASH).headers["content-security-policy"]
    for hidden in (other, artifact, b"nothing"):
        assert api.get(path + blob_of(hidden).sha256).status_code == 404


def test_a_full_disk_is_told_as_such(api, monkeypatch):
    def full(*given: Any, **more: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(api.store.files, "extend", full)
    headers = {"Content-Range": range_header(0, 4, 4)}
    answer = api.client.put(f"/v1/blobs/{HASH}", content=b"four", headers=headers)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (507, "store-full")


def test_a_request_is_never_larger_than_a_part(api):
    headers = {"Content-Range": range_header(0, 3 * PART_BYTES, 3 * PART_BYTES), "Content-Length": str(3 * PART_BYTES)}
    assert api.client.put(f"/v1/blobs/{HASH}", content=b"", headers=headers).status_code == 413
