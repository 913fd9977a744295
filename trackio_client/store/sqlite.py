"""The SQLite engine: one file, one write connection a process, a read connection a thread."""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trackio_client.blobs import Blob, BlobFolder
from trackio_client.errors import ExperimentNotFound
from trackio_client.store import alerts, cold, events, extracting, files, listing, merging
from trackio_client.store.adopting import adopt
from trackio_client.store.answers import buckets_answer, every_point, series_answer
from trackio_client.store.audit import held_digest
from trackio_client.store.burying import bury, tombstones
from trackio_client.store.connections import Connections
from trackio_client.store.contract import BucketsAnswer, ExperimentRecord, MetricSummary, Outcome, Series, StoredEvent
from trackio_client.store.contract import Points as EveryPoint
from trackio_client.store.copying import copy
from trackio_client.store.definitions import definitions, is_the_step
from trackio_client.store.headers import header_of
from trackio_client.store.holdings import Adopted, Cold, EventRow, Extract, Holding, PointRows
from trackio_client.store.loading import damaged, load
from trackio_client.store.parts import Parts
from trackio_client.store.reading import Reading
from trackio_client.store.records import Records, record_of
from trackio_client.store.rows import Home, SeriesIds, load_writer, writers_of
from trackio_client.store.schema import BINNED, KEPT, claim, transaction
from trackio_client.store.writing import Appender
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.batches import Batch, Hole, Ranges, Receipt

SPARE = 0.125
"""The part of the file that may stay free for what comes next; merging leaves most of a tail's pages free."""
HOUR_S = 3600.0
"""How long a file may take to arrive."""
DAY_S = 86_400.0
"""How long a file that nobody cites is kept: its event may be on its way (protocol rule 21)."""
_PROJECTS_HELD = 256
"""Projects whose lists of metrics are kept."""
QUIET_S = 600.0
"""A tail of an experiment not heard of for so long is turned into chunks whatever its size."""


