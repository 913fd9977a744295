"""`make bench`: every figure of the performance table beside its target, and the peers when their harness is there.

    python -m benchmarks [--quick] [--only log_call,ingest,series,disk,page,static_page,peers]

TRACKIO_PEER_BENCH names a folder with `run_bench.py`, which measures other trackers in their own environments; ours
runs among them, interleaved, so that one machine's noise falls on all alike. Compare ratios.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from benchmarks import disk, ingest, others, series, static_page
from benchmarks.figures import Figure, table
from benchmarks.spaces import ROOT

PEER_PARTS = "client+sustained+ingest"
PEERS = "trackio,trackio-http,tensorboardX,ours,ours-http"


def parts(quick: bool) -> dict[str, Callable[[], list[Figure]]]:
    """Name to measurement, in the order of the table."""
    first = {"log_call": lambda: others.log_call(quick)}
    last = {"page": lambda: others.page(quick), "static_page": lambda: static_page.figures(quick)}
    if quick:
        return {
            **first,
            "ingest": lambda: ingest.figures(values=1_000_000, writers=(1, 8)),
            "series": lambda: series.figures(largest=1_000_000, reps=5),
            "disk": lambda: disk.figures(steps=20_000),
            **last,
        }
    return {**first, "ingest": lambda: ingest.figures(reps=3), "series": series.figures, "disk": disk.figures, **last}


def main() -> int:
    """Measure and print. 1 when a target is missed or a measurement could not be made."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes: whether it works, not how fast it is")
    parser.add_argument("--only", default="", help="comma-separated names of measurements")
    asked = parser.parse_args()
    measurements = parts(asked.quick)
    wanted = [name for name in asked.only.split(",") if name] or [*measurements, "peers"]
    found: list[Figure] = []
    failed: list[str] = []
    for name in wanted:
        if name == "peers":  # after the table
            continue
        began = time.monotonic()
        print(f"--- {name}", file=sys.stderr, flush=True)
        if name in measurements:
            try:
                found += measurements[name]()
            except (RuntimeError, OSError, subprocess.SubprocessError, httpx.HTTPError) as error:
                failed.append(f"{name}: {error}")
        else:
            failed.append(f"{name}: there is no such measurement")
        print(f"--- {name} took {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    if found:
        print("\n" + table(found))
    harness = os.environ.get("TRACKIO_PEER_BENCH", "").strip()
    if harness and "peers" in wanted:
        failed += _peers(Path(harness), asked.quick)
    for line in failed:
        print(f"FAILED {line}", file=sys.stderr)
    return 1 if failed or any(figure.is_met is False for figure in found) else 0


def _peers(harness: Path, quick: bool) -> list[str]:
    """Run the harness with ours among the peers, and its report."""
    if not (harness / "run_bench.py").is_file():
        return [f"peers: TRACKIO_PEER_BENCH names {harness}, which holds no run_bench.py"]
    with tempfile.TemporaryDirectory(prefix="trackio-peers-") as folder:
        results = Path(folder) / "results.json"
        environment = os.environ | {
            "BENCH_PY_OURS": sys.executable,
            "BENCH_OURS_APP": str(ROOT / "app.py"),
            "BENCH_TMP": os.environ.get("BENCH_TMP", folder),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        peers = os.environ.get("TRACKIO_PEERS", PEERS)
        command = [sys.executable, "run_bench.py", "client" if quick else PEER_PARTS, "--peers", peers]
        command += ["--reps", "1" if quick else "3", "--out", str(results)]
        if subprocess.run(command, cwd=harness, env=environment).returncode != 0:
            return ["peers: the harness ended with an error, see above"]
        subprocess.run([sys.executable, "report.py", str(results)], cwd=harness, env=environment)
    return []


if __name__ == "__main__":
    sys.exit(main())
