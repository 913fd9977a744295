"""A run that was recorded elsewhere, told as events of ours, so that importing it twice changes nothing.

An importer reads a foreign file into a `PastRun`: what is known from the beginning, the entries in the order in which
they were logged, and the facts that stand only at its end. Two writers tell it:

    <id>_h           the history: a start event and one frame an entry. Nothing in it changes when the log grows, so
                     a longer log of the same run is the same frames and some more: what is held is trimmed.
    <id>_t<n>_<hash> the tail of a log with n entries: config, best checkpoint, end. A longer log has a tail of its
                     own, which is the later one because its number is higher. A shorter log adds none.

The experiment's id follows from the project and the first entry, not from the path: a copied or moved file is the
same run. Two runs may begin alike (same seed, other settings): a store that holds a history with other content answers
`Overlap`, and the run takes the next id. Only the store knows that, so `deliver` asks it through `Destination`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, Protocol

from trackio_client.errors import Gone, Overlap, UsageError
from trackio_client.wire.batches import Batch, Receipt
from trackio_client.wire.events import CONFIG, DEFINE, END, MARK, START, TEXT, plain
from trackio_client.wire.frames import MAX_FRAME_BYTES, Schema, event_frame, metrics_frame

BATCH_BYTES: Final = 1024 * 1024
"""What the client's own sender cuts at."""
MAX_TWINS: Final = 64
"""Runs that may share project and first entry before we give up looking for the one that is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEntry:
    """What was logged at once."""

    step: int
    values: dict[str, float]
    texts: dict[str, str] = field(default_factory=dict)
    marks: tuple[dict[str, Any], ...] = ()
    """Fields of `mark` events that this entry gives rise to (mark, title, data), at its step."""
    time_s: float | None = None
    """When it was logged, seconds UTC, if the log tells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """A run as a foreign file tells it."""

    source: str
    """The format, for people: "Hugging Face trainer_state.json"."""
    name: str
    identity: Any
    """JSON that is the same for every copy and every longer version of this log."""
    entries: Sequence[PastEntry]
    config: dict[str, Any]
    state: str
    evidence: str
    """Why this state: shown beside it."""
    ended_s: float
    """When the log was last written, seconds UTC."""
    seconds_a_step: float | None
    """Measured pace, if the log tells one; None when nothing in it does."""
    marks: tuple[tuple[int | None, dict[str, Any]], ...] = ()
    """(step, fields) of marks that may change while the log grows: the best checkpoint."""
    goals: dict[str, str] = field(default_factory=dict)
    """Metric to "min" or "max", where the log shows which is better."""
    notes: tuple[str, ...] = ()
    """What was odd in the file, one line each."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Times for entries that have none: `base_us` + step × pace. By 1 µs an entry at least, so that none goes back."""

    base_us: int
    us_a_step: int

    def times_us(self, entries: Iterable[PastEntry]) -> list[int]:
        times, last = [], self.base_us
        for entry in entries:
            reckoned = self.base_us + min(entry.step, 2**40) * self.us_a_step
            last = max(reckoned if entry.time_s is None else int(entry.time_s * 1e6), last + 1)
            times.append(last)
        return times


class Destination(Protocol):
    """Where an import goes: a local store or a Space."""

    def start_of(self, experiment_id: str) -> dict[str, Any] | None:
        """The start event that is held of an experiment, or None if there is none."""
        ...

    def receipt(self, writer_id: str) -> Receipt: ...

    def send(self, batch: Batch) -> Receipt:
        """Raises DeliveryErrors."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of one import."""

    experiment_id: str
    project: str
    name: str
    state: str
    evidence: str
    entries: int
    points: int
    """Single values that the experiment's history has now."""
    added_events: int
    """0 when everything was there already."""
    notes: tuple[str, ...] = ()


def deliver(run: PastRun, project: str, destination: Destination) -> Imported:
    """Bring a run to where it belongs; what is there already stays as it is.

    Raises:
        UsageError: 64 other runs with the same beginning are there.
        DeliveryError: the destination does not take it.
    """
    for twin in range(MAX_TWINS):
        experiment_id = identity_of(run, project, twin)
        held = destination.start_of(experiment_id)
        try:
            return _deliver_as(run, project, experiment_id, held, destination)
        except (Overlap, Gone):  # another run that begins alike; or deleted: who imports again wants it again
            continue
    raise UsageError(
        f"{MAX_TWINS} runs with the same first entry as {run.name!r} are in project {project!r} already. "
        "Choose another project with --project"
    )


def identity_of(run: PastRun, project: str, twin: int = 0) -> str:
    """The id of an imported run: `exp_import_` and 16 characters that follow from project and first entry."""
    text = json.dumps([project, run.source, plain(run.identity), twin], sort_keys=True, separators=(",", ":"))
    return "exp_import_" + _letters(text.encode())


def _letters(content: bytes) -> str:
    return base64.b32encode(blake2b(content, digest_size=10).digest()).decode().lower()


