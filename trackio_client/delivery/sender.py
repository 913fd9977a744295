"""The sender: the one thread of a writer. It drives the courier, keeps the disk in order, and says what is wrong.

It must never hold the interpreter for long (the training loop waits for it then), and never end before it is told to.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from trackio_client.delivery.address import is_hub_host
from trackio_client.delivery.courier import Courier, OnParts
from trackio_client.delivery.reading import PIECE_BYTES
from trackio_client.delivery.spool import Spool
from trackio_client.delivery.transport import Transport
from trackio_client.errors import DeliveryError, Gone, StoreError, StoreFull, Unauthorized, Unavailable

SEGMENT_BYTES = 16 * 1024 * 1024
"""Where a segment ends: small enough that the disk gets room back often, large enough that turning costs nothing."""
FIRST_PAUSE_S, LONGEST_PAUSE_S, HUB_PAUSE_S, REFUSED_PAUSE_S = 0.25, 10.0, 2.0, 20.0
"""Between tries: at first, at most, at least on hf.space (it limits requests), and after a refused token."""
ASKS = 10
"""At the end: how often what is accepted is asked for until it is durable, too."""
PUSH_WAIT_S = 10.0
"""At the end: how long a Space that keeps its experiments in a repo is given to push them. It does so at once when an
experiment ends, and a push to the Hub takes some seconds."""
HUB_PIECE_BYTES = 8 * 1024 * 1024
"""Batches on hf.space: fewer tries carry more."""


class Sender:
    """Delivers a living writer's log until `finish`."""

    def __init__(
        self,
        spool: Spool,
        transport: Transport | None,
        *,
        flush_s: float = 0.5,
        sync_s: float = 1.0,
        heartbeat_s: float = 15.0,
        on_tick: Callable[[], None] = lambda: None,
        on_parts: OnParts = lambda parts: None,
        on_trouble: Callable[[str, str], None] = lambda kind, text: None,
        is_worth_waiting: Callable[[], bool] = lambda: False,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self.spool = spool
        self.transport = transport
        self.trouble = ""
        """Why nothing goes out now; empty while all is well."""
        self.has_answered = False
        self.is_gone = False
        self.errors = 0
        self._flush_s, self._sync_s, self._heartbeat_s = max(flush_s, 0.01), sync_s, heartbeat_s
        self._segment_bytes = segment_bytes
        self._on_tick, self._on_trouble = on_tick, on_trouble
        self._on_parts = on_parts
        self._is_worth_waiting = is_worth_waiting
        self._is_hub = transport is not None and is_hub_host(transport.destination)
        self.courier: Courier | None = None
        self._pause_s = 0.0
        self._next_try = self._next_beat = self._next_sync = self._next_tick = 0.0
        self._synced: tuple[int, int] = (0, 0)
        self._asked: SimpleQueue[None] = SimpleQueue()  # its `put` may be called from a signal handler
        self._is_finishing = self._is_stopped = False
        self._wanted = self._counted_for = 0  # questions of catch_up, and the last one answered
        self._ends = False  # this round began after `drain` was called: what it counts is all there is
        self._has_much_more = False  # a whole piece was counted: another one may stand behind it
        self._drained = threading.Event()
        self._caught_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trackio-sender", daemon=True)

    def start(self) -> None:
        self._thread.start()

    # --- for other threads ----------------------------------------------------------------------------------------

    def catch_up(self, timeout_s: float = 2.0) -> bool:
        """Wait until everything logged before this call is counted; False if that takes longer."""
        self._wanted += 1
        wanted, until = self._wanted, time.monotonic() + timeout_s
        while self._counted_for < wanted and self._thread.is_alive() and time.monotonic() < until:
            self._caught_up.clear()
            self._asked.put(None)
            self._caught_up.wait(0.02)
        return self._counted_for >= wanted

    def drain(self, timeout_s: float, *, impatient_s: float = 5.0) -> bool:
        """Send what is there; True once all is accepted (and durable, where that comes by itself).

        A destination that never answered is given `impatient_s` only.
        """
        began = time.monotonic()
        self._drained.clear()
        self._is_finishing = True
        while not self._drained.is_set() and self._thread.is_alive():
            spent = time.monotonic() - began
            if spent >= (timeout_s if self.has_answered else min(timeout_s, impatient_s)):
                return False
            self._asked.put(None)
            self._drained.wait(0.1)
        return self._drained.is_set()

    def stop(self, timeout_s: float = 2.0) -> bool:
        """End the thread; False if it hangs in a request."""
        self._is_stopped = True
        self._asked.put(None)
        if self._thread is not threading.current_thread():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # --- the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._is_stopped:
            try:
                self._round()
            except Exception as error:  # the outermost loop: whatever it is, the log is on disk and training goes on
                self.errors += 1
                self._say("sender", f"the sender met {type(error).__name__}: {error}. Events are kept on disk")
                self._next_try = time.monotonic() + LONGEST_PAUSE_S
                if self.errors > 1000:
                    return
                time.sleep(0.2)

    def _round(self) -> None:
        if self.courier is None:  # here and not in __init__: numpy is imported on this thread, not in `init`
            self.courier = self._new_courier()
        now = time.monotonic()
        if now >= self._next_tick:
            self._next_tick = now + self._flush_s
            self._on_tick()
        was_asked, wanted, self._ends = self._is_asked(), self._wanted, self._is_finishing
        is_all_counted = self._count()
        if is_all_counted:
            self._counted_for = wanted
            self._caught_up.set()
        else:
            self._ends = False  # what is counted is not all there is
        self._keep_disk()
        is_idle = not self._deliver(was_asked) if self.transport else True
        if is_idle and not self._has_much_more and not self._is_stopped:
            self._wait()

    def _count(self) -> bool:
        """Count until there is something that can be sent at once; True if all of the log is counted."""
        assert self.courier is not None
        self._has_much_more = False
        while not self._is_stopped:
            before = self.courier.place
            if not self.courier.count():
                return True
            self._keep_disk()
            if self.courier.unsent and time.monotonic() >= self._next_try:
                # A short piece was the log's end: what came since waits for the next round, or a loop that logs all
                # the time would be sent a call at a time.
                segment, offset = self.courier.place
                self._has_much_more = segment != before[0] or offset - before[1] >= PIECE_BYTES // 2
                return False
        return False

    def _new_courier(self) -> Courier:
        return Courier(
            self.spool.directory,
            self.spool.meta,
            self.transport or _Nowhere(),
            self.spool,
            self._on_parts,
            HUB_PIECE_BYTES if self._is_hub else PIECE_BYTES,
        )

    def _is_asked(self) -> bool:
        asked = False
        try:
            while True:
                self._asked.get_nowait()
                asked = True
        except Empty:
            return asked

    def _wait(self) -> None:
        try:
            self._asked.get(timeout=0.02 if self._is_finishing else self._flush_s)
            self._asked.put(None)  # `_is_asked` takes it
        except Empty:
            pass

    def _keep_disk(self) -> None:
        assert self.courier is not None
        segment, offset = self.courier.place
        if segment == self.spool.current.number and offset >= self._segment_bytes:
            self.spool.turn()
        now = time.monotonic()
        if now >= self._next_sync and (segment, offset) != self._synced:
            self.spool.sync()
            self._synced, self._next_sync = (segment, offset), now + self._sync_s

    def _deliver(self, was_asked: bool) -> bool:
        """One request, if one is due; True if there is more to do at once."""
        assert self.courier is not None
        assert self.transport is not None
        courier, now = self.courier, time.monotonic()
        if self.is_gone:
            self._drained.set()
            return False
        if now < self._next_try and not (self._ends and now >= self._next_try - self._pause_s + 1.0):
            return False
        try:
            if courier.unsent and not (courier.is_bringing and now >= self._next_beat):
                courier.send()
            elif now >= self._next_beat or (self._ends and courier.undurable and not self._drained.is_set()):
                courier.beat()
            else:
                if self._ends:
                    self._drained.set()
                elif not was_asked:
                    self.transport.idle()
                return False
        except (DeliveryError, StoreError) as error:
            self._failed(error)
            return False
        self._answered()
        return courier.unsent > 0 and not self._is_hub

    def _answered(self) -> None:
        assert self.courier is not None
        now = time.monotonic()
        self.has_answered = True
        self._pause_s = 0.0
        self._next_beat = now + self._heartbeat_s
        self._next_try = now + HUB_PAUSE_S if self._is_hub else now
        if self.trouble:
            self.trouble = ""
            self._say("again", "the store answers again; what was kept is being sent")
        if not self.courier.unsent and self._ends:
            if not self.courier.undurable or self._asked_enough():
                self._drained.set()
            else:
                self._next_try = now + (0.1 if self._asks <= ASKS else 0.5)

    _asks = 0
    _asked_since = 0.0

    def _asked_enough(self) -> bool:
        """Durable comes at once on a disk that keeps, or after a push to the Hub, which may be worth waiting for."""
        if not self._asks:
            self._asked_since = time.monotonic()
        self._asks += 1
        if self._asks <= ASKS or self._is_worth_waiting():
            return False
        return not self._is_of_a_repo() or time.monotonic() > self._asked_since + PUSH_WAIT_S

    def _is_of_a_repo(self) -> bool:
        """Whether a Space answers whose experiments are at home in a dataset repo."""
        receipt = self.courier.receipt if self.courier else None
        is_space = self.transport is not None and self.transport.destination.startswith("http")
        return is_space and receipt is not None and receipt.store_id.startswith("hf://")

    def _failed(self, error: Exception) -> None:
        now = time.monotonic()
        least, most = (HUB_PAUSE_S if self._is_hub else FIRST_PAUSE_S), LONGEST_PAUSE_S
        self._pause_s = min(max(least, self._pause_s * 2), most)
        if isinstance(error, Gone):
            self.is_gone = True
            kind, text = "gone", f"{error}. This experiment was deleted: nothing more is sent, its spool is kept"
        elif isinstance(error, Unauthorized):
            self._pause_s = REFUSED_PAUSE_S
            kind = "unauthorized"
            hint = "Events are kept on disk; set TRACKIO_TOKEN to the Space's write token and run `trackio-client sync`"
            text = f"{error}. {hint}"
        elif isinstance(error, StoreFull):
            kind, text = (
                "store-full",
                f"the store has no room ({error}). Everything is kept here and sent when there is room",
            )
        else:
            kind, text = "unavailable", f"{error}. Training goes on, everything is kept and sent later"
        if isinstance(error, Unavailable) and error.retry_after_s is not None:
            self._pause_s = max(self._pause_s, error.retry_after_s)
        self._next_try = now + self._pause_s * random.uniform(0.75, 1.25)
        if self._is_hub:
            self._next_try = max(self._next_try, now + HUB_PAUSE_S)
        self.trouble = str(error)
        self._say(kind, text)

    def _say(self, kind: str, text: str) -> None:
        self._on_trouble(kind, text)


class _Nowhere:
    """No destination: mode `offline`."""

    destination = "nowhere"

    def send(self, batch: object) -> Any:
        raise Unavailable("offline")

    def find(self, project: str, key: str) -> None:
        return None

    def receipts(self, experiment_id: str, *, timeout_s: float = 10.0) -> tuple[Any, ...]:
        return ()

    def lacking(self, blobs: object, experiment_id: str) -> Any:
        raise Unavailable("offline")

    def put_files(self, blobs: object, folder: object, experiment_id: str) -> Any:
        raise Unavailable("offline")

    def idle(self) -> None: ...

    def close(self) -> None: ...
