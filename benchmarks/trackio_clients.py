"""What Trackio's own clients cost a Space: calls of `log` a second, and a run with a million log_ids opened anew.

    python -m benchmarks.trackio_clients [--calls 100000] [--held 1000000]

A call has 10 metrics and comes in batches of 1,000, as a client sends what it kept. The Space runs as a process; the
batches are made before the clock starts. Afterwards a repeat of all batches is timed, and the points are counted: one
that is missing or doubled fails the measurement.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import orjson

from benchmarks.figures import Figure, table
from benchmarks.spaces import running_space
from space.api.trackio.received import Received, key_of, packed
from space.api.trackio.runs import Run
from trackio_client.store.open import open_store
from trackio_client.wire.batches import Batch
from trackio_client.wire.events import RECEIVED
from trackio_client.wire.frames import event_frame

METRICS = 10
BATCH = 1000


def throughput(calls: int) -> list[Figure]:
    """Calls a second, first and again. Raises RuntimeError on a wrong count."""
    bodies = [_body(first, min(BATCH, calls - first)) for first in range(0, calls, BATCH)]
    with running_space() as space, httpx.Client(base_url=space.url, timeout=60) as client:
        rates = []
        for _ in range(2):
            began = time.perf_counter()
            for body in bodies:
                client.post("/api/bulk_log", content=body).raise_for_status()
            rates.append(calls / (time.perf_counter() - began))
        (run,) = client.post("/api/get_runs_for_project", json={"args": ["bench"]}).json()["data"]
        summary = client.post("/api/get_run_summary", json={"kwargs": {"project": "bench", "run_id": run["id"]}})
        if (seen := summary.json()["data"]["num_logs"]) != calls:
            raise RuntimeError(f"{calls} calls were sent twice, {seen} are there")
    measure = f"Trackio's client: calls of {METRICS} metrics a second, {calls:,} of them"
    return [
        Figure(measure=measure, values=(rates[0],), unit="calls/s", target=5_000.0, at_least=True, what="first"),
        Figure(measure=measure, values=(rates[1],), unit="calls/s", target=20_000.0, at_least=True, what="again"),
    ]


def opening(held: int) -> list[Figure]:
    """Seconds to open a run of so many log_ids, which came 100 to a batch; and one look-up of 1,000 of them."""
    with tempfile.TemporaryDirectory(prefix="trackio-bench-") as folder:
        store = open_store(Path(folder) / "store.sqlite")
        keys = [key_of(str(number)) for number in range(held)]
        frames = [
            event_frame({"kind": RECEIVED, "time_us": 1, "ids": packed(keys[first : first + 100])})
            for first in range(0, held, 100)
        ]
        body = b"".join(frames)
        store.append([_batch(body, len(frames))])
        began = time.perf_counter()
        run = Run("bench", "run", "id", "exp_bench")
        run.open(store)
        opened = time.perf_counter() - began
        began = time.perf_counter()
        found = run.received.known(keys[:BATCH])
        looked = time.perf_counter() - began
        store.close()
        if len(run.received) != held or len(found) != BATCH:
            raise RuntimeError(f"{held} ids were held, {len(run.received)} were read")
    measure = f"a run of {held:,} log_ids, opened after a start"
    return [
        Figure(measure=measure, values=(opened,), unit="s", target=2.0),
        Figure(measure=measure, values=(looked * 1e3,), unit="ms", target=20.0, what="1,000 looked up in"),
    ]


def memory(held: int) -> list[Figure]:
    """Bytes an id in memory."""
    received = Received([packed(key_of(str(number)) for number in range(held))])
    size = received.nbytes / held
    return [Figure(measure="memory of a log_id", values=(size,), unit="bytes", target=16.0)]


def figures(calls: int = 100_000, held: int = 1_000_000) -> list[Figure]:
    return [*throughput(calls), *opening(held), *memory(held)]


def _body(first: int, count: int) -> bytes:
    logs: list[dict[str, Any]] = [
        {
            "project": "bench", "run": "run", "run_id": "bench-run", "step": first + k, "log_id": uuid.uuid4().hex,
            "metrics": {f"m{n}": 0.001 * (first + k) + n for n in range(METRICS)}, "config": None,
        }
        for k in range(count)
    ]  # fmt: skip
    return orjson.dumps({"args": [], "kwargs": {"logs": logs, "hf_token": None}})


def _batch(body: bytes, count: int) -> Batch:
    return Batch(
        writer_id="w_bench", experiment_id="exp_bench", project="bench", generation=0, first_seq=0, count=count,
        first_held=0, body=body,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--held", type=int, default=1_000_000)
    asked = parser.parse_args()
    print(table(figures(asked.calls, asked.held)))


if __name__ == "__main__":
    main()
