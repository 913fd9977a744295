"""Bytes a value on the Space's disk after merging: 10 metrics a step, 100,000 steps, one experiment.

    python -m benchmarks.disk [--steps 100000]

Metrics are made like those of a training: noisy floats with all 52 bits in use, a schedule, a constant, a counter.
Random mantissas do not compress, so this is close to the worst case of real logs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure, as_json, table
from trackio_client.store.open import open_store
from trackio_client.wire.batches import Batch, Receipt
from trackio_client.wire.events import new_experiment_id, new_writer_id
from trackio_client.wire.frames import Schema, event_frame, metrics_frame

NAMES = ("loss", "grad_norm", "learning_rate", "epoch", "num_tokens", "acc", "f1", "step_time", "throughput", "memory")
AT_MOST = 12.0
FRAMES_A_BATCH = 5_000


def values(steps: int) -> np.ndarray:
    """(steps, 10) float64."""
    random, t = np.random.default_rng(7), np.arange(steps, dtype=np.float64)
    columns = [
        3 / (1 + t / 5e3) + random.normal(0, 0.05, steps),
        1 + random.exponential(0.5, steps),
        5e-5 * (1 - t / steps),
        t / 1000,
        4096 * t,
        0.9 - 0.5 / (1 + t / 1e3) + random.normal(0, 0.01, steps),
        0.8 - 0.5 / (1 + t / 1e3) + random.normal(0, 0.01, steps),
        0.2 + random.normal(0, 0.005, steps),
        20_000 + random.normal(0, 500, steps),
        np.full(steps, 17.25),
    ]
    return np.stack(columns, axis=1)


def figures(*, steps: int = 100_000) -> list[Figure]:
    """The size of all files of the store, over the values in it."""
    with tempfile.TemporaryDirectory(prefix="trackio-disk-") as folder:
        path = Path(folder) / "v1" / "store.sqlite"
        store = open_store(path)
        schema, table_of = Schema(NAMES), values(steps)
        experiment_id, writer_id, seq, began_us = new_experiment_id(), new_writer_id(), 0, 1_790_000_000_000_000
        start = {"kind": "start", "time_us": began_us, "project": "disk", "name": "disk", "config": {}, "generation": 0}
        frames = [event_frame(start)]
        jitter = np.random.default_rng(8).integers(-9_000, 9_000, steps)  # wall clocks are not regular
        for at in range(0, steps, FRAMES_A_BATCH):
            for i in range(at, min(at + FRAMES_A_BATCH, steps)):
                frames.append(metrics_frame(schema, i, began_us + 200_000 * i + int(jitter[i]), table_of[i]))
            batch = Batch(
                writer_id=writer_id, experiment_id=experiment_id, project="disk", generation=0,
                first_seq=seq, count=len(frames), first_held=0, body=schema.frame + b"".join(frames),
            )  # fmt: skip
            (outcome,) = store.append([batch])
            if not isinstance(outcome, Receipt):
                raise RuntimeError(str(outcome))
            seq, frames = seq + len(frames), []
            store.merge()
        while store.merge():
            pass
        store.close()
        size = sum(file.stat().st_size for file in path.parent.rglob("*") if file.is_file())
    count = steps * len(NAMES)
    return [
        Figure(
            measure="disk bytes a value after merging", values=(size / count,), unit="bytes/value", target=AT_MOST,
            note=f"{count / 1e6:.3g} M values of 10 metrics",
        )
    ]  # fmt: skip


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = figures(steps=asked.steps)
    print(as_json(found) if asked.json else table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
