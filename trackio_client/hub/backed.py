"""A store whose home is a repo: it answers writers when it has read the head, and loads what a question needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from trackio_client.blobs import Blob, BlobFolder
from trackio_client.errors import Behind, HubError, NotReady, StoreFull
from trackio_client.hub.fetching import Fetcher
from trackio_client.hub.loading import Loader
from trackio_client.hub.looking import Looks
from trackio_client.hub.replicator import Replicator
from trackio_client.store.contract import (
    BucketsAnswer,
    ExperimentRecord,
    MetricSummary,
    Outcome,
    Points,
    Series,
    Store,
    StoredEvent,
)
from trackio_client.store.files import Citation
from trackio_client.store.holdings import Adopted, Cold, EventRow, Extract, Holding, PointRows
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.batches import Batch, Hole, Ranges, Receipt

PAGE_WAIT_S = 2.0
"""How long a page's question waits for rows from the Hub; it asks again in a moment, and has charts meanwhile."""
READER_WAIT_S = 10.0
"""How long a reader waits, who wants every point. Each holds one of the server's 40 threads meanwhile."""
AGAIN_S = 2.0


class RepoBacked:
    """Passes on to a store. What each method promises stands in store.contract.Store.

    Until the head was read, writers are answered `NotReady` (protocol rule 8), and lists show what the disk held.
    With `waits` off they are answered at once: a disk that keeps is a home of its own, and the repo a copy.
    """

    def __init__(self, store: Store, replicator: Replicator, loader: Loader, *, waits: bool = True) -> None:
        self._store = store
        self._waits = waits
        self.replicator = replicator
        self._looks = Looks(replicator.refresh)
        self.loader = loader
        self._fetcher = Fetcher(store, replicator.reader)

    @property
    def store_id(self) -> str:
        return self._store.store_id

    @property
    def incarnation(self) -> str:
        return self._store.incarnation

    @property
    def destination(self) -> str | None:
        return self._store.destination

    def still(self) -> AbstractContextManager[int]:
        return self._store.still()

    # --- writers ------------------------------------------------------------------------------------------------------

    def append(self, batches: Sequence[Batch], *, holes: bool = True) -> list[Outcome]:
        if not self._is_ready:
            return [self._starting() for _ in batches]
        outcomes = self._store.append(batches, holes=False)
        behind = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Behind)]
        # Rule 9: what this store lacks, another may have pushed meanwhile.
        looked = [n for n in behind if self._looks.is_over(batches[n].writer_id)]
        for n in set(behind) - set(looked):
            why = f", and: {self._looks.problem}" if self._looks.problem else ""
            outcomes[n] = NotReady(f"the Hub must be asked first{why}", retry_after_s=AGAIN_S)
        if looked:
            again = self._store.append([batches[n] for n in looked], holes=holes)
            for n, outcome in zip(looked, again, strict=True):
                outcomes[n] = outcome
                if not isinstance(outcome, Behind):
                    self._looks.forget(batches[n].writer_id)
        return outcomes

    def receipt(self, writer_id: str) -> Receipt:
        if not self._is_ready:
            raise self._starting()
        return self._store.receipt(writer_id)

    def receipts(self, experiment_id: str) -> list[Receipt]:
        if not self._is_ready:
            raise self._starting()
        return self._store.receipts(experiment_id)

    @property
    def _is_ready(self) -> bool:
        return not self._waits or self.replicator.is_ready

    def _starting(self) -> NotReady:
        problem = self.replicator.status()["problem"]
        why = f": {problem}" if problem else ""
        return NotReady(
            f"the server has not yet read what the dataset {self.replicator.target.repo} holds{why}. "
            "Keep what you have; it is taken as soon as that is known",
            retry_after_s=AGAIN_S,
        )

    # --- questions that need rows -------------------------------------------------------------------------------------

    def _loaded(self, experiments: Sequence[str]) -> None:
        """Raises NotReady when rows are still missing: an answer that looks whole and is not would be a lie."""
        if not self.loader.want(experiments, wait_s=READER_WAIT_S):
            status = self.loader.status()
            raise NotReady(
                f"the history is being loaded from the dataset {self.replicator.target.repo} "
                f"({status['experiments']:,} experiments, about {status['rows']:,} rows to go)"
                + (f"; {status['problem']}" if status["problem"] else ""),
                retry_after_s=AGAIN_S,
            )

    def series(self, query: SeriesQuery) -> tuple[dict[tuple[str, str], Series], str]:
        self._loaded(query.experiments)
        return self._store.series(query)

    def buckets(self, query: SeriesQuery) -> BucketsAnswer:
        self.loader.want(query.experiments, wait_s=PAGE_WAIT_S)
        return self._store.buckets(query)

    def points(self, experiment_id: str, metric: str) -> Points:
        self._loaded((experiment_id,))
        return self._store.points(experiment_id, metric)

    def events(
        self,
        experiment_id: str,
        *,
        kinds: Sequence[str] | None = None,
        after: int = 0,
        limit: int | None = None,
        newest: bool = False,
    ) -> list[StoredEvent]:
        self._loaded((experiment_id,))
        return self._store.events(experiment_id, kinds=kinds, after=after, limit=limit, newest=newest)

    def events_at(self, experiment_id: str, places: Sequence[tuple[str, int]]) -> list[StoredEvent]:
        self._loaded((experiment_id,))
        return self._store.events_at(experiment_id, places)

    def count_events(self, project: str | None, kinds: Sequence[str]) -> tuple[int, int]:
        return self._store.count_events(project, kinds)

    def events_of_project(
        self, project: str | None, kinds: Sequence[str], *, with_binned: bool = False
    ) -> list[StoredEvent]:
        wanted = self._store.experiments(project, binned=None if with_binned else False)
        self._loaded([record.experiment_id for record in wanted])
        return self._store.events_of_project(project, kinds, with_binned=with_binned)

    def audit(self, experiment_id: str) -> dict[str, str]:
        self._loaded((experiment_id,))
        return self._store.audit(experiment_id)

    def snapshot(self, into: Path) -> int:
        self._loaded([record.experiment_id for record in self._store.experiments(binned=None)])
        return self._store.snapshot(into)

    # --- files --------------------------------------------------------------------------------------------------------

    @property
    def files(self) -> BlobFolder:
        return self._store.files

    def file(self, sha256: str) -> Path | None:
        here = self._store.file(sha256)
        if here is not None:
            return here
        try:
            found = self._fetcher.bring(sha256)
            if found is None and not self._store.citing(sha256) and self._store.cold():
                raise NotReady("the events that may cite this file are still to be loaded", retry_after_s=AGAIN_S)
            return found
        except HubError as error:
            repo = self.replicator.target.repo
            raise NotReady(f"the file is to come from the dataset {repo}: {error}", retry_after_s=AGAIN_S) from error
        except OSError as error:
            raise StoreFull(f"no room on the server's disk for a file of the dataset: {error}") from error

    def make_room(self, wanted: int) -> int:
        """Remove files that the repo has, those first that were not asked for longest; how many bytes went."""
        behind = {holding.experiment_id for holding in self._store.holdings(behind=True)}
        gone = 0
        for sha256, _, _ in sorted(self._store.files.listed(), key=lambda each: -each[2]):
            if gone >= wanted:
                break
            citations = self._store.citing(sha256)
            if citations and not any(citation.experiment_id in behind for citation in citations):
                gone += self._store.files.remove(sha256)
        return gone

    def cited(self, experiment_id: str) -> list[Blob]:
        self._loaded((experiment_id,))
        return self._store.cited(experiment_id)

    def citing(self, sha256: str) -> list[Citation]:
        return self._store.citing(sha256)

    def citing_events(self, sha256: str) -> list[tuple[str, int]]:
        return self._store.citing_events(sha256)

    def collect(self, *, older_than_s: float = 86_400.0) -> int:
        return self._store.collect(older_than_s=older_than_s)

    # --- questions that the lists answer ------------------------------------------------------------------------------

    def projects(self) -> list[tuple[str, int, float]]:
        return self._store.projects()

    def experiments(
        self, project: str | None = None, *, since: int = 0, binned: bool | None = False
    ) -> list[ExperimentRecord]:
        return self._store.experiments(project, since=since, binned=binned)

    def deleted(self, since: int = 0) -> list[tuple[str, str, int]]:
        return self._store.deleted(since)

    def experiment(self, experiment_id: str) -> ExperimentRecord:
        return self._store.experiment(experiment_id)

    def summaries(
        self, experiments: Sequence[str], metrics: Sequence[str] | None = None
    ) -> dict[str, list[MetricSummary]]:
        return self._store.summaries(experiments, metrics)

    def definitions(self, project: str, experiments: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
        return self._store.definitions(project, experiments)

    def is_the_step(self, project: str, metric: str) -> bool:
        return self._store.is_the_step(project, metric)

    def alerts(self, project: str, limit: int, *, archived: bool = False) -> list[StoredEvent]:
        return self._store.alerts(project, limit, archived=archived)

    def alert_levels(self, experiments: Sequence[str]) -> dict[str, dict[Any, int]]:
        return self._store.alert_levels(experiments)

    def ranked_metrics(self, experiments: Sequence[str]) -> dict[str, list[str]]:
        return self._store.ranked_metrics(experiments)

    def metrics(self, project: str, experiments: Sequence[str] | None = None) -> list[tuple[str, int, int]]:
        return self._store.metrics(project, experiments)

    def position(self) -> int:
        return self._store.position()

    # --- work ---------------------------------------------------------------------------------------------------------

    def delete(self, experiment_id: str) -> None:
        self._store.delete(experiment_id)
        self.loader.look()
        self.replicator.ask()  # the repo must know before somebody brings it back

    def merge(self, *, budget_s: float = 0.05) -> bool:
        return self._store.merge(budget_s=budget_s)

    def close(self) -> None:
        self._store.close()

    def holdings(self, *, behind: bool = False) -> list[Holding]:
        return self._store.holdings(behind=behind)

    def extract(self, windows: Sequence[tuple[str, int, int]]) -> Extract:
        return self._store.extract(windows)

    def mark_durable(self, marks: Mapping[str, Ranges], *, holes: Mapping[str, Sequence[Hole]] | None = None) -> None:
        self._store.mark_durable(marks, holes=holes)

    def headers(self, experiment_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        return self._store.headers(experiment_ids)

    def adopt(self, experiments: Sequence[Adopted]) -> None:
        self._store.adopt(experiments)
        self.loader.look()

    def cold(self, experiments: Sequence[str] | None = None) -> list[Cold]:
        return self._store.cold(experiments)

    def load(self, cold: Cold, points: Iterable[PointRows], events: Iterable[EventRow]) -> None:
        self._store.load(cold, points, events)
        self.loader.look()

    def bury(self, experiment_id: str, project: str, writers: Sequence[str]) -> None:
        self._store.bury(experiment_id, project, writers)
        self.loader.look()

    def damaged(self) -> list[str]:
        return self._store.damaged()

    def tombstones(self) -> list[tuple[str, str, tuple[str, ...]]]:
        return self._store.tombstones()
