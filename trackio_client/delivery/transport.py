"""Transports: a seam of two methods between the client and whoever keeps its events.

`MemoryTransport` keeps them in memory and follows the store's rules: tests use it rather than a mock.
`StoreTransport` appends to a store in this process. `HttpTransport` stands in http.py.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from trackio_client.blobs import Blob, BlobFolder, cited_in
from trackio_client.delivery.address import place
from trackio_client.delivery.files import GONE, Lacking
from trackio_client.errors import (
    DeliveryError,
    ExperimentNotFound,
    FilesWanted,
    Gap,
    Overlap,
    StoreError,
    StoreFull,
    Unavailable,
)
from trackio_client.wire.artifacts import HINT
from trackio_client.wire.batches import EVERY_FILE, Batch, Hole, Receipt, ranges
from trackio_client.wire.frames import SCHEMA, frames

if TYPE_CHECKING:
    from trackio_client.store.columns import Digest, EventAt, Run
    from trackio_client.store.contract import ExperimentRecord, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a destination knows of an experiment: enough to go on with it."""

    experiment_id: str
    project: str
    name: str
    generation: int
    last_step: int | None
    state: str = "running"


class Transport(Protocol):
    """Where batches go."""

    destination: str
    """Its address, or `local`."""

    def send(self, batch: Batch) -> Receipt:
        """Deliver one batch (count 0: a sign of life, and a question for the receipt).

        Raises:
            DeliveryError: Unavailable and StoreFull mean "later", Gap "from `want`"; the others say what is wrong.
            StoreFull: the store has no room; nothing was taken.
        """
        ...

    def lacking(self, blobs: Sequence[Blob], experiment_id: str) -> Lacking:
        """Which of the files that a batch of an experiment cites are wanted first, and which are refused for good.

        Raises: as `send`.
        """
        ...

    def put_files(self, blobs: Sequence[Blob], folder: BlobFolder, experiment_id: str) -> dict[str, str]:
        """Bring files, the first ones or a part of the first one: what fits into one request of some seconds.

        Returns:
            Hash → "" for each that is there now, or why it never will be. {} if a part was brought.

        Raises: as `send`.
        """
        ...

    def find(self, project: str, key: str) -> Known | None:
        """The experiment with this id, or the newest of the project with this name; "" is the newest of all.

        Raises:
            DeliveryError: nobody answered, or the token is wrong.
        """
        ...

    def receipts(self, experiment_id: str, *, timeout_s: float = 10.0) -> tuple[Receipt, ...]:
        """What is held of each writer of an experiment, of all processes and machines.

        Raises:
            DeliveryError: nobody answered, or it is not known there.
        """
        ...

    def idle(self) -> None:
        """Called by the sender when it has nothing to do."""
        ...

    def close(self) -> None: ...


