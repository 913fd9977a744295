"""What a store costs a repo: rows out, headers in, rows back in. Prints a table when run as a script."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from trackio_client.store.columns import Digest, digest_points
from trackio_client.store.holdings import Adopted, Cold, Holding, PointRows
from trackio_client.store.open import open_store
from trackio_client.store.sqlite import SqliteStore
from trackio_client.wire.batches import Batch, digest_sum
from trackio_client.wire.frames import Schema

METRICS = Schema(tuple(f"group/metric_{n:02d}" for n in range(50)))
FRAME = np.dtype([("head", "<u4", 4), ("schema", "<u8"), ("step", "<i8"), ("us", "<i8"), ("values", "<f8", 50)])


def batch(first: int, frames: int, *, writer: str = "w_1", experiment: str = "exp_1") -> Batch:
    """Frames of 50 metrics. Their checksums are left out: a batch has one for its whole body."""
    rows = np.zeros(frames, dtype=FRAME)
    rows["head"][:, 1:] = (METRICS.tag, METRICS.frame_bytes, 50)
    rows["schema"] = METRICS.id
    rows["step"] = np.arange(first, first + frames)
    rows["us"] = 1_700_000_000_000_000 + rows["step"] * 100_000
    rows["values"] = np.random.default_rng(first).normal(size=(frames, 50))
    body = METRICS.frame + rows.tobytes()
    return Batch(
        writer_id=writer, experiment_id=experiment, project="bench", generation=0, first_seq=first, count=frames,
        first_held=0, body=body,
    )  # fmt: skip


def filled(store: SqliteStore, frames: int) -> None:
    for first in range(0, frames, 2000):
        store.append([batch(first, min(2000, frames - first))])


def extracting(store: SqliteStore, frames: int) -> Iterator[tuple[str, str]]:
    windows = {
        "newest": (frames - 20_000, frames),
        "oldest": (0, 20_000),
        "middle": (frames // 2, frames // 2 + 20_000),
    }
    for name, (low, high) in windows.items():
        began = time.perf_counter()
        found = store.extract([("w_1", low, high)])
        took = time.perf_counter() - began
        count = sum(len(rows.seqs) for rows in found.points)
        yield f"extract {count:,} values, the {name} of {frames * 50:,}", f"{took:.2f} s"


def adopting(store: SqliteStore, header: dict[str, object], experiments: int) -> Iterator[tuple[str, str]]:
    every = []
    for n in range(experiments):
        name, writer = f"exp_{n}", f"w_{n}"
        digest = Digest(n, n, 20_000, 1_000_000)
        held = ((0, 20_000),)
        every.append(
            Adopted(
                experiment_id=name, project="bench", header=header, header_digest=digest_sum([digest.hex()]),
                writers=[Holding(writer_id=writer, experiment_id=name, generation=0, held=held, digest=digest)],
                files=[Cold(name, f"metrics/{n // 20}.parquet", {writer: held}, 10**6)],
            )
        )  # fmt: skip
    began = time.perf_counter()
    store.adopt(every)
    yield f"adopt {experiments:,} experiments of 50 metrics", f"{time.perf_counter() - began:.2f} s"
    began = time.perf_counter()
    store.adopt(every)
    yield "adopt them again", f"{time.perf_counter() - began:.2f} s"
    for name, ask in (("holdings", store.holdings), ("experiments", store.experiments), ("cold", store.cold)):
        began = time.perf_counter()
        ask()
        yield f"{name} of {experiments:,}", f"{1000 * (time.perf_counter() - began):.0f} ms"


def loading(store: SqliteStore, files: int, frames: int) -> Iterator[tuple[str, str]]:
    """Files of 50 metrics each, of one writer."""
    total, columns = Digest(), {}
    for file in range(files):
        columns[file] = _columns(file * frames, frames)
        for rows in _rows(columns[file]):
            pair = digest_points("w_1", rows.metric, rows.seqs, rows.steps, rows.times_us, rows.values)
            total = total + Digest(*pair, 0, frames)
        columns[file] = None  # type: ignore[assignment]
    held = ((0, files * frames),)
    digest = Digest(total.low, total.high, files * frames, total.points)
    store.adopt(
        [
            Adopted(
                experiment_id="exp_1", project="bench",
                writers=[Holding(writer_id="w_1", experiment_id="exp_1", generation=0, held=held, digest=digest)],
                files=[
                    Cold("exp_1", f"{n}", {"w_1": ((n * frames, (n + 1) * frames),)}, frames * 50) for n in range(files)
                ],
            )
        ]
    )  # fmt: skip
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took, last = 0.0, 0.0
    for cold in store.cold():
        rows_ = list(_rows(_columns(int(cold.path) * frames, frames)))
        began = time.perf_counter()
        store.load(cold, rows_, [])
        last = time.perf_counter() - began
        took += last
    count = files * frames * 50
    yield f"load {count:,} values in {files} files", f"{took:.1f} s, {count / took / 1e6:.1f} M values/s"
    yield "the last of them, with which all is recounted", f"{last:.2f} s"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield "memory at its highest, before and after", f"{before / 1024:.0f} MB, {peak / 1024:.0f} MB"
    yield "damage", str(store.damaged() or "none")


def _columns(first: int, frames: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    seqs = np.arange(first, first + frames, dtype=np.int64)
    return seqs, 1_700_000_000_000_000 + seqs * 100_000, np.random.default_rng(first).normal(size=(50, frames))


def _rows(columns: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Iterator[PointRows]:
    seqs, times, values = columns
    for index, metric in enumerate(METRICS.keys):
        yield PointRows("exp_1", "w_1", metric, seqs, seqs, times, values[index])


def main(frames: int = 200_000, experiments: int = 1000, files: int = 20) -> None:
    """10 million values out, 1,000 experiments in, 20 million values in."""
    with tempfile.TemporaryDirectory() as folder:
        place, lines = Path(folder), list[tuple[str, str]]()
        store = open_store(place / "a.sqlite", persistent=False)
        filled(store, frames)
        lines += extracting(store, frames)
        header = store.headers(["exp_1"])["exp_1"]
        store.close()
        store = open_store(place / "b.sqlite", persistent=False)
        lines += adopting(store, header, experiments)
        store.close()
        store = open_store(place / "c.sqlite", persistent=False)
        lines += loading(store, files, 20_000)
        store.close()
    for what, figure in lines:
        print(f"{what:60} {figure}")


if __name__ == "__main__":
    main()
