"""What an importer gives: the runs that it finds in a file or folder, and what it left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from trackio_client.exchange.past import PastRun
from trackio_client.exchange.texts import Remarks


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The runs of one kind in one place."""

    kind: str
    """A key of `exchange.kinds.KINDS`."""
    path: Path
    runs: Iterable[PastRun]
    """Is made while it is read: one run is in memory at a time. May raise UsageError."""
    skipped: Remarks = field(default_factory=Remarks)
    """Whole rows, lines or files that were left out. Complete when `runs` were read."""
    count: int | None = None
    """How many runs there are, where that is known before they are read."""
