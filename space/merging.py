"""Merges the store while nothing else is to be done."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from trackio_client.errors import DeliveryError, HubError, StoreClosed, StoreError
from trackio_client.store.binning import BIN_DAYS, free_due, goes_at_s
from trackio_client.store.contract import Store
from trackio_client.store.numbering import number

log = logging.getLogger("trackio.merging")

OTHERS_S = 20.0
"""Between looks without a sign of our own writer: other processes may write to the same file."""
SETTLE_S = 0.5
"""After a write, before merging: a flood is merged in larger pieces."""
COLLECT_S = 3600.0
"""Between looks for files that nobody cites."""
FREE_S = 600.0
"""Between looks for what was in the bin for seven days."""
BUDGET_S = 0.05
PAUSE_S = 0.05
"""Between pieces: half of a core at most, and the writer gets its turn."""


class Merging:
    """A thread that calls `store.merge()` after writes. It sleeps when there is nothing to do."""

    def __init__(
        self,
        store: Store,
        written: threading.Event,
        unnumbered: set[str] | None = None,
        look: Callable[[], object] = lambda: None,
    ) -> None:
        self._store = store
        self._look = look
        """Takes in what others pushed to the repo, if there is one. Raises HubErrors."""
        self._next_free = 0.0
        self._unnumbered = set() if unnumbered is None else unnumbered
        """Projects with artifacts that came: others add to it."""
        self._written = written
        self._stop = threading.Event()
        self._next_collect = time.monotonic() + COLLECT_S
        self._thread = threading.Thread(target=self._run, name="trackio-merging", daemon=True)

    def start(self) -> None:
        self._unnumbered |= {project for project, _, _ in self._store.projects()}  # what a kill left without a version
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._written.set()
        self._thread.join()

    def _collect(self) -> None:
        """Files whose event never came, or whose experiment is gone."""
        if time.monotonic() < self._next_collect:
            return
        self._next_collect = time.monotonic() + COLLECT_S
        try:
            self._store.collect()
        except (StoreError, OSError) as error:
            log.warning("files that nobody cites stay: %s", error)

    def _free(self) -> None:
        """What was in the bin for seven days. The repo is read before: somebody may have restored it there."""
        if time.monotonic() < self._next_free:
            return
        self._next_free = time.monotonic() + FREE_S
        try:
            if any((goes_at_s(record) or 0) < time.time() for record in self._store.experiments(binned=True)):
                self._look()
                for experiment_id in free_due(self._store, time.time()):
                    log.info("%s was in the bin for %d days and is freed", experiment_id, BIN_DAYS)
        except (StoreError, DeliveryError, HubError, OSError) as error:
            log.warning("what is due in the bin stays: %s", error)

    def _number(self) -> None:
        """Artifacts that came get their versions."""
        for project in list(self._unnumbered):
            self._unnumbered.discard(project)
            try:
                number(self._store, project)
            except (StoreError, DeliveryError) as error:
                self._unnumbered.add(project)
                log.info("artifacts of project %s wait for their versions: %s", project, error)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._free()
            self._written.wait(OTHERS_S)
            self._collect()
            if self._stop.wait(SETTLE_S):
                return
            self._written.clear()
            try:
                self._number()
                while self._store.merge(budget_s=BUDGET_S):
                    if self._stop.wait(PAUSE_S):
                        return
            except StoreClosed:
                return
            except StoreError as error:
                log.warning("merging waits: %s", error)
                self._stop.wait(OTHERS_S)
            except Exception:  # a thread's outermost loop: data are safe unmerged, charts only slower
                log.exception("merging failed; it is tried again")
                self._stop.wait(OTHERS_S)
