"""A run that was recorded elsewhere, told as events of ours, so that importing it twice changes nothing.

An importer reads a foreign file into a `PastRun`: what is known from the beginning, the entries in the order in which
they were logged, and the facts that stand only at its end. Several writers tell it:

    <id>_h           the history: a start event and one frame an entry. Nothing in it changes when the log grows, so
                     a longer log of the same run is the same frames and some more: what is held is trimmed.
    <id>_<letter>    what was logged beside the numbers and grows by itself: lines of a log, artifacts, hardware.
    <id>_t<n>_<hash> the tail of a log with n entries: config, best checkpoint, end. A longer log has a tail of its
                     own, which is the later one because its number is higher. A shorter log adds none. Where a log
                     says when it was changed, n is that time.
    <id>_<letter>j_<hash>  what a later version of a log has in other places than the one imported before (`joining`).

The experiment's id follows from the project and what the importer says identifies the run, never from the path: a
copied or moved file is the same run. Where that is only the first entry, two runs may begin alike (same seed, other
settings): a store that holds a history with other content answers `Overlap`, and the run takes the next id. Where the
file names its runs (`merges`), the same name is the same run, and what differs is added to what is there; so it is with
a run that Trackio's own client logged into the Space: it has the id that an import of its file has.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, Protocol

from trackio_client.errors import Gone, Overlap, UsageError
from trackio_client.exchange.joining import Content, missing
from trackio_client.exchange.telling import (
    SCHEMA_TAG,
    Clock,
    batches,
    entry_frames,
    event,
    rank_of,
    start_event,
    start_frame,
    tail_frames,
)
from trackio_client.masking import Masker
from trackio_client.wire.batches import Batch, Receipt
from trackio_client.wire.events import EDIT, plain

MAX_TWINS: Final = 64
"""Runs that may share project and first entry before we give up looking for the one that is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEntry:
    """What was logged at once."""

    step: int | None = None
    """None only where there are no values."""
    values: dict[str, float] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    marks: tuple[dict[str, Any], ...] = ()
    """Fields of `mark` events that this entry gives rise to (mark, title, data), at its step."""
    lines: tuple[str, ...] = ()
    """Lines of output or of a log."""
    stream: str = "stdout"
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
    entries: Iterable[PastEntry]
    """Is read more than once, and never all of it held by what reads it."""
    config: dict[str, Any]
    state: str
    evidence: str
    """Why this state: shown beside it."""
    ended_s: float
    """When the log was last written, seconds UTC."""
    seconds_a_step: float | None = None
    """Measured pace, if the log tells one; None when nothing in it does."""
    started_s: float | None = None
    """When the run began, seconds UTC, if the log tells it; else the time of its first entry."""
    updated_s: float | None = None
    """When the log was last changed by its own word, seconds UTC: orders versions of it that are equally long."""
    marks: tuple[tuple[int | None, dict[str, Any]], ...] = ()
    """(step, fields) of marks that may change while the log grows: the best checkpoint."""
    goals: dict[str, str] = field(default_factory=dict)
    """Metric to "min" or "max", where the log shows which is better."""
    notes: Iterable[str] = ()
    """What was odd in the file, one line each. Asked for after the entries were read."""
    description: str | None = None
    group: str | None = None
    summary: dict[str, Any] = field(default_factory=dict)
    more: Mapping[str, Iterable[PastEntry]] = field(default_factory=dict)
    """By a letter that names their writer: entries that grow apart from the history. "l" log lines, "a" artifacts …"""
    merges: bool = False
    """The identity is the file's own name of the run, so that other content under it is another version of it."""
    is_paused: bool = False
    project: str | None = None
    """The project that the file itself names."""
    origin: dict[str, Any] = field(default_factory=dict)
    """What the file calls the run, and how its times were read: kept in `config.imported`."""
    family: str = "import"
    """Second word of the experiment's id."""


class Destination(Protocol):
    """Where an import goes: a local store or a Space."""

    def start_of(self, experiment_id: str) -> dict[str, Any] | None:
        """The start event that is held of an experiment, or None if there is none."""
        ...

    def receipt(self, writer_id: str) -> Receipt: ...

    def send(self, batch: Batch) -> Receipt:
        """Raises DeliveryErrors."""
        ...

    def content(self, experiment_id: str) -> Content:
        """Everything that is held of an experiment, for a comparison."""
        ...

    def edits(self, experiment_id: str) -> Sequence[Mapping[str, Any]]:
        """The `edit` events of an experiment, in order of arrival."""
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
    """Single values that the log holds."""
    added_events: int
    """0 when everything was there already."""
    notes: tuple[str, ...] = ()


def deliver(run: PastRun, project: str, destination: Destination, masker: Masker | None = None) -> Imported:
    """Bring a run to where it belongs; what is there already stays as it is.

    Raises:
        UsageError: 64 other runs with the same beginning are there; or an entry of it is larger than any store takes.
        DeliveryError: the destination does not take it.
    """
    masker = masker or Masker()
    for twin in range(MAX_TWINS):
        delivery = _Delivery(run, project, identity_of(run, project, twin), destination, masker)
        try:
            return delivery.go()
        except (Overlap, Gone):  # another run that begins alike; or deleted: who imports again wants it again
            continue
    raise UsageError(
        f"{MAX_TWINS} runs with the same first entry as {run.name!r} are in project {project!r} already. "
        "Choose another project with --project"
    )


def identity_of(run: PastRun, project: str, twin: int = 0) -> str:
    """The id of an imported run: `exp_import_` and 16 characters that follow from project and identity."""
    return id_of(project, run.source, run.identity, twin, family=run.family)


