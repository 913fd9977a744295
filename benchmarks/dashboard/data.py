"""Stores to measure pages on, made once and kept in benchmarks/data/ (ignored by git).

    broad   1,000 experiments × 50 metrics × 100 points
    deep    20 experiments × 24 metrics × a million points: 480 million values
    wide    10,000 experiments × 6 metrics × 20 points, with a config of eight keys

They go into the store as clients' batches and are merged, as they would be in time.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import numpy as np
import numpy.typing as npt

from benchmarks.spaces import ROOT
from trackio_client.store.contract import Store
from trackio_client.store.open import open_store
from trackio_client.wire.batches import Batch, Receipt
from trackio_client.wire.events import new_experiment_id, new_writer_id
from trackio_client.wire.frames import Schema, event_frame

FOLDER: Final = ROOT / "benchmarks" / "data"
VERSION: Final = 3
"""Of what is made here: another number makes it anew."""
BATCH_BYTES: Final = 1 << 20
BEGAN_S: Final = 1_790_000_000.0

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shape:
    """How much there is of everything."""

    project: str
    experiments: int
    metrics: int
    points: int
    groups: tuple[str, ...] = ("train", "eval", "speed", "model")
    """Sections of the page. Charts of one section are zoomed together."""

    @property
    def names(self) -> tuple[str, ...]:
        """The metrics."""
        return tuple(f"{self.groups[i % len(self.groups)]}/metric_{i:02}" for i in range(self.metrics))


SHAPES: Final = {
    "broad": Shape("broad", 1000, 50, 100),
    "deep": Shape("deep", 20, 24, 1_000_000, ("train",)),
    "wide": Shape("wide", 10_000, 6, 20),
}
QUICK: Final = {
    "broad": Shape("broad", 60, 50, 100),
    "deep": Shape("deep", 20, 24, 5_000, ("train",)),
    "wide": Shape("wide", 500, 6, 20),
}


def store_of(name: str, *, quick: bool = False) -> Path:
    """The folder of a Space with these data; made if it is not there, or is of another version."""
    shape = (QUICK if quick else SHAPES)[name]
    folder = FOLDER / (f"{name}-quick" if quick else name)
    mark = folder / "made.json"
    made = json.loads(json.dumps({"version": VERSION, **asdict(shape)}))
    if mark.exists() and json.loads(mark.read_text()) == made:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "v1").mkdir(parents=True)
    began = time.monotonic()
    store = open_store(folder / "v1" / "store.sqlite")
    try:
        for i in range(shape.experiments):
            _append(store, shape, i)
            if i % 50 == 49 or shape.points > 10_000:
                store.merge()
                told = f"{i + 1} of {shape.experiments} experiments, {time.monotonic() - began:.0f} s"
                print(f"making {name}: {told}", file=sys.stderr, flush=True)
        while store.merge():
            pass
    finally:
        store.close()
    mark.write_text(json.dumps(made))
    return folder


def values(shape: Shape, experiment: int, steps: npt.NDArray[np.int64]) -> Matrix:
    """(steps, metrics): falling curves with noise and, rarely, a needle that no zoom may hide."""
    chance = np.random.default_rng(1000 * experiment + int(steps[0]) % 997)
    share = steps[:, None] / max(1, shape.points)
    metric = np.arange(shape.metrics)[None, :]
    clean = 0.3 + metric / 10 + 2.2 * np.exp(-(3 + experiment % 5) * share) + 0.05 * np.sin(40 * share + experiment)
    noisy: Matrix = clean + chance.normal(0, 0.04, (len(steps), shape.metrics))
    noisy[chance.random(noisy.shape) < 2e-6] = 9.0
    return noisy


def frames(schema: Schema, steps: npt.NDArray[np.int64], rows: Matrix, *, step_s: float = 0.1) -> bytes:
    """Calls of log() as their frames, made in one go: a million calls at once cost seconds, not a minute."""
    count, keys = rows.shape
    kind = np.dtype(
        [("crc", "<u4"), ("tag", "<u4"), ("length", "<u4"), ("n", "<u4"), ("id", "<u8"), ("step", "<i8"),
         ("time_us", "<i8"), ("values", "<f8", (keys,))]
    )  # fmt: skip
    packed = np.zeros(count, kind)
    packed["tag"], packed["length"], packed["n"], packed["id"] = schema.tag, schema.frame_bytes, keys, schema.id
    packed["step"], packed["values"] = steps, rows
    packed["time_us"] = ((BEGAN_S + steps * step_s) * 1e6).astype(np.int64)
    whole, size = memoryview(packed.tobytes()), kind.itemsize
    packed["crc"] = [crc32(whole[at + 4 : at + size]) for at in range(0, count * size, size)]
    return packed.tobytes()


def config_of(experiment: int) -> Mapping[str, Any]:
    """Eight keys: what sweeps vary, and what they do not."""
    return {
        "learning_rate": 1e-4 * (1 + experiment % 20), "batch_size": 2 ** (3 + experiment % 5), "seed": experiment % 10,
        "optimizer": ("adamw", "sgd", "lion")[experiment % 3], "warmup": experiment % 7 / 100, "epochs": 3,
        "model": {"name": f"bert-{('tiny', 'small', 'base')[experiment % 3]}", "layers": 2 + experiment % 12},
    }  # fmt: skip


def _append(store: Store, shape: Shape, i: int) -> None:
    began_s = BEGAN_S + i
    experiment_id, writer_id = new_experiment_id(began_s), new_writer_id()
    start = {
        "kind": "start", "time_us": int(began_s * 1e6), "project": shape.project, "name": f"{shape.project}-{i:05}",
        "group": f"group-{i % 8}", "config": dict(config_of(i)), "generation": 0,
    }  # fmt: skip
    end = {"kind": "end", "time_us": int((began_s + shape.points / 10) * 1e6), "state": "finished", "exit_code": 0}
    first = 0
    for body, count in _bodies(shape, i, event_frame(start), event_frame(end)):
        batch = Batch(
            writer_id=writer_id, experiment_id=experiment_id, project=shape.project, generation=0, first_seq=first,
            count=count, first_held=0, body=body,
        )  # fmt: skip
        (outcome,) = store.append([batch])
        if not isinstance(outcome, Receipt):
            raise RuntimeError(f"{start['name']}: {outcome}")
        first += count


def _bodies(shape: Shape, i: int, start: bytes, end: bytes) -> Iterator[tuple[bytes, int]]:
    schema = Schema(shape.names)
    rows = max(1, BATCH_BYTES // schema.frame_bytes)
    yield start, 1
    for at in range(0, shape.points, rows):
        steps = np.arange(at, min(at + rows, shape.points), dtype=np.int64)
        yield schema.frame + frames(schema, steps, values(shape, i, steps)), len(steps)
    yield end, 1
