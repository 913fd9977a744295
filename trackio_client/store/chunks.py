"""Chunks: up to 4,096 consecutive points of one series and one writer, as columns, with an overview and a header.

Each column is delta-coded (steps, times, seqs, positions), split into byte planes, and each plane is compressed with
zlib-1 if a sample of it shrinks; the noise in the low bytes of a double does not, and trying costs more than it saves.
A column of constant steps (the usual case for steps and seqs) is two numbers. Measured: 9 to 11 bytes a point in all.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trackio_client.store.columns import Floats, Ints

CHUNK_POINTS = 4096
GROUP = 64
"""Points in one row of an overview, about."""
OUTLINE_GROUP = 512
"""Likewise of an outline: of a long series a page reads an eighth."""

OVERVIEW = np.dtype(
    [
        ("step", "<i8"),  # of the first point
        ("us", "<i8"),
        ("last_step", "<i8"),
        ("last_us", "<i8"),
        ("min", "<f8"),  # of the finite values; NaN when there is none
        ("min_step", "<i8"),
        ("min_us", "<i8"),
        ("max", "<f8"),
        ("max_step", "<i8"),
        ("max_us", "<i8"),
        ("sum", "<f8"),
        ("n", "<u2"),
        ("nan", "<u2"),
        ("posinf", "<u2"),
        ("neginf", "<u2"),
    ]
)
"""A row for consecutive points. While steps ascend, rows end where the step passes a multiple of `span`, a power of
two, so that a bucket of a page, whose width is a power of two as well, is made of whole rows."""

_CONSTANT, _PLANES = 0, 1
_COLUMN = struct.Struct("<BBBxIqq")  # kind, planes that are raw (bit mask low), spare, bytes, first, constant delta
SAMPLE = 1024


@dataclass(frozen=True, slots=True)
class Columns:
    """Points in order of arrival; each array is (n,)."""

    steps: Ints
    values: Floats
    times_us: Ints
    seqs: Ints
    positions: Ints
    """The store's position when each point came."""

    def window(self, start: int, end: int) -> Columns:
        return Columns(*(getattr(self, name)[start:end] for name in self.__slots__))


def encode(c: Columns, axes: bytes | None = None) -> bytes:
    """The bytes of a chunk of n ≥ 1 points; `axes` is `encode_axes` of them when the caller has it already."""
    return (encode_axes(c) if axes is None else axes) + _floats(c.values)


def encode_axes(c: Columns) -> bytes:
    """All of a chunk's bytes but the values: metrics that were logged together share them."""
    columns = (c.steps, c.seqs, c.times_us, c.positions)
    return b"".join((struct.pack("<I", len(c.steps)), *map(_integers, columns)))


def decode(data: bytes, *, times: bool = True, order: bool = True) -> Columns:
    """The points of a chunk. Times, and seqs and positions (the order), come back empty where they are not wanted."""
    (n,) = struct.unpack_from("<I", data)
    steps, at = _read(data, 4, n, delta=True)
    seqs, at = _read(data, at, n, delta=True, skip=not order)
    times_us, at = _read(data, at, n, delta=True, skip=not times)
    positions, at = _read(data, at, n, delta=True, skip=not order)
    values, _ = _read(data, at, n, delta=False)
    return Columns(steps, values.view("<f8"), times_us, seqs, positions)


