"""Points as Parquet, bit by bit.

Points lie in the order of the log: by seq, the metrics of one call side by side. Then seq, step and time repeat within
a call and cost next to nothing. Measured (`python -m benchmarks.hub_tables --encodings`: 1 M values, 10 metrics a call,
noise in every digit, times with a jitter of microseconds; bytes a value, of float64 and of float32 made float64):

    order      encoding                                              float64   float32   write 1 M   read 1 M
    by call    seq, step: delta; time, value: bytes split; zstd-3       7.06      3.54      0.08 s     0.1 s
    by call    the same, zstd-1                                         7.04      3.70      0.08 s     0.1 s
    by call    the same, zstd-9                                         7.02      3.47      0.16 s     0.1 s
    by call    no encoding, zstd-3                                      8.26      4.43      0.08 s     0.1 s
    by call    a dictionary for all (pyarrow's default), zstd-3         9.75      5.98      0.15 s     0.1 s
    by series  seq, step: delta; time, value: bytes split; zstd-3       9.26      5.73      0.08 s     0.1 s
    by series  a dictionary for all, zstd-3                            16.66     12.88      0.25 s     0.1 s

Pages of 128 KiB or row groups of 64k rows add 1 to 2%. What is left of 7.06 is the noise of the values: 6.65. Putting
points in order and counting what must be exact makes 0.19 s of a write, sorting them by series 0.06 s of a read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trackio_client.hub.files.parquet import (
    ROW_GROUP,
    Source,
    TableWriter,
    Windows,
    codes_of,
    groups_of,
    opened,
    packed,
    ranges_json,
    spans_of,
    unpacked,
    whose,
)
from trackio_client.store.columns import Ints
from trackio_client.store.holdings import PointRows
from trackio_client.store.spans import inside

METRICS = pa.schema(
    [
        ("experiment_id", pa.string()),
        ("writer_id", pa.string()),
        ("seq", pa.int64()),
        ("metric", pa.string()),
        ("step", pa.int64()),
        ("time_s", pa.float64()),
        ("value", pa.float64()),
    ]
)
_CODES = ["experiment_id", "writer_id", "metric"]
_CODED = pa.schema([(f.name, pa.dictionary(pa.int32(), f.type) if f.name in _CODES else f.type) for f in METRICS])
"""METRICS as it is in memory; in the file both are the same."""
_DELTA, _SPLIT = "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"
_GROUP_ROWS = 4 * ROW_GROUP
"""Rows of one writer that are put in order at once: they are held meanwhile, 32 bytes each."""
_PIECE = ROW_GROUP // 4


def write_metrics(into: Path | BinaryIO, parts: Iterable[PointRows], *, held: Windows | None = None) -> int:
    """Write points as one file and return how many. Equal input makes equal bytes.

    Args:
        into: a path, or a buffer, which stays open.
        parts: in any order. A generator is taken as it comes, with some 250 MB held at most: it should bring what is
            of one writer together, and of one experiment, so that the file is small and a reader can skip much of it.
        held: what the file says it holds of each writer; by default from the first to the last seq of its rows.
    """
    writer = TableWriter(
        into,
        _CODED,
        "metrics",
        dictionary=_CODES,
        encoding={"seq": _DELTA, "step": _DELTA, "time_s": _SPLIT, "value": _SPLIT},
    )
    spans: dict[str, tuple[int, int]] = {}
    odd: list[npt.NDArray[np.int64]] = []
    waiting: list[_Piece] = []
    rows = 0

    def flush() -> None:
        nonlocal rows
        if waiting:
            table, times_us = _table_of(waiting)
            odd.append(_odd_times(times_us, writer.rows))
            writer.write(table, spans_of((p.experiment_id, p.writer_id) for p in waiting))
            waiting.clear()
            rows = 0

    for some in _by_writer(parts):
        low, end = spans.get(some[0].writer_id, (2**63, 0))
        first, last = min(int(p.seqs[0]) for p in some), max(int(p.seqs[-1]) for p in some)
        spans[some[0].writer_id] = min(low, first), max(end, last + 1)
        for piece in _pieces(some):
            if rows + piece.rows > ROW_GROUP:
                flush()
            waiting.append(piece)
            rows += piece.rows
    flush()
    said = ranges_json(held if held is not None else {w: (span,) for w, span in spans.items()})
    exact = np.concatenate([*odd, np.empty((0, 2), np.int64)])
    writer.close(held=said, **({"times_us": packed(exact.tobytes())} if len(exact) else {}))
    return writer.rows


def _by_writer(parts: Iterable[PointRows]) -> Iterator[list[PointRows]]:
    """Parts of one writer, sorted by metric; a writer with very many points in several lots."""
    if isinstance(parts, Sequence):
        parts = sorted(parts, key=whose)
    for _, group in groupby(parts, key=whose):
        some, rows = list[PointRows](), 0
        for part in group:
            if len(part.seqs) == 0:
                continue
            some.append(part)
            rows += len(part.seqs)
            if rows >= _GROUP_ROWS:
                yield _sorted(some)
                some, rows = [], 0
        if some:
            yield _sorted(some)


def _sorted(parts: list[PointRows]) -> list[PointRows]:
    return sorted(parts, key=lambda p: (p.metric, int(p.seqs[0])))


class _Piece:
    """Rows of one writer in the order of the log: by seq, then metric. `metrics` are the names that `codes` mean."""

    def __init__(self, parts: Sequence[PointRows], cuts: Sequence[slice]) -> None:
        taken = [(p, cut) for p, cut in zip(parts, cuts, strict=True) if cut.stop > cut.start]
        self.experiment_id, self.writer_id = parts[0].experiment_id, parts[0].writer_id
        self.metrics = [p.metric for p, _ in taken]
        first, cut = taken[0]
        seqs, count = first.seqs[cut], len(taken)
        if all(c.stop - c.start == len(seqs) and np.array_equal(p.seqs[c], seqs) for p, c in taken[1:]):
            # Logged together, as nearly always: a transposition, and step and time are those of the call.
            self.seqs, self.steps = np.repeat(seqs, count), np.repeat(first.steps[cut], count)
            self.times_us = np.repeat(first.times_us[cut], count)
            self.codes = np.tile(np.arange(count, dtype=np.int32), len(seqs))
            self.values = np.stack([p.values[c] for p, c in taken], axis=1).ravel()
        else:
            seqs = np.concatenate([p.seqs[c] for p, c in taken])
            order = np.argsort(seqs, kind="stable")
            self.seqs = seqs[order]
            self.steps = np.concatenate([p.steps[c] for p, c in taken])[order]
            self.times_us = np.concatenate([p.times_us[c] for p, c in taken])[order]
            self.values = np.concatenate([p.values[c] for p, c in taken])[order]
            lengths = [c.stop - c.start for _, c in taken]
            self.codes = np.repeat(np.arange(count, dtype=np.int32), lengths)[order]
        self.rows = len(self.seqs)


def _pieces(parts: list[PointRows]) -> Iterator[_Piece]:
    """Parts of one writer, cut at the same seqs so that a piece holds whole calls and about `_PIECE` rows."""
    total = sum(len(p.seqs) for p in parts)
    cuts: list[int] = []
    if total > _PIECE:
        cuts = np.unique(np.sort(np.concatenate([p.seqs for p in parts]))[_PIECE::_PIECE]).tolist()
    starts = [0] * len(parts)
    for cut in [*cuts, None]:
        ends = [len(p.seqs) if cut is None else int(np.searchsorted(p.seqs, cut)) for p in parts]
        if any(end > start for start, end in zip(starts, ends, strict=True)):
            yield _Piece(parts, [slice(a, b) for a, b in zip(starts, ends, strict=True)])
        starts = ends


def _table_of(pieces: Sequence[_Piece]) -> tuple[pa.Table, Ints]:
    metrics = sorted({name for piece in pieces for name in piece.metrics})
    place = {name: code for code, name in enumerate(metrics)}
    codes = np.concatenate([np.array([place[m] for m in p.metrics], dtype=np.int32)[p.codes] for p in pieces])
    times_us = np.concatenate([p.times_us for p in pieces])
    columns = [
        _repeated([p.experiment_id for p in pieces], [p.rows for p in pieces]),
        _repeated([p.writer_id for p in pieces], [p.rows for p in pieces]),
        pa.array(np.concatenate([p.seqs for p in pieces])),
        pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(metrics, pa.string())),
        pa.array(np.concatenate([p.steps for p in pieces])),
        pa.array(times_us / 1e6),
        pa.array(np.concatenate([p.values for p in pieces])),
    ]
    return pa.table(columns, names=METRICS.names), times_us


def _repeated(texts: list[str], counts: list[int]) -> pa.DictionaryArray:
    known = {text: code for code, text in enumerate(dict.fromkeys(texts))}
    codes = np.repeat(np.array([known[text] for text in texts], dtype=np.int32), counts)
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(list(known), pa.string()))


def _odd_times(times_us: Ints, first_row: int) -> npt.NDArray[np.int64]:
    """(n, 2) Row and time of those whose microseconds do not come back from seconds: years after 2255, mostly."""
    with np.errstate(invalid="ignore"):
        back = _microseconds(times_us / 1e6)
    rows = np.flatnonzero(back != times_us)
    return np.stack([rows + first_row, times_us[rows]], axis=1)


def _microseconds(times_s: npt.NDArray[np.float64]) -> Ints:
    """The whole microseconds nearest to seconds; those that no int64 holds are its end."""
    us = np.rint(times_s * 1e6)
    fits = np.abs(us) < 2.0**63
    return np.where(fits, np.where(fits, us, 0).astype(np.int64), np.iinfo(np.int64).max)


def read_metrics(
    source: Source, windows: Windows | None = None, *, experiment_id: str | None = None, name: str | None = None
) -> Iterator[PointRows]:
    """Points of a file, one row group in memory at a time; of a series in as many parts as there are row groups.

    Args:
        source: the file, or its bytes.
        windows: the seqs to take of each writer; None is all.
        experiment_id: take only this one's; row groups without it are not read.
        name: its path in the repo, for the error.

    Raises:
        NotOurs: damaged, or not such a table. What came before may be wrong too: take all or nothing.
    """
    with opened(source, "metrics", METRICS, name=name, required=METRICS.names, codes=_CODES) as table:
        odd = np.frombuffer(unpacked(table.said.get("times_us", "")), dtype=np.int64).reshape(-1, 2)
        for index, row in groups_of(table, windows, experiment_id):
            for batch in table.batches(index):
                yield from _parts(batch, odd, row, windows, experiment_id)
                row += batch.num_rows


def _parts(
    batch: pa.RecordBatch,
    odd: npt.NDArray[np.int64],
    first_row: int,
    windows: Windows | None,
    experiment_id: str | None,
) -> Iterator[PointRows]:
    experiments, writers, metrics = ((codes_of(batch.column(c))) for c in _CODES)
    names = [texts for _, texts in (experiments, writers, metrics)]
    key = (experiments[0].astype(np.int64) * len(names[1]) + writers[0]) * len(names[2]) + metrics[0]
    # numpy sorts 16-bit keys by radix: 20 times faster than the interleaved series of one call otherwise.
    small = len(names[0]) * len(names[1]) * len(names[2]) < 2**16
    order = np.argsort(key.astype(np.uint16) if small else key, kind="stable")
    seqs, steps, values = (batch.column(c).to_numpy() for c in ("seq", "step", "value"))
    times_us = _microseconds(batch.column("time_s").to_numpy())
    here = odd[(odd[:, 0] >= first_row) & (odd[:, 0] < first_row + len(seqs))]
    times_us[here[:, 0] - first_row] = here[:, 1]
    keys = key[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(keys)) + 1]) if len(keys) else np.empty(0, np.int64)
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(keys)], strict=True):
        rest, metric = divmod(int(keys[start]), len(names[2]))
        experiment, writer = names[0][rest // len(names[1])], names[1][rest % len(names[1])]
        rows = order[start:end]
        if experiment_id is not None and experiment != experiment_id:
            continue
        rows = rows if windows is None else rows[inside(seqs[rows], windows.get(writer, ()))]
        if len(rows) and np.any(np.diff(seqs[rows]) < 0):
            rows = rows[np.argsort(seqs[rows], kind="stable")]
        if len(rows):
            yield PointRows(experiment, writer, names[2][metric], seqs[rows], steps[rows], times_us[rows], values[rows])
