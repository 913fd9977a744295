"""How metrics are meant: what `define_metric` said, also of names that are yet to come (`train/*`)."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from trackio_client.errors import UsageError
from trackio_client.wire.events import checked_name

MAX_DEFINED: Final = 2_000
"""Metrics that patterns define: each is an event, and a page draws no more of one experiment."""
SUMMARIES: Final = ("last", "min", "max", "best", "mean", "first", "copy", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What is said of a metric, or of those that fit a pattern."""

    name: str
    step_metric: str | None = None
    goal: str | None = None
    summary: str | None = None
    hidden: bool | None = None

    @property
    def is_pattern(self) -> bool:
        return "*" in self.name

    @property
    def shown(self) -> str | None:
        """Which of its values stands for it in the summary; None is the last, or whatever was said before."""
        return self.summary if self.summary in ("last", "min", "max", "best") else None

    def fields(self) -> dict[str, Any]:
        """Of the event; what nobody said is absent, but for the first two."""
        more = {"summary": self.summary, "hidden": self.hidden}
        said = {key: value for key, value in more.items() if value is not None}
        return {"step_metric": self.step_metric, "goal": self.goal, **said}


def definition_of(name: Any, step_metric: Any, hidden: Any, summary: Any, goal: Any) -> Definition:
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
    goal = goal or next((word for word in words if word in ("min", "max")), None)
    first = next((word for word in words if word in ("min", "max", "best", "last")), words[0] if words else None)
    return Definition(
        name=name, step_metric=step_metric, goal=goal, summary=first, hidden=None if hidden is None else bool(hidden)
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
        if said.is_pattern:
            self._patterns.pop(said.name, None)
            self._patterns[said.name] = said
            self._looked_at.clear()
            return self.fitting(names())
        before = self._exact.get(said.name)
        if before is not None and not overwrite:
            said = replace(
                before,
                step_metric=said.step_metric or before.step_metric,
                goal=said.goal or before.goal,
                summary=said.summary or before.summary,
                hidden=before.hidden if said.hidden is None else said.hidden,
            )
        self._exact[said.name] = self._told[said.name] = said
        return [(said.name, said)]

    def fitting(self, names: Iterable[str]) -> list[tuple[str, Definition]]:
        """Of some names those that a pattern fits, each with what is new to be said of it."""
        found = []
        for name in names:
            if name in self._looked_at or name in self._exact or len(self._looked_at) >= MAX_DEFINED:
                continue
            self._looked_at.add(name)
            said = next((d for p, d in reversed(self._patterns.items()) if fnmatch.fnmatchcase(name, p)), None)
            if said is None or self._told.get(name) is said or said.step_metric == name:
                continue
            self._told[name] = said
            found.append((name, said))
        return found
