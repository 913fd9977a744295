"""Each fault as the real client meets it."""

from __future__ import annotations

import time
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import HfApi, constants
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError
from huggingface_hub.utils import _http

from tests.hub.standin.test_files import raw
from tests.hub.standin.test_repos import EXP, put, status

COMMIT = r"POST /api/datasets/me/exp/commit/"
INFO = r"GET /api/datasets/me/exp$"


@pytest.mark.parametrize("code", [401, 402, 403, 404, 409, 412, 429, 500, 503])
def test_a_commit_meets_a_status(hub, api, code):
    hub.fault(COMMIT, code)
    with pytest.raises(HfHubHTTPError) as met:
        put(api, a=b"1")
    assert (status(met), bool(met.value.server_message)) == (code, True)
    assert isinstance(met.value, RepositoryNotFoundError) == (code == 404)
    assert isinstance(met.value, OSError)
    assert hub.pushes("me/exp") == []
    assert put(api, a=b"1")  # once only


def test_a_429_that_misleads_says_the_truth_in_its_text_alone(hub, api):
    headers = {
        "Retry-After": "2",
        "RateLimit": '"api";r=990;t=2',
        "RateLimit-Policy": '"fixed window";"api";q=1000;w=300',
    }
    hub.fault(COMMIT, 429, text="You can retry this action in about 1 hour.", headers=headers)
    with pytest.raises(HfHubHTTPError, match="about 1 hour") as met:
        put(api, a=b"1")
    assert met.value.response.headers["Retry-After"] == "2"


def test_listings_are_tried_again_after_what_the_headers_say(hub, api, no_waiting):
    hub.fault("/tree/", 429, headers={"Retry-After": "7"})
    hub.fault("/tree/", 503)
    assert [e.path for e in api.list_repo_tree(**EXP)] == [".gitattributes"]
    assert no_waiting == [8.0, 2]  # a second more than Retry-After; then huggingface_hub's own


def test_a_fault_meets_as_many_as_it_was_told_and_is_healed(hub, api):
    hub.fault(INFO, 500, times=-1, skip=1)
    assert api.dataset_info("me/exp").sha
    for _ in range(3):
        with pytest.raises(HfHubHTTPError):
            api.dataset_info("me/exp")
    assert [f["hits"] for f in hub.ask("faults")] == [3]
    hub.heal()
    assert api.dataset_info("me/exp").sha
    with pytest.raises(ValueError, match="kind must be one of"):
        hub.fault(INFO, kind="strange")


def test_a_lost_answer_hides_a_commit_that_happened(hub, api):
    hub.fault(COMMIT, kind="lost")
    before = api.dataset_info("me/exp").sha
    with pytest.raises(httpx2.HTTPError) as met:
        put(api, parent=before, a=b"1")
    assert not isinstance(met.value, HfHubHTTPError)
    assert api.dataset_info("me/exp").sha == hub.pushes("me/exp")[0]["id"] != before
    assert "a" in api.list_repo_files(**EXP)


def test_a_gateway_that_gave_up_hides_it_too(hub, api):
    hub.fault(COMMIT, 504, kind="done")
    with pytest.raises(HfHubHTTPError, match="Gateway Time-out") as met:
        put(api, a=b"1")
    assert (status(met), len(hub.pushes("me/exp"))) == (504, 1)


def test_a_late_answer_hides_it_too_and_a_broken_connection_does_nothing(hub, api):
    hub.fault(COMMIT, kind="late", seconds=5)
    _http.set_client_factory(lambda: httpx2.Client(timeout=0.2, follow_redirects=True))
    try:
        with pytest.raises(httpx2.TimeoutException):
            put(api, a=b"1")
        hub.fault(COMMIT, kind="drop")
        with pytest.raises(httpx2.HTTPError):
            put(api, b=b"2")
    finally:
        _http.set_client_factory(_http.default_client_factory)
    assert api.list_repo_files(**EXP) == [".gitattributes", "a"]


def test_an_upload_to_the_cdn_is_tried_again(hub, api, no_waiting):
    hub.fault("PUT /upload/", 500)
    api.upload_file(path_or_fileobj=b"PAR1", path_in_repo="t.parquet", **EXP)
    assert (len(hub.requests("PUT /upload/")), len(no_waiting)) == (2, 1)


def test_a_page_can_read_the_hubs_errors_but_not_a_proxys(hub, api):
    for kind, allowed in (("status", "http://page"), ("html", None)):
        hub.fault(INFO, 429, kind=kind, headers={"RateLimit": '"api";r=0;t=9'})
        code, headers, _ = raw("GET", f"{hub.url}/api/datasets/me/exp", Origin="http://page")
        assert (code, headers["Access-Control-Allow-Origin"], headers["RateLimit"][-3:]) == (429, allowed, "t=9")


def test_slow_is_slow(hub, api):
    hub.fault(INFO, kind="slow", seconds=0.3)
    began = time.monotonic()
    assert api.dataset_info("me/exp").sha
    assert time.monotonic() - began >= 0.3


def test_a_download_cut_in_the_middle_goes_on_where_it_was(hub, api, monkeypatch):
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1000)
    content = bytes(range(256)) * 1000
    api.upload_file(path_or_fileobj=content, path_in_repo="t.parquet", **EXP)
    hub.fault("GET /file/", kind="cut")
    assert Path(api.hf_hub_download(filename="t.parquet", **EXP)).read_bytes() == content
    assert [r["range"] for r in hub.requests("GET /file/")] == [None, "bytes=128000-"]


def test_a_listing_cut_in_the_middle_is_an_error(hub, api):
    hub.fault(INFO, kind="cut")
    with pytest.raises(httpx2.RemoteProtocolError):
        api.dataset_info("me/exp")


def test_a_proxy_answers_html_with_200(hub, api):
    hub.fault(INFO, kind="html")
    with pytest.raises(ValueError, match="Expecting value"):
        api.dataset_info("me/exp")
    hub.fault(COMMIT, 502, kind="html")
    with pytest.raises(HfHubHTTPError) as met:
        put(api, a=b"1")
    assert (status(met), "<html" in str(met.value)) == (502, False)


def test_a_token_that_ends_between_upload_and_commit(hub, api):
    hub.add_token("hf_ends", lasts_s=3600)
    theirs = HfApi(hub.url, token="hf_ends")
    put(theirs, a=b"1")
    hub.advance(3601)
    with pytest.raises(HfHubHTTPError, match="Invalid credentials"):
        put(theirs, a=b"2")
