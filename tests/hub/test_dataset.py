"""A dataset repo at the Hub's stand-in: every fault becomes one of our errors, with a text that says what to do."""

from __future__ import annotations

import io
import logging
import re
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import HfApi, constants
from huggingface_hub.utils import _http, are_progress_bars_disabled, enable_progress_bars

from tests.hub_server import Hub
from trackio_client.errors import HubAway, HubBusy, HubError, HubMoved, HubRefused, NotOurs, UsageError
from trackio_client.hub import failures, session
from trackio_client.hub.dataset import HubDataset

COMMIT = r"POST /api/datasets/me/exp/commit/"
HEAD = r"GET /api/datasets/me/exp/commits/"
TABLE = b"PAR1" + bytes(range(256)) * 4000


@pytest.fixture
def repo(hub: Hub, api: HfApi) -> HubDataset:
    return HubDataset("me/exp", "hf_me")


def put(repo: HubDataset, **files: bytes) -> str:
    return repo.commit(repo.head().commit, {p.replace("__", "/"): b for p, b in files.items()}, [], "put")


CALLS = {
    "head": lambda repo: repo.head(),
    "files": lambda repo: repo.files("main", "index"),
    "read": lambda repo: repo.read("a.json", HEAD_ID[0]),
    "fetch": lambda repo: repo.fetch("a.json", HEAD_ID[0], Path("/nonexistent/never")),
    "commit": lambda repo: repo.commit(HEAD_ID[0], {"b.json": b"2"}, [], "put"),
    "create": lambda repo: repo.create(),
    "whoami": lambda repo: repo.whoami(),
}
HEAD_ID = [""]


@pytest.fixture
def filled(repo: HubDataset) -> HubDataset:
    HEAD_ID[0] = put(repo, **{"a.json": b"1"})
    return repo


# --- what the Hub answers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("status", "kind", "why"),
    [
        (401, HubRefused, "does not accept the token"),
        (403, HubRefused, "fine-grained token with write access to the dataset me/exp"),
        (402, HubRefused, "payment"),
        (500, HubAway, "failed"),
        (502, HubAway, "failed"),
        (503, HubAway, "failed"),
        (504, HubAway, "failed"),
        (418, HubAway, "status 418"),
    ],
)
def test_a_status_is_one_error_in_every_call(call, status, kind, why, hub, filled, no_waiting):
    hub.fault(r"/api/|/datasets/", status, times=-1)
    with pytest.raises(kind, match=why) as met:
        CALLS[call](filled)
    assert "hf_me" not in str(met.value)
    assert getattr(met.value, "status", status) == status


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", [{"kind": "html"}, {"kind": "html", "status": 403}, {"kind": "drop"}])
def test_a_proxys_page_and_a_broken_connection_are_a_hub_that_is_away(call, fault, hub, filled, no_waiting):
    hub.fault(r"/api/|/datasets/", times=-1, **fault)
    with pytest.raises(HubAway) as met:
        CALLS[call](filled)
    assert "<html" not in str(met.value)
    assert "me/exp" in str(met.value)


@pytest.mark.parametrize("call", CALLS)
def test_a_hub_that_does_not_run_is_away(call, filled, monkeypatch, no_waiting):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(HubAway, match=r"cannot be reached|Connection refused"):
        CALLS[call](filled)


@pytest.mark.parametrize("call", CALLS)
def test_a_hub_that_is_silent_is_away_after_a_while(call, hub, filled, monkeypatch, no_waiting):
    for name in ("STALL_S", "ANSWER_S"):
        monkeypatch.setattr(session, name, 0.1)
    hub.fault(r"/api/|/datasets/", kind="slow", seconds=30, times=-1)
    began = time.monotonic()
    with pytest.raises(HubAway, match="did not answer in time"):
        CALLS[call](filled)
    assert time.monotonic() - began < 5


def test_a_repo_that_is_not_there_or_not_shown_is_refused_with_what_to_do(hub, api, repo):
    for target in (
        HubDataset("me/none", "hf_me"),
        HubDataset("me/exp", "hf_stranger"),
        HubDataset("stranger/x", "hf_me"),
    ):
        with pytest.raises(HubRefused, match=r"there is no dataset repo .*HF_TOKEN") as said:
            target.head()
        assert said.value.status == 404
    with pytest.raises(HubRefused, match="without a token"):
        HubDataset("me/exp", None).head()


def test_a_token_that_may_only_read_reads_and_is_told_what_it_lacks(hub, api, repo):
    reader = HubDataset("me/exp", "hf_me_read")
    head = reader.head().commit
    with pytest.raises(HubRefused, match="fine-grained token with write access to the dataset me/exp") as said:
        reader.commit(head, {"a": b"1"}, [], "put")
    assert said.value.status == 403
    with pytest.raises(HubRefused, match="write access"):
        HubDataset("me/new", "hf_me_read").create()


