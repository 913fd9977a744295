"""A store in memory, small enough to read at a glance: for tests of what stands before a store, not of one."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from trackio_client.errors import ExperimentNotFound, Gap, Gone
from trackio_client.store.columns import EventAt, Run, decode, digest_of
from trackio_client.store.contract import (
    Buckets,
    BucketsAnswer,
    ExperimentRecord,
    MetricSummary,
    Outcome,
    Series,
    StoredEvent,
)
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.batches import Batch, Receipt


class MemoryStore:
    """Keeps decoded frames in lists. No thinning, no trimming within a batch, no generations."""

    store_id = "st_memory"
    incarnation = "in_memory"

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.held: dict[str, list[Batch]] = {}
        self.parts: dict[str, list[tuple[str, int, Run | EventAt]]] = {}
        self.project_of: dict[str, str] = {}
        self.heard: dict[str, float] = {}
        self.deleted: set[str] = set()
        self.at = 0
        self.trouble: Exception | None = None
        self.groups: list[int] = []
        self.entered = threading.Event()
        self.may_write = threading.Event()
        self.may_write.set()

    def append(self, batches: Sequence[Batch]) -> list[Outcome]:
        self.entered.set()
        self.may_write.wait(20)
        if self.trouble is not None:
            raise self.trouble
        with self.lock:
            self.groups.append(len(batches))
            return [self._one(batch) for batch in batches]

    def _one(self, batch: Batch) -> Outcome:
        if batch.experiment_id in self.deleted:
            return Gone(f"experiment {batch.experiment_id} was deleted")
        end = self.receipt(batch.writer_id).accepted_end
        if batch.first_seq > end:
            return Gap(f"seq {end} is wanted first, the batch begins at {batch.first_seq}", want=end)
        if batch.count and batch.first_seq == end:
            self.at += 1
            self.held.setdefault(batch.writer_id, []).append(batch)
            self.project_of[batch.experiment_id] = batch.project
            self.heard[batch.experiment_id] = time.time()
            rows = self.parts.setdefault(batch.experiment_id, [])
            rows += [(batch.writer_id, self.at, part) for part in decode(batch.body, batch.first_seq)]
        return self.receipt(batch.writer_id)

    def receipt(self, writer_id: str) -> Receipt:
        with self.lock:
            batches = self.held.get(writer_id, [])
            end = batches[-1].end_seq if batches else 0
            parts = [p for b in batches for p in decode(b.body, b.first_seq)]
            digest = digest_of(writer_id, parts)
            held = ((0, end),) if end else ()
            return Receipt(
                writer_id=writer_id, store_id=self.store_id, incarnation=self.incarnation, accepted=held, durable=held,
                events=digest.events, points=digest.points, digest=digest.hex(),
            )  # fmt: skip

    def receipts(self, experiment_id: str) -> list[Receipt]:
        return [self.receipt(w) for w, held in self.held.items() if held[0].experiment_id == experiment_id]

    def projects(self) -> list[tuple[str, int, float]]:
        names = sorted(set(self.project_of.values()))
        return [(n, sum(p == n for p in self.project_of.values()), 1.0) for n in names]

    def experiments(self, project: str | None = None, *, since: int = 0) -> list[ExperimentRecord]:
        found = [self.experiment(e) for e, p in self.project_of.items() if project in (None, p)]
        return [record for record in found if record.position > since]

    def experiment(self, experiment_id: str) -> ExperimentRecord:
        if experiment_id not in self.project_of:
            raise ExperimentNotFound(experiment_id)
        fields: dict[str, Any] = {"name": experiment_id}
        rows = self.parts[experiment_id]
        for _, _, part in rows:
            if isinstance(part, EventAt) and part.content["kind"] == "start":
                fields |= {k: part.content[k] for k in ("name", "config") if k in part.content}
            if isinstance(part, EventAt) and part.content["kind"] == "edit":
                fields |= {k: part.content[k] for k in ("name", "notes") if k in part.content}
                fields["edited_state"] = part.content.get("state")
        steps = [int(p.steps.max()) for _, _, p in rows if isinstance(p, Run)]
        return ExperimentRecord(
            experiment_id=experiment_id, project=self.project_of[experiment_id], created_s=1.0, last_event_s=2.0,
            last_heard_s=self.heard[experiment_id], position=max(at for _, at, _ in rows),
            last_step=max(steps, default=None), **fields,
        )  # fmt: skip

    def _columns(self, experiment_id: str) -> dict[str, tuple[list[int], list[float], list[float]]]:
        found: dict[str, tuple[list[int], list[float], list[float]]] = {}
        for _, _, part in self.parts.get(experiment_id, []):
            if isinstance(part, Run):
                for place, key in enumerate(part.schema.keys):
                    steps, values, times = found.setdefault(key, ([], [], []))
                    steps += part.steps.tolist()
                    values += part.values[:, place].tolist()
                    times += (part.times_us / 1e6).tolist()
        return found

    def summaries(
        self, experiments: Sequence[str], metrics: Sequence[str] | None = None
    ) -> dict[str, list[MetricSummary]]:
        return {
            e: [
                MetricSummary(
                    metric=m, points=len(s), bad=int((~np.isfinite(v)).sum()), last=v[-1], last_step=s[-1],
                    last_time_s=t[-1], first_step=s[0], min=float(np.nanmin(v)), min_step=0, max=float(np.nanmax(v)),
                    max_step=0, mean=0.0,
                )
                for m, (s, v, t) in sorted(self._columns(e).items())
                if metrics is None or m in metrics
            ]
            for e in experiments
            if e in self.project_of
        }  # fmt: skip

    def metrics(self, project: str, experiments: Sequence[str] | None = None) -> list[tuple[str, int, int]]:
        counts: dict[str, list[int]] = {}
        for e, p in self.project_of.items():
            if p == project and (experiments is None or e in experiments):
                for m, (s, _, _) in self._columns(e).items():
                    counts.setdefault(m, []).append(len(s))
        return [(m, len(c), sum(c)) for m, c in sorted(counts.items())]

    def series(self, query: SeriesQuery) -> tuple[dict[tuple[str, str], Series], str]:
        found = {}
        for e in query.experiments:
            columns = self._columns(e)
            for m in query.metrics:
                if m in columns:
                    s, v, t = columns[m]
                    found[e, m] = Series(np.array(s, dtype=np.int64), np.array(v), np.array(t))
        return found, str(self.at)

    def buckets(self, query: SeriesQuery) -> BucketsAnswer:
        found, _ = self.series(query)
        reset = query.cursor is None
        after = int(query.cursor or 0)
        series = {}
        for key, one in found.items():
            n = len(one.steps)
            if reset or any(at > after for _, at, _ in self.parts[key[0]]):
                nan = np.isnan(one.values).astype(np.int64)
                none = np.zeros(n, dtype=np.int64)
                keep = 0 if reset else n - 1
                part = slice(keep, None)
                v = one.values[part]
                series[key] = Buckets(
                    0.0, keep, one.steps.astype(float)[part], v, v, v, nan[part], none[part], none[part], n
                )
        return BucketsAnswer(tuple(found), series, reset, str(self.at))

    def events(
        self,
        experiment_id: str,
        *,
        kinds: Sequence[str] | None = None,
        after: int = 0,
        limit: int | None = None,
        newest: bool = False,
    ) -> list[StoredEvent]:
        found = [
            StoredEvent(experiment_id, w, part.seq, at, part.content)
            for w, at, part in self.parts[experiment_id]
            if isinstance(part, EventAt) and at > after and (kinds is None or part.content["kind"] in kinds)
        ]
        return (found[-limit:] if newest else found[:limit]) if limit else found

    def delete(self, experiment_id: str) -> None:
        self.deleted.add(experiment_id)
        del self.project_of[experiment_id]

    def position(self) -> int:
        return self.at

    def merge(self, *, budget_s: float = 0.05) -> bool:
        return False

    def close(self) -> None:
        pass
