"""Alerts: something a person should look at, told by a training."""

from __future__ import annotations

import datetime
import time
from enum import StrEnum
from typing import Any


class AlertLevel(StrEnum):
    """How bad it is. `AlertLevel.WARN == "warn"`; W&B's upper case means the same."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"

    @classmethod
    def _missing_(cls, value: object) -> AlertLevel | None:
        word = str(value).strip().lower().removeprefix("alertlevel.")
        return {"warning": cls.WARN, "critical": cls.ERROR, "fatal": cls.ERROR}.get(word) or next(
            (level for level in cls if level.value == word), None
        )


class Alerts:
    """Keeps alerts of one title apart by the time that the caller wants between them."""

    def __init__(self) -> None:
        self._next: dict[str, float] = {}

    def is_due(self, title: str, wait_duration: Any) -> bool:
        """Whether an alert of this title may be told now; it is then counted as told.

        Args:
            title: of the alert.
            wait_duration: seconds, or a timedelta, to the next of this title; None is none.
        """
        now = time.monotonic()
        if now < self._next.get(title, 0.0):
            return False
        seconds = wait_duration.total_seconds() if isinstance(wait_duration, datetime.timedelta) else wait_duration or 0
        if len(self._next) > 10_000:  # titles that a loop makes up
            self._next.clear()
        self._next[title] = now + float(seconds)
        return True
