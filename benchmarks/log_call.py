"""What logging costs the training process: `log()` itself, importing, a million values, a loop with 1 ms steps.

    python benchmarks/log_call.py [--url http://127.0.0.1:7860] [--json]

Without --url a Space is started from this checkout (`python app.py`) on a free port, with a folder of its own.
Figures are medians; the bare `os.write` beside `log()` is measured in the same process, in turns.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
METRICS = 10


def in_child(what: str, *arguments: str, url: str, directory: str) -> dict[str, float]:
    """Run one measurement below in a process of its own and take its figures."""
    env = {**os.environ, "TRACKIO_URL": url, "TRACKIO_DIR": directory, "TRACKIO_QUIET": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, __file__, "--measure", what, *arguments],
        env=env,
        stdout=subprocess.PIPE,
        check=True,
        timeout=600,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


# --- measured in a child --------------------------------------------------------------------------------------------


def measure_calls(seconds: str) -> dict[str, float]:
    """`log()` of ten metrics flat out in turns with a bare write of as many bytes, for some seconds."""
    import trackio_client as trackio

    experiment = trackio.init("bench", capture_console=False)
    metrics = {f"train/metric_{i}": i / 7 for i in range(METRICS)}
    clock, log = time.perf_counter_ns, experiment.log
    bare = os.open(Path(tempfile.mkdtemp()) / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    frame = b"x" * (40 + 8 * METRICS)
    logs: list[int] = []
    writes: list[int] = []
    until = time.monotonic() + float(seconds)
    while time.monotonic() < until:
        for _ in range(2000):
            began = clock()
            log(metrics)
            logs.append(clock() - began)
        for _ in range(500):
            began = clock()
            os.write(bare, frame)
            writes.append(clock() - began)
    experiment.finish()
    logs.sort()
    writes.sort()
    return {
        "log_p50_us": logs[len(logs) // 2] / 1e3,
        "log_p99_us": logs[len(logs) * 99 // 100] / 1e3,
        "log_p999_us": logs[len(logs) * 999 // 1000] / 1e3,
        "write_p50_us": writes[len(writes) // 2] / 1e3,
        "write_p99_us": writes[len(writes) * 99 // 100] / 1e3,
        "calls": len(logs),
    }


def measure_million() -> dict[str, float]:
    """A million values flat out, with `finish`: CPU of all threads and the peak of memory above what import takes."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    before_kb, before_s = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    import trackio_client as trackio

    experiment = trackio.init("bench", capture_console=False)
    metrics = {f"train/metric_{i}": i / 7 for i in range(METRICS)}
    began = time.perf_counter()
    for _ in range(1_000_000 // METRICS):
        experiment.log(metrics)
    logged = time.perf_counter()
    experiment.finish()
    return {
        "cpu_s": time.process_time() - before_s,
        "added_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) * unit / 2**20,
        "log_wall_s": logged - began,
        "until_receipt_s": time.perf_counter() - began,
    }


def measure_loop(kind: str, steps: str) -> dict[str, float]:
    """A loop of 1 ms steps: without logging, with an empty call, with ours."""
    if kind == "ours":
        import trackio_client as trackio

        experiment = trackio.init("bench", capture_console=False)
        log: Any = experiment.log
    else:

        def log(metrics: dict[str, float]) -> None:
            return None

    metrics = {f"train/metric_{i}": i / 7 for i in range(METRICS)}
    for _ in range(500):  # imports and the first connection are paid once, not a step
        log(metrics) if kind != "nothing" else None
        time.sleep(0.001)
    until = time.monotonic() + 30
    while kind == "ours" and not experiment._writer.sender.has_answered and time.monotonic() < until:
        time.sleep(0.01)  # on a busy machine those imports take longer than 500 steps
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(int(steps)):
        if kind != "nothing":
            log(metrics)
        until = time.perf_counter() + 0.001
        while time.perf_counter() < until:
            time.sleep(0.0002)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    if kind == "ours":
        experiment.finish()
    return {"cpu_s": cpu, "wall_s": wall, "share": cpu / wall}


# --- the whole ------------------------------------------------------------------------------------------------------


def importing(rounds: int = 11) -> dict[str, float]:
    """Milliseconds that `import trackio_client` adds to a bare Python, in turns."""
    took: dict[str, list[float]] = {"pass": [], "import trackio_client": []}
    for _ in range(rounds):
        for program, times in took.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
            times.append((time.perf_counter() - began) * 1e3)
    bare, ours = (statistics.median(times) for times in took.values())
    return {"bare_ms": bare, "added_ms": ours - bare}


def loops(pairs: int, steps: int, url: str, directory: str) -> dict[str, float]:
    """Share of a core that logging costs a loop of 1 ms steps: the median over pairs, and its 95 % interval."""
    ours, empty, walls = [], [], []
    for pair in range(pairs):
        order = ("nothing", "ours", "empty") if pair % 2 else ("ours", "nothing", "empty")
        found = {kind: in_child("loop", kind, str(steps), url=url, directory=directory) for kind in order}
        ours.append(found["ours"]["share"] - found["nothing"]["share"])
        empty.append(found["empty"]["share"] - found["nothing"]["share"])
        walls.append(found["ours"]["wall_s"] / found["nothing"]["wall_s"] - 1)
    ours.sort()
    reach = round(0.98 * pairs**0.5)  # order statistics around the median: distribution-free
    low, high = ours[max(0, pairs // 2 - reach)], ours[min(pairs - 1, pairs // 2 + reach)]
    return {
        "percent": statistics.median(ours) * 100,
        "low": low * 100,
        "high": high * 100,
        "empty_percent": statistics.median(empty) * 100,
        "wall_percent": statistics.median(walls) * 100,
        "pairs": pairs,
    }


@contextlib.contextmanager
def space(url: str | None, directory: str) -> Iterator[str]:
    """The address of a Space: the given one, or one of our own for as long as it takes."""
    if url:
        yield url
        return
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    env = {**os.environ, "GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port), "TRACKIO_DIR": directory}
    env.pop("TRACKIO_URL", None)
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "app.py")], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        address, until = f"http://127.0.0.1:{port}", time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(address + "/v1/health", timeout=2).close()
                break
            if time.monotonic() > until or process.poll() is not None:
                raise SystemExit("the Space did not start: try `python app.py`")
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="a running Space; default: one is started")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--steps", type=int, default=3000, help="steps of 1 ms in each loop")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        what, *arguments = given.measure
        measures: dict[str, Any] = {"calls": measure_calls, "million": measure_million, "loop": measure_loop}
        print(json.dumps(measures[what](*arguments)))
        return
    with tempfile.TemporaryDirectory() as here, tempfile.TemporaryDirectory() as there, space(given.url, there) as url:
        calls = [in_child("calls", "3", url=url, directory=here) for _ in range(3)]
        million = [in_child("million", url=url, directory=here) for _ in range(3)]
        found: dict[str, Any] = {
            "calls": calls,
            "import": importing(),
            "million": million,
            "loop": loops(given.pairs, given.steps, url, here),
        }
    print(json.dumps(found, indent=2) if given.json else table(found))


def table(found: dict[str, Any]) -> str:
    calls, million = (
        {key: statistics.median(run[key] for run in found[name]) for key in found[name][0]}
        for name in ("calls", "million")
    )
    loop = found["loop"]
    rows = [
        ("log() of 10 metrics, flat out, p50", f"{calls['log_p50_us']:.2f} µs", "≤ 8 µs"),
        ("  over a bare os.write of as many bytes", f"{calls['log_p50_us'] / calls['write_p50_us']:.1f} ×", "≤ 4 ×"),
        (
            "  p99 (p99 of the bare write beside it)",
            f"{calls['log_p99_us']:.1f} ({calls['write_p99_us']:.1f}) µs",
            "≤ 60 µs",
        ),
        ("import trackio_client", f"{found['import']['added_ms']:.0f} ms", "≤ 60 ms"),
        ("1 M values: CPU of the client", f"{million['cpu_s']:.2f} s", "≤ 1.2 s"),
        ("1 M values: peak memory added", f"{million['added_mb']:.0f} MB", "≤ 40 MB"),
        (
            "1 ms steps, 10 metrics: share of a core",
            f"{loop['percent']:.2f} % [{loop['low']:.2f}, {loop['high']:.2f}]",
            "≤ 3 %",
        ),
        (
            "  an empty call; wall clock (not judged)",
            f"{loop['empty_percent']:.2f} %; {loop['wall_percent']:+.1f} %",
            "",
        ),
    ]
    width = max(len(row[0]) for row in rows)
    return "\n".join(f"{name:<{width}}  {value:>26}  {wanted}" for name, value, wanted in rows)


if __name__ == "__main__":
    main()
