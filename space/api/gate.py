"""The gate: one ASGI middleware before every route, Gradio's own among them. Closed unless something opens it.

Who asks is *nobody*, a *viewer* (may read) or a *writer* (may change). A token in X-Trackio-Token or our cookie makes a
writer; TRACKIO_PUBLIC makes everybody a viewer; a server without a token listens on this machine only and takes
everybody there for a writer. A request that a browser sends on behalf of another site's page counts for nothing: its
cookie is no proof, and without a token nor is its being on this machine (that, and the check of the Host header
against DNS rebinding, is what keeps web pages away from a server on localhost).
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from enum import IntEnum
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from space.api.login import LOGIN_PAGE
from space.api.problems import Problem, response_of
from space.settings import SpaceSettings, is_loopback

TOKEN_HEADER: Final = "x-trackio-token"
COOKIE: Final = "trackio_session"
SESSION_S: Final = 30 * 86_400
"""How long a browser stays logged in."""
OPEN: Final = frozenset({"/v1/session", "/v1/health", "/robots.txt", "/favicon.ico"})
"""What nobody may ask: to log in, and whether the server lives (in two words)."""
ASKS: Final = (
    "/gradio_api/queue/",
    "/gradio_api/run/",
    "/gradio_api/call/",
    "/gradio_api/api/",
    "/gradio_api/component_server",
    "/gradio_api/reset",
    "/gradio_api/cancel",
)
"""Gradio's routes that take POST and only ask; its others (uploads, deep links …) change something."""
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Role(IntEnum):
    """Who asks."""

    NOBODY = 0
    VIEWER = 1
    WRITER = 2


class Gate:
    """Lets a request through, or answers it."""

    def __init__(self, app: ASGIApp, *, settings: SpaceSettings) -> None:
        self.app = app
        self.settings = settings
        self._token = settings.token.encode() if settings.token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            scope["trackio_role"] = self._admit(scope, headers)
        except Problem as problem:
            await self._refuse(problem, scope, headers, receive, send)
            return
        await self.app(scope, receive, _Stamped(send) if scope["type"] == "http" else send)

    def _admit(self, scope: Scope, headers: Headers) -> Role:
        self._check_host(headers)
        role = self.role(headers)
        if scope["path"] not in OPEN and role < (needed := wanted(scope)):
            if role is Role.VIEWER:
                raise Problem("forbidden", "Reading is open here, changing needs the token.", _HOW)
            if needed is Role.WRITER and self._token is None:
                raise Problem(
                    "forbidden",
                    "A page of another site may not change anything here.",
                    "Ask from this server's own page.",
                )
            raise Problem("unauthorized", "This server asks for its token.", _HOW)
        return role

    def role(self, headers: Headers) -> Role:
        """Who asks. Raises Problem for a wrong token, also where none would be needed: its owner wants to know."""
        given = headers.get(TOKEN_HEADER)
        if self._token is None:
            return Role.WRITER if given is not None or not from_elsewhere(headers) else Role.NOBODY
        if given is not None:
            if hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), self._token):
                return Role.WRITER
            raise Problem("unauthorized", "The token in X-Trackio-Token is not this server's.", _HOW)
        if not from_elsewhere(headers):
            cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
            if cookie and self.is_session(cookie):
                return Role.WRITER
        return Role.VIEWER if self.settings.public else Role.NOBODY

    def _check_host(self, headers: Headers) -> None:
        if self._token is not None:
            return
        name = host_name(headers.get("host", ""))
        if not (is_loopback(name) or name == self.settings.host.lower() or name in self.settings.hosts):
            raise Problem(
                "forbidden",
                f"This server has no token and answers to this machine's own names only, not to {name!r:.100}.",
                "Open http://127.0.0.1 with its port; or name the host in TRACKIO_HOSTS, or set TRACKIO_WRITE_TOKEN.",
            )

    # --- sessions ---------------------------------------------------------------------------------------------------

    def new_session(self) -> str:
        """A cookie's value: its end and a seal over it that only the token's owner can make. It is not the token."""
        end = str(int(time.time()) + SESSION_S)
        return f"{end}.{self._seal(end)}"

    def is_session(self, value: str) -> bool:
        """Whether a cookie is one of ours and still valid."""
        end, _, seal = value.partition(".")
        if not (end.isascii() and end.isdecimal() and len(end) < 16):
            return False
        return hmac.compare_digest(seal.encode("utf-8", "replace"), self._seal(end).encode()) and int(end) > time.time()

    def _seal(self, end: str) -> str:
        key = hashlib.sha256(b"trackio session key " + (self._token or b"")).digest()
        return hmac.new(key, end.encode(), "sha256").hexdigest()

    # --- refusals ---------------------------------------------------------------------------------------------------

    async def _refuse(self, problem: Problem, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send(
                {
                    "type": "websocket.close",
                    "code": 4401 if problem.status == 401 else 4403,
                    "reason": problem.detail[:120],
                }
            )
            return
        answer: Response
        if (
            problem.status == 401
            and scope["method"] in SAFE
            and "text/html" in headers.get("accept", "")
            and not scope["path"].startswith("/v1")
        ):
            answer = HTMLResponse(LOGIN_PAGE, 401, {"Cache-Control": "no-store"})
        else:
            answer = response_of(problem)
        await answer(scope, receive, _Stamped(send))


_HOW = (
    "Send TRACKIO_WRITE_TOKEN of the server in the header X-Trackio-Token (clients: set TRACKIO_TOKEN). "
    "In a browser open the server's address and give it there, or open it with #token=… behind the address."
)


def wanted(scope: Scope) -> Role:
    """Who a request is for. What is not known to only read is for writers."""
    if scope["type"] == "websocket" or scope["method"] in SAFE:
        return Role.VIEWER
    path = scope["path"]
    if path == "/v1/series" or path.startswith(ASKS):
        return Role.VIEWER
    return Role.WRITER


def from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Whether a browser sends this for a page of another site. Following a link to us is no such thing."""
    origin = headers.get("origin")
    if origin is not None:
        own = {headers.get("host", "").lower(), headers.get("x-forwarded-host", "").lower()} - {""}
        return origin == "null" or urlsplit(origin).netloc.lower() not in own
    site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode", "")
    return site in ("cross-site", "same-site") and mode != "navigate"


def host_name(host: str) -> str:
    """The name in a Host header, without its port."""
    host = host.strip().lower()
    if host.startswith("["):
        return host.partition("]")[0].lstrip("[")
    return host.partition(":")[0]


class _Stamped:
    """Marks every answer as ours, which clients look for, and says what browsers may do with it."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            headers["X-Trackio"] = "1"
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "same-origin"
            headers["Content-Security-Policy"] = "frame-ancestors 'self' https://huggingface.co https://*.hf.space"
        await self._send(message)
