"""What is read of many series, gathered until it is worth drawing: a call of numpy costs as much for one as for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from trackio_client.store.cells import Drawn
from trackio_client.store.parts import SeriesRow

T = TypeVar("T")
_AT_ONCE: Final = 4_000_000
"""Bytes drawn together: so many that calls of numpy cost nothing, so few that they stay in the processor's cache."""


class Gathered(Generic[T]):
    """Parts of series, drawn together whenever they have become many."""

    def __init__(
        self,
        keep: Callable[[list[SeriesRow], list[Drawn | None]], None],
        draw: Callable[[list[T]], list[Drawn | None]],
    ) -> None:
        self._keep, self._draw = keep, draw
        self._series: list[SeriesRow] = []
        self._parts: list[T] = []
        self._size = 0

    def add(self, series: SeriesRow, parts: T, size: int) -> None:
        """Of a series all of its parts, and their bytes."""
        self._series.append(series)
        self._parts.append(parts)
        self._size += size
        if self._size >= _AT_ONCE:
            self.flush()

    def flush(self) -> None:
        if self._series:
            self._keep(self._series, self._draw(self._parts))
        self._series, self._parts, self._size = [], [], 0
