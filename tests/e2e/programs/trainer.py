"""A training loop as a real process: it notes each `log()` that returned in a ledger of its own.

    python trainer.py LEDGER STEPS [--threads 1] [--pause 0.0] [--name …] [--until FILE]
        [--end none|raise|wait] [--burst]

A line of the ledger is `thread step microseconds`: written with one os.write after `log()` returned, so that it is
there if the process is killed in the next instant. The first line is the experiment's id.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from pathlib import Path

import trackio_client


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("ledger", type=Path)
    parser.add_argument("steps", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--project", default="kills")
    parser.add_argument("--name", default=None)
    parser.add_argument("--resume", default=None)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--fork-at", type=int, default=-1)
    parser.add_argument("--until", type=Path, default=None, help="log until this file exists")
    parser.add_argument("--burst", action="store_true", help="note all calls at once, when the last has returned")
    parser.add_argument("--end", default="finish", choices=["finish", "none", "raise", "wait"])
    chosen = parser.parse_args()
    ledger = os.open(chosen.ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    more = {"resume": "allow"} if chosen.resume else {}
    experiment = trackio_client.init(project=chosen.project, name=chosen.name or chosen.resume, **more)
    os.write(ledger, f"{experiment}\n".encode())

    noted: list[bytes] = []

    def note(line: bytes) -> None:
        if chosen.burst:
            noted.append(line)
        else:
            os.write(ledger, line)

    def train(thread: int, first: int, stop: int) -> None:
        for step in range(first, stop):
            if chosen.until is not None and chosen.until.exists():
                return
            if step == chosen.fork_at and os.fork() == 0:
                thread += 100
            began = time.perf_counter()
            experiment.log({"t/value": step + 0.5, "t/thread": thread, "t/negative": -step}, step=step)
            took_us = int((time.perf_counter() - began) * 1e6)
            note(b"%d %d %d\n" % (thread, step, took_us))
            if chosen.pause:
                time.sleep(chosen.pause)

    threads = [
        threading.Thread(target=train, args=(n, chosen.first + n * chosen.steps, chosen.first + (n + 1) * chosen.steps))
        for n in range(1, chosen.threads)
    ]
    for thread in threads:
        thread.start()
    train(0, chosen.first, chosen.first + chosen.steps)
    for thread in threads:
        thread.join()
    os.write(ledger, b"".join(noted))
    if chosen.end == "wait":
        print("READY", flush=True)
        time.sleep(600)  # the test ends it; a busy one is not done within a minute
    if chosen.end == "raise":
        raise RuntimeError("the loss exploded")
    if chosen.end == "finish":
        experiment.finish()


if __name__ == "__main__":
    main()
    sys.exit(0)
