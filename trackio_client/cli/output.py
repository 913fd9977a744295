"""What commands print: tables that fit the terminal, times and sizes for people, JSON for programs."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import time
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any


def print_json(content: Any) -> None:
    """JSON that every parser reads: NaN and infinities as the texts "NaN", "Infinity", "-Infinity"."""
    print(json.dumps(json_form(content), indent=2, ensure_ascii=False, allow_nan=False))


def json_form(value: Any) -> Any:
    """A value with floats that JSON has no word for as texts, tuples as lists."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {str(key): json_form(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_form(item) for item in value]
    return value


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, gives: int = 0, width: int | None = None) -> str:
    """Rows under heads, numbers to the right, cut to the terminal's width (80 when it has none).

    `gives` is the column that is cut, with an ellipsis, when the table is too wide: a name, never an id or a number.
    """
    cells = [[clean(text) for text in row] for row in rows]
    widths = [max([columns(head)] + [columns(row[i]) for row in cells]) for i, head in enumerate(heads)]
    room = (width or terminal_width()) - sum(widths) - 2 * (len(heads) - 1)
    if room < 0:
        widths[gives] = max(widths[gives] + room, min(widths[gives], 8))
    right = [all(_is_number(row[i]) for row in cells) and bool(cells) for i in range(len(heads))]
    lines = []
    for row in [list(heads), *cells]:
        fitted = [fit(text, widths[i], right=right[i]) for i, text in enumerate(row)]
        lines.append("  ".join(fitted).rstrip())
    return "\n".join(lines)


def terminal_width() -> int:
    return shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() or os.environ.get("COLUMNS") else 80


def fit(text: str, width: int, *, right: bool = False) -> str:
    """A text in exactly so many columns; wide letters count two."""
    if columns(text) > width:
        while text and columns(text) > width - 1:
            text = text[:-1]
        text += "…"
    space = " " * (width - columns(text))
    return space + text if right else text + space


def clean(text: str) -> str:
    """A user's text on one line, without control characters: it must not steer the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def clean_lines(text: str) -> str:
    """Several lines, each `clean`."""
    return "\n".join(map(clean, text.splitlines()))


def columns(text: str) -> int:
    """Columns that a text takes in a terminal."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _is_number(text: str) -> bool:
    return text in ("", "–", "NaN", "inf", "-inf") or text.lstrip("-−")[:1].isdigit()


def age(then_s: float | None, now_s: float | None = None) -> str:
    """How long ago: "12 s", "5 min", "3 h", "2 d"."""
    return "–" if then_s is None else duration((time.time() if now_s is None else now_s) - then_s)


def duration(seconds: float) -> str:
    """A duration with one unit: what a table has room for."""
    seconds = max(seconds, 0.0)
    for limit, unit, size in ((120, "s", 1), (7200, "min", 60), (172800, "h", 3600)):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} d"


def size(count: float) -> str:
    """Bytes for people: "312 B", "4.2 MB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError


def moment(seconds: float | None) -> str:
    """A time in UTC."""
    return "–" if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds)) + " UTC"


def figure(value: Any) -> str:
    """A metric's value in at most 6 significant figures."""
    return "–" if value is None else f"{value:.6g}" if isinstance(value, (int, float)) else str(value)
