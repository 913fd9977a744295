"""The language in which experiments are looked for: in the table, the side bar, `Api.experiments(filter=)` and HTTP.

    learning_rate > 1e-4 and (optimizer = "adam w" or not tag = baseline)
    eval/loss < 0.3   name ~ /seed[12]/   duration > 2h   created > 2026-11-01   grad_norm is null   group in (a, b)

Words and /patterns/ that are no comparison look for names; what stands side by side must all hold. A parser of its own:
nothing that was typed is ever run. `view/base/expression.js` is the same, and both give the same tree or the same
words about what is wrong, for every case of tests/queries/filter_cases.json. The tree is plain JSON:

    {"and": [tree]}   {"or": [tree]}   {"not": tree}   {"word": text}   {"pattern": text}
    {"key", "sign": "=" "!=" "<" "<=" ">" ">=" "~" "!~", "value": {"text", "number"} or {"pattern"}}
    {"key", "sign": "null" or "not null"}   {"key", "sign": "in" or "not in", "values": [value]}

A value's `number` is null for a text. Durations (2h, 1h30min) are seconds; dates are seconds since 1970, UTC, so that
a link shows the same to everybody; 10k is 10,000.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

from trackio_client.errors import UsageError
from trackio_client.queries.pattern import Pattern, PatternError

MOST_CHARACTERS: Final = 2_000
MOST_DEPTH: Final = 40
LONGEST_KEY: Final = 190
"""What the server takes as a column, less its kind."""
SIGNS: Final = ("<=", ">=", "!=", "!~", "==", "=", "<", ">", "~")
Tree = dict[str, Any]


class FilterError(UsageError):
    """A filter that does not parse; `column` counts characters from 1."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(f"column {at + 1}: {message}")
        self.column, self.message = at + 1, message


