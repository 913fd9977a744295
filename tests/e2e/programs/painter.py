"""A trainer that logs pictures: painter.py LEDGER STEPS [--pause S] [--until FILE] [--large BYTES].

Each step logs a number and a picture of its own; the ledger gets the experiment's id, and then a line `step sha256` for
each picture whose call returned. With --large, one sparse file of that size is logged as an artifact instead, and the
ledger's last line says the process's peak of memory before and after, in kB.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import sys
import time
from pathlib import Path

import trackio_client as trackio


def picture(seed: int, step: int) -> bytes:
    return random.Random(f"{seed} {step}").randbytes(20_000 if step % 10 else 200_000)


def peak_kb() -> int:
    text = Path("/proc/self/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("VmHWM")).split()[1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("ledger", type=Path)
    parser.add_argument("steps", type=int)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--until", type=Path)
    parser.add_argument("--large", type=int)
    asked = parser.parse_args()
    experiment = trackio.init("pictures", capture_console=False)
    with asked.ledger.open("a") as ledger:
        ledger.write(f"{experiment.id}\n")
        ledger.flush()
        if asked.large:
            large(experiment, asked.large, ledger)
        else:
            paint(experiment, asked, ledger)
    experiment.finish()


def paint(experiment, asked, ledger) -> None:
    for step in range(asked.steps):
        content = picture(os.getpid(), step)
        blob = experiment.put_file(content, "image/png")
        items = [{"file": blob.sha256}]
        experiment.event("media", name="samples", media="image", step=step, items=items, blobs=[blob.cited()])
        experiment.log({"loss": 1.0 / (step + 1)}, step=step)
        ledger.write(f"{step} {hashlib.sha256(content).hexdigest()}\n")
        ledger.flush()
        if asked.until is not None and asked.until.exists():
            return
        time.sleep(asked.pause)


def large(experiment, size: int, ledger) -> None:
    path = Path(f"{asked_folder(ledger)}/large.bin")
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(size // 2)
        file.write(b"in the middle")
    experiment.log({"loss": 1.0})
    time.sleep(1.0)  # what a training has loaded anyway
    before = peak_kb()
    artifact = experiment.log_artifact(path, "large", "model")
    assert artifact.not_logged is None, artifact.not_logged
    artifact.wait(120)
    ledger.write(f"{artifact.files()[0].file} {artifact.version} {before} {peak_kb()}\n")
    ledger.flush()


def asked_folder(ledger) -> Path:
    return Path(ledger.name).parent


if __name__ == "__main__":
    sys.exit(main())
