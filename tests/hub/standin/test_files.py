"""Reading from the stand-in: downloads, caches, ranges, redirects, other origins; and a server that is killed."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from huggingface_hub import CommitScheduler, HfApi, HfFileSystem, hf_hub_url, snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RevisionNotFoundError
from huggingface_hub.file_download import get_hf_file_metadata

from tests.hub.standin.test_repos import EXP, put
from tests.hub.standin.things import git_oid
from tests.hub_server import Hub, HubProcess, running_hub

TABLE = bytes(range(256)) * 40


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def raw(method: str, url: str, token: str | None = "hf_me", **headers: str) -> tuple[int, Message, bytes]:
    """One request as a browser or curl would send it; redirects are not followed."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    asked = urllib.request.Request(url, method=method, headers=names)
    if token:
        asked.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.build_opener(_Stay, urllib.request.ProxyHandler({})).open(asked, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def address(path: str, revision: str = "main") -> str:
    return hf_hub_url("me/exp", path, repo_type="dataset", revision=revision)


def test_a_download_is_cached_by_etag_and_asked_for_again_only_when_it_changed(hub, api):
    first = put(api, a=b"one", t__x_parquet=TABLE)
    path = api.hf_hub_download(filename="a", **EXP)
    assert Path(path).read_bytes() == b"one"
    assert first in path
    put(api, b=b"other")
    hub.forget()
    api.hf_hub_download(filename="a", **EXP)
    assert [r["request"].split()[0] for r in hub.requests("resolve")] == ["HEAD", "HEAD"]  # ours and where it leads
    put(api, a=b"two")
    assert Path(api.hf_hub_download(filename="a", **EXP)).read_bytes() == b"two"
    assert Path(api.hf_hub_download(filename="a", revision=first, **EXP)).read_bytes() == b"one"
    assert try_to_load_from_cache("me/exp", "a", repo_type="dataset") is not None


def test_what_is_missing_is_named_as_file_revision_or_repo(hub, api):
    with pytest.raises(EntryNotFoundError) as missing:
        api.hf_hub_download(filename="none", **EXP)
    assert missing.value.response.headers["X-Repo-Commit"] == api.dataset_info("me/exp").sha
    with pytest.raises(RevisionNotFoundError):
        api.hf_hub_download(filename="none", revision="elsewhere", **EXP)
    assert not api.file_exists(filename="none", **EXP)
    assert api.file_exists(filename=".gitattributes", **EXP)


def test_metadata_tell_commit_etag_and_size_of_small_and_lfs_files(hub, api):
    head = put(api, small=b"small")
    head = api.upload_file(path_or_fileobj=TABLE, path_in_repo="t.parquet", **EXP).oid
    small, table = (get_hf_file_metadata(address(name), token="hf_me") for name in ("small", "t.parquet"))
    assert (small.commit_hash, small.etag, small.size) == (head, git_oid(b"small"), 5)
    assert (table.commit_hash, table.etag, table.size) == (head, hashlib.sha256(TABLE).hexdigest(), len(TABLE))
    assert urlsplit(table.location).netloc != urlsplit(hub.url).netloc


def test_a_snapshot_brings_what_matches(hub, api):
    put(api, a__1=b"1", a__2=b"2", b__1=b"3")
    folder = Path(snapshot_download(allow_patterns="a/*", token="hf_me", **EXP))
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) == ["a/1", "a/2"]


def test_ranges_at_the_hub_and_behind_the_redirect(hub, api):
    api.upload_file(path_or_fileobj=TABLE, path_in_repo="t.parquet", **EXP)
    fs = HfFileSystem(endpoint=hub.url, token="hf_me", skip_instance_cache=True)
    with fs.open("datasets/me/exp/t.parquet", "rb", block_size=1000) as file:
        file.seek(5000)
        assert file.read(10) == TABLE[5000:5010]
    asked = [r for r in hub.requests("GET") if r["range"] and r["place"] == "cdn"]
    assert asked
    assert all(r["bytes_out"] < len(TABLE) and r["token"] is None for r in asked)
    _, headers, _ = raw("GET", address("t.parquet"))
    for wanted, status, got in (
        ("bytes=0-9", 206, TABLE[:10]),
        ("bytes=-5", 206, TABLE[-5:]),
        (f"bytes={len(TABLE)}-", 416, b""),
    ):
        assert raw("GET", headers["Location"], None, Range=wanted)[::2] == (status, got)


def test_a_file_system_writes_lists_and_removes(hub, api):
    fs = HfFileSystem(endpoint=hub.url, token="hf_me", skip_instance_cache=True)
    with fs.open("datasets/me/exp/x/y.txt", "wb") as file:
        file.write(b"hello")
    assert fs.ls("datasets/me/exp/x", detail=False) == ["datasets/me/exp/x/y.txt"]
    assert fs.find("datasets/me/exp", withdirs=False) == ["datasets/me/exp/.gitattributes", "datasets/me/exp/x/y.txt"]
    assert (fs.cat("datasets/me/exp/x/y.txt"), fs.info("datasets/me/exp/x/y.txt")["size"]) == (b"hello", 5)
    fs.rm("datasets/me/exp/x/y.txt")
    assert not fs.exists("datasets/me/exp/x/y.txt")


