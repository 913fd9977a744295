"""A writer: this process's part of an experiment. Holds the log, its sender, and the count of what was refused."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from trackio_client.asleep import Asleep
from trackio_client.blobs import Blob, cited_in
from trackio_client.capture.console import ConsoleCapture
from trackio_client.capture.environment.telling import EnvironmentCapture
from trackio_client.delivery.account import Account, account_of, refused_lines
from trackio_client.delivery.meta import Meta
from trackio_client.delivery.receipts import ExperimentReceipt, receipt_of
from trackio_client.delivery.sender import SEGMENT_BYTES, Sender
from trackio_client.delivery.spool import Spool
from trackio_client.delivery.tally import Numbers
from trackio_client.errors import SpoolFull
from trackio_client.last_words import last_words
from trackio_client.leftovers import Leftovers
from trackio_client.notices import MetricLines, Notices
from trackio_client.origin import Origin
from trackio_client.pushes import Pushes
from trackio_client.refusals import Refusals
from trackio_client.room import Room
from trackio_client.route import Route
from trackio_client.settings import Settings
from trackio_client.surroundings import look
from trackio_client.wire import events
from trackio_client.wire.frames import event_frame
from trackio_client.wire.ranks import base_of

MAX_EVENT_BYTES: Final = 3 * 1024 * 1024
"""Of one JSON event: under the limit of a frame, with room for what is around it."""
COUNTING_S: Final = 2.0
"""What a program's end may take beyond its limit to count what it could not send: some gigabytes."""
REFUSED_EVERY_S: Final = 10.0
"""Between two events about refusals."""


