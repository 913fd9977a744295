"""Loading what a repo holds into a store that knows of it: first what somebody asks for, then the newest."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from trackio_client.errors import HubError, NotOurs, StoreClosed, StoreError
from trackio_client.hub.files import tables
from trackio_client.hub.files.parquet import check_name
from trackio_client.hub.reading import RepoReader, together
from trackio_client.store.contract import Store
from trackio_client.store.holdings import Cold

log = logging.getLogger("trackio.hub")

KEPT_BYTES = 512 * 1024 * 1024
"""Files of the repo kept on the disk because other experiments have rows in them too."""
CLOSE_S = 10.0
"""Longest wait for a file that is on its way when the server stops; the thread ends with the process."""
PAUSE_S = 5.0
"""After a failure of the Hub or the disk."""


class Loader:
    """A thread that loads cold experiments. `want` puts some first and waits for them."""

    def __init__(self, store: Store, reader: RepoReader, *, scratch: Path | None = None) -> None:
        self._store = store
        self._reader = reader
        self._folder = Path(tempfile.mkdtemp(prefix="trackio-hub-", dir=scratch))
        self._kept: OrderedDict[str, int] = OrderedDict()
        self._changed = threading.Condition()
        self._cold: dict[str, int] = {}  # rows to load by experiment, newest first
        self._first: dict[str, None] = {}
        self._given_up: set[tuple[str, str]] = set()  # (experiment, path) of files that cannot be read
        self._stopping = False
        self._problem: str | None = None
        self._thread = threading.Thread(target=self._run, name="trackio-loader", daemon=True)

    def start(self) -> None:
        self.look()
        self._thread.start()

    def close(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)
        shutil.rmtree(self._folder, ignore_errors=True)

    def look(self) -> None:
        """Learn anew what is cold: call after `Store.adopt`."""
        cold: dict[str, int] = {}
        for entry in self._store.cold():
            if (entry.experiment_id, entry.path) not in self._given_up:
                cold[entry.experiment_id] = cold.get(entry.experiment_id, 0) + entry.rows
        with self._changed:
            self._cold = cold
            self._changed.notify_all()

    def is_cold(self, experiments: Iterable[str]) -> bool:
        """Whether rows of any of these are still to be loaded. Costs nothing when nothing is cold."""
        cold = self._cold
        return bool(cold) and any(name in cold for name in experiments)

    def want(self, experiments: Collection[str], *, wait_s: float) -> bool:
        """Load these first and wait; whether they are loaded."""
        if not self.is_cold(experiments):
            return True
        until = time.monotonic() + wait_s
        with self._changed:
            self._first |= {name: None for name in experiments if name in self._cold}
            self._changed.notify_all()
            while any(name in self._cold for name in experiments) and not self._stopping:
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
            return not self._stopping

    def load_all(self, experiments: Collection[str] | None = None) -> None:
        """Load these (or everything) now, on this thread. Raises HubErrors, StoreErrors."""
        self.look()
        for name in [name for name in self._cold if experiments is None or name in experiments]:
            self._load(name)

    def status(self) -> dict[str, Any]:
        """How much is still to be loaded."""
        cold = self._cold
        return {"experiments": len(cold), "rows": sum(cold.values()), "problem": self._problem}

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while (name := self._next()) is not None:
            try:
                self._load(name)
                self._problem = None
            except StoreClosed:
                return
            except (HubError, StoreError, OSError) as error:
                self._problem = str(error)
                log.warning("loading from the Hub waits: %s", error)
                self._pause()
            except Exception:  # a thread's outermost loop: everything else is served
                log.exception("experiment %s could not be loaded from the Hub", name)
                self._problem = f"experiment {name} could not be loaded; the server's log says why"
                self._pause()

    def _next(self) -> str | None:
        with self._changed:
            while not self._stopping:
                while self._first:
                    name = next(iter(self._first))
                    del self._first[name]
                    if name in self._cold:
                        return name
                if self._cold:
                    return next(iter(self._cold))
                self._changed.wait()
            return None

    def _pause(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping, PAUSE_S)

    def _load(self, name: str) -> None:
        for _ in range(3):  # a compaction may have replaced the files since they were listed
            entries = [e for e in self._store.cold([name]) if (name, e.path) not in self._given_up]
            missing = self._load_files(entries)
            if not missing:
                break
            latest = self._reader.latest
            if latest is not None:
                head = self._reader.target.head()
                index = self._reader.index(head.commit)
                self._store.adopt(self._reader.adopted(index, [name]))
            if {entry.path for entry in self._store.cold([name])} >= set(missing):
                for path, error in missing.items():
                    self._give_up(name, path, error)
        self.look()

    def _load_files(self, entries: list[Cold]) -> dict[str, NotOurs]:
        """Load these entries; the files that are not there, or cannot be read."""
        latest = self._reader.latest
        if latest is None or not entries:
            return {}
        missing: dict[str, NotOurs] = {}

        def fetched(entry: Cold) -> tuple[Path | None, NotOurs | None]:
            try:
                return self._fetch(entry.path, latest.commit), None
            except NotOurs as error:
                return None, error

        for start in range(0, len(entries), 8):
            some = entries[start : start + 8]
            for entry, (file, error) in zip(some, together(fetched, some), strict=True):
                if file is None:
                    assert error is not None
                    missing[entry.path] = error
                    continue
                try:
                    self._load_file(entry, file)
                except NotOurs as unread:
                    self._give_up(entry.experiment_id, entry.path, unread)
                    file.unlink(missing_ok=True)
                    self._kept.pop(entry.path, None)
            self._tidy()
        return missing

    def _load_file(self, entry: Cold, file: Path) -> None:
        about: dict[str, Any] = {"experiment_id": entry.experiment_id, "name": entry.path}
        if entry.path.startswith("events/"):
            self._store.load(entry, (), tables.read_events(file, entry.windows, **about))
        else:
            self._store.load(entry, tables.read_metrics(file, entry.windows, **about), ())

    def _give_up(self, name: str, path: str, error: NotOurs) -> None:
        """Name a file that cannot be read and go on without it: all else is served."""
        self._given_up.add((name, path))
        self._reader.not_ours[path] = error.reason
        log.error("%s cannot be read (%s): rows of experiment %s are missing", path, error.reason, name)

    def _fetch(self, path: str, commit: str) -> Path:
        file = self._folder / path.replace("/", "_")
        if not file.exists():
            part = file.with_suffix(f".{threading.get_ident()}.part")
            try:
                self._reader.target.fetch(path, commit, part)
                check_name(path, part)
                part.replace(file)
            finally:
                part.unlink(missing_ok=True)
        self._kept[path] = file.stat().st_size
        self._kept.move_to_end(path)
        return file

    def _tidy(self) -> None:
        while self._kept and sum(self._kept.values()) > KEPT_BYTES:
            path, _ = self._kept.popitem(last=False)
            (self._folder / path.replace("/", "_")).unlink(missing_ok=True)
