"""A log that is not open yet: before the first call of an experiment, and of each fork of its process."""

from __future__ import annotations

from typing import Any

from trackio_client.delivery.spool import Segment
from trackio_client.errors import SpoolFull


class Asleep:
    """Stands where a spool is not open: every lookup misses, so that the call takes the slow road and wakes it."""

    current = Segment(-1, -1, "no log is open")

    def append(self, frame: bytes) -> None:
        raise SpoolFull("no log is open")

    def introduce(self, keys: tuple[str, ...]) -> Any:
        raise SpoolFull("no log is open")
