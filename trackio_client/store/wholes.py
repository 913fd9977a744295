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
from trackio_client.store.chunks import OVERVIEW
from trackio_client.store.columns import Floats, Ints
from trackio_client.store.placed import Chunks, Placed

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
    wanted = wanted_of(held, width, low, high)
    if wanted is None:
        return None
    if are_of_one_bucket(held, wanted, width):
        return _drawn(held.heads[wanted], 1, width)
    return _drawn(rows_of(held.nos[wanted]), 0, width, low, high)


def wanted_of(
    held: Placed, width: float, low: float | None, high: float | None
) -> slice | npt.NDArray[np.bool_] | None:
    """Which chunks touch a range of steps; None where whole buckets cannot be made of them."""
    if width < 1 or not len(held.begin):
        return None
    begin, end = held.begin, held.end
    wanted: slice | npt.NDArray[np.bool_]
    if held.in_order:
        first = 0 if low is None else int(end.searchsorted(low))
        last = len(begin) if high is None else int(begin.searchsorted(high, side="right"))
        if first >= last:
            return None
        wanted = slice(first, last)
        lowest, highest = int(begin[first]), int(end[last - 1])
    else:
        wanted = np.ones(len(begin), dtype=bool)
        if low is not None:
            wanted &= end >= low
        if high is not None:
            wanted &= begin <= high
        if not wanted.any() or not held.clean[wanted].all():
            return None
        lowest, highest = int(begin[wanted].min()), int(end[wanted].max())
    return wanted if max(-lowest, highest) <= _EXACT else None


def are_of_one_bucket(held: Placed, wanted: slice | npt.NDArray[np.bool_], width: float) -> bool:
    """Whether no chunk reaches over the edge of a bucket: then their headers are enough."""
    if isinstance(wanted, slice):  # the first one alone mostly tells, and is found much sooner
        shift = int(width).bit_length() - 1
        if int(held.begin[wanted.start]) >> shift != int(held.end[wanted.start]) >> shift:
            return False
    return bool((_number(held.begin[wanted], width) == _number(held.end[wanted], width)).all())


def many_whole_buckets(
    parts: Sequence[Sequence[bytes]], width: float, low: float | None, high: float | None
) -> list[Drawn | None]:
    """As `whole_buckets`, of many series at once: a call of numpy costs as much for one series as for all of them.

    Args:
        parts: of each series the overviews of the chunks that touch the range, as they are stored.
        width: of a bucket, at least a step.
        low: the first step.
        high: the last step, or what lies between it and the next.
    """
    words = np.frombuffer(b"".join(itertools.chain.from_iterable(parts)), dtype="<i8").reshape(-1, _WORDS)
    of = np.repeat(np.arange(len(parts)), [sum(map(len, part)) // OVERVIEW.itemsize for part in parts])
    begin, end = words[:, _AT["step"]].copy(), words[:, _AT["last_step"]].copy()
    inside = (end >= (_LOWEST if low is None else low)) & (begin <= (_HIGHEST if high is None else high))
    if not inside.all():
        words, of, begin, end = words[inside], of[inside], begin[inside], end[inside]
    if len(words) == 0:
        return [None] * len(parts)
    index = _number(begin, width)
    wrong = index != _number(end, width)
    wrong[1:] |= (of[1:] == of[:-1]) & (begin[1:] < begin[:-1])
    starts = np.flatnonzero(np.append(True, (index[1:] != index[:-1]) | (of[1:] != of[:-1])))
    drawn = cells.drawn_of_whole(_of_words(words, begin, end), end.astype(np.float64), index[starts], starts, width)
    edges = np.searchsorted(of[starts], np.arange(len(parts) + 1))
    bad = set(of[wrong].tolist())
    return [
        None if no in bad or first == last else drawn.part(int(first), int(last))
        for no, (first, last) in enumerate(itertools.pairwise(edges))
    ]


def many_of_points(parts: Sequence[Sequence[tuple[Ints, Floats]]], width: float) -> list[Drawn | None]:
    """The same of points, where buckets are narrower than rows: of each series the steps and values of its chunks."""
    steps = np.concatenate([some for part in parts for some, _ in part])
    values = np.concatenate([some for part in parts for _, some in part])
    ends = np.cumsum([sum(len(some) for some, _ in part) for part in parts])
    if len(steps) == 0:
        return [None] * len(parts)
    index = _number(steps, width)
    begins = np.empty(len(steps), dtype=bool)
    begins[0] = True
    np.not_equal(index[1:], index[:-1], out=begins[1:])
    begins[ends[:-1][ends[:-1] < len(steps)]] = True
    starts = np.flatnonzero(begins)
    drawn = cells.drawn_of_whole(
        cells.of_points(steps, steps, values), steps.astype(np.float64), index[starts], starts, width
    )
    edges = np.searchsorted(starts, np.append(0, ends)).tolist()
    return [None if first == last else drawn.part(first, last) for first, last in itertools.pairwise(edges)]


_LOWEST, _HIGHEST = -(2**63), 2**63 - 1
_WORDS = OVERVIEW.itemsize // 8
_AT = {name: int(place[1]) // 8 for name, place in (OVERVIEW.fields or {}).items()}
"""The word of a row that a field begins in. As words, a column is one walk over the rows; by fields it is several."""


def _of_words(words: Ints, begin: Ints, end: Ints) -> Cells:
    least, most, total = (words[:, _AT[name]].copy().view(np.float64) for name in ("min", "max", "sum"))
    counts = words[:, _AT["n"]].copy()  # four counts of 16 bits
    n = counts & 0xFFFF
    if (counts == n).all():
        nan = posinf = neginf = np.zeros(len(n), dtype=np.int64)
    else:
        nan, posinf, neginf = ((counts >> at) & 0xFFFF for at in (16, 32, 48))
    # Where the extremes of a row lie is not asked: its first step stands for all of its places.
    return Cells(begin, begin, end, end, least, begin, begin, most, begin, begin, total, n, nan, posinf, neginf)


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
