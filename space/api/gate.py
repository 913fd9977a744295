"""The gate: one ASGI middleware before every route, Gradio's own among them. Closed unless something opens it.

Who asks has a role (space/api/roles.py says which route is for whom): TRACKIO_WRITE_TOKEN makes an owner; the tokens
that an owner handed out make viewers and writers; a browser's cookie is what it logged in as; TRACKIO_PUBLIC makes
everybody a viewer; a server without a token listens on this machine only and takes everybody there for its owner. A
share link is none of this: its addresses open for whoever has them, whatever else is sent along, and open nothing else.

A request that a browser sends on behalf of another site's page counts for nothing: its cookie is no proof, and without
a token nor is its being on this machine (that, and the check of the Host header against DNS rebinding, is what keeps
web pages away from a server on localhost).
"""

from __future__ import annotations

import hmac
import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from space.api.access import Access, NotReady
from space.api.login import login_page
from space.api.problems import Problem, response_of
from space.api.roles import SAFE, Role, is_link, link_token, wanted
from space.api.sessions import COOKIE, Sessions
from space.api.tokens import Kind
from space.api.visibility import Visibility
from space.settings import SpaceSettings, is_loopback
from space.sharing.words import link_refused, refusal_page

TOKEN_HEADER: Final = "x-trackio-token"
TRACKIO_HEADER: Final = "x-trackio-write-token"
"""Where Trackio's own clients put it (TRACKIO_WRITE_TOKEN there)."""
# A notebook on the reader's own machine shows the page in a frame: experiment.display().
_FRAMES: Final = (
    "frame-ancestors 'self' https://huggingface.co https://*.hf.space http://localhost:* http://127.0.0.1:*"
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and as what: "owner", "token:<id>", "hub:<user name>" or "" for nobody in particular."""

    role: Role
    subject: str = ""
    end_s: int = 0
    """When what they showed ends; 0 for never."""


class Gate:
    """Lets a request through, or answers it."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: SpaceSettings,
        access: Access | None = None,
        visibility: Visibility | None = None,
    ) -> None:
        self.app = app
        self.settings = settings
        self.access = access or Access(None, secret=settings.token)
        self.visibility = visibility or Visibility(settings.hub)
        hub = settings.hub
        valid_for = (hub.space_id, hub.author, hub.creator_id, hub.owners, hub.viewers, settings.public)
        self.sessions = Sessions(self.access.signer, valid_for=repr(valid_for))
        self._token = settings.token.encode() if settings.token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        stamped = _Stamped(send, public=self.settings.public) if scope["type"] == "http" else send
        try:
            if is_link(scope["path"]):
                self._check_host(headers)
                if refusal := self._link(scope):
                    await refusal(scope, receive, stamped)
                    return
            else:
                caller = self._admit(scope, headers)
                scope["trackio_role"], scope["trackio_caller"] = caller.role, caller
        except Problem as problem:
            await self._refuse(problem, scope, headers, receive, send)
            return
        scope["headers"] = [pair for pair in scope["headers"] if not _is_foreign(pair)]
        await self.app(scope, receive, stamped)

    def _admit(self, scope: Scope, headers: Headers) -> Caller:
        self._check_host(headers)
        try:
            caller = self.caller(headers)
        except NotReady:
            raise Problem(
                "starting", "This server is reading from the dataset repo which tokens were revoked.",
                "Try again in a moment.", retry_after_s=2,
            ) from None  # fmt: skip
        needed = wanted(scope["type"], scope.get("method", "GET"), scope["path"])
        if caller.role < needed:
            raise self._refusal(caller.role, needed)
        return caller

    def _refusal(self, role: Role, needed: Role) -> Problem:
        if role is Role.WRITER:
            return Problem(
                "forbidden", "A writer's token logs and edits; this is for owners.",
                "Send TRACKIO_WRITE_TOKEN of the server, or ask who has it.",
            )  # fmt: skip
        if role is Role.VIEWER:
            if needed is Role.WRITER:
                return Problem("forbidden", "Reading is open here, changing needs a token.", _HOW)
            return Problem("forbidden", "Reading is open here; this is for owners.", _HOW)
        if needed > Role.VIEWER and self._token is None:
            return Problem(
                "forbidden", "A page of another site may not change anything here.", "Ask from this server's own page."
            )
        return Problem("unauthorized", "This server asks for its token.", _HOW)

    def caller(self, headers: Headers) -> Caller:
        """Who asks.

        Raises Problem for a wrong token, also where none would be needed: its owner wants to know; NotReady for a token
        that may have been revoked.
        """
        given = headers.get(TOKEN_HEADER)
        if given is None:
            given = headers.get(TRACKIO_HEADER)
        if self._token is None:
            mine = given is not None or not from_elsewhere(headers)
            return Caller(Role.OWNER, "owner") if mine else Caller(Role.NOBODY)
        if given is not None:
            if (shown := self._shown(given)) is None:
                raise Problem("unauthorized", "The token in X-Trackio-Token is not one of this server's.", _HOW)
            return shown
        bearer = _bearer(headers)
        if bearer is not None and (shown := self._shown(bearer)) is not None:
            return shown
        if not from_elsewhere(headers):
            cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
            if cookie and (session := self._session(cookie)):
                return session
        if bearer is not None:
            raise Problem("unauthorized", "The token in Authorization is not one of this server's.", _HOW)
        return Caller(Role.VIEWER if self.settings.public else Role.NOBODY)

    def _shown(self, text: str) -> Caller | None:
        assert self._token is not None
        if hmac.compare_digest(text.strip().encode("utf-8", "surrogateescape"), self._token):
            return Caller(Role.OWNER, "owner")
        entry = self.access.entry_of(text)
        if entry is None or entry.kind is Kind.SHARE:  # a link opens its own addresses only
            return None
        return Caller(entry.kind.role, f"token:{entry.id}", entry.end_s)

    def _session(self, cookie: str) -> Caller | None:
        session = self.sessions.read(cookie)
        if session is None:
            return None
        kind, _, name = session.subject.partition(":")
        if kind == "token" and not self.access.is_live(name):
            return None
        return Caller(session.role, session.subject, session.end_s)

    def _link(self, scope: Scope) -> Response | None:
        """Put the link's entry into the scope, or the answer that refuses it. Cookies and tokens do not count here."""
        scope["trackio_role"] = Role.NOBODY
        token = link_token(scope.get("method", ""), scope["path"]) if scope["type"] == "http" else None
        if token is None:
            if scope["type"] == "http" and scope["method"] in SAFE:
                return link_refused(scope["path"])
            raise Problem("not-found", "A link has no such address.", "Links are read only.")
        try:
            entry = self.access.entry_of(token)
        except NotReady:
            return link_refused(scope["path"], starting=True)
        if entry is None or entry.kind is not Kind.SHARE or not self.visibility.may_share:
            return link_refused(scope["path"])
        scope["trackio_link"] = entry
        return None

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
        is_page = scope["method"] in SAFE and "text/html" in headers.get("accept", "")
        if is_page and problem.status == 401 and not scope["path"].startswith("/v1"):
            answer = HTMLResponse(login_page(self.settings), 401, {"Cache-Control": "no-store"})
        elif is_page and problem.status == 403:
            words = [html.escape(text) for text in (problem.detail, problem.hint) if text]
            answer = refusal_page(403, "This is not for you", *words, '<a href="/">Back to the experiments</a>')
        else:
            answer = response_of(problem)
        await answer(scope, receive, _Stamped(send, public=self.settings.public))


