"""What a store is. Every engine passes tests/store/test_contract.py.

A store holds *events* and nothing else; experiments, series, states and lists follow from them.

**Appending.** A batch is consecutive frames of one writer. Check, write, digest and watermark are one transaction, and
`append` takes several batches into one transaction because the commit is what costs. Each batch gets its own outcome:
a `Receipt`, or a `DeliveryError` as a value (one bad batch never spoils its neighbours). Frames that are held already
are trimmed; if what is held under those seqs has other content, the outcome is `Overlap` and nothing of that batch is
written. A batch that begins behind the end of what is held is a `Gap` that names the wanted seq, unless the writer can
no longer send it (`first_held`): then the missing seqs become a named hole, and writing goes on after it; should
frames of a hole come after all, they are taken like others, and the hole shrinks. A batch for a deleted experiment is
`Gone`. An empty batch (count 0) is a heartbeat: it refreshes `last_heard_s` and gets a receipt; it creates nothing.
Order between writers means nothing; order within one is its seq.

**What a series is.** All values of one metric of one experiment, from all its writers, in order of arrival. Steps may
repeat, skip and go back; everything is kept. Read without `repeats`, a series is sorted by step, strictly increasing,
and of a repeated step the later value stands: later is (generation, writer id, seq), never a clock. With `repeats` it
is every point in order of arrival. NaN and ±inf are values.

**Thinning** keeps the first and last point and, in each bucket of x, the lowest and highest finite value and the
counts of NaN, +inf and −inf; no extreme is lost at any width. A pair (experiment, metric) without points is absent,
not empty. Asking for an experiment that was never appended (or was deleted) raises ExperimentNotFound.

**Position** counts commits that changed something; it grows, also across processes on one file, and starts anew (with a
new incarnation) only on an empty disk. What is new since a position can be asked for; a snapshot has one.

**Deleting** removes an experiment's data, gives the disk back, and leaves a tombstone with its writer ids that no age
removes; which were deleted since a position can be asked for.

**Several processes** may have one local store open: each writes for itself, one merges at a time, and no lock error
reaches a caller. A reader sees the store as of one commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from trackio_client.errors import DeliveryError
from trackio_client.store.columns import Floats, Ints
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.batches import Batch, Receipt

Outcome = Receipt | DeliveryError
"""What came of one batch. DeliveryErrors are values here: they belong to one batch of many."""


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
    config: dict[str, Any] = field(default_factory=dict)
    user_summary: dict[str, Any] = field(default_factory=dict)
    definitions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Per metric what `define_metric` said: {"step_metric": …, "goal": …}."""
    metric_count: int = 0
    point_count: int = 0
    event_count: int = 0
    position: int = 0
    """The store's position when this experiment last changed."""
    client: dict[str, Any] = field(default_factory=dict)
    """The `start` event's client and process fields."""


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one (experiment, metric). Arrays are (n,)."""

    steps: Ints
    values: Floats
    times_s: Floats


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


class Store(Protocol):
    """Where events live. Every engine passes tests/store/test_contract.py. Methods may be called from any thread."""

    store_id: str
    incarnation: str

    def append(self, batches: Sequence[Batch]) -> list[Outcome]:
        """Append batches, of several writers perhaps, in one transaction; one outcome for each, in order.

        Raises:
            StoreFull: no room; nothing was written. Other StoreErrors likewise: nothing of any batch was written.
        """
        ...

    def receipt(self, writer_id: str) -> Receipt:
        """What is held of a writer; an unknown writer has an empty receipt."""
        ...

    def receipts(self, experiment_id: str) -> list[Receipt]:
        """The receipts of all writers of an experiment; [] if it is unknown."""
        ...

    def projects(self) -> list[tuple[str, int, float]]:
        """(project, experiments, newest last_event_s), newest first."""
        ...

    def experiments(self, project: str | None = None, *, since: int = 0) -> list[ExperimentRecord]:
        """The experiments (of a project) that changed after a position, newest first. Unknown project: []."""
        ...

    def deleted(self, since: int = 0) -> list[tuple[str, str, int]]:
        """(experiment_id, project, position) of the experiments deleted after a position, in that order."""
        ...

    def experiment(self, experiment_id: str) -> ExperimentRecord:
        """Raises ExperimentNotFound."""
        ...

    def summaries(
        self, experiments: Sequence[str], metrics: Sequence[str] | None = None
    ) -> dict[str, list[MetricSummary]]:
        """Per experiment its series in numbers, sorted by name; unknown ones absent. 1,000 × 50 in < 100 ms."""
        ...

    def metrics(self, project: str, experiments: Sequence[str] | None = None) -> list[tuple[str, int, int]]:
        """(metric, experiments that have it, points), sorted by name."""
        ...

    def series(self, query: SeriesQuery) -> tuple[dict[tuple[str, str], Series], str]:
        """Points (thinned to real points if `max_points`), strictly increasing in step unless `repeats`, and a cursor.

        With the query's cursor: only points that arrived after it.
        """
        ...

    def buckets(self, query: SeriesQuery) -> BucketsAnswer:
        """The same series as a page draws them. Time and bytes follow `max_points`, not the history."""
        ...

    def points(self, experiment_id: str, metric: str) -> Points:
        """Every point. Raises ExperimentNotFound, MetricNotFound."""
        ...

    def events(
        self,
        experiment_id: str,
        *,
        kinds: Sequence[str] | None = None,
        after: int = 0,
        limit: int | None = None,
        newest: bool = False,
    ) -> list[StoredEvent]:
        """JSON events in order of arrival after a position; `newest` gives the last `limit` of them, still in order."""
        ...

    def delete(self, experiment_id: str) -> None:
        """Raises ExperimentNotFound."""
        ...

    def position(self) -> int: ...

    def merge(self, *, budget_s: float = 0.05) -> bool:
        """Do some background work (tail to chunks, small chunks to large); True if there is more. Cheap when idle."""
        ...

    def snapshot(self, into: Path) -> int:
        """Write a consistent copy to a new file and return its position."""
        ...

    def audit(self, experiment_id: str) -> dict[str, str]:
        """Per writer its digest, computed anew from single points and events; another than its receipt's is damage."""
        ...

    def close(self) -> None: ...
