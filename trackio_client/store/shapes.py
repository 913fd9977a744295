"""What a store answers with: experiments, series, buckets and events as plain data, and the shapes of their arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from trackio_client.store.columns import Floats, Ints


class MetricSummary(NamedTuple):
    """One series in a few numbers, kept up to date with every append."""

    metric: str
    points: int
    """All values, NaN and ±inf included."""
    bad: int
    """How many of them are NaN or ±inf."""
    last: float
    last_step: int
    """Of the point that is last in step order (of a repeated step the later)."""
    last_time_s: float
    first_step: int
    min: float
    """Of the finite values; NaN when there is none."""
    min_step: int
    max: float
    max_step: int
    mean: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentRecord:
    """One experiment as its events tell it.

    The state is not here: `queries.states` computes it from these facts when asked: lost contact depends on now.
    """

    experiment_id: str
    project: str
    name: str
    group: str | None = None
    job_type: str | None = None
    tags: tuple[str, ...] = ()
    notes: str | None = None
    generation: int = 0
    parent: tuple[str, int] | None = None
    """(experiment_id, step) that this one was forked from."""
    created_s: float
    """Time of the first event, seconds UTC, by the writer's clock."""
    last_event_s: float
    """Time of the newest event, by its writer's clock."""
    last_heard_s: float
    """When a batch or heartbeat last came, by the store's clock."""
    last_step: int | None = None
    writers: int = 0
    end: dict[str, Any] | None = None
    """The latest `end` event of the newest generation, with its `time_s`; None while nobody ended it."""
    edited_state: str | None = None
    """`paused` when a person paused it."""
    archived: bool = False
    """Out of the usual lists."""
    binned: dict[str, Any] | None = None
    """{"time_us", "by"} of one that a person put into the bin (store/binning.py)."""
    config: dict[str, Any] = field(default_factory=dict)
    user_summary: dict[str, Any] = field(default_factory=dict)
    definitions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Per metric what `define_metric` said: {"step_metric", "goal"}, where said "summary", "hidden", "step_sync"."""
    metric_count: int = 0
    """Of rank 0, or of the only process: what other ranks log beside it counts once."""
    point_count: int = 0
    event_count: int = 0
    missing_count: int = 0
    """Events in named holes: logged, and not here."""
    position: int = 0
    """The store's position when this experiment last changed."""
    client: dict[str, Any] = field(default_factory=dict)
    """The `start` event's client and process fields; of several ranks the process of the lowest."""
    ranks: dict[str, Any] = field(default_factory=dict)
    """{"generation", "size", "started": [rank], "ended": [rank]} of several ranks, else {}."""
    made: dict[str, Any] = field(init=False, repr=False, compare=False, default_factory=dict)
    """What a reader made of this very record and would make again (queries/rows.py); it goes with the record."""


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one (experiment, metric). Arrays are (n,)."""

    steps: Ints
    values: Floats
    times_s: Floats
    std: Floats | None = None
    """Of several ranks at each step, and the next three: only where `SeriesQuery.ranks` is "spread"."""
    ranks: Ints | None = None
    """How many ranks logged it."""
    min: Floats | None = None
    max: Floats | None = None


@dataclass(frozen=True, slots=True)
class Points:
    """Every point of one (experiment, metric) in order of arrival, with what decides which of a step is later."""

    steps: Ints
    values: Floats
    times_us: Ints
    seqs: Ints
    writers: Sequence[str]
    """Writer ids."""
    writer_of: Ints
    """(n,) Index into `writers`."""


@dataclass(frozen=True, slots=True)
class Buckets:
    """One series as a page draws it: a row a bucket of x, empty buckets left out, ascending x. Arrays are (n,)."""

    width: float
    """Of a bucket, in units of x; 0 means every point is its own bucket."""
    keep: int
    """How many leading buckets the asker already has and keeps (0 unless a cursor was given)."""
    x: Floats
    """x of the bucket's last point."""
    min: Floats
    max: Floats
    mean: Floats
    nan: Ints
    posinf: Ints
    neginf: Ints
    points: int
    """Points of the series in the asked range."""
    last: float = math.nan
    """The very last value of all, where it is known, finite, and of the last bucket: a mean hides it. Else NaN."""


@dataclass(frozen=True, slots=True)
class BucketsAnswer:
    """Answer to a page: only series that changed since the cursor are in `series`."""

    keys: tuple[tuple[str, str], ...]
    """All (experiment_id, metric) that have points, in the order of the question: what indices refer to."""
    series: dict[tuple[str, str], Buckets]
    reset: bool
    """The asker must forget what it holds: first answer, other question, new incarnation, or other bucket widths."""
    cursor: str


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A JSON event as stored."""

    experiment_id: str
    writer_id: str
    seq: int
    position: int
    content: dict[str, Any]