def test_a_token_that_ends_between_two_calls_is_told_as_that(hub, api):
    hub.add_token("hf_shortlived", lasts_s=60)
    repo = HubDataset("me/exp", "hf_shortlived")
    head = repo.head().commit
    hub.advance(61)
    for ask in (repo.head, lambda: repo.commit(head, {"a": b"1"}, [], "put"), repo.create, repo.whoami):
        with pytest.raises(HubRefused, match=r"wrong, has expired, or was revoked.*settings/tokens") as said:
            ask()
        assert "shortlived" not in str(said.value)
    assert hub.pushes("me/exp") == []


def test_a_fine_grained_token_for_this_repo_is_enough_also_to_find_it_made(hub, api):
    rights = {"type": "dataset", "name": "me/exp", "permissions": ["repo.content.read", "repo.write"]}
    hub.add_token("hf_fine", role="fineGrained", scoped=[rights])
    repo = HubDataset("me/exp", "hf_fine")
    assert not repo.create()
    assert put(repo, a=b"1") == repo.head().commit
    with pytest.raises(HubRefused):
        HubDataset("me/third", "hf_fine").create()


@pytest.mark.parametrize("status", [409, 412])
def test_a_head_that_moved_or_is_being_moved_is_that(status, hub, filled):
    hub.fault(COMMIT, status)
    with pytest.raises(HubMoved):
        CALLS["commit"](filled)
    assert len(hub.pushes("me/exp")) == 1
    assert CALLS["commit"](filled)


def test_while_another_commit_is_on_its_way_ours_is_to_be_planned_anew(hub, repo):
    head = repo.head().commit
    hub.limit(commit_takes_s=0.5)
    done: list[object] = []
    first = threading.Thread(target=lambda: done.append(repo.commit(head, {"a": b"1"}, [], "first")))
    first.start()
    while not hub.requests("/commit/"):
        time.sleep(0.01)
    with pytest.raises(HubMoved, match="being changed"):
        HubDataset("me/exp", "hf_me").commit(head, {"b": b"2"}, [], "second")
    first.join()
    assert done == [repo.head().commit]


def test_a_repo_whose_record_lags_is_still_read_at_its_newest_commit(hub, repo):
    hub.advance(1000)
    hub.limit(head_lag_s=600)
    commit = put(repo, a=b"1")
    assert repo.head().commit == commit


# --- too many --------------------------------------------------------------------------------------------------------


def test_one_commit_too_many_waits_for_the_hour_in_the_text_and_not_for_the_window_in_the_headers(hub, repo):
    hub.limit(commits_per_hour=2)
    put(repo, a=b"1")
    put(repo, a=b"2")
    with pytest.raises(HubBusy, match="about 1 hour") as busy:
        put(repo, a=b"3")
    assert busy.value.retry_after_s == 3600
    hub.advance(3601)
    assert put(repo, a=b"3")


@pytest.mark.parametrize("route", ["/preupload/", "/info/lfs/", "/tree/", "/commits/", "/resolve"])
def test_a_busy_hub_is_told_at_once_and_not_slept_through(route, hub, filled, no_waiting):
    head = put(filled, **{"t.parquet": TABLE})
    hub.fault(route, 429, text="Too many requests.", headers={"Retry-After": "271"})

    def ask_for_everything() -> None:
        filled.files(head, "")
        filled.read("t.parquet", head)
        filled.commit(filled.head().commit, {"u.parquet": TABLE[::-1]}, [], "put")

    with pytest.raises(HubBusy) as busy:
        ask_for_everything()
    assert busy.value.retry_after_s == 271
    assert no_waiting == []


@pytest.mark.parametrize(
    ("headers", "text", "wait_s"),
    [
        ({}, "", 60),
        ({"retry-after": "7"}, "", 7),
        ({"retry-after": "271", "ratelimit": '"api";r=990;t=9'}, "You can retry this action in about 1 hour.", 3600),
        ({"retry-after": "2"}, "(128 per hour). Try again in 35 minutes", 2100),
        ({"ratelimit": '"api";r=0;t=120', "retry-after": "5"}, "", 120),
        ({}, "To continue using our service, wait 45 seconds.", 45),
        ({}, "retry in an hour", 3600),
        ({"retry-after": "86400"}, "", 3600),
        ({"retry-after": "0"}, "", 1),
        ({"retry-after": "Sat, 21 Nov 2026 12:02:00 GMT", "date": "Sat, 21 Nov 2026 12:00:00 GMT"}, "", 120),
        ({"retry-after": "soon"}, "", 60),
    ],
)
def test_the_longest_wait_that_is_named_counts_up_to_an_hour(headers, text, wait_s):
    assert failures.wait_of(headers, text) == wait_s


def test_the_hour_is_read_page_by_page_and_never_the_whole_history(hub, repo):
    hub.limit(commits_per_hour=None)
    hub.limit(commits_page=5)
    for n in range(30):
        put(repo, a=b"%d" % n)
        hub.advance(400)
    hub.forget()
    head = repo.head()
    assert 8 <= head.hour <= 9
    assert len(hub.requests("/commits/")) == 2
    assert head.oldest_age_s == pytest.approx(3600, abs=410)


