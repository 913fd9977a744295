"""Which of how many processes this one is, as its launcher says it: nothing to set, imported or waited for.

Asked in this order, the first that knows stands:

    torch.distributed   if the program has initialised it: what it says is what the training goes by
    torchrun & kin      RANK, WORLD_SIZE, LOCAL_RANK: torchrun, Accelerate, DeepSpeed, and everybody's own launcher
    Accelerate          its state, when it holds several processes (TPUs, which set no such variables)
    srun                SLURM_PROCID, in a step of several tasks: a batch script's own variables make no ranks
    MPI                 Open MPI, PMI (MPICH, Intel MPI), MVAPICH, Horovod

A variable that cannot be right is passed over, and why is told in `ignored`. A process that is no rank is alone.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

RANK_OF: Final = "TRACKIO_RANK_PROCESS"
"""Set for children: the process that is the rank. What a rank starts (an evaluation, a server) inherits its launcher's
variables and is no rank for that."""
_SLURM_OWN_STEPS: Final = 0xFFFFFFF0  # and above: the batch script, the interactive shell, the external step
_SLURM_SHELLS: Final = ("bash", "sh", "zsh", "interactive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """The place of this process among those of one launch."""

    rank: int = 0
    world_size: int = 1
    local_rank: int | None = None
    """Among the processes of this machine; None when nobody says."""
    local_world_size: int | None = None
    node: int | None = None
    """The machine's number."""
    how: str = "alone"
    """Who said so: "torch.distributed", "torchrun", "RANK", "Accelerate", "SLURM", "Open MPI", "PMI", …"""
    launch: str | None = None
    """Names the launch, the same in all of its processes also across machines; None when the launcher gives no such
    name: then those of one machine are known by their parent alone."""
    restarts: int = 0
    """How often the launcher started all of them again."""
    ignored: tuple[str, ...] = ()
    """What was found in the environment and cannot be, in words."""

    @property
    def is_main(self) -> bool:
        """Whether this process speaks for all of them."""
        return self.rank == 0

    @property
    def is_local_main(self) -> bool:
        """Whether this process speaks for its machine."""
        return self.rank == 0 if self.local_rank is None else self.local_rank == 0

    def facts(self) -> dict[str, Any]:
        """Host and place among ranks, as a START event tells them. Ranks that nobody told are null."""
        is_one = self.how == "alone"
        return {
            "host": socket.gethostname(),
            "rank": None if is_one else self.rank,
            "world_size": None if is_one else self.world_size,
            "local_rank": self.local_rank,
            "node": self.node,
            "known_by": None if is_one else self.how,
        }


ALONE: Final = Ranks()


def ranks_of(environ: Mapping[str, str] = os.environ, modules: Mapping[str, Any] | None = None) -> Ranks:
    """The place of this process now. Cheap; ask again after a fork, or when torch.distributed may have begun."""
    modules = sys.modules if modules is None else modules
    if environ.get(RANK_OF, str(os.getpid())) != str(os.getpid()) and not _is_forked_rank(environ):
        return replace(ALONE, ignored=("it was started by a rank of another launch, and is none itself",))
    ignored: list[str] = []
    told = next((found for ask in _LAUNCHERS if (found := ask(environ, ignored)) is not None), None)
    if (torch := _of_torch(modules)) is not None:
        rank, size = torch
        return replace(
            _fitting(told, rank, size), rank=rank, world_size=size, how="torch.distributed", ignored=tuple(ignored)
        )
    if told is None and (found := _of_accelerate(modules)) is not None:
        return replace(found, ignored=tuple(ignored))
    return replace(told or ALONE, ignored=tuple(ignored))


def _is_forked_rank(environ: Mapping[str, str]) -> bool:
    """A fork of the rank (a data loader's worker) writes for it: its parent's number is the one that was set."""
    return environ.get(RANK_OF) == str(os.getppid()) and "multiprocessing" in sys.modules


def _fitting(told: Ranks | None, rank: int, size: int) -> Ranks:
    """What a launcher said about machine and launch, if it speaks of the same ranks as torch.distributed."""
    if told is None or (told.world_size, told.rank) != (size, rank):
        return ALONE
    return told


# --- who may know -------------------------------------------------------------------------------------------------


def _of_torch(modules: Mapping[str, Any]) -> tuple[int, int] | None:
    """(rank, world size) of an initialised default process group."""
    distributed = modules.get("torch.distributed")
    try:
        if distributed is None or not distributed.is_available() or not distributed.is_initialized():
            return None
        return int(distributed.get_rank()), int(distributed.get_world_size())
    except (AttributeError, RuntimeError, ValueError, TypeError):  # a build without it, or one that is being left
        return None


def _of_accelerate(modules: Mapping[str, Any]) -> Ranks | None:
    state = getattr(getattr(modules.get("accelerate.state"), "PartialState", None), "_shared_state", None) or {}
    size, rank, local = (state.get(name) for name in ("num_processes", "process_index", "local_process_index"))
    size = len(state.get("device_ids") or ()) if size is None else size
    if not isinstance(rank, int) or not isinstance(size, int) or not 0 <= rank < size or size < 2:
        return None
    return Ranks(rank=rank, world_size=size, local_rank=local if isinstance(local, int) else None, how="Accelerate")


