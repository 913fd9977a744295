"""How far the training sample and the evaluation set lie apart, metric by metric, and where that goes (S4.24)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from trackio_client.queries.evaluations import Entry
from trackio_client.queries.records import number

SAMPLE = "train_sample"


def gap_trends(entries: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    """Per metric the gap (training sample minus evaluation set) over the evaluations, with its trend.

    {metric: {"first", "last", "evaluations", "slope", "slope_per", "standard_error"}}. The slope is that of least
    squares, per epoch where every evaluation has one, else per evaluation; from two evaluations on, its standard error
    from three on. Gaps that are no finite number are left out, and counted under "not_finite".
    """
    points: dict[str, list[tuple[float, float]]] = {}
    lost: dict[str, int] = {}
    has_epochs = all(number(entry.get("epoch")) is not None for entry in entries if SAMPLE in entry)
    for place, entry in enumerate(entries):
        sample = entry.get(SAMPLE)
        gaps = sample.get("gap") if isinstance(sample, Mapping) else None
        for metric, gap in gaps.items() if isinstance(gaps, Mapping) else ():
            value = number(gap)
            if value is None or not math.isfinite(value):
                lost[metric] = lost.get(metric, 0) + 1
                continue
            points.setdefault(metric, []).append((float(entry["epoch"]) if has_epochs else float(place), value))
    told: dict[str, dict[str, Any]] = {}
    for metric, line in points.items():
        told[metric] = {"first": line[0][1], "last": line[-1][1], "evaluations": len(line)}
        if (fitted := _fitted(line)) is not None:
            slope, error = fitted
            told[metric] |= {"slope": slope, "slope_per": "epoch" if has_epochs else "evaluation"}
            if error is not None:
                told[metric]["standard_error"] = error
    for metric, count in lost.items():
        told.setdefault(metric, {"evaluations": 0})["not_finite"] = count
    return told


def _fitted(line: Sequence[tuple[float, float]]) -> tuple[float, float | None] | None:
    """(slope, its standard error) of least squares; None when all stand at one x, or beyond all floats."""
    n = len(line)
    x0, y0 = sum(x for x, _ in line) / n, sum(y for _, y in line) / n
    spread = sum((x - x0) ** 2 for x, _ in line)
    if n < 2 or spread == 0:
        return None
    slope = sum((x - x0) * (y - y0) for x, y in line) / spread
    if not math.isfinite(slope):
        return None
    left = [y - y0 - slope * (x - x0) for x, y in line]
    error = math.sqrt(sum(each * each for each in left) / (n - 2) / spread) if n > 2 else math.inf
    return slope, error if math.isfinite(error) else None
