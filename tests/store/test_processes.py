"""Several real processes on one file."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.programs.several import STEPS
from tests.store.trainer import audited, merged
from trackio_client.store.open import open_store

ROOT = Path(__file__).parents[2]
SEED = int(os.environ.get("TRACKIO_TEST_SEED", "0"))


def start(role: str, path: Path, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.store.programs.several", role, str(path), name],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def killed_while_merging(path: Path, chance: random.Random) -> None:
    victim = start("merge", path, "m")
    for _ in range(chance.randrange(1, 40)):
        assert victim.stdout.readline() == "merging\n"
    victim.kill()
    assert victim.wait(60) == -signal.SIGKILL
    victim.communicate()


def lease_ran_out(path: Path) -> None:
    """As if the time of a dead merger's turn were over."""
    with sqlite3.connect(path, timeout=60) as sql:
        sql.execute("UPDATE lease SET until_s = 0")
    sql.close()


@pytest.mark.crash
def test_eight_write_two_read_and_mergers_are_killed_and_nobody_hears_of_a_lock(tmp_path):
    path, chance = tmp_path / "store.sqlite", random.Random(SEED)
    readers = [start("read", path, f"r_{n}") for n in range(2)]  # all meet at a file that is not there yet
    writers = [start("write", path, f"w_{n}") for n in range(8)]
    try:
        for _ in range(3):
            killed_while_merging(path, chance)
            lease_ran_out(path)
            for reader in readers:
                assert reader.stdout.readline().strip().isdigit()
                reader.stdin.write("again\n")
                reader.stdin.flush()
        for process in writers:
            _, errors = process.communicate(timeout=120)
            assert process.returncode == 0, errors
        for process in readers:
            _, errors = process.communicate(timeout=120)
            assert process.returncode == 0, errors
    finally:
        for process in [*readers, *writers]:
            process.kill()
            process.communicate()
    store = open_store(path)
    for _ in range(2):
        for experiment in ("exp_0", "exp_1"):
            held = {receipt.writer_id: receipt.points for receipt in store.receipts(experiment)}
            assert held == {f"w_{n}": 2 * STEPS for n in range(int(experiment[-1]), 8, 2)}
            assert len(store.points(experiment, "lr").steps) == 4 * STEPS
            audited(store, experiment)
        lease_ran_out(path)
        merged(store)
    store.close()


def test_a_process_that_died_while_merging_loses_its_turn_after_a_while(tmp_path):
    path = tmp_path / "store.sqlite"
    killed_while_merging(path, random.Random(1))
    store = open_store(path)
    assert not store._takes_turn(), "it may still be at work"
    lease_ran_out(path)
    assert store._takes_turn()
    store.close()
