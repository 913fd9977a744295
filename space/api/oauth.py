"""Log-in with the Hub in a browser: OAuth's code flow with PKCE and state. Built only where the Hub gave us a client.

    /oauth/login     to the Hub, with a cookie that remembers what was asked
    /oauth/callback  back from it: code → token → who it is; a session of ours; the Hub's token is forgotten at once

Owner is who owns the Space: its creator, the user it belongs to, a member of its organisation who may write, or a name
in TRACKIO_OWNERS. TRACKIO_VIEWERS may read. Everybody else reads where everybody may, and is told so where not.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import logging
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response

from space.api.login import in_frame
from space.api.roles import Role
from space.api.sessions import HUB_SESSION_S, set_cookie
from space.settings import HubSettings
from space.sharing.words import refusal_page

if TYPE_CHECKING:
    from space.api.gate import Gate

log = logging.getLogger("trackio")

SCOPES: Final = "openid profile"
"""Who it is and in which organisations: nothing of theirs is opened to us."""
COOKIE: Final = "trackio_login"
_WAIT_S: Final = 600
"""How long the Hub's consent page may be left open."""
_ASK_S: Final = 15
_MOST_BYTES: Final = 1024 * 1024
_WRITES: Final = frozenset({"admin", "write"})


class LoginFailed(Exception):
    """Words for who tried to log in: what happened and what to do. No text of anyone else is in them."""


