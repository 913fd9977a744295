"""Names that libraries import from inside W&B's package, as `wandb.util`, `wandb.errors`, `wandb.sdk.lib` …"""

from __future__ import annotations

import os
import secrets
import string
from typing import Any

from trackio_client.errors import TrackioError as Error
from trackio_client.errors import UsageError
from trackio_client.experiment import Experiment as Run

__all__ = [
    "CommError", "ConfigError", "Error", "Run", "RunDisabled", "UsageError", "generate_id", "get_module",
    "make_artifact_name_safe", "set_entity", "set_project",
]  # fmt: skip


class ConfigError(Error):
    """W&B raises it when a setting is changed without leave; ours may always be changed."""


class CommError(Error):
    """W&B raises it when its server does not answer; our calls never wait for one."""


class RunDisabled(Run):
    """The class of a run of W&B that records nothing; ours is an Experiment whose `disabled` is true."""


def generate_id(length: int = 8) -> str:
    """Random letters and digits, as an id of a run."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(length))


def make_artifact_name_safe(name: str) -> str:
    """A name with dashes where W&B allows nothing else."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)[:128]


def get_module(name: str, required: Any = None, lazy: bool = True) -> Any:
    """A module, or None; with `required` its text is raised when there is none."""
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        if required:
            raise Error(str(required)) from None
        return None


def set_project(value: str, env: Any = None) -> None:
    """The project of runs that name none."""
    os.environ["WANDB_PROJECT"] = str(value)


def set_entity(value: str, env: Any = None) -> None:
    """Whose runs they are; kept as a note."""
    os.environ["WANDB_ENTITY"] = str(value)
