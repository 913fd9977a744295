"""A deployment at the stand-in in one call: who asks, who waits, and the token that is given away."""

from __future__ import annotations

from tests.hub_server import Hub
from trackio_client.hub.spaces.api import SpaceHub
from trackio_client.hub.spaces.deploy import deploy
from trackio_client.hub.spaces.plan import Wish

DATASET = "pro/trackio-experiments"
FINE = "hf_fine"


class Person:
    """Somebody who says yes, or nobody."""

    def __init__(self, *tokens: str, can_ask: bool = False, yes: bool = True) -> None:
        self.tokens, self.can_ask, self.yes = list(tokens), can_ask, yes
        self.heard: list[str] = []

    def say(self, text: str) -> None:
        self.heard.append(text)

    def confirm(self, question: str) -> bool:
        return self.yes

    def secret(self, question: str) -> str:
        return self.tokens.pop(0) if self.tokens else ""

    @property
    def all_said(self) -> str:
        return "\n".join(self.heard)


class Waiter:
    """Notes what was waited for."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str | None, str | None]] = []

    def __call__(self, intent, address, commit, token):
        self.calls.append((address, commit, token))


def fine(hub: Hub, value: str, dataset: str, user: str = "pro", permissions: tuple[str, ...] = ()) -> None:
    rights = permissions or ("repo.content.read", "repo.write")
    scoped = [{"type": "dataset", "name": dataset, "permissions": list(rights)}]
    hub.add_token(value, user, "fineGrained", scoped=scoped)


def run(name: str = "curves", *, by: str = "hf_pro", person: Person | None = None, dry_run: bool = False, **wish):
    wish = {"token": FINE, **wish}
    return deploy(Wish(name=name, **wish), SpaceHub(by), person or Person(), Waiter(), dry_run=dry_run)


def secrets(hub: Hub, space: str = "pro/curves") -> dict[str, str]:
    return {key: entry["value"] for key, entry in hub.repo(space, "space")["space"]["secrets"].items()}
