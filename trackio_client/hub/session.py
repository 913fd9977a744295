"""huggingface_hub made quiet and patient for our calls, and left as it is for everybody else's.

Its one HTTP client, shared by the whole process, has no time-outs and may be the user's own (`set_client_factory`). It
gets two hooks, which act on requests with our User-Agent and on uploads while a commit of ours is on its way:

- each step of a request (connect, one write, one read) has a time-out, so that an upload is cut when it stands still
  and not when it is long;
- a 429 is an error at once, where huggingface_hub would sleep for what Retry-After says, up to five times.

While a commit of ours runs, progress bars are off and huggingface_hub's warnings about retries are not logged.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpx2
import huggingface_hub
from huggingface_hub import constants
from huggingface_hub.utils import _http
from huggingface_hub.utils._http import get_session, hf_raise_for_status
from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

from trackio_client.release import VERSION

USER_AGENT = f"trackio-client/{VERSION}; hf_hub/{huggingface_hub.__version__}"
"""Whole: huggingface_hub would add the versions of what else is installed."""
CONNECT_S, STALL_S, ANSWER_S = 10.0, 30.0, 90.0
"""To connect; without a byte moving; for an answer to what changes a repo: the Hub itself gives up after 60 s."""
_LOGGERS = (
    "huggingface_hub.utils._http",
    "huggingface_hub.hf_api",
    "huggingface_hub._commit_api",
    "huggingface_hub.lfs",
)

_lock = threading.Lock()
_commits_running = 0
_bars_to_restore = False
_sent: ContextVar[list[str] | None] = ContextVar("trackio_sent", default=None)


def ready() -> httpx2.Client:
    """huggingface_hub's client, with our hooks."""
    with _lock:
        _hook_factory()
        client: httpx2.Client = get_session()
        _hook(client)
    return client


def _hook_factory() -> None:
    """Hook clients to come too: after a failed connection huggingface_hub makes itself a new one between two tries."""
    factory = getattr(_http, "_GLOBAL_CLIENT_FACTORY", None)
    if factory is None or getattr(factory, "made_by_trackio", False):
        return

    def hooked() -> httpx2.Client:
        client: httpx2.Client = factory()
        _hook(client)
        return client

    hooked.made_by_trackio = True  # type: ignore[attr-defined]
    # Not set_client_factory: that closes the client under whatever the user is loading with it.
    _http._GLOBAL_CLIENT_FACTORY = hooked


def _hook(client: httpx2.Client) -> None:
    hooks = client.event_hooks
    if _on_request not in hooks["request"]:
        hooks["request"].append(_on_request)
        hooks["response"].append(_on_response)


def _is_ours(request: httpx2.Request) -> bool:
    return request.headers.get("user-agent", "").startswith("trackio-client/") or (
        request.method == "PUT" and _commits_running > 0
    )


def _on_request(request: httpx2.Request) -> None:
    if not _is_ours(request):
        return
    read_s = STALL_S if request.method in ("GET", "HEAD") else ANSWER_S
    request.extensions["timeout"] = {"connect": CONNECT_S, "read": read_s, "write": STALL_S, "pool": ANSWER_S}
    sent = _sent.get()
    if sent is not None:
        sent.append(f"{request.method} {request.url.path}")


def _on_response(response: httpx2.Response) -> None:
    if response.status_code == 429 and _is_ours(response.request):
        response.read()
        hf_raise_for_status(response)


class _Quiet(logging.Filter):
    """Drops what huggingface_hub would tell about our uploads: it is in our own errors and status."""

    def filter(self, _: logging.LogRecord) -> bool:
        return _sent.get() is None and (_commits_running == 0 or threading.current_thread() is threading.main_thread())


_quiet = _Quiet()


@contextmanager
def quietly() -> Iterator[list[str]]:
    """A call into huggingface_hub that sends things. Yields what this thread asks for meanwhile, "METHOD /path"."""
    ready()
    sent: list[str] = []
    _begin()
    token = _sent.set(sent)
    try:
        yield sent
    finally:
        _sent.reset(token)
        _end()


def _begin() -> None:
    global _commits_running, _bars_to_restore
    with _lock:
        _commits_running += 1
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(_quiet)  # adding twice is adding once
        # A process-wide filter all the same: `warnings.catch_warnings` would take back what other threads set.
        for text in ("Warnings while validating metadata in README.md", "Use 'content="):
            warnings.filterwarnings("ignore", text)
        if _commits_running == 1 and not are_progress_bars_disabled() and _bars_may_go():
            disable_progress_bars()
            _bars_to_restore = True


def _end() -> None:
    global _commits_running, _bars_to_restore
    with _lock:
        _commits_running -= 1
        if _commits_running == 0 and _bars_to_restore:
            enable_progress_bars()
            _bars_to_restore = False


def _bars_may_go() -> bool:
    """Not if the user's environment insists on bars: then changing it is a warning of huggingface_hub's."""
    return constants.HF_HUB_DISABLE_PROGRESS_BARS is None


def headers(token: str | bool | None) -> dict[str, str]:
    """For requests of our own. Without a token it is the one that huggingface_hub finds: HF_TOKEN or a log-in."""
    found: Any = _token_to_send(token)
    return {"user-agent": USER_AGENT} | ({"authorization": f"Bearer {found}"} if found else {})


def _token_to_send(token: str | bool | None) -> str | None:
    from huggingface_hub.utils._headers import get_token_to_send

    return get_token_to_send(token)
