"""Sets of seqs as half-open ranges (wire.batches.Ranges): what two have in common, and what one has beside another."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from trackio_client.store.columns import Ints
from trackio_client.wire.batches import Hole, Ranges, ranges


def common(one: Ranges, other: Ranges) -> Ranges:
    """What is in both."""
    found, a, b = list[tuple[int, int]](), 0, 0
    while a < len(one) and b < len(other):
        low, high = max(one[a][0], other[b][0]), min(one[a][1], other[b][1])
        if low < high:
            found.append((low, high))
        if one[a][1] < other[b][1]:
            a += 1
        else:
            b += 1
    return tuple(found)


def minus(one: Ranges, other: Ranges) -> Ranges:
    """What is in the first and not in the second."""
    if not other or not one:
        return one
    found, b = list[tuple[int, int]](), 0
    for low, high in one:
        while b < len(other) and other[b][1] <= low:
            b += 1
        at = b
        while at < len(other) and other[at][0] < high:
            if low < other[at][0]:
                found.append((low, other[at][0]))
            low = max(low, other[at][1])
            at += 1
        if low < high:
            found.append((low, high))
    return tuple(found)


def covers(one: Ranges, other: Ranges) -> bool:
    """Whether all of the second is in the first."""
    return one == other or not minus(other, one)


def of_holes(holes: Iterable[Hole]) -> Ranges:
    """The seqs of holes."""
    return ranges((hole.first_seq, hole.end_seq) for hole in holes)


def inside(seqs: Ints, held: Ranges) -> npt.NDArray[np.bool_]:
    """(n,) Which of these seqs are in the ranges."""
    edges = np.array([edge for pair in held for edge in pair], dtype=np.int64)
    odd: npt.NDArray[np.bool_] = np.searchsorted(edges, seqs, side="right") % 2 == 1
    return odd
