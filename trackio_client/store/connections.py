"""Connections to the SQLite file: one that writes, a few that read, and none that a fork carries along.

SQLite must not be carried through a fork: its table of locks is copied into the child, while the locks themselves stay
with the parent, so that a connection of the child, even a new one, would write without a lock that others can see.
So all connections are closed before a fork, and opened again on both sides when they are needed.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

from trackio_client.errors import StoreClosed
from trackio_client.store.schema import connect, named, prepare, retry_locked

IDLE_READERS = 8
"""Read connections kept open; a page's questions come from a pool of threads."""
SLICE_PAGES = 2048
"""Pages (4 KiB) given back in one transaction: others wait for some 10 ms."""
WAIT_S = 5.0
"""How long a fork or a close waits for transactions of other threads, which take milliseconds."""


class Connections:
    """Write and read transactions on one file, from any thread."""

    def __init__(
        self, path: Path, *, on_open: Callable[[sqlite3.Connection], None], on_rollback: Callable[[], None]
    ) -> None:
        self.path = path
        self._on_open, self._on_rollback = on_open, on_rollback
        self.notice: str | None = None
        """What people should know about the place of this file."""
        self._make_locks()
        self._writer: sqlite3.Connection | None = None
        self._idle: list[sqlite3.Connection] = []
        self._reading = 0
        self._closed = False
        with self._lock:
            self._write_connection()
        with _forking:
            _open.add(self)

    def _make_locks(self) -> None:
        self._lock = threading.RLock()
        """Held by who uses the write connection."""
        self._gate = threading.Lock()
        """Held for a moment by who takes or gives back a read connection."""
        self._readers = threading.Condition(self._gate)
        self._own = threading.local()
        self._held_for_fork: list[Any] = []

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A write transaction; others wait. Raises StoreError, and rolls back at any exception."""
        with self._lock:
            sql = self._write_connection()
            with self._errors_named():
                retry_locked(lambda: sql.execute("BEGIN IMMEDIATE"))
                try:
                    yield sql
                    sql.execute("COMMIT")
                except BaseException:
                    self._on_rollback()
                    if sql.in_transaction:
                        sql.execute("ROLLBACK")
                    raise

    def give_back(self, *, keep: float) -> bool:
        """Cut free pages off the file, but for a part of it, a slice at a time; True if there is more to do.

        What waits in the log beside the file goes into the file, as far as no reader still needs it.
        Raises StoreError.
        """
        with self._lock, self._errors_named():
            sql = self._write_connection()
            free, pages = (sql.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
            spare = int(pages * keep)
            more = bool(free > spare + (SLICE_PAGES if keep else 0))
            if more:  # a script, because one step of this pragma frees one page
                slice_ = min(SLICE_PAGES, free - spare)
                retry_locked(lambda: sql.executescript(f"PRAGMA incremental_vacuum({slice_})"))
            retry_locked(lambda: sql.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall())
            return more

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A read transaction: the store as of one commit. Raises StoreError.

        A read inside a read of the same thread sees the same commit.
        """
        outer: sqlite3.Connection | None = getattr(self._own, "reads", None)
        if outer is not None:
            yield outer
            return
        sql = self._take()
        try:
            with self._errors_named():
                retry_locked(lambda: sql.execute("BEGIN"))
                self._own.reads = sql
                try:
                    yield sql
                finally:
                    self._own.reads = None
                    if sql.in_transaction:
                        sql.execute("COMMIT")
        finally:
            self._give(sql)

    def close(self) -> None:
        """Waits for the transactions of other threads."""
        with self._lock, self._gate:
            self._closed = True
            self._close_all(WAIT_S)

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise named(error, self.path) from error

    def _write_connection(self) -> sqlite3.Connection:
        self._check_open()
        if self._writer is None:
            writer = connect(self.path, write=True)
            try:
                self.notice = prepare(writer, self.path)
                self._on_open(writer)
            except BaseException:
                writer.close()
                raise
            self._writer = writer
        return self._writer

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosed(f"the store {self.path} was closed")

    def _take(self) -> sqlite3.Connection:
        with self._readers:
            self._check_open()
            self._reading += 1
            if self._idle:
                return self._idle.pop()
        try:
            return connect(self.path, write=False)
        except BaseException:
            self._give(None)
            raise

    def _give(self, sql: sqlite3.Connection | None) -> None:
        with self._readers:
            self._reading -= 1
            self._readers.notify_all()
            if sql is None:
                return
            if len(self._idle) < IDLE_READERS and not self._closed and not sql.in_transaction:
                self._idle.append(sql)
                return
        sql.close()

    def _close_all(self, wait_s: float, *, own: int = 0) -> None:
        """Close what is open; call with the lock and the gate. Readers that do not end in time close themselves."""
        self._readers.wait_for(lambda: self._reading <= own, wait_s)
        while self._idle:
            self._idle.pop().close()
        if self._writer is not None and not self._writer.in_transaction:
            self._writer.close()
            self._writer = None

    # --- fork --------------------------------------------------------------------------------------------------

    def before_fork(self, wait_s: float) -> None:
        """Let transactions end and close all connections, so that the child has none; begin none until `after_fork`.

        A fork out of a transaction of its own thread, or beside one that takes longer, finds connections open.
        """
        held = [lock for lock in (self._lock, self._gate) if lock.acquire(timeout=wait_s)]
        if len(held) == 2:
            self._close_all(wait_s, own=1 if getattr(self._own, "reads", None) is not None else 0)
        self._held_for_fork = held

    def after_fork(self, *, in_child: bool) -> None:
        """Let transactions begin again; in the child with locks of its own."""
        if in_child:
            _carried.extend([*self._idle, *([self._writer] if self._writer else [])])
            self._idle, self._writer, self._reading = [], None, 0
            self._make_locks()
            return
        for lock in reversed(self._held_for_fork):
            lock.release()


_carried: list[sqlite3.Connection] = []
"""Of the parent, open at a fork: never touched again, because closing them would meddle with its locks."""
_open: WeakSet[Connections] = WeakSet()
_forking = threading.Lock()
"""Held during a fork, and by who opens a store."""


_is_held_for_fork = False
"""Not when this module was imported by another thread in the middle of a fork, whose first half it has missed."""


def _before_fork() -> None:
    global _is_held_for_fork
    _forking.acquire()
    _is_held_for_fork = True
    deadline = time.monotonic() + WAIT_S
    for connections in list(_open):
        connections.before_fork(max(0.0, deadline - time.monotonic()))


def _after_fork(in_child: bool) -> None:
    global _forking, _is_held_for_fork
    if not (_is_held_for_fork or in_child):
        return
    for connections in list(_open):
        connections.after_fork(in_child=in_child)
    if in_child:
        _forking = threading.Lock()  # a thread that is not here may hold it
    else:
        _forking.release()
    _is_held_for_fork = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=lambda: _after_fork(in_child=False),
        after_in_child=lambda: _after_fork(in_child=True),
    )
