"""One answer for a crowd: when many pages ask the same at about the same time, it is made once for all of them.

Fifty pages that follow one project ask 25 times a second for the same new points. Who asks alone, or one after the
other, always gets an answer of his own; only where the same is asked eight times a second is an answer given again, and
then it is half a second old at most.

What is new since a while ago holds what is new since then for whoever asked later: so an answer suits all who know more
than the one it was made for, and less than it tells. Were it given only to those who stand at the same place, each page
that comes a little late would fall out of its group for good, until on a busy machine every page asks for itself.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")
MANY: Final = 8
"""Asked so often within a second, a question is a crowd's."""
KEPT_S: Final = 0.5
_MOST: Final = 64


@dataclass(frozen=True, slots=True)
class Place:
    """Until where an asker knows what he asks about."""

    position: int
    like: Hashable = None
    """What must be the same for an answer to suit both; what is above, too, for one to be further than the other."""


class _Made(Generic[T]):
    """An answer that is on its way, or was made."""

    def __init__(self, since: Place | None) -> None:
        self.since = since
        self.is_made = threading.Event()
        self.value: T | None = None
        self.position = -1
        """Until where it tells. -1: it failed, or is not made."""
        self.until_s = float("inf")

    def suits(self, since: Place | None) -> bool:
        """Whether one who stands there is told all he lacks; of one on its way it is asked again when it is made."""
        if since is None or self.since is None:
            return since == self.since
        ahead = self.since.like == since.like and self.since.position <= since.position
        return ahead and (not self.is_made.is_set() or since.position <= self.position)


class Crowds(Generic[T]):
    """Answers by question. Safe from any thread."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: OrderedDict[Hashable, deque[float]] = OrderedDict()
        self._made: dict[Hashable, list[_Made[T]]] = {}

    def answer(self, question: Hashable, since: Place | None, make: Callable[[], tuple[T, int]]) -> T:
        """What `make` gives, or gave just now to another who asked the same.

        Args:
            question: without what differs between those who ask it.
            since: what differs: until where the asker knows it; None for nothing yet.
            make: the answer, and until which position it tells. Raises what is told to its caller alone.
        """
        mine = _Made[T](since)
        with self._lock:
            held = self._held(question, mine) if self._is_crowd(question) else mine
        if held is not mine:
            held.is_made.wait()
            # Where the other failed, its error is not ours; where it was overtaken, it tells less than we know.
            return held.value if held.position >= 0 and held.suits(since) else make()[0]  # type: ignore[return-value]
        try:
            mine.value, mine.position = make()
        finally:
            mine.until_s = 0.0 if mine.position < 0 else self._clock() + KEPT_S
            mine.is_made.set()
        return mine.value

    def _is_crowd(self, question: Hashable) -> bool:
        now_s = self._clock()
        times = self._asked.setdefault(question, deque(maxlen=MANY))
        times.append(now_s)
        self._asked.move_to_end(question)
        while len(self._asked) > _MOST:
            self._asked.popitem(last=False)
        return len(times) == MANY and now_s - times[0] < 1.0

    def _held(self, question: Hashable, mine: _Made[T]) -> _Made[T]:
        """What suits of the answers that are held; else `mine`, held from now on."""
        now_s = self._clock()
        for other, some in list(self._made.items()):  # an answer may be megabytes
            some[:] = [made for made in some if made.until_s > now_s][-_MOST:]
            if not some or other not in self._asked:
                del self._made[other]
        some = self._made.setdefault(question, [])
        held = next((made for made in reversed(some) if made.suits(mine.since)), None)
        if held is not None:
            return held
        some.append(mine)
        return mine
