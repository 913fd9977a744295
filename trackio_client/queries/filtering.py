"""Which rows of a list a filter holds for: the meaning of the trees that expression.py makes.

A name is, in this order: what every row has (FIELDS), `min(metric)` `max` `mean` `last` `best`, `config.key`,
`metric.name`, else the first of these that the row has: a key of its config, a metric, a metric with `.min` … behind.
What is missing is neither less nor more than anything and equal to nothing, so `x != 3` holds where x is missing and
`x < 3` does not. `=` and `~` do not tell large letters from small ones; of several tags one must fit.
`view/base/query.js` says the same of the same rows.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from trackio_client.queries.expression import Tree, parsed
from trackio_client.queries.pattern import Pattern
from trackio_client.wire.events import revive

Row = Mapping[str, Any]
Holds = Callable[[Row, float], bool]
"""(row, now_s) → whether the filter holds."""

FIELDS: Final[dict[str, Callable[[Row, float], Sequence[Any]]]] = {
    "name": lambda row, _: [row.get("name")],
    "id": lambda row, _: [row.get("experiment_id")],
    "state": lambda row, _: [row.get("state"), state_word(row.get("state"))],
    "group": lambda row, _: [row.get("group")],
    "job_type": lambda row, _: [row.get("job_type")],
    "tag": lambda row, _: row.get("tags") or [],
    "notes": lambda row, _: [row["columns"].get("notes")],
    "steps": lambda row, _: [row.get("last_step")],
    "duration": lambda row, _: [row.get("duration_s")],
    "created": lambda row, _: [row.get("created_s")],
    "updated": lambda row, _: [row.get("last_event_s")],
    "age": lambda row, now_s: [now_s - row["created_s"]],
    "points": lambda row, _: [row.get("point_count")],
    "missing": lambda row, _: [row.get("missing")],
    "archived": lambda row, _: [row.get("archived")],
    "alerts": lambda row, _: [row.get("alert_count")],
    "alert": lambda row, _: [row.get("alert_level")],
}
"""What every row holds, by the names that people type."""
ALIASES: Final = {"tags": "tag", "status": "state", "step": "steps", "started": "created", "note": "notes"}
STATISTICS: Final = ("last", "best", "min", "max", "mean")
_CALL: Final = re.compile(rf"({'|'.join(STATISTICS)})\((.+)\)", re.DOTALL)
_KIND: Final = re.compile(rf"(config|metric|{'|'.join(STATISTICS)})[.:](.+)", re.DOTALL)
_BEHIND: Final = re.compile(rf"(.+)\.({'|'.join(STATISTICS)})", re.DOTALL)


def state_word(state: Any) -> str:
    """A state as people read it."""
    return str(state or "").replace("_", " ")


def columns_of(key: str) -> list[str]:
    """The columns that may hold what a name means; [] of what every row has."""
    key = ALIASES.get(key, key)
    if key == "notes":
        return ["notes"]
    if key in FIELDS:
        return []
    if called := _CALL.fullmatch(key):
        return [f"{called[1]}:{called[2]}"]
    if (kind := _KIND.fullmatch(key)) and (kind[1] in ("config", "metric") or ":" in key[: len(kind[1]) + 1]):
        return [f"{kind[1]}:{kind[2]}"]
    behind = _BEHIND.fullmatch(key)
    return [f"config:{key}", f"metric:{key}", *([f"{behind[2]}:{behind[1]}"] if behind else [])]


class Filter:
    """A filter that rows can be asked for. Raises FilterError."""

    def __init__(self, text: str) -> None:
        tree = parsed(text)
        self.columns = tuple(dict.fromkeys(_columns(tree)))
        """Columns that rows must carry for it."""
        self.holds: Holds = _test(tree)
        self.is_empty = tree == {"and": []}


def _columns(tree: Tree) -> list[str]:
    for word in ("and", "or"):
        if word in tree:
            return [column for part in tree[word] for column in _columns(part)]
    if "not" in tree:
        return _columns(tree["not"])
    return columns_of(tree["key"]) if "key" in tree else []


def _test(tree: Tree) -> Holds:
    if "and" in tree:
        every = [_test(part) for part in tree["and"]]
        return lambda row, now_s: all(test(row, now_s) for test in every)
    if "or" in tree:
        some = [_test(part) for part in tree["or"]]
        return lambda row, now_s: any(test(row, now_s) for test in some)
    if "not" in tree:
        test = _test(tree["not"])
        return lambda row, now_s: not test(row, now_s)
    if "word" in tree:
        word = tree["word"].lower()
        return lambda row, _: any(word in text.lower() for text in _texts(row))
    if "pattern" in tree:
        pattern = Pattern(tree["pattern"])
        return lambda row, _: any(pattern.search(text) for text in _texts(row))
    return _comparison(tree)


def _texts(row: Row) -> list[str]:
    """Where words look: as the side bar's search."""
    found = [row.get("name"), row.get("experiment_id"), row.get("group"), row.get("job_type")]
    return [str(text) for text in [*found, state_word(row.get("state")), *(row.get("tags") or ())] if text]


def _comparison(tree: Tree) -> Holds:
    values = _reader(tree["key"])
    sign = tree["sign"]
    if sign in ("null", "not null"):
        return lambda row, now_s: bool(values(row, now_s)) == (sign == "not null")
    is_not = sign in ("!=", "!~", "not in")
    tests = [_value_test(sign, value) for value in tree.get("values", [tree.get("value")])]
    return lambda row, now_s: any(test(value) for value in values(row, now_s) for test in tests) != is_not


def _reader(key: str) -> Callable[[Row, float], list[Any]]:
    key = ALIASES.get(key, key)
    columns = columns_of(key)
    field = FIELDS.get(key)

    def values(row: Row, now_s: float) -> list[Any]:
        if field is not None:
            return [value for value in field(row, now_s) if value is not None and value != ""]
        held: Any = next((row["columns"][column] for column in columns if row["columns"].get(column) is not None), None)
        held = revive(held)
        return [] if held is None else list(held) if isinstance(held, (list, tuple)) else [held]

    return values


def _value_test(sign: str, value: Mapping[str, Any]) -> Callable[[Any], bool]:
    if "pattern" in value:
        pattern = Pattern(value["pattern"])
        return lambda held: isinstance(held, str) and pattern.search(held)
    text, number = value["text"].lower(), value["number"]
    if sign in ("~", "!~"):
        return lambda held: isinstance(held, str) and text in held.lower()
    if sign in ("=", "!=", "in", "not in"):
        return lambda held: _equal(held, text, number)
    compare, limit = _COMPARED[sign], float(number)
    return lambda held: _is_number(held) and bool(compare(held, limit))


_COMPARED: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def _is_number(held: Any) -> bool:
    return isinstance(held, (int, float)) and not isinstance(held, bool)


def _as_float(number: float) -> float:
    """A whole number beyond all floats is infinite, as it is for a page."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _equal(held: Any, text: str, number: float | None) -> bool:
    """As numbers, to 1 part in 10^9 (what a page shows is rounded), else as texts."""
    if _is_number(held) and number is not None:
        held = _as_float(held)
        if math.isnan(number) or math.isnan(held):
            return math.isnan(number) and math.isnan(held)
        return bool(held == number or (math.isfinite(held) and abs(held - number) <= 1e-9 * abs(held)))
    if isinstance(held, bool):
        return text == ("true" if held else "false")
    return isinstance(held, str) and held.lower() == text
