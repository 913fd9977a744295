"""What can be logged: from whatever a training loop holds to numbers and texts.

The fast path of `Experiment.log` takes calls whose values all have a type in `PLAIN`. Everything else comes here.
"""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any

from trackio_client.errors import UsageError
from trackio_client.wire.events import checked_name, plain, revive

PLAIN: set[type] = {float, int, bool}
"""Types that struct packs without surprise. NumPy's scalars join when they are first seen; tensors never do: their
conversion may warn, or wait for a GPU, and size-1 arrays would pass for numbers by accident."""

MAX_TEXT_CHARACTERS = 65_536
"""Of one text value: longer ones are cut, and say so. In JSON each may take 12 bytes, under the limit of a frame."""
MAX_DEPTH = 16
_MOST_BITS = 1023
"""Of a whole number: what is longer has no float, and readers of JSON in other languages have no number for it."""

KEPT = "kept:"
"""How the kind of a notice begins that tells of something kept in another form, or in part: it is not left out."""
Tell = Callable[[str, str], None]
"""tell(kind, text): called for each thing left out or changed; the caller says each kind once."""


Recognise = Callable[[Any], list[Any] | None]
"""recognise(value): the media that a value is, or None."""


@dataclasses.dataclass(slots=True)
class Parts:
    """What one call of `log` holds, by name."""

    numbers: dict[str, float] = dataclasses.field(default_factory=dict)
    texts: dict[str, str] = dataclasses.field(default_factory=dict)
    media: dict[str, list[Any]] = dataclasses.field(default_factory=dict)


def split(metrics: Mapping[Any, Any], tell: Tell, recognise: Recognise = lambda value: None) -> Parts:
    """The parts of one call, nested dicts flattened to `a/b`. What cannot be logged is told, not raised."""
    parts = Parts()
    _walk(metrics, "", parts, tell, recognise, 0)
    return parts


def _walk(metrics: Mapping[Any, Any], prefix: str, parts: Parts, tell: Tell, recognise: Recognise, depth: int) -> None:
    for key, value in metrics.items():
        if not isinstance(key, str):
            tell(
                f"key:{type(key).__name__}",
                f"metric names must be text, got {key!r:.80} of type {type(key).__name__}; it is left out",
            )
            continue
        full = f"{prefix}/{key}" if prefix else key
        try:
            name = checked_name(full, "a metric's name")
        except UsageError as error:
            tell(f"name:{full[:300]}", f"{error}. The value is left out")
            continue
        if isinstance(value, Mapping):
            if depth < MAX_DEPTH:
                _walk(value, name, parts, tell, recognise, depth + 1)
            else:
                tell(f"deep:{name}", f"metric {name!r} is nested more than {MAX_DEPTH} deep; it is left out")
        elif isinstance(value, str):
            parts.texts[name] = _cut(name, value, tell)
        else:
            try:
                parts.numbers[name] = number(value)
            except (TypeError, ValueError, OverflowError, RuntimeError) as error:
                if (media := recognise(value)) is not None:
                    parts.media[name] = media
                    is_own = media[0] is value or (isinstance(value, (list, tuple)) and media[0] in value)
                    if media[0].kind == "histogram" and not is_own:  # an array: perhaps a loss that was not reduced
                        tell(f"{KEPT}spread:{name}", _spread(name, value))
                elif (text := listed(value)) is not None:
                    parts.texts[name] = _cut(name, text, tell)
                else:
                    tell(f"value:{name}", _cannot(name, value, error))


def _cut(name: str, text: str, tell: Tell) -> str:
    if len(text) > MAX_TEXT_CHARACTERS:
        tell(f"{KEPT}long:{name}", f"text {name!r} has {len(text)} characters; it is cut to {MAX_TEXT_CHARACTERS}")
    return text[:MAX_TEXT_CHARACTERS]


def _spread(name: str, value: Any) -> str:
    return (
        f"metric {name!r} has a value of type {_kind(value)}: a histogram of it is kept. "
        "For a curve log one number, as its mean"
    )


def listed(value: Any) -> str | None:
    """A list of plain values, as W&B keeps it in a row, as JSON; None of anything else."""
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=str)
    if not isinstance(value, (list, tuple)) and callable(getattr(value, "tolist", None)):
        if callable(detach := getattr(value, "detach", None)):
            value = detach()
        value = value.tolist()
    if not isinstance(value, (list, tuple)) or not _is_plain(value):
        return None
    return json.dumps(revive(jsonable(value)), ensure_ascii=False)


