"""Which rank of how many a process is, as its launcher says it; nonsense is passed over by name."""

from __future__ import annotations

import os
import types

import pytest

from trackio_client.capture.ranks import RANK_OF, ranks_of

pytestmark = pytest.mark.requirement("S1.39")

TORCHRUN = {
    "RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4", "GROUP_RANK": "1",
    "TORCHELASTIC_RUN_ID": "abc", "TORCHELASTIC_RESTART_COUNT": "2", "MASTER_ADDR": "node0", "MASTER_PORT": "29500",
}  # fmt: skip
SRUN = {
    "SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "4", "SLURM_NTASKS": "4", "SLURM_LOCALID": "1", "SLURM_NODEID": "1",
    "SLURM_JOB_ID": "77", "SLURM_STEP_ID": "0", "SLURM_STEP_TASKS_PER_NODE": "2(x2)", "SLURM_JOB_NAME": "train",
}  # fmt: skip
SBATCH = {"SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_JOB_ID": "77", "SLURM_LOCALID": "0", "SLURM_JOB_NAME": "x"}
OPEN_MPI = {
    "OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "3", "OMPI_COMM_WORLD_LOCAL_RANK": "2",
    "OMPI_COMM_WORLD_LOCAL_SIZE": "3", "PMIX_NAMESPACE": "prterun-1",
}  # fmt: skip


def torch_with(rank, size, *, begun=True):
    distributed = types.SimpleNamespace(
        is_available=lambda: True, is_initialized=lambda: begun, get_rank=lambda: rank, get_world_size=lambda: size
    )
    return {"torch.distributed": distributed}


def placed(environ, modules=None):
    found = ranks_of(environ, modules or {})
    return found.how, found.rank, found.world_size, found.local_rank, found.local_world_size, found.node


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({}, ("alone", 0, 1, None, None, None)),
        (TORCHRUN, ("torchrun", 5, 8, 1, 4, 1)),
        ({"RANK": "1", "WORLD_SIZE": "2"}, ("RANK", 1, 2, None, None, None)),
        (SRUN, ("SLURM", 3, 4, 1, 2, 1)),
        (SBATCH, ("alone", 0, 1, None, None, None)),
        (SRUN | {"SLURM_JOB_NAME": "bash"}, ("alone", 0, 1, None, None, None)),
        (SRUN | {"SLURM_STEP_ID": "4294967291"}, ("alone", 0, 1, None, None, None)),
        (SRUN | {"SLURM_STEP_NUM_TASKS": "1"}, ("alone", 0, 1, None, None, None)),
        (OPEN_MPI, ("Open MPI", 2, 3, 2, 3, None)),
        ({"PMI_RANK": "1", "PMI_SIZE": "2"}, ("PMI", 1, 2, None, None, None)),
        (SRUN | TORCHRUN, ("torchrun", 5, 8, 1, 4, 1)),  # torchrun inside srun: one task a machine
    ],
)
def test_each_launcher_is_understood(environ, place):
    assert placed(environ) == place


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"RANK": "8", "WORLD_SIZE": "8"}, "RANK is 8 of WORLD_SIZE 8"),
        ({"RANK": "one", "WORLD_SIZE": "2"}, "RANK is 'one'"),
        ({"RANK": "-1", "WORLD_SIZE": "2"}, "RANK is '-1'"),
        ({"RANK": "1"}, "WORLD_SIZE is not set"),
        ({"RANK": "0", "WORLD_SIZE": "0"}, "no such rank"),
        ({"RANK": "9" * 40, "WORLD_SIZE": "2"}, "RANK is '999"),
        (SRUN | {"SLURM_PROCID": "4"}, "SLURM_PROCID is 4 in a step of 4"),
        (OPEN_MPI | {"OMPI_COMM_WORLD_SIZE": "two"}, "OMPI_COMM_WORLD_SIZE is 'two'"),
    ],
)
def test_nonsense_is_passed_over_and_named(environ, words):
    found = ranks_of(environ, {})
    assert (found.how, found.world_size) == ("alone", 1)
    assert any(words in reason for reason in found.ignored), found.ignored


def test_an_initialised_process_group_wins_over_the_environment():
    assert placed({}, torch_with(1, 2)) == ("torch.distributed", 1, 2, None, None, None)
    assert placed(TORCHRUN, torch_with(5, 8)) == ("torch.distributed", 5, 8, 1, 4, 1)
    assert placed(TORCHRUN, torch_with(0, 2)) == ("torch.distributed", 0, 2, None, None, None)  # another launch's
    assert placed(TORCHRUN, torch_with(0, 2, begun=False))[0] == "torchrun"


def test_ranks_that_set_no_variables_are_known_by_accelerate():
    state = {"num_processes": 4, "process_index": 3, "local_process_index": 3}
    module = types.SimpleNamespace(PartialState=types.SimpleNamespace(_shared_state=state))
    assert placed({}, {"accelerate.state": module})[:4] == ("Accelerate", 3, 4, 3)
    state["num_processes"], state["process_index"] = 1, 0
    assert placed({}, {"accelerate.state": module})[0] == "alone"


def test_what_a_rank_starts_is_no_rank():
    child = ranks_of({**TORCHRUN, RANK_OF: "1"}, {})  # the rank was process 1, this is another one
    assert (child.how, child.rank) == ("alone", 0)
    assert "started by a rank" in child.ignored[0]
    assert ranks_of({**TORCHRUN, RANK_OF: str(os.getpid())}, {}).rank == 5


def test_a_start_tells_its_place_and_null_when_nobody_said():
    assert ranks_of(TORCHRUN, {}).facts() | {"host": ""} == {
        "host": "", "rank": 5, "world_size": 8, "local_rank": 1, "node": 1, "known_by": "torchrun"
    }  # fmt: skip
    alone = ranks_of({}, {}).facts()
    assert (alone["rank"], alone["world_size"]) == (None, None)
    assert ranks_of({"RANK": "0", "WORLD_SIZE": "1"}, {}).facts()["world_size"] == 1


def test_restarts_and_launch_are_known():
    assert ranks_of(TORCHRUN, {}).restarts == 2
    assert ranks_of(SRUN | {"SLURM_RESTART_COUNT": "1"}, {}).restarts == 1
    assert ranks_of(SRUN, {}).launch == ranks_of(SRUN | {"SLURM_PROCID": "0", "SLURM_NODEID": "0"}, {}).launch
    assert ranks_of(SRUN, {}).launch != ranks_of(SRUN | {"SLURM_STEP_ID": "1"}, {}).launch
