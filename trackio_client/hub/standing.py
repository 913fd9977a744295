"""Where push and restore stand: what the last looks and commits brought, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from trackio_client.hub.index import Index, span
from trackio_client.hub.target import Head
from trackio_client.store.holdings import Holding
from trackio_client.store.spans import minus


def backlog_of(holdings: Iterable[Holding]) -> tuple[int, int]:
    """(events, values) held that are not durable; the values are reckoned from each writer's mean."""
    events = values = 0
    for holding in holdings:
        seqs = span(minus(holding.held, holding.durable))
        events += seqs
        values += int(seqs * holding.digest.points / max(1, holding.digest.events))
    return events, values


@dataclass(slots=True)
class Standing:
    """Times are seconds of the replicator's clock."""

    head: str | None = None
    committed_at: float | None = None
    looked_at: float = -1.0
    next_at: float = 0.0
    last_head: Head | None = None
    buried: frozenset[str] = frozenset()
    """Experiments that the repo knows as deleted."""
    problem: str | None = None

    def looked(self, now: float, head: Head, index: Index) -> None:
        """Note what the head is."""
        self.looked_at, self.last_head, self.head = now, head, head.commit
        self.buried = frozenset(name for name, _ in index.tombstones())

    def committed(self, now: float, commit: str) -> None:
        """Note a commit of ours."""
        self.head, self.committed_at = commit, now

    def told_at(self, now: float, backlog: tuple[int, int], *, is_asked: bool) -> dict[str, Any]:
        """For the page, `/v1/health` and the command line; `backlog` as `backlog_of` gives it."""
        waits = any(backlog)
        return {
            "commit": self.head,
            "committed_ago_s": None if self.committed_at is None else round(now - self.committed_at, 1),
            "looked_ago_s": None if self.looked_at < 0 else round(now - self.looked_at, 1),
            "behind_events": backlog[0],
            "behind_values": backlog[1],
            "next_in_s": 0.0 if is_asked else round(max(0.0, self.next_at - now), 1) if waits else None,
            "commits_in_hour": self.last_head.hour if self.last_head else None,
            "pushers": self.last_head.pushers if self.last_head else None,
            "problem": self.problem,
        }
