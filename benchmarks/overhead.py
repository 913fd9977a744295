"""What recording costs a training: CPU seconds with us and without, of a real Trainer at default settings.

    python -m benchmarks.overhead [--pairs 20] [--steps 200] [--quick]

A pair is the same small transformer trained with the callback and without, both taking turns at every step (turns.py),
so that other load and warm caches fall on both alike. CPU seconds are of all threads and child processes, from making
the Trainer to the end of `train()`, receipt included. The difference is told as its median with a bootstrap interval;
a table says what each part costs by its own CPU clock (accounts.py); memory and growth are of processes of their own.

What needs forward passes (predictions, the training sample) has a budget of its own, and is off here.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from benchmarks.accounts import PARTS, counted
from benchmarks.figures import Figure, noise, table
from benchmarks.turns import pair, set_environment, stay_on_one_core, train

TARGET_SHARE: Final = 0.02
TARGET_MEMORY_MB: Final = 50.0
WHOLE: Final = "the training"
DEFAULT: Final = {"TRACKIO_RECORD": "-predictions,-train_sample,-confidence"}
"""Default settings but for forward passes, which have a budget of their own."""


def bootstrap(values: Sequence[float], *, seed: int = 7, resamples: int = 4000) -> tuple[float, float]:
    """The 95 % interval of the median of these values."""
    import random

    chance = random.Random(seed)
    medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(resamples))
    return medians[int(0.025 * resamples)], medians[int(0.975 * resamples) - 1]


# --- what is measured, each in a process of its own ----------------------------------------------------------------


def pairs(count: int, steps: int, folder: Path, hidden: int) -> dict[str, Any]:
    """Pairs at default settings, who begins in turns; the first pair warms up and does not count."""
    import torch

    torch.set_num_threads(1)
    stay_on_one_core()
    set_environment(folder, DEFAULT)
    found = [asdict(pair(steps, folder, hidden, first=number % 2)) for number in range(count + 1)]
    return {name: [one[name] for one in found[1:]] for name in found[0]}


def parts(count: int, steps: int, folder: Path, hidden: int) -> dict[str, Any]:
    """CPU seconds of each part of ours, training by training, and of each training as a whole."""
    import torch

    torch.set_num_threads(1)
    found: dict[str, list[float]] = {name: [] for name in (*PARTS, WHOLE)}
    set_environment(folder, DEFAULT)
    for number in range(count + 1):
        began = time.process_time()
        with counted() as spent:
            train(True, steps, folder, hidden)
        if number:  # the first one warms up
            for name in PARTS:
                found[name].append(spent[name])
            found[WHOLE].append(time.process_time() - began)
    return found


def memory(with_us: bool, steps: int, folder: Path, hidden: int) -> dict[str, Any]:
    """Greatest resident memory of a process that trains once, MB."""
    set_environment(folder, DEFAULT)
    train(with_us, steps, folder, hidden)
    return {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def growth(steps: int, folder: Path) -> dict[str, Any]:
    """What Python holds after some and after many calls of log(), as bytes for each call more; and its CPU.

    Held is the least of three seconds at rest, once all of it is in the store: pieces of the log on their way come and
    go (1 MiB each, and of that size once the log is longer), and modules are loaded when they are first wanted.
    """
    import gc
    import tracemalloc

    set_environment(folder, DEFAULT)
    import trackio_client

    def at_rest() -> int:
        arrived, until, least = experiment._writer.arrival(), time.monotonic() + 120, sys.maxsize
        while not arrived() and time.monotonic() < until:
            time.sleep(0.05)
        for _ in range(30):
            gc.collect()
            least = min(least, tracemalloc.get_traced_memory()[0])
            time.sleep(0.1)
        return least

    experiment = trackio_client.init("growth", capture_console=False)
    values = {"loss": 0.5, "learning_rate": 1e-3, "grad_norm": 1.0, "epoch": 0.1}
    held, spent = [], []
    tracemalloc.start()
    for at in range(0, 8 * steps, 2 * steps):
        began = time.process_time()
        for step in range(at, at + 2 * steps):
            experiment.log(values, step=step)
        spent.append(time.process_time() - began)
        held.append(at_rest())
    tracemalloc.stop()
    experiment.finish()
    return {"bytes_a_step": (held[-1] - held[0]) / (6 * steps), "cpu_growth": spent[-1] / spent[1]}


def sampler(readings: int) -> dict[str, Any]:
    """CPU of a reading of this machine's hardware, s."""
    from trackio_client.capture.hardware import Gpus, Host

    tens = itertools.count(0.0, 10.0)
    gpus, host = Gpus(), Host(clock=lambda: next(tens))  # as if 10 s lay between readings: shares are read, too
    each = []
    for _ in range(readings):
        began = time.process_time()
        gpus.read()
        host.read()
        each.append(time.process_time() - began)
    return {"s_a_reading": each}


