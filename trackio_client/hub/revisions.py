"""Points in time of a repo: its commits, by id or by time."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from trackio_client.errors import UsageError
from trackio_client.hub.dataset import HubDataset

_ID = re.compile(r"[0-9a-f]{7,40}")


def resolve(target: HubDataset, revision: str) -> str:
    """The whole id of a commit.

    Args:
        target: the repo.
        revision: at least 7 characters of the id, or a time in UTC ("2026-11-21", "2026-11-21 10:30"): then the last
            commit that was made until then.

    Raises:
        UsageError: there is no such commit. HubErrors.
    """
    text = revision.strip().lower()
    until_s = None if _ID.fullmatch(text) else _time(text, revision)
    oldest = ""
    for commit, at_s, _ in target.commits():
        oldest = f"{commit[:8]} of {datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M} UTC"
        if (commit.startswith(text)) if until_s is None else at_s <= until_s:
            return commit
    wanted = f"no commit {revision!r:.60}" if until_s is None else f"nothing until {revision!r:.60}"
    raise UsageError(
        f"{target.repo} has {wanted}; its oldest is {oldest}. `trackio-client restore {target.repo} --list` shows all"
    )


def _time(text: str, given: str) -> float:
    try:
        found = datetime.fromisoformat(text.upper())
    except ValueError:
        raise UsageError(
            "a revision is at least 7 characters of a commit's id, or a time like 2026-11-21 10:30 (UTC), "
            f"got {given!r:.60}"
        ) from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    if len(text) == 10:  # a day: all of it
        found = found.replace(hour=23, minute=59, second=59)
    return found.timestamp()
