"""The dataset repo: how soon, how large, how fast back.

    python -m benchmarks.hub [--experiments 1000] [--restore 100000000]

Everything runs at a local server that speaks the Hub's HTTP API, with the real huggingface_hub: what the network takes
is not in these figures. CPU is of the pushing process alone. A Space that starts on an empty disk is a real process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np
import psutil

from benchmarks.disk import FRAMES_A_BATCH, NAMES, values
from benchmarks.figures import Figure, as_json, table
from benchmarks.spaces import ROOT, running_space
from tests.hub_server import HubProcess
from trackio_client.store.open import open_store
from trackio_client.store.sqlite import SqliteStore
from trackio_client.wire.batches import Batch
from trackio_client.wire.frames import Schema, event_frame, metrics_frame

REPO = "me/bench"
BEGAN_US = 1_790_000_000_000_000
INTERVAL_S = 2.0
PATIENCE_S = 600.0
"""After which a measurement is given up."""

PUSH = """
import json, resource, sys, time
from pathlib import Path
from trackio_client.hub.dataset import HubDataset
from trackio_client.hub.replicator import Replicator
from trackio_client.hub.files.views import Views
from trackio_client.store.open import open_store
store = open_store(Path(sys.argv[1]))
replicator = Replicator(store, HubDataset(sys.argv[2]), origin="bench", views=Views(), per_hour=100_000)
replicator.refresh()
before, began = time.process_time(), time.monotonic()
done = replicator.flush()
print(json.dumps({"cpu_s": time.process_time() - before, "s": time.monotonic() - began, "values": done.values,
                  "commits": done.commits}))
