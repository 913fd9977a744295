"""Programs that log with the real client to a running Space, as people's do: each a Python process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_NOT_OURS = ("TRACKIO_", "HF_", "RANK", "WORLD_SIZE", "LOCAL_RANK", "SLURM_", "OMPI_", "PMI_", "TORCHELASTIC_")


def environ(folder: Path, url: str, **more: str) -> dict[str, str]:
    """What such a program finds: the Space's address, a folder of its own, nothing that this machine says by chance."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)}
    ours = {
        "TRACKIO_DIR": str(folder / "trackio"),
        "TRACKIO_URL": url,
        "TRACKIO_HARDWARE_S": "0",
        "TRACKIO_CAPTURE_CONSOLE": "0",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    return {**clean, **ours, **more}


def started(folder: Path, url: str, program: str, *argv: str, **more: str) -> subprocess.Popen[str]:
    """Start a program, given as its text."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *argv],
        cwd=folder,
        env=environ(folder, url, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def told(program: subprocess.Popen[str], *, code: int = 0) -> Any:
    """What a program printed as its last line of JSON, after its end."""
    out, err = program.communicate(timeout=120)
    assert program.returncode == code, err[-3000:]
    return json.loads(out.strip().splitlines()[-1])