def _deliver_as(
    run: PastRun, project: str, experiment_id: str, held: dict[str, Any] | None, destination: Destination
) -> Imported:
    start = held if held is not None else _start(run, project)
    clock = Clock(int(start["time_us"]), int(start.get("imported", {}).get("us_a_step", 1_000_000)))
    times = clock.times_us(run.entries)
    history, tail = _history(run, start, times), _tail(run, start, times)
    stem = experiment_id.removeprefix("exp_")
    receipt, added = _send(history, f"w_{stem}_h", experiment_id, project, destination)
    notes = run.notes
    if receipt.accepted_end > sum(frame[7] != _SCHEMA_TAG for frame in history):
        notes += ("a longer log of this run was imported before; it stays as it is",)
    else:
        writer_id = f"w_{stem}_t{len(run.entries):010d}_{_letters(b''.join(tail))[:8]}"
        added += _send(tail, writer_id, experiment_id, project, destination)[1]
    return Imported(
        experiment_id=experiment_id,
        project=project,
        name=str(start.get("name") or run.name),
        state=run.state,
        evidence=run.evidence,
        entries=len(run.entries),
        points=receipt.points,
        added_events=added,
        notes=notes,
    )


def _send(
    frames: Sequence[bytes], writer_id: str, experiment_id: str, project: str, destination: Destination
) -> tuple[Receipt, int]:
    """The writer's receipt, and how many of its events are new. What is held is sent too, so that it is compared."""
    receipt = destination.receipt(writer_id)
    before = receipt.events
    for batch in _batches(frames, writer_id, experiment_id, project):
        receipt = destination.send(batch)
    return receipt, receipt.events - before


def _start(run: PastRun, project: str) -> dict[str, Any]:
    """The start event of a first import. It fixes the clock: a later import reads it back and goes on with it."""
    pace = 1.0 if run.seconds_a_step is None else max(run.seconds_a_step, 1e-6)
    last = max((entry.step for entry in run.entries), default=0)
    told = next((entry.time_s for entry in run.entries if entry.time_s is not None), None)
    base_s = max(run.ended_s - min(last, 2**40) * pace, 0.0) if told is None else told
    how = "the pace that the log tells" if run.seconds_a_step is not None else "one second a step (it tells no pace)"
    return {
        "kind": START,
        "time_us": int(base_s * 1e6),
        "project": project,
        "name": run.name,
        "tags": ["imported"],
        "config": {},
        "generation": 0,
        "parent": None,
        "client": {"version": "import", "language": "python"},
        "process": {},
        "imported": {
            "from": run.source,
            "us_a_step": round(pace * 1e6),
            "times": f"The log holds no times. They are reckoned from its last change and {how}."
            if told is None
            else "As the log tells them; an entry without one stands a second a step after the first.",
        },
    }


def _history(run: PastRun, start: dict[str, Any], times: Sequence[int]) -> list[bytes]:
    frames, schemas = [event_frame(plain(start))], dict[tuple[str, ...], Schema]()
    for entry, time_us in zip(run.entries, times, strict=True):
        if entry.values:
            keys = tuple(entry.values)
            schema = schemas.get(keys)
            if schema is None:
                schema = schemas[keys] = Schema(keys)
                frames.append(schema.frame)
            frames.append(metrics_frame(schema, entry.step, time_us, entry.values.values()))
        if entry.texts:
            frames.append(event_frame({"kind": TEXT, "time_us": time_us, "step": entry.step, "values": entry.texts}))
        for mark in entry.marks:
            frames.append(event_frame(plain({"kind": MARK, "time_us": time_us, "step": entry.step, **mark})))
    return frames


def _tail(run: PastRun, start: dict[str, Any], times: Sequence[int]) -> list[bytes]:
    time_us = times[-1] if times else int(start["time_us"])
    config = run.config | {"imported": start.get("imported", {})}
    events: list[dict[str, Any]] = [{"kind": CONFIG, "values": config, "removed": []}]
    for metric, goal in run.goals.items():
        events.append({"kind": DEFINE, "metric": metric, "step_metric": None, "goal": goal})
    events += [{"kind": MARK, "step": step, **mark} for step, mark in run.marks]
    nothing = {"exit_code": None, "signal": None, "error": None}
    events.append({"kind": END, "state": run.state, **nothing, "message": run.evidence})
    return [event_frame(plain({"time_us": time_us, **event})) for event in events]


_SCHEMA_TAG: Final = 3  # byte 7 of a schema frame (wire.frames)


def _batches(frames: Sequence[bytes], writer_id: str, experiment_id: str, project: str) -> Iterable[Batch]:
    """Cut frames into batches; each carries the schemas that its frames use (protocol rule 4)."""
    schemas: dict[bytes, bytes] = {}
    body: list[bytes] = []
    carried: set[bytes] = set()
    size = count = first = 0

    def batch() -> Batch:
        return Batch(
            writer_id=writer_id, experiment_id=experiment_id, project=project, generation=0,
            first_seq=first, count=count, first_held=0, body=b"".join(body),
        )  # fmt: skip

    for frame in frames:
        if len(frame) > MAX_FRAME_BYTES:
            raise UsageError(f"one entry of the log has {len(frame)} bytes; at most {MAX_FRAME_BYTES} are taken")
        if frame[7] == _SCHEMA_TAG:
            schemas[_schema_id(frame)] = frame
            continue
        if count and size + len(frame) > BATCH_BYTES:
            yield batch()
            first, count, size, body, carried = first + count, 0, 0, [], set()
        if frame[7] == 1 and (wanted := frame[16:24]) not in carried:
            carried.add(wanted)
            body.append(schemas[wanted])
            size += len(schemas[wanted])
        body.append(frame)
        size, count = size + len(frame), count + 1
    if count:
        yield batch()


def _schema_id(frame: bytes) -> bytes:
    size = int.from_bytes(frame[12:16], "little")
    return blake2b(frame[16 : 16 + size], digest_size=8).digest()
