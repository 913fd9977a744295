"""A dataset repo beside a user's own use of huggingface_hub: nothing of theirs changes, and nothing is shown."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator

import httpx2
import pytest
from huggingface_hub import constants
from huggingface_hub.utils import _http, are_progress_bars_disabled, enable_progress_bars

from tests.hub.dataset_calls import TABLE, put
from trackio_client.hub import failures


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
