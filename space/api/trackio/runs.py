"""A run of Trackio's as an experiment of ours, while it is being logged.

The experiment's id follows from project and run id, as it does for an import of Trackio's file: a run that was logged
here and is imported from a file, or the other way round, is one experiment. A `run_id` that is an experiment's id (so
Trackio's client is told in lists) means that experiment: `init(name=…, resume="allow")` goes on with any of ours.

Trackio tells no process apart from another, so the writer is this server: one a run, from when the run is first heard
of after a start until a fault. Its id begins with the time, so that of a repeated step the later value stands. A
client that sends a config with another `_Created` was started anew: that is a new generation.

A run is known from what the store holds of it, and nothing else: a restart or a wiped disk forgets nothing that was
told. Runs that nobody logs to are forgotten here after a while, and read again when they are heard of.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from space.api.trackio.media import Beside
from space.api.trackio.received import Received
from trackio_client.errors import ExperimentNotFound
from trackio_client.exchange.past import id_of
from trackio_client.exchange.trackio_project import FAMILY, SOURCE, RunKey, identity_of
from trackio_client.store.contract import ExperimentRecord, Store, StoredEvent
from trackio_client.wire.events import AWAITED, MEDIA, RECEIVED, SENT_FILE, is_id

MOST_RUNS: Final = 512
"""Remembered at once. Each is a lock, a few numbers and 8 bytes for each call of `log`."""
CLIENT: Final = "trackio"


@dataclass(slots=True)
class Run:
    """What has to be known of a run to append to it. Changed only by who holds `lock`."""

    project: str
    name: str
    run_id: str | None
    experiment_id: str
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_open: bool = False
    """Whether the rest was read from the store."""
    is_started: bool = False
    """Whether a start event is held."""
    writer_id: str = ""
    next_seq: int = 0
    generation: int = 0
    last_step: int | None = None
    has_ended: bool = False
    """Whether somebody told its end: an import of its file, or a client of ours."""
    created: str | None = None
    """`_Created` of the config that is held."""
    last_us: int = 0
    received: Received = field(default_factory=Received)
    beside: Beside | None = None
    """Files and values that wait for each other; None while the run is not open."""
    told: set[str] = field(default_factory=set)
    """Faults that were told."""

    def open(self, store: Store) -> None:
        """Read what the store holds. Raises StoreError, NotReady: its rows are still on the Hub."""
        if self.is_open:
            return
        try:
            record = store.experiment(self.experiment_id)
        except ExperimentNotFound:
            record = None
        known: list[StoredEvent] = []
        self.is_started, self.generation, self.has_ended = False, 0, False
        self.last_step, self.created, self.last_us = None, None, 0  # an append that failed held nothing of it
        if record is not None:
            known = store.events(self.experiment_id, kinds=[AWAITED, SENT_FILE, MEDIA])
            ids = [event.content.get("ids") for event in store.events(self.experiment_id, kinds=[RECEIVED])]
            self.received = Received(ids)
            self.is_started = True
            self.generation, self.last_step = record.generation, record.last_step
            self.has_ended = record.end is not None
            created = record.config.get("_Created")
            self.created = created if isinstance(created, str) else None
            self.last_us = int(record.last_event_s * 1e6)
        self.beside = Beside(store.files, known)
        self.begin_writer()
        self.is_open = True

    def begin_writer(self) -> None:
        """What follows is told by a writer of its own, which is later than those before it."""
        self.writer_id = f"w_trackio_{time.time_ns() // 1000:014x}_{secrets.token_hex(6)}"
        self.next_seq = 0

    def close(self) -> None:
        """Forget what was read: after a fault nobody here knows what the store holds."""
        self.is_open = False
        self.received, self.beside = Received(), None
        self.told.clear()


class Runs:
    """The runs that are being logged. Used by the event loop only."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: OrderedDict[tuple[str, str], Run] = OrderedDict()

    async def of(self, project: str, name: str, run_id: str | None) -> Run:
        """The run that a call names, known or new."""
        key = (project, run_id if run_id else f"\0{name}")
        if key not in self._known:
            own = await run_in_threadpool(experiment_id, self._store, project, name, run_id)
            self._known.setdefault(key, Run(project, name, run_id, own))
            self._forget_idle()
        self._known.move_to_end(key)
        return self._known[key]

    def _forget_idle(self) -> None:
        """The oldest that nobody uses. Between `of` and its lock a run is the newest, so it is never among them."""
        for key, run in list(self._known.items())[: max(0, len(self._known) - MOST_RUNS)]:
            if not run.lock.locked():
                del self._known[key]


def trackio_id(project: str, name: str, run_id: str | None) -> str:
    """The experiment's id of a Trackio run, logged or imported."""
    return id_of(project, SOURCE, identity_of(RunKey(run_id, name)), family=FAMILY)


def experiment_id(store: Store, project: str, name: str, run_id: str | None) -> str:
    """The experiment that a call is for."""
    own = trackio_id(project, name, run_id)
    if run_id and is_id(run_id) and run_id.startswith("exp_"):
        try:
            if store.experiment(run_id).project == project:
                return run_id
        except ExperimentNotFound:
            pass
    return own


def run_id_of(record: ExperimentRecord) -> str:
    """What Trackio's clients are told as the id of a run."""
    for told in (record.client.get("client"), record.config.get("imported")):
        run_id = told.get("run_id") if isinstance(told, dict) else None
        if isinstance(run_id, str) and run_id and record.experiment_id == trackio_id(record.project, "", run_id):
            return run_id
    return record.experiment_id


def find(store: Store, project: str, run: Any = None, run_id: Any = None) -> ExperimentRecord | None:
    """The experiment that a question names: by id, or the newest of that name. None if there is none."""
    if isinstance(run_id, str) and run_id:
        for asked in (trackio_id(project, "", run_id), run_id):
            try:
                record = store.experiment(asked)
            except ExperimentNotFound:
                continue
            if record.project == project and record.binned is None:
                return record
    records = [record for record in store.experiments(project) if record.binned is None]
    if isinstance(run_id, str) and run_id:
        return next((record for record in records if run_id_of(record) == run_id), None)
    named = [record for record in records if record.name == run]
    return max(named, key=lambda record: record.created_s, default=None)
