"""From a request's body to a receipt: checked in a worker thread, written by one writer thread.

The writer takes all that waits into one `store.append`: the commit (3 to 4 ms) is what costs, not the layout. The event
loop only moves bytes. What waits is bounded; above it clients are told to come back, and they keep everything.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from trackio_client.errors import (
    CorruptFrame,
    MalformedBatch,
    StoreClosed,
    StoreError,
    StoreFull,
    TrackioError,
    Unavailable,
    UsageError,
)
from trackio_client.store.columns import Run, decode
from trackio_client.store.contract import Outcome, Store
from trackio_client.wire.artifacts import HINT
from trackio_client.wire.batches import MAX_BODY_BYTES, MAX_HEAD_BYTES, Batch, Receipt, unpack
from trackio_client.wire.events import EDIT, checked_name

log = logging.getLogger("trackio.ingest")

MAX_REQUEST_BYTES: Final = MAX_BODY_BYTES + MAX_HEAD_BYTES + 8
MOST_WAITING_BYTES: Final = 64 * 1024 * 1024
"""Bodies that wait for the writer: at 1 M values a second, half a second of work; then 503."""
MOST_TOGETHER_BYTES: Final = 16 * 1024 * 1024
"""In one transaction: so that the first of them does not wait for the last of a flood."""
SMALL_BYTES: Final = 16 * 1024
"""Bodies below this are checked where they are: a thread's hand-over would cost more."""


@dataclass(slots=True)
class _Waiting:
    batch: Batch
    loop: asyncio.AbstractEventLoop
    told: asyncio.Future[Outcome | StoreError]


class Ingest:
    """The way into a store. `start` and `close` bracket its life; `take` may be called from one event loop."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.written = threading.Event()
        """Set after each append: there may be something to merge."""
        self.unnumbered: set[str] = set()
        """Projects with artifacts that may have no version yet."""
        self._queue: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._write_on, name="trackio-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Write what waits, then stop."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    async def take(self, raw: bytes, writer_id: str) -> Receipt:
        """The receipt for a packed batch.

        Raises:
            WireError: it is no batch. Gap, Overlap, Gone, Rejected: the store's refusal. StoreError: it cannot write.
            Unavailable: too much waits.
        """
        batch = checked(raw, writer_id) if len(raw) <= SMALL_BYTES else await asyncio.to_thread(checked, raw, writer_id)
        return await self.append(batch)

    async def append(self, batch: Batch) -> Receipt:
        """The receipt for a checked batch; raises as `take` does."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(batch, loop, loop.create_future())
        with self._changed:
            if self._closing:
                raise Unavailable("the server is stopping", retry_after_s=2)
            if self._waiting_bytes > MOST_WAITING_BYTES:
                raise Unavailable(f"{self._waiting_bytes:,} bytes wait to be written", retry_after_s=1)
            self._waiting_bytes += len(batch.body)
            self._queue.append(waiting)
            self._changed.notify()
        outcome = await waiting.told
        if isinstance(outcome, Exception):
            raise outcome
        if HINT in batch.body:
            self.unnumbered.add(batch.project)
            self.written.set()
        return outcome

    # --- the writer's thread ----------------------------------------------------------------------------------------

    def _write_on(self) -> None:
        while taken := self._next():
            outcomes: Sequence[Outcome | StoreError]
            try:
                outcomes = self.store.append([each.batch for each in taken])
            except StoreError as error:
                outcomes = [error] * len(taken)
            except Exception:  # a thread's outermost loop: the server must go on
                log.exception("a group of %d batches could not be written; trying each alone", len(taken))
                outcomes = [self._alone(each.batch) for each in taken]
            self.written.set()
            _tell(taken, outcomes)

    def _next(self) -> list[_Waiting]:
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            taken: list[_Waiting] = []
            size = 0
            while self._queue and size < MOST_TOGETHER_BYTES:
                taken.append(self._queue.popleft())
                size += len(taken[-1].batch.body)
            self._waiting_bytes -= size
            return taken

    def _alone(self, batch: Batch) -> Outcome | StoreError:
        try:
            return self.store.append([batch])[0]
        except StoreError as error:
            return error
        except Exception as error:
            log.exception("a batch of writer %s could not be written", batch.writer_id)
            return StoreError(f"this batch could not be written ({type(error).__name__})")


def _tell(taken: Sequence[_Waiting], outcomes: Sequence[Outcome | StoreError]) -> None:
    """Answer all at once: one wake-up of the event loop for the whole group."""

    def tell() -> None:
        for waiting, outcome in zip(taken, outcomes, strict=True):
            if not waiting.told.done():  # the asker may have hung up
                waiting.told.set_result(outcome)

    try:
        taken[0].loop.call_soon_threadsafe(tell)
    except RuntimeError:  # the loop is closed: nobody is there to be told, and clients ask again
        log.info("%d answers came after the server had stopped", len(taken))


def checked(raw: bytes, writer_id: str) -> Batch:
    """The batch in a body, with every frame looked at. Raises WireError."""
    batch = unpack(raw)
    if batch.writer_id != writer_id:
        raise MalformedBatch(f"the batch is of writer {batch.writer_id!r}, the address says {writer_id!r:.160}")
    return check_frames(batch)


def check_frames(batch: Batch) -> Batch:
    """The batch, if its body holds what its head says. Raises WireError."""
    count = 0
    try:
        for part in decode(batch.body, batch.first_seq):
            if isinstance(part, Run):
                count += len(part.steps)
                check_names(part.schema.keys)
                if int(part.steps.min()) < 0:
                    raise MalformedBatch(
                        f"a step must be a whole number from 0 to 2**63 - 1, got {int(part.steps.min())}"
                    )
            else:
                count += 1
                if part.content.get("kind") == EDIT and "binned" in part.content:
                    raise MalformedBatch("the bin is no writer's business: owners DELETE /v1/experiments/{id}")
    except (ValueError, IndexError, OverflowError) as error:
        raise CorruptFrame(f"the body is no row of frames: {error}") from None
    if count != batch.count:
        raise MalformedBatch(f"the head promises {batch.count} frames, the body holds {count}")
    return replace(batch, project=batch.project.strip())


@lru_cache(1024)
def check_names(names: tuple[str, ...]) -> None:
    """Raises MalformedBatch for names of metrics that no client of ours would send."""
    for name in names:
        try:
            fine = checked_name(name, "a metric's name") == name
        except UsageError as error:
            raise MalformedBatch(str(error)) from None
        if not fine:
            raise MalformedBatch(f"a metric's name begins or ends with a space: {name!r:.80}")


__all__ = ["MAX_REQUEST_BYTES", "Ingest", "StoreClosed", "StoreFull", "TrackioError", "check_frames", "checked"]
