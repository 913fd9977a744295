"""What foreign files say, as names, times and numbers of ours. Nothing here raises: what cannot be told is None."""

from __future__ import annotations

import json
import math
import re
import reprlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final

from trackio_client.wire.events import MAX_NAME_CHARACTERS

ZONE: Final = "A time that names no zone is taken as UTC."
MAX_KINDS_OF_NOTES: Final = 12
"""Different remarks on one run that are shown; the rest is counted in one line."""
_MAX_KINDS: Final = 1000
"""Different remarks that are told apart at all."""

_TENSOR = re.compile(r"tensor\(\s*([^,()\[\]]+?)\s*(?:,[^()]*)?\)")
_WORDS: Final = {"nan": math.nan, "inf": math.inf, "infinity": math.inf, "-inf": -math.inf, "-infinity": -math.inf}
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,6})?")


def clean_text(text: str) -> str:
    """A text that can be encoded: halves of surrogate pairs become U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def name_from(value: Any, fallback: str = "imported") -> str:
    """A name for people from whatever stands there: control characters become blanks, long ones are cut."""
    text = clean_text(value if isinstance(value, str) else "" if value is None else str(value))
    shown = "".join(" " if ord(c) < 32 or ord(c) == 127 else c for c in text).strip()
    return shown[:MAX_NAME_CHARACTERS].rstrip() or fallback


def time_of(value: Any) -> float | None:
    """Seconds since 1970 UTC of an ISO 8601 text or of a number (seconds, milliseconds or finer); naive is UTC."""
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, bool) or value is None:
        return None
    elif isinstance(value, (int, float)):
        return _epoch(value)
    elif isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            return _epoch(float(value)) if _NUMBER.fullmatch(value.strip()) else None
    else:
        return None
    try:
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (OverflowError, ValueError):
        return None
    return seconds if seconds >= 0 else None


def _epoch(value: float) -> float | None:
    try:
        seconds = float(value)
    except OverflowError:
        return None
    for scale in (1.0, 1e3, 1e6, 1e9):  # a number of seconds this large is past the year 5138
        if 0 <= seconds / scale < 1e11:
            return seconds / scale
    return None


def number_of(value: Any) -> float | None:
    """A float from a number, a truth value, or the text of a number ("0.5", "NaN", "tensor(0.5)"), else None.

    `json.dump(default=str)` writes numpy's and torch's scalars as texts; those are numbers that were logged.
    """
    if isinstance(value, (bool, int, float)):
        try:
            return float(value)
        except OverflowError:  # an int beyond 1e308
            return math.inf if value > 0 else -math.inf
    if isinstance(value, str):
        text = value.strip()
        if len(text) > 400:
            return None
        if (tensor := _TENSOR.fullmatch(text)) is not None:
            text = tensor[1]
        if _NUMBER.fullmatch(text):
            return float(text)
        return _WORDS.get(text.lower().removeprefix("+"))
    return None


def short(value: Any) -> str:
    """A value as it stands in a message: never long, however deep it is."""
    return _SHORT.repr(value)[:80]


_SHORT = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxstring, _SHORT.maxother = 3, 60, 60


def json_text(value: Any) -> str:
    """A value as one line of JSON."""
    try:
        return json.dumps(value, default=str, ensure_ascii=False, sort_keys=True)
    except (RecursionError, TypeError, ValueError):
        return short(value)


def json_of(value: Any, default: Any) -> tuple[Any, str | None]:
    """A JSON column, which may be a text or the thing itself, and what is wrong with it."""
    if value is None:
        return default, None
    if isinstance(value, (bytes, bytearray, memoryview)):
        value = bytes(value).decode("utf-8", "replace")
    if not isinstance(value, str):
        return value, None
    if not value.strip():
        return default, None
    try:
        return json.loads(value), None
    except (ValueError, RecursionError) as error:
        return default, f"no JSON ({error!s:.120})"


def whole_items(text: str) -> list[Any]:
    """The items of a JSON list that is cut off, up to the last whole one."""
    decoder, items, at = json.JSONDecoder(), list[Any](), text.find("[") + 1
    while 0 < at < len(text):
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        try:
            item, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        if at >= len(text) and not isinstance(item, (dict, list, str)):
            break  # a number at the very end may have lost digits
        items.append(item)
    return items


class Remarks:
    """What was odd in a file: each kind once, with its number and the first place. A sequence of lines to show."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._places: dict[str, str] = {}

    def add(self, text: str, place: str = "", count: int = 1) -> None:
        if text not in self._counts:
            if len(self._counts) >= _MAX_KINDS:  # each entry with a fault of its own: they are counted together
                text = "other remarks of this kind were left out here"
            self._places.setdefault(text, place)
        self._counts[text] += count

    def clear(self) -> None:
        self._counts.clear()
        self._places.clear()

    def __iter__(self) -> Iterator[str]:
        for text, count in list(self._counts.items())[:MAX_KINDS_OF_NOTES]:
            place = self._places[text]
            yield f"{text}{f', first at {place}' if place else ''} ({count:,}×)"
        if (more := len(self._counts) - MAX_KINDS_OF_NOTES) > 0:
            left = sum(list(self._counts.values())[MAX_KINDS_OF_NOTES:])
            yield f"{more:,} other kinds of remarks ({left:,}×)"

    def __bool__(self) -> bool:
        return bool(self._counts)


class Together:
    """Several collections of lines as one; each is asked when it is read."""

    def __init__(self, *parts: Iterable[str]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self._parts)
