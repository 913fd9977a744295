"""What a run ended with: its metrics' last values and what was set by hand, as W&B's and Trackio's `summary`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

from trackio_client.values import nested


class RunSummary(MutableMapping[str, Any]):
    """What a run ended with: a metric's last value (a `Closing`), last texts, and what was set by hand, which wins.

    Args:
        values: numbers, and what was set.
        texts: gives the last text of each name; asked when somebody wants all, or a name that is no number's.
    """

    def __init__(self, values: Mapping[str, Any], texts: Callable[[], Mapping[str, str]] = dict) -> None:
        self._numbers = dict(values)
        self._texts: Callable[[], Mapping[str, str]] | None = texts
        self._changed: dict[str, Any] = {}
        self._send: Any = None

    @property
    def _values(self) -> dict[str, Any]:
        if self._texts is not None:
            ask, self._texts = self._texts, None
            self._numbers = {**ask(), **self._numbers}
        return self._numbers

    def __getitem__(self, key: str) -> Any:
        if key in self._numbers:
            return self._numbers[key]
        if key in self._values:
            return self._values[key]
        if below := nested(self._values, key):
            return {name: self[f"{key}/{name}"] for name in below}
        raise KeyError(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._values[key] = self._changed[key] = value

    def __delitem__(self, key: str) -> None:
        del self._values[key]
        self._changed[key] = None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)

    @property
    def _json_dict(self) -> dict[str, Any]:
        return dict(self._values)

    def update(self, other: Any = (), /, **values: Any) -> None:
        """Set many, and keep what was set."""
        for key, value in {**dict(other), **values}.items():
            self[key] = value
        if self._changed and self._send is not None:
            self._send(self._changed)
            self._changed = {}


class Closing(float):
    """A metric's last value, or what its definition says, that knows the rest: `["min"]`, `["max"]`, `.best`."""

    told: dict[str, Any]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Any:
        """The number that stands for a metric; None if it has none."""
        value = told.get("shown", told.get("last"))
        if value is None:
            return None
        made = cls(value)
        made.told = dict(told)
        return made

    def __getitem__(self, key: str) -> Any:
        return self.told[key]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "told" or name not in self.told:
            raise AttributeError(name)
        return self.told[name]

    def get(self, key: str, default: Any = None) -> Any:
        """One of the things known of the metric."""
        return self.told.get(key, default)
