"""Sketches: of a chunk's rows the lowest, highest and mean alone, which charts of many long series are drawn from.

A chart needs no more of a row, and an overview's is eight times as wide; so a sketch has rows of 16 points, too, and a
zoom deep into a hundred series reads a tenth of the bytes and decodes no chunk. Only chunks of regular steps and finite
values have one: then where a row begins and how many points it has follows from the chunk's header. All others are
drawn from their overviews and points.

A row is three floats, of 4 bytes unless these would lose 4 significant figures of the chunk's range, then of 8.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from trackio_client.store.cells import Drawn, needs_double
from trackio_client.store.chunks import Columns, span
from trackio_client.store.columns import Floats, Ints

LEVELS: Final = (512, 64, 16)
"""Points in a row, about: as of chunks.span, the power of two of steps that so many of them cover at most."""
_FARTHEST: Final = 2**52
"""Steps up to which a float tells each."""
_VALUES: Final = 3


def sketches_of(c: Columns) -> list[tuple[int, bytes]]:
    """(level, rows) of a chunk of n ≥ 1 points, for each of LEVELS; empty where a chunk has none."""
    if not _is_regular(c.steps) or not np.isfinite(c.values).all():
        return []
    low = high = total = c.values
    at, edges = c.steps, np.arange(len(c.steps) + 1)
    found = []
    for level in sorted(LEVELS):  # each is made of the finer one's rows
        of = at >> (span(c.steps, level).bit_length() - 1)
        starts = np.flatnonzero(np.append(True, of[1:] != of[:-1]))
        if len(starts) != int(of[-1]) - int(of[0]) + 1:
            return []  # a row without a point
        at, edges = at[starts], edges[np.append(starts, len(of))]
        low, high = np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.add.reduceat(total, starts)
        if not np.isfinite(total).all():
            return []
        rows = np.stack([low, high, np.clip(total / np.diff(edges), low, high)])
        with np.errstate(over="ignore"):
            single = rows.astype("<f4")
        kind = "<f8" if needs_double(low, high) and not np.array_equal(single, rows) else "<f4"
        found.append((level, np.ascontiguousarray(rows.T, dtype=kind).tobytes()))
    return found


@dataclass(frozen=True, slots=True)
class Sketched:
    """Sketches of consecutive chunks of one series, and what their headers say: arrays are (chunks,)."""

    rows: list[bytes]
    begin: Ints
    end: Ints
    n: Ints
    between: tuple[float | None, float | None]
    """The first and last step to be drawn, which bucket edges are (None: no end)."""

    @property
    def size(self) -> int:
        return sum(map(len, self.rows))


def many_of_sketches(parts: Sequence[Sketched], level: int, width: float) -> list[Drawn | None]:
    """The buckets of many series, whose chunks are in order.

    Args:
        parts: of each series the chunks that touch the range.
        level: of their rows.
        width: of a bucket, a power of two that no row is wider than.
    """
    begin, end, n = (np.concatenate([getattr(part, name) for part in parts]) for name in ("begin", "end", "n"))
    stride = np.maximum(1, (end - begin) // np.maximum(1, n - 1))
    shift = np.frexp(level * stride.astype(np.float64))[1].astype(np.int64) - 1
    number = begin >> shift
    counts = (end >> shift) - number + 1
    values = _values([data for part in parts for data in part.rows], counts)
    above = np.cumsum(counts) - counts
    # Of each row: the chunk's columns are said again for it, where they are not the same for all.
    start = (np.arange(len(values)) + np.repeat(number - above, counts)) << _each(shift, counts)
    first = np.maximum(start, np.repeat(begin, counts))
    last = np.minimum(start + ((1 << _each(shift, counts)) - 1), np.repeat(end, counts))
    if (stride > 1).any():  # from the edges of rows to the points next to them
        by, origin = np.repeat(stride, counts), np.repeat(begin, counts)
        first, last = origin - (origin - first) // by * by, origin + (last - origin) // by * by
        points = (last - first) // by + 1
    else:
        points = last - first + 1
    of = np.repeat(np.arange(len(parts)), _sums(counts, [len(part.rows) for part in parts]))
    lows, highs = (np.array(ends, dtype=float) for ends in zip(*(part.between for part in parts), strict=True))
    if not (np.isnan(lows).all() and np.isnan(highs).all()):  # NaN: no end
        inside = ~((last < _of_rows(lows, of)) | (first > _of_rows(highs, of)))
        values, last, points, of = values[inside], last[inside], points[inside], of[inside]
    if len(values) == 0:
        return [None] * len(parts)
    index = last >> (int(width).bit_length() - 1)
    starts = np.flatnonzero(np.append(True, (index[1:] != index[:-1]) | (of[1:] != of[:-1])))
    ends = np.append(starts[1:], len(values)) - 1
    least = np.minimum.reduceat(values[:, 0], starts).astype(np.float64)
    most = np.maximum.reduceat(values[:, 1], starts).astype(np.float64)
    whole = np.add.reduceat(points, starts)
    mean = np.clip(np.add.reduceat(values[:, 2] * points, starts) / whole, least, most)
    zeros = np.zeros(len(starts), dtype=np.int64)
    x = last[ends].astype(np.float64)
    drawn = Drawn(width, index[starts], x, least, most, mean, zeros, zeros, zeros, whole)
    edges = np.searchsorted(of[starts], np.arange(len(parts) + 1)).tolist()
    return [None if a == b else drawn.part(a, b) for a, b in itertools.pairwise(edges)]


def _values(rows: list[bytes], counts: Ints) -> npt.NDArray[np.floating]:
    """(all rows, 3): lowest, highest, mean."""
    singles = 4 * _VALUES * counts
    if sum(map(len, rows)) == int(singles.sum()):
        return np.frombuffer(b"".join(rows), dtype="<f4").reshape(-1, _VALUES)
    kinds = ("<f4" if len(data) == size else "<f8" for data, size in zip(rows, singles.tolist(), strict=True))
    parts = (np.frombuffer(data, dtype=kind).astype(np.float64) for data, kind in zip(rows, kinds, strict=True))
    return np.concatenate(list(parts)).reshape(-1, _VALUES)


def _each(column: Ints, counts: Ints) -> Ints | np.int64:
    """A chunk's number for each of its rows; one for all where all have the same."""
    return column[0] if (column == column[0]).all() else np.repeat(column, counts)


def _of_rows(column: Floats, of: Ints) -> Floats | np.float64:
    """A series' number for each of its rows; one for all where all have the same."""
    return column[0] if np.array_equal(column, np.full_like(column, column[0]), equal_nan=True) else column[of]


def _sums(counts: Ints, lengths: list[int]) -> Ints:
    """The sums of as many counts each as `lengths` say."""
    edges = np.append(0, np.cumsum(counts))[np.append(0, np.cumsum(lengths))]
    sums: Ints = np.diff(edges)
    return sums


def _is_regular(steps: Ints) -> bool:
    """Whether each point is as many steps behind the one before it."""
    if max(-int(steps[0]), int(steps[-1])) > _FARTHEST:
        return False
    deltas = np.diff(steps)
    return len(deltas) == 0 or bool(deltas[0] > 0 and (deltas == deltas[0]).all())