def _of_variables(environ: Mapping[str, str], ignored: list[str]) -> Ranks | None:
    """RANK and WORLD_SIZE, as torchrun sets them, and all who follow it."""
    read = _Reader(environ, ignored)
    rank, size = read.place("RANK", "WORLD_SIZE")
    if rank is None:
        return None
    local, many = read.place("LOCAL_RANK", "LOCAL_WORLD_SIZE", alone=True)
    is_elastic = "TORCHELASTIC_RUN_ID" in environ
    return Ranks(
        rank=rank,
        world_size=size,
        local_rank=local,
        local_world_size=many or None,
        node=read.number("GROUP_RANK"),
        how="torchrun" if is_elastic else "RANK",
        restarts=read.number("TORCHELASTIC_RESTART_COUNT") or 0,
    )


def _of_slurm(environ: Mapping[str, str], ignored: list[str]) -> Ranks | None:
    if "SLURM_PROCID" not in environ:
        return None
    read = _Reader(environ, ignored)
    step, tasks = read.number("SLURM_STEP_ID", quiet=True), read.number("SLURM_STEP_NUM_TASKS", quiet=True)
    if step is None or step >= _SLURM_OWN_STEPS or environ.get("SLURM_JOB_NAME") in _SLURM_SHELLS:
        return None  # inside sbatch or salloc, not launched by srun: SLURM_NTASKS is what may be launched
    if tasks is None:
        tasks = read.number("SLURM_NTASKS")
    rank = read.number("SLURM_PROCID")
    if rank is None or tasks is None or tasks < 2:
        return None
    if rank >= tasks:
        ignored.append(f"SLURM_PROCID is {rank} in a step of {tasks} tasks: there is no such rank")
        return None
    job = environ.get("SLURM_JOB_ID", environ.get("SLURM_JOBID", "")).strip()
    return Ranks(
        rank=rank,
        world_size=tasks,
        local_rank=read.number("SLURM_LOCALID"),
        local_world_size=_tasks_here(environ, read.number("SLURM_NODEID", quiet=True)),
        node=read.number("SLURM_NODEID"),
        how="SLURM",
        launch=f"slurm {environ.get('SLURM_CLUSTER_NAME', '')} {job} {step}" if job else None,
        restarts=read.number("SLURM_RESTART_COUNT") or 0,
    )


def _tasks_here(environ: Mapping[str, str], node: int | None) -> int | None:
    """Of "4(x2),3": 4, 4, 3 tasks on nodes 0, 1, 2."""
    counts: list[int] = []
    for part in environ.get("SLURM_STEP_TASKS_PER_NODE", environ.get("SLURM_TASKS_PER_NODE", "")).split(","):
        number, _, times = part.strip().partition("(x")
        times = times.removesuffix(")") or "1"
        if not number.isdecimal() or not times.isdecimal() or int(times) > 100_000:
            return None
        counts += [int(number)] * int(times)
    return counts[node] if node is not None and node < len(counts) else None


@dataclass(frozen=True, slots=True)
class _Family:
    """The variables of one MPI."""

    how: str
    rank: str
    size: str
    local: str
    local_size: str
    launch: tuple[str, ...] = ()


_MPI: Final = (
    _Family(
        "Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
        "OMPI_COMM_WORLD_LOCAL_SIZE", ("PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid"),
    ),
    _Family("Horovod", "HOROVOD_RANK", "HOROVOD_SIZE", "HOROVOD_LOCAL_RANK", "HOROVOD_LOCAL_SIZE"),
    _Family("MVAPICH", "MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_LOCAL_RANK",
            "MV2_COMM_WORLD_LOCAL_SIZE"),
    _Family("PMI", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"),
)  # fmt: skip


def _of_mpi(environ: Mapping[str, str], ignored: list[str]) -> Ranks | None:
    read = _Reader(environ, ignored)
    for family in _MPI:
        rank, size = read.place(family.rank, family.size)
        if rank is None or size < 2:
            continue
        local, many = read.place(family.local, family.local_size, alone=True)
        launch = next((f"{family.how} {environ[name]}" for name in family.launch if environ.get(name)), None)
        return Ranks(
            rank=rank, world_size=size, local_rank=local, local_world_size=many or None, how=family.how, launch=launch
        )
    return None


_LAUNCHERS: Final = (_of_variables, _of_slurm, _of_mpi)


class _Reader:
    """Numbers out of an environment; what is none is noted once."""

    def __init__(self, environ: Mapping[str, str], ignored: list[str]) -> None:
        self._environ, self._ignored = environ, ignored

    def number(self, name: str, *, quiet: bool = False) -> int | None:
        text = self._environ.get(name, "").strip()
        if not text:
            return None
        if text.isascii() and text.isdecimal() and len(text) < 10:
            return int(text)
        if not quiet:
            self._note(f"{name} is {text[:40]!r}, not a number >= 0")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None

    def place(self, rank: str, size: str, *, alone: bool = False) -> tuple[int | None, int]:
        """(rank, size); (None, 0) when they are not there or do not fit. `alone`: the rank may come without a size."""
        if not self._environ.get(rank, "").strip():
            return None, 0
        place, many = self.number(rank), self.number(size)
        if place is None:
            return None, 0
        if many is None:
            if alone:
                return place, 0
            self._note(f"{rank} is {place} but {size} is not set: of how many is not known")
            return None, 0
        if place >= many:
            self._note(f"{rank} is {place} of {size} {many}: there is no such rank")
            return None, 0
        return place, many

    def _note(self, text: str) -> None:
        if text not in self._ignored:
            self._ignored.append(text)
