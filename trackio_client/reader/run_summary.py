"""What a run ended with: its metrics' last values and what was set by hand, as W&B's and Trackio's `summary`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any


class RunSummary(MutableMapping[str, Any]):
    """A run's closing numbers: a metric's last value (a `Closing`), and what was set by hand, which wins."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)
        self._changed: dict[str, Any] = {}
        self._send: Any = None

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

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
