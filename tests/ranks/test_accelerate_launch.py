"""Accelerate's real launchers: one experiment, metrics of rank 0, every rank known, and the one that failed named."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.ports import free_port
from tests.ranks.launching import PROGRAMS, environment, held, rows, starts
from trackio_client.queries.series import read_series
from trackio_client.wire.asks import SeriesQuery

pytest.importorskip("accelerate")
pytest.importorskip("transformers")
pytestmark = pytest.mark.requirement("S1.39")

PROGRAM = str(PROGRAMS / "launched.py")
LAUNCH = [
    sys.executable, "-m", "accelerate.commands.accelerate_cli", "launch", "--num_machines", "1",
    "--mixed_precision", "no", "--dynamo_backend", "no",
]  # fmt: skip
TWO = [*LAUNCH, "--multi_gpu", "--num_processes", "2", "--main_process_port", "0"]
"""Accelerate starts several processes of one machine by this path alone; the program asks for the CPU. (`--cpu` starts
several with MPI's launcher only.)"""


def run(folder, command):
    environ = environment(folder, ACCELERATE_USE_CPU="true", TOKENIZERS_PARALLELISM="false", TRACKIO_QUIET="1")
    return subprocess.run(
        command, env=environ, cwd=folder, capture_output=True, text=True, timeout=200, check=False
    )  # fmt: skip


def is_one_experiment_of_two_ranks(folder):
    with held(folder, sync=True) as store:
        (row,) = rows(store)
        assert (row["project"], row["state"], row["last_step"]) == ("launched", "finished", 4)
        told = [(one["rank"], one["world_size"]) for one in starts(store, row["experiment_id"])]
        assert told == [(0, 2), (1, 2)]
        query = SeriesQuery(experiments=(row["experiment_id"],), metrics=("loss",), ranks="each")
        (loss,) = read_series(store, query)["series"]
        assert (loss["metric"], loss["steps"].tolist()) == ("loss", [1, 2, 3, 4])  # of no rank: rank 0 alone told it
        ranked = store.ranked_metrics([row["experiment_id"]])[row["experiment_id"]]
        assert "system/process_memory@rank=1" in ranked


@pytest.mark.parametrize("kind", ["callback", "tracker"])
def test_accelerate_launch_makes_one_experiment_of_two_processes(tmp_path, kind):
    done = run(tmp_path, [*TWO, PROGRAM, "none", kind, "-1"])
    assert done.returncode == 0, done.stderr[-3000:]
    is_one_experiment_of_two_ranks(tmp_path)


@pytest.mark.requirement("S1.38")
@pytest.mark.parametrize("kind", ["callback", "tracker"])
def test_the_rank_that_fails_under_accelerate_launch_is_named(tmp_path, kind):
    done = run(tmp_path, [*TWO, PROGRAM, "none", kind, "2"])
    assert done.returncode != 0
    with held(tmp_path, sync=True) as store:
        (row,) = rows(store)
        assert row["state"] == "failed"
        assert row["evidence"].startswith("Rank 1 of 2 failed first. ValueError. no more data on rank 1")


@pytest.mark.parametrize(("launcher", "kind"), [("debug", "tracker"), ("notebook", "callback")])
def test_processes_that_accelerate_forks_are_one_experiment(tmp_path, launcher, kind):
    port = str(free_port())
    done = run(tmp_path, [sys.executable, PROGRAM, launcher, kind, "-1", port])
    assert done.returncode == 0, done.stderr[-3000:]
    is_one_experiment_of_two_ranks(tmp_path)


def test_a_launch_on_the_cpu_that_comes_to_one_process_waits_for_no_other(tmp_path):
    """`--cpu --num_processes 2` without MPI: Accelerate starts one process, with an address for several."""
    done = run(tmp_path, [*LAUNCH, "--cpu", "--num_processes", "2", PROGRAM, "none", "tracker", "-1"])
    assert done.returncode == 0, done.stderr[-3000:]
    assert "heard nothing" not in done.stderr
    with held(tmp_path) as store:
        (row,) = rows(store)
        assert (row["state"], row["last_step"]) == ("finished", 8)  # all of the data: nobody shares them
        (told,) = starts(store, row["experiment_id"])
        assert told["rank"] is None