"""


def fill(store: SqliteStore, experiment: str, steps: int, *, first: int = 0, metrics: int = len(NAMES)) -> int:
    """Steps of training of one experiment; the number of values."""
    schema, rows = Schema(NAMES[:metrics]), values(first + steps)[first:, :metrics].tolist()
    jitter = np.random.default_rng(first + 8).integers(-9_000, 9_000, steps).tolist()
    writer, seq = f"w_{experiment}", first + 1 if first else 0
    frames = (
        []
        if first
        else [event_frame({"kind": "start", "time_us": BEGAN_US, "name": experiment, "config": {"lr": 0.1}})]
    )
    for n in range(steps):
        frames.append(metrics_frame(schema, first + n, BEGAN_US + 200_000 * (first + n) + jitter[n], rows[n]))
    for at in range(0, len(frames), FRAMES_A_BATCH):
        some = frames[at : at + FRAMES_A_BATCH]
        store.append([
            Batch(
                writer_id=writer, experiment_id=experiment, project="bench", generation=0, first_seq=seq + at,
                count=len(some), first_held=0, body=schema.frame + b"".join(some),
            )
        ])  # fmt: skip
    return steps * metrics


def merge(store: SqliteStore) -> None:
    while store.merge(budget_s=0.5):
        pass


def push(path: Path, hub: HubProcess, home: Path) -> dict[str, float]:
    """Push in a process of its own, and what it told."""
    environment = {**os.environ, **hub.env(home)}
    run = subprocess.run(
        [sys.executable, "-c", PUSH, str(path), REPO], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    if run.returncode:
        raise RuntimeError(run.stderr[-2000:])
    told: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return told


def size(hub: HubProcess) -> int:
    """Bytes of all files at the head: data, index, rows, overviews and the card."""
    headers = {"Authorization": "Bearer hf_me"}
    listed = httpx.get(f"{hub.url}/api/datasets/{REPO}/tree/main", params={"recursive": "true"}, headers=headers)
    return sum(entry["size"] for entry in listed.raise_for_status().json() if entry["type"] == "file")


def new_values() -> list[Figure]:
    """A million new values on top of a million old ones."""
    with tempfile.TemporaryDirectory(prefix="trackio-hub-") as folder:
        home, path = Path(folder) / "home", Path(folder) / "store.sqlite"
        with HubProcess(Path(folder) / "hub") as hub:
            store = open_store(path)
            fill(store, "exp_1", 100_000)
            merge(store)
            push(path, hub, home)
            before = size(hub)
            count = fill(store, "exp_1", 100_000, first=100_000)
            merge(store)
            told = push(path, hub, home)
            assert told["values"] == count, told
            each = (size(hub) - before) / count
            store.close()
    line = "push of 1 million new values"
    return [
        Figure(measure=line, values=(told["cpu_s"],), unit="s of CPU", target=2.0, note=f"{told['s']:.2f} s in all"),
        Figure(measure=line, values=(each,), unit="bytes a value", target=12.0),
    ]


def cold_start(experiments: int) -> list[Figure]:
    """A Space on an empty disk: the list, then a chart of a million points."""
    with tempfile.TemporaryDirectory(prefix="trackio-hub-") as folder:
        home, path = Path(folder) / "home", Path(folder) / "store.sqlite"
        with HubProcess(Path(folder) / "hub") as hub:
            store = open_store(path)
            for n in range(experiments - 1):
                fill(store, f"exp_{n:05d}", 100)
            fill(store, "exp_large", 1_000_000, metrics=1)
            merge(store)
            push(path, hub, home)
            store.close()
            environment = {**hub.env(home), "TRACKIO_DATASET_REPO": REPO, "TRACKIO_DISK": "ephemeral"}
            with running_space(Path(folder) / "space", **environment) as space:
                patience, began = _Deadline(), time.monotonic()
                while len(_experiments(space.url)) < experiments:
                    patience.wait(0.02)
                listed_s = time.monotonic() - began
                ask = {"experiments": ["exp_large"], "metrics": [NAMES[0]], "max_points": 1000, "format": "json"}
                began = time.monotonic()
                while True:
                    found = httpx.post(f"{space.url}/v1/series", json=ask, timeout=60)
                    if found.status_code == 200 and found.json()["series"]:
                        break
                    patience.wait(0.05)
                chart_s = time.monotonic() - began
    line = f"cold start, {experiments:,} experiments"
    return [
        Figure(measure=line, what="list", values=(listed_s,), unit="s after the first answer", target=3.0),
        Figure(measure=line, what="chart of 1 M points", values=(chart_s,), unit="s more", target=2.0),
    ]


class _Deadline:
    """Raises RuntimeError instead of waiting for ever."""

    def __init__(self) -> None:
        self._until = time.monotonic() + PATIENCE_S

    def wait(self, seconds: float) -> None:
        if time.monotonic() > self._until:
            raise RuntimeError(f"nothing came within {PATIENCE_S:.0f} s")
        time.sleep(seconds)


def _experiments(url: str) -> list[object]:
    answer = httpx.get(f"{url}/v1/experiments", params={"project": "bench"}, timeout=60)
    return list(answer.json().get("experiments", [])) if answer.status_code == 200 else []


def durable() -> list[Figure]:
    """From a new event to *durable*, at an interval of two seconds."""
    found: list[float] = []
    with tempfile.TemporaryDirectory(prefix="trackio-hub-") as folder, HubProcess(Path(folder) / "hub") as hub:
        environment = {**hub.env(Path(folder) / "home"), "TRACKIO_DATASET_REPO": REPO, "TRACKIO_DISK": "ephemeral"}
        more = {"TRACKIO_PUSH_INTERVAL_S": str(INTERVAL_S), "TRACKIO_COMMITS_PER_HOUR": "100000"}
        with running_space(Path(folder) / "space", **environment, **more) as space:
            lines = {"Content-Type": "application/x-ndjson"}
            for n in range(12):
                patience, began = _Deadline(), time.monotonic()
                event = json.dumps({"metrics": {"loss": 1.0}, "step": n})
                address = f"{space.url}/v1/writers/w_durable/events"
                while True:
                    answer = httpx.post(
                        address, params={"experiment": "exp_durable", "project": "bench"}, content=event, headers=lines
                    )
                    if answer.status_code != 503:
                        break
                    patience.wait(0.1)
                end = answer.raise_for_status().json()["accepted"][-1][1]
                while True:
                    receipt = httpx.get(f"{space.url}/v1/writers/w_durable").json()
                    if receipt["durable"] and receipt["durable"][-1][1] >= end:
                        break
                    patience.wait(0.02)
                found.append(time.monotonic() - began)
    worst = max(found)
    note = f"median {sorted(found)[len(found) // 2]:.2f} s of {len(found)}"
    what = f"worst, interval {INTERVAL_S:.0f} s"
    return [
        Figure(measure="new event to durable", what=what, values=(worst,), unit="s", target=INTERVAL_S + 2, note=note)
    ]


def restore(count: int) -> list[Figure]:
    """The most memory of a Space while it loads many values from the repo."""
    experiments = max(1, count // 10_000_000)
    with tempfile.TemporaryDirectory(prefix="trackio-hub-") as folder:
        home, path = Path(folder) / "home", Path(folder) / "store.sqlite"
        with HubProcess(Path(folder) / "hub") as hub:
            store = open_store(path)
            for n in range(experiments):
                fill(store, f"exp_{n}", count // experiments // len(NAMES))
                merge(store)
            told = push(path, hub, home)
            store.close()
            path.unlink()
            environment = {**hub.env(home), "TRACKIO_DATASET_REPO": REPO, "TRACKIO_DISK": "ephemeral"}
            began = time.monotonic()
            with running_space(Path(folder) / "space", **environment) as space:
                patience = _Deadline()
                process, most = psutil.Process(space.pid), 0
                while True:
                    most = max(most, process.memory_info().rss)
                    sync = httpx.get(f"{space.url}/v1/sync", timeout=60).json()["sync"]
                    if sync["ready"] and not sync["loading"]["experiments"]:
                        break
                    patience.wait(0.2)
    took = time.monotonic() - began
    note = f"{took:.0f} s for {told['values']:,.0f} values in {told['commits']:.0f} commits"
    return [
        Figure(
            measure=f"memory of a Space restoring {count // 1_000_000} M values",
            values=(most / 2**30,), unit="GB", target=1.0, note=note,
        )
    ]  # fmt: skip


def figures(*, experiments: int = 1000, restored: int = 100_000_000) -> list[Figure]:
    """All of them, in the order of the table."""
    return [*durable(), *new_values(), *cold_start(experiments), *(restore(restored) if restored else [])]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=1000)
    parser.add_argument("--restore", type=int, default=100_000_000, help="values; 0 leaves it out")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = figures(experiments=asked.experiments, restored=asked.restore)
    print(as_json(found) if asked.json else table(found))
    return 0 if all(one.is_met is not False for one in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
