"""Commits to a dataset repo: heads that move, too many of them, and those whose end is not known."""

from __future__ import annotations

import threading
import time

import pytest

from tests.hub.dataset_calls import CALLS, COMMIT, TABLE, put
from trackio_client.errors import HubAway, HubBusy, HubMoved
from trackio_client.hub import failures, session
from trackio_client.hub.dataset import HubDataset


@pytest.mark.parametrize("status", [409, 412])
def test_a_head_that_moved_or_is_being_moved_is_that(status, hub, filled):
    hub.fault(COMMIT, status)
    with pytest.raises(HubMoved):
        CALLS["commit"](filled)
    assert len(hub.pushes("me/exp")) == 1
    assert CALLS["commit"](filled)


def test_while_another_commit_is_on_its_way_ours_is_to_be_planned_anew(hub, repo):
    head = repo.head().commit
    hub.limit(commit_takes_s=60)
    done: list[object] = []
    first = threading.Thread(target=lambda: done.append(repo.commit(head, {"a": b"1"}, [], "first")))
    first.start()
    while not hub.requests("/commit/"):
        time.sleep(0.01)
    with pytest.raises(HubMoved, match="being changed"):
        HubDataset("me/exp", "hf_me").commit(head, {"b": b"2"}, [], "second")
    hub.limit(commit_takes_s=0)
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
