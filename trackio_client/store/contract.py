"""What a store is. Every engine passes test_appending.py and test_contract.py in tests/store.

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

**Files** that events cite by hash lie beside the store. A batch whose new events cite files that are not there is
refused with FilesWanted and nothing of it is written, whatever its writer believes; with `Batch.without` its writer
says which ones it has no more, and then the event stands without its file. Which experiment cites what is known by
`cited` and `citing`. A file that no experiment cites any more goes with the last one that did, one that never was
cited after a day (`collect`).

**Deleting** removes an experiment's data, gives the disk back, and leaves a tombstone with its writer ids that no age
removes; which were deleted since a position can be asked for. A tombstone from elsewhere is *buried* here and does the
same, also for an experiment that was never here.

**The bin.** An edit event puts an experiment into the bin, another one takes it out (binning.py): it is out of
`projects`, `experiments`, `metrics`, `definitions`, `events_of_project`, `series` and `buckets`, as one that was never
here; `experiment`, receipts, `points`, `events` and all that a repo needs still know it. Its writers go on to be
taken: nothing that was logged is lost, and a restored experiment is whole.

**Durable** is said of a destination: a disk that keeps what is on it, or a repo. A store opened with a `destination`
names it in its receipts, and there durable is what `mark_durable` was told and `adopt` has seen, never more. What
fills a hole after all is not durable because its hole was. Opened for another destination, nothing is durable yet.

**To a repo.** `holdings` say what is held of each writer, `extract` gives the rows under windows of seqs as they were
written (values bit by bit, events byte by byte), `headers` what lists need to know of an experiment before its rows
are back. What is read inside `still()` is of one commit, so holdings, rows and headers fit each other.

**From a repo.** `adopt` makes known what a repo holds: it counts as held and durable at once, lists and summaries
answer from headers at once, and its rows are *cold*: they lie in files of the repo that `cold` lists, until `load`
brings them, file by file. Series, points, events and audit of an experiment that is partly cold answer what is here:
who asks loads first. Of each writer the larger of two holdings stands if it holds all of the smaller; where each has
what the other lacks, nothing is changed (nobody guesses) but what both hold is durable. Appending goes on meanwhile;
a frame that repeats a cold one cannot be compared with it and counts as the same. Where a header is of other rows
than are held, summaries and facts are made anew when the last file is loaded; until then counts are right and the
rest is what the header says. When the last file of a writer is loaded, what came is compared with its digest; what
does not fit is told by `damaged`, and what is there is served. What is adopted or loaded twice is there once.

**Several processes** may have one local store open: each writes for itself, one merges at a time, and no lock error
reaches a caller. A reader sees the store as of one commit.

What the answers look like stands in shapes.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from trackio_client.blobs import Blob, BlobFolder
from trackio_client.errors import DeliveryError
from trackio_client.store.files import Citation
from trackio_client.store.holdings import Adopted, Cold, EventRow, Extract, Holding, PointRows
from trackio_client.store.shapes import (
    Buckets,
    BucketsAnswer,
    ExperimentRecord,
    MetricSummary,
    Points,
    Series,
    StoredEvent,
)
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.batches import Batch, Hole, Ranges, Receipt

__all__ = [
    "Buckets",
    "BucketsAnswer",
    "ExperimentRecord",
    "MetricSummary",
    "Outcome",
    "Points",
    "Series",
    "Store",
    "StoredEvent",
]

Outcome = Receipt | DeliveryError
"""What came of one batch. DeliveryErrors are values here: they belong to one batch of many."""


class Store(Protocol):
    """Where events live. Methods may be called from any thread."""

    @property
    def store_id(self) -> str: ...

    @property
    def incarnation(self) -> str: ...

    @property
    def destination(self) -> str | None:
        """What receipts name as their store, and *durable* is said of; None: the store itself."""
        ...

    def append(self, batches: Sequence[Batch], *, holes: bool = True) -> list[Outcome]:
        """Append batches, of several writers perhaps, in one transaction; one outcome for each, in order.

        Without `holes`, a batch that would leave a new hole gets the outcome Behind and nothing of it is written: the
        caller looks at the repo's head first (protocol rule 9).

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

    def experiments(
        self, project: str | None = None, *, since: int = 0, binned: bool | None = False
    ) -> list[ExperimentRecord]:
        """The experiments (of a project) that changed after a position, newest first. Unknown project: [].

        Those in the bin are left out; with `binned` they alone are given, with None all are.
        """
        ...

    def deleted(self, since: int = 0) -> list[tuple[str, str, int]]:
        """(experiment_id, project, position) of the experiments deleted after a position, in that order."""
        ...

    def experiment(self, experiment_id: str) -> ExperimentRecord:
        """One experiment, also one in the bin. Raises ExperimentNotFound."""
        ...

    def summaries(
        self, experiments: Sequence[str], metrics: Sequence[str] | None = None
    ) -> dict[str, list[MetricSummary]]:
        """Per experiment its series in numbers, sorted by name; unknown ones absent. 1,000 × 50 in < 100 ms."""
        ...

    def metrics(self, project: str, experiments: Sequence[str] | None = None) -> list[tuple[str, int, int]]:
        """(metric, experiments that have it, points), sorted by name."""
        ...

    def definitions(self, project: str, experiments: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
        """Per metric what `define_metric` said (ExperimentRecord.definitions); of several experiments the newest's."""
        ...

    def is_the_step(self, project: str, metric: str) -> bool:
        """Whether a metric's last, lowest and highest value are those of the step, in all that logged it."""
        ...

    def ranked_metrics(self, experiments: Sequence[str]) -> dict[str, list[str]]:
        """Per experiment the metrics whose names end with the mark of a rank (wire/ranks.py); those without absent."""
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

    def events_at(self, experiment_id: str, places: Sequence[tuple[str, int]]) -> list[StoredEvent]:
        """JSON events by (writer id, seq), in the order asked for; those that are not here are absent.

        Raises ExperimentNotFound.
        """
        ...

    @property
    def files(self) -> BlobFolder:
        """Where the files lie that events cite."""
        ...

    def file(self, sha256: str) -> Path | None:
        """Where a file lies whose content is what its name says, brought from the repo if need be; None: there is none.

        Raises:
            NotReady: it is on its way from the repo.
        """
        ...

    def cited(self, experiment_id: str) -> list[Blob]:
        """What events of an experiment cite, each once, here or not. Raises ExperimentNotFound."""
        ...

    def citing(self, sha256: str) -> list[Citation]:
        """Who cites a file; [] if nobody does."""
        ...

    def citing_events(self, sha256: str) -> list[tuple[str, int]]:
        """(writer id, seq) of the events that cite a file, as far as they are loaded."""
        ...

    def collect(self, *, older_than_s: float = 86_400.0) -> int:
        """Remove files that no experiment cites and that came so long ago; their bytes."""
        ...

    def events_of_project(
        self, project: str | None, kinds: Sequence[str], *, with_binned: bool = False
    ) -> list[StoredEvent]:
        """JSON events of some kinds of all experiments of a project (None: of all), as far as they are loaded."""
        ...

    def count_events(self, project: str | None, kinds: Sequence[str]) -> tuple[int, int]:
        """(how many JSON events of some kinds a project (None: all) has, as far as loaded, position of the newest).

        None of them is read; the same answer twice says that there are no others now.
        """
        ...

    def alerts(self, project: str, limit: int, *, archived: bool = False) -> list[StoredEvent]:
        """The newest alerts of a project by the time they carry, the newest first, as far as they are loaded.

        Of archived experiments only with `archived`. 1,000 experiments with 100 other marks each in < 10 ms.
        """
        ...

    def alert_levels(self, experiments: Sequence[str]) -> dict[str, dict[Any, int]]:
        """Per experiment how many alerts of each level it told, as far as they are loaded; those without absent.

        A level is what was logged: a word, None or anything that JSON holds.
        """
        ...

    def delete(self, experiment_id: str) -> None:
        """Raises ExperimentNotFound."""
        ...

    def bury(self, experiment_id: str, project: str, writers: Sequence[str]) -> None:
        """Take a tombstone from elsewhere: what is here of the experiment goes, known or not. Repeatable."""
        ...

    def tombstones(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """(experiment_id, project, writer ids) of all that was deleted, in that order."""
        ...

    def still(self) -> AbstractContextManager[int]:
        """What this thread reads inside is of one commit; gives its position.

        Not for long: until it ends, the log beside the file only grows.
        """
        ...

    def holdings(self, *, behind: bool = False) -> list[Holding]:
        """What is held of each writer; `behind`: only of those that hold what is not durable. 10,000 in < 100 ms."""
        ...

    def extract(self, windows: Sequence[tuple[str, int, int]]) -> Extract:
        """The rows here under windows (writer_id, low, high) with low <= seq < high, of one commit.

        Points come as one PointRows for each metric of a writer, seqs ascending, events by seq. Unknown writers and
        seqs that are holes, cold or not held have no rows. Time follows what is asked for: 1 million values in < 1 s.
        """
        ...

    def headers(self, experiments: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Per experiment what `adopt` takes as `Adopted.header`, as JSON takes it; unknown ones absent.

        Its "digest" is the sum of its writers' digests, or "" while its summaries are to be made anew.
        """
        ...

    def mark_durable(self, marks: Mapping[str, Ranges], *, holes: Mapping[str, Sequence[Hole]] | None = None) -> None:
        """Note what the destination holds, by writer; of it only what is held here. Unknown writers are passed over.

        `holes` are those that stand in the destination: what has filled one here meanwhile is not durable.
        """
        ...

    def adopt(self, experiments: Sequence[Adopted]) -> None:
        """Make known what a repo holds, in one transaction. 1,000 experiments of 50 metrics in < 1 s.

        What was deleted here is ignored. `files` are all files of the repo that hold rows of the experiment: what was
        cold and what became it is listed under these, so after a compaction the same experiments are adopted again.
        """
        ...

    def cold(self, experiments: Sequence[str] | None = None) -> list[Cold]:
        """The files that are still to be loaded (for some experiments, in their order), newest experiments first."""
        ...

    def load(self, cold: Cold, points: Iterable[PointRows], events: Iterable[EventRow]) -> None:
        """Take rows of a cold file, in one transaction; it is not listed any more then.

        Rows outside of its windows are passed over, and all of them if it is not listed. Both iterables are read
        inside the transaction, part by part. If one raises, nothing has happened.
        """
        ...

    def damaged(self) -> list[str]:
        """A sentence for each writer of which files of the repo did not bring what the repo's index says."""
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
