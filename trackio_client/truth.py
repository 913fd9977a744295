"""True and false as people write them: in files, on command lines, in the environment.

`bool("false")` is true; here the text is read.
"""

from __future__ import annotations

from typing import Any, Final

from trackio_client.errors import UsageError

TRUE: Final = ("1", "true", "yes", "on")
FALSE: Final = ("0", "false", "no", "off")
WORDS: Final = TRUE + FALSE


def truth(value: Any, what: str) -> bool:
    """A value as true or false: bools, 0 and 1 of any number type, and the words above in any case.

    Raises:
        UsageError: anything else, with `what` it was meant for and the list of words.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in WORDS:
        return value.strip().lower() in TRUE
    if not isinstance(value, (str, bytes)):
        try:
            number = int(value)  # 1.0, NumPy's bools and integers, a tensor of one element
            if number == value and number in (0, 1):
                return bool(number)
        except (TypeError, ValueError, OverflowError, RuntimeError):
            pass
    raise UsageError(f"{what} must be one of {', '.join(WORDS)}, got {value!r:.80}")
