"""training_arguments: a `TrainingArguments` from a training's configuration, right on the installed transformers.

    args = training_arguments(config, output_dir="out", report_to=None)

What is taken: the configuration's attributes that are fields of TrainingArguments, those that have another name there
(`batch_size`, `max_iters`, `optimizer` …), and the overrides, which win. Each value gets the type of its field, so the
text "false" is false (B2) and YAML's "5e-5" a number. `report_to` never pulls in a logger that was not asked for (B1).
What this machine or this version cannot do (bf16, prefetching without workers, fields of other versions) is left out
and said; a name that no version knows is an error.
"""

from __future__ import annotations

import dataclasses
import difflib
import logging
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Final

from trackio_client.errors import MissingExtra, UsageError
from trackio_client.integrations.entries import entries_of
from trackio_client.integrations.probing import can_bf16, can_fp16, can_tf32
from trackio_client.truth import truth

try:
    from transformers import TrainingArguments
except ImportError as absent:
    raise MissingExtra("training_arguments", "transformers", "transformers") from absent

_log = logging.getLogger("trackio_client")
OTHER_NAMES: Final = {
    "batch_size": ("per_device_train_batch_size", "per_device_eval_batch_size"),
    "train_batch_size": ("per_device_train_batch_size",),
    "eval_batch_size": ("per_device_eval_batch_size",),
    "max_iters": ("max_steps",),
    "epochs": ("num_train_epochs",),
    "num_epochs": ("num_train_epochs",),
    "lr": ("learning_rate",),
    "optimizer": ("optim",),
    "scheduler": ("lr_scheduler_type",),
    "beta1": ("adam_beta1",),
    "beta2": ("adam_beta2",),
    "eps": ("adam_epsilon",),
    "use_gradient_checkpointing": ("gradient_checkpointing",),
    "log_interval": ("logging_steps",),
    "eval_interval": ("eval_steps",),
    "save_interval": ("save_steps",),
    "out_dir": ("output_dir",),
}
"""Names that configurations use → fields. A field that the configuration has under its own name wins."""
_NOT_TAKEN: Final = ("hub_token", "project", "local_rank")
"""Fields that a configuration of its own meaning may hold by accident; as overrides they are taken."""


def training_arguments(config: Any = None, *, arguments_class: type[Any] | None = None, **overrides: Any) -> Any:
    """Build the training arguments.

    Args:
        config: any object, class or dict; None is none.
        arguments_class: TrainingArguments, or a subclass such as TRL's SFTConfig; default TrainingArguments.
        **overrides: fields of that class; they win over the configuration. None is the field's default.

    Raises:
        UsageError: an override that no version of transformers knows, or a value that does not fit its field.
    """
    kind = arguments_class or TrainingArguments
    fields = {each.name: each for each in dataclasses.fields(kind) if each.init}
    hints = _hints(kind)
    chosen = _of_config(config, fields) | _of_overrides(overrides, fields)
    typed = {name: _typed(value, hints.get(name), name) for name, value in chosen.items()}
    if "report_to" in fields:
        typed["report_to"] = reporting(overrides.get("report_to", typed.get("report_to")))
    return kind(**_possible(typed, fields))


def reporting(given: Any) -> list[str]:
    """`report_to` as the list that every version understands: what was asked for, and nothing else.

    None, "none", "", False and an empty list are []: transformers 4 takes None for every logger that is installed, 5
    for one called None. "all" is asked for in words, so it is passed on. Our own callback is added by hand, so our own
    name is left out.

    Raises:
        UsageError: not a name or a list of names.
    """
    if given is None or given is False or given == "":
        return []
    names = [given] if isinstance(given, str) else given
    if isinstance(names, (bytes, Mapping, bool)) or not hasattr(names, "__iter__"):
        raise UsageError(
            f"report_to must be 'none', 'all', the name of a logger or a list of those, got {given!r:.80}. "
            "Our own callback is added to the Trainer's `callbacks`"
        )
    found = list(names)
    wrong = next((name for name in found if name is not None and not isinstance(name, str)), None)
    if wrong is not None:
        raise UsageError(f"report_to must hold names of loggers, got {wrong!r:.80}")
    asked = [name.strip() for name in found if name is not None]
    return list(dict.fromkeys(name for name in asked if name and name not in ("none", "trackio_client")))


