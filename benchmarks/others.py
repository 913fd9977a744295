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
    calls, loop = found["calls"], found["loop"]
    spread = f"95 % interval {loop['low']:.2f} to {loop['high']:.2f} %, an empty log() {loop['empty_percent']:.2f} %"
    return [
        _one("log() of 10 metrics flat out, p50", calls["log_p50_us"], "µs", 8),
        _one("… over a bare os.write of as many bytes", calls["log_p50_us"] / calls["write_p50_us"], "×", 4),
        _one("… p99", calls["log_p99_us"], "µs", 60, f"of the bare write {calls['write_p99_us']:.0f} µs"),
        _one("import trackio_client over bare Python", found["import"]["added_ms"], "ms", 60),
        _one("1 ms steps with 10 metrics each: CPU", loop["percent"], "% of a core", 3, spread),
        _one("1 M values flat out: client CPU", found["million"]["cpu_s"], "s", 1.2),
        _one("1 M values flat out: peak memory added", found["million"]["added_mb"], "MB", 40),
    ]


def page(quick: bool) -> list[Figure]:
    """What the live page costs, in Chromium."""
    found = _told("page", *(["--quick"] if quick else []))
    server = "server CPU ms an update"
    above = found[f"{server}, with page and ingest"] - found[f"{server}, idle process"]
    points = f"{found['new points an update']:,.0f} new points, {found['charts']:.0f} charts in view"
    return [
        _one("live page, an update: bytes", found["kB an update"], "kB", 25, points),
        _one("live page, an update: server CPU above idle", above, "ms", 100),
        _one("live page, an update: browser main thread", found["main thread ms an update"], "ms", 130),
        Figure(
            measure="first drawn chart of 1,000 experiments",
            values=tuple(float(one) for one in found["loads_ms"]),
            unit="ms",
            target=1000,
        ),
    ]


def _one(measure: str, value: float, unit: str, target: float, note: str = "") -> Figure:
    return Figure(measure=measure, values=(float(value),), unit=unit, target=target, note=note)


def _told(name: str, *arguments: str) -> dict[str, Any]:
    """The JSON that a measurement prints. Raises RuntimeError when it ends with an error; what it said stands above."""
    command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), "--json", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    begin = done.stdout.find("{")
    if done.returncode != 0 or begin < 0:
        raise RuntimeError(f"{name}.py ended with {done.returncode}: {done.stdout[-300:]}")
    return dict(json.loads(done.stdout[begin:]))