class Writer:
    """Opened by `init`, or in a forked child by its first call."""

    def __init__(self, origin: Origin, settings: Settings, route: Route, notices: Notices) -> None:
        self.origin, self.settings, self.route, self.notices = origin, settings, route, notices
        self.owner_pid = os.getpid()
        self.spool: Any = Asleep()
        """A Spool; while the writer sleeps, something in which every lookup misses."""
        self.sender: Sender | None = None
        self.refusals = Refusals()
        self._waking = threading.RLock()
        self._capture: ConsoleCapture | None = None
        self._environment: EnvironmentCapture | None = None
        self._lines = MetricLines(notices.say)
        self._room = Room(settings, self.refusals, notices)
        self._leftovers = Leftovers(settings, route.transport_for, notices)
        self._pushes = None if route.staging is None else Pushes(route.staging, settings, self._trouble)
        self._next_refused = 0.0
        self._ends_at = 0.0  # on the monotonic clock: until when `finish` may wait
        self._is_ended = False

    @property
    def is_owner(self) -> bool:
        """The process that called `init`, not a fork of it."""
        return os.getpid() == self.owner_pid

    @property
    def is_awake(self) -> bool:
        """Whether a log is open."""
        return not isinstance(self.spool, Asleep)

    # --- appending ------------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Open the log and start the sender, if they are not. Raises SpoolFull if the disk does not take a log."""
        if not isinstance(self.spool, Asleep) or self._is_ended:
            return
        with self._waking:
            if isinstance(self.spool, Asleep):
                self._open()

    def _open(self) -> None:
        meta = Meta(
            writer_id=events.new_writer_id(),
            experiment_id=self.origin.experiment_id,
            project=self.origin.project,
            name=self.origin.name,
            destination=self.route.destination,
            generation=self.origin.generation,
            created_s=time.time(),
            pid=os.getpid(),
        )
        try:
            spool = Spool.create(self.settings.spool_path, meta, self.origin.rank_of_metrics(is_fork=not self.is_owner))
        except OSError as error:
            why = f"{error.strerror or error}; TRACKIO_DIR names another folder"
            raise SpoolFull(f"no log can be kept in {self.settings.spool_path} ({why})") from error
        spool.files.on_missing = self._tell_missing
        spool.files.most_bytes = self.settings.file_bytes
        self.sender = Sender(
            spool,
            self.route.make(),
            flush_s=self.settings.flush_s,
            sync_s=self.settings.sync_s,
            heartbeat_s=self.settings.heartbeat_s,
            on_tick=self.tick,
            on_parts=self._show,
            on_trouble=self._trouble,
            is_worth_waiting=self._is_worth_waiting,
            # A small budget needs small steps.
            segment_bytes=max(65_536, min(SEGMENT_BYTES, self._room.budget_bytes // 4)),
        )
        self.spool = spool
        self.sender.start()
        if self.is_owner and self.sender.transport is not None:
            self._leftovers.start()
        elif not self.is_owner:
            _at_end_of_child(self)

    def event(self, kind: str, **fields: Any) -> None:
        """Append a JSON event. Raises SpoolFull, and ValueError if it is too large."""
        content = {"kind": kind, "time_us": time.time_ns() // 1000, **fields}
        frame = event_frame(events.plain(content))
        if len(frame) > MAX_EVENT_BYTES:
            raise ValueError(f"the {kind} event has {len(frame):,} bytes, at most {MAX_EVENT_BYTES:,} are taken")
        cited = cited_in(content) if "blobs" in content else []
        if not cited:
            self.spool.append(frame)
            return
        files = self.spool.files
        files.hold(cited)  # before the event is there to be counted
        try:
            self.spool.append(frame)
        except SpoolFull:
            files.let_go(cited)
            raise

    def put_file(self, content: bytes | Path, mime: str) -> Blob:
        """Keep a file for an event that comes. Raises SpoolFull, ValueError, OSError."""
        if self.spool.current.why:
            raise SpoolFull(self.spool.current.why)
        blob: Blob = self.spool.files.put(content, mime)
        return blob

    # --- on the sender's thread -----------------------------------------------------------------------------------

    def tick(self, *, is_last: bool = False) -> None:
        """Look after what the training loop must not wait for: budget, room, refusals, captured output."""
        now = time.monotonic()
        if not self._is_ended and isinstance(self.spool, Spool):
            self._room.keep(self.spool, self._is_all_durable, now)
        if self._pushes is not None:
            self._pushes.look(is_all_durable=self._is_all_durable(), now=now)
        with contextlib.suppress(SpoolFull):
            self._tell_output(is_last)
            if self.refusals.has_untold and (is_last or now >= self._next_refused):
                self._next_refused = now + REFUSED_EVERY_S
                self.refusals.tell(self.spool.append)

    def _tell_missing(self, blob: Blob, why: str) -> None:
        """An event goes without its file: once for people, and once for whoever reads the experiment."""
        what = f"file {blob.sha256[:12]}… ({blob.bytes:,} bytes, {blob.mime})"
        self.notices.warn(f"missing:{blob.sha256}", f"{what} is not recorded: {why}. What cites it is")
        if not self._is_ended:
            with contextlib.suppress(SpoolFull):
                data = {"what": what, "why": why, "file": blob.sha256}
                self.event(events.RECORD, record="not_recorded", step=None, epoch=None, data=data)

    def _is_all_durable(self) -> bool:
        courier = None if self.sender is None else self.sender.courier
        return courier is not None and courier.receipt is not None and not courier.unsent and not courier.undurable

    def _is_worth_waiting(self) -> bool:
        return self._pushes is not None and self._pushes.is_worth_waiting(self._ends_at - time.monotonic())

    def _tell_output(self, is_last: bool) -> None:
        if self._capture is None:
            return
        for stream, lines in self._capture.streams.items():
            taken, dropped = lines.take(is_last=is_last)
            for at in range(0, len(taken), 500) if taken or not dropped else (0,):
                masked = [self.origin.mask(line) for line in taken[at : at + 500]]
                self.event(events.CONSOLE, stream=stream, lines=masked, dropped=dropped if at == 0 else 0)

    def _show(self, parts: list[Any]) -> None:
        """Metrics on the console when nobody else shows them."""
        if (
            self.route.destination == "local"
            or self.route.staging is not None
            or (self.sender is not None and self.sender.trouble)
        ):
            self._lines.take(parts)

    def _trouble(self, kind: str, text: str) -> None:
        if kind == "again":
            self.notices.say(text)
        else:
            self.notices.warn(kind, text)

    # --- reading --------------------------------------------------------------------------------------------------

    def arrival(self) -> Callable[[], bool]:
        """A question that may be asked again: has the store accepted all that was logged before this call?

        No is the answer as well where that is not known: nothing was logged, or counting took too long.
        """
        sender = self.sender
        if sender is None or not sender.catch_up() or sender.courier is None:
            return lambda: False
        courier, end = sender.courier, sender.courier.tally.end
        return lambda: courier.sent >= end

    def numbers(self, goals: Mapping[str, str | None]) -> dict[str, Numbers]:
        """The summary of what this process has logged so far."""
        sender = self.sender
        if sender is None:
            return {}
        sender.catch_up()
        counted = sender.courier.tally.numbers if sender.courier else {}
        found = {base_of(name): numbers for name, numbers in counted.items()}
        for name, numbers in found.items():
            numbers.goal = goals.get(name)
        return found

    # --- life -----------------------------------------------------------------------------------------------------

    def capture_console(self) -> None:
        self._capture = ConsoleCapture(self.settings.console_bytes)
        self._capture.start()

    def capture_environment(self) -> None:
        """Look at code, packages and machine on a thread; what it finds becomes an event, at the latest at the end."""
        self._environment = look(self.origin, self.settings, self.event, self.put_file)

    def finish(
        self, end: dict[str, Any], error: BaseException | None, timeout_s: float | None
    ) -> ExperimentReceipt | None:
        """Tell the end, drain, and print the receipt. In a forked child: drain only, the experiment goes on."""
        if isinstance(self.spool, Asleep) or self.sender is None:
            self._is_ended = True
            if self.is_owner and self.refusals.counts:  # there never was a log
                name = f"{self.origin.name} ({self.origin.experiment_id}): nothing is recorded"
                self.notices.warn("receipt", "\n".join([name, *refused_lines(self.refusals.counts)]))
            return None
        if self._capture is not None:
            self._capture.stop()
        if self._environment is not None and self.is_owner:
            self._environment.end()
        spool, sender = self.spool, self.sender
        self.tick(is_last=True)
        if self.is_owner:
            self._tell_end(spool, end, error)
        spool.end()
        self._is_ended = True
        self._leftovers.end()
        limit = self.settings.finish_timeout_s if timeout_s is None else timeout_s
        until = self._ends_at = time.monotonic() + limit
        if sender.transport is not None:
            sender.drain(limit, impatient_s=min(limit, 5.0))
        else:
            sender.catch_up(limit)
        is_quiet_now = sender.stop()
        if is_quiet_now and sender.courier is not None:  # what could not be sent in time is counted all the same
            while sender.courier.count() and time.monotonic() < until + COUNTING_S:
                pass
        account = self._account(sender)
        spool.close(release=False)  # a rank that ends now must not take for an orphan what is about to be removed
        if is_quiet_now:
            self._let_go(sender, account)  # before the logs of others are looked for: ours would be one of them
        spool.release()
        receipt = self._receipt(sender, account, until, is_quiet_now)
        if is_quiet_now and sender.transport is not None:
            sender.transport.close()
        if self.is_owner and receipt is not None:
            if receipt.is_whole:
                self.notices.say(receipt.text())
            else:
                self.notices.warn("receipt", receipt.text())  # also when quiet: something is not where it should be
        return receipt

    def _receipt(
        self, sender: Sender, account: Account | None, until: float, is_quiet_now: bool
    ) -> ExperimentReceipt | None:
        """Of the experiment: this writer, its children that are gone, and what the destination holds of all."""
        if account is None:
            return None
        accounts, transport = [account], sender.transport
        if not (self.is_owner and self.origin.speaks and sender.has_answered and account.is_accepted):
            return receipt_of(accounts, None, onward=self._onward())
        children = self._leftovers.of_experiment(self.origin.experiment_id, _left(until))
        accounts += [child for child in children if child.writer_id != account.writer_id]
        return receipt_of(accounts, transport if is_quiet_now else None, timeout_s=_left(until), onward=self._onward())

    def _onward(self) -> str:
        """How what is not in the repo goes on its way; a pusher that is gone is started once more."""
        if self._pushes is None:
            return ""
        if not self._is_all_durable():
            self._pushes.start()
        return self._pushes.onward()

    def _tell_end(self, spool: Spool, end: dict[str, Any], error: BaseException | None) -> None:
        """The last words must get through: a full budget has a little room for them."""
        frames = last_words(self.origin, end, error)
        try:
            if spool.current.why:
                self._tell_in_spite(spool, frames)
            else:
                spool.append(frames)
        except SpoolFull:
            self._tell_in_spite(spool, frames)

    def _tell_in_spite(self, spool: Spool, frames: bytes) -> None:
        if spool.reopen(b"".join([*self.refusals.frames(), frames]), is_last=True):
            self.refusals.all_told()

    def _account(self, sender: Sender) -> Account | None:
        if sender.courier is None:
            return None
        return account_of(sender.courier, name=self.origin.name, refused=self.refusals.counts, trouble=sender.trouble)

    def _let_go(self, sender: Sender, account: Account | None) -> None:
        if sender.courier is None or account is None:
            return
        if account.is_accepted and account.is_durable and account.is_equal:
            sender.courier.remove()
        else:
            sender.courier.save(sender.trouble)

    def after_fork_in_child(self) -> None:
        """Become a writer that sleeps: its first call opens a log of its own."""
        if isinstance(self.spool, Spool):
            self.spool.abandon()
        self.spool, self.sender, self._environment = Asleep(), None, None
        self.refusals, self._waking = Refusals(), threading.RLock()
        self._room = Room(self.settings, self.refusals, self.notices)
        if self._pushes is not None:
            self._pushes.after_fork()
        if self._capture is not None:  # the parent's capture: output of children is not told apart
            self._capture.stop()
            self._capture = None


def _left(until: float) -> float:
    """Seconds that the end of a program may still take for what is good to have."""
    return max(0.5, min(until - time.monotonic(), 10.0))


def _at_end_of_child(writer: Writer) -> None:
    """Multiprocessing ends its children with os._exit, past atexit: its own finalizers are what it runs."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.Finalize(None, writer.finish, args=({}, None, writer.settings.exit_timeout_s), exitpriority=0)
