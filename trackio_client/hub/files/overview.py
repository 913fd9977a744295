"""One experiment in at most 64 KiB: what a page without a server draws its charts from.

`view/<2>/<experiment_id>.bin` is packed with gzip; inside, little-endian:

    "TKV1"  head length u32 · head, JSON · answers, one after the other, each as wire/asks.py says

The head: {"version": 1, "experiment_id", "detail": {"config", "summary", "user_summary", "definitions", "notes",
"client", "writers", "training" if it recorded one (told.py)}, "events": [{"writer_id", "seq", "content"}] in order of
arrival, "answers": [{"x", "bytes"}], "left_out": {"metrics", "names", "events"}}.

Two answers: buckets against the step for what is logged by step, and against the time since the first event for
everything, since hardware is drawn against time. Buckets get coarser until the file is small enough; with very many
metrics those that matter least are left out, and named.
"""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trackio_client.hub.files.told import told
from trackio_client.queries import spread
from trackio_client.queries.experiments import experiment_detail
from trackio_client.queries.series import read_buckets
from trackio_client.store.contract import ExperimentRecord, Store
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.events import plain
from trackio_client.wire.names import quantity_of, sort_key

MAGIC: Final = b"TKV1"
MOST_BYTES: Final = 64 * 1024
AIM_BYTES: Final = 40 * 1024
"""Ten of these beside the page's own modules are below a megabyte. A file is above it only to keep FEWEST buckets."""
FINENESS: Final = (800, 560, 400, 280, 200, 140, 100, 70)
"""Buckets a series that are tried: a chart in the grid is about 400 pixels wide."""
FEWEST: Final = FINENESS[-1]
BUCKET_BYTES: Final = 6.6
"""Of one bucket, packed, as measured on trainings (4.5 to 14): only where the search begins."""
SERIES_BYTES: Final = 45
"""Of a series, packed, beside its buckets: its name and counts, a block's head."""
MOST_NAMES: Final = 100
"""Names of what was left out; above it there is only their number."""
WORDS: Final = ("error", "refused", "end", "mark", "text")
WORDS_BYTES, CONSOLE_BYTES = 8_000, 4_000
"""Of the newest events kept, as JSON: what happened, and the last lines of the log."""
CONFIG_BYTES: Final = 8_000
_LONGEST: Final = 1_200
"""Characters of one text in an event or the config."""
_LAST_GROUPS: Final = ("label", "train_sample", "speed", "system")
"""Left out first."""


