"""How metrics are meant: what `define_metric` said, also of names that are yet to come (`train/*`)."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from trackio_client.errors import UsageError
from trackio_client.wire.events import SUMMARIES, checked_name

MAX_DEFINED: Final = 2_000
"""Metrics that patterns define: each is an event, and a page draws no more of one experiment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What is said of a metric, or of those that fit a pattern."""

    name: str
    step_metric: str | None = None
    goal: str | None = None
    summary: str | None = None
    """Words of SUMMARIES, with commas; the first is the metric's number in the summary."""
    hidden: bool | None = None
    step_sync: bool | None = None
    """Whether a call that leaves out the step metric gets its last value; None is yes, as W&B's."""

    @property
    def is_pattern(self) -> bool:
        return "*" in self.name

    @property
    def shown(self) -> str | None:
        """Which of its values stands for it in the summary; None is the last, or whatever was said before."""
        return None if self.summary is None else self.summary.partition(",")[0]

    def fields(self) -> dict[str, Any]:
        """Of the event; what nobody said is absent, but for the first two."""
        more = {"summary": self.summary, "hidden": self.hidden, "step_sync": self.step_sync}
        said = {key: value for key, value in more.items() if value is not None}
        return {"step_metric": self.step_metric, "goal": self.goal, **said}

    def over(self, before: Definition) -> Definition:
        """What it says, and what an earlier call said of the rest."""
        names = ("step_metric", "goal", "summary", "hidden", "step_sync")
        unsaid = {name: getattr(before, name) for name in names if getattr(self, name) is None}
        return replace(self, **unsaid)

    def of(self, metric: str) -> Definition:
        """What it says of one metric: "best" without a goal goes by what the name tells, else the lowest, as W&B's."""
        goal = self.goal
        if goal is None and "best" in (self.summary or "").split(","):
            from trackio_client.wire.names import quantity_of  # here: only who asks for the best needs the table

            goal = quantity_of(metric).goal or "min"
        return replace(self, name=metric, goal=goal)


def definition_of(
    name: Any, step_metric: Any, hidden: Any, summary: Any, goal: Any, step_sync: Any = None
) -> Definition:
    """What a call of `define_metric` says. Raises UsageError."""
    name = checked_name(name, "a metric's name")
    if step_metric is not None:
        step_metric = checked_name(getattr(step_metric, "name", step_metric), "step_metric")
    words = [word.strip().lower() for word in str(summary).split(",")] if summary else []
    if strange := [word for word in words if word not in SUMMARIES]:
        raise UsageError(f"summary must be one of {', '.join(SUMMARIES)}, got {strange[0]!r:.80}")
    goal = {"minimize": "min", "maximize": "max"}.get(goal or "", goal)
    if goal not in (None, "min", "max"):
        raise UsageError(f"goal must be 'min' or 'max', got {goal!r}")
    return Definition(
        name=name,
        step_metric=step_metric,
        goal=goal or next((word for word in words if word in ("min", "max")), None),
        summary=",".join(dict.fromkeys(words)) or None,
        hidden=None if hidden is None else bool(hidden),
        step_sync=None if step_sync is None else bool(step_sync),
    )


class Definitions:
    """What was said so far, exactly and by patterns. The last pattern that fits stands; an exact name before any."""

    def __init__(self) -> None:
        self._exact: dict[str, Definition] = {}
        self._patterns: dict[str, Definition] = {}
        self._told: dict[str, Definition] = {}
        self._looked_at: set[str] = set()
        """Names that were compared with all patterns there are: `log` asks again and again."""

    @property
    def has_patterns(self) -> bool:
        return bool(self._patterns)

    def add(
        self, said: Definition, *, overwrite: bool, names: Callable[[], Iterable[str]]
    ) -> list[tuple[str, Definition]]:
        """The metrics that get a definition now: the one named, or those of `names` that fit the pattern."""
        held = self._patterns if said.is_pattern else self._exact
        before = held.pop(said.name, None)
        if before is not None and not overwrite:
            said = said.over(before)
        held[said.name] = said
        if said.is_pattern:
            self._looked_at.clear()
            return self.fitting(names())
        said = self._told[said.name] = said.of(said.name)
        return [(said.name, said)]

    def fitting(self, names: Iterable[str]) -> list[tuple[str, Definition]]:
        """Of some names those that a pattern fits, each with what is new to be said of it."""
        found = []
        for name in names:
            if name in self._looked_at or name in self._exact or len(self._looked_at) >= MAX_DEFINED:
                continue
            self._looked_at.add(name)
            pattern = next((d for p, d in reversed(self._patterns.items()) if _fits(name, p)), None)
            if pattern is None or pattern.step_metric == name or self._told.get(name) == (said := pattern.of(name)):
                continue
            self._told[name] = said
            found.append((name, said))
        return found

    def of(self, name: str) -> Definition | None:
        """What was told of a metric, by its name or by a pattern."""
        return self._told.get(name)


def _fits(name: str, pattern: str) -> bool:
    """Only `*` stands for something: names hold brackets and question marks. Hardware is meant by its own name only."""
    if name.startswith("system/") and not pattern.startswith("system/"):
        return False
    return fnmatch.fnmatchcase(name, pattern.replace("[", "[[]").replace("?", "[?]"))


class StepSync:
    """Gives a call the step metrics that it leaves out, at their last value: W&B's `step_sync`.

    `define_metric("val/*", step_metric="epoch")`, and `log({"val/f1": 0.9})` long after `log({"epoch": 3})`: the chart
    of val/f1 against epoch has a point at 3.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._last: dict[str, tuple[float, int]] = {}
        """Of each step metric its last value, and at which step it was told."""

    def follow(self, said: Definition) -> None:
        """A metric that others are drawn against."""
        if said.step_metric is not None:
            self._last.setdefault(said.step_metric, (0.0, -1))

    def completed(self, numbers: Mapping[str, float], step: int) -> dict[str, float]:
        """The numbers of one call, with what it leaves out. A value that was told at this step stands there already."""
        more: dict[str, float] = {}
        for name in numbers:
            said = self._definitions.of(name)
            wanted = None if said is None or said.step_sync is False else said.step_metric
            if wanted is not None and wanted not in numbers:
                value, at = self._last.get(wanted, (0.0, -1))
                if at not in (-1, step):
                    more[wanted] = value
        for name in numbers:  # not over `_last`: another thread may define a metric meanwhile
            if name in self._last:
                self._last[name] = (float(numbers[name]), step)
        return {**numbers, **more}