def test_a_scheduler_commits_a_folder(hub, api, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    scheduler = CommitScheduler(
        repo_id="me/exp", repo_type="dataset", folder_path=folder, every=60, private=True, hf_api=api
    )
    (folder / "log.jsonl").write_text("{}\n")
    scheduler.trigger().result()
    scheduler.stop()
    assert "log.jsonl" in api.list_repo_files(**EXP)


def test_a_page_of_another_origin_may_read_as_it_may_at_the_hub(hub, api):
    api.upload_file(path_or_fileobj=b"x", path_in_repo="a.json", **EXP)
    api.upload_file(path_or_fileobj=TABLE, path_in_repo="t.parquet", **EXP)
    origin = "http://me-page.localhost:1234"
    asked = {"Origin": origin, "Access_Control_Request_Headers": "authorization"}
    status, headers, _ = raw("OPTIONS", address("a.json"), None, **asked)
    assert (status, headers["Access-Control-Allow-Headers"], headers["Access-Control-Max-Age"]) == (
        204,
        "authorization",
        None,
    )
    status, headers, _ = raw("GET", address("a.json"), Origin=origin)
    assert (status, headers["Access-Control-Allow-Origin"]) == (307, origin)
    assert "X-Repo-Commit" in headers["Access-Control-Expose-Headers"]
    status, found, body = raw("GET", hub.url + headers["Location"], Origin=origin)
    assert (status, found["Access-Control-Allow-Origin"], body) == (200, origin, b"x")
    status, headers, _ = raw("GET", address("t.parquet"), Origin=origin)
    assert status == 302
    status, found, body = raw("GET", headers["Location"], None, Origin="null")
    assert (status, found["Access-Control-Allow-Origin"], body) == (200, "*", TABLE)
    assert raw("OPTIONS", headers["Location"], None, Origin="null")[0] == 403
    assert raw("GET", headers["Location"].replace("signature=", "signature=0"), None)[0] == 403


def test_a_file_that_did_not_change_is_304(hub, api):
    api.upload_file(path_or_fileobj=b"x", path_in_repo="a.json", **EXP)
    etag = raw("GET", address("a.json"))[1]["ETag"]
    assert raw("GET", address("a.json"), If_None_Match=f"W/{etag}")[0] == 304
    api.upload_file(path_or_fileobj=b"y", path_in_repo="a.json", **EXP)
    assert raw("GET", address("a.json"), If_None_Match=etag)[0] == 307


def test_rates_are_told_and_kept_when_a_test_sets_them(hub, api):
    hub.limit(resolve_per_5_min=2)
    assert raw("GET", address(".gitattributes"))[1]["RateLimit"].startswith('"resolvers";r=1;t=')
    assert raw("GET", address(".gitattributes"))[0] == 307
    status, headers, _ = raw("GET", address(".gitattributes"))
    assert (status, headers["RateLimit"][:15]) == (429, '"resolvers";r=0')
    with pytest.raises(HfHubHTTPError, match="reached your 'resolvers' rate limit"):
        get_hf_file_metadata(address(".gitattributes"), token="hf_me")


def test_a_state_in_a_folder_outlives_the_server(tmp_path: Path, hub: Hub, api: HfApi) -> None:
    with running_hub(tmp_path / "state") as first:
        there = HfApi(first.url, token="hf_me")
        there.create_repo("me/exp", repo_type="dataset", visibility="private")
        head = put(there, a=b"1")
        first.advance(5)
    with running_hub(tmp_path / "state") as second:
        there = HfApi(second.url, token="hf_me")
        assert (there.dataset_info("me/exp").sha, len(second.pushes("me/exp"))) == (head, 1)
        assert there.list_repo_files(**EXP) == [".gitattributes", "a"]


@pytest.mark.crash
def test_a_killed_server_comes_back_at_its_address_with_every_commit_it_answered(tmp_path, hub, api):
    with HubProcess(tmp_path / "state") as process:
        there = HfApi(process.url, token="hf_me")
        there.create_repo("me/exp", repo_type="dataset", visibility="private")
        heads = [put(there, **{f"f{n}": b"%d" % n}) for n in range(3)]
        process.kill()
        with pytest.raises(httpx2.ConnectError):
            there.dataset_info("me/exp")
        process.start()
        assert [c.commit_id for c in there.list_repo_commits(**EXP)][:3] == heads[::-1]
        assert len(there.list_repo_files(**EXP)) == 4
