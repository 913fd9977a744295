"""The model: class, base and revision, parameters, layers, dtype, which part of it trains, labels (S4.26)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from trackio_client.integrations.transformers.groups import Group, Run

_HEADS: Final = frozenset(
    {
        "classifier", "score", "lm_head", "qa_outputs", "head", "cls", "classification_head", "pooler", "proj_out",
        "vocab_projector", "vocab_transform", "vocab_layer_norm", "pre_classifier", "predictions",
    }
)  # fmt: skip
"""Modules of Transformers' models that stand behind the body: what "head only" trains."""
_LAYERS: Final = ("num_hidden_layers", "n_layer", "num_layers", "n_layers", "encoder_layers")
_WIDTHS: Final = ("hidden_size", "d_model", "n_embd", "dim", "hidden_dim")
_MOST_LABELS: Final = 2_000
Tell = Callable[[str, Exception], None]
"""Takes what could not be read, and why."""


def _raised(what: str, error: Exception) -> None:
    raise error


class Model(Group):
    """Records `model` at the beginning, as life.py described it, and adds it to the configuration."""

    name: ClassVar[str] = "model"

    def begin(self, run: Run) -> None:
        told = run.shared.get("model")
        if told:
            run.run_config["model"] = told
            run.record("model", told)


def describe(model: Any, tell: Tell = _raised) -> dict[str, Any]:
    """What is known of a model; what is not is absent. A model without parameters has 0 of them, and says so.

    Args:
        model: any module; None has no description.
        tell: hears of each part that could not be read; by default it is raised.
    """
    if model is None:
        return {}
    inner = _inner(model)
    kind = type(inner).__name__
    told: dict[str, Any] = {"class": kind}
    for what, ask in (
        ("parameters", lambda: _parameters(model)),
        ("configuration", lambda: _of_config(getattr(inner, "config", None), kind, tell)),
        ("parts", lambda: {"trains": part_that_trains(model)}),
        ("adapters", lambda: _adapters(model)),
    ):
        try:
            told.update(ask())
        except Exception as error:  # a stranger's model may raise anything when it is looked at: that part is absent
            tell(f"model: {what}", error)
    return {name: value for name, value in told.items() if value is not None}


def _inner(model: Any) -> Any:
    """The model inside PEFT's, and inside `torch.compile`'s and a data parallel wrapper."""
    found = getattr(model, "_orig_mod", model)
    found = getattr(found, "module", found) if type(found).__name__.endswith("Parallel") else found
    inside = getattr(found, "get_base_model", None)
    return inside() if callable(inside) else found


def _parameters(model: Any) -> dict[str, Any]:
    total = trained = size = 0
    dtypes: Counter[str] = Counter()
    devices: Counter[str] = Counter()
    for parameter in getattr(model, "parameters", list)():
        count = _count(parameter)
        total += count
        trained += count if parameter.requires_grad else 0
        size += int(parameter.numel()) * int(parameter.element_size())
        dtypes[str(parameter.dtype).removeprefix("torch.")] += count
        devices[str(parameter.device)] += count
    told: dict[str, Any] = {"parameters": total, "parameters_trained": trained, "parameter_bytes": size}
    if total:
        told["trained_share"] = trained / total
        told["dtype"] = dtypes.most_common(1)[0][0]
        told["device"] = devices.most_common(1)[0][0]
    if len(dtypes) > 1:
        told["dtypes"] = dict(dtypes)
    if len(devices) > 1:
        told["devices"] = dict(devices)
    return told


def _count(parameter: Any) -> int:
    """Elements of a parameter: of a 4-bit one those that it stands for, of a sharded one the whole."""
    whole = getattr(parameter, "ds_numel", None)  # DeepSpeed keeps an empty one in its place
    count = int(whole) if whole is not None else int(parameter.numel())
    if type(parameter).__name__ == "Params4bit":
        storage = getattr(parameter, "element_size", lambda: 1)()
        count = count * 2 * int(storage)
    return count


