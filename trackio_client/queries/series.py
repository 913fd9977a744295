"""Series for people and programs (JSON) and for pages (the binary answer of wire/asks.py)."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Hashable, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final

import numpy as np

from trackio_client.errors import ExperimentNotFound, MetricNotFound, UsageError
from trackio_client.queries import spread
from trackio_client.queries.experiments import find_experiment
from trackio_client.store.answers import position_of
from trackio_client.store.cells import needs_double
from trackio_client.store.contract import Buckets, BucketsAnswer, Series, Store
from trackio_client.wire.asks import BAD_COUNTS, BLOCK_HEAD, LAST, ONE_VALUE, SAME_X, SERIES_MAGIC, WIDE, SeriesQuery

MOST_PAIRS: Final = 65_535
"""Pairs (experiment, metric) in one question: a block names its series in 16 bits."""
_BLOCK = struct.Struct(BLOCK_HEAD)


def read_series(store: Store, query: SeriesQuery) -> dict[str, Any]:
    """{"series": [{"experiment_id", "metric", "steps", "values", "times_s"}], "cursor"} in the order of the question.

    With `ranks="spread"`, a metric of several ranks has "std", "ranks" (how many), "min" and "max" at each step, too.

    The columns are numpy arrays. Pairs without points are absent. Values may be NaN and ±inf: whoever writes JSON says
    them in words.

    Raises:
        ExperimentNotFound, MetricNotFound: a metric that none of the experiments has, with what they have.
        UsageError: a question that cannot be right.
    """
    _check(store, query)
    found, cursor = spread.series(store, query)
    lacking = set(query.metrics) - {metric for _, metric in found}
    if lacking and query.cursor is None:
        _check_metrics(store, query.experiments, lacking)
    ordered = [(e, m) for e in query.experiments for m in query.metrics if (e, m) in found]
    ordered += [key for key in found if key not in ordered]  # ranks, each by its name
    return {
        "series": [
            {"experiment_id": experiment, "metric": metric, **_columns(found[experiment, metric])}
            for experiment, metric in ordered
        ],
        "cursor": cursor,
    }


def _columns(series: Series) -> dict[str, Any]:
    columns = {"steps": series.steps, "values": series.values, "times_s": series.times_s}
    spreads = {"std": series.std, "ranks": series.ranks, "min": series.min, "max": series.max}
    return columns | {name: column for name, column in spreads.items() if column is not None}


def read_buckets(store: Store, query: SeriesQuery, now_s: float) -> bytes:
    """The binary answer to a page. A metric that nobody logged (yet) is absent: charts wait for it."""
    return told_buckets(store, query, now_s)[0]


def told_buckets(store: Store, query: SeriesQuery, now_s: float) -> tuple[bytes, str]:
    """As `read_buckets`, and the answer's cursor.

    That is the store's with a mark of the list of pairs before it, so that the list is sent only when it changed.
    """
    if query.cursor is None:
        _check_form(query)
    mark, _, cursor = (query.cursor or "").partition(".")
    try:
        answer = spread.buckets(store, replace(query, cursor=cursor or None))
    except ExperimentNotFound:
        _check(store, query)  # says it in words for people
        raise
    listed = _mark(answer.keys)
    if not answer.reset and listed != mark:  # a metric's first point: all of it anew, for the list tells counts
        answer = spread.buckets(store, replace(query, cursor=None))
        listed = _mark(answer.keys)
    told = f"{listed}.{answer.cursor}"
    return pack(answer, x=query.x, now_s=now_s, cursor=told), told


def place_of(cursor: str) -> tuple[int, Hashable] | None:
    """The store's position in a cursor of `told_buckets`, and all else in it; None for what is no such cursor.

    Of two askers of one question where only the position differs, what is new for the one that is behind holds what is
    new for the other.
    """
    mark, _, of_store = cursor.partition(".")
    place = position_of(of_store)
    return None if place is None else (place[0], (mark, place[1]))


def pack(answer: BucketsAnswer, *, x: str, now_s: float, cursor: str) -> bytes:
    """The bytes of an answer, as wire/asks.py says."""
    index = {key: place for place, key in enumerate(answer.keys)}
    parts: list[bytes] = []
    before = b""
    for key, buckets in answer.series.items():
        before = _block(parts, index[key], buckets, before)
    head = {
        "cursor": cursor,
        "x": x,
        "reset": answer.reset,
        "blocks": len(answer.series),
        "now_s": round(now_s, 3),
        "series": [_info(key, answer.series.get(key)) for key in answer.keys] if answer.reset else None,
    }
    text = json.dumps(head, separators=(",", ":"), allow_nan=False).encode()
    return b"".join((SERIES_MAGIC, struct.pack("<I", len(text)), text, *parts))


def _block(parts: list[bytes], place: int, b: Buckets, before: bytes) -> bytes:
    """Add a series; its x, as bytes, are what the next one's are compared with."""
    n = len(b.x)
    x, low = b.x.astype("<f8", copy=False).tobytes(), b.min.tobytes()
    same = low == b.max.tobytes() and low == b.mean.tobytes()  # as bytes: a NaN is like itself
    bad = _has_bad(b)
    wide = needs_double(b.min, b.max)
    last = math.isfinite(b.last) and (n == 0 or b.last != b.mean[-1])
    # Metrics of one call have the same steps: a third of all bytes need not be sent again.
    same_x = n > 0 and x == before
    mode = (
        (SAME_X if same_x else 0)
        | (ONE_VALUE if same else 0)
        | (BAD_COUNTS if bad else 0)
        | (WIDE if wide else 0)
        | (LAST if last else 0)
    )
    kind = "<f8" if wide else "<f4"
    parts.append(_BLOCK.pack(place, mode, 0, b.keep, n))
    if not same_x:
        parts.append(x)
    for column in (b.min,) if same else (b.min, b.max, b.mean):
        parts.append(column.astype(kind, copy=False).tobytes())
    if bad:
        for counts in (b.nan, b.posinf, b.neginf):
            parts.append(np.minimum(counts, 65_535).astype("<u2").tobytes())
    if last:
        parts.append(struct.pack("<d", b.last))
    return x


