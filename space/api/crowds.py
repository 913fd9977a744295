"""One answer for a crowd: when many pages ask the same at about the same time, it is made once for all of them.

Fifty pages that follow one project ask 25 times a second for the same new points. Who asks alone, or one after the
other, always gets an answer of his own; only where the same is asked eight times a second is an answer given again, and
then it is half a second old at most. Pages that shared one answer have the same cursor, so they ask the same again.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

T = TypeVar("T")
MANY: Final = 8
"""Asked so often within a second, a question is a crowd's."""
KEPT_S: Final = 0.5
_MOST: Final = 64


class _Made(Generic[T]):
    """An answer that is on its way, or was made."""

    def __init__(self) -> None:
        self.is_made = threading.Event()
        self.value: T | None = None
        self.until_s = float("inf")
        """0: it failed."""


class Crowds(Generic[T]):
    """Answers by question. Safe from any thread."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: OrderedDict[Hashable, deque[float]] = OrderedDict()
        self._made: OrderedDict[Hashable, _Made[T]] = OrderedDict()

    def answer(self, question: Hashable, since: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, or gave just now to another who asked the same.

        Args:
            question: without what differs between those who ask it.
            since: what differs: until where the asker knows it.
            make: raises what is told to its caller alone.
        """
        mine = _Made[T]()
        with self._lock:
            held = self._held((question, since), mine) if self._is_crowd(question) else mine
        if held is not mine:
            held.is_made.wait()
            # Where the other failed, its error is not ours.
            return make() if held.until_s == 0 else held.value  # type: ignore[return-value]
        try:
            mine.value = make()
        except BaseException:
            mine.until_s = 0.0
            raise
        else:
            mine.until_s = self._clock() + KEPT_S
        finally:
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

    def _held(self, key: Hashable, mine: _Made[T]) -> _Made[T]:
        now_s = self._clock()
        for old in [each for each, made in self._made.items() if made.until_s <= now_s]:
            del self._made[old]  # an answer may be megabytes
        held = self._made.get(key)
        if held is not None:
            return held
        self._made[key] = mine
        while len(self._made) > _MOST:
            self._made.popitem(last=False)
        return mine
