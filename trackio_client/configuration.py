"""The configuration of an experiment: read and written as attributes and as a mapping, nested too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

from trackio_client.errors import UsageError
from trackio_client.values import jsonable

Changed = Callable[[dict[str, Any], list[str]], None]
"""changed(values in nested form, removed top-level keys)"""


class Config(MutableMapping[str, Any]):
    """`config.lr`, `config["lr"]`, `"lr" in config`, `config.model.width`; a missing key is a KeyError either way."""

    def __init__(
        self, values: Mapping[str, Any] | None = None, changed: Changed = lambda values, removed: None
    ) -> None:
        # W&B's name: transformers' search over hyperparameters reads vars(config)["_items"]
        object.__setattr__(self, "_items", {str(key): value for key, value in (values or {}).items()})
        object.__setattr__(self, "_changed", changed)

    def __getitem__(self, key: str) -> Any:
        value = self._items[key]
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
        del self._items[key]
        self._changed({}, [key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

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
        return f"Config({self._items!r})"

    def update(self, other: Any = (), _change: Any = None, /, *, allow_val_change: Any = None, **values: Any) -> None:
        """Set many at once: from a mapping, pairs, a dataclass or a namespace (`argparse`).

        `allow_val_change` is taken for scripts that were written for others: values may always be changed.

        Raises:
            UsageError: it is none of these.
        """
        self._put({**as_mapping(other), **values})

    def setdefaults(self, other: Any = ()) -> None:
        """Set what is not set yet."""
        self._put({key: value for key, value in as_mapping(other).items() if str(key) not in self._items})

    def persist(self) -> None:
        """Taken for scripts that call it: each change is kept at once."""

    def as_dict(self) -> dict[str, Any]:
        """A plain dict of what was set."""
        return dict(self._items)

    def _put(self, values: dict[Any, Any]) -> None:
        named = {str(key): value for key, value in values.items()}
        if named:
            self._items.update(named)
            self._changed(named, [])


def as_mapping(config: Any) -> dict[str, Any]:
    """A dict of what holds settings: mapping, pairs, dataclass, namespace, pydantic, any object. Raises UsageError."""
    if isinstance(config, Mapping):
        return {str(key): value for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        try:
            return {str(key): value for key, value in config}
        except (TypeError, ValueError):
            raise UsageError(f"config must be a dict or pairs of key and value, got {config!r:.80}") from None
    opened: dict[str, Any] | None = jsonable(config)
    if not isinstance(opened, dict):
        opened = _attributes(config)
    if opened is None:
        raise UsageError(f"config must be a dict, a dataclass or an object with settings, got {type(config).__name__}")
    return opened


def _attributes(config: Any) -> dict[str, Any] | None:
    """The settings in the attributes of an object, or of a class (`class CFG: lr = 0.1`); None without any."""
    kinds = reversed(config.__mro__[:-1]) if isinstance(config, type) else [config]
    named = [vars(kind) for kind in kinds if hasattr(kind, "__dict__")]
    found = {key: value for part in named for key, value in part.items() if not key.startswith("_")}
    plain = {key: value for key, value in found.items() if not callable(value) or isinstance(value, type)}
    return {k: v for k, v in plain.items() if not isinstance(v, (classmethod, staticmethod, property))} or None


class _MissingKey(KeyError, AttributeError):
    """A missing key read as an attribute: a KeyError by contract, and hasattr and getattr work."""