def window(data: bytes, first: int, last: int) -> tuple[Ints, Floats]:
    """Steps and values of the points from one step to another, of a chunk whose steps ascend.

    What a page asks of a deep zoom: of each chunk at its ends it needs a part, and of none the times.
    """
    (n,) = struct.unpack_from("<I", data)
    kind, _, _, _, begin, stride = _COLUMN.unpack_from(data, 4)
    if kind == _CONSTANT and stride > 0:
        start, stop = max(0, -((begin - first) // stride)), min(n, (last - begin) // stride + 1)
        steps = begin + stride * np.arange(start, max(start, stop), dtype=np.int64)
    else:
        steps, _ = _read(data, 4, n, delta=True)
        start, stop = int(np.searchsorted(steps, first)), int(np.searchsorted(steps, last, side="right"))
        steps = steps[start:stop]
    at = 4
    for _ in range(4):
        at += _COLUMN.size + _COLUMN.unpack_from(data, at)[3]
    values, _ = _read(data, at, n, delta=False, part=slice(start, max(start, stop)))
    return steps, values.view("<f8")


def _integers(column: Ints) -> bytes:
    column = np.ascontiguousarray(column, dtype="<i8")
    deltas = np.diff(column)
    first = int(column[0])
    if len(deltas) == 0 or (deltas == deltas[0]).all():
        step = int(deltas[0]) if len(deltas) else 0
        return _COLUMN.pack(_CONSTANT, 0, 0, 0, first, step)
    # zigzag: small deltas of either sign have zero high bytes
    zigzag = ((deltas << 1) ^ (deltas >> 63)).view("<u8")
    mask, body = _planes(zigzag)
    return _COLUMN.pack(_PLANES, mask, 0, len(body), first, 0) + body


def _floats(column: Floats) -> bytes:
    bits = np.ascontiguousarray(column, dtype="<f8").view("<u8")
    if (bits == bits[0]).all():
        return _COLUMN.pack(_CONSTANT, 0, 0, 0, int(bits[0].view("<i8")), 0)
    mask, body = _planes(bits)
    return _COLUMN.pack(_PLANES, mask, 0, len(body), 0, 0) + body


def _planes(words: npt.NDArray[np.uint64]) -> tuple[int, bytes]:
    """The byte planes of 64-bit words: first those that shrink, joined and compressed, then the raw ones."""
    planes = np.ascontiguousarray(words.view("u1").reshape(-1, 8).T)
    mask, soft, raw = 0, [], []
    for index in range(8):
        plane = planes[index].tobytes()
        sample = plane[:SAMPLE]
        if len(plane) > 64 and len(zlib.compress(sample, 1)) > 0.9 * len(sample):
            mask |= 1 << index
            raw.append(plane)
        else:
            soft.append(plane)
    packed = zlib.compress(b"".join(soft), 1)
    return mask, struct.pack("<I", len(packed)) + packed + b"".join(raw)


def _read(
    data: bytes, at: int, n: int, *, delta: bool, skip: bool = False, part: slice | None = None
) -> tuple[npt.NDArray[np.int64], int]:
    """A column of n words and where the next begins; of one that is not of deltas, a part may be enough."""
    kind, mask, _spare, size, first, step = _COLUMN.unpack_from(data, at)
    start, end = at + _COLUMN.size, at + _COLUMN.size + size
    if skip:
        return np.empty(0, dtype=np.int64), end
    if kind == _CONSTANT:
        wanted = n if part is None else part.stop - part.start
        if step == 0:
            return np.full(wanted, first, dtype=np.int64), end
        with np.errstate(over="ignore"):
            return np.int64(first) + np.int64(step) * np.arange(wanted, dtype=np.int64), end
    count = n - 1 if delta else n
    some = part or slice(0, count)
    (packed,) = struct.unpack_from("<I", data, start)
    soft = zlib.decompress(memoryview(data)[start + 4 : start + 4 + packed])
    soft_at, raw_at = some.start, start + 4 + packed + some.start
    wanted = some.stop - some.start
    octets = np.empty((wanted, 8), dtype="u1")  # column by column is quicker than planes that are turned afterwards
    for index in range(8):
        if mask >> index & 1:
            octets[:, index] = np.frombuffer(data, "u1", wanted, raw_at)
            raw_at += count
        else:
            octets[:, index] = np.frombuffer(soft, "u1", wanted, soft_at)
            soft_at += count
    words = octets.view("<u8").reshape(wanted)
    if not delta:
        return words.view("<i8"), end
    column = np.empty(n, dtype=np.int64)
    column[0] = first
    column[1:] = (words >> np.uint64(1)).view("<i8") ^ -(words & np.uint64(1)).view("<i8")
    return np.cumsum(column, out=column), end


def span(steps: Ints, points: int) -> int:
    """The power of two of steps that about `points` of these ascending steps cover, never more of them on average."""
    if len(steps) < 2:
        return points
    stride = max(1, (int(steps[-1]) - int(steps[0])) // (len(steps) - 1))
    return int(1 << min(62, (points * stride).bit_length() - 1))  # what an int64 holds


class Header(NamedTuple):
    """What lists and charts need of a chunk without decoding it; field for field the columns of table `chunk`."""

    n: int
    position: int
    """The newest of its points."""
    closed: bool
    """It ends at a multiple of its span: nothing is merged onto it."""
    seq0: int
    seq1: int
    step0: int
    step1: int
    ascending: bool
    """Steps strictly increase."""
    us0: int
    us1: int
    timely: bool
    """Times never go back."""
    min: float | None
    min_step: int | None
    min_us: int | None
    max: float | None
    max_step: int | None
    max_us: int | None
    sum: float
    nan: int
    posinf: int
    neginf: int


def header(c: Columns, rows: npt.NDArray[np.void], *, closed: bool) -> Header:
    """The header of a chunk of n ≥ 1 points, `rows` being its overview."""
    some = rows[~np.isnan(rows["min"])]
    low = some[np.argmin(some["min"])] if len(some) else None
    high = some[np.argmax(some["max"])] if len(some) else None
    with np.errstate(over="ignore", invalid="ignore"):
        total = float(rows["sum"].sum())
    return Header(
        n=len(c.steps),
        position=int(c.positions.max()),
        closed=closed,
        seq0=int(c.seqs.min()),
        seq1=int(c.seqs.max()),
        step0=int(c.steps.min()),
        step1=int(c.steps.max()),
        ascending=_ascends(c.steps),
        us0=int(c.times_us.min()),
        us1=int(c.times_us.max()),
        timely=bool((c.times_us[1:] >= c.times_us[:-1]).all()),
        min=None if low is None else float(low["min"]),
        min_step=None if low is None else int(low["min_step"]),
        min_us=None if low is None else int(low["min_us"]),
        max=None if high is None else float(high["max"]),
        max_step=None if high is None else int(high["max_step"]),
        max_us=None if high is None else int(high["max_us"]),
        # SQLite would turn the NaN of an overflown sum (inf − inf) into NULL.
        sum=0.0 if np.isnan(total) else total,
        nan=int(rows["nan"].sum()),
        posinf=int(rows["posinf"].sum()),
        neginf=int(rows["neginf"].sum()),
    )


def _ascends(steps: Ints) -> bool:
    return bool((steps[1:] > steps[:-1]).all())


def cuts(steps: Ints, points: int) -> Ints:
    """Where to begin a new part of about `points` points, 0 first: at multiples of `span` while steps ascend."""
    if not _ascends(steps):
        return np.arange(0, len(steps), points)
    of = steps // span(steps, points)
    starts = np.append(0, np.flatnonzero(of[1:] != of[:-1]) + 1)
    sizes = np.diff(np.append(starts, len(steps)))
    if (sizes > points).any():  # a burst of steps among wide gaps
        starts = np.concatenate([np.arange(a, a + n, points) for a, n in zip(starts, sizes, strict=True)])
    return starts


def ends_span(steps: Ints) -> bool:
    """Whether the next step, if it comes as regularly as these, begins another chunk."""
    if len(steps) < 2 or not _ascends(steps):
        return False
    whole, stride = span(steps, CHUNK_POINTS), (int(steps[-1]) - int(steps[0])) // (len(steps) - 1)
    return (int(steps[-1]) + stride) // whole != int(steps[-1]) // whole


def overview(c: Columns, points: int = GROUP) -> npt.NDArray[np.void]:
    """Rows of OVERVIEW for all points, in order, each of about so many."""
    starts = cuts(c.steps, points)
    ends = np.append(starts[1:], len(c.steps)) - 1
    counts = ends - starts + 1
    rows = np.zeros(len(starts), dtype=OVERVIEW)
    rows["step"], rows["us"] = c.steps[starts], c.times_us[starts]
    rows["last_step"], rows["last_us"] = c.steps[ends], c.times_us[ends]
    rows["n"] = counts
    finite = np.isfinite(c.values)
    of = np.repeat(np.arange(len(starts)), counts)
    for name, extreme, fill in (("min", np.minimum, np.inf), ("max", np.maximum, -np.inf)):
        filled = np.where(finite, c.values, fill)
        best = extreme.reduceat(filled, starts)
        hits = np.flatnonzero((filled == best[of]) & finite)
        some, first = np.unique(of[hits], return_index=True)
        rows[name] = np.nan
        rows[name][some] = best[some]
        rows[f"{name}_step"], rows[f"{name}_us"] = rows["step"], rows["us"]
        rows[f"{name}_step"][some] = c.steps[hits[first]]
        rows[f"{name}_us"][some] = c.times_us[hits[first]]
    with np.errstate(over="ignore", invalid="ignore"):
        rows["sum"] = np.add.reduceat(np.where(finite, c.values, 0.0), starts)
    if not finite.all():
        rows["nan"] = np.add.reduceat(np.isnan(c.values).astype(np.int64), starts)
        rows["posinf"] = np.add.reduceat(np.isposinf(c.values).astype(np.int64), starts)
        rows["neginf"] = np.add.reduceat(np.isneginf(c.values).astype(np.int64), starts)
    return rows
