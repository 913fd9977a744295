"""Faults that a test switches on: which request they meet, and what happens to it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

KINDS = ("status", "html", "done", "slow", "late", "lost", "drop", "cut")

_TEXTS = {
    401: "Invalid credentials in Authorization header",
    402: "Payment required: you have exceeded what your plan includes.",
    403: "Forbidden: you must use a write token to upload to a repository.",
    404: "Repository not found",
    409: "Another commit operation is in progress for this repository. Please try again later.",
    412: "A commit has happened since. Please refresh and try again.",
    429: "Too many requests: you have exceeded the rate limit. You can retry this action in about 1 hour.",
    503: "Service Unavailable",
    504: "Gateway Time-out",
}
_PROXY_HTML = "<!doctype html><html><head><title>Sign in to the network</title></head><body>Please wait…</body></html>"


@dataclass
class Fault:
    """What befalls the next `times` requests whose "METHOD /path?query" holds `route` (a regular expression).

    kind: `status` answers so and does nothing; `html` is a proxy's page with 200 (or `status`) instead of an answer;
    `done` does the work and answers `status` all the same, as a gateway whose patience ended;
    `slow` waits `seconds`, then goes on; `late` does the work, then waits; `lost` does the work and breaks the
    connection without a word; `drop` breaks it at once; `cut` sends the headers and half of the body.
    """

    route: str
    kind: str = "status"
    status: int = 200
    times: int = 1  # -1: until healed
    skip: int = 0  # let so many pass first
    seconds: float = 0.0
    text: str = ""
    code: str | None = None  # X-Error-Code
    headers: dict[str, str] = field(default_factory=dict)
    hits: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {KINDS}, got {self.kind!r}")
        re.compile(self.route)

    def meets(self, request: str) -> bool:
        if self.times == 0 or not re.search(self.route, request):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= self.times > 0
        self.hits += 1
        return True

    def answer(self) -> Response:
        if self.kind == "html":
            return HTMLResponse(_PROXY_HTML, self.status, self.headers)
        text = self.text or _TEXTS.get(
            self.status, "Internal Error - We're working hard to fix this as soon as possible!"
        )
        headers: dict[str, str] = {"X-Error-Message": text}
        if code := self.code or {404: "RepoNotFound"}.get(self.status):
            headers["X-Error-Code"] = code
        if self.status == 429:
            headers["Retry-After"] = "1"
        return JSONResponse({"error": text}, self.status, headers | self.headers)


async def through(fault: Fault | None, app: Any, refuse: Any, scope: Scope, receive: Receive, send: Send) -> None:
    """Let a request meet its fault; `refuse` is the app that gives the fault's own answer."""
    if fault is None:
        await app(scope, receive, send)
    elif fault.kind in ("status", "html"):
        await _read(receive)  # a client that still writes would see a broken connection, not the answer
        await refuse(scope, receive, send)
    elif fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
        await app(scope, receive, send)
    elif fault.kind == "drop":
        await _break(send)
    else:
        messages = await _run(app, scope, receive)
        if fault.kind == "late":
            await asyncio.sleep(fault.seconds)
            for message in messages:
                await send(message)
        elif fault.kind == "lost":
            await _break(send)
        elif fault.kind == "done":
            await refuse(scope, receive, send)
        else:
            await _half(messages, send)


async def _read(receive: Receive) -> None:
    while (message := await receive()).get("more_body") and message["type"] == "http.request":
        pass


async def _run(app: Any, scope: Scope, receive: Receive) -> list[Message]:
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, keep)
    return messages


async def _half(messages: list[Message], send: Send) -> None:
    """The head promises the whole length; then half, and the end of the connection."""
    content = b"".join(m.get("body", b"") for m in messages[1:])
    await send(messages[0])
    await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
    _transport(send).close()
    await asyncio.sleep(0.01)


async def _break(send: Send) -> None:
    _transport(send).abort()
    await asyncio.sleep(0.01)  # uvicorn learns that the peer is gone and does not try to answer


def _transport(send: Any) -> asyncio.Transport:
    """Uvicorn's own; ASGI has no word for breaking a connection."""
    return send.__self__.transport  # type: ignore[no-any-return]