def _is_plain(value: Any, depth: int = 0) -> bool:
    if value is None or isinstance(value, (bool, int, float, str)):
        return True
    if isinstance(value, Mapping) and depth < MAX_DEPTH:
        return all(isinstance(key, str) and _is_plain(item, depth + 1) for key, item in value.items())
    if isinstance(value, (list, tuple)) and depth < MAX_DEPTH:
        return all(_is_plain(item, depth + 1) for item in value)
    try:
        number(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return False
    return True


def _kind(value: Any) -> str:
    kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    shape = getattr(value, "shape", None)
    return f"{kind} of shape {tuple(shape)}" if isinstance(shape, tuple) and shape else kind


def _cannot(name: str, value: Any, error: Exception) -> str:
    why = f" ({error})" if isinstance(error, OverflowError) else ""
    return (
        f"metric {name!r} has a value of type {_kind(value)}, which is no number{why}: it is left out, the rest is "
        "logged. Log one number (of an array: its mean, or one metric an element), a text, or a dict of those"
    )


def number(value: Any) -> float:
    """A value as float: Python, NumPy, torch, TensorFlow and JAX scalars, Decimal, Fraction, bool.

    Arrays and lists of one number, too: `scheduler.get_last_lr()`.

    Raises:
        TypeError, ValueError, OverflowError: it is no real number, or has more than one.
    """
    if isinstance(value, (bool, int, float)):
        return float(value)
    if value is None or isinstance(value, (bytes, bytearray, complex)):
        raise TypeError
    if isinstance(value, (list, tuple)) and len(value) == 1:  # scheduler.get_last_lr()
        return number(value[0])
    size = getattr(value, "size", None)  # an int on arrays, a method on tensors
    if callable(size):
        numel = getattr(value, "numel", None)
        size = numel() if callable(numel) else None
    if isinstance(size, int) and size != 1:
        raise ValueError
    item = getattr(value, "item", None)
    if callable(item):
        detach = getattr(value, "detach", None)
        found = (detach() if callable(detach) else value).item()
        if not isinstance(found, (bool, int, float)):
            if isinstance(found, (complex, str, bytes)) or found is None:
                raise TypeError
            return float(found)
        if type(value).__module__ == "numpy" and not hasattr(value, "__len__"):
            PLAIN.add(type(value))  # float32, int64 …: from now on on the fast path
        return float(found)
    if getattr(value, "__float__", None) is None and getattr(value, "__index__", None) is None:
        raise TypeError
    return float(value)


def nested(names: Iterable[str], key: str) -> dict[str, None]:
    """The first parts of what stands below a name, in their order: {"f1", "per"} of "val/f1" and "val/per/cat"."""
    start = f"{key}/"
    return dict.fromkeys(name[len(start) :].partition("/")[0] for name in names if name.startswith(start))


def jsonable(value: Any, depth: int = 0) -> Any:
    """A configuration value as JSON holds it: dataclasses, namespaces and sets opened, paths and others as text."""
    if value is None or isinstance(value, (bool, str)) or type(value) in (int, float):
        return plain(_bounded(value))
    if depth > MAX_DEPTH:
        return _text(value)
    if isinstance(value, enum.Enum):
        return jsonable(value.value, depth + 1)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): jsonable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, Set):
        value = sorted(value, key=str)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):  # OmegaConf's lists, too
        return [jsonable(item, depth + 1) for item in value]
    if isinstance(value, (int, float)):
        return plain(_bounded(int(value) if isinstance(value, int) else float(value)))
    if callable(detach := getattr(value, "detach", None)) and callable(getattr(value, "numel", None)):
        value = detach()
        return jsonable(value.tolist(), depth + 1) if value.numel() <= 1000 else _text(value)
    tolist = getattr(value, "tolist", None)
    size = getattr(value, "size", 0)
    if callable(tolist) and isinstance(size, int) and size <= 1000:
        return jsonable(tolist(), depth + 1)
    if type(value).__name__ in ("Namespace", "SimpleNamespace") and hasattr(value, "__dict__"):
        return jsonable(vars(value), depth + 1)
    opened = _opened(value)
    return _text(value) if opened is None else jsonable(opened, depth + 1)


def _opened(value: Any) -> dict[str, Any] | None:
    """What holds settings, by the method of its kind: pydantic, ml_collections, transformers, attrs, absl's flags."""
    if isinstance(value, type):
        return None
    if (fields := getattr(type(value), "__attrs_attrs__", None)) is not None:
        return {field.name: getattr(value, field.name) for field in fields}
    for name in ("model_dump", "to_dict", "flag_values_dict"):
        if callable(method := getattr(value, name, None)):
            try:
                return dict(method())
            except Exception:  # a stranger's method: its trouble must not stop a training
                return None
    return None


def _bounded(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_TEXT_CHARACTERS:
        return value[:MAX_TEXT_CHARACTERS] + "…"
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() if not value.isprintable() else value
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return f"a whole number of {value.bit_length()} bits"  # its digits could be more than Python writes out
    return value


def _text(value: Any) -> str:
    try:
        return str(value)[:2000]
    except Exception:  # a stranger's __str__
        return f"<{type(value).__name__}>"
