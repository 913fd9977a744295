"""Starts the ranks of a launch as their launchers do: one parent, and variables that name each rank's place."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trackio_client.queries.experiments import list_experiments
from trackio_client.store.sqlite import SqliteStore

PROGRAMS = Path(__file__).with_name("programs")
ROOT = Path(__file__).resolve().parents[2]
_TOLD = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_", "SLURM_", "OMPI_", "PMI_", "TORCHELASTIC_", "TRACKIO_", "HF_")


def environment(folder: Path, **more: str) -> dict[str, str]:
    """As a launcher's, without what this machine says by chance."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(_TOLD)}
    ours = {"TRACKIO_DIR": str(folder), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "TRACKIO_HARDWARE_S": "0"}
    return {**clean, **ours, **more}


def rank_variables(rank: int, size: int) -> dict[str, str]:
    return {
        "RANK": str(rank), "WORLD_SIZE": str(size), "LOCAL_RANK": str(rank), "LOCAL_WORLD_SIZE": str(size),
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29555",
    }  # fmt: skip


def start(folder: Path, variables: dict[str, str], *argv: str, program: str = "logs.py") -> subprocess.Popen[str]:
    command = [sys.executable, str(PROGRAMS / program), *argv]
    return subprocess.Popen(
        command, env=environment(folder, **variables), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def ended(processes: list[subprocess.Popen[str]], timeout_s: float = 60.0) -> list[tuple[int, list[str], str]]:
    """(exit code, lines of stdout, stderr) of each."""
    told = [process.communicate(timeout=timeout_s) for process in processes]
    return [(process.returncode, out.splitlines(), err) for process, (out, err) in zip(processes, told, strict=True)]


def launch(folder: Path, size: int, *argv: str, **more: str) -> list[tuple[int, list[str], str]]:
    """All ranks of one launch, to their ends."""
    return ended([start(folder, rank_variables(rank, size) | more, *argv) for rank in range(size)])


@contextmanager
def held(folder: Path, *, sync: bool = False) -> Iterator[SqliteStore]:
    """The local store; with `sync`, after the logs that killed ranks left were sent."""
    if sync:
        command = [sys.executable, "-m", "trackio_client", "sync"]
        subprocess.run(command, env=environment(folder), cwd=folder, check=False, capture_output=True, timeout=200)
    store = SqliteStore(folder / "v1" / "store.sqlite")
    try:
        yield store
    finally:
        store.close()


def rows(store: SqliteStore, project: str | None = None) -> list[dict[str, Any]]:
    """As lists show them, newest first."""
    names = [name for name, _, _ in store.projects() if project in (None, name)]
    return [row for name in names for row in list_experiments(store, name, time.time())["experiments"]]


def starts(store: SqliteStore, experiment_id: str) -> list[dict[str, Any]]:
    """What each writer said of its process, rank 0 first."""
    found = [event.content["process"] for event in store.events(experiment_id, kinds=["start"])]
    return sorted(found, key=lambda process: process["rank"] or 0)
