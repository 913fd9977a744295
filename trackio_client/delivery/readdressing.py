"""Send a log elsewhere than it was meant to go: for an address that was mistyped, or a Space that never came.

Only a log of which nothing was taken is sent elsewhere: another store would miss its beginning.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path

from trackio_client.delivery.meta import read_meta
from trackio_client.delivery.replay import spools_in, taken


@dataclass(slots=True)
class Readdressed:
    """What became of the logs of one experiment."""

    moved: int = 0
    """Logs that go elsewhere now."""
    already: int = 0
    """Logs that were meant to go there."""
    stay: list[str] = field(default_factory=list)
    """Why the others stay as they are, one each."""


def readdress(folder: Path, experiment_id: str, destination: str) -> Readdressed:
    """Let the logs of an experiment that nobody is sending go to another destination.

    Args:
        folder: `TRACKIO_DIR/v1/spool`.
        experiment_id: whose.
        destination: an address as `address_of` gives it, or `local`.
    """
    found = Readdressed()
    for directory, meta in spools_in(folder):
        if meta.experiment_id != experiment_id:
            continue
        lock = taken(directory)
        if lock is None:
            found.stay.append("its process is running: end it first")
            continue
        try:
            fresh = read_meta(directory)  # its last owner may have written it before letting go
            if fresh is None:
                continue
            if fresh.destination == destination:
                found.already += 1
            elif fresh.accepted or fresh.first_ordinal or fresh.earlier:
                found.stay.append(
                    f"{fresh.destination} has taken the first of its events, which {destination} would miss"
                )
            else:
                fresh.destination, fresh.said = destination, ""
                fresh.write(directory)
                found.moved += 1
        except OSError as error:
            found.stay.append(f"its files cannot be read or written: {error}")
        finally:
            with contextlib.suppress(OSError):
                lock.release()
    return found
