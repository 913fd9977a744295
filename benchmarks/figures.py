"""Figures beside their targets."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measure: what came out, and what it must reach."""

    measure: str
    values: tuple[float, ...]
    """One a repetition: the median is judged, the spread stands beside it."""
    unit: str
    target: float | None = None
    at_least: bool = False
    """Whether the target is a floor; else it is a ceiling."""
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def is_met(self) -> bool | None:
        """None when there is no target."""
        if self.target is None:
            return None
        return self.median >= self.target if self.at_least else self.median <= self.target

    def row(self) -> tuple[str, str, str, str]:
        """Measure, median with its spread, target, verdict."""
        spread = f" ({short(min(self.values))} to {short(max(self.values))})" if len(self.values) > 1 else ""
        sign = "≥" if self.at_least else "≤"
        target = "" if self.target is None else f"{sign} {short(self.target)} {self.unit}"
        verdict = {None: "", True: "reached", False: "MISSED"}[self.is_met]
        note = f"; {self.note}" if self.note else ""
        return self.measure, f"{short(self.median)} {self.unit}{spread}{note}", target, verdict


def short(value: float) -> str:
    """Three significant figures, thousands in k and M."""
    for limit, unit in ((1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            return f"{value / (1e6 if unit == 'M' else 1e3):.4g} {unit}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def table(figures: Sequence[Figure]) -> str:
    """A Markdown table, with the machine's load under it: a figure without its noise says little."""
    lines = ["| measure | median (range) | target | |", "|---|---|---|---|"]
    lines += ["| " + " | ".join(figure.row()) + " |" for figure in figures]
    return "\n".join([*lines, "", noise()])


def noise() -> str:
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    return f"{os.cpu_count()} cores, load average {load}"


def as_json(figures: Sequence[Figure]) -> str:
    """The same for programs."""
    return json.dumps([asdict(one) | {"median": one.median, "is_met": one.is_met} for one in figures], indent=1)
