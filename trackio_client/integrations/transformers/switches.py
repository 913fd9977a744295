"""Which groups there are, and which of them are on: by `record_<name>` in code, else by TRACKIO_RECORD.

TRACKIO_RECORD is a list: `-predictions,-train_sample` takes those away, `training_loss,checkpoints` leaves only those,
`none` and `all` mean what they say. A word that is no group is told once and passed over: a list of nothing but such
words leaves everything on, for a training that went unrecorded cannot be recorded later.
"""

from __future__ import annotations

import functools
import importlib
import logging
from collections.abc import Mapping
from typing import Final

from trackio_client.errors import UsageError
from trackio_client.integrations.transformers.groups import Group

_log = logging.getLogger("trackio_client")

GROUPS: Final[dict[str, tuple[str, str]]] = {
    # In the order in which they are called. name → module (in this package) and class.
    "run_config": ("configuration", "Configuration"),
    "model": ("model", "Model"),
    "hardware": ("hardware", "Hardware"),
    "training_loss": ("losses", "Losses"),
    "learning_rate": ("rates", "Rates"),
    "gradients": ("gradients", "Gradients"),
    "early_stopping": ("stopping", "Stopping"),
    "checkpoints": ("checkpoints", "Checkpoints"),
    "checkpoint_hashes": ("hashes", "CheckpointHashes"),
    "exports": ("exports", "Exports"),
    "errors": ("failures", "Failures"),
    "data_counts": ("data_counts", "DataCounts"),
    "identity": ("identity", "Identities"),
    "labels": ("labels", "Labels"),
    "confidence": ("confidence", "Confidences"),
    "predictions": ("predictions", "Predictions"),
    "train_sample": ("train_sample", "TrainSample"),
    "times": ("times", "Times"),
}
"""Every group: its switch, and where it is."""
ON_EVERY_RANK: Final = frozenset({"hardware", "errors"})
"""What is of one process, and not of the training: told by all of them."""


def switched(given: Mapping[str, bool], environment: str | None) -> list[str]:
    """The names of the groups that are on, in order.

    Args:
        given: {"record_checkpoints": False …} from code; it wins.
        environment: the text of TRACKIO_RECORD; None is "all".

    Raises:
        UsageError: a name in code that no group has. (One in the environment is told and passed over.)
    """
    wanted = {name.removeprefix("record_"): bool(is_on) for name, is_on in given.items()}
    unknown = sorted(wanted.keys() - GROUPS.keys())
    if unknown:
        raise UsageError(
            f"there is no group {unknown[0]!r} to record or not. Groups: {', '.join(f'record_{g}' for g in GROUPS)}"
        )
    on = _told(environment) | {name for name, is_on in wanted.items() if is_on}
    return [name for name in GROUPS if name in on and wanted.get(name, True)]


@functools.cache  # so that it is told once
def _told(environment: str | None) -> frozenset[str]:
    words = [word.strip().lower() for word in (environment or "all").split(",") if word.strip()]
    plus = {word.removeprefix("+") for word in words if not word.startswith("-")}
    minus = {word.removeprefix("-") for word in words if word.startswith("-")}
    unknown = sorted((plus | minus) - GROUPS.keys() - {"all", "none"})
    if unknown:
        _log.warning(
            "TRACKIO_RECORD names %s, which is passed over: the groups are %s", ", ".join(unknown), ", ".join(GROUPS)
        )
    named = plus & GROUPS.keys()
    is_all = "all" in plus or not (named or "none" in plus)
    on = frozenset(GROUPS if is_all else named)
    return on - minus if "all" not in minus else frozenset()


def made(names: list[str]) -> list[Group]:
    """New groups, one for each name. A group whose library is missing is left out, and said."""
    found: list[Group] = []
    for name in names:
        module, kind = GROUPS[name]
        try:
            found.append(getattr(importlib.import_module(f"{__package__}.{module}"), kind)())
        except ImportError as error:
            _log.warning("%s is not recorded: %s", name, error)
    return found