# --- commits whose end is not known ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [{"kind": "lost"}, {"kind": "done", "status": 504}, {"kind": "cut"}])
def test_a_commit_whose_answer_is_lost_may_have_happened(fault, hub, repo):
    hub.fault(COMMIT, **fault)
    head = repo.head().commit
    with pytest.raises(HubAway):
        repo.commit(head, {"a": b"1"}, [], "put")
    assert repo.head().commit == hub.pushes("me/exp")[0]["id"] != head
    assert len(hub.requests(COMMIT)) == 1


def test_a_commit_whose_answer_is_late_may_have_happened(hub, repo, monkeypatch):
    monkeypatch.setattr(session, "ANSWER_S", 0.2)
    hub.fault(COMMIT, kind="late", seconds=30)
    with pytest.raises(HubAway, match="did not answer in time"):
        put(repo, a=b"1")
    assert len(hub.pushes("me/exp")) == 1


def test_a_commit_of_what_is_there_already_asks_for_the_head_and_is_none(hub, repo):
    head = put(repo, a=b"1")
    hub.forget()
    assert repo.commit(head, {"a": b"1"}, [], "again") == head
    assert hub.requests(COMMIT) == []


# --- files -----------------------------------------------------------------------------------------------------------


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
            is_over.wait(20)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/upload"
    is_over.set()
    thread.join()


def test_an_upload_is_cut_when_it_stands_still_and_not_when_it_is_long(hub, monkeypatch):
    monkeypatch.setattr(session, "STALL_S", 0.4)
    content, began = b"x" * 5_000_000, time.monotonic()
    with slow_place(0.01, float("inf")) as address, session.quietly():
        assert session.ready().put(address, content=content).status_code == 200
    assert time.monotonic() - began > 0.4
    with slow_place(0, 1_000_000) as address, session.quietly(), pytest.raises(httpx2.WriteTimeout):
        session.ready().put(address, content=content)


# --- making a repo ---------------------------------------------------------------------------------------------------


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


def test_offline_mode_is_told_as_that(filled, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    for ask in CALLS.values():
        with pytest.raises(HubAway, match="HF_HUB_OFFLINE"):
            ask(filled)


# --- everybody else's huggingface_hub --------------------------------------------------------------------------------


@pytest.fixture
def own_client() -> Iterator[list[httpx2.Request]]:
    """A user's own client for huggingface_hub."""
    seen: list[httpx2.Request] = []
    _http.set_client_factory(lambda: httpx2.Client(event_hooks={"request": [seen.append]}, timeout=123))
    yield seen
    _http.set_client_factory(_http.default_client_factory)


def test_the_users_own_client_is_used_and_its_time_outs_are_theirs(hub, own_client, api, repo):
    put(repo, **{"t.parquet": TABLE})
    api.whoami()
    assert len({request.extensions["timeout"]["read"] for request in own_client if "commit" in request.url.path}) == 2
    assert own_client[-1].extensions["timeout"]["read"] == 123
    assert {"commits", "commit"} <= {part for request in own_client for part in request.url.path.split("/")}


def test_a_users_own_429_is_slept_through_as_ever(hub, api, repo, no_waiting):
    repo.head()
    hub.fault("/tree/", 429, headers={"Retry-After": "7"})
    assert [entry.path for entry in api.list_repo_tree("me/exp", repo_type="dataset")] == [".gitattributes"]
    assert no_waiting == [8.0]


def test_nothing_is_shown_logged_or_warned_of_and_bars_come_back(hub, repo, tmp_path, capfd, no_waiting, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", None)
    enable_progress_bars()
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    logging.getLogger("huggingface_hub").addHandler(handler)
    (tmp_path / "t").write_bytes(TABLE)
    hub.fault("PUT /upload/", 500, times=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        head = repo.commit(
            repo.head().commit,
            {"a.parquet": tmp_path / "t", "b.parquet": TABLE[1:], "README.md": b"no front matter"},
            [],
            "put",
        )
        repo.commit(head, {"b.parquet": TABLE[1:]}, [], "again")
    logging.getLogger("huggingface_hub").removeHandler(handler)
    assert (*capfd.readouterr(), told.getvalue()) == ("", "", "")
    assert not are_progress_bars_disabled()
    assert len(no_waiting) == 2


def test_errors_hold_no_token_and_no_signed_address():
    text = failures.clean(
        "GET https://cdn.x/file/ab?signature=123&x=1 failed\nBearer hf_abcdef eyJhbGci.eyJzdWIi.c2ln hf_xyz"
    )
    assert text == "GET https://cdn.x/file/ab failed … … …"


def test_what_is_not_there_is_named_by_its_path(repo):
    with pytest.raises(NotOurs, match=r"index/none\.json: it is not in me/exp"):
        repo.read("index/none.json", repo.head().commit)
