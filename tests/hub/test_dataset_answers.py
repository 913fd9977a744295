"""A dataset repo: whatever the Hub answers is one of our errors, with a text that says what to do."""

from __future__ import annotations

import time

import pytest
from huggingface_hub import constants

from tests.hub.dataset_calls import CALLS, put
from trackio_client.errors import HubAway, HubRefused
from trackio_client.hub import session
from trackio_client.hub.dataset import HubDataset


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
    assert time.monotonic() - began < 25, "it waited for the answer"


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


def test_offline_mode_is_told_as_that(filled, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    for ask in CALLS.values():
        with pytest.raises(HubAway, match="HF_HUB_OFFLINE"):
            ask(filled)
