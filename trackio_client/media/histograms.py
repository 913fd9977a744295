"""Histogram: how values are spread, at most 512 bins."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Final

from trackio_client.media.keeping import Keeper, Media, NotKept, as_array

MAX_BINS: Final = 512


class Histogram(Media):
    """How values are spread.

    Args:
        sequence: numbers of any shape; NaN and infinities are counted apart.
        np_histogram: (counts, edges) as `numpy.histogram` gives them, instead.
        num_bins: at most 512.
    """

    kind: ClassVar[str] = "histogram"
    MAX_LENGTH: ClassVar[int] = MAX_BINS

    def __init__(
        self, sequence: Any = None, np_histogram: Any = None, num_bins: int = 64, *, caption: str | None = None
    ) -> None:
        self.caption = caption
        self.bins: list[float] = []
        """Edges, one more than there are counts."""
        self.histogram: list[float] = []
        """Counts."""
        self.bad = 0
        """Values that are NaN or infinite."""
        self._problem: str | None = None
        self._note: str | None = None
        try:
            if np_histogram is not None:
                self._take(np_histogram)
            elif sequence is not None:
                self._count(sequence, num_bins)
            else:
                self._problem = "it holds nothing: give sequence or np_histogram"
        except NotKept as error:
            self._problem = str(error)
        except Exception as error:  # odd contents; told when it is logged
            self._problem = f"{type(error).__name__}: {error}"

    def _count(self, sequence: Any, num_bins: int) -> None:
        import numpy as np

        wanted = min(max(1, int(num_bins)), MAX_BINS)
        if int(num_bins) > MAX_BINS:
            self._note = f"{num_bins} bins are too many: {MAX_BINS} are taken"
        values = as_array(sequence).ravel()
        if values.dtype.kind == "f":
            finite = np.isfinite(values)
            if not finite.all():
                self.bad = int(values.size - np.count_nonzero(finite))
                values = values[finite]
            if values.dtype.itemsize < 8 and values.size and float(np.abs(values).max()) > 1e30:
                values = values.astype(np.float64)  # max − min of large float32 would overflow
        elif values.dtype == bool:
            values = values.astype(np.int64)
        if values.size:
            low, high = float(values.min()), float(values.max())
            if not math.isfinite(high - low):
                raise NotKept("its values span more than a float holds")
            counts, edges = np.histogram(values, bins=wanted)
            self.histogram, self.bins = [int(count) for count in counts], [float(edge) for edge in edges]

    def _take(self, np_histogram: Any) -> None:
        counts, edges = (as_array(part).ravel() for part in np_histogram)
        if len(edges) != len(counts) + 1:
            raise NotKept(
                f"np_histogram must be (counts, edges) with one edge more, got {len(counts)} and {len(edges)}"
            )
        if len(counts) > MAX_BINS:
            raise NotKept(f"{len(counts)} bins are too many, at most {MAX_BINS} are taken")
        self.histogram = [int(count) if float(count).is_integer() else float(count) for count in counts]
        self.bins = [float(edge) for edge in edges]

    def kept(self, keeper: Keeper) -> dict[str, Any]:
        if self._problem is not None:
            raise NotKept(self._problem)
        if self._note is not None:
            keeper.tell("bins", self._note)
        found: dict[str, Any] = {"bins": self.bins, "counts": self.histogram}
        return {**found, "bad": self.bad} if self.bad else found
