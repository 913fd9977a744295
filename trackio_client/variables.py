"""Environment variables as values. One that cannot be read is an error, or, for a training, said and passed over.

A training of many hours must not end, or go unrecorded, for the sake of a variable that somebody mistyped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from trackio_client.errors import UsageError
from trackio_client.truth import truth

_Value = TypeVar("_Value")


class Variables:
    """The environment, read variable by variable; a blank one is not set.

    Attributes:
        faults: what could not be read, in words, when `forgives` is true.

    Raises (each method, unless `forgives`):
        UsageError: a value that cannot be read, with its variable's name.
    """

    def __init__(self, environ: Mapping[str, str], *, forgives: bool = False) -> None:
        self._environ = environ
        self._forgives = forgives
        self.faults: list[str] = []

    def text(self, name: str) -> str | None:
        return self._environ.get(name, "").strip() or None

    def number(self, name: str, kind: type[int | float]) -> float | None:
        """A number >= 0."""
        text = self.text(name)
        return None if text is None else self.take(lambda: _number(text, name, kind))

    def truth(self, name: str) -> bool | None:
        text = self.text(name)
        return None if text is None else self.take(lambda: truth(text, name))

    def consent(self, name: str) -> bool | None:
        """As `truth`, for data that somebody may not want to be recorded: what cannot be read is a no."""
        text = self.text(name)
        if text is None:
            return None
        said = self.take(lambda: truth(text, name), otherwise="It counts as no")
        return bool(said)

    def word(self, name: str, words: Sequence[str]) -> str | None:
        """One of `words`, in lower case."""
        text = self.text(name)
        return None if text is None else self.take(lambda: _word(text, name, words))

    def take(self, read: Callable[[], _Value], *, otherwise: str = "It counts as not set") -> _Value | None:
        """What `read` gives; None when it cannot, and faults are forgiven."""
        try:
            return read()
        except UsageError as error:
            if not self._forgives:
                raise
            self.faults.append(f"{str(error).rstrip('.')}. {otherwise}; `trackio-client config` shows what is in force")
            return None


def _number(text: str, name: str, kind: type[int | float]) -> float:
    try:
        number = kind(text)
        if not 0 <= number < 2**63:
            raise ValueError
    except ValueError:
        wanted = "a whole number >= 0" if kind is int else "a number >= 0"
        raise UsageError(f"{name} must be {wanted}, got {text!r:.80}. Correct it, or unset it") from None
    return number


def _word(text: str, name: str, words: Sequence[str]) -> str:
    if text.lower() not in words:
        raise UsageError(f"{name} must be one of {', '.join(words)}, got {text!r:.80}. Correct it, or unset it")
    return text.lower()