class MemoryTransport:
    """Keeps batches in a list and answers as a store does. `failures` are raised first, one for each `send`."""

    def __init__(
        self, failures: Iterable[Exception] = (), *, is_durable: bool = True, destination: str = "memory"
    ) -> None:
        self.destination = destination
        self.batches: list[Batch] = []
        self.heartbeats = 0
        self.is_durable = is_durable
        self.incarnation = "memory-1"
        self.failures = deque(failures)
        self.files: dict[str, bytes] = {}
        """Those that came, by hash."""
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()

    def send(self, batch: Batch) -> Receipt:
        with self._lock:
            if self.failures:
                raise self.failures.popleft()
            held = self._held.setdefault(batch.writer_id, _Held())
            if batch.count:
                self._check_files(batch)
                fresh = held.take(batch)
                if fresh is not None:
                    self.batches.append(fresh)
            else:
                self.heartbeats += 1
            return self._receipt(batch.writer_id, held)

    def find(self, project: str, key: str) -> Known | None:
        with self._lock:
            found: Known | None = None
            for batch in self.batches:
                for part in _decoded(batch):
                    found = _told(found, batch, part, project, key)
            return found

    def receipts(self, experiment_id: str, *, timeout_s: float = 10.0) -> tuple[Receipt, ...]:
        with self._lock:
            writers = dict.fromkeys(b.writer_id for b in self.batches if b.experiment_id == experiment_id)
            return tuple(self._receipt(writer, self._held[writer]) for writer in writers)

    def decoded(self) -> list[Run | EventAt]:
        """Everything that arrived, each frame once, in order of arrival."""
        with self._lock:
            return [part for batch in self.batches for part in _decoded(batch)]

    def wipe(self) -> None:
        """Lose everything, as a Space does that begins on an empty disk."""
        with self._lock:
            self._held, self.batches, self.files = {}, [], {}
            self.incarnation = f"memory-{int(self.incarnation.split('-')[1]) + 1}"

    def lacking(self, blobs: Sequence[Blob], experiment_id: str) -> Lacking:
        with self._lock:
            return Lacking({blob.sha256 for blob in blobs} - self.files.keys())

    def put_files(self, blobs: Sequence[Blob], folder: BlobFolder, experiment_id: str) -> dict[str, str]:
        with self._lock:
            for blob in blobs:
                path = folder.path(blob.sha256)
                self.files[blob.sha256] = b"" if path is None else path.read_bytes()
            return dict.fromkeys((blob.sha256 for blob in blobs), "")

    def _check_files(self, batch: Batch) -> None:
        cited = [blob.sha256 for part in _decoded(batch) for blob in cited_in(getattr(part, "content", {}))]
        wanted = [each for each in cited if each not in self.files and each not in batch.without]
        if wanted and EVERY_FILE not in batch.without:
            raise FilesWanted(f"{len(wanted)} files are wanted first", want=tuple(wanted))

    def idle(self) -> None: ...

    def close(self) -> None: ...

    def _receipt(self, writer_id: str, held: _Held) -> Receipt:
        digest = held.digest
        return Receipt(
            writer_id=writer_id,
            store_id=self.destination,
            incarnation=self.incarnation,
            accepted=held.ranges,
            durable=held.ranges if self.is_durable else (),
            events=digest.events if digest else 0,
            points=digest.points if digest else 0,
            digest=digest.hex() if digest else "0" * 32,
            holes=tuple(held.holes),
        )


class _Held:
    """What is held of one writer."""

    def __init__(self) -> None:
        self.end = 0
        self.ranges: tuple[tuple[int, int], ...] = ()
        self.holes: list[Hole] = []
        self.digest: Digest | None = None
        self.content: dict[int, bytes] = {}  # by seq the frame's own checksum

    def take(self, batch: Batch) -> Batch | None:
        """What of a batch was not held yet. Raises Gap and Overlap."""
        from trackio_client.store.columns import Digest, digest_of

        content = _content(batch)
        if any(self.content.get(seq, checksum) != checksum for seq, checksum in content.items()):
            raise Overlap(f"other content is held of writer {batch.writer_id} under these seqs")
        if batch.first_seq > self.end:
            want = max(self.end, batch.first_held)
            if batch.first_seq > want or batch.first_held <= self.end:
                raise Gap(f"seq {want} is wanted first", want=want)
            self.holes.append(Hole(first_seq=self.end, end_seq=want, reason="no longer held by its writer"))
            self.end = want
        if batch.end_seq <= self.end:
            return None
        fresh = _without_first(batch, self.end - batch.first_seq)
        self.digest = (self.digest or Digest()) + digest_of(fresh.writer_id, _decoded(fresh))
        self.ranges = ranges([*self.ranges, (fresh.first_seq, fresh.end_seq)])
        self.end = fresh.end_seq
        self.content |= content
        return fresh


def _content(batch: Batch) -> dict[int, bytes]:
    """By seq the checksum that each frame of a batch begins with."""
    starts = [frame.start for frame in frames(batch.body, check=False) if frame.kind != SCHEMA]
    return {batch.first_seq + n: batch.body[start : start + 4] for n, start in enumerate(starts)}


def _without_first(batch: Batch, count: int) -> Batch:
    """The batch without its first frames, which are held already; schema frames stay."""
    if count == 0:
        return batch
    kept, seen = [], 0
    for frame in frames(batch.body):
        if frame.kind == SCHEMA or seen >= count:
            kept.append(batch.body[frame.start : frame.end])
        seen += frame.kind != SCHEMA
    return replace(batch, first_seq=batch.first_seq + count, count=batch.count - count, body=b"".join(kept))


def _decoded(batch: Batch) -> list[Run | EventAt]:
    from trackio_client.store.columns import decode

    return decode(batch.body, batch.first_seq)


