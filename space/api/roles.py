"""Who may what, in one table. What no line of it names is for owners only: a new route is closed until a line opens it.

A *viewer* reads. A *writer* also logs and edits (name, tags, notes, pause). An *owner* also deletes, shares, hands out
tokens and sets up. A *link* is no role: who comes with one reaches its own addresses and nothing else (`is_link`).
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Final

from space.api import named
from space.api.trackio import names as trackio


class Role(IntEnum):
    """Who asks. Each may what those below it may."""

    NOBODY = 0
    VIEWER = 1
    WRITER = 2
    OWNER = 3


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_ONE: Final = r"[^/]+"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

_TABLE: Final = (
    # Nobody: to log in, whether the server lives (in two words), and the browser's half, which anyone can download.
    (Role.NOBODY, SAFE, _any_of("/v1/session", "/v1/health", r"/robots\.txt", r"/favicon\.ico", "/lib/.+")),
    (Role.NOBODY, SAFE, _any_of("/oauth/login", "/oauth/callback")),
    (Role.NOBODY, {"POST", "DELETE"}, _any_of("/v1/session")),
    # Trackio's clients: whether the server speaks their protocol, and their calls, before Gradio's lines.
    (Role.NOBODY, SAFE, _any_of("/version")),
    (Role.OWNER, {"POST"}, _any_of(trackio.pattern(trackio.OWNERS))),
    (Role.WRITER, {"POST"}, _any_of(trackio.pattern(trackio.WRITES), "/api/upload")),
    (Role.VIEWER, {"POST"}, _any_of(trackio.pattern(trackio.READS))),
    (Role.VIEWER, SAFE, _any_of(f"/artifact_blob/{_ONE}/{_ONE}")),
    # The named endpoints that change something, by their own addresses; in the queue each asks for the role itself.
    (Role.OWNER, {"POST"}, _any_of(named.pattern(named.OWNERS))),
    (Role.WRITER, {"POST"}, _any_of(named.pattern(named.WRITES))),
    (
        Role.VIEWER,
        SAFE,
        _any_of(
            r"/v1/(?:projects|cells|alerts|metrics|series|compare|importance|groups|groups/curves|snapshot\.html|sync|openapi\.json)",
            rf"/v1/experiments(?:/{_ONE}(?:/events|/receipts|/replaced|/summary|/artifacts|/lineage|/snapshot\.html|/index(?:/{_ONE}/{_ONE})?)?)?",
            f"/v1/writers/{_ONE}",
            f"/v1/blobs/{_ONE}",
            "/v1/artifacts(?:/.+)?",
            "/v1/projects/.+/views",
        ),
    ),
    (Role.VIEWER, {"POST"}, _any_of("/v1/(?:series|importance|groups|groups/curves|media|contents)")),
    (
        Role.VIEWER,  # Gradio's page and what it loads
        SAFE,
        _any_of(
            "/",
            r"/(?:config|theme\.css|manifest\.json|openapi\.json)/?",
            "/(?:assets|static|svelte|pwa_icon)(?:/.*)?",
            r"/gradio_api/(?:info|app_id|login_check|user|token|theme\.css|openapi\.json|startup-events)/?",
            f"/gradio_api/heartbeat/{_ONE}",
            "/gradio_api/queue/(?:data|status)",
            f"/gradio_api/call/(?:v2/)?{_ONE}/{_ONE}",
            "/gradio_api/custom_component/.+",
        ),
    ),
    (
        Role.VIEWER,  # Gradio's questions: what changes something by them asks for the role itself (ui/asking.py)
        {"POST"},
        _any_of(
            "/gradio_api/queue/join",
            f"/gradio_api/(?:api|run|call|call/v2)/{_ONE}/?",
            "/gradio_api/(?:component_server|reset|cancel)/?",
        ),
    ),
    (
        Role.VIEWER,  # the Manage page, which shows viewers what there is
        SAFE,
        _any_of(
            r"/manage(?:/|/config/?|/theme\.css|/manifest\.json)?",
            "/manage/(?:assets|static|svelte)(?:/.*)?",
            r"/manage/gradio_api/(?:info|app_id|login_check|user|token|theme\.css|startup-events)/?",
            f"/manage/gradio_api/heartbeat/{_ONE}",
            "/manage/gradio_api/queue/(?:data|status)",
        ),
    ),
    (Role.VIEWER, {"POST"}, _any_of("/manage/gradio_api/queue/join", "/manage/gradio_api/(?:reset|cancel)/?")),
    (Role.WRITER, {"POST"}, _any_of(f"/v1/writers/{_ONE}/events", "/v1/push")),
    (Role.WRITER, {"POST"}, _any_of("/v1/blobs")),
    (Role.WRITER, {"PUT"}, _any_of(f"/v1/blobs/{_ONE}")),
    (Role.WRITER, {"PATCH"}, _any_of(f"/v1/experiments/{_ONE}")),
    (Role.WRITER, {"POST"}, _any_of("/v1/edits")),
    (Role.WRITER, SAFE, _any_of("/v1/bin")),  # what was deleted is no reader's business any more
    (Role.WRITER, {"POST"}, _any_of("/v1/projects/.+/views")),
    (Role.WRITER, {"PATCH", "DELETE"}, _any_of(f"/v1/projects/.+/views/{_ONE}")),
)

_LINK_ASKS: Final = ("/v1/series", "/v1/media", "/v1/contents")
"""Questions whose lists may be too long for an address."""
LINK_PREFIXES: Final = ("/s/", "/embed/")
_LINK_READS: Final = re.compile(
    rf"/s/(?P<page>{_ONE})(?:/preview\.png|/v1/(?:experiments(?:/{_ONE}(?:/events|/summary|/index(?:/{_ONE}/{_ONE})?)?)?"
    rf"|metrics|series|blobs/{_ONE}|holds|media|contents|artifacts(?:/{_ONE})?))?|/embed/(?P<embed>{_ONE})"
)


def wanted(kind: str, method: str, path: str) -> Role:
    """The least role that may ask this. `kind` is "http" or "websocket"."""
    if kind == "http":
        for role, methods, paths in _TABLE:
            if method in methods and paths.fullmatch(path):
                return role
    return Role.OWNER


def is_link(path: str) -> bool:
    """Whether an address belongs to share links: no role opens it, only the link that stands in it."""
    return path.startswith(LINK_PREFIXES) or path in ("/s", "/embed")


def link_token(method: str, path: str) -> str | None:
    """The token in a link's address, if that address exists with this method; None for every other."""
    found = _LINK_READS.fullmatch(path)
    if found is None or not (method in ("GET", "HEAD") or (method == "POST" and path.endswith(_LINK_ASKS))):
        return None
    return found["page"] or found["embed"]
