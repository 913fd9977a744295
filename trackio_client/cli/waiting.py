"""The line that says which experiments of this machine are not at their destination: `ui` and `list` lack them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trackio_client.cli.output import clean

if TYPE_CHECKING:
    from trackio_client.delivery.replay import Pending


def waiting_lines(spool_path: Path, shown: str = "local") -> list[str]:
    """A line for each destination that experiments of this machine wait for; [] when all is sent.

    `shown` is the destination that is being looked at: what a living process sends there is on its way.
    """
    if not spool_path.is_dir():
        return []
    from trackio_client.delivery.replay import pending  # here: `list` on a machine without logs needs none of it

    by_place: dict[str, list[Pending]] = {}
    for spool in pending(spool_path):
        if spool.events and not (spool.is_live and spool.destination == shown):
            by_place.setdefault(spool.destination, []).append(spool)
    return [_line(destination, spools) for destination, spools in by_place.items()]


def _line(destination: str, spools: Sequence[Pending]) -> str:
    place = "the local store" if destination == "local" else clean(destination)
    live = {spool.experiment_id for spool in spools if spool.is_live}
    left = {spool.experiment_id for spool in spools} - live
    parts = []
    if left:
        verb = "waits" if len(left) == 1 else "wait"
        parts.append(f"{_count(len(left))} {verb} on this machine to be sent to {place}: `trackio-client sync`")
    if live:
        words = "is running here; its process sends it" if len(live) == 1 else "are running here; their processes send"
        parts.append(f"{_count(len(live))} {words} to {place}")
    return "; ".join(parts)


def _count(number: int) -> str:
    return f"{number:,} experiment{'s' * (number != 1)}"
