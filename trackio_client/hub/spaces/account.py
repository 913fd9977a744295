"""Who deploys, what their plan allows, and whether a token is fit to be given to a Space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from trackio_client.errors import UsageError

NEW_TOKEN: Final = "https://huggingface.co/settings/tokens/new?tokenType=fineGrained"
_PLANS: Final = ("team", "enterprise", "plus", "academia")


@dataclass(frozen=True, slots=True)
class Plan:
    """What an owner of Spaces may have. None: the Hub does not say, so it is tried."""

    owner: str
    may_host: bool | None
    """Gradio Spaces on the free hardware (cpu-basic)."""
    may_protect: bool | None
    """Visibility `protected`."""
    can_pay: bool
    """Paid hardware."""


@dataclass(frozen=True, slots=True)
class Account:
    """What the Hub says of a token and whose it is (whoami)."""

    name: str
    role: str
    """read, write, fineGrained; oauth for a log-in's token."""
    said: Mapping[str, Any]

    def plan_for(self, owner: str) -> Plan:
        """What this account may have under a name.

        Raises:
            UsageError: it is neither its own nor that of an organisation where it may write.
        """
        if owner == self.name:
            is_pro = bool(self.said.get("isPro"))
            return Plan(owner, is_pro, is_pro, bool(self.said.get("canPay")))
        orgs = {str(org.get("name")): org for org in self.said.get("orgs") or () if isinstance(org, Mapping)}
        if owner not in orgs:
            among = f" or one of your organisations ({', '.join(sorted(orgs))})" if orgs else ""
            raise UsageError(
                f"the Space would belong to {owner!r}, but this token is {self.name!r}'s. "
                f"Use {self.name!r} as owner{among}, or log in as somebody else: hf auth login"
            )
        org = orgs[owner]
        if org.get("roleInOrg") == "read":
            raise UsageError(f"{self.name!r} may only read in {owner!r}: ask its administrators for the role 'write'")
        pays = org.get("isEnterprise") is True or str(org.get("plan") or "").lower() in _PLANS
        return Plan(owner, pays or None, pays or None, bool(org.get("canPay")))


def account_of(said: Mapping[str, Any]) -> Account:
    """From what whoami answers. Raises UsageError if that names nobody."""
    name = said.get("name")
    if not isinstance(name, str) or not name:
        raise UsageError("the Hub does not say whose this token is. Log in anew: hf auth login")
    auth = said.get("auth") if isinstance(said.get("auth"), Mapping) else {}
    assert isinstance(auth, Mapping)
    access = auth.get("accessToken") if isinstance(auth.get("accessToken"), Mapping) else {}
    assert isinstance(access, Mapping)
    return Account(name, str(access.get("role") or auth.get("type") or ""), said)


def broad(token: str, own: str | None, account: Account) -> str | None:
    """Why a token may do more than a Space should be able to; None if it is fine-grained."""
    if own is not None and token == own:
        return "this is the token you are logged in with: whoever got into the Space could do everything you can"
    if account.role == "fineGrained":
        return None
    if account.role == "write":
        return f"this token may write everything that {account.name!r} may"
    if account.role == "oauth":
        return "this token is one of a log-in in the browser, and ends with it"
    return None


def too_narrow(account: Account) -> str | None:
    """Why a token cannot do what a Space needs; None if it may be able to."""
    if account.role == "read":
        return f"this token may only read what {account.name!r} may, and the Space has to write"
    return None


def wider_than(dataset: str, account: Account) -> list[str]:
    """What else a fine-grained token reaches beside a dataset, for a warning."""
    auth = account.said.get("auth")
    access = auth.get("accessToken") if isinstance(auth, Mapping) else None
    rights = access.get("fineGrained") if isinstance(access, Mapping) else None
    found = []
    for scope in (rights.get("scoped") or ()) if isinstance(rights, Mapping) else ():
        entity = scope.get("entity") or {} if isinstance(scope, Mapping) else {}
        if scope.get("permissions") and (entity.get("type"), entity.get("name")) != ("dataset", dataset):
            found.append(f"{entity.get('type')} {entity.get('name')}")
    if isinstance(rights, Mapping) and rights.get("global"):
        found.append("your account")
    return found


def what_the_token_needs(dataset: str) -> str:
    """How to make the one that a Space should have."""
    return (
        f"The Space needs a token of its own, which can do one thing: read and write the dataset {dataset}.\n"
        f"Make it at {NEW_TOKEN}\n"
        f"  1. Name it, for example after the Space.\n"
        f"  2. Under 'Repositories permissions' choose datasets/{dataset}, and tick\n"
        "     'Read access to contents of selected repos' and 'Write access to contents/settings of selected repos'.\n"
        "  3. Nothing else. 'Create token', and copy it: it begins with hf_.\n"
        "Never your own log-in's token: whoever got into the Space could do everything you can."
    )
