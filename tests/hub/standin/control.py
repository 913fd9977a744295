"""What only tests ask: POST /-/{name} with JSON. The routes of the Hub know nothing of it."""

from __future__ import annotations

import re
from typing import Any

from tests.hub.standin.faults import Fault
from tests.hub.standin.things import Repo, Token, User


def fault(hub: Any, **said: Any) -> int:
    hub.faults.append(Fault(**said))
    return len(hub.faults)


def heal(hub: Any, route: str | None = None) -> None:
    hub.faults[:] = [f for f in hub.faults if route is not None and f.route != route]


def faults(hub: Any) -> list[dict[str, Any]]:
    return [vars(f) for f in hub.faults]


def requests(hub: Any, holding: str = "") -> list[dict[str, Any]]:
    return [seen for seen in hub.seen if re.search(holding, seen["request"])]


def forget(hub: Any) -> None:
    hub.seen.clear()


def clock(hub: Any, by_s: float) -> float:
    hub.state.move_clock(by_s)
    return float(hub.state.now_s())


def limits(hub: Any, **said: Any) -> dict[str, Any]:
    for name, value in said.items():
        if not hasattr(hub.state.limits, name):
            raise KeyError(name)
        setattr(hub.state.limits, name, value)
    hub.state.save_limits()
    return vars(hub.state.limits)


def user(hub: Any, **said: Any) -> None:
    hub.state.save_user(User(**said))


def token(hub: Any, lasts_s: float | None = None, **said: Any) -> None:
    if said["user"] not in hub.state.users:
        raise KeyError(said["user"])
    ends_s = None if lasts_s is None else hub.state.now_s() + lasts_s
    hub.state.save_token(Token(**said, expires_s=ends_s))


def revoke(hub: Any, value: str) -> None:
    hub.state.drop_token(value)


def repo(hub: Any, kind: str, name: str) -> dict[str, Any]:
    """Everything about a repo, secrets' values too, and every push since it was made."""
    found: Repo = hub.state.repos[f"{kind}/{name}"]
    return {**vars(found), "pushes": hub.state.pushes.get(found.key, []), "now_s": hub.state.now_s()}


def space(hub: Any, name: str, **said: Any) -> None:
    found: Repo = hub.state.repos[f"space/{name}"]
    found.space.update(said)
    hub.state.save_repo(found)


def host(hub: Any, name: str, address: str) -> None:
    """Where a Space will answer, though it is not made yet."""
    hub.state.hosts[name] = address


def browser(hub: Any, user: str | None, refuses: bool = False) -> None:
    hub.logins.browser, hub.logins.refuses = user, refuses


def oauth_client(hub: Any, id: str, secret: str, scopes: list[str], redirects: list[str]) -> None:
    hub.logins.clients[id] = {"id": id, "secret": secret, "scopes": scopes, "redirects": redirects}


def addresses(hub: Any) -> dict[str, str]:
    return {name: f"http://127.0.0.1:{port}" for name, port in hub.ports.items()}


CONTROL = {
    f.__name__.replace("_", "-"): f
    for f in (
        fault, heal, faults, requests, forget, clock, limits, user, token, revoke, repo, space, browser, oauth_client,
        addresses, host,
    )
}  # fmt: skip