def in_child(what: str, *given: object) -> dict[str, Any]:
    """One of the functions above in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        code = (
            "import json, sys\nfrom pathlib import Path\nfrom benchmarks import overhead\n"
            f"found = overhead.{what}(*json.loads(sys.argv[1]), *([Path(sys.argv[2])] if sys.argv[3] else []), "
            "*json.loads(sys.argv[4]))\nprint('FOUND ' + json.dumps(found))"
        )
        first = [one for one in given if not isinstance(one, _Behind)]
        behind = [one.value for one in given if isinstance(one, _Behind)]
        takes_folder = "" if what == "sampler" else "1"
        done = subprocess.run(
            [sys.executable, "-c", code, json.dumps(first), folder, takes_folder, json.dumps(behind)],
            capture_output=True, text=True, check=False, cwd=Path(__file__).resolve().parents[1],
        )  # fmt: skip
    for line in done.stdout.splitlines():
        if line.startswith("FOUND "):
            return dict(json.loads(line.removeprefix("FOUND ")))
    raise RuntimeError(f"{what} did not come to its end:\n{done.stderr[-3000:]}")


class _Behind:
    """An argument behind the folder."""

    def __init__(self, value: object) -> None:
        self.value = value


def figures(
    count: int = 20, steps: int = 200, *, hidden: int = 192, say: Callable[[str], None] = print
) -> list[Figure]:
    """All of it, and the table of parts through `say`."""
    found = in_child("pairs", count, steps, _Behind(hidden))
    base = statistics.median(found["bare"])
    more = [a - b for a, b in zip(found["recorded"], found["bare"], strict=True)]
    shares = [100 * cost / bare for cost, bare in zip(more, found["bare"], strict=True)]
    low, high = bootstrap(shares)
    beside = statistics.median(found["beside"])
    say(
        f"{count} pairs of {steps} steps: {base:.2f} s of CPU without us, {1000 * statistics.median(more):.0f} ms more "
        f"with us (of it {1000 * beside:.0f} ms in threads beside the training); 95 % {low:.2f} to {high:.2f} %"
    )
    say(parts_table(in_child("parts", max(3, count // 4), steps, _Behind(hidden))))
    peaks = [in_child("memory", with_us, steps, _Behind(hidden))["peak_mb"] for with_us in (True, False)]
    grown = in_child("growth", 10_000)
    readings = in_child("sampler", 50)["s_a_reading"]
    return [
        Figure(
            measure="CPU of a training", values=tuple(shares), unit="% more", target=100 * TARGET_SHARE,
            note=f"95 % {low:.2f} to {high:.2f}",
        ),
        Figure(measure="memory", values=(peaks[0] - peaks[1],), unit="MB more", target=TARGET_MEMORY_MB),
        Figure(measure="growth", values=(grown["bytes_a_step"],), unit="bytes a call", target=16.0),
        Figure(measure="later calls", values=(grown["cpu_growth"],), unit="× CPU of earlier ones", target=1.3),
        Figure(
            measure="hardware every 10 s", values=tuple(100 * one / 10 for one in readings), unit="% of a core",
            target=0.5,
        ),
    ]  # fmt: skip


def parts_table(found: Mapping[str, Sequence[float]]) -> str:
    """What each part costs, in CPU of its own."""
    whole = statistics.median(found[WHOLE])
    lines = ["| part | CPU of it | of the training |", "|---|---|---|"]

    def line(name: str, costs: Sequence[float]) -> None:
        cost = statistics.median(costs)
        spread = f"{1000 * min(costs):.1f} to {1000 * max(costs):.1f}"
        lines.append(f"| {name} | {1000 * cost:.1f} ms ({spread}) | {100 * cost / whole:.2f} % |")

    for name in PARTS:
        line(name, found[name])
    line("all of it", [sum(each) for each in zip(*(found[name] for name in PARTS), strict=True)])
    return "\n".join([*lines, "", noise()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--hidden", type=int, default=192, help="of the model: what a step costs")
    parser.add_argument("--quick", action="store_true", help="5 pairs of 40 steps: minutes, and wider intervals")
    given = parser.parse_args()
    count, steps = (5, 40) if given.quick else (given.pairs, given.steps)
    print(table(figures(count, steps, hidden=given.hidden)))


if __name__ == "__main__":
    main()