def _info(key: tuple[str, str], b: Buckets | None) -> dict[str, Any]:
    info: dict[str, Any] = {
        "experiment_id": key[0],
        "metric": key[1],
        "points": 0,
        "nan": 0,
        "posinf": 0,
        "neginf": 0,
        "width": 0,
    }
    if b is not None:
        info["points"] = b.points
        if _has_bad(b):
            info |= {"nan": int(b.nan.sum()), "posinf": int(b.posinf.sum()), "neginf": int(b.neginf.sum())}
        info["width"] = b.width if np.isfinite(b.width) else 0
    return info


def _has_bad(b: Buckets) -> bool:
    """Whether a value is no finite number. What is one array for all three kinds is zeros (store/cells.Drawn)."""
    return b.nan is not b.posinf and bool(b.nan.any() or b.posinf.any() or b.neginf.any())


def _mark(keys: Sequence[tuple[str, str]]) -> str:
    return blake2b(repr(keys).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def _check(store: Store, query: SeriesQuery) -> None:
    _check_form(query)
    for experiment in query.experiments:
        find_experiment(store, experiment)


def _check_form(query: SeriesQuery) -> None:
    if not query.experiments or not query.metrics:
        what = "experiment" if not query.experiments else "metric"
        raise UsageError(f"a question about series names at least one experiment and one metric; no {what} was given")
    if len(query.experiments) * len(query.metrics) > MOST_PAIRS:
        raise UsageError(
            f"{len(query.experiments)} experiments × {len(query.metrics)} metrics are more than {MOST_PAIRS} series. "
            "Ask in parts"
        )
    if query.max_points is not None and query.max_points < 4:
        raise UsageError(f"max_points must be at least 4, got {query.max_points}")


def _check_metrics(store: Store, experiments: Sequence[str], lacking: set[str]) -> None:
    have = {each.metric for summaries in spread.summaries(store, experiments).values() for each in summaries}
    missing = sorted(lacking - have)
    if missing:
        names = sorted(have)
        more = f" and {len(names) - 12} more" if len(names) > 12 else ""
        known = f"They have: {', '.join(names[:12])}{more}." if names else "They have no metric yet."
        raise MetricNotFound(
            f"none of the {len(experiments)} experiments asked for logged the metric {missing[0]!r:.300}. {known}"
        )
