"""Figures of the measurements that are programs of their own: what they tell as JSON, beside the targets."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from benchmarks.figures import Figure
from benchmarks.spaces import ROOT


def log_call(quick: bool) -> list[Figure]:
    """What logging costs the training process."""
    found = _told("log_call", "--pairs", "4" if quick else "20", *(["--steps", "500"] if quick else []))
    calls, million, loop = found["calls"], found["million"], found["loop"]
    call = "log() of 10 metrics, flat out, sender at work towards a Space on the machine"
    flat = "1 M values flat out"
    spread = f"95 % interval {loop['low']:.2f} to {loop['high']:.2f} %; an empty log() {loop['empty_percent']:.2f} %"
    wall = f"wall clock {loop['wall_percent']:+.1f} %, not judged"
    return [
        _all(call, "p50", [one["log_p50_us"] for one in calls], "µs", 8),
        _all(call, "of a bare os.write", [one["log_p50_us"] / one["write_p50_us"] for one in calls], "×", 4),
        _all(call, "p99", [one["log_p99_us"] for one in calls], "µs", 60, _bare(calls)),
        _one("import trackio_client over bare Python", found["import"]["added_ms"], "ms", 60, "median of 11 pairs"),
        _one(
            f"cost to a loop with 1 ms steps and 10 metrics each, {loop['pairs']:.0f} interleaved pairs",
            loop["percent"], "% of a core", 3, f"{spread}; {wall}",
        ),
        _all(flat, "client CPU", [one["cpu_s"] for one in million], "s", 1.2),
        _all(flat, "peak memory added", [one["added_mb"] for one in million], "MB", 40),
    ]  # fmt: skip


def _bare(calls: list[dict[str, float]]) -> str:
    return f"of the bare write {max(one['write_p99_us'] for one in calls):.0f} µs"


def page(quick: bool) -> list[Figure]:
    """What the live page costs, in Chromium."""
    found = _told("page", *(["--quick"] if quick else []))
    server = "server CPU ms an update"
    above = found[f"{server}, with page and ingest"] - found[f"{server}, idle process"]
    points = f"{found['new points an update']:,.0f} new points an update"
    live = f"live page at 2560 × 1440, {found['charts']:.0f} charts in view × 10 experiments × 1,000 points, every 2 s"
    return [
        _all(live, "bytes", [found["kB an update"]], "kB", 25, points),
        _all(live, "server CPU", [above], "ms", 100, "above the idle process, ingest of the points included"),
        _all(live, "browser main thread", [found["main thread ms an update"]], "ms", 130),
        _all("first drawn chart of a project with 1,000 experiments", "", found["loads_ms"], "ms", 1000),
    ]


def _one(measure: str, value: float, unit: str, target: float, note: str = "") -> Figure:
    return Figure(measure=measure, values=(float(value),), unit=unit, target=target, note=note)


def _all(measure: str, what: str, values: list[float], unit: str, target: float, note: str = "") -> Figure:
    kept = tuple(float(value) for value in values)
    return Figure(measure=measure, what=what, values=kept, unit=unit, target=target, note=note)


def _told(name: str, *arguments: str) -> dict[str, Any]:
    """The JSON that a measurement prints. Raises RuntimeError when it ends with an error; what it said stands above."""
    command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), "--json", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    begin = done.stdout.find("{")
    if done.returncode != 0 or begin < 0:
        raise RuntimeError(f"{name}.py ended with {done.returncode}: {done.stdout[-300:]}")
    return dict(json.loads(done.stdout[begin:]))