_HOW = (
    "Send TRACKIO_WRITE_TOKEN of the server, or a token that its owner made, in the header X-Trackio-Token (clients: "
    "set TRACKIO_TOKEN). In a browser open the server's address and give it there, or open it with #token=… behind it."
)


def _bearer(headers: Mapping[str, str]) -> str | None:
    """A token in `Authorization: Bearer`, for tools that know no other header. `hf_…` is the Hub's and none of ours."""
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token and not token.startswith("hf_") else None


def _is_foreign(header: tuple[bytes, bytes]) -> bool:
    """A Hub token: the platform's gate needs it, nothing behind ours may see it."""
    name, value = header
    return name.lower() in (b"authorization", b"x-hf-authorization") and b"hf_" in value


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
    """Marks every answer as ours, which clients look for, and says what browsers and robots may do with it."""

    def __init__(self, send: Send, *, public: bool) -> None:
        self._send = send
        self._public = public

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            headers["X-Trackio"] = "1"
            headers["X-Content-Type-Options"] = "nosniff"
            headers.setdefault("Referrer-Policy", "same-origin")
            headers.setdefault("Content-Security-Policy", _FRAMES)  # an embedded chart says its own
            if not self._public:
                headers["X-Robots-Tag"] = "noindex, nofollow"
        await self._send(message)
