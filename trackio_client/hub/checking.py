"""Does it work? A look at a dataset repo with a token: what that opens, what lies there."""

from __future__ import annotations

from typing import Final

from trackio_client.errors import HubError, HubRefused, NotOurs, UsageError
from trackio_client.hub.dataset import HubDataset
from trackio_client.hub.reading import RepoReader
from trackio_client.hub.spaces.account import account_of
from trackio_client.hub.spaces.api import SpaceHub
from trackio_client.hub.spaces.checking import Finding

_ROLES: Final = {
    "read": "it may only read, all that its owner may",
    "write": "it may write all that its owner may; a fine-grained one for this dataset is safer",
    "fineGrained": "fine-grained",
    "oauth": "of a log-in, and ends with it",
}


def check_dataset(repo: str, token: str | None) -> Finding:
    """Look at a dataset repo as a pusher would: head, rights, visibility, and how many experiments it holds."""
    hub = SpaceHub(token)
    whose = "no token"
    try:
        if hub.token is not None:
            account = account_of(hub.whoami())
            whose = f"the token is {account.name}'s: {_ROLES.get(account.role, account.role)}"
        visibility = hub.dataset_visibility(repo)
        if visibility is None:
            text = f"there is no dataset {repo}, or the token may not see it"
            return Finding(works=False, lines=(text, whose), is_missing=hub.token is not None)
        target = HubDataset(repo, token=token)
        head = target.head()
        reader = RepoReader(target)
        index = reader.index(head.commit)
        experiments = sum(1 for _ in index.experiments())
        refused = "there is no token" if hub.token is None else hub.may_write(repo, hub.token)
    except (HubError, UsageError) as error:
        return Finding(
            works=False, lines=(_plain(error),), is_missing=isinstance(error, HubRefused) and error.status == 404
        )
    rights = "may be read and written" if refused is None else f"may be read, not written: {refused}"
    lines = [
        f"the {visibility} dataset {repo} {rights}",
        whose,
        f"{experiments:,} experiment{'s' * (experiments != 1)}; newest commit {head.commit[:8]}, "
        f"{head.hour} in the last hour",
    ]
    lines += [f"not ours, left alone: {path} ({why})" for path, why in sorted(reader.not_ours.items())[:10]]
    return Finding(works=refused is None, lines=tuple(lines), experiments=experiments)


def create_dataset(repo: str, token: str | None, *, public: bool = False) -> Finding:
    """Make a dataset repo if it is missing (private unless asked), and look at it."""
    try:
        made = HubDataset(repo, token=SpaceHub(token).token).create(private=not public)
    except HubError as error:
        return Finding(works=False, lines=(_plain(error),))
    found = check_dataset(repo, token)
    first = f"{repo} was made" if made else f"{repo} was there already and stays as it is"
    return Finding(works=found.works, lines=(first, *found.lines), experiments=found.experiments)


def _plain(error: Exception) -> str:
    text = str(error) if not isinstance(error, NotOurs) else f"{error.path}: {error.reason}"
    return " ".join(text.split())
