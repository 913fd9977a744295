"""Questions about series and their answers, and the binary form in which a page gets them.

A page's answer (`application/vnd.trackio.series`), little-endian:

    "TKS2"  head length u32 · head, JSON · blocks

The head: {"cursor": str, "x": str, "reset": bool, "blocks": int, "now_s": float,
"series": [{"experiment_id", "metric", "points", "nan", "posinf", "neginf", "width"}] — in the order of the question,
only pairs that have points; `width` is the bucket's width on the x axis — or null when `reset` is false and the
list is as in the last answer}. A block carries what changed of one series:

    series  u16   index into the list
    mode    u8    1: one value a bucket (columns x, value) · 0: buckets (columns x, min, max, mean)
                  +2: then counts follow, u16 × n each: NaN, +inf, −inf (65,535 means "or more")
                  +4: values are f64, else f32 (f32 whenever it keeps 4 significant figures of the range)
                  +8: the series' last value follows, f64: the last bucket is the mean of several
                  +16: no column x follows: it is that of the block before, which has as many buckets
    spare   u8
    keep    u32   buckets of this series that stay; what the reader holds behind them is replaced
    n       u32   buckets that follow
    columns x f64 × n (of the bucket's last point), then as `mode` says; no padding

A bucket with no finite value has NaN as min, max and mean. x is a step, seconds since 1970 UTC (`time`), seconds since
the experiment's first event (`relative`), or the value of another metric at the same step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SERIES_TYPE: Final = "application/vnd.trackio.series"
SERIES_MAGIC: Final = b"TKS2"
BLOCK_HEAD: Final = "<HBBII"
ONE_VALUE, BAD_COUNTS, WIDE, LAST, SAME_X = 1, 2, 4, 8, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesQuery:
    """Which series, and how they are wanted."""

    experiments: tuple[str, ...]
    metrics: tuple[str, ...]
    max_points: int | None = None
    """Thin each series to about this many buckets (at least 4); None gives every point."""
    from_x: float | None = None
    """Only points at or after this x: with `x="step"` a step (`from_step`)."""
    to_x: float | None = None
    x: str = "step"
    """`step`, `time` (s since 1970 UTC), `relative` (s since the experiment began) or the name of a metric."""
    repeats: bool = False
    """Every point in order of arrival, also those of a repeated step; else of a repeated step the later one."""
    ranks: str = "mean"
    """Of a metric that several ranks log: `mean`, `spread` (with deviation and count), `each` (by wire/ranks.py)."""
    cursor: str | None = None
    """From the last answer to the same question: only what is new since then."""
