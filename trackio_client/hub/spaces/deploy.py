"""`trackio-client deploy` without the terminal: from a wish to a Space that answers, step by step, repeatable.

Looked at first, changed afterwards (plan). Every step can be done twice: what is there is kept, what differs is
replaced. A deployment that was cut anywhere is finished by the same command.
"""

from __future__ import annotations

import secrets as random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from trackio_client import clientfile
from trackio_client.clientfile import KnownSpace
from trackio_client.delivery.address import address_of
from trackio_client.errors import HubMoved, HubRefused, UsageError
from trackio_client.hub.dataset import HubDataset
from trackio_client.hub.spaces.account import account_of, what_the_token_needs, wider_than
from trackio_client.hub.spaces.api import PaymentNeeded, SpaceHub
from trackio_client.hub.spaces.asking import ask
from trackio_client.hub.spaces.plan import (
    DATASET,
    HUB_TOKEN,
    VISIBILITY,
    WRITE_TOKEN,
    ZERO_GPU,
    Intent,
    NeedsChoice,
    Wish,
    look,
    unfit,
    ways,
    with_files,
)
from trackio_client.release import VERSION

TITLE: Final = f"trackio-client deploy {VERSION}"
_BY: Final = "set by trackio-client deploy"
_TRIES: Final = 3


class Person(Protocol):
    """Who deploys, at a terminal or not."""

    can_ask: bool

    def say(self, text: str) -> None: ...

    def confirm(self, question: str) -> bool: ...

    def secret(self, question: str) -> str: ...


Waiter = Callable[[Intent, str, "str | None", "str | None"], None]
"""waiter(intent, address, commit, write token) returns when the Space answers (waiting), or raises NotUp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What stands now."""

    space: str
    address: str
    dataset: str | None
    visibility: str
    sdk: str
    token_is_known: bool
    """The write token lies on this machine."""
    changed: bool


def deploy(wish: Wish, hub: SpaceHub, person: Person, waiter: Waiter, *, dry_run: bool = False) -> Deployed | None:
    """Make or update a Space. Returns what stands; None after a dry run, or if the person said no.

    Raises:
        NeedsChoice: something has to be said first. UsageError: a wish that cannot be. HubError. NotUp: it was made,
        and does not answer.
    """
    intent = look(wish, hub, can_ask=person.can_ask)
    person.say(f"{intent.account.name} on {hub.endpoint}:" if not dry_run else "Would, as " + intent.account.name + ":")
    for number, line in enumerate(intent.lines(), 1):
        person.say(f"  {number}. {line}")
    if dry_run:
        return None
    if person.can_ask and not person.confirm("Go on?"):
        return None
    fresh = _write_token(intent, hub)
    _make(intent, hub, fresh)
    intent, hub_token = _dataset(intent, hub, wish, person)
    changed = _configure(intent, hub, fresh, hub_token)
    found = hub.find(intent.space)
    if found is None:
        page = f"{hub.endpoint}/spaces/{intent.space}"
        raise HubRefused(f"{intent.space} was made and is not to be found: look at {page}")
    commit = _upload(replace(intent, found=found), hub, wants_zero=intent.hardware == ZERO_GPU)
    if changed and commit is None and not intent.is_new and intent.sdk != "static":
        hub.restart(intent.space)  # a new commit would have done it
    address = hub.address(intent.space)
    token = _keep(intent, hub, fresh, address)
    waiter(intent, address, commit, token)
    return Deployed(
        space=intent.space,
        address=address,
        dataset=intent.dataset,
        visibility=intent.visibility,
        sdk=intent.sdk,
        token_is_known=token is not None,
        changed=bool(changed or commit or intent.is_new),
    )


def _write_token(intent: Intent, hub: SpaceHub) -> str | None:
    """A new one, if one is to be set.

    Of a Space that is still to be made it is put into its file now, before the Space has it: a secret that was sent and
    not kept is lost for good.
    """
    if intent.sdk == "static" or intent.write_token == "keep":
        return None
    token = random.token_urlsafe(24)
    if intent.is_new:
        clientfile.save(KnownSpace(intent.space, address_of(intent.space), token, hub.endpoint))
    return token


