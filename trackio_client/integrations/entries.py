"""Every value of a configuration object, whatever kind of object it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_MISSING: Final = object()


def entries_of(config: Any) -> tuple[dict[str, Any], list[str]]:
    """Every public value of a configuration (fields, attributes, class attributes), and the faults met on the way."""
    if config is None:
        return {}, []
    if isinstance(config, Mapping):
        return {str(name): value for name, value in config.items()}, []
    kind = config if isinstance(config, type) else type(config)
    names = {name: None for each in reversed(kind.__mro__) for name in (*vars(each), *annotations_of(each))}
    names |= dict.fromkeys(_own(config))
    values: dict[str, Any] = {}
    faults = []
    for name in names:
        if name.startswith("_"):
            continue
        try:
            value = getattr(config, name, _MISSING)
        except Exception as error:  # a stranger's property may raise anything: that entry is left out, and said
            faults.append(f"the configuration's {name} cannot be read ({type(error).__name__}: {error})")
            continue
        if value is not _MISSING and not callable(value):
            values[name] = value
    return values, faults


def annotations_of(kind: type) -> Mapping[str, Any]:
    """Names alone matter: they are not evaluated."""
    found = vars(kind).get("__annotations__", {})
    return found if isinstance(found, Mapping) else {}


def _own(config: Any) -> Mapping[str, Any]:
    found = getattr(config, "__dict__", {})  # slots have none
    return found if isinstance(found, Mapping) else {}