def _of_config(config: Any, kind: str, tell: Tell) -> dict[str, Any]:
    if config is None:
        return {}

    def of(thing: Any, name: str, *, called: bool = False) -> Any:
        try:
            found = getattr(thing, name, None)
            return found() if called and callable(found) else None if called else found
        except Exception as error:  # a stranger's property may raise anything: that one is absent
            tell("model: configuration", error)
            return None

    inner = of(config, "get_text_config", called=True) or config
    told: dict[str, Any] = {
        "model_type": of(config, "model_type") or None,
        "base_model": of(config, "_name_or_path") or of(config, "name_or_path") or None,
        "revision": of(config, "_commit_hash"),
        "layers": next((v for n in _LAYERS if isinstance(v := of(inner, n), int)), None),
        "hidden_size": next((v for n in _WIDTHS if isinstance(v := of(inner, n), int)), None),
        "vocab_size": of(inner, "vocab_size"),
        "attention": of(config, "_attn_implementation"),
    }
    labels = _labels(of(config, "id2label"), kind)
    if labels:
        told["labels"] = labels[:_MOST_LABELS]
        told["num_labels"] = len(labels)
    told["config"] = of(config, "to_dict", called=True)
    return told


def _labels(id2label: Any, kind: str) -> list[str]:
    """The labels, when the model is of a class that has some: every config has two by default."""
    if not isinstance(id2label, Mapping):
        return []
    numbered = all(str(key).isdecimal() for key in id2label)  # "10" as it came from JSON stands behind "9"
    keys = sorted(id2label, key=lambda key: int(key) if numbered else str(key))
    names = [str(id2label[key]) for key in keys]
    is_default = names == [f"LABEL_{number}" for number in range(len(names))]
    return [] if is_default and "Classification" not in kind else names


def part_that_trains(model: Any) -> str:
    """One of: full, adapters (LoRA and its kin), head only, nothing, part (with the modules' names)."""
    trained: set[str] = set()
    frozen = False
    is_adapter = False
    for name, parameter in getattr(model, "named_parameters", list)():
        if parameter.requires_grad:
            trained.add(name)
            is_adapter = is_adapter or "lora_" in name or ".ia3_" in name or "prompt_encoder" in name
        else:
            frozen = True
    if not trained:
        return "nothing"
    if is_adapter or hasattr(model, "peft_config"):
        return "adapters"
    if not frozen:
        return "full"
    if all(_HEADS & set(name.split(".")) for name in trained):
        return "head only"
    return "part: " + ", ".join(sorted({_place(name) for name in trained})[:20])


def _place(name: str) -> str:
    """`bert.encoder.layer.11.output.dense.weight` → `bert.encoder.layer.11`."""
    parts = name.split(".")
    number = next((at for at, part in enumerate(parts) if part.isdecimal()), None)
    return ".".join(parts[: number + 1] if number is not None else parts[:2])


def _adapters(model: Any) -> dict[str, Any]:
    """PEFT's adapters: kind, rank, alpha, dropout, which modules; and the class that holds them."""
    found = []
    for name, config in (getattr(model, "peft_config", None) or {}).items():
        kind = getattr(config, "peft_type", None)
        told = {
            "name": str(name),
            "kind": str(getattr(kind, "value", kind)),
            "rank": getattr(config, "r", None),
            "alpha": getattr(config, "lora_alpha", None),
            "dropout": getattr(config, "lora_dropout", None),
            "target_modules": _sorted(getattr(config, "target_modules", None)),
            "modules_to_save": _sorted(getattr(config, "modules_to_save", None)),
            "base_model": getattr(config, "base_model_name_or_path", None) or None,
            "revision": getattr(config, "revision", None),
        }
        found.append({key: value for key, value in told.items() if value is not None})
    return {"adapters": found, "wrapper": type(model).__name__} if found else {}


def _sorted(names: Any) -> Any:
    return names if names is None or isinstance(names, str) else sorted(str(name) for name in names)
