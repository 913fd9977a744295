"""What was refused: calls that are not in the log, counted by reason with their first and last step."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from trackio_client.wire import events
from trackio_client.wire.frames import event_frame

Counts = tuple[int, int | None, int | None]
"""Calls, first step, last step."""


class Refusals:
    """Counts them on any thread; each is told in an event when there is room for one."""

    def __init__(self) -> None:
        self.counts: dict[str, Counts] = {}
        """Reason → counts over the writer's life: for the receipt."""
        self._untold: dict[str, Counts] = {}
        self._lock = threading.RLock()  # reentrant: a signal handler may log while this thread counts
        self._telling = threading.RLock()

    def count(self, reason: str, step: int | None) -> None:
        """One more call that is not in the log."""
        with self._lock:
            for book in (self.counts, self._untold):
                count, first, last = book.get(reason, (0, step, step))
                known = [s for s in (first, last, step) if s is not None]
                book[reason] = (count + 1, min(known, default=None), max(known, default=None))

    @property
    def has_untold(self) -> bool:
        return bool(self._untold)

    def tell(self, append: Callable[[bytes], bool | None], *, at_most: int | None = None) -> bool:
        """Append an event for each reason that has not been told (or for the first `at_most`).

        What `append` does not take (it answers False, or raises) stays to be told; False then.
        """
        with self._telling:  # the sender's thread and `finish` must not tell the same twice
            for reason in list(self._untold)[:at_most]:
                with self._lock:
                    counts = self._untold.pop(reason, None)
                if counts is None:  # told by a signal handler that interrupted this
                    continue
                is_told = False
                try:
                    is_told = append(event_frame(refused_event(reason, counts))) is not False
                finally:
                    if not is_told:
                        with self._lock:  # calls may have been refused meanwhile
                            self._untold[reason] = _sum(counts, self._untold.get(reason))
                if not is_told:
                    return False
        return True

    def frames(self) -> list[bytes]:
        """The events for all that was not told, to be appended together with something else; see `all_told`."""
        with self._lock:
            return [event_frame(refused_event(reason, counts)) for reason, counts in self._untold.items()]

    def all_told(self) -> None:
        with self._lock:
            self._untold = {}


def _sum(counts: Counts, more: Counts | None) -> Counts:
    if more is None:
        return counts
    steps = [step for step in (*counts[1:], *more[1:]) if step is not None]
    return counts[0] + more[0], min(steps, default=None), max(steps, default=None)


def refused_event(reason: str, counts: Counts) -> dict[str, object]:
    """The fields of the event."""
    count, first, last = counts
    event = {"kind": events.REFUSED, "time_us": time.time_ns() // 1000, "reason": reason}
    return {**event, "count": count, "first_step": first, "last_step": last}
