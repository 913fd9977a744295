"""Who asks, and what they may: tokens of three roles and of OAuth log-ins, and whoami."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.hub.standin.answers import Refusal, no_repo
from tests.hub.standin.state import State
from tests.hub.standin.things import Repo, Token, User, iso

READS = {"repo.content.read", "repo.write"}


@dataclass(frozen=True)
class Caller:
    """The account behind a request; user and token are None without one."""

    state: State
    user: User | None
    token: Token | None

    def owns(self, owner: str, *, to_write: bool = False) -> bool:
        """Whether the account as such has a right there, whatever its token may."""
        if self.user is None:
            return False
        return owner == self.user.name or self.user.orgs.get(owner) in (("write", "admin") if to_write else _ANY)

    def _granted(self, kind: str, name: str, wanted: set[str]) -> bool:
        assert self.token is not None
        owner = name.split("/")[0]
        return any(
            wanted & set(right["permissions"])
            for right in self.token.scoped
            if (right["type"], right["name"]) in {(kind, name), ("user", owner), ("org", owner)}
        )

    def may_read(self, repo: Repo) -> bool:
        """Files and settings. A protected Space shows its page to all, its files to its own people only."""
        if repo.visibility == "public":
            return True
        if self.token is None or not self.owns(repo.owner):
            return False
        if self.token.role == "fineGrained":
            return self._granted(repo.kind, repo.id, READS)
        return self.token.role != "oauth" or bool(
            {"read-repos", "write-repos", "manage-repos"} & set(self.token.scopes)
        )

    def may_write(self, owner: str, kind: str, name: str) -> bool:
        if self.token is None or not self.owns(owner, to_write=True):
            return False
        if self.token.role == "fineGrained":
            return self._granted(kind, f"{owner}/{name}", {"repo.write"})
        if self.token.role == "oauth":
            return bool({"write-repos", "manage-repos"} & set(self.token.scopes))
        return self.token.role == "write"


_ANY = ("read", "contributor", "write", "admin")


def caller(state: State, request: Request) -> Caller:
    """Read the Authorization header. A token that is wrong or ended is refused even where none is needed."""
    header = request.headers.get("authorization", "")
    if not header:
        return Caller(state, None, None)
    token = state.tokens.get(header.removeprefix("Bearer "))
    if token is None or (token.expires_s is not None and token.expires_s < state.now_s()):
        raise Refusal(401, "Invalid credentials in Authorization header")
    return Caller(state, state.users[token.user], token)


def repo_to_read(state: State, request: Request) -> Repo:
    """The repo of the route, if the caller may see it."""
    who, repo = caller(state, request), find(state, request)
    if repo is None or not who.may_read(repo):
        raise no_repo(anonymous=who.user is None)
    return repo


def repo_to_write(state: State, request: Request) -> tuple[Repo, str]:
    """The repo of the route and the user's name, if they may change it."""
    repo, who = repo_to_read(state, request), caller(state, request)
    if who.user is None:
        raise no_repo(anonymous=True)
    if not who.may_write(repo.owner, repo.kind, repo.id.split("/")[1]):
        text = "Forbidden: you must use a write token to upload to a repository."
        if who.token and who.token.role == "fineGrained":
            text = "Forbidden: this token has no write permission for this repository."
        elif not who.owns(repo.owner, to_write=True):
            text = f"Forbidden: you don't have the rights to change {repo.id}."
        raise Refusal(403, text)
    return repo, who.user.name


def find(state: State, request: Request) -> Repo | None:
    path = request.path_params
    return state.repos.get(f"{path['kinds'].removesuffix('s')}/{path['owner']}/{path['name']}")


def whoami(state: State, request: Request) -> Response:
    try:
        who = caller(state, request)
    except Refusal:
        who = Caller(state, None, None)
    if who.user is None or who.token is None:
        raise Refusal(401, "Invalid username or password.")
    user, token = who.user, who.token
    return JSONResponse(
        {
            "type": "user",
            "id": _id(user.name),
            "name": user.name,
            "fullname": user.name.title(),
            "email": f"{user.name}@example.org",
            "emailVerified": True,
            "canPay": user.can_pay,
            "billingMode": "prepaid",
            "periodEnd": None,
            "isPro": user.is_pro,
            "avatarUrl": "/avatars/plain.svg",
            "orgs": [_org(name, role) for name, role in user.orgs.items()],
            "auth": _auth(state, token),
        }
    )


def _org(name: str, role: str) -> dict[str, Any]:
    said = {"type": "org", "id": _id(name), "name": name, "fullname": name.title(), "email": None, "canPay": False}
    return said | {"periodEnd": None, "avatarUrl": "", "roleInOrg": role, "isEnterprise": False}


def _auth(state: State, token: Token) -> dict[str, Any]:
    if token.role == "oauth":
        return {"type": "oauth", "expiresAt": iso(token.expires_s or state.now_s())}
    access: dict[str, Any] = {"displayName": token.value[3:], "role": token.role, "createdAt": iso(0)}
    if token.role == "fineGrained":
        scoped = [
            {
                "entity": {"_id": _id(right["name"]), "type": right["type"], "name": right["name"]},
                "permissions": right["permissions"],
            }
            for right in token.scoped
        ]
        access["fineGrained"] = {"canReadGatedRepos": False, "global": [], "scoped": scoped}
    return {"type": "access_token", "accessToken": access}


def _id(name: str) -> str:
    return hashlib.sha1(name.encode()).hexdigest()[:24]
