"""The summary of an experiment: per metric its last, lowest, highest and best value, texts, and what the user sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

from trackio_client.delivery.tally import Numbers
from trackio_client.values import nested


class _ByAttribute(MutableMapping[str, Any]):
    """A mapping whose keys are attributes, too; what begins with "_" is its own."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the summary has no {name!r} here") from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
        else:
            self[name] = value


class Summary(_ByAttribute):
    """`summary["train/loss"].min`, `summary["accuracy"] = 0.93`. What the user set wins over what is computed.

    Reads and writes as attributes too, and nested: `summary.test = {"f1": 0.9}`, `summary["test"]["f1"] = 0.91`. A
    metric's value is a number (`Measured`), so that it is compared and reckoned with as one.
    """

    def __init__(
        self, computed: Callable[[], Mapping[str, Numbers]], changed: Callable[[dict[str, Any]], None]
    ) -> None:
        self._computed = computed
        self._changed = changed
        self._values: dict[str, Any] = {}
        self._texts: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        """What a metric's number is, by `define_metric(name, summary=…)`; else its last value."""

    def __getitem__(self, key: str) -> Any:
        if key not in self._values:
            return self._measured(key)
        value = self._values[key]
        return _Part(self, key, value) if isinstance(value, dict) else value

    def _measured(self, key: str) -> Any:
        """A metric's number, a text, or a dict of those below a name: `log({"val": {"f1": 0.9}})` has "val/f1"."""
        shown = self._shown.get(key, "last")
        computed = self._computed()
        if key in computed and shown != "none":
            return Measured.of(computed[key], shown)
        if key in self._texts and shown != "none":
            return self._texts[key]
        if below := nested(self._names(), key):
            return {name: self[f"{key}/{name}"] for name in below}
        raise KeyError(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __delitem__(self, key: str) -> None:
        del self._values[key]
        self._changed({key: None})

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def _names(self) -> dict[str, None]:
        logged = [*self._computed(), *self._texts]
        measured = [name for name in logged if self._shown.get(name) != "none"]
        return dict.fromkeys([*measured, *self._values])

    def __repr__(self) -> str:
        return f"Summary({dict(self)!r})"

    def update(self, other: Any = (), /, **values: Any) -> None:
        """Set many at once."""
        named = {str(key): value for key, value in {**dict(other), **values}.items()}
        if named:
            self._values.update(named)
            self._changed(named)

    def say(self, texts: Mapping[str, str]) -> None:
        """Texts that were logged: the last of a name stands."""
        self._texts.update(texts)

    def show(self, name: str, what: str) -> None:
        """Let a metric's number be its "last", "min", "max", "mean", "first" or "best"; "none": it has none."""
        self._shown[name] = what


class Measured(float):
    """A metric's value that knows the rest: `.last`, `.min`, `.min_step`, `.max`, `.best`, `.points`, also by key."""

    numbers: Numbers

    @classmethod
    def of(cls, numbers: Numbers, shown: str = "last") -> Measured:
        """The number that is shown of a metric, with all that is known of it."""
        value = numbers["last" if shown == "copy" else shown]
        made = cls(numbers.last if value is None else value)
        made.numbers = numbers
        return made

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "numbers":
            raise AttributeError(name)
        return getattr(self.numbers, name)

    def __getitem__(self, key: str) -> Any:
        return self.numbers[key]

    def __contains__(self, key: object) -> bool:
        return key in self.numbers

    def __iter__(self) -> Iterator[str]:
        return iter(self.numbers)

    def keys(self) -> Any:
        """What is known of the metric."""
        return self.numbers.keys()

    def items(self) -> Any:
        """What is known of the metric, with values."""
        return self.numbers.items()

    def get(self, key: str, default: Any = None) -> Any:
        """One of the things known."""
        return self.numbers.get(key, default)


class _Part(_ByAttribute):
    """A dict in the summary: what is set in it is set in the summary."""

    def __init__(self, whole: Any, key: str, values: dict[str, Any]) -> None:
        self._whole, self._key, self._values = whole, key, values

    def __getitem__(self, key: str) -> Any:
        value = self._values[key]
        return _Part(self, key, value) if isinstance(value, dict) else value

    def __setitem__(self, key: str, value: Any) -> None:
        self._whole[self._key] = {**self._values, key: value}
        self._values = {**self._values, key: value}

    def __delitem__(self, key: str) -> None:
        left = {name: value for name, value in self._values.items() if name != key}
        self._whole[self._key], self._values = left, left

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)
