"""Filters and orders of `Api().runs`, in W&B's words: MongoDB's operators over the fields of a run.

    {"state": "finished", "config.lr": {"$lt": 0.01}, "$or": [{"tags": "best"}, {"summary_metrics.loss": {"$lt": 1}}]}

A field: state, display_name or name, group, jobType, tags, notes, created_at, config.<key>, summary_metrics.<metric>
(or summary.<metric>). Nested keys of a configuration are told apart by dots.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from trackio_client.errors import UsageError

Look = Callable[[str], Any]
"""look(field): the value of a run, None where there is none."""


def matches(look: Look, filters: Mapping[str, Any] | None) -> bool:
    """Whether a run passes. Raises UsageError for an operator that there is not."""
    for key, wanted in (filters or {}).items():
        if key in ("$and", "$or", "$nor"):
            found = [matches(look, one) for one in wanted]
            if not {"$and": all(found), "$or": any(found), "$nor": not any(found)}[key]:
                return False
        elif key == "$not":
            if matches(look, wanted):
                return False
        elif key.startswith("$"):
            raise _unknown(key)
        elif not _fits(look(key), wanted):
            return False
    return True


def _fits(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, Mapping) or not any(str(key).startswith("$") for key in wanted):
        return _equal(value, wanted)
    for operator, operand in wanted.items():
        if operator == "$not":
            if _fits(value, operand):
                return False
        elif operator == "$regex":
            flags = re.IGNORECASE if "i" in str(wanted.get("$options", "")) else 0
            if not isinstance(value, str) or not re.search(str(operand), value, flags):
                return False
        elif operator != "$options":
            test = _TESTS.get(operator)
            if test is None:
                raise _unknown(operator)
            if not test(value, operand):
                return False
    return True


def _equal(value: Any, wanted: Any) -> bool:
    if isinstance(value, (list, tuple)) and not isinstance(wanted, (list, tuple)):
        return wanted in value
    if isinstance(value, (list, tuple)):
        return list(value) == list(wanted)
    return bool(value == wanted)


def _compared(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def both(value: Any, operand: Any) -> bool:
        try:
            return value is not None and test(value, operand)
        except TypeError:  # a text and a number: neither is less
            return False

    return both


def _in(value: Any, wanted: Any) -> bool:
    return any(_equal(value, one) for one in wanted)


_TESTS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "$eq": _equal,
    "$ne": lambda value, wanted: not _equal(value, wanted),
    "$gt": _compared(lambda value, wanted: bool(value > wanted)),
    "$gte": _compared(lambda value, wanted: bool(value >= wanted)),
    "$lt": _compared(lambda value, wanted: bool(value < wanted)),
    "$lte": _compared(lambda value, wanted: bool(value <= wanted)),
    "$in": _in,
    "$nin": lambda value, wanted: not _in(value, wanted),
    "$exists": lambda value, wanted: (value is not None) == bool(wanted),
    "$all": lambda value, wanted: all(_equal(value, one) for one in wanted),
}


def _unknown(operator: str) -> UsageError:
    there = ["$and", "$or", "$nor", "$not", "$regex", *_TESTS]
    return UsageError(f"a filter knows no {operator!r:.80}. There are {', '.join(there)}")


def ordered(found: Iterable[Any], look: Callable[[Any, str], Any], order: str) -> list[Any]:
    """Sorted by "+field" (up) or "-field" (down); those without a value come last.

    Args:
        found: the runs.
        look: the value of a run's field.
        order: W&B's word: "+created_at", "-summary_metrics.loss", "-config.lr.value".
    """
    down, name = order.startswith("-"), order.lstrip("+-").removesuffix(".value")
    pairs = [(look(one, name), one) for one in found]
    known = [pair for pair in pairs if pair[0] is not None]
    try:
        known.sort(key=lambda pair: pair[0], reverse=down)
    except TypeError:  # texts and numbers under one name
        known.sort(key=lambda pair: (isinstance(pair[0], str), str(pair[0])), reverse=down)
    return [one for _, one in known] + [one for value, one in pairs if value is None]
