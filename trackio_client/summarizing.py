"""The summary of an experiment: per metric its last, lowest, highest and best value, and what the user sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

from trackio_client.delivery.tally import Numbers


class Summary(MutableMapping[str, Any]):
    """`summary["train/loss"].min`, `summary["accuracy"] = 0.93`. What the user set wins over what is computed."""

    def __init__(
        self, computed: Callable[[], Mapping[str, Numbers]], changed: Callable[[dict[str, Any]], None]
    ) -> None:
        self._computed = computed
        self._changed = changed
        self._values: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        return self._values[key] if key in self._values else self._computed()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __delitem__(self, key: str) -> None:
        del self._values[key]
        self._changed({key: None})

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._computed(), *self._values]))

    def __len__(self) -> int:
        return len(dict.fromkeys([*self._computed(), *self._values]))

    def __repr__(self) -> str:
        return f"Summary({dict(self)!r})"

    def update(self, other: Any = (), /, **values: Any) -> None:
        """Set many at once."""
        named = {str(key): value for key, value in {**dict(other), **values}.items()}
        if named:
            self._values.update(named)
            self._changed(named)