def _make(intent: Intent, hub: SpaceHub, write_token: str | None) -> None:
    if not intent.is_new:
        return
    secrets = {} if write_token is None else {WRITE_TOKEN: write_token}
    variables = {} if intent.sdk == "static" else {VISIBILITY: intent.visibility}
    try:
        hub.create(
            intent.space,
            sdk=intent.sdk,
            visibility=intent.visibility,
            hardware=intent.hardware,
            secrets=secrets,
            variables=variables,
        )
    except HubRefused as error:
        if write_token is not None:
            clientfile.forget(intent.space)
        if isinstance(error, PaymentNeeded):
            raise NeedsChoice(
                f"{intent.space} was not made: {error}", ways(intent.space), offers_static=intent.sdk != "static"
            ) from None
        raise


def _dataset(intent: Intent, hub: SpaceHub, wish: Wish, person: Person) -> tuple[Intent, str | None]:
    """Make the dataset if it is missing; the token with which the Space shall write it, None to keep the one it has."""
    dataset = intent.dataset
    if dataset is not None and intent.dataset_was is None:
        made = HubDataset(dataset, token=hub.token).create(private=not wish.public_dataset)
        was = hub.dataset_visibility(dataset)
        intent = replace(intent, dataset_was=was)
        person.say(f"  the dataset {dataset} is {'made' if made else 'there'}, {was}")
    if intent.hub_token in ("", "keep") or dataset is None:
        return intent, None
    if wish.token is not None:
        if wrong := _cannot(wish.token, dataset, hub, person):
            raise UsageError(f"the token for the Space will not do: {wrong}. {what_the_token_needs(dataset)}")
        return intent, wish.token
    return intent, _asked_for(dataset, hub, wish, person)


def _asked_for(dataset: str, hub: SpaceHub, wish: Wish, person: Person) -> str:
    person.say(what_the_token_needs(dataset))
    for _ in range(_TRIES):
        token = person.secret("The token for the Space: ").strip()
        if not token:
            break
        wrong = unfit(token, hub, force=wish.force_broad_token) or _cannot(token, dataset, hub, person)
        if wrong is None:
            return token
        person.say(f"That one will not do: {wrong}.")
    raise UsageError(
        "no token was given. What was made so far stays, and holds nothing secret but its write token: run the same "
        "command again when you have the token"
    )


def _cannot(token: str, dataset: str, hub: SpaceHub, person: Person) -> str | None:
    wrong = hub.may_write(dataset, token)
    if wrong is None and (others := wider_than(dataset, account_of(hub.whoami(token)))):
        person.say(f"  Note: this token reaches more than the dataset: {', '.join(others[:5])}")
    return wrong


def _configure(intent: Intent, hub: SpaceHub, write_token: str | None, hub_token: str | None) -> bool:
    """Set what is missing or was given. Returns whether anything was changed."""
    space, changed = intent.space, False
    if intent.found is not None and intent.visibility != intent.found.visibility:
        hub.set_visibility(space, intent.visibility)
        changed = True
    if intent.found is not None and intent.hardware and _hardware_of(space, hub) != intent.hardware:
        hub.set_hardware(space, intent.hardware)
        changed = True
    if intent.sdk == "static":  # no secrets: everybody could read them. The page names the dataset anyway
        if intent.dataset is not None and intent.variables.get(DATASET) != intent.dataset:
            hub.set_variable(space, DATASET, intent.dataset, f"{_BY}: what the page draws")
        return changed
    if intent.found is not None and write_token is not None:
        hub.set_secret(space, WRITE_TOKEN, write_token, f"{_BY}: who logs to this Space and sets it up")
        changed = True
        _keep(intent, hub, write_token, intent.found.host)
    if intent.found is not None and intent.variables.get(VISIBILITY) != intent.visibility:
        hub.set_variable(space, VISIBILITY, intent.visibility, _BY)
        changed = True
    if hub_token is not None:
        hub.set_secret(space, HUB_TOKEN, hub_token, f"{_BY}: fine-grained, for the dataset alone")
        changed = True
    return _name_dataset(intent, hub) or changed


