"""Ingest through our own client over HTTP, with 1, 8 and 32 real writer processes.

    python -m benchmarks.ingest [--values 10000000] [--writers 1,8,32] [--reps 1]

Each writer is a Python process with the public client: init, log() of 10 metrics flat out, finish(). All begin at one
moment, when every one has its `init` behind it and a first answer. The clock runs from the first log() to the last
receipt that says *accepted*. Afterwards the Space is asked for its counts: a value that is missing or doubled fails the
measurement.
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
import psutil

from benchmarks.figures import Figure, as_json, table
from benchmarks.spaces import ROOT, running_space

METRICS = 10
TARGETS = {1: 700_000.0, 8: 800_000.0, 32: 800_000.0}
TIMEOUT_S = 600.0

WRITER = """
import json, os, sys, time
from pathlib import Path
import trackio_client
steps, go, ready, index = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
experiment = trackio_client.init("ingest", name=f"writer-{index}")
rows = [{f"m{k}": 0.001 * i + k for k in range(10)} for i in range(1000)]
until = time.time() + 60
while not experiment._writer.sender.has_answered and time.time() < until:  # on a busy machine 32 starts take seconds
    time.sleep(0.02)
ready.touch()
while not go.exists():
    time.sleep(0.005)
began, before_s = time.time(), time.process_time()
log = experiment.log
for step in range(steps):
    log(rows[step % 1000], step)
logged = time.time()
experiment.finish()
ended, cpu_s = time.time(), time.process_time() - before_s
told = {"id": str(experiment), "began": began, "logged": logged, "ended": ended, "cpu_s": cpu_s}
print(json.dumps(told), file=sys.stderr)
"""


def measure(writers: int, values: int) -> tuple[float, dict[str, float]]:
    """Values a second from the first log() to the last accepted, and details. Raises RuntimeError on a wrong count."""
    steps = max(1, values // METRICS // writers)
    with tempfile.TemporaryDirectory(prefix="trackio-ingest-") as folder, running_space() as space:
        home, go = Path(folder), Path(folder) / "go"
        started = [_start(home, go, i, steps, space.url) for i in range(writers)]
        try:
            _until(lambda: all((home / f"ready-{i}").exists() for i in range(writers)), "all writers to be ready")
            server = psutil.Process(space.pid)
            before_s = sum(server.cpu_times()[:2])
            go.touch()
            told = [_result(process) for process in started]
            server_s = sum(server.cpu_times()[:2]) - before_s
        finally:
            for process in started:
                if process.poll() is None:
                    process.kill()
                    process.wait()
        wall = max(one["ended"] for one in told) - min(one["began"] for one in told)
        held = _held(space.url, [one["id"] for one in told])
    sent = steps * writers * METRICS
    if held != [steps * METRICS] * writers:
        raise RuntimeError(f"{sent:,} values were logged, the Space holds {sum(held):,}: " + ", ".join(map(str, held)))
    logging = max(one["logged"] for one in told) - min(one["began"] for one in told)
    cpu = {"clients_cpu_s": sum(one["cpu_s"] for one in told), "server_cpu_s": server_s}
    return sent / wall, {"values": sent, "wall_s": wall, "logging_s": logging, **cpu}


def _start(home: Path, go: Path, index: int, steps: int, url: str) -> subprocess.Popen[str]:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("TRACKIO_")} | {
        "TRACKIO_DIR": str(home / f"client-{index}"),
        "TRACKIO_URL": url,
        "TRACKIO_QUIET": "1",
        "TRACKIO_FINISH_TIMEOUT_S": "300",
        "TRACKIO_CAPTURE_CONSOLE": "0",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-c", WRITER, str(steps), str(go), str(home / f"ready-{index}"), str(index)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _result(process: subprocess.Popen[str]) -> dict[str, float]:
    _, told = process.communicate(timeout=TIMEOUT_S)
    lines = [line for line in told.splitlines() if line.startswith("{")]
    if process.returncode != 0 or not lines:
        raise RuntimeError(f"a writer ended with {process.returncode}:\n{told[-2000:]}")
    return dict(json.loads(lines[-1]))


def _held(url: str, ids: list[str]) -> list[int]:
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        return [int(client.get(f"/v1/experiments/{one}/receipts").json()["points"]) for one in ids]


def _until(is_so: object, what: str, seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while not is_so():  # type: ignore[operator]
        if time.monotonic() > until:
            raise RuntimeError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.02)


def figures(*, values: int = 10_000_000, writers: tuple[int, ...] = (1, 8, 32), reps: int = 1) -> list[Figure]:
    """One figure a number of writers; repetitions are interleaved."""
    found: dict[int, list[float]] = {count: [] for count in writers}
    cpu: dict[int, str] = {}
    for _ in range(reps):
        for count in writers:
            rate, details = measure(count, values)
            found[count].append(rate)
            each = (
                f"{what} {details[f'{what}_cpu_s'] / details['values'] * 1e6:.2f}" for what in ("clients", "server")
            )
            cpu[count] = f"CPU µs a value: {', '.join(each)}"
            print(f"ingest, {count} writers: {rate:,.0f} values/s {details}", file=sys.stderr, flush=True)
    return [
        Figure(
            measure="ingest through our own client over HTTP, real writer processes, first log() to last accepted",
            what=f"{count} writer{'s' * (count != 1)}", values=tuple(rates), unit="values/s",
            target=TARGETS.get(count), at_least=True, note=f"{values / 1e6:.3g} M values, counts equal; {cpu[count]}",
        )
        for count, rates in found.items()
    ]  # fmt: skip


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--values", type=int, default=10_000_000)
    parser.add_argument("--writers", default="1,8,32")
    parser.add_argument("--reps", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = figures(values=asked.values, writers=tuple(int(n) for n in asked.writers.split(",")), reps=asked.reps)
    print(as_json(found) if asked.json else table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
