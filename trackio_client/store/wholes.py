"""Buckets that are made of whole parts, which most of what a page asks is.

While steps ascend, chunks and the rows of their overviews end where the step passes a multiple of a power of two, and
buckets are powers of two wide. Then a bucket is some rows, or some headers, whole: its lowest, highest and sum are
theirs, and where in a row they lie does not matter. That takes half the time of cells that reach over edges.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

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
    some = wanted_of(held, width, low, high)
    if some is None:
        return None
    if (_number(some["step0"], width) == _number(some["step1"], width)).all():
        return _drawn(some, 1, width)
    return _drawn(rows_of(some["no"]), 0, width, low, high)


def wanted_of(held: Chunks, width: float, low: float | None, high: float | None) -> npt.NDArray[np.void] | None:
    """The headers of the chunks that touch a range of steps; None where whole buckets cannot be made of them."""
    heads = held.heads
    wanted = np.ones(len(heads), dtype=bool)
    if low is not None:
        wanted &= heads["step1"] >= low
    if high is not None:
        wanted &= heads["step0"] <= high
    if width < 1 or not wanted.any() or not held.clean[wanted].all():
        return None
    some: npt.NDArray[np.void] = heads[wanted]
    if max(-float(some["step0"].min()), float(some["step1"].max())) > _EXACT:
        return None
    return some


def many_whole_buckets(
    parts: Sequence[npt.NDArray[np.void]], width: float, low: float | None, high: float | None
) -> list[Drawn | None]:
    """As `whole_buckets`, of many series at once: a call of numpy costs as much for one series as for all of them.

    Args:
        parts: the overviews of the chunks of each series that touch the range, one behind the other.
        width: of a bucket, at least a step.
        low: the first step.
        high: the last step, or what lies between it and the next.
    """
    rows = np.concatenate(parts)
    of = np.repeat(np.arange(len(parts)), [len(each) for each in parts])
    begin, end = np.ascontiguousarray(rows["step"]), np.ascontiguousarray(rows["last_step"])
    inside = (end >= (_LOWEST if low is None else low)) & (begin <= (_HIGHEST if high is None else high))
    if not inside.all():
        rows, of, begin, end = rows[inside], of[inside], begin[inside], end[inside]
    if len(rows) == 0:
        return [None] * len(parts)
    index = _number(begin, width)
    wrong = index != _number(end, width)
    wrong[1:] |= (of[1:] == of[:-1]) & (begin[1:] < begin[:-1])
    starts = np.flatnonzero(np.append(True, (index[1:] != index[:-1]) | (of[1:] != of[:-1])))
    drawn = cells.drawn_of_whole(_cells(rows, begin, end), end.astype(np.float64), index[starts], starts, width)
    edges = np.searchsorted(of[starts], np.arange(len(parts) + 1))
    bad = set(of[wrong].tolist())
    return [
        None if no in bad or first == last else drawn.part(int(first), int(last))
        for no, (first, last) in enumerate(itertools.pairwise(edges))
    ]


_LOWEST, _HIGHEST = -(2**63), 2**63 - 1


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
    return cells.drawn_of_whole(_cells(parts, begin, end), end.astype(np.float64), index[starts], starts, width)


def _cells(parts: npt.NDArray[np.void], begin: Ints, end: Ints) -> Cells:
    counts = [parts[name].astype(np.int64) for name in ("n", "nan", "posinf", "neginf")]
    # Where the extremes of a row lie is not asked: its first step stands for all of its places.
    least, most, total = (np.ascontiguousarray(parts[name]) for name in ("min", "max", "sum"))
    return Cells(begin, begin, end, end, least, begin, begin, most, begin, begin, total, *counts)
