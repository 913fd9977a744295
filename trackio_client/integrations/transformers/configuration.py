"""`run_config`: what the training was told, at its beginning (S4.5). Labels and data counts are other groups'."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from trackio_client.integrations.transformers.groups import Group, Run

_SECRET: Final = re.compile(r"token|secret|password|api_?key", re.I)
_UNREADABLE: Final = object()


class Configuration(Group):
    """Adds to the configuration: trainer, training_arguments, effective batch size, callbacks."""

    name: ClassVar[str] = "run_config"

    def begin(self, run: Run) -> None:
        args = run.args
        each = getattr(args, "per_device_train_batch_size", None)
        steps = getattr(args, "gradient_accumulation_steps", 1) or 1
        devices = max(1, int(getattr(args, "n_gpu", 1) or 1))
        told: dict[str, Any] = {
            "trainer": type(run.trainer).__name__ if run.trainer is not None else None,
            "training_arguments_class": type(args).__name__,
            "training_arguments": arguments(args),
            "effective_batch_size": None if each is None else each * steps * devices * run.world_size,
            "world_size": run.world_size,
            "max_steps": int(run.state.max_steps or 0) or None,
            "num_train_epochs": run.state.num_train_epochs or None,
            "processing_class": type(run.processing_class).__name__ if run.processing_class is not None else None,
            "data_collator": _named(getattr(run.trainer, "data_collator", None)),
            "compute_metrics": _named(getattr(run.trainer, "compute_metrics", None)),
            "callbacks": [type(one).__name__ for one in getattr(_handler(run), "callbacks", ())] or None,
        }
        run.run_config.update({name: value for name, value in told.items() if value is not None})


def arguments(args: Any) -> dict[str, Any]:
    """The training arguments, without secrets: those that Transformers blanks out, and all that are named so.

    One whose reading raises is left out; the others stay.
    """
    to_dict = getattr(args, "to_dict", None)
    try:
        found: Mapping[str, Any] = to_dict() if callable(to_dict) else vars(args)
    except Exception:  # a class of a stranger's, whose properties may raise anything: then field by field
        each = {name: _read(args, name) for name in getattr(args, "__dataclass_fields__", {})}
        found = {name: value for name, value in each.items() if value is not _UNREADABLE}
    return {name: value for name, value in found.items() if not _SECRET.search(name) or name.startswith("include_num")}


def _read(args: Any, name: str) -> Any:
    try:
        return getattr(args, name)
    except Exception:  # a stranger's property may raise anything: that field is left out
        return _UNREADABLE


def _handler(run: Run) -> Any:
    return getattr(run.trainer, "callback_handler", None)


def _named(thing: Any) -> str | None:
    if thing is None:
        return None
    name = getattr(thing, "__qualname__", None) or type(thing).__qualname__
    return f"{getattr(thing, '__module__', '') or ''}.{name}".removeprefix("builtins.").lstrip(".")
