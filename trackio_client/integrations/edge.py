"""The outermost edge of an integration: what goes wrong inside is told there, and the training goes on (S1.37)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

_Method = TypeVar("_Method", bound=Callable[..., Any])


def swallowing(tell: Callable[[Any, str, Exception], None]) -> Callable[[_Method], _Method]:
    """A decorator of methods, which answer None where they raise.

    Args:
        tell: gets the object, the method's name and what it raised.
    """

    def around(method: _Method) -> _Method:
        @functools.wraps(method)
        def safe(self: Any, *given: Any, **named: Any) -> Any:
            try:
                return method(self, *given, **named)
            except Exception as error:  # the outermost edge: told, and swallowed
                tell(self, method.__name__, error)
                return None

        return safe  # type: ignore[return-value]

    return around
