"""A writer in a few lines: it knows its log, and makes batches of any part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from trackio_client.store.contract import Outcome, Store
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.batches import Batch, Receipt
from trackio_client.wire.frames import Schema, event_frame, metrics_frame


@dataclass
class Trainer:
    """One writer of an experiment."""

    writer_id: str = "w_1"
    experiment_id: str = "exp_1"
    project: str = "digits"
    generation: int = 0
    schema: Schema = field(default_factory=lambda: Schema(("loss",)))
    log: list[bytes] = field(default_factory=list)
    sent: int = 0

    def start(self, **fields: Any) -> Trainer:
        return self.event(kind="start", name=self.experiment_id, **fields)

    def event(self, *, time_us: Any = 1_000_000, **fields: Any) -> Trainer:
        self.log.append(event_frame({"time_us": time_us, **fields}))
        return self

    def step(self, step: int, *values: float, time_us: int = 1_000_000, schema: Schema | None = None) -> Trainer:
        self.log.append(metrics_frame(schema or self.schema, step, time_us, values))
        return self

    def steps(self, count: int, *, first: int = 0) -> Trainer:
        for step in range(first, first + count):
            self.step(step, *(step + place / 10 for place in range(len(self.schema.keys))), time_us=step * 1000)
        return self

    def batch(self, first: int | None = None, end: int | None = None, **changes: Any) -> Batch:
        """Frames first … end of the log: without arguments those that were not sent yet."""
        first = self.sent if first is None else first
        frames = self.log[first:end]
        self.sent = max(self.sent, first + len(frames))
        fields: dict[str, Any] = {
            "writer_id": self.writer_id, "experiment_id": self.experiment_id, "project": self.project,
            "generation": self.generation, "first_seq": first, "count": len(frames), "first_held": 0,
            "body": self.schema.frame + b"".join(frames),
        }  # fmt: skip
        return Batch(**{**fields, **changes})

    def send(self, store: Store, first: int | None = None, end: int | None = None, **changes: Any) -> Outcome:
        (outcome,) = store.append([self.batch(first, end, **changes)])
        return outcome


def taken(outcomes: Outcome | Sequence[Outcome]) -> list[Receipt]:
    """The receipts, where nothing may be refused."""
    found = []
    for outcome in [outcomes] if isinstance(outcomes, (Receipt, Exception)) else outcomes:
        if not isinstance(outcome, Receipt):
            raise outcome
        found.append(outcome)
    return found


def merged(store: Store) -> None:
    """Until nothing is left to merge."""
    while store.merge(budget_s=0.2):
        pass


def audited(store: Store, experiment_id: str = "exp_1") -> None:
    """What is held gives the digest that receipts say."""
    assert store.audit(experiment_id) == {r.writer_id: r.digest for r in store.receipts(experiment_id)}


def read(store, metric="loss", experiment="exp_1", **asked):
    """Points of one metric of one experiment."""
    found, _ = store.series(SeriesQuery(experiments=(experiment,), metrics=(metric,), **asked))
    return found[experiment, metric]
