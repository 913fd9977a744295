"""Figures beside their targets."""

from __future__ import annotations

import itertools
import json
import os
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measure: what came out, and what it must reach."""

    measure: str
    """The line of the table. Figures of one line follow each other and stand in it side by side."""
    values: tuple[float, ...]
    """One a repetition: the median is judged, the spread stands beside it."""
    unit: str
    target: float | None = None
    at_least: bool = False
    """Whether the target is a floor; else it is a ceiling."""
    what: str = ""
    """Which of the line's figures this is: "p99", "8 writers"."""
    note: str = ""
    """What a reader must know to judge it: an interval, the cost of an empty call, a size."""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def is_met(self) -> bool | None:
        """None when there is no target."""
        if self.target is None:
            return None
        return self.median >= self.target if self.at_least else self.median <= self.target

    @property
    def must_reach(self) -> str:
        if self.target is None:
            return "not judged"
        return f"{'≥' if self.at_least else '≤'} {short(self.target)} {self.unit}"

    @property
    def measured(self) -> str:
        verdict = " **MISSED**" if self.is_met is False else ""
        what = f"{self.what} " if self.what else ""
        return f"{what}{short(self.median)} {self.unit}{verdict}"

    @property
    def noise(self) -> str:
        spread = f"{short(min(self.values))} to {short(max(self.values))}" if len(self.values) > 1 else ""
        return "; ".join(part for part in (spread, self.note) if part) or "one run"


def short(value: float) -> str:
    """Three significant figures, thousands in k and M."""
    for limit, unit in ((1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            return f"{value / (1e6 if unit == 'M' else 1e3):.4g} {unit}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def table(figures: Sequence[Figure]) -> str:
    """A Markdown table, with the machine's load under it: a figure without its noise says little."""
    lines = ["| measure | must reach | measured | noise |", "|---|---|---|---|"]
    for measure, each in itertools.groupby(figures, key=lambda one: one.measure):
        found = list(each)
        cells = [" / ".join(getattr(one, cell) for one in found) for cell in ("must_reach", "measured", "noise")]
        lines.append("| " + " | ".join([measure, *cells]) + " |")
    return "\n".join([*lines, "", noise()])


def noise() -> str:
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    return f"{os.cpu_count()} cores, load average {load}"


def as_json(figures: Sequence[Figure]) -> str:
    """The same for programs."""
    return json.dumps([asdict(one) | {"median": one.median, "is_met": one.is_met} for one in figures], indent=1)
