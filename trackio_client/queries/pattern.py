r"""Regular expressions that take time in proportion to the text, whatever was typed: a page or a server must not hang.

The subset without look-around and back references is run as a set of states (Thompson, "Regular expression search
algorithm", 1968), which are remembered as they are met. `view/base/pattern.js` is the same, line by line: both pass the
cases of tests/queries/filter_cases.json. Letters match in either case; `\d \w \s` mean ASCII.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

MOST_STEPS: Final = 600
"""Instructions of one pattern: `(a{100}){100}` would be 10,000."""
MOST_REPEATS: Final = 100
MOST_PARTS: Final = 10_000
"""Looked at while it is compiled: repeats of what emits no instruction are counted, too."""
MOST_STACKED: Final = 20
"""Repeats of a repeat of a repeat …, and groups in groups."""
MOST_STATES: Final = 2_000
"""Remembered at once; then they are forgotten and met again."""
_CLASSES: Final[dict[str, Callable[[str], bool]]] = {
    "d": lambda c: "0" <= c <= "9",
    "w": lambda c: "a" <= c <= "z" or "A" <= c <= "Z" or "0" <= c <= "9" or c == "_",
    "s": lambda c: c in " \t\n\r\f\v",
}
_CONTROLS: Final = {"n": "\n", "t": "\t", "r": "\r"}
Test = Callable[[str], bool]


class PatternError(ValueError):
    """It does not parse; `at` is where, counted in characters from 0."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at, self.message = at, message


@dataclass(slots=True)
class _Step:
    """`kind`: "char" (of `test`), "split" (to `next` and `other`), "start", "end" or "match"."""

    kind: str
    next: int = 0
    other: int = 0
    test: Test | None = None


class Pattern:
    """A pattern that can be searched for. Raises PatternError."""

    def __init__(self, source: str) -> None:
        tree = _Parser(source).all()
        self._steps: list[_Step] = []
        self._parts = 0
        self._emit(tree)
        self._steps.append(_Step("match"))
        self._forget()

    def search(self, text: str) -> bool:
        """Whether it matches anywhere in a text."""
        state = self._first
        for character in text:
            if state[1]:
                return True
            following = self._following.get((state, character))
            if following is None:
                following = self._step(state, character)
            state = following
        return state[1] or self._ends(state[0], is_empty=not text)

    # --- states -------------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._following: dict[tuple[Any, str], Any] = {}
        self._first = self._state({0}, at_start=True)
        self._again = self._state({0}, at_start=False)[0]

    def _step(self, state: Any, character: str) -> Any:
        if len(self._following) > MOST_STATES:
            self._forget()
        steps = self._steps
        reached = {steps[pc].next for pc in state[0] if steps[pc].kind == "char" and _is(steps[pc].test, character)}
        found = self._state(reached, at_start=False, also=self._again)
        self._following[state, character] = found
        return found

    def _state(self, entered: set[int], *, at_start: bool, also: tuple[int, ...] = ()) -> Any:
        """(the instructions that wait for a character or the end, whether it has matched)"""
        found, has_matched = self._closure(entered, at_start=at_start, at_end=False)
        return tuple(sorted({*found, *also})), has_matched or any(self._steps[pc].kind == "match" for pc in also)

    def _ends(self, waiting: tuple[int, ...], *, is_empty: bool) -> bool:
        ends = {pc for pc in waiting if self._steps[pc].kind == "end"}
        return self._closure(ends, at_start=is_empty, at_end=True)[1]

    def _closure(self, entered: set[int], *, at_start: bool, at_end: bool) -> tuple[set[int], bool]:
        seen: set[int] = set()
        waiting: set[int] = set()
        todo, has_matched = list(entered), False
        while todo:
            pc = todo.pop()
            if pc in seen:
                continue
            seen.add(pc)
            step = self._steps[pc]
            if step.kind == "split":
                todo += (step.next, step.other)
            elif step.kind == "match":
                has_matched = True
            elif (step.kind == "start" and at_start) or (step.kind == "end" and at_end):
                todo.append(step.next)
            elif step.kind in ("char", "end"):
                waiting.add(pc)
        return waiting, has_matched

    # --- instructions -------------------------------------------------------------------------------------------------

    def _emit(self, tree: tuple[Any, ...]) -> None:
        """Instructions of a part; it goes on behind the last of them."""
        kind, steps = tree[0], self._steps
        self._parts += 1
        if len(steps) > MOST_STEPS or self._parts > MOST_PARTS:
            raise PatternError(0, "this pattern is too large")
        if kind == "char":
            steps.append(_Step("char", len(steps) + 1, test=tree[1]))
        elif kind in ("start", "end"):
            steps.append(_Step(kind, len(steps) + 1))
        elif kind == "sequence":
            for part in tree[1]:
                self._emit(part)
        elif kind == "either":
            self._emit_either(tree[1])
        else:
            self._emit_repeat(*tree[1:])

    def _emit_either(self, parts: list[Any]) -> None:
        jumps = []
        for part in parts[:-1]:
            split = _Step("split", len(self._steps) + 1)
            self._steps.append(split)
            self._emit(part)
            jump = _Step("split")
            self._steps.append(jump)
            jumps.append(jump)
            split.other = len(self._steps)
        self._emit(parts[-1])
        for jump in jumps:
            jump.next = jump.other = len(self._steps)

    def _emit_repeat(self, part: Any, least: int, most: int | None) -> None:
        steps = self._steps
        for _ in range(least):
            self._emit(part)
        if most is None:
            at = len(steps)
            split = _Step("split", at + 1)
            steps.append(split)
            self._emit(part)
            steps.append(_Step("split", at, at))
            split.other = len(steps)
            return
        splits = []
        for _ in range(most - least):
            split = _Step("split", len(steps) + 1)
            steps.append(split)
            splits.append(split)
            self._emit(part)
        for split in splits:
            split.other = len(steps)


