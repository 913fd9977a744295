"""What one part of the environment found, and what it could not find, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Found:
    """Facts under dotted names: `git.commit`, `gpu.driver`. A name stands in one of the two, never in both."""

    values: dict[str, Any] = field(default_factory=dict)
    not_captured: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, value: Any) -> None:
        """A fact; it takes the place of an earlier reason why not."""
        self.values[name] = value
        self.not_captured.pop(name, None)

    def lacks(self, name: str, why: str) -> None:
        """Why a fact is not there."""
        if name not in self.values:
            self.not_captured[name] = why

    def take(self, other: Found) -> None:
        for name, value in other.values.items():
            self.put(name, value)
        for name, why in other.not_captured.items():
            self.lacks(name, why)

    def nested(self) -> dict[str, Any]:
        """The facts as nested dicts: {"code": {"commit": …}}."""
        return nested(self.values)


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """`{"a.b": 1, "c": 2}` → `{"a": {"b": 1}, "c": 2}`."""
    made: dict[str, Any] = {}
    for name, value in flat.items():
        group, _, rest = name.partition(".")
        if rest:
            made.setdefault(group, {})[rest] = value
        else:
            made[group] = value
    return made
