"""What went wrong at the Hub, as one of our errors with a text that says what to do and holds no token.

huggingface_hub 2 raises HfHubHTTPError, which is also an httpx2 error and an OSError: it is looked at first. What does
not speak as the Hub does (a proxy's page, a gateway, silence) is HubAway, whatever its status: nobody knows then
whether the Hub ever saw the request.
"""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Mapping
from typing import Any

import httpx2
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, OfflineModeIsEnabled, RevisionNotFoundError

from trackio_client.errors import HubAway, HubBusy, HubError, HubMoved, HubRefused

TOKENS = "https://huggingface.co/settings/tokens"
_MOST_WAIT_S = 3600.0
_USUAL_WAIT_S = 60.0
_SECRET = re.compile(r"\b(hf_[A-Za-z0-9]+|(?:Bearer|Basic)\s+\S+|eyJ[\w-]+\.[\w-]+\.[\w-]+)")
_QUERY = re.compile(r"(https?://[^\s?'\"]+)\?[^\s'\"]+")  # addresses at the CDN are signed in their query
_WAIT = re.compile(r"\b(?:in|after|wait|for)\s+(?:about\s+|at least\s+)?(\d+|an?|one)\s+(second|minute|hour)", re.I)
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}


def hub_error(error: BaseException, repo: str, doing: str) -> HubError:
    """One of ours for an error of huggingface_hub.

    Args:
        error: what was raised.
        repo: `owner/name`.
        doing: for the text, as "reading", "writing to", "creating".
    """
    while isinstance(error, RuntimeError) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # huggingface_hub wraps what an upload met: "Error while uploading …"
    if isinstance(error, HubError):
        return error
    if isinstance(error, OfflineModeIsEnabled):
        return HubAway(
            "huggingface_hub is set to offline mode (HF_HUB_OFFLINE=1): nothing is read from or sent to the Hub."
        )
    if isinstance(error, HfHubHTTPError):
        return of_answer(error, repo, doing)
    if isinstance(error, httpx2.TimeoutException):
        return HubAway(f"the Hub did not answer in time while {doing} {repo} ({type(error).__name__}).")
    if isinstance(error, httpx2.HTTPError):
        return HubAway(f"the Hub cannot be reached while {doing} {repo}: {clean(error)}.")
    if isinstance(error, ValueError) and str(error).startswith("Invalid metadata in README.md"):
        return HubRefused(f"the Hub does not take the README.md of {repo}: {clean(error)}", status=400)
    if isinstance(error, ValueError):
        return HubAway(f"the answer while {doing} {repo} is not the Hub's, perhaps a proxy's: {clean(error)}.")
    return HubAway(f"{type(error).__name__} while {doing} {repo}: {clean(error)}.")


def of_answer(error: HfHubHTTPError, repo: str, doing: str) -> HubError:
    """One of ours for an answer with an error status."""
    response = error.response
    status, said = response.status_code, _said(error)
    if not _is_hubs(response):
        return HubAway(f"the answer while {doing} {repo} is not the Hub's, perhaps a proxy's: status {status}{said}.")
    if status == 429:
        return _busy(error, repo)
    if status in (409, 412):
        return HubMoved(f"{repo} has changed, or is being changed, by somebody else (status {status}{said}).")
    if status == 401:
        return HubRefused(_unknown_token(error, repo, said), status=status)
    if status == 403:
        return HubRefused(
            f"the token may not do this while {doing} {repo} (status 403{said}). It needs to be a fine-grained token "
            f"with write access to the dataset {repo}: make one at {TOKENS} and set it as HF_TOKEN.",
            status=status,
        )
    if status == 402:
        return HubRefused(
            f"the Hub asks for a payment while {doing} {repo} (status 402{said}). A private repo has limited room: "
            "delete what is not needed, make the repo public, or subscribe at https://huggingface.co/pricing.",
            status=status,
        )
    if isinstance(error, RevisionNotFoundError):
        return HubRefused(f"{repo} has no such commit or branch (status {status}{said}).", status=status)
    if isinstance(error, EntryNotFoundError):
        return HubRefused(
            f"{repo} does not hold what was to be found or deleted (status {status}{said}).", status=status
        )
    if status == 404:
        return HubRefused(no_repo(repo), status=status)
    if status in (400, 413, 422) and "LFS pointer pointed to a file" not in said:  # then uploading again helps
        return HubRefused(f"the Hub refused this while {doing} {repo} (status {status}{said}).", status=status)
    return HubAway(f"the Hub failed while {doing} {repo} (status {status}{said}).")


def no_repo(repo: str) -> str:
    return (
        f"there is no dataset repo {repo}, or the token may not see it (the Hub does not say which). Check the name, "
        f"or use a token of {repo.split('/')[0]} that may read and write it, as HF_TOKEN ({TOKENS})."
    )


def _unknown_token(error: HfHubHTTPError, repo: str, said: str) -> str:
    if "authorization" not in error.response.request.headers:
        return (
            f"there is no dataset repo {repo} that can be reached without a token (status 401). If it is private, set "
            f"HF_TOKEN to a fine-grained token with write access to it: {TOKENS}."
        )
    return (
        f"the Hub does not accept the token (status 401{said}): it is wrong, has expired, or was revoked. Make a "
        f"fine-grained token with write access to the dataset {repo} at {TOKENS} and set it as HF_TOKEN."
    )


def _busy(error: HfHubHTTPError, repo: str) -> HubBusy:
    wait_s = wait_of(error.response.headers, f"{error.server_message or ''} {_header_text(error.response)}")
    return HubBusy(
        f"the Hub takes no more requests or commits for {repo} now (status 429{_said(error)}): "
        f"trying again in {wait_s:.0f} s.",
        retry_after_s=wait_s,
    )


def wait_of(headers: Mapping[str, str], text: str) -> float:
    """Seconds to wait after a 429, at most an hour.

    The largest of what is said: of a commit that is one too many, `Retry-After` and `RateLimit` speak of the window of
    requests (271 s were seen) and only the text of the hour that it really takes.
    """
    found: list[float] = []
    after = headers.get("retry-after", "").strip()
    if after.isdigit():
        found.append(float(after))
    elif after and (date := _date(after)) is not None:
        found.append(date - (_date(headers.get("date", "")) or time.time()))
    window = re.search(r"r\s*=\s*0\s*;\s*t\s*=\s*(\d+)", headers.get("ratelimit", ""))
    if window:
        found.append(float(window[1]))
    for number, unit in _WAIT.findall(text):
        found.append((float(number) if number.isdigit() else 1.0) * _SECONDS[unit.lower()])
    return min(max([1.0, *found]), _MOST_WAIT_S) if found else _USUAL_WAIT_S


def _date(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError):
        return None


date_of = _date


def _is_hubs(response: Any) -> bool:
    """Whether an error is in the Hub's words: JSON, or with the Hub's own headers."""
    headers = response.headers
    if "x-error-code" in headers or "x-error-message" in headers:
        return True
    return "json" in headers.get("content-type", "")


def _header_text(response: Any) -> str:
    return str(response.headers.get("x-error-message", ""))


def _said(error: HfHubHTTPError) -> str:
    """What the Hub said, after a colon, or nothing."""
    text = error.server_message or _header_text(error.response)
    return f": {clean(text)}" if text and "<" not in text else ""


def clean(what: object) -> str:
    """A text from outside for people: one line, cut, without tokens and without the query of an address."""
    text = " ".join(str(what).split()) or type(what).__name__
    return _QUERY.sub(r"\1", _SECRET.sub("…", text))[:300].rstrip(". ")
