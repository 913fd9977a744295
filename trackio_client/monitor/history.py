"""What a monitor remembers: the newest of many, so that a long training costs no more memory than a short one."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar, overload

from trackio_client.values import number

MOST_DEPTH: Final = 16
MOST: Final = 1_000
"""Entries held. Of ten numbers each they take about 1 MB; all of them are in the store, by `Api().history(…)`."""
T = TypeVar("T")


def plain_values(metrics: Mapping[Any, Any], prefix: str = "", depth: int = 0) -> dict[str, float | str]:
    """The numbers and texts of a call, nested dicts flattened to `a/b`; what is neither is left out.

    A copy: neither the caller's dict nor a tensor in it is kept alive.
    """
    found: dict[str, float | str] = {}
    for name, value in metrics.items():
        full = f"{prefix}{name}"
        if isinstance(value, Mapping):
            if depth < MOST_DEPTH:
                found |= plain_values(value, f"{full}/", depth + 1)
        elif isinstance(value, (str, int, float)):
            found[full] = value
        else:
            with contextlib.suppress(TypeError, ValueError, OverflowError, RuntimeError):
                found[full] = number(value)
    return found


class Newest(Sequence[T], Generic[T]):
    """A list to read that holds the newest `most` of what was added; `total` counts all."""

    def __init__(self, most: int = MOST) -> None:
        self._held: deque[T] = deque(maxlen=most)
        self._lock = threading.Lock()
        self.total = 0
        """How many were added, those that are no longer held too."""

    def add(self, entry: T) -> None:
        with self._lock:
            self._held.append(entry)
            self.total += 1

    def copy(self) -> list[T]:
        """Those that are held, oldest first."""
        with self._lock:
            return list(self._held)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> list[T]: ...
    def __getitem__(self, place: int | slice) -> T | list[T]:
        return self.copy()[place] if isinstance(place, slice) else self._held[place]

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[T]:
        return iter(self.copy())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (Newest, list, tuple)):
            return self.copy() == list(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        held = self.copy()
        left_out = f", {self.total - len(held):,} older ones not held" if self.total > len(held) else ""
        return f"<{len(held):,} entries{left_out}: {held[-1:]!r:.200}>"
