"""Chunks: up to 4,096 consecutive points of one series and one writer, as columns.

Each column is delta-coded (steps, times, seqs), split into byte planes, and each plane is compressed with zlib-1 if a
sample of it shrinks; the noise in the low bytes of a double does not, and trying costs more than it saves. A column of
constant steps (the usual case for steps and seqs) is two numbers. Measured: 9 to 11 bytes a point all in all.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trackio_client.store.columns import Floats, Ints

CHUNK_POINTS = 4096
GROUP = 64
"""Points in one row of an overview."""

OVERVIEW = np.dtype(
    [
        ("step", "<i8"),  # of the first point
        ("us", "<i8"),
        ("min", "<f8"),  # of the finite values; NaN when there is none
        ("min_step", "<i8"),
        ("min_us", "<i8"),
        ("max", "<f8"),
        ("max_step", "<i8"),
        ("max_us", "<i8"),
        ("sum", "<f8"),
        ("n", "u1"),
        ("nan", "u1"),
        ("posinf", "u1"),
        ("neginf", "u1"),
    ]
)

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


def encode(columns: Columns) -> bytes:
    """The bytes of a chunk of n ≥ 1 points."""
    return b"".join(
        (
            struct.pack("<I", len(columns.steps)),
            _integers(columns.steps),
            _integers(columns.seqs),
            _integers(columns.times_us),
            _floats(columns.values),
        )
    )


def decode(data: bytes, *, times: bool = True, seqs: bool = True) -> Columns:
    """The points of a chunk. Columns that are not wanted come back empty."""
    (n,) = struct.unpack_from("<I", data)
    steps, at = _read(data, 4, n, delta=True)
    seq, at = _read(data, at, n, delta=True, skip=not seqs)
    us, at = _read(data, at, n, delta=True, skip=not times)
    values, _ = _read(data, at, n, delta=False)
    return Columns(steps, values.view("<f8"), us, seq)


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


def _read(data: bytes, at: int, n: int, *, delta: bool, skip: bool = False) -> tuple[npt.NDArray[np.int64], int]:
    kind, mask, _spare, size, first, step = _COLUMN.unpack_from(data, at)
    start, end = at + _COLUMN.size, at + _COLUMN.size + size
    if skip:
        return np.empty(0, dtype=np.int64), end
    if kind == _CONSTANT:
        if step == 0:
            return np.full(n, first, dtype=np.int64), end
        with np.errstate(over="ignore"):
            return np.int64(first) + np.int64(step) * np.arange(n, dtype=np.int64), end
    count = n - 1 if delta else n
    (packed,) = struct.unpack_from("<I", data, start)
    soft = zlib.decompress(data[start + 4 : start + 4 + packed])
    raw = memoryview(data)[start + 4 + packed : end]
    planes = np.empty((8, count), dtype="u1")
    soft_at = raw_at = 0
    for index in range(8):
        if mask >> index & 1:
            planes[index] = np.frombuffer(raw, "u1", count, raw_at)
            raw_at += count
        else:
            planes[index] = np.frombuffer(soft, "u1", count, soft_at)
            soft_at += count
    words = np.ascontiguousarray(planes.T).view("<u8").reshape(count)
    if not delta:
        return words.view("<i8"), end
    column = np.empty(n, dtype=np.int64)
    column[0] = first
    column[1:] = (words >> np.uint64(1)).view("<i8") ^ -(words & np.uint64(1)).view("<i8")
    return np.cumsum(column, out=column), end


@dataclass(frozen=True, slots=True)
class Header:
    """What lists and charts need of a chunk without decoding it; field for field the columns of table `chunk`."""

    n: int
    seq0: int
    seq1: int
    step0: int
    step1: int
    ascending: bool  # steps strictly increase
    us0: int
    us1: int
    min: float | None
    min_step: int | None
    max: float | None
    max_step: int | None
    sum: float
    nan: int
    posinf: int
    neginf: int


def header(c: Columns, rows: npt.NDArray[np.void]) -> Header:
    """The header of a chunk of n ≥ 1 points, `rows` being its overview."""
    some = ~np.isnan(rows["min"])
    low = rows[some][np.argmin(rows["min"][some])] if some.any() else None
    high = rows[some][np.argmax(rows["max"][some])] if some.any() else None
    return Header(
        n=len(c.steps),
        seq0=int(c.seqs.min()),
        seq1=int(c.seqs.max()),
        step0=int(c.steps.min()),
        step1=int(c.steps.max()),
        ascending=bool((c.steps[1:] > c.steps[:-1]).all()),
        us0=int(c.times_us.min()),
        us1=int(c.times_us.max()),
        min=None if low is None else float(low["min"]),
        min_step=None if low is None else int(low["min_step"]),
        max=None if high is None else float(high["max"]),
        max_step=None if high is None else int(high["max_step"]),
        sum=float(rows["sum"].sum()),
        nan=int(rows["nan"].sum()),
        posinf=int(rows["posinf"].sum()),
        neginf=int(rows["neginf"].sum()),
    )


def overview(c: Columns) -> npt.NDArray[np.void]:
    """(ceil(n / 64),) rows of OVERVIEW."""
    n = len(c.steps)
    starts = np.arange(0, n, GROUP)
    rows = np.zeros(len(starts), dtype=OVERVIEW)
    rows["step"], rows["us"] = c.steps[starts], c.times_us[starts]
    rows["n"] = np.diff(np.append(starts, n))
    finite = np.isfinite(c.values)
    pad = len(starts) * GROUP - n
    grid = np.pad(c.values, (0, pad), constant_values=np.nan).reshape(-1, GROUP)
    good = np.pad(finite, (0, pad)).reshape(-1, GROUP)
    low, high = np.where(good, grid, np.inf), np.where(good, grid, -np.inf)
    at_low = starts + low.argmin(axis=1)
    at_high = starts + high.argmax(axis=1)
    some = good.any(axis=1)
    rows["min"] = np.where(some, low.min(axis=1), np.nan)
    rows["max"] = np.where(some, high.max(axis=1), np.nan)
    rows["min_step"], rows["min_us"] = c.steps[at_low], c.times_us[at_low]
    rows["max_step"], rows["max_us"] = c.steps[at_high], c.times_us[at_high]
    with np.errstate(over="ignore", invalid="ignore"):
        rows["sum"] = np.where(good, grid, 0.0).sum(axis=1)
    if not finite.all():
        rows["nan"] = np.add.reduceat(np.isnan(c.values).astype(np.int64), starts)
        rows["posinf"] = np.add.reduceat(np.isposinf(c.values).astype(np.int64), starts)
        rows["neginf"] = np.add.reduceat(np.isneginf(c.values).astype(np.int64), starts)
    return rows
