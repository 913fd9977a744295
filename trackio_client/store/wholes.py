"""Buckets that are made of whole parts, which most of what a page asks is.

While steps ascend, chunks and the rows of their overviews end where the step passes a multiple of a power of two, and
buckets are powers of two wide. Then a bucket is some rows, or some headers, whole: its lowest, highest and sum are
theirs, and where in a row they lie does not matter. That takes half the time of cells that reach over edges.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from trackio_client.store import cells
from trackio_client.store.cells import Cells, Drawn
from trackio_client.store.columns import Ints
from trackio_client.store.parts import Chunks

_BEGIN, _END = ("step", "step0"), ("last_step", "step1")  # of a row, of a header
_EXACT = 2.0**52
"""Steps up to which a bucket's number is exact without more care."""


def range_of(low: float | None, high: float | None, width: float) -> tuple[float | None, float | None]:
    """A range of steps, widened to whole buckets: those at its ends are then like any other, and can be kept."""
    if low is not None:
        low = math.floor(low / width) * width if math.isfinite(low) else None
    if high is not None:
        high = math.nextafter((math.floor(high / width) + 1) * width, -math.inf) if math.isfinite(high) else None
    return low, high


def whole_buckets(
    held: Chunks, rows_of: Callable[[Ints], npt.NDArray[np.void]], width: float, low: float | None, high: float | None
) -> Drawn | None:
    """The buckets between two steps that bucket edges are (None: no end), or None if they are not made of whole parts.

    Args:
        held: all chunks of the series; none of its points is elsewhere.
        rows_of: gives the overviews of chunks by their numbers, one behind the other.
        width: of a bucket, at least a step.
        low: the first step.
        high: the last step, or what lies between it and the next.
    """
    heads = held.heads
    wanted = np.ones(len(heads), dtype=bool)
    if low is not None:
        wanted &= heads["step1"] >= low
    if high is not None:
        wanted &= heads["step0"] <= high
    if width < 1 or not wanted.any() or not held.clean[wanted].all():
        return None
    some = heads[wanted]
    if max(-float(some["step0"].min()), float(some["step1"].max())) > _EXACT:
        return None
    if (_number(some["step0"], width) == _number(some["step1"], width)).all():
        return _drawn(some, 1, width)
    return _drawn(rows_of(some["no"]), 0, width, low, high)


def _number(steps: Ints, width: float) -> Ints:
    return steps >> (int(width).bit_length() - 1)


def _drawn(
    parts: npt.NDArray[np.void], kind: int, width: float, low: float | None = None, high: float | None = None
) -> Drawn | None:
    begin = np.ascontiguousarray(parts[_BEGIN[kind]])
    if (begin[1:] < begin[:-1]).any():
        parts = parts[np.argsort(begin, kind="stable")]
        begin = np.ascontiguousarray(parts[_BEGIN[kind]])
    end = np.ascontiguousarray(parts[_END[kind]])
    # Parts do not overlap, so both ascend; a slice copies nothing, and a row is wide.
    inside = slice(
        0 if low is None else int(np.searchsorted(end, low)),
        len(begin) if high is None else int(np.searchsorted(begin, high, side="right")),
    )
    parts, begin, end = parts[inside], begin[inside], end[inside]
    if len(parts) == 0:
        return None
    index = _number(begin, width)
    if not np.array_equal(index, _number(end, width)):
        return None
    starts = np.flatnonzero(np.append(True, index[1:] != index[:-1]))
    counts = [parts[name].astype(np.int64) for name in ("n", "nan", "posinf", "neginf")]
    # Where the extremes of a row lie is not asked: its first step stands for all of its places.
    least, most, total = (np.ascontiguousarray(parts[name]) for name in ("min", "max", "sum"))
    whole = Cells(begin, begin, end, end, least, begin, begin, most, begin, begin, total, *counts)
    return cells.drawn_of_whole(whole, end.astype(np.float64), index[starts], starts, width)
