"""Dataset repos that experiments of this machine wait for: what is behind, who pushes it, and ending that process."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import asdict, dataclass
from typing import Any

from trackio_client.cli.output import age, clean, duration, table
from trackio_client.delivery.staging import PusherState, Staging, pids_of, stagings
from trackio_client.errors import StoreError
from trackio_client.settings import Settings

STOP_S = 120.0
"""Longest wait for a pusher that was asked to end: a commit that is on its way may take the Hub a minute."""


@dataclass(frozen=True, slots=True)
class Place:
    """One repo, as this machine knows it."""

    staging: Staging
    behind: int
    """Frames in the store here that the repo is not known to hold."""
    values: int
    """Single values among them, about."""
    pusher: PusherState | None
    """What the pusher that runs now said."""
    last: PusherState | None
    """What a pusher said last, running or not."""

    @property
    def is_stuck(self) -> bool:
        """Something waits, and nobody pushes it or something stands in the way."""
        return self.behind > 0 and (self.pusher is None or bool(self.pusher.problem))

    def to_json(self) -> dict[str, Any]:
        said = None if self.last is None else asdict(self.last)
        return {
            "repo": self.staging.repo,
            "directory": str(self.staging.directory),
            "behind_events": self.behind,
            "behind_values": self.values,
            "pid": self.pusher.pid if self.pusher else None,
            "said": said,
        }


def places(settings: Settings) -> list[Place]:
    """All repos that this machine ever logged for."""
    return [_place(staging) for staging in stagings(settings.directory)]


def _place(staging: Staging) -> Place:
    behind = values = 0
    with contextlib.suppress(StoreError):
        store = staging.open()
        try:
            for holding in store.holdings(behind=True):
                held, durable = (sum(b - a for a, b in r) for r in (holding.held, holding.durable))
                behind += held - durable
                values += (held - durable) * holding.digest.points // max(1, holding.digest.events)
        finally:
            store.close()
    return Place(staging, behind, values, staging.pusher(), staging.state())


def text_of(found: list[Place]) -> str:
    """A table of the repos, and below it what stands in the way."""
    rows = [
        (
            clean(place.staging.repo),
            f"{place.behind:,}",
            str(place.pusher.pid or "starting") if place.pusher else "–",
            "–" if place.last is None else age(place.last.committed_s),
            _next(place),
        )
        for place in found
    ]
    lines = [table(("DATASET REPO", "NOT PUSHED", "PUSHER", "COMMIT AGO", "NEXT"), rows, gives=0)]
    for place in found:
        said = place.pusher or (place.last if place.behind else None)
        if said is not None and said.problem:
            lines.append(f"{clean(place.staging.repo)}: {clean(said.problem)}")
        if place.behind and place.pusher is None:
            ended = f" (the last one ended: {clean(place.last.ended)})" if place.last and place.last.ended else ""
            lines.append(
                f"{clean(place.staging.repo)}: nobody pushes what waits{ended}. To push it: trackio-client sync"
            )
    return "\n".join(lines)


def _next(place: Place) -> str:
    if place.pusher is None or place.pusher.next_in_s is None or not place.behind:
        return "–"
    left = place.pusher.next_in_s - (time.time() - place.pusher.said_s)
    return "now" if left <= 0 else f"in {duration(left)}"


def stop(settings: Settings) -> tuple[list[Place], list[str]]:
    """Ask the pushers of this machine to end after the commit that is on its way, and wait for them.

    Returns those that ended, and in words those that did not.
    """
    running = [place for place in places(settings) if place.pusher is not None]
    asked = {p.staging.repo: pid for p in running if p.pusher for pid in pids_of(p.staging, p.pusher)}
    for pid in asked.values():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + STOP_S
    ended, left = [], []
    for place in running:
        named = asked.get(place.staging.repo)
        while named is not None and not place.staging.is_free() and time.monotonic() < until:
            time.sleep(0.05)
        if place.staging.is_free():
            ended.append(place)
        elif named is None:
            left.append(f"{place.staging.repo}: its pusher has not said yet who it is. Try again in some seconds")
        else:
            left.append(f"{place.staging.repo}: pid {named} is still at work; the Hub has not answered its last commit")
    return ended, left
