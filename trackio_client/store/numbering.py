"""Versions of artifacts, v0, v1 …: who gives them, and why they stay.

The store that takes an artifact numbers it, with an event of its own (`artifact_version`: name, digest, version) in the
experiment that logged it. Whoever logs cannot: a training without a network does not know what others have logged, and
two that log at once would both say v3. Counting at reading cannot either: what comes late, from a machine that was
away, would push itself between, and v3 would be another content than yesterday. The event is a fact as any other:
it goes to the repo with the rest, and a store restored from there says the same numbers.

The same content (digest) under the same name is the same version, however often it is logged. Two stores on one repo
may give one number to two contents before they hear of each other; then the event that was written first stands, and
the other content is numbered anew, once, behind all others. Uses of artifacts cite the digest, so none of them ever
means another content.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from trackio_client.errors import NotReady
from trackio_client.store.contract import Store, StoredEvent
from trackio_client.wire.artifacts import NUMBERING
from trackio_client.wire.batches import Batch, Receipt
from trackio_client.wire.events import ARTIFACT, ARTIFACT_VERSION, MAX_STEP, plain
from trackio_client.wire.frames import event_frame

TRIES = 3


@dataclass(slots=True)
class Numbers:
    """The versions of all artifacts of a project."""

    of: dict[tuple[str, str], int] = field(default_factory=dict)
    """(name, digest) → version."""
    taken: dict[str, dict[int, str]] = field(default_factory=dict)
    """name → version → digest."""
    newest_us: int = 0
    """Time of the newest number: the next one is later."""

    def give(self, name: str, digest: str, version: int) -> bool:
        """Note a number; False if another content has it, or the content another number."""
        taken = self.taken.setdefault(name, {})
        if (name, digest) in self.of or version in taken:
            return False
        taken[version] = digest
        self.of[name, digest] = version
        return True

    def next(self, name: str) -> int:
        """The number behind all that stand under a name."""
        return max(self.taken.get(name, {}), default=-1) + 1


def numbers_of(events: Iterable[StoredEvent]) -> Numbers:
    """The versions that ARTIFACT_VERSION events give, in the order in which they were given."""
    found = Numbers()
    pins = []
    for event in events:
        said = event.content
        if said.get("kind") != ARTIFACT_VERSION:
            continue
        name, digest, version, time_us = (said.get(key) for key in ("name", "digest", "version", "time_us"))
        if isinstance(name, str) and isinstance(digest, str) and type(version) is int and version >= 0:
            pins.append((time_us if type(time_us) is int else 0, event.writer_id, event.seq, name, digest, version))
    for time_us, _, _, name, digest, version in sorted(pins):
        found.give(name, digest, version)
        found.newest_us = max(found.newest_us, min(time_us, MAX_STEP - 1))
    return found


def unnumbered(events: Iterable[StoredEvent], numbers: Numbers) -> list[StoredEvent]:
    """The artifacts that have no version yet, each content once, by their writers' clocks.

    Two that pulled the same from a repo so come to the same numbers.
    """
    found: dict[tuple[str, str], StoredEvent] = {}
    for event in sorted(events, key=_told):
        name, digest = event.content.get("name"), event.content.get("digest")
        if event.content.get("kind") != ARTIFACT or not isinstance(name, str) or not isinstance(digest, str):
            continue
        if (name, digest) not in numbers.of:
            found.setdefault((name, digest), event)
    return list(found.values())


def _told(event: StoredEvent) -> tuple[int, str, int]:
    at = event.content.get("time_us")
    return (at if type(at) is int else 0, event.writer_id, event.seq)


def number_all(store: Store) -> None:
    """As `number`, of all projects that can be numbered now."""
    for project, _, _ in store.projects():
        with contextlib.suppress(NotReady):
            number(store, project)


def number(store: Store, project: str) -> int:
    """Give a version to each artifact of a project that has none; how many were given.

    Raises:
        NotReady: rows of the project are still to be loaded from a repo, so not all numbers are known. StoreErrors.
    """
    with _TURNS:
        return _number(store, project)


_TURNS = threading.Lock()
"""Threads of one process take turns. Two processes on one file that number within the same milliseconds may leave a
number unused; never do two contents keep one."""


def _number(store: Store, project: str) -> int:
    given = 0
    for _ in range(TRIES):  # another process may number the same store at this moment: what it took is numbered again
        if store.cold([record.experiment_id for record in store.experiments(project, binned=None)]):
            raise NotReady(f"what project {project!r:.80} has in its repo is still to be loaded", retry_after_s=5)
        # The numbers of what is in the bin stay taken: it may be restored.
        events = store.events_of_project(project, [ARTIFACT, ARTIFACT_VERSION], with_binned=True)
        numbers = numbers_of(events)
        waiting = unnumbered(events, numbers)
        if not waiting:
            return given
        batches = []
        for event in waiting:
            said = event.content
            version = numbers.next(said["name"])
            numbers.give(said["name"], said["digest"], version)
            numbers.newest_us = max(time.time_ns() // 1000, numbers.newest_us + 1)
            batches.append(_batch(store, project, event, version, numbers.newest_us))
        given += sum(isinstance(outcome, Receipt) for outcome in store.append(batches))
    return given


def _batch(store: Store, project: str, event: StoredEvent, version: int, time_us: int) -> Batch:
    said = event.content
    content = {
        "kind": ARTIFACT_VERSION,
        "time_us": time_us,
        "name": said["name"],
        "digest": said["digest"],
        "version": version,
    }
    return Batch(
        writer_id=NUMBERING + secrets.token_hex(12),
        experiment_id=event.experiment_id,
        project=project,
        generation=store.experiment(event.experiment_id).generation,
        first_seq=0,
        count=1,
        first_held=0,
        body=event_frame(plain(content)),
    )