def _is(test: Test | None, character: str) -> bool:
    return test is not None and any(map(test, _cases(character)))


def _cases(character: str) -> list[str]:
    """A letter in either case, where that is one letter: "ß" is not "SS"."""
    return [each for each in (character, character.lower(), character.upper()) if len(each) == 1]


class _Parser:
    """A pattern as a tree of tuples: ("char", test), ("sequence", […]), ("either", […]), ("repeat", part, m, n) …"""

    def __init__(self, source: str) -> None:
        self.text, self.at, self.depth = source, 0, 0

    def all(self) -> tuple[Any, ...]:
        tree = self.either()
        if self.at < len(self.text):
            raise PatternError(self.at, "this ) closes nothing")
        return tree

    def peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def either(self) -> tuple[Any, ...]:
        parts = [self.sequence()]
        while self.peek() == "|":
            self.at += 1
            parts.append(self.sequence())
        return parts[0] if len(parts) == 1 else ("either", parts)

    def sequence(self) -> tuple[Any, ...]:
        parts: list[tuple[Any, ...]] = []
        while self.peek() not in ("", "|", ")"):
            parts.append(self.piece())
        return ("sequence", parts)

    def piece(self) -> tuple[Any, ...]:
        if self.peek() in ("*", "+", "?"):
            raise PatternError(self.at, f"there is nothing before {self.peek()} that could be repeated")
        part, stacked = self.atom(), 0
        while bounds := self.bounds():
            stacked += 1
            if stacked > MOST_STACKED:
                raise PatternError(self.at, "this pattern is too large")
            part = ("repeat", part, *bounds)
            if self.peek() == "?":  # as few as possible: it matches the same texts
                self.at += 1
        return part

    def bounds(self) -> tuple[int, int | None] | None:
        sign = self.peek()
        if sign in ("*", "+", "?") and sign:
            self.at += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        if sign != "{":
            return None
        end = self.text.find("}", self.at)
        low, comma, high = self.text[self.at + 1 : max(end, self.at + 1)].partition(",")
        if end < 0 or not _whole(low) or not (high == "" or _whole(high)):
            return None  # a brace as it stands
        least, most = int(low), (int(high) if high else None) if comma else int(low)
        if least > MOST_REPEATS or (most is not None and (most > MOST_REPEATS or most < least)):
            raise PatternError(self.at, f"repeats go from 0 to {MOST_REPEATS}")
        self.at = end + 1
        return least, most

    def atom(self) -> tuple[Any, ...]:
        character, at = self.peek(), self.at
        self.at += 1
        if character == "(":
            return self.group(at)
        if character == "[":
            return ("char", self.choice(at))
        if character == "\\":
            return ("char", self.escape(at))
        if character == ".":
            return ("char", lambda c: True)
        if character in ("^", "$"):
            return ("start",) if character == "^" else ("end",)
        return ("char", lambda c: c == character)

    def group(self, at: int) -> tuple[Any, ...]:
        if self.peek() == "?":
            if self.text[self.at + 1 : self.at + 2] != ":":
                raise PatternError(at, "look-around and named groups are not supported, (?:…) is")
            self.at += 2
        self.depth += 1
        if self.depth > 20:
            raise PatternError(at, "this pattern is too large")
        tree = self.either()
        if self.peek() != ")":
            raise PatternError(at, "this ( is not closed")
        self.at += 1
        self.depth -= 1
        return tree

    def escape(self, at: int) -> Test:
        name = self.peek()
        self.at += 1
        if name == "":
            raise PatternError(at, "expected a character behind \\")
        if name.lower() in _CLASSES:
            test = _CLASSES[name.lower()]
            return test if name.islower() else lambda c: not test(c)
        if name in _CONTROLS:
            return lambda c: c == _CONTROLS[name]
        if _CLASSES["w"](name):
            raise PatternError(at, f"\\{name} is not supported")
        return lambda c: c == name

    def choice(self, at: int) -> Test:
        is_not = self.peek() == "^"
        self.at += is_not
        tests: list[Test] = []
        while self.peek() != "]" or not tests:
            if self.peek() == "":
                raise PatternError(at, "this [ is not closed")
            tests.append(self.member())
        self.at += 1
        if is_not:  # neither case of the letter
            return lambda c: not any(test(x) for test in tests for x in _cases(c))
        return lambda c: any(test(c) for test in tests)

    def member(self) -> Test:
        at, low = self.at, self.peek()
        self.at += 1
        if low == "\\":
            return self.escape(at)
        if self.peek() == "-" and self.text[self.at + 1 : self.at + 2] not in ("", "]", "\\"):
            high = self.text[self.at + 1]
            if high < low:
                raise PatternError(at, f"{low}-{high} is no range")
            self.at += 2
            return lambda c: low <= c <= high
        return lambda c: c == low


def _whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 5
