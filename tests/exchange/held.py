"""A store by its contract, small enough to look into: frames of writers, trimmed when equal, `Overlap` when not."""

from __future__ import annotations

from typing import Any

from trackio_client.errors import Gone, Overlap
from trackio_client.exchange.joining import Content
from trackio_client.store.columns import Run, decode
from trackio_client.wire.batches import Batch, Receipt
from trackio_client.wire.events import revive
from trackio_client.wire.frames import SCHEMA, frames


class Held:
    """Where imports go in these tests. It decodes every batch by itself, as a store does."""

    address = "memory"

    def __init__(self) -> None:
        self.writers: dict[str, list[bytes]] = {}
        self.owners: dict[str, str] = {}
        self.deleted: set[str] = set()
        self.starts: dict[str, dict[str, Any]] = {}
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.points: dict[str, list[tuple[str, int, float]]] = {}

    def start_of(self, experiment_id: str) -> dict[str, Any] | None:
        return self.starts.get(experiment_id)

    def receipt(self, writer_id: str) -> Receipt:
        held = self.writers.get(writer_id, [])
        points = sum(int.from_bytes(f[12:16], "little") for f in held if f[7] == 1)
        return Receipt(
            writer_id=writer_id, store_id="s", incarnation="i", accepted=((0, len(held)),) if held else (),
            events=len(held), points=points,
        )  # fmt: skip

    def send(self, batch: Batch) -> Receipt:
        if batch.experiment_id in self.deleted:
            raise Gone("deleted")
        sent = [batch.body[f.start : f.end] for f in frames(batch.body) if f.kind != SCHEMA]
        decoded = decode(batch.body, batch.first_seq, check=True)
        held = self.writers.setdefault(batch.writer_id, [])
        assert len(sent) == batch.count
        assert batch.first_seq <= len(held)
        if any(old != new for old, new in zip(held[batch.first_seq :], sent, strict=False)):
            raise Overlap("other content")
        known = len(held)
        held += sent[known - batch.first_seq :]
        for part in decoded:
            if isinstance(part, Run):
                for at, seq in enumerate(part.seqs.tolist()):
                    if seq >= known:
                        for column, metric in enumerate(part.schema.keys):
                            point = (metric, int(part.steps[at]), float(part.values[at, column]))
                            self.points.setdefault(batch.experiment_id, []).append(point)
            elif part.seq >= known:
                self.events.setdefault(batch.experiment_id, []).append(part.content)
                if part.content["kind"] == "start":
                    self.starts[batch.experiment_id] = revive(part.content)
        return self.receipt(batch.writer_id)

    def content(self, experiment_id: str) -> Content:
        content = Content()
        for metric, step, value in self.points.get(experiment_id, []):
            content.add_points(metric, [step], [value])
        for event in self.events.get(experiment_id, []):
            content.add_event(event)
        return content

    def edits(self, experiment_id: str) -> list[dict[str, Any]]:
        return [event for event in self.events.get(experiment_id, []) if event["kind"] == "edit"]

    def of(self, experiment_id: str, kind: str) -> list[dict[str, Any]]:
        """The events of one kind."""
        return [event for event in self.events.get(experiment_id, []) if event["kind"] == kind]

    def series(self, experiment_id: str, metric: str) -> list[tuple[int, float]]:
        return [(step, value) for name, step, value in self.points.get(experiment_id, []) if name == metric]