def overview(store: Store, record: ExperimentRecord) -> bytes:
    """The file of an experiment, at most MOST_BYTES. The same content gives the same bytes.

    Raises:
        ExperimentNotFound: it was deleted meanwhile.
    """
    names = [record.experiment_id]
    points = {each.metric: each.points for each in spread.summaries(store, names)[record.experiment_id]}
    metrics = chosen(points)
    events, dropped = _events(store, record.experiment_id)
    while True:
        head = _head(store, record, metrics, points, events, dropped)
        packed = b""
        for fineness in [f for f in FINENESS if f <= _first(metrics, points)]:
            packed = _packed(head, _answers(store, record, metrics, fineness))
            if len(packed) <= AIM_BYTES:
                break
        if len(packed) <= MOST_BYTES:
            return packed
        # Values that do not compress at all: rather fewer metrics than a file that pages must wait for.
        if metrics:
            metrics = metrics[: len(metrics) * 2 // 3]
        else:
            events, dropped = [], dropped + len(events)


def chosen(points: Mapping[str, int]) -> list[str]:
    """The metrics that fit at the coarsest, the most important first. `points` are counts by metric."""
    found, room = list[str](), AIM_BYTES - 8_000.0
    for metric in sorted(points, key=importance):
        room -= _cost(metric, points[metric], FEWEST)
        if room < 0:
            break
        found.append(metric)
    return found


def importance(metric: str) -> tuple[Any, ...]:
    """Losses, what has a goal, what the page shows first, the rest; per label, speed and hardware last."""
    quantity = quantity_of(metric)
    last = _LAST_GROUPS.index(quantity.group) + 1 if quantity.group in _LAST_GROUPS else 0
    main = quantity.name in ("training loss", "evaluation loss", "learning rate")
    return last, not main, quantity.goal is None, sort_key(metric)


def _cost(metric: str, points: int, fineness: int) -> float:
    buckets = min(points, max(4, fineness // 2))
    if quantity_of(metric).group != "system":
        buckets += min(points, fineness)
    return SERIES_BYTES + BUCKET_BYTES * buckets


def _first(metrics: Sequence[str], points: Mapping[str, int]) -> int:
    """The fineness that may fit: trying finer ones would only cost time."""
    for fineness in FINENESS:
        if sum(_cost(metric, points[metric], fineness) for metric in metrics) < AIM_BYTES:
            return fineness
    return FEWEST


def _answers(store: Store, record: ExperimentRecord, metrics: Sequence[str], fineness: int) -> list[tuple[str, bytes]]:
    stepped = [metric for metric in metrics if quantity_of(metric).group != "system"]
    asked = [("step", stepped, fineness), ("relative", list(metrics), max(4, fineness // 2))]
    return [
        (
            x,
            read_buckets(
                store,
                SeriesQuery(experiments=(record.experiment_id,), metrics=tuple(names), x=x, max_points=most),
                record.last_event_s,  # not the time of the push: what did not change has the same bytes
            ),
        )
        for x, names, most in asked
        if names
    ]


def _packed(head: dict[str, Any], answers: Sequence[tuple[str, bytes]]) -> bytes:
    said = head | {"answers": [{"x": x, "bytes": len(answer)} for x, answer in answers]}
    text = json.dumps(said, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    inside = b"".join((MAGIC, struct.pack("<I", len(text)), text, *(answer for _, answer in answers)))
    return gzip.compress(inside, 6, mtime=0)


def _head(
    store: Store,
    record: ExperimentRecord,
    metrics: Sequence[str],
    points: Mapping[str, int],
    events: list[dict[str, Any]],
    dropped: int,
) -> dict[str, Any]:
    detail = experiment_detail(store, record.experiment_id, record.last_event_s)
    summary = told(store, record.experiment_id, record.last_event_s)
    kept = set(metrics)
    absent = [metric for metric in sorted(points, key=importance) if metric not in kept]
    return {
        "version": 1,
        "experiment_id": record.experiment_id,
        "detail": {
            "config": bounded(detail["config"], CONFIG_BYTES),
            "summary": plain({name: each for name, each in detail["summary"].items() if name in kept}),
            "user_summary": bounded(detail["user_summary"], CONFIG_BYTES),
            "definitions": {name: plain(each) for name, each in detail["definitions"].items() if name in kept},
            "notes": _cut(record.notes),
            "client": bounded(detail["client"], CONFIG_BYTES),
            "writers": record.writers,
            **({"training": summary} if summary is not None else {}),
        },
        "events": events,
        "left_out": {"metrics": len(absent), "names": absent[:MOST_NAMES], "events": dropped},
    }


def _events(store: Store, experiment_id: str) -> tuple[list[dict[str, Any]], int]:
    """The newest events that fit, in order of arrival, and how many there were beside them (as far as was looked)."""
    found: list[tuple[int, dict[str, Any]]] = []
    dropped = 0
    for kinds, most in ((WORDS, WORDS_BYTES), (("console",), CONSOLE_BYTES)):
        room = most
        listed = store.events(experiment_id, kinds=list(kinds), limit=200, newest=True)
        for place, event in enumerate(reversed(listed)):
            content = _cut(plain(event.content))
            room -= len(json.dumps(content))
            if room < 0:
                dropped += len(listed) - place
                break
            found.append((event.position, {"writer_id": event.writer_id, "seq": event.seq, "content": content}))
    return [event for _, event in sorted(found, key=lambda each: (each[0], each[1]["seq"]))], dropped


def _cut(value: Any) -> Any:
    """Long texts shortened, with how much is missing; of log lines the last ones."""
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{value[:_LONGEST]}… ({len(value) - _LONGEST:,} more characters)"
    if isinstance(value, dict):
        return {key: _cut(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_cut(each) for each in value[-40:]]
    return value


@dataclass(slots=True)
class _Room:
    bytes: int


def bounded(values: Mapping[str, Any], most: int) -> dict[str, Any]:
    """A nested mapping with long texts shortened; of one that is still too large it says that more was left out."""
    room = _Room(most)
    return _bounded(values, room)


def _bounded(values: Mapping[str, Any], room: _Room) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict) and value:
            room.bytes -= len(key)
            inner = _bounded(value, room)
            if inner or room.bytes > 0:
                found[key] = inner
            continue
        short = _cut(value)
        size = len(key) + len(json.dumps(short)) + 4
        if size > room.bytes:
            found["…"] = "more is in the repo, in experiments/"
            break
        room.bytes -= size
        found[key] = short
    return found
