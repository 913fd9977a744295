"""Log-in with the Hub: authorize, token, userinfo, as Gradio's and a page's own PKCE log-in use them.

Consent is given at once, in the name of the account that a test put before the browser. Codes work once. What only the
real Hub shows: its consent page, its cookies, an id_token signed with a key that a client can check.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from tests.hub.standin import answers
from tests.hub.standin.access import caller
from tests.hub.standin.answers import Refusal
from tests.hub.standin.state import State
from tests.hub.standin.things import Repo, Token, User

_LASTS_S = 8 * 3600


class Logins:
    """What log-ins in progress know; gone when the server is, as in a browser that waited too long."""

    def __init__(self) -> None:
        self.browser: str | None = "me"  # who sits before the browser; None: nobody is logged in
        self.refuses = False  # the person says no
        self.clients: dict[str, dict[str, Any]] = {}  # made by tests, besides those of Spaces
        self.codes: dict[str, dict[str, Any]] = {}
        self.refresh: dict[str, dict[str, Any]] = {}


def client_of(state: State, repo: Repo) -> dict[str, Any] | None:
    """The OAuth client that the Hub makes for a Space with `hf_oauth: true`."""
    card = answers.card(state, state.tree(repo, repo.branches["main"]))
    if not card.get("hf_oauth"):
        return None
    name = hashlib.sha256(repo.key.encode()).hexdigest()
    scopes = ["openid", "profile", *(card.get("hf_oauth_scopes") or [])]
    return {"id": name[:36], "secret": name[36:], "scopes": scopes, "redirects": [answers.host(state, repo)]}


def _client(state: State, logins: Logins, client_id: str) -> dict[str, Any]:
    if client_id in logins.clients:
        return logins.clients[client_id]
    for repo in state.repos.values():
        client = client_of(state, repo) if repo.kind == "space" else None
        if client and client["id"] == client_id:
            return client
    raise Refusal(400, "Invalid client_id")


def _may_return_to(client: dict[str, Any], address: str) -> bool:
    want = urlsplit(address)
    return any(
        (o := urlsplit(allowed)).scheme == want.scheme and o.netloc == want.netloc for allowed in client["redirects"]
    )


def authorize(state: State, request: Request, logins: Logins) -> Response:
    asked = request.query_params
    client = _client(state, logins, asked.get("client_id", ""))
    back = asked.get("redirect_uri", "")
    if not _may_return_to(client, back):
        raise Refusal(400, f"Invalid redirect_uri {back!r}: it is not registered for this client")
    scopes = asked.get("scope", "openid profile").split()
    if asked.get("response_type") != "code" or set(scopes) - set(client["scopes"]):
        raise Refusal(400, "Invalid response_type or scope: a client may ask only for the scopes of its registration")
    if logins.browser is None:
        return Response("<!doctype html><title>Log In – Hugging Face</title>", media_type="text/html")
    answer = {"state": asked.get("state", "")}
    if logins.refuses:
        answer |= {"error": "access_denied", "error_description": "The user denied the request"}
    else:
        answer["code"] = secrets.token_urlsafe(12)
        logins.codes[answer["code"]] = {
            "client": client,
            "back": back,
            "scopes": scopes,
            "user": logins.browser,
            "challenge": asked.get("code_challenge"),
            "method": asked.get("code_challenge_method", "plain"),
            "nonce": asked.get("nonce"),
        }
    return RedirectResponse(f"{back}{'&' if '?' in back else '?'}{urlencode(answer)}", 302)


async def token(state: State, request: Request, logins: Logins) -> Response:
    form = {key: values[0] for key, values in parse_qs((await request.body()).decode()).items()}
    client_id, secret = form.get("client_id", ""), form.get("client_secret")
    if request.headers.get("authorization", "").startswith("Basic "):
        client_id, secret = base64.b64decode(request.headers["authorization"][6:]).decode().split(":", 1)
    grant = None
    if form.get("grant_type") == "authorization_code":
        grant = logins.codes.pop(form.get("code", ""), None)  # once only
        if grant and (grant["back"] != form.get("redirect_uri") or not _proved(grant, secret, form)):
            grant = None
    elif form.get("grant_type") == "refresh_token":
        grant = logins.refresh.pop(form.get("refresh_token", ""), None)
    else:
        return _bad("unsupported_grant_type", "authorization_code or refresh_token is wanted")
    if grant is None or (client_id and client_id != grant["client"]["id"]):
        return _bad("invalid_grant", "the code, its verifier, redirect_uri or client does not fit")
    made = Token(
        f"hf_oauth_{secrets.token_urlsafe(18)}",
        grant["user"],
        role="oauth",
        scopes=grant["scopes"],
        expires_s=state.now_s() + _LASTS_S,
    )
    state.save_token(made)
    again = secrets.token_urlsafe(18)
    logins.refresh[again] = grant
    said = {"access_token": made.value, "token_type": "bearer", "expires_in": _LASTS_S, "refresh_token": again}
    said |= {"scope": " ".join(grant["scopes"])}
    if "openid" in grant["scopes"]:
        said["id_token"] = _id_token(state, request, grant)
    return JSONResponse(said, headers={"Cache-Control": "no-store"})


def _bad(error: str, text: str) -> Response:
    return JSONResponse({"error": error, "error_description": text}, 400)


def _proved(grant: dict[str, Any], secret: str | None, form: dict[str, str]) -> bool:
    """A client that keeps a secret shows it; a page proves by PKCE that it is the one that asked."""
    if grant["challenge"]:
        verifier = form.get("code_verifier", "")
        if grant["method"] == "S256":
            verifier = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        if verifier != grant["challenge"]:
            return False
    if secret is not None:
        return secret == grant["client"]["secret"]
    return grant["challenge"] is not None


def _claims(user: User) -> dict[str, Any]:
    return {
        "sub": hashlib.sha1(user.name.encode()).hexdigest()[:24],
        "name": user.name.title(),
        "preferred_username": user.name,
        "profile": f"https://huggingface.co/{user.name}",
        "picture": "https://huggingface.co/avatars/plain.svg",
        "website": "",
        "isPro": user.is_pro,
        "canPay": user.can_pay,
        "orgs": [
            {
                "sub": hashlib.sha1(name.encode()).hexdigest()[:24],
                "name": name,
                "preferred_username": name,
                "picture": "",
                "plan": "free",
                "canPay": False,
                "roleInOrg": role,
            }
            for name, role in user.orgs.items()
        ],
    }


def _id_token(state: State, request: Request, grant: dict[str, Any]) -> str:
    now, client = int(state.now_s()), grant["client"]
    claims = _claims(state.users[grant["user"]]) | {"iss": str(request.base_url).rstrip("/"), "aud": client["id"]}
    claims |= {"iat": now, "exp": now + _LASTS_S} | ({"nonce": grant["nonce"]} if grant["nonce"] else {})

    def part(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).decode().rstrip("=")

    text = ".".join(part(json.dumps(piece).encode()) for piece in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{text}.{part(hmac.new(client['secret'].encode(), text.encode(), hashlib.sha256).digest())}"


def userinfo(state: State, request: Request) -> Response:
    who = caller(state, request)
    if who.user is None or who.token is None or who.token.role != "oauth":
        raise Refusal(401, "Invalid credentials in Authorization header")
    return JSONResponse(_claims(who.user))


def configuration(request: Request) -> Response:
    base = str(request.base_url).rstrip("/")
    said: dict[str, Any] = {
        "issuer": base,
        "authorization_endpoint": f"{base}/oauth/authorize",
        "token_endpoint": f"{base}/oauth/token",
        "userinfo_endpoint": f"{base}/oauth/userinfo",
    }
    said |= {"response_types_supported": ["code"], "code_challenge_methods_supported": ["S256"]}
    return JSONResponse(said | {"scopes_supported": ["openid", "profile", "email", "read-repos", "write-repos"]})
