"""What recording costs a training: CPU seconds with us and without, of a real Trainer at default settings.

    python -m benchmarks.overhead [--pairs 20] [--steps 200] [--quick]

One process trains the same small transformer again and again, with and without the callback in turns whose order
changes, so that warm caches and other load fall on both alike. CPU seconds are of all threads of the process, from
making the Trainer to the end of `train()`, receipt included. The difference is told as its median with a bootstrap
interval; a table says what each part costs, by leaving it out; memory and growth are of processes of their own.

What needs forward passes (predictions, the training sample) has a budget of its own and is told apart.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Figure, noise, table

TARGET_SHARE: Final = 0.02
TARGET_MEMORY_MB: Final = 50.0
FORWARD_PASSES: Final = "-predictions,-train_sample,-confidence"
PARTS: Final[dict[str, dict[str, str]]] = {
    "console": {"TRACKIO_CAPTURE_CONSOLE": "0"},
    "environment": {"TRACKIO_CAPTURE_ENVIRONMENT": "0"},
    "hardware": {"TRACKIO_HARDWARE_S": "0"},
    "groups": {"TRACKIO_RECORD": "none"},
    "store": {"TRACKIO_MODE": "offline"},
}
"""Part → what leaves it out."""


def bootstrap(values: Sequence[float], *, seed: int = 7, resamples: int = 4000) -> tuple[float, float]:
    """The 95 % interval of the median of these values."""
    import random

    chance = random.Random(seed)
    medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(resamples))
    return medians[int(0.025 * resamples)], medians[int(0.975 * resamples) - 1]


# --- a training ----------------------------------------------------------------------------------------------------


def model_and_rows(steps: int, hidden: int) -> tuple[Any, list[dict[str, Any]], Any]:
    """A BERT of two layers for tokens, and enough made-up sentences for the steps."""
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(5, 500, (512, 64), generator=generator)
    rows = [{"input_ids": one, "labels": one % 5} for one in ids]
    transformers.set_seed(7)
    config = transformers.BertConfig(
        vocab_size=500, hidden_size=hidden, num_hidden_layers=2, num_attention_heads=4, intermediate_size=2 * hidden,
        num_labels=5,
    )  # fmt: skip
    return transformers.BertForTokenClassification(config), rows, rows[:64]


def train(with_us: bool, steps: int, folder: Path, *, hidden: int = 192) -> float:
    """CPU seconds of one training."""
    import transformers

    model, rows, held_out = model_and_rows(steps, hidden)
    began = time.process_time()
    arguments = transformers.TrainingArguments(
        output_dir=str(folder / "out"), max_steps=steps, logging_steps=10, eval_strategy="steps",
        eval_steps=max(10, steps // 2), save_strategy="no", report_to="none", disable_tqdm=True, use_cpu=True,
        per_device_train_batch_size=16, per_device_eval_batch_size=32, dataloader_pin_memory=False,
    )  # fmt: skip
    callbacks = []
    if with_us:
        from trackio_client.integrations.transformers import TrackioCallback

        callbacks.append(TrackioCallback(project="overhead"))
    transformers.Trainer(model, arguments, train_dataset=rows, eval_dataset=held_out, callbacks=callbacks).train()
    return time.process_time() - began


def set_environment(folder: Path, more: Mapping[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith(("TRACKIO_", "HF_TOKEN"))]:
        del os.environ[name]
    os.environ.update({"TRACKIO_DIR": str(folder / "data"), "TRACKIO_QUIET": "1", "TRACKIO_RECORD": FORWARD_PASSES})
    os.environ.update(more)


# --- what is measured, each in a process of its own ----------------------------------------------------------------


def pairs(count: int, steps: int, folder: Path, hidden: int) -> dict[str, Any]:
    """Trainings with and without in turns; the first pair warms up and does not count."""
    import torch

    torch.set_num_threads(1)
    set_environment(folder, {})
    found: dict[str, list[float]] = {"with": [], "without": []}
    for number in range(count + 1):
        for with_us in (True, False) if number % 2 else (False, True):
            took = train(with_us, steps, folder, hidden=hidden)
            if number:
                found["with" if with_us else "without"].append(took)
    return found


def parts(count: int, steps: int, folder: Path, hidden: int) -> dict[str, Any]:
    """The same with one part left out at a time, all in turns."""
    import torch

    torch.set_num_threads(1)
    ways: dict[str, Mapping[str, str]] = {"all": {}, **PARTS}
    ways["forward passes"] = {"TRACKIO_RECORD": "all"}
    found: dict[str, list[float]] = {name: [] for name in (*ways, "nothing")}
    for number in range(count + 1):
        for name, changes in ways.items():
            set_environment(folder, changes)
            took = train(True, steps, folder, hidden=hidden)
            if number:
                found[name].append(took)
        took = train(False, steps, folder, hidden=hidden)
        if number:
            found["nothing"].append(took)
    return found


def memory(with_us: bool, steps: int, folder: Path, hidden: int) -> dict[str, Any]:
    """Greatest resident memory of a process that trains once, MB."""
    set_environment(folder, {})
    train(with_us, steps, folder, hidden=hidden)
    return {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def growth(steps: int, folder: Path) -> dict[str, Any]:
    """What Python holds after some and after many calls of log(), as bytes for each call more; and its CPU.

    Of the later half: in the first one buffers of a fixed size fill up, and modules are loaded (4 MB). What is kept of
    each call would be 50 bytes and more.
    """
    import gc
    import tracemalloc

    set_environment(folder, {})
    import trackio_client

    experiment = trackio_client.init("growth", capture_console=False)
    values = {"loss": 0.5, "learning_rate": 1e-3, "grad_norm": 1.0, "epoch": 0.1}
    held, spent = [], []
    at = 0
    tracemalloc.start()
    for end in (2 * steps, 4 * steps, 8 * steps):
        began = time.process_time()
        for step in range(at, end):
            experiment.log(values, step=step)
        spent.append((time.process_time() - began) / (end - at))
        at = end
        experiment.summary.keys()  # the sender has caught up with all of it
        gc.collect()
        held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    experiment.finish()
    return {"bytes_a_step": (held[2] - held[1]) / (4 * steps), "cpu_growth": spent[2] / spent[1]}


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
    differences = [a - b for a, b in zip(found["with"], found["without"], strict=True)]
    base = statistics.median(found["without"])
    low, high = bootstrap(differences)
    share = tuple(100 * one / base for one in differences)
    interval = f"95 % {100 * low / base:.2f} to {100 * high / base:.2f}; {base:.2f} s without, {count} pairs"
    left_out = in_child("parts", max(3, count // 4), steps, _Behind(hidden))
    say(parts_table(left_out))
    peaks = [in_child("memory", with_us, steps, _Behind(hidden))["peak_mb"] for with_us in (True, False)]
    grown = in_child("growth", 20_000)
    readings = in_child("sampler", 50)["s_a_reading"]
    return [
        Figure(measure="CPU of a training", values=share, unit="% more", target=100 * TARGET_SHARE, note=interval),
        Figure(measure="memory", values=(peaks[0] - peaks[1],), unit="MB more", target=TARGET_MEMORY_MB),
        Figure(measure="growth", values=(grown["bytes_a_step"],), unit="bytes a call", target=16.0),
        Figure(measure="later calls", values=(grown["cpu_growth"],), unit="× CPU of earlier ones", target=1.3),
        Figure(
            measure="hardware every 10 s", values=tuple(100 * one / 10 for one in readings), unit="% of a core",
            target=0.5,
        ),
    ]  # fmt: skip


def parts_table(found: Mapping[str, Sequence[float]]) -> str:
    """What each part costs: all of it less the training that leaves it out, run by run."""
    base = statistics.median(found["nothing"])
    lines = ["| part | CPU of it | of the training |", "|---|---|---|"]

    def line(name: str, costs: Sequence[float]) -> None:
        cost = statistics.median(costs)
        low, high = bootstrap(costs)
        lines.append(
            f"| {name} | {1000 * cost:.0f} ms ({1000 * low:.0f} to {1000 * high:.0f}) | {100 * cost / base:.2f} % |"
        )

    line("everything", [a - b for a, b in zip(found["all"], found["nothing"], strict=True)])
    for name in PARTS:
        line(name, [a - b for a, b in zip(found["all"], found[name], strict=True)])
    line("forward passes, beside it", [b - a for a, b in zip(found["all"], found["forward passes"], strict=True)])
    return "\n".join([*lines, "", noise()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--hidden", type=int, default=192, help="of the model: what a step costs")
    parser.add_argument("--quick", action="store_true", help="5 pairs of 60 steps: minutes, and wider intervals")
    given = parser.parse_args()
    count, steps = (5, 60) if given.quick else (given.pairs, given.steps)
    print(table(figures(count, steps, hidden=given.hidden)))


if __name__ == "__main__":
    main()