def id_of(project: str, source: str, identity: Any, twin: int = 0, *, family: str = "import") -> str:
    """The id that belongs to a run of another tool: `identity` is JSON that is the same for every record of it."""
    text = json.dumps([project, source, plain(identity), twin], sort_keys=True, separators=(",", ":"))
    return f"exp_{family}_{_letters(text.encode())}"


def _letters(content: bytes) -> str:
    return base64.b32encode(blake2b(content, digest_size=10).digest()).decode().lower()


class _Delivery:
    """One run on its way under one id."""

    def __init__(
        self, run: PastRun, project: str, experiment_id: str, destination: Destination, masker: Masker
    ) -> None:
        self._run = run
        self._project = project
        self._id = experiment_id
        self._stem = experiment_id.removeprefix("exp_")
        self._destination = destination
        self._masker = masker
        self._added = self._points = self._entries = 0
        self._last_us = 0
        self._held: Content | None = None
        self._is_told_live = False

    def go(self) -> Imported:
        """Raises Overlap: under this id stands another run. Gone: it was deleted."""
        run = self._run
        known = self._destination.start_of(self._id)
        start = known if known is not None else start_event(run, self._project)
        notes: tuple[str, ...] = ()
        self._is_told_live = run.merges and known is not None and not self._is_imported()
        is_longer = self._history(start)
        if is_longer:
            notes = ("a longer log of this run was imported before; it stays as it is",)
        for letter, entries in run.more.items():
            self._beside(letter, entries, start)
        if not is_longer:
            self._tail(start)
        if known is not None and not run.is_paused:
            self._resume()
        return Imported(
            experiment_id=self._id,
            project=self._project,
            name=str(start.get("name") or run.name),
            state="paused" if run.is_paused else run.state,
            evidence=run.evidence,
            entries=self._entries,
            points=self._points,
            added_events=self._added,
            notes=(*run.notes, *notes),
        )

    def _is_imported(self) -> bool:
        return self._destination.receipt(f"w_{self._stem}_h").events > 0

    def _history(self, start: dict[str, Any]) -> bool:
        """Whether what was held already is longer."""
        writer_id, clock = f"w_{self._stem}_h", _clock(start)
        sent = 0

        def frames() -> Iterator[bytes]:
            nonlocal sent
            yield start_frame(start, self._masker)
            sent = 1
            for frame in entry_frames(self._counted(self._run.entries), clock, self._masker):
                sent += frame[7] != SCHEMA_TAG
                yield frame

        try:
            if self._is_told_live:  # its own client told it to this very store: only what is missing is added
                raise Overlap("the run was logged here while it ran")
            is_longer = self._send(frames(), writer_id).accepted_end > sent
            self._last_us = clock.last_us
            return is_longer
        except Overlap:
            if not self._run.merges:
                raise
        clock = _clock(start)
        for entry in self._run.entries:
            clock.time_us(entry)
        self._last_us = clock.last_us
        self._entries = self._points = 0
        self._join("h", self._counted(self._run.entries), start)
        return False  # neither of the two is the longer one

    def _beside(self, letter: str, entries: Iterable[PastEntry], start: dict[str, Any]) -> None:
        before = self._entries
        try:
            if self._is_told_live:
                raise Overlap("the run was logged here while it ran")
            frames = entry_frames(self._counted(entries), _clock(start), self._masker)
            self._send(frames, f"w_{self._stem}_{letter}")
        except Overlap:
            self._join(letter, entries, start)
        self._entries = before

    def _join(self, letter: str, entries: Iterable[PastEntry], start: dict[str, Any]) -> None:
        """Add what is not held yet, by what it says and not by its place or time."""
        if self._held is None:
            self._held = self._destination.content(self._id)
        frames = list(entry_frames(missing(entries, self._held, self._masker), _clock(start), self._masker))
        if frames:
            self._send(frames, f"w_{self._stem}_{letter}j_{_letters(b''.join(frames))[:8]}")

    def _tail(self, start: dict[str, Any]) -> None:
        frames = tail_frames(self._run, start, self._last_us, self._masker)
        run = self._run
        place = f"{self._entries if run.updated_s is None else int(run.updated_s):010d}"
        if run.merges:  # versions that are equally long: what ended, and what knows more, is later
            place += f"_{rank_of(run)}{min(len(run.config), 99_999):05d}"
        self._send(frames, f"w_{self._stem}_t{place}_{_letters(b''.join(frames))[:8]}")

    def _resume(self) -> None:
        """An experiment that an earlier import left paused goes on when the file says another word."""
        edits = sorted(
            (one for one in self._destination.edits(self._id) if "state" in one), key=lambda one: int(one["time_us"])
        )
        if edits and edits[-1].get("state") == "paused" and edits[-1].get("by") == "import":
            # Edits stand by their times: a later one has to have a later time.
            time_us = max(self._last_us, *(int(one["time_us"]) + 1 for one in edits))
            frame = event(self._masker, {"kind": EDIT, "time_us": time_us, "state": None, "by": "import"})
            self._send([frame], f"w_{self._stem}_e{len(edits):04d}")

    def _counted(self, entries: Iterable[PastEntry]) -> Iterator[PastEntry]:
        for entry in entries:
            self._entries += 1
            self._points += len(entry.values)
            yield entry

    def _send(self, frames: Iterable[bytes], writer_id: str) -> Receipt:
        """The writer's receipt. What is held is sent too, so that it is compared."""
        receipt = self._destination.receipt(writer_id)
        before = receipt.events
        for batch in batches(frames, writer_id, self._id, self._project):
            receipt = self._destination.send(batch)
        self._added += receipt.events - before
        return receipt


def _clock(start: dict[str, Any]) -> Clock:
    return Clock(int(start["time_us"]), int(start.get("imported", {}).get("us_a_step", 1_000_000)))
