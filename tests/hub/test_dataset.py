"""A dataset repo at the Hub's stand-in: making it, files up and down, and nothing of it told to others."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from tests.hub.dataset_calls import HEAD, TABLE, put
from trackio_client.errors import HubAway, HubError, HubRefused, NotOurs, UsageError
from trackio_client.hub import session
from trackio_client.hub.dataset import HubDataset


@pytest.mark.requirement("S1.54")
def test_a_missing_repo_is_made_private_unless_asked_and_an_existing_one_keeps_its_visibility(hub, api):
    for name, private, wanted in (("a", None, "private"), ("b", True, "private"), ("c", False, "public")):
        repo = HubDataset(f"me/{name}", "hf_me")
        assert repo.create(private=private)
        assert hub.repo(f"me/{name}")["visibility"] == wanted
        assert not repo.create(private=not private)
        assert hub.repo(f"me/{name}")["visibility"] == wanted
    assert len(hub.requests("/api/repos/create")) == 4  # with the fixture's


def test_of_two_that_make_a_repo_at_once_one_has_made_it(hub, api):
    hub.fault("GET /api/datasets/me/new/commits", 404, code="RepoNotFound")
    assert HubDataset("me/new", "hf_me").create()
    hub.fault("GET /api/datasets/me/new/commits", 404, code="RepoNotFound")
    assert not HubDataset("me/new", "hf_me").create()


def test_a_repo_cannot_be_made_in_somebody_elses_name(hub, api):
    with pytest.raises(HubRefused, match="rights to create a dataset") as said:
        HubDataset("stranger/exp", "hf_me").create()
    assert said.value.status == 403


def test_a_name_that_cannot_be_is_told_before_anybody_is_asked(hub):
    for name in ("exp", "a/b/c", "", "a b/c"):
        with pytest.raises(UsageError):
            HubDataset(name)
    assert HubDataset("hf://datasets/me/exp").repo == "me/exp"


@pytest.mark.requirement("S1.12")
def test_it_says_whose_token_it_is(hub, api, monkeypatch):
    assert HubDataset("me/exp", "hf_pro").whoami()["name"] == "pro"
    monkeypatch.setenv("HF_TOKEN", "hf_me")
    assert HubDataset("me/exp").whoami()["name"] == "me"
    assert HubDataset("me/exp").head().commit


def test_tables_are_uploaded_before_the_commit_that_names_them(hub, repo, tmp_path):
    (tmp_path / "t").write_bytes(TABLE)
    head = repo.head().commit
    hub.forget()
    files = {"metrics/aa/t.parquet": tmp_path / "t", "metrics/bb/u.parquet": TABLE[::-1], "index/0000.json": b"{}"}
    commit = repo.commit(head, files, [], "put")
    asked = [r["request"].split("?")[0].split(" ")[1] for r in hub.requests("POST|PUT")]
    kinds = ["upload" if "/upload/" in a else a.rsplit("/", 2)[-2] for a in asked]
    assert kinds.index("commit") == len(kinds) - 1
    assert kinds.count("upload") == 2
    assert repo.read("metrics/bb/u.parquet", commit) == TABLE[::-1]
    assert hub.unknown() == []


def test_an_upload_that_fails_for_a_while_is_tried_again_and_then_told(hub, repo, no_waiting):
    hub.fault("PUT /upload/", 500)
    assert put(repo, **{"t.parquet": TABLE})
    hub.fault("PUT /upload/", 500, times=-1)
    with pytest.raises(HubAway) as met:
        put(repo, **{"u.parquet": TABLE[::-1], "v.parquet": TABLE[1:]})
    assert "signature" not in str(met.value)
    assert len(hub.pushes("me/exp")) == 1


def test_a_download_that_breaks_is_asked_for_again(hub, repo, tmp_path):
    head = put(repo, **{"t.parquet": TABLE})
    hub.fault("GET /file/", kind="cut")
    repo.fetch("t.parquet", head, tmp_path / "t")
    assert (tmp_path / "t").read_bytes() == TABLE
    hub.fault("GET /file/", kind="cut")
    assert repo.read("t.parquet", head) == TABLE
    hub.fault("GET /file/", kind="cut", times=-1)
    with pytest.raises(HubAway):
        repo.fetch("t.parquet", head, tmp_path / "u")
    assert not (tmp_path / "u").exists()


def test_a_file_is_the_hubs_only_if_the_hub_says_so(hub, repo, tmp_path):
    head = put(repo, **{"t.parquet": TABLE, "a.json": b"1"})
    hub.fault("GET /file/", kind="html", times=-1)
    for take in (lambda: repo.read("t.parquet", head), lambda: repo.fetch("t.parquet", head, tmp_path / "t")):
        with pytest.raises(HubAway, match="another content"):
            take()
    hub.fault("GET /datasets/me/exp/resolve", kind="html", times=-1)
    with pytest.raises(HubAway, match="does not name the commit"):
        repo.read("a.json", head)
    assert not (tmp_path / "t").exists()


def test_a_long_listing_comes_page_by_page(hub, repo):
    files = {f"index/{n:04x}.json": b"%d" % n for n in range(25)}
    head = repo.commit(repo.head().commit, files, [], "put")
    hub.limit(tree_page=7)
    assert [file.path for file in repo.files(head, "index")] == sorted(files)
    assert len(hub.requests("/tree/")) == 4


def test_a_token_goes_to_the_hub_and_nowhere_else(hub, repo):
    head = put(repo, **{"t.parquet": TABLE})
    repo.read("t.parquet", head)
    assert {r["token"] for r in hub.requests() if r["place"] == "cdn"} == {None}
    hub.fault(HEAD, 200, text="[]", headers={"Link": '<http://example.org/next>; rel="next"'})
    with pytest.raises(HubError):
        repo.head()


def test_what_a_gitignore_keeps_out_is_told_and_not_lost_in_silence(hub, repo, monkeypatch):
    from huggingface_hub import _commit_api

    def ignoring(*args: object, **given: object) -> None:
        fetch(*args, **given)
        for addition in given["additions"]:
            addition._should_ignore = True

    fetch = _commit_api._fetch_upload_modes
    monkeypatch.setattr(_commit_api, "_fetch_upload_modes", ignoring)
    with pytest.raises(HubRefused, match=r"\.gitignore in me/exp keeps 'a' out"):
        put(repo, a=b"1")
    assert hub.pushes("me/exp") == []


@contextmanager
def slow_place(pause_s: float, takes: float) -> Iterator[str]:
    """A place for an upload that reads a little at a time with pauses, and after so many bytes no more."""
    listener, is_over = socket.create_server(("127.0.0.1", 0)), threading.Event()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            head, taken, size = b"", 0, float("inf")
            while taken < min(size, takes):
                part = connection.recv(65536)
                taken += len(part)
                if size == float("inf"):
                    head += part
                    if found := re.search(rb"content-length: (\d+)\r\n.*?\r\n\r\n", head, re.I | re.S):
                        size = found.end() + int(found[1])
                time.sleep(pause_s)
            if taken >= size:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            is_over.wait(60)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/upload"
    is_over.set()
    thread.join()


def test_an_upload_is_cut_when_it_stands_still_and_not_when_it_is_long(hub, monkeypatch):
    monkeypatch.setattr(session, "STALL_S", 1.0)
    content, began = b"x" * 5_000_000, time.monotonic()
    with slow_place(0.03, float("inf")) as address, session.quietly():
        assert session.ready().put(address, content=content).status_code == 200
    assert time.monotonic() - began > 1.0
    with slow_place(0, 1_000_000) as address, session.quietly(), pytest.raises(httpx2.WriteTimeout):
        session.ready().put(address, content=content)


def test_what_is_not_there_is_named_by_its_path(repo):
    with pytest.raises(NotOurs, match=r"index/none\.json: it is not in me/exp"):
        repo.read("index/none.json", repo.head().commit)