class SqliteStore:
    """What each method promises stands in contract.Store."""

    def __init__(self, path: Path, *, persistent: bool = True, destination: str | None = None) -> None:
        self.path = path
        self.persistent = persistent
        self.destination = destination
        self.files = BlobFolder(files.folder_beside(path), sync=persistent and destination is None)
        self._parts, self._records = Parts(), Records()
        self._series_ids: SeriesIds = {}
        self._tails: dict[int, int] = {}
        self._holder = secrets.token_hex(8)
        self._idle_at = -1
        self._metrics: dict[str, tuple[int, list[tuple[str, int, int]]]] = {}  # of projects, at a position
        self._looking = (-1, -1)  # position when a search for small chunks began, and the series it has come to
        self.store_id = self.incarnation = ""
        self._connections = Connections(path, on_open=self._opened, on_rollback=self._forget)
        self._read, self._write = self._connections.read, self._connections.write

    def _opened(self, sql: sqlite3.Connection) -> None:
        """Learn whose file this is: after a fork it may be another one than before."""
        meta = dict(sql.execute("SELECT key, value FROM meta").fetchall())
        if meta["incarnation"] != self.incarnation:
            self.store_id, self.incarnation, self._idle_at = meta["store_id"], meta["incarnation"], -1
            self._looking = (-1, -1)
            self._forget()
            self._parts.forget()
            self._records.forget()
        if self.destination is not None and meta.get("destination") != self.destination:
            with transaction(sql):
                claim(sql, self.destination, self.path)

    @property
    def _home(self) -> Home:
        keeps = self.persistent and self.destination is None
        return Home(self.destination or self.store_id, self.incarnation, keeps)

    @property
    def notice(self) -> str | None:
        """What people should know about the place of the file."""
        return self._connections.notice

    def _forget(self) -> None:
        """What was remembered between transactions may not be true any more."""
        self._series_ids.clear()
        self._tails.clear()
        self._metrics.clear()

    # --- writing -----------------------------------------------------------------------------------------------

    def append(self, batches: Sequence[Batch], *, holes: bool = True) -> list[Outcome]:
        with self._write() as sql:
            position = listing.position(sql) + 1
            appender = Appender(
                sql,
                now_s=time.time(),
                position=position,
                series_ids=self._series_ids,
                tails=self._tails,
                files=self.files,
                holes=holes,
            )
            done = [appender.append(batch) for batch in batches]
            if appender.changed:
                sql.execute("UPDATE meta SET value = ? WHERE key = 'position'", (position,))
            return appender.finish(done, self._home)

    def delete(self, experiment_id: str) -> None:
        with self._write() as sql:
            project = sql.execute("SELECT project FROM experiment WHERE experiment_id = ?", (experiment_id,)).fetchone()
            if project is None:
                raise ExperimentNotFound(f"there is no experiment {experiment_id!r} here")
            cited = self._cited(sql, experiment_id)
            bury(sql, experiment_id, project[0], ())
            self._forget()
        self._give_back(cited)

    def bury(self, experiment_id: str, project: str, writers: Sequence[str]) -> None:
        with self._write() as sql:
            cited = self._cited(sql, experiment_id)
            has_changed = bury(sql, experiment_id, project, writers)
            self._forget()
        if has_changed:
            self._give_back(cited)

    def _give_back(self, cited: Sequence[Blob] = ()) -> None:
        self._parts.forget()
        self._remove_uncited([blob.sha256 for blob in cited])
        while self._connections.give_back(keep=0):
            pass

    def merge(self, *, budget_s: float = 0.05) -> bool:
        position = self.position()
        if position == self._idle_at or not self._takes_turn():
            return False
        until = time.monotonic() + budget_s
        began, after = self._looking if self._looking[1] >= 0 else (position, -1)
        while time.monotonic() < until:
            with self._write() as sql:
                tail = merging.next_tail(sql, time.time() - QUIET_S)
                if tail is not None:
                    merging.chunk_tail(sql, *tail)
                    self._tails[tail[0]] = 0
                    after = -1
                    continue
                small = merging.next_small(sql, after)
                if small is not None and small[1]:
                    merging.merge_small(sql, *small)
                    after = small[0] - 1  # it may have more; those before it have none that are older than this search
                elif small is not None:
                    after = small[0]
            if small is None:
                self._looking = (-1, -1)
                more = self._connections.give_back(keep=SPARE)
                # What came since the search began may lie before its end: the next call looks again.
                self._idle_at = self._idle_at if more or began != position else position
                return more
        self._looking = (began, after)
        return True

    def _takes_turn(self) -> bool:
        with self._write() as sql:
            return merging.takes_turn(sql, f"{self._holder}-{os.getpid()}")

    # --- files -------------------------------------------------------------------------------------------------

    def file(self, sha256: str) -> Path | None:
        return self.files.checked(sha256)

    def cited(self, experiment_id: str) -> list[Blob]:
        with self._read() as sql:
            return files.cited(sql, listing.row_of(sql, experiment_id))

    def citing(self, sha256: str) -> list[files.Citation]:
        with self._read() as sql:
            return files.citing(sql, sha256)

    def citing_events(self, sha256: str) -> list[tuple[str, int]]:
        with self._read() as sql:
            return files.citing_events(sql, sha256)

    def collect(self, *, older_than_s: float = DAY_S) -> int:
        self.files.sweep(max(older_than_s, HOUR_S))
        old = [sha256 for sha256, _, age_s in self.files.listed() if age_s > older_than_s]
        with self._read() as sql:  # most are cited: the write lock is taken for the others alone
            old = files.uncited(sql, old)
        return self._remove_uncited(old)

    def _remove_uncited(self, hashes: Sequence[str]) -> int:
        """Inside a transaction: no batch that cites one of them can be looked at meanwhile."""
        if not hashes:
            return 0
        with self._write() as sql:
            return sum(self.files.remove(each) for each in files.uncited(sql, hashes))

    def _cited(self, sql: sqlite3.Connection, experiment_id: str) -> list[Blob]:
        row = sql.execute("SELECT id FROM experiment WHERE experiment_id = ?", (experiment_id,)).fetchone()
        return [] if row is None else files.cited(sql, row[0])

    # --- receipts ----------------------------------------------------------------------------------------------

    def receipt(self, writer_id: str) -> Receipt:
        with self._read() as sql:
            return self._home.receipt(writer_id, load_writer(sql, writer_id))

    def receipts(self, experiment_id: str) -> list[Receipt]:
        with self._read() as sql:
            return [self._home.receipt(each.writer_id, each) for each in writers_of(sql, experiment_id)]

    def audit(self, experiment_id: str) -> dict[str, str]:
        with self._read() as sql:
            listing.row_of(sql, experiment_id)  # raises
            return {w.writer_id: held_digest(sql, w.row, w.writer_id).hex() for w in writers_of(sql, experiment_id)}

    # --- to and from a repo ------------------------------------------------------------------------------------

    @contextmanager
    def still(self) -> Iterator[int]:
        with self._read() as sql:
            yield listing.position(sql)

    def holdings(self, *, behind: bool = False) -> list[Holding]:
        with self._read() as sql:
            return extracting.holdings(sql, behind=behind)

    def extract(self, windows: Sequence[tuple[str, int, int]]) -> Extract:
        with self._read() as sql:
            return extracting.extract(sql, windows, listing.position(sql))

    def headers(self, experiments: Sequence[str]) -> dict[str, dict[str, Any]]:
        with self._read() as sql:
            found = ((name, header_of(sql, name)) for name in dict.fromkeys(experiments))
            return {name: header for name, header in found if header is not None}

    def mark_durable(self, marks: Mapping[str, Ranges], *, holes: Mapping[str, Sequence[Hole]] | None = None) -> None:
        with self._write() as sql:
            extracting.mark_durable(sql, marks, holes)

    def adopt(self, experiments: Sequence[Adopted]) -> None:
        with self._write() as sql:
            adopt(sql, experiments, now_s=time.time())
            self._forget()

    def cold(self, experiments: Sequence[str] | None = None) -> list[Cold]:
        with self._read() as sql:
            return cold.listed(sql, experiments)

    def load(self, cold: Cold, points: Iterable[PointRows], events: Iterable[EventRow]) -> None:
        with self._write() as sql:
            load(sql, cold, points, events)
            self._forget()

    def damaged(self) -> list[str]:
        with self._read() as sql:
            return damaged(sql)

    def tombstones(self) -> list[tuple[str, str, tuple[str, ...]]]:
        with self._read() as sql:
            return tombstones(sql)

    # --- lists -------------------------------------------------------------------------------------------------

    def position(self) -> int:
        with self._read() as sql:
            return listing.position(sql)

    def projects(self) -> list[tuple[str, int, float]]:
        with self._read() as sql:
            return listing.projects(sql)

    def experiments(
        self, project: str | None = None, *, since: int = 0, binned: bool | None = False
    ) -> list[ExperimentRecord]:
        of = "" if project is None else " AND project = ?"
        of += {False: f" AND {KEPT}", True: f" AND id IN (SELECT id FROM experiment WHERE {BINNED})", None: ""}[binned]
        with self._read() as sql:
            rest = f"WHERE position > ?{of} ORDER BY created_us DESC, id DESC"
            return self._records.listed(sql, rest, (since,) if project is None else (since, project))

    def deleted(self, since: int = 0) -> list[tuple[str, str, int]]:
        with self._read() as sql:
            return listing.deleted(sql, since)

    def experiment(self, experiment_id: str) -> ExperimentRecord:
        with self._read() as sql:
            found = record_of(sql, experiment_id)
        if found is None:
            raise ExperimentNotFound(f"there is no experiment {experiment_id!r} here")
        return found

    def summaries(
        self, experiments: Sequence[str], metrics: Sequence[str] | None = None
    ) -> dict[str, list[MetricSummary]]:
        with self._reading() as reading:
            return listing.summaries(reading, experiments, metrics)

    def definitions(self, project: str, experiments: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
        with self._read() as sql:
            return definitions(sql, project, experiments)

    def is_the_step(self, project: str, metric: str) -> bool:
        with self._read() as sql:
            return is_the_step(sql, project, metric)

    def ranked_metrics(self, experiments: Sequence[str]) -> dict[str, list[str]]:
        with self._read() as sql:
            return listing.ranked_metrics(sql, experiments)

    def metrics(self, project: str, experiments: Sequence[str] | None = None) -> list[tuple[str, int, int]]:
        with self._read() as sql:
            if experiments is not None:
                return listing.metrics(sql, project, experiments)
            # Every page that opens asks this, of a thousand experiments as of one, and mostly nothing has come since.
            position, held = listing.position(sql), self._metrics.get(project)
            if held is None or held[0] != position:
                if len(self._metrics) >= _PROJECTS_HELD:
                    self._metrics.clear()
                held = self._metrics[project] = (position, listing.metrics(sql, project))
            return list(held[1])

    def events(
        self,
        experiment_id: str,
        *,
        kinds: Sequence[str] | None = None,
        after: int = 0,
        limit: int | None = None,
        newest: bool = False,
    ) -> list[StoredEvent]:
        with self._read() as sql:
            return events.of_experiment(sql, experiment_id, kinds, after=after, limit=limit, newest=newest)

    def events_at(self, experiment_id: str, places: Sequence[tuple[str, int]]) -> list[StoredEvent]:
        with self._read() as sql:
            return events.at(sql, experiment_id, places)

    def count_events(self, project: str | None, kinds: Sequence[str]) -> tuple[int, int]:
        with self._read() as sql:
            return events.count_events(sql, project, kinds)

    def events_of_project(
        self, project: str | None, kinds: Sequence[str], *, with_binned: bool = False
    ) -> list[StoredEvent]:
        with self._read() as sql:
            return events.of_project(sql, project, kinds, with_binned=with_binned)

    def alerts(self, project: str, limit: int, *, archived: bool = False) -> list[StoredEvent]:
        with self._read() as sql:
            return alerts.of_project(sql, project, limit, with_archived=archived)

    def alert_levels(self, experiments: Sequence[str]) -> dict[str, dict[Any, int]]:
        with self._read() as sql:
            return alerts.levels(sql, experiments)

    # --- series ------------------------------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[Reading]:
        with self._read() as sql:
            yield Reading(sql, self._parts, listing.position(sql))

    def points(self, experiment_id: str, metric: str) -> EveryPoint:
        with self._reading() as reading:
            return every_point(reading, experiment_id, metric)

    def series(self, query: SeriesQuery) -> tuple[dict[tuple[str, str], Series], str]:
        with self._reading() as reading:
            return series_answer(reading, query, self.incarnation)

    def buckets(self, query: SeriesQuery) -> BucketsAnswer:
        with self._reading() as reading:
            return buckets_answer(reading, query, self.incarnation)

    # --- the file ----------------------------------------------------------------------------------------------

    def snapshot(self, into: Path) -> int:
        return copy(self._read, self.files, into)

    def close(self) -> None:
        self._connections.close()
