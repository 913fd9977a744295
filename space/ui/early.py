"""Starts the page before Gradio does.

Gradio's client is 1 MB of JavaScript that mounts components when it is done; a chart that waited for it would come
after one to two seconds. So the answer to `/` gets, at the top of its head, our styles, our first module and the first
requests; Gradio's own script follows when the first chart is drawn, and its styles hold nothing up. Gradio has no
setting for this: what `head=` holds is added by that same script.
"""

from __future__ import annotations

import gzip
import re
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEAD = re.compile(rb"<meta charset=\"utf-8\" ?/?>", re.IGNORECASE)
_GRADIO_SCRIPT = re.compile(rb'<script type="module"( crossorigin)? src="([^"]+)"></script>')
_GRADIO_STYLES = re.compile(rb'<link rel="stylesheet"( crossorigin)? href="([^"]*/assets/[^"]+)" ?/?>')
_BOILERPLATE = re.compile(
    rb'<meta\s+(?:property|name)="(?:og|twitter):[^>]*?content="[^"]*'
    rb'(?:Gradio|gradio-app|\{url\}|Click to try)[^"]*"\s*/?>',
    re.DOTALL,
)
"""Says "Gradio" where a link's preview wants the name of the page."""
MOST_WAIT_MS = 2500
"""Gradio's script comes then at the latest: a project without charts has nothing to wait for."""


class EarlyPage:
    """ASGI middleware that adds `head` to the HTML of a page and puts Gradio's script behind the first chart."""

    def __init__(self, app: ASGIApp, *, head: str, path: str = "/", has_charts: bool = True) -> None:
        self.app = app
        self.head = head.encode()
        self.path, self.has_charts = path, has_charts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through but the page itself."""
        if scope["type"] != "http" or scope["path"] != self.path or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        packs = "gzip" in Headers(scope=scope).get("accept-encoding", "")
        plain = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}
        await self.app(plain, receive, _Rewriter(self.head, send, packs=packs, has_charts=self.has_charts))


class _Rewriter:
    """Collects an answer's body and sends it changed if it is HTML."""

    def __init__(self, head: bytes, send: Send, *, packs: bool, has_charts: bool) -> None:
        self.head, self.send, self.packs, self.has_charts = head, send, packs, has_charts
        self.start: Message | None = None
        self.parts: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            kind = Headers(raw=message["headers"]).get("content-type", "")
            if message["status"] == 200 and kind.startswith("text/html"):
                self.start = message
            else:
                await self.send(message)
        elif self.start is None:
            await self.send(message)
        else:
            self.parts.append(message.get("body", b""))
            if not message.get("more_body"):
                await self._finish(self.start)

    async def _finish(self, start: Message) -> None:
        body = with_head(b"".join(self.parts), self.head, has_charts=self.has_charts)
        fields: dict[str, Any] = {**start, "headers": list(start["headers"])}
        headers = MutableHeaders(raw=fields["headers"])
        if self.packs and body:
            body = gzip.compress(body, 5)
            headers["content-encoding"] = "gzip"
        headers["vary"] = "Accept-Encoding"
        headers["cache-control"] = "no-cache"
        del headers["etag"]
        if body:
            headers["content-length"] = str(len(body))
        await self.send(fields)
        await self.send({"type": "http.response.body", "body": body})


def with_head(html: bytes, head: bytes, *, has_charts: bool = True) -> bytes:
    """Gradio's page with our head first. HTML of an unknown form is left as it is: then the page starts with Gradio."""
    if b"gradio_config" not in html:
        return html
    html = _BOILERPLATE.sub(b"", html)
    if has_charts:
        html = _GRADIO_SCRIPT.sub(_after_first_chart, html, count=1)
        html = _GRADIO_STYLES.sub(_without_waiting, html)
    return _HEAD.sub(lambda place: place.group() + head, html, count=1)


def _after_first_chart(tag: re.Match[bytes]) -> bytes:
    return b'<script>trackioLater("%b", %d);</script>' % (tag.group(2), MOST_WAIT_MS)


def _without_waiting(tag: re.Match[bytes]) -> bytes:
    """Gradio's styles are for its own components: what a page shows first does not wait for them."""
    told = b'<link rel="stylesheet"%b href="%b" media="print" onload="this.media=\'all\'">'
    return told % (tag.group(1) or b"", tag.group(2))