def login_routes(gate: Gate) -> APIRouter:
    """The two routes. The gate lets everybody through to them."""
    router = APIRouter(include_in_schema=False)
    hub = gate.settings.hub

    @router.get("/oauth/login")
    def login(request: Request) -> Response:
        state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        wanted = request.query_params.get("next", "/")
        back = wanted if _is_local(wanted) else "/"
        asked = {
            "client_id": hub.client_id,
            "redirect_uri": _redirect(request, hub),
            "response_type": "code",
            "scope": SCOPES,
            "state": state,
            "code_challenge": _b64(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        response = RedirectResponse(
            f"{hub.provider}/oauth/authorize?{urlencode(asked)}", 302, {"Cache-Control": "no-store"}
        )
        kept = _b64(json.dumps([state, verifier, back, int(time.time()) + _WAIT_S]).encode())
        value = f"{kept}.{_seal(gate, kept)}"
        set_cookie(response, value, _WAIT_S, in_frame=in_frame(request, gate.settings), name=COOKIE)
        return response

    @router.get("/oauth/callback")
    def callback(request: Request) -> Response:
        framed = in_frame(request, gate.settings)
        try:
            verifier, back = _remembered(gate, request)
            claims = _claims(hub, request, verifier)
            name = str(claims.get("preferred_username") or "")
            role = role_of(claims, hub, public=gate.settings.public)
            if role is Role.NOBODY:
                raise LoginFailed(
                    f"You are logged in with the Hub as {html.escape(name[:80])}, who may not read this Space. Its "
                    "owner can let you in: by your name in TRACKIO_VIEWERS or TRACKIO_OWNERS, a token, or a share link."
                )
        except LoginFailed as failed:
            response = refusal_page(403, "Not logged in", str(failed), '<a href="/">Back to the log-in</a>')
        else:
            response = RedirectResponse(back, 303, {"Cache-Control": "no-store"})
            value = gate.sessions.make(role, f"hub:{name}", seconds=HUB_SESSION_S)
            set_cookie(response, value, HUB_SESSION_S, in_frame=framed)
        set_cookie(response, "", 0, in_frame=framed, name=COOKIE)
        return response

    return router


def role_of(claims: Mapping[str, Any], hub: HubSettings, *, public: bool) -> Role:
    """What a user of the Hub is here, by what the Hub says of them."""
    name = str(claims.get("preferred_username") or "").lower()
    if not name or not claims.get("sub"):
        return Role.NOBODY
    author = hub.author.lower()
    orgs = claims.get("orgs")
    writes = any(
        isinstance(org, dict)
        and str(org.get("preferred_username") or org.get("name") or "").lower() == author
        and org.get("roleInOrg") in _WRITES
        for org in (orgs if isinstance(orgs, list) else [])
    )
    is_creator = bool(hub.creator_id) and hmac.compare_digest(str(claims["sub"]), hub.creator_id)
    if is_creator or (author and name == author) or (author and writes) or name in hub.owners:
        return Role.OWNER
    return Role.VIEWER if public or name in hub.viewers else Role.NOBODY


def _redirect(request: Request, hub: HubSettings) -> str:
    host = request.headers.get("host", "").lower()
    name = host if host in hub.hosts or not hub.hosts else hub.hosts[0]
    scheme = "https" if hub.hosts else request.url.scheme
    return f"{scheme}://{name}/oauth/callback"


def _remembered(gate: Gate, request: Request) -> tuple[str, str]:
    """The verifier and where to go, from the cookie of the log-in that this answer belongs to. Raises LoginFailed."""
    asked = request.query_params
    cookie = cookie_parser(request.headers.get("cookie", "")).get(COOKIE, "")
    kept, _, seal = cookie.partition(".")
    again = "Go back to the page and log in again, in the same browser and with cookies allowed."
    if not cookie or not hmac.compare_digest(seal.encode("utf-8", "replace"), _seal(gate, kept).encode()):
        raise LoginFailed(f"This browser did not ask for this log-in. {again}")
    state, verifier, back, end = json.loads(base64.urlsafe_b64decode(kept + "=" * (-len(kept) % 4)))
    if not hmac.compare_digest(asked.get("state", "").encode("utf-8", "replace"), state.encode()):
        raise LoginFailed(f"This answer belongs to another log-in. {again}")
    if time.time() > end:
        raise LoginFailed(f"The log-in took too long. {again}")
    if asked.get("error"):
        raise LoginFailed("The Hub was not allowed to say who you are. Log in again and allow it, or use a token.")
    return verifier, back


def _claims(hub: HubSettings, request: Request, verifier: str) -> dict[str, Any]:
    """What the Hub says of who logged in. Its token lives in this function only. Raises LoginFailed."""
    form = {
        "grant_type": "authorization_code", "code": request.query_params.get("code", ""),
        "redirect_uri": _redirect(request, hub), "client_id": hub.client_id, "code_verifier": verifier,
    }  # fmt: skip
    basic = base64.b64encode(f"{hub.client_id}:{hub.client_secret}".encode()).decode()
    granted = _ask(f"{hub.provider}/oauth/token", {"Authorization": f"Basic {basic}"}, urlencode(form).encode())
    token = granted.get("access_token")
    if not isinstance(token, str) or not token:
        raise LoginFailed("The Hub gave no answer that can be used. Try again later, or use a token.")
    return _ask(f"{hub.provider}/oauth/userinfo", {"Authorization": f"Bearer {token}"})


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An endpoint that sends us elsewhere would get the secret there too."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def _ask(address: str, headers: Mapping[str, str], body: bytes | None = None) -> dict[str, Any]:
    request = urllib.request.Request(address, body, {"Accept": "application/json", **headers})
    try:
        with _opener.open(request, timeout=_ASK_S) as answer:
            content = json.loads(answer.read(_MOST_BYTES))
    except urllib.error.HTTPError as error:
        error.close()
        log.warning("log-in with the Hub: %s answered %d", address, error.code)
        if error.code in (400, 401, 403):
            raise LoginFailed("The Hub refused this log-in: perhaps it was used before. Log in again.") from None
        raise LoginFailed("The Hub does not answer log-ins now. Try again later, or use a token.") from None
    except (OSError, ValueError) as error:
        log.warning("log-in with the Hub: %s: %s", address, type(error).__name__)
        raise LoginFailed("The Hub does not answer log-ins now. Try again later, or use a token.") from None
    if not isinstance(content, dict):
        raise LoginFailed("The Hub gave no answer that can be used. Try again later, or use a token.")
    return content


def _seal(gate: Gate, kept: str) -> str:
    return gate.access.signer.seal("login", kept.encode()).hex()


def _is_local(address: str) -> bool:
    """Whether an address is a page of ours: nobody is sent elsewhere after a log-in."""
    plain = address.isascii() and address.isprintable() and "\\" not in address
    return plain and address.startswith("/") and not address.startswith("//")


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