def _hardware_of(space: str, hub: SpaceHub) -> object:
    return (hub.runtime(space).get("hardware") or {}).get("requested")


def _name_dataset(intent: Intent, hub: SpaceHub) -> bool:
    """TRACKIO_DATASET_REPO: a variable if the dataset is public, else a secret.

    All can read the variables of a public Space. Never both: which of two would count is nobody's guess.
    """
    space, dataset, is_variable = intent.space, intent.dataset, DATASET in intent.variables
    if dataset is None:
        return False
    if intent.dataset_is_public:
        if intent.variables.get(DATASET) == dataset:
            return False
        if DATASET in intent.secrets:
            hub.drop(space, secret=DATASET)
        hub.set_variable(space, DATASET, dataset, f"{_BY}: where the experiments live")
        return True
    if not intent.dataset_is_new and not is_variable:
        return False
    if is_variable:
        hub.drop(space, variable=DATASET)
    hub.set_secret(space, DATASET, dataset, f"{_BY}: where the experiments live")
    return True


def _upload(intent: Intent, hub: SpaceHub, *, wants_zero: bool) -> str | None:
    """One commit on the head as it is now; None if nothing differs."""
    for left in reversed(range(_TRIES)):
        intent = with_files(intent, hub, wants_zero=wants_zero)
        if not intent.add and not intent.delete:
            return None
        assert intent.found is not None
        try:
            return hub.commit(intent.space, intent.found.head, intent.add, intent.delete, TITLE)
        except HubMoved:
            found = hub.find(intent.space)
            if not left or found is None:
                raise
            intent = replace(intent, found=found)
    raise AssertionError("unreachable")


def _keep(intent: Intent, hub: SpaceHub, fresh: str | None, address: str) -> str | None:
    """Put token and address into the client's configuration; returns the token if it is known here."""
    token = fresh or (intent.known.token if intent.known is not None else None)
    if token is None:
        return None
    dataset = intent.dataset or (intent.known.dataset if intent.known is not None else "")
    known = KnownSpace(intent.space, address, token, hub.endpoint, dataset)
    if known != intent.known:
        clientfile.save(known)
    return token


@dataclass(frozen=True, slots=True)
class Removal:
    """What taking a Space away means."""

    space: str
    sdk: str
    address: str
    dataset: str | None
    """What stays; None if its name is a secret of the Space."""
    unpushed: str
    """What the Space holds and the dataset does not, in words; "" if nothing, or if the Space does not say."""


def look_at_removal(name: str, hub: SpaceHub) -> Removal:
    """What would go and what stays. Raises UsageError: there is no such Space, or it is none of ours. HubError."""
    from trackio_client.hub.names import space_of
    from trackio_client.hub.spaces.plan import check_ours

    space = space_of(name, account_of(hub.whoami()).name)
    found = hub.find(space)
    if found is None:
        raise UsageError(f"there is no Space {space} that your token may see")
    check_ours(space, found, found.sdk)
    known = clientfile.find(space)
    dataset = hub.variables(space).get(DATASET) or (known.dataset if known is not None else None) or None
    unpushed = "" if found.sdk == "static" else _unpushed(known, found.host, hub.token)
    return Removal(space, found.sdk, found.host, dataset, unpushed)


def _unpushed(known: KnownSpace | None, address: str, hub_token: str | None) -> str:
    """What the Space says of its backlog, if this machine knows its token and it answers."""
    if known is None:
        return ""
    sync = (ask(f"{address}/v1/sync", token=known.token, hub_token=hub_token).content or {}).get("sync")
    events = sync.get("behind_events") if isinstance(sync, dict) else None
    return f"{events:,} events" if isinstance(events, int) and events > 0 else ""


def remove(removal: Removal, hub: SpaceHub) -> None:
    """Take the Space away, and what this machine knows of it. Raises HubError."""
    hub.delete(removal.space)
    clientfile.forget(removal.space)
