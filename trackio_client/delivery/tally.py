"""What the client itself counts of its log: digest, counts, and per metric the last, lowest and highest value.

Made by the sender from whole runs of frames, away from the training loop.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trackio_client.store.columns import Digest, EventAt, Run


@dataclass(slots=True)
class Numbers(Mapping[str, Any]):
    """One series in a few numbers; read as `numbers.min` or `numbers["min"]`. NaN and ±inf count as points only."""

    last: float = math.nan
    """The value at the highest step (of a repeated step the later one)."""
    last_step: int = -1
    min: float = math.nan
    min_step: int = -1
    max: float = math.nan
    max_step: int = -1
    points: int = 0
    first: float = math.nan
    """The value that was logged first."""
    finite: int = 0
    """Points that are neither NaN nor ±inf, and beside it what they add up to."""
    total: float = 0.0
    goal: str | None = None
    """"min" or "max": what `define_metric` said."""

    @property
    def mean(self) -> float:
        """Of all finite values, those of a repeated step each; NaN without one."""
        return self.total / self.finite if self.finite else math.nan

    @property
    def best(self) -> float | None:
        """The lowest or highest value, as the goal says; None without a goal or without a finite value."""
        found = {"min": self.min, "max": self.max}.get(self.goal or "", math.nan)
        return None if math.isnan(found) else found

    @property
    def best_step(self) -> int | None:
        return None if self.best is None else self.min_step if self.goal == "min" else self.max_step

    def __getitem__(self, key: str) -> Any:
        if key not in _FIELDS:
            raise KeyError(key)
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(_FIELDS)

    def __len__(self) -> int:
        return len(_FIELDS)

    def __float__(self) -> float:
        return self.last


_FIELDS = ("last", "last_step", "min", "min_step", "max", "max_step", "best", "best_step", "points", "mean", "first")


@dataclass(slots=True)
class Tally:
    """Counts over one writer's log, up to an ordinal."""

    writer_id: str
    digest: Digest
    end: int = 0
    numbers: dict[str, Numbers] = field(default_factory=dict)

    def add(self, stop: int, parts: list[Run | EventAt], *, with_numbers: bool = True) -> None:
        """Count the next frames; `stop` is the ordinal behind them."""
        from trackio_client.store.columns import Run, digest_of

        self.digest = self.digest + digest_of(self.writer_id, parts)
        self.end = stop
        for part in parts:
            if with_numbers and isinstance(part, Run):
                self._add_run(part)

    def _add_run(self, run: Run) -> None:
        import numpy as np

        steps, values = run.steps, run.values
        top = len(steps) - 1 - int(np.argmax(steps[::-1]))  # the last of the highest: of a repeated step the later
        fine = np.isfinite(values)
        with_inf = not fine.all()
        lows = np.where(fine, values, np.inf) if with_inf else values
        highs = np.where(fine, values, -np.inf) if with_inf else values
        totals = np.where(fine, values, 0.0).sum(axis=0) if with_inf else values.sum(axis=0)
        finite = fine.sum(axis=0)
        low_at, high_at = lows.argmin(axis=0), highs.argmax(axis=0)
        for column, metric in enumerate(run.schema.keys):
            known = self.numbers.get(metric)
            if known is None:
                known = self.numbers[metric] = Numbers(first=float(values[0, column]))
            known.points += len(steps)
            known.finite += int(finite[column])
            known.total += float(totals[column])
            if steps[top] >= known.last_step:
                known.last, known.last_step = float(values[top, column]), int(steps[top])
            low, high = float(lows[low_at[column], column]), float(highs[high_at[column], column])
            if math.isfinite(low) and not low >= known.min:
                known.min, known.min_step = low, int(steps[low_at[column]])
            if math.isfinite(high) and not high <= known.max:
                known.max, known.max_step = high, int(steps[high_at[column]])
