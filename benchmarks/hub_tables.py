"""What a value costs in a repo: bytes and CPU of the Parquet tables, and of the encodings that were not taken.

    python -m benchmarks.hub_tables [--values 1000000] [--encodings]

Ten metrics logged together, noise in every digit of a float64 (or of a float32, as frameworks give), a call every
0.1 s with a jitter of microseconds. CPU is of this process and all its threads. Reading means to points by series.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.figures import Figure, table
from trackio_client.hub.files import tables
from trackio_client.store.holdings import PointRows

METRICS = 10
_DELTA = {"seq": "DELTA_BINARY_PACKED", "step": "DELTA_BINARY_PACKED"}
_SPLIT = {"time_s": "BYTE_STREAM_SPLIT", "value": "BYTE_STREAM_SPLIT"}
_NAMES = ["experiment_id", "writer_id", "metric"]
ENCODINGS: dict[str, dict[str, Any]] = {
    "delta, split, zstd-1": {"use_dictionary": _NAMES, "column_encoding": _DELTA | _SPLIT, "compression_level": 1},
    "delta, split, zstd-3": {"use_dictionary": _NAMES, "column_encoding": _DELTA | _SPLIT, "compression_level": 3},
    "delta, split, zstd-9": {"use_dictionary": _NAMES, "column_encoding": _DELTA | _SPLIT, "compression_level": 9},
    "delta, split, row groups of 64k": {
        "use_dictionary": _NAMES,
        "column_encoding": _DELTA | _SPLIT,
        "compression_level": 3,
        "row_group_size": 65536,
    },
    "delta, split, pages of 128 KiB": {
        "use_dictionary": _NAMES,
        "column_encoding": _DELTA | _SPLIT,
        "compression_level": 3,
        "data_page_size": 131072,
    },
    "no encoding of numbers, zstd-3": {"use_dictionary": _NAMES, "compression_level": 3},
    "a dictionary for all, zstd-3": {"use_dictionary": True, "compression_level": 3},
}


def logged(values: int, *, single: bool, writers: int = 1) -> list[PointRows]:
    """What so many writers logged, as parts of one metric each."""
    rng, steps, parts = np.random.default_rng(1), values // METRICS // writers, []
    for n in range(writers):
        seqs = np.arange(steps, dtype=np.int64)
        times_us = 1_790_000_000_000_000 + np.cumsum(rng.integers(90_000, 110_000, steps))
        for k in range(METRICS):
            noisy = 2 * np.exp(-seqs / 3e4) * (1 + k) + rng.normal(0, 0.05, steps)
            noisy = noisy.astype(np.float32).astype(np.float64) if single else noisy
            names = f"exp_20261121_101010_{n:08d}", f"w_{n:026d}"
            parts.append(PointRows(*names, f"train/metric_{k}", seqs, seqs * 10, times_us, noisy))
    return parts


def cpu_s(action: Callable[[], Any]) -> float:
    began = time.process_time()
    action()
    return time.process_time() - began


def figures(values: int = 1_000_000, reps: int = 3) -> list[Figure]:
    """Our own tables beside what they must reach."""
    found = []
    for what, single, writers in (("float64", False, 1), ("from float32", True, 1), ("32 writers", False, 32)):
        parts = logged(values, single=single, writers=writers)
        with tempfile.TemporaryDirectory(prefix="trackio-tables-") as folder:
            file = Path(folder) / "m.parquet"
            write = [cpu_s(lambda: tables.write_metrics(file, parts)) for _ in range(reps)]  # noqa: B023
            read = [cpu_s(lambda: sum(1 for _ in tables.read_metrics(file))) for _ in range(reps)]  # noqa: B023
            size = file.stat().st_size / sum(len(part.seqs) for part in parts)
        million = 1e6 / values
        found += [
            Figure(measure="repo: bytes a value", values=(size,), unit="B", target=12.0, what=what),
            Figure(
                measure="repo: write 1 M values",
                values=tuple(s * million for s in write),
                unit="s CPU",
                target=1.0,
                what=what,
            ),
            Figure(measure="repo: read 1 M values", values=tuple(s * million for s in read), unit="s CPU", what=what),
        ]
    return sorted(found, key=lambda figure: figure.measure)


def encodings(values: int) -> Iterator[str]:
    """One line an order of rows and encoding: what the comment in hub/files/points.py says was measured."""
    yield "| order of rows | encoding | float64 B | float32 B | write s | read s |"
    yield "|---|---|---|---|---|---|"
    for order in ("by call", "by series"):
        for name, options in ENCODINGS.items():
            results = [_encoded(_table(logged(values, single=single), order), options) for single in (False, True)]
            sizes = " | ".join(f"{size:.2f}" for size, _, _ in results)
            times = " | ".join(f"{results[0][n]:.2f}" for n in (1, 2))
            yield f"| {order} | {name} | {sizes} | {times} |"


def _table(parts: list[PointRows], order: str) -> pa.Table:
    n, k = len(parts[0].seqs), len(parts)
    repeat = (lambda x: np.repeat(x, k)) if order == "by call" else (lambda x: np.tile(x, k))
    codes = np.arange(k, dtype=np.int32)
    stacked = np.stack([p.values for p in parts], axis=1)
    columns = {
        "experiment_id": pa.array([parts[0].experiment_id])
        .dictionary_encode()
        .take(pa.array(np.zeros(n * k, np.int32))),
        "writer_id": pa.array([parts[0].writer_id]).dictionary_encode().take(pa.array(np.zeros(n * k, np.int32))),
        "seq": pa.array(repeat(parts[0].seqs)),
        "metric": pa.DictionaryArray.from_arrays(
            pa.array(np.tile(codes, n) if order == "by call" else np.repeat(codes, n)), [p.metric for p in parts]
        ),
        "step": pa.array(repeat(parts[0].steps)),
        "time_s": pa.array(repeat(parts[0].times_us) / 1e6),
        "value": pa.array(stacked.ravel() if order == "by call" else stacked.T.ravel()),
    }
    return pa.table(columns)


def _encoded(rows: pa.Table, options: dict[str, Any]) -> tuple[float, float, float]:
    """Bytes a value, seconds of CPU to write and to decode."""
    given = {"row_group_size": 262144, "store_schema": False, "write_page_checksum": True} | options
    into = io.BytesIO()
    write_s = cpu_s(lambda: pq.write_table(rows, into, compression="zstd", **given))
    read_s = cpu_s(lambda: pq.read_table(io.BytesIO(into.getvalue()), use_threads=False))
    return len(into.getvalue()) / rows.num_rows, write_s, read_s


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--values", type=int, default=1_000_000)
    parser.add_argument("--encodings", action="store_true", help="also the encodings that were not taken")
    asked = parser.parse_args()
    found = figures(asked.values)
    print(table(found))
    if asked.encodings:
        for line in encodings(asked.values):
            print(line, flush=True)
    return 0 if all(figure.is_met is not False for figure in found) else 1


if __name__ == "__main__":
    sys.exit(main())
