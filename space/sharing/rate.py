"""How much one link may ask: a link that a thousand people open must not slow the trainings down."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from space.api.problems import Problem

PER_S: Final = 60.0
"""Requests a second and link, in the long run: about sixty open pages."""
BURST: Final = 600.0
"""At once: a page opens with about ten requests, and sixty people click a link as soon as it is posted."""
FILE_COST: Final = 0.1
"""Of a picture or another file: a wall of them is seen by many at once, and each is a read of the disk."""
_MOST_LINKS: Final = 2000


class Rate:
    """A bucket of permits a link, filled at a steady rate. Any thread may ask."""

    def __init__(
        self, *, per_s: float = PER_S, burst: float = BURST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_s, self._burst, self._clock = per_s, burst, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # id -> (permits, when)
        self._lock = threading.Lock()

    def take(self, link: str, *, cost: float = 1.0) -> None:
        """Take a permit, or raise a Problem that says when there is one."""
        now = self._clock()
        with self._lock:
            left, then = self._left.pop(link, (self._burst, now))
            left = min(self._burst, left + (now - then) * self._per_s)
            enough = left >= cost
            self._left[link] = (left - cost if enough else left, now)
            if len(self._left) > _MOST_LINKS:
                self._left.popitem(last=False)
        if not enough:
            raise Problem(
                "too-many", "Many people are looking at this link at once.", "The page tries again by itself.",
                retry_after_s=5,
            )  # fmt: skip
