"""`/lib/…`: the browser's half (`trackio_client.view`) and plotly.js, packed and cached by the hash of their content.

All files stand under one folder named by a hash over all of them, so that a module's relative imports are as cacheable
as itself: an address never changes its content, and a new version has new addresses.
"""

from __future__ import annotations

import gzip
import mimetypes
import re
from collections.abc import Iterator
from functools import cached_property
from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response

from space.api.problems import Problem
from trackio_client.view.bundle import ALL_STYLES, PAGE, Bundle

_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_SERVED = tuple(_KINDS)
PAGE_ROOT = "page/"
"""Below it the library stands as the page loads it: what it needs first is one file."""
_VERSIONED = re.compile(r"([0-9a-f]{16})/(.+)", re.DOTALL)


def _found(folder: Traversable, above: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _found(entry, f"{above}{entry.name}/")
        elif entry.name.endswith(_SERVED):
            yield above + entry.name, entry.read_bytes()


class Library:
    """The files, in memory: about half a megabyte, and 4 MB of plotly.js once it is asked for."""

    def __init__(self) -> None:
        self._files = dict(_found(files("trackio_client.view"), ""))
        state = blake2b(digest_size=8)
        for name in sorted(self._files):
            state.update(name.encode() + b"\0" + self._files[name] + b"\0")
        state.update((files("trackio_client.view") / "bundle.py").read_bytes())
        self.version = state.hexdigest()
        self._packed: dict[str, bytes] = {}
        self._page = Bundle("boot.js")

    def address_of(self, name: str) -> str:
        """Where a file is served: an address that changes with the content."""
        return f"/lib/{self.version}/{name}"

    @cached_property
    def _plotly(self) -> bytes:
        return (files("plotly") / "package_data" / "plotly.min.js").read_bytes()

    def _content(self, name: str) -> bytes:
        if name == "plotly.min.js":
            return self._plotly
        if name.startswith(PAGE_ROOT):
            within = name.removeprefix(PAGE_ROOT)
            if within in (PAGE, ALL_STYLES) or within in self._files:
                content = self._page.file(within)
                return self._content(within) if content is None else content
        if name not in self._files:
            raise Problem("not-found", f"there is no file {name!r:.100} in the library")
        return self._files[name]

    def serve(self, request: Request) -> Response:
        """The file at /lib/<name> (asked again each time) or /lib/<version>/<name> (kept for ever)."""
        name = request.path_params["path"]
        version = ""
        if named := _VERSIONED.fullmatch(name):
            version, name = named.groups()
        if version != self.version:
            # A page that was open while the server was renewed: today's file, not to be kept under the old name.
            version = ""
        content = self._content(name)
        tag = f'"{self.version}-{len(content)}"'
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable" if version else "no-cache",
            "ETag": tag,
            "Vary": "Accept-Encoding",
        }
        if request.headers.get("if-none-match") == tag:
            return Response(None, 304, headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            if name not in self._packed:
                self._packed[name] = gzip.compress(content, 6, mtime=0)
            content, headers["Content-Encoding"] = self._packed[name], "gzip"
        suffix = "." + name.rpartition(".")[2]
        kind = _KINDS.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response(content, 200, headers, kind)