# --- which fields -------------------------------------------------------------------------------------------------


def _of_config(config: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    values, faults = entries_of(config)
    for fault in faults:
        _log.warning("training_arguments: %s; it counts as not set", fault)
    found: dict[str, Any] = {}
    for name, targets in OTHER_NAMES.items():
        if values.get(name) is not None:
            found.update({target: values[name] for target in targets if target in fields and target not in found})
    found |= {
        name: value for name, value in values.items() if name in fields and value is not None and name not in _NOT_TAKEN
    }
    moved = {name: value for name, value in values.items() if name not in fields and value is not None}
    return _with_moved(found, moved, fields)


def _of_overrides(overrides: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in overrides.items() if name in fields}
    for name in overrides.keys() - fields.keys() - MOVED.keys():
        if name not in OTHER_NAMES:
            near = difflib.get_close_matches(name, [*fields, *MOVED, *OTHER_NAMES], 3)
            hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise UsageError(f"training arguments have no field {name!r} in any version of transformers.{hint}")
        found.update(
            {target: overrides[name] for target in OTHER_NAMES[name] if target in fields.keys() - found.keys()}
        )
    return _with_moved(found, {name: value for name, value in overrides.items() if name not in fields}, fields)


def _with_moved(found: dict[str, Any], others: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """What fields of other versions ask for, where this version's own fields say nothing (None, 0, false)."""
    for name, value in others.items():
        if (move := MOVED.get(name)) is not None:
            found |= {target: wish for target, wish in move(value, fields).items() if not found.get(target)}
    return found


Move = Callable[[Any, Mapping[str, Any]], dict[str, Any]]
"""move(value, fields of the installed version) → the same wish in this version's fields; {} where there is none."""


def _renamed(new: str, old: str) -> Move:
    def move(value: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name in (new, old) if name in fields} if new in fields else {}

    return move


def _gone(name: str, meaning: str, default: Any) -> Move:
    """A field that this version does not have: said, unless it was only given as what is done anyway."""

    def move(value: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
        if value != default and value is not None:
            _log.warning("training_arguments: %s=%r is left out: %s", name, value, meaning)
        return {}

    return move


def _by_length(value: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    if "train_sampling_strategy" not in fields:
        return {}
    return {"train_sampling_strategy": "group_by_length"} if truth(value, "group_by_length") else {}


def _warmup(value: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Transformers 5 takes a share below 1 as `warmup_steps`."""
    return {"warmup_steps": value} if value else {}


MOVED: Final[dict[str, Move]] = {
    "evaluation_strategy": _renamed("eval_strategy", "evaluation_strategy"),
    "eval_strategy": _renamed("evaluation_strategy", "eval_strategy"),
    "no_cuda": _renamed("use_cpu", "no_cuda"),
    "use_cpu": _renamed("no_cuda", "use_cpu"),
    "per_gpu_train_batch_size": _renamed("per_device_train_batch_size", "per_gpu_train_batch_size"),
    "per_gpu_eval_batch_size": _renamed("per_device_eval_batch_size", "per_gpu_eval_batch_size"),
    "push_to_hub_model_id": _renamed("hub_model_id", "push_to_hub_model_id"),
    "push_to_hub_token": _renamed("hub_token", "push_to_hub_token"),
    "group_by_length": _by_length,
    "warmup_ratio": _warmup,
    "save_safetensors": _gone("save_safetensors", "this version always saves safetensors", True),
    "overwrite_output_dir": _gone("overwrite_output_dir", "this version overwrites nothing but checkpoints", False),
    "logging_dir": _gone("logging_dir", "this version takes it from TENSORBOARD_LOGGING_DIR", None),
    "fp16_opt_level": _gone("fp16_opt_level", "apex is not used any more", "O1"),
    "fp16_backend": _gone("fp16_backend", "PyTorch's own is used", "auto"),
    "half_precision_backend": _gone("half_precision_backend", "PyTorch's own is used", "auto"),
    "use_ipex": _gone("use_ipex", "this version does without ipex", False),
    "use_mps_device": _gone("use_mps_device", "this version finds the device by itself", False),
    "jit_mode_eval": _gone("jit_mode_eval", "this version does not trace models", False),
    "past_index": _gone("past_index", "this version does not keep past states", -1),
    "include_inputs_for_metrics": _gone(
        "include_inputs_for_metrics", "this version asks for include_for_metrics=['inputs']", False
    ),
    "tpu_num_cores": _gone("tpu_num_cores", "this version asks the launcher", None),
    "torchdynamo": _gone("torchdynamo", "this version has torch_compile_backend", None),
    "ray_scope": _gone("ray_scope", "this version gives it to hyperparameter_search", "last"),
    "include_tokens_per_second": _gone("include_tokens_per_second", "throughput is recorded anyway", False),
    "dataloader_prefetch_factor": _gone("dataloader_prefetch_factor", "this version cannot prefetch", None),
    "bf16": _gone("bf16", "this version knows no bf16", False),
    "tf32": _gone("tf32", "this version leaves it to PyTorch", None),
}
"""Fields of other versions, used when the installed one has no field of that name."""


# --- their types --------------------------------------------------------------------------------------------------


def _hints(kind: type[Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(kind)
    except (NameError, TypeError):  # a name that is imported for type checkers only
        return {each.name: each.type for each in dataclasses.fields(kind)}


def _typed(value: Any, hint: Any, name: str) -> Any:
    """A value in the type of its field: booleans by word, numbers from texts. Raises UsageError."""
    if value is None or hint is None:
        return value
    kinds = _kinds(hint)
    if bool in kinds:
        return value if isinstance(value, str) and str in kinds and not _is_word(value) else truth(value, name)
    if isinstance(value, str) and str not in kinds and kinds & {int, float}:
        return _number(value, kinds, name)
    if int in kinds and float not in kinds and isinstance(value, float):
        return _number(value, kinds, name)
    return value


def _kinds(hint: Any) -> set[Any]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return {part for each in typing.get_args(hint) for part in _kinds(each)}
    if isinstance(hint, str):
        words = {"bool": bool, "int": int, "float": float, "str": str}
        return {words[part.strip()] for part in hint.split("|") if part.strip() in words}
    return {hint}


def _is_word(text: str) -> bool:
    try:
        truth(text, "")
    except UsageError:
        return False
    return True


def _number(value: Any, kinds: set[Any], name: str) -> Any:
    try:
        number = float(value)
        if number != number or (float not in kinds and number != int(number)):
            raise ValueError
    except (ValueError, OverflowError):
        what = "a number" if float in kinds else "a whole number"
        raise UsageError(f"{name} must be {what}, got {value!r:.80}") from None
    return number if float in kinds else int(number)


# --- what can be done here ----------------------------------------------------------------------------------------


def _possible(typed: dict[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Without what this machine cannot do: each thing that is left out is said."""
    found = {name: value for name, value in typed.items() if value is not None or name not in fields}
    on_cpu = bool(found.get("use_cpu") or found.get("no_cuda"))
    for name, can, instead in (
        ("bf16", can_bf16, "full precision"),
        ("bf16_full_eval", can_bf16, "full precision"),
        ("fp16", can_fp16, "full precision"),
        ("fp16_full_eval", can_fp16, "full precision"),
        ("tf32", can_tf32, "what PyTorch does by default"),
    ):
        if found.get(name) and not can(on_cpu):
            _log.warning("training_arguments: %s=True is left out: this machine cannot; %s is used", name, instead)
            del found[name]
    workers = found.get("dataloader_num_workers") or 0
    if not workers:
        for name in ("dataloader_prefetch_factor", "dataloader_persistent_workers"):
            if found.get(name):
                _log.warning("training_arguments: %s is left out: it needs dataloader_num_workers above 0", name)
                del found[name]
    return found