def parsed(text: str) -> Tree:
    """The tree of a filter. Raises FilterError, which says where and what is wrong."""
    if len(text) > MOST_CHARACTERS:
        raise FilterError(MOST_CHARACTERS, f"a filter has at most {MOST_CHARACTERS:,} characters")
    return _Parser(text).all()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0

    def all(self) -> Tree:
        tree = self.either(is_top=True)
        if self.at < len(self.text):
            raise FilterError(self.at, "this ) closes nothing")
        return tree

    # --- what holds together ------------------------------------------------------------------------------------------

    def either(self, *, is_top: bool = False) -> Tree:
        parts = [self.every(is_top=is_top)]
        while self.takes("or"):
            parts.append(self.every(behind="or"))
        return parts[0] if len(parts) == 1 else {"or": parts}

    def every(self, *, is_top: bool = False, behind: str = "") -> Tree:
        parts: list[Tree] = []
        while True:
            self.skip()
            if self.at >= len(self.text) or self.text[self.at] == ")" or self.sees("or"):
                if behind or (not parts and (self.sees("or") or not is_top)):
                    where = (
                        "behind " + behind if behind else "before or" if self.sees("or") else "inside the parentheses"
                    )
                    raise FilterError(self.at, f"expected a condition {where}")
                return parts[0] if len(parts) == 1 else {"and": parts}
            if self.sees("and"):
                if behind or not parts:
                    where = "behind " + behind if behind else "before and"
                    raise FilterError(self.at, f"expected a condition {where}")
                self.takes("and")
                behind = "and"
                continue
            parts.append(self.one())
            behind = ""

    def one(self) -> Tree:
        if self.takes("not"):
            self.skip()
            if self.at >= len(self.text) or self.text[self.at] == ")" or self.sees("or") or self.sees("and"):
                raise FilterError(self.at, "expected a condition behind not")
            return {"not": self.deeper(self.at, self.one)}
        if self.text[self.at] == "(":
            return self.deeper(self.at, self.group)
        return self.condition()

    def deeper(self, at: int, part: Any) -> Tree:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise FilterError(at, f"parentheses go at most {MOST_DEPTH} deep")
        tree: Tree = part()
        self.depth -= 1
        return tree

    def group(self) -> Tree:
        opened = self.at
        self.at += 1
        tree = self.either()
        if self.at >= len(self.text):
            raise FilterError(opened, "this ( is not closed")
        self.at += 1
        return tree

    # --- one condition ------------------------------------------------------------------------------------------------

    def condition(self) -> Tree:
        start = self.at
        if sign := self.sign():
            raise FilterError(start, f"expected a name before {sign}")
        if self.text[start] == "/" and (pattern := self.pattern()) is not None:
            return {"pattern": pattern}
        key = self.quoted() if self.text[start] in "\"'" else self.word()
        behind = self.at
        self.skip()
        at = self.at
        if sign := self.sign():
            self.check_key(key, start)
            return self.compared(key, "=" if sign == "==" else sign, at)
        if known := self.known(key, start):
            return known
        self.at = behind
        return {"word": key}

    def known(self, key: str, start: int) -> Tree | None:
        """`is null`, `is not null`, `in (…)`, `not in (…)`; what is none of these are words."""
        for sign in ("null", "not null"):
            if self.take_all("is", *sign.split()):
                self.check_key(key, start)
                return {"key": key, "sign": sign}
        for sign in ("in", "not in"):
            at = self.at
            if self.take_all(*sign.split()):
                self.skip()
                if self.at < len(self.text) and self.text[self.at] == "(":
                    self.check_key(key, start)
                    return {"key": key, "sign": sign, "values": self.values()}
            self.at = at
        return None

    def compared(self, key: str, sign: str, at: int) -> Tree:
        self.skip()
        start = self.at
        if start >= len(self.text) or self.text[start] == ")":
            raise FilterError(start, f"expected a value behind {sign}")
        if sign in ("~", "!~") and self.text[start] == "/":
            pattern = self.pattern()
            if pattern is None:
                raise FilterError(start, "this pattern is not closed by /")
            return {"key": key, "sign": sign, "value": {"pattern": pattern}}
        is_quoted = self.text[start] in "\"'"
        text = self.quoted() if is_quoted else self.value_word("")
        number = number_of(text)
        if sign in ("=", "!=") and text.lower() == "null" and not is_quoted:
            return {"key": key, "sign": "null" if sign == "=" else "not null"}
        if sign in ("<", "<=", ">", ">=") and number is None:
            raise FilterError(
                start, f"{sign} compares numbers, durations (2h) and dates (2026-11-01), and “{text[:40]}” is none"
            )
        return {"key": key, "sign": sign, "value": {"text": text, "number": number}}

    def values(self) -> list[Tree]:
        opened = self.at
        self.at += 1
        found: list[Tree] = []
        while True:
            self.skip()
            if self.at >= len(self.text):
                raise FilterError(opened, "this ( is not closed")
            if self.text[self.at] in ",)":
                raise FilterError(self.at, "expected a value" + (" behind ," if found else " behind ("))
            text = self.quoted() if self.text[self.at] in "\"'" else self.value_word(",")
            found.append({"text": text, "number": number_of(text)})
            self.skip()
            if self.at < len(self.text) and self.text[self.at] not in ",)":
                raise FilterError(self.at, "expected , or ) here")
            if self.at < len(self.text):
                self.at += 1
                if self.text[self.at - 1] == ")":
                    return found

    def check_key(self, key: str, start: int) -> None:
        if not key.strip():
            raise FilterError(start, "a name cannot be empty")
        if len(key) > LONGEST_KEY:
            raise FilterError(start, f"a name has at most {LONGEST_KEY} characters")

    # --- pieces of text -----------------------------------------------------------------------------------------------

    def skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in SPACES:
            self.at += 1

    def sign(self) -> str:
        """The sign that stands here, taken; "" if none does."""
        for sign in SIGNS:
            if self.text.startswith(sign, self.at):
                self.at += len(sign)
                return sign
        return ""

    def sees(self, word: str) -> bool:
        end = self.at + len(word)
        return self.text[self.at : end].lower() == word and self.text[end : end + 1] in ENDS

    def takes(self, word: str) -> bool:
        self.skip()
        if not self.sees(word):
            return False
        self.at += len(word)
        return True

    def take_all(self, *words: str) -> bool:
        at = self.at
        if all(self.takes(word) for word in words):
            return True
        self.at = at
        return False

    def quoted(self) -> str:
        start, quote = self.at, self.text[self.at]
        self.at += 1
        found: list[str] = []
        while self.at < len(self.text):
            character = self.text[self.at]
            self.at += 1
            if character == quote:
                return "".join(found)
            if character == "\\" and self.text[self.at : self.at + 1] in (quote, "\\") and self.at < len(self.text):
                character = self.text[self.at]
                self.at += 1
            found.append(character)
        raise FilterError(start, "this quote is not closed")

    def word(self) -> str:
        """Up to a space, a sign, or a parenthesis that it did not open: name(1) is a word."""
        start, opened = self.at, 0
        while self.at < len(self.text):
            character = self.text[self.at]
            if (
                character in SPACES
                or character in "=<>~"
                or (character == "!" and self.text[self.at + 1 : self.at + 2] in "=~" and self.at + 1 < len(self.text))
            ):
                break
            opened += (character == "(") - (character == ")")
            if opened < 0:
                break
            self.at += 1
        return self.text[start : self.at]

    def value_word(self, stops: str) -> str:
        start, opened = self.at, 0
        while self.at < len(self.text):
            character = self.text[self.at]
            opened += (character == "(") - (character == ")")
            if character in SPACES or opened < 0 or (stops and character in stops):
                break
            self.at += 1
        return self.text[start : self.at]

    def pattern(self) -> str | None:
        """The text between /…/, checked; None, and nothing is taken, where no closing slash ends it."""
        start, at, in_choice = self.at, self.at + 1, False
        while at < len(self.text):
            character = self.text[at]
            if character == "\\":
                at += 1
            elif character == "[" or character == "]":
                in_choice = character == "["
            elif character == "/" and not in_choice:
                break
            at += 1
        if at >= len(self.text) or at == start + 1 or self.text[at + 1 : at + 2] not in ENDS:
            return None
        source = self.text[start + 1 : at]
        try:
            Pattern(source)
        except PatternError as error:
            raise FilterError(start + 1 + error.at, error.message) from None
        self.at = at + 1
        return source


