"""The configuration of an experiment: read and written as attributes and as a mapping, nested too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

Changed = Callable[[dict[str, Any], list[str]], None]
"""changed(values in nested form, removed top-level keys)"""


class Config(MutableMapping[str, Any]):
    """`config.lr`, `config["lr"]`, `"lr" in config`, `config.model.width`; a missing key is a KeyError either way."""

    __slots__ = ("_changed", "_values")

    def __init__(
        self, values: Mapping[str, Any] | None = None, changed: Changed = lambda values, removed: None
    ) -> None:
        object.__setattr__(self, "_values", {str(key): value for key, value in (values or {}).items()})
        object.__setattr__(self, "_changed", changed)

    def __getitem__(self, key: str) -> Any:
        value = self._values[key]
        if isinstance(value, Mapping) and not isinstance(value, Config):

            def changed(values: dict[str, Any], removed: list[str]) -> None:
                whole = {**dict(value), **values}
                for name in removed:
                    whole.pop(name, None)
                self[key] = whole

            return Config(value, changed)
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        self._put({key: value})

    def __delitem__(self, key: str) -> None:
        del self._values[key]
        self._changed({}, [key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # copy, pickle and inspect ask for these; they are never keys
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise _MissingKey(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]

    def __repr__(self) -> str:
        return f"Config({self._values!r})"

    def update(self, other: Any = (), /, *, allow_val_change: bool = True, **values: Any) -> None:
        """Set many at once. `allow_val_change` is taken for scripts that were written for others."""
        self._put({**dict(other), **values})

    def as_dict(self) -> dict[str, Any]:
        """A plain dict of what was set."""
        return dict(self._values)

    def _put(self, values: dict[Any, Any]) -> None:
        named = {str(key): value for key, value in values.items()}
        if named:
            self._values.update(named)
            self._changed(named, [])


class _MissingKey(KeyError, AttributeError):
    """A missing key read as an attribute: a KeyError by contract, and hasattr and getattr work."""
