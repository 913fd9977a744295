"""The program: command line, script, chosen variables, seeds, user and host (S2.21, S2.23, S3.40, S3.45).

Of the environment only variables that are listed here are taken, and none whose name or value looks like a secret.
User, host and the home folder's name are personal: TRACKIO_CAPTURE_PERSONAL=0 leaves them out.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import re
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from trackio_client.capture.environment.found import Found
from trackio_client.masking import is_secret_name

MOST_WORDS: Final = 1_000
"""Of a command line."""
NO_SEED: Final = "Python's random does not tell the seed that it was given"
_FRESH: Final = 2_147_483_648  # the first word of an unseeded MT19937, always
VARIABLES: Final = frozenset(
    """
    CUDA_VISIBLE_DEVICES NVIDIA_VISIBLE_DEVICES HIP_VISIBLE_DEVICES ROCR_VISIBLE_DEVICES ZE_AFFINITY_MASK
    CUDA_LAUNCH_BLOCKING CUDA_DEVICE_ORDER CUDA_DEVICE_MAX_CONNECTIONS CUBLAS_WORKSPACE_CONFIG CUDA_MODULE_LOADING
    PYTORCH_CUDA_ALLOC_CONF PYTORCH_ALLOC_CONF PYTORCH_HIP_ALLOC_CONF PYTORCH_ENABLE_MPS_FALLBACK
    OMP_NUM_THREADS MKL_NUM_THREADS OPENBLAS_NUM_THREADS NUMEXPR_NUM_THREADS TOKENIZERS_PARALLELISM
    PYTHONHASHSEED PYTHONUNBUFFERED PYTHONOPTIMIZE PYTHONDONTWRITEBYTECODE
    WORLD_SIZE RANK LOCAL_RANK LOCAL_WORLD_SIZE GROUP_RANK NODE_RANK MASTER_PORT TORCHELASTIC_RUN_ID
    SLURM_JOB_ID SLURM_JOB_NUM_NODES SLURM_NNODES SLURM_NTASKS SLURM_PROCID SLURM_LOCALID SLURM_ARRAY_JOB_ID
    SLURM_ARRAY_TASK_ID SLURM_CPUS_PER_TASK SLURM_GPUS SLURM_GPUS_ON_NODE SLURM_MEM_PER_NODE SLURM_JOB_PARTITION
    LSB_JOBID PBS_JOBID JOB_ID SGE_TASK_ID
    HF_HUB_OFFLINE TRANSFORMERS_OFFLINE HF_DATASETS_OFFLINE HF_HUB_ENABLE_HF_TRANSFER TRANSFORMERS_VERBOSITY
    XLA_FLAGS JAX_PLATFORMS JAX_ENABLE_X64 TF_DETERMINISTIC_OPS TF_CUDNN_DETERMINISTIC KERAS_BACKEND
    TF_ENABLE_ONEDNN_OPTS TF_FORCE_GPU_ALLOW_GROWTH TPU_CHIPS_PER_HOST_BOUNDS TPU_WORKER_ID
    SPACE_ID SPACE_HARDWARE KAGGLE_KERNEL_RUN_TYPE COLAB_GPU COLAB_RELEASE_TAG LANG LC_ALL TZ CONDA_DEFAULT_ENV
    """.split()  # noqa: SIM905 (a list would be eighty lines)
)
PREFIXES: Final = ("NCCL_", "GLOO_", "TORCH_NCCL_", "TORCHINDUCTOR_", "TORCHDYNAMO_", "ACCELERATE_", "FSDP_", "UCX_")


def variables(environ: Mapping[str, str]) -> Found:
    """`variables` {name: value} of the list above; again without what looks like a secret."""
    found = Found()
    chosen = {
        name: value[:1_000]
        for name, value in sorted(environ.items())
        if (name in VARIABLES or name.startswith(PREFIXES)) and not is_secret_name(name)
    }
    found.put("variables", chosen)
    return found


def command(argv: Sequence[str], original: Sequence[str], script: Path | None, cwd: Path) -> Found:
    """The command line as it was given, with the values of secret options masked; script and working folder."""
    found = Found()
    words = list(original or argv)
    found.put("command", words[:MOST_WORDS])
    if len(words) > MOST_WORDS:
        found.put("program.words", len(words))
    found.put("program.folder", str(cwd))
    found.put("program.pid", os.getpid())
    if script is None:
        found.lacks("program.script", "there is no script: a notebook, `python -c` or an interactive session")
    else:
        found.put("program.script", str(script))
        try:
            if script.is_file() and script.stat().st_size <= 4 * 1024 * 1024:
                found.put("program.script_sha256", hashlib.sha256(script.read_bytes()).hexdigest())
        except OSError as error:
            found.lacks("program.script_sha256", f"it cannot be read ({error.strerror or error})")
    return found


def seeds(environ: Mapping[str, str]) -> Found:
    """What can be known of the seeds without drawing a number. Training arguments tell theirs in the configuration."""
    found = Found()
    chosen = environ.get("PYTHONHASHSEED", "").strip()
    found.put("seeds.python_hash", int(chosen) if chosen.isdecimal() else "random")
    found.lacks("seeds.python", NO_SEED)
    _numpy(found)
    initial = getattr(sys.modules.get("torch"), "initial_seed", None)
    if callable(initial):
        try:
            found.put("seeds.torch", int(initial()))
        except (RuntimeError, TypeError) as error:
            found.lacks("seeds.torch", f"torch does not tell it ({error})")
    else:
        found.lacks("seeds.torch", "torch was not imported")
    return found


def _numpy(found: Found) -> None:
    state = getattr(getattr(sys.modules.get("numpy"), "random", None), "get_state", None)
    if not callable(state):
        found.lacks("seeds.numpy", "numpy was not imported")
        return
    try:
        kind, words, place = state()[:3]
        first = int(words[0])
    except (TypeError, ValueError, IndexError, AttributeError):
        found.lacks("seeds.numpy", "numpy's generator does not tell it")
        return
    if kind == "MT19937" and place == len(words) and first != _FRESH:
        found.put("seeds.numpy", first)
    else:
        found.lacks("seeds.numpy", "numpy was not seeded, or numbers were drawn since")


def personal() -> Found:
    """User and host."""
    found = Found()
    try:
        found.put("user", getpass.getuser())
    except (OSError, KeyError, ImportError) as error:  # a user id without a name, as in many containers
        found.lacks("user", f"the system does not tell it ({type(error).__name__})")
    host = socket.gethostname()
    if host:
        found.put("host", host)
    else:
        found.lacks("host", "the system does not tell it")
    return found


class Anonymous:
    """Takes the home folder, the user's and the host's name out of values."""

    def __init__(self) -> None:
        told = personal().values
        home = str(Path.home()) if os.environ.get("HOME") or sys.platform == "win32" else ""
        self._home = home if len(home) > 3 else ""
        names = [str(told[name]) for name in ("user", "host") if len(str(told.get(name, ""))) >= 3]
        names = [name for name in names if name != "root"]
        self._names = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in names)) if names else None

    def __call__(self, value: Any) -> Any:
        if isinstance(value, str):
            text = value.replace(self._home, "~") if self._home else value
            return self._names.sub("…", text) if self._names is not None else text
        if isinstance(value, dict):
            return {self(name): self(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self(item) for item in value]
        return value