SPACES: Final = " \t\n\r\u00a0"
ENDS: Final = ("", *SPACES, "(", ")")
"""Behind and, or, not."""

_NUMBER: Final = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)([kMBG]?)")
_LENGTHS: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|min|[smhdw])")
_DATE: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?)?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_THOUSANDS: Final = {"": 1.0, "k": 1e3, "M": 1e6, "B": 1e9, "G": 1e9}
_ODD: Final = {"nan": float("nan"), "inf": float("inf"), "infinity": float("inf")}


def number_of(text: str) -> float | None:
    """The number, duration (s) or date (s since 1970 UTC) that a text says; None if it says none."""
    text = text.strip(SPACES).replace("\u2212", "-")
    if found := _NUMBER.fullmatch(text):
        return float(found[1]) * _THOUSANDS[found[2]]
    if text.lower().lstrip("+-") in _ODD and not text.startswith(("--", "++", "+-", "-+")):
        return _ODD[text.lower().lstrip("+-")] * (-1.0 if text.startswith("-") else 1.0)
    lengths = text.replace(" ", "")
    if lengths and not _LENGTHS.sub("", lengths):
        return sum(float(number) * _SECONDS[unit] for number, unit in _LENGTHS.findall(lengths))
    return _date(text)


def _date(text: str) -> float | None:
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (
        int(each or least) for each, least in zip(found.groups()[:6], (0, 1, 1, 0, 0, 0), strict=True)
    )
    try:
        time_s = datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None
    zone = found[7]
    if zone in (None, "Z"):
        return time_s
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    return time_s - (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)
