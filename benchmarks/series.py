"""`/v1/series` at 1,000 points over HTTP: one series of 100 k, 1 M, 10 M points, and 100 series of 10 k.

    python -m benchmarks.series [--largest 10000000] [--reps 20]

The data go into the Space's store as a client's batches, before it starts, and are merged as they would be in time.
The clock runs from the request to the last byte of the answer, on a kept connection, in the binary form of the page
and as JSON. No question is asked twice (each ends at another step), so that no answer comes from a cache of answers.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np

from benchmarks.figures import Figure, as_json, table
from benchmarks.spaces import running_space
from trackio_client.store.open import open_store
from trackio_client.wire.asks import SERIES_TYPE
from trackio_client.wire.batches import Batch, Receipt
from trackio_client.wire.events import new_experiment_id, new_writer_id
from trackio_client.wire.frames import Schema, event_frame, metrics_frame

POINTS = 1000
ONE_MS, HUNDRED_MS = 25.0, 150.0
FRAMES_A_BATCH = 20_000


def batches(project: str, name: str, points: int, *, seed: int = 0) -> Iterator[Batch]:
    """A run with one noisy falling loss, as the client would send it."""
    schema = Schema(("loss",))
    experiment_id, writer_id = new_experiment_id(), new_writer_id()
    loss = 3 / (1 + np.arange(points) / 5e4) + np.random.default_rng(seed).normal(0, 0.05, points)
    began_us = 1_790_000_000_000_000
    begin = {"kind": "start", "time_us": began_us, "project": project, "name": name, "config": {}, "generation": 0}
    frames = [event_frame(begin)]
    seq = 0
    for at in range(0, points, FRAMES_A_BATCH):
        part = loss[at : at + FRAMES_A_BATCH]
        frames += [metrics_frame(schema, at + i, began_us + 1000 * (at + i), (value,)) for i, value in enumerate(part)]
        yield Batch(
            writer_id=writer_id, experiment_id=experiment_id, project=project, generation=0,
            first_seq=seq, count=len(frames), first_held=0, body=schema.frame + b"".join(frames),
        )  # fmt: skip
        seq, frames = seq + len(frames), []


def fill(directory: Path, largest: int) -> dict[int, str]:
    """The store with all of it; points to the experiment that has so many. Raises RuntimeError on a refusal."""
    sizes = [size for size in (100_000, 1_000_000, 10_000_000) if size <= largest]
    ids: dict[int, str] = {}
    store = open_store(directory / "v1" / "store.sqlite")
    try:
        runs = [(f"one-{size}", size) for size in sizes] + [(f"many-{i}", 10_000) for i in range(100)]
        for seed, (name, size) in enumerate(runs):
            project = "many" if name.startswith("many") else "one"
            for batch in batches(project, name, size, seed=seed):
                (outcome,) = store.append([batch])
                if not isinstance(outcome, Receipt):
                    raise RuntimeError(f"{name}: {outcome}")
                ids.setdefault(size, batch.experiment_id)
                store.merge()
        while store.merge():
            pass
    finally:
        store.close()
    return ids


def ask_ms(client: httpx.Client, experiments: list[str], points: int, reps: int, form: str) -> tuple[list[float], int]:
    """Milliseconds of each request, and bytes of the answer. `form` is the type of the answer."""
    found, size = [], 0
    for rep in range(reps + 2):  # the first two open files, as a page's first load does
        body = {"experiment": experiments, "metric": ["loss"], "max_points": POINTS, "to_step": points - rep}
        began = time.perf_counter()
        answer = client.post("/v1/series", json=body, headers={"Accept": form})
        found.append(1000 * (time.perf_counter() - began))
        answer.raise_for_status()
        size = len(answer.content)
    return found[2:], size


def figures(*, largest: int = 10_000_000, reps: int = 20) -> list[Figure]:
    """One figure a question."""
    found = []
    with tempfile.TemporaryDirectory(prefix="trackio-series-") as folder:
        ids = fill(Path(folder), largest)
        with running_space(Path(folder)) as space, httpx.Client(base_url=space.url, timeout=120) as client:
            listed = client.get("/v1/experiments", params={"project": "many"}).json()["experiments"]
            many = [one["experiment_id"] for one in listed]
            asks = [(f"one of {n:,}", [one], n, ONE_MS) for n, one in ids.items() if n != 10_000]
            asks.append((f"{len(many)} of 10,000", many, 10_000, HUNDRED_MS))
            for form in (SERIES_TYPE, "application/json"):
                for what, experiments, n, target in asks:
                    times, size = ask_ms(client, experiments, n, reps, form)
                    kind = "JSON" if "json" in form else "binary"
                    found.append(
                        Figure(
                            measure=f"/v1/series at {POINTS:,} points, {kind}", what=what, values=tuple(times),
                            unit="ms", target=target, note=f"{size / 1000:,.0f} kB",
                        )
                    )  # fmt: skip
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=10_000_000)
    parser.add_argument("--reps", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = figures(largest=asked.largest, reps=asked.reps)
    print(as_json(found) if asked.json else table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