def _told(found: Known | None, batch: Batch, part: Run | EventAt, project: str, key: str) -> Known | None:
    """What `find` knows after one more part; later experiments win over earlier ones."""
    content = getattr(part, "content", {})
    if (
        content.get("kind") == "start"
        and batch.project == project
        and key in ("", batch.experiment_id, content["name"])
    ):
        if found is None or found.experiment_id != batch.experiment_id:
            found = Known(
                experiment_id=batch.experiment_id, project=project, name=content["name"], generation=0, last_step=None
            )
        return replace(found, generation=batch.generation, state="running")
    if found is None or found.experiment_id != batch.experiment_id:
        return found
    if content.get("kind") == "end":
        return replace(found, state=content["state"])
    steps = getattr(part, "steps", None)
    if steps is not None:
        return replace(found, last_step=max(int(steps.max()), -1 if found.last_step is None else found.last_step))
    return found


class LateTransport:
    """A transport that is made when it is first used, on the thread that uses it.

    `make` may raise StoreErrors: then there is nobody there for now.
    """

    def __init__(self, destination: str, make: Callable[[], Transport]) -> None:
        self.destination = destination
        self._make = make
        self._made: Transport | None = None

    def _real(self) -> Transport:
        if self._made is None:
            try:
                self._made = self._make()
            except (StoreError, OSError) as error:
                raise Unavailable(f"{place(self.destination)} cannot be opened: {error}") from error
        return self._made

    def send(self, batch: Batch) -> Receipt:
        return self._real().send(batch)

    def find(self, project: str, key: str) -> Known | None:
        return self._real().find(project, key)

    def receipts(self, experiment_id: str, *, timeout_s: float = 10.0) -> tuple[Receipt, ...]:
        return self._real().receipts(experiment_id, timeout_s=timeout_s)

    def lacking(self, blobs: Sequence[Blob], experiment_id: str) -> Lacking:
        return self._real().lacking(blobs, experiment_id)

    def put_files(self, blobs: Sequence[Blob], folder: BlobFolder, experiment_id: str) -> dict[str, str]:
        return self._real().put_files(blobs, folder, experiment_id)

    def idle(self) -> None:
        if self._made is not None:
            self._made.idle()

    def close(self) -> None:
        if self._made is not None:
            self._made.close()
            self._made = None


class StoreTransport:
    """Appends to a store in this process: the local file when no Space is set."""

    def __init__(self, store: Store, destination: str = "local") -> None:
        self.destination = destination
        self.store = store

    def send(self, batch: Batch) -> Receipt:
        try:
            outcome = self.store.append([batch])[0]
        except StoreFull:
            raise
        except StoreError as error:
            raise Unavailable(f"the local store did not take it: {error}") from error
        if isinstance(outcome, DeliveryError):
            raise outcome
        self._number(batch)
        return outcome

    def _number(self, batch: Batch) -> None:
        """Give versions to the artifacts of a batch that was taken: this store is where they are counted."""
        if HINT in batch.body:
            from trackio_client.store.numbering import number

            with contextlib.suppress(DeliveryError, StoreError):  # what has none yet gets one with the next
                number(self.store, batch.project)

    def find(self, project: str, key: str) -> Known | None:
        if key:
            try:
                record = self.store.experiment(key)
            except ExperimentNotFound:
                pass
            else:
                return _known(record) if record.project == project else None
        records = self.store.experiments(project)
        named = [r for r in records if not key or r.name == key]
        return _known(max(named, key=lambda r: (r.created_s, r.experiment_id))) if named else None

    def receipts(self, experiment_id: str, *, timeout_s: float = 10.0) -> tuple[Receipt, ...]:
        return tuple(self.store.receipts(experiment_id))

    def lacking(self, blobs: Sequence[Blob], experiment_id: str) -> Lacking:
        return Lacking({blob.sha256 for blob in blobs if not self.store.files.has(blob)})

    def put_files(self, blobs: Sequence[Blob], folder: BlobFolder, experiment_id: str) -> dict[str, str]:
        """All at once: they are linked where the disk can."""
        came = {}
        for blob in blobs:
            try:
                came[blob.sha256] = "" if self.store.files.adopt(folder, blob) else GONE
            except OSError as error:
                if came:  # told with the next one
                    return came
                raise StoreFull(f"no room beside the local store: {error.strerror or error}") from error
        return came

    def idle(self) -> None:
        self.store.merge(budget_s=0.02)

    def close(self) -> None:
        with contextlib.suppress(StoreError, OSError):
            self.store.collect()
        self.store.close()


def _known(record: ExperimentRecord) -> Known:
    return Known(
        experiment_id=record.experiment_id,
        project=record.project,
        name=record.name,
        generation=record.generation,
        last_step=record.last_step,
        state=str(record.end.get("state", "finished")) if record.end else "running",
    )
