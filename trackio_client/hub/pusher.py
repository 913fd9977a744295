"""Brings what the trainers of this machine logged for a dataset repo there, in a process of its own.

    python -m trackio_client.hub.pusher --repo owner/name

A trainer starts it (delivery/staging.py) and need not live for it to go on. One runs for each folder and repo. It
pushes every few minutes and soon after an experiment ended, takes over the logs that killed trainers left, and ends
when all is in the repo and nobody logs any more, when nothing has moved for 15 minutes, or by SIGTERM (`trackio-client
status --stop`), after the commit that is on its way. Killed at any moment it has lost nothing: the next one reads the
repo's head first.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import logging
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from trackio_client.delivery.address import repo_of
from trackio_client.delivery.locks import FileLock
from trackio_client.delivery.replay import living, sync, waits
from trackio_client.delivery.staging import STOPPED, PusherState, Staging, StagingTransport
from trackio_client.errors import MissingExtra, TrackioError
from trackio_client.settings import Settings, settings_from

if TYPE_CHECKING:
    from trackio_client.hub.replicator import Replicator
    from trackio_client.hub.target import Target
    from trackio_client.store.sqlite import SqliteStore

LOOK_S = 0.5
"""Between looks at the store and at who lives."""
SAY_S = 5.0
"""Between writings of the state file when nothing changed but the time."""
IDLE_S = 30.0
"""How long it stays when all is in the repo and nobody logs: the next short training needs no other one."""
STUCK_S = 900.0
"""Without progress it ends: a token that may not write, a repo that is gone. The next process or `sync` tries again."""
log = logging.getLogger("trackio.hub")


class Pusher:
    """One run of a pusher. It holds the lock of its folder; nobody else pushes from there.

    Args:
        staging: the folder.
        settings: of this machine.
        target: the repo.
        stop: set by a signal: finish the commit that is on its way, and end.
        clock: seconds, monotonic.
        idle_s: see IDLE_S.
        stuck_s: see STUCK_S.
    """

    def __init__(
        self,
        staging: Staging,
        settings: Settings,
        target: Target,
        *,
        stop: threading.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
        idle_s: float = IDLE_S,
        stuck_s: float = STUCK_S,
    ) -> None:
        self.staging, self.settings, self.target = staging, settings, target
        self.stop = stop or threading.Event()
        self.state = PusherState(repo=staging.repo, pid=os.getpid(), started_s=time.time())
        self._clock, self._idle_s, self._stuck_s = clock, idle_s, stuck_s
        self._said_at, self._looked_s = -SAY_S, 0.0

    def run(self) -> str:
        """Push until there is a reason to end; the reason."""
        from trackio_client.hub.files.views import Views
        from trackio_client.hub.replicator import Replicator

        self.say()
        store = self.staging.open()
        replicator = Replicator(
            store,
            self.target,
            origin=origin_of(store.incarnation),
            interval_s=self.settings.push_interval_s,
            views=Views(),
        )
        replicator.start()
        why = "it was killed"
        try:
            why = self._watch(store, replicator)
        finally:
            replicator.close(push=False)
            self._learn(store, replicator)
            self.state = replace(self.state, ended=why)
            self.say()
            store.close()
        return why

    def _watch(self, store: SqliteStore, replicator: Replicator) -> str:
        """Until the end: who lives, what they left, how the push gets on."""
        moved_at = idle_since = self._clock()
        alive, behind, seen = -1, 0, ("", False)
        while not self.stop.wait(LOOK_S):
            now = self._clock()
            was_alive, alive = alive, living(self.settings.spool_path, self.staging.destination)
            was_behind, behind = behind, self._learn(store, replicator)
            was_seen, seen = seen, (self.state.commit or "", replicator.is_ready)
            has_moved = behind < was_behind or seen[1] != was_seen[1]  # another machine's commit is no progress here
            # Somebody is gone; or what the gone left is in the repo now; or it is known now what the repo holds.
            if (alive != was_alive or has_moved or seen != was_seen) and waits(
                self.settings.spool_path, self.staging.destination
            ):
                self._take_over(store)
                behind = self._learn(store, replicator)
            is_behind = behind > 0 or replicator.is_behind()  # a deletion is no event, and must get there as well
            if has_moved or not is_behind:
                moved_at = now
            if is_behind or alive:
                idle_since = now
            if (behind and not alive and was_alive) or self._is_asked():  # nobody logs any more: why wait?
                replicator.ask()
            if now >= idle_since + self._idle_s:
                return "everything is in the repo, and nobody logs to it here"
            if now >= moved_at + self._stuck_s:
                return f"nothing moved for {self._stuck_s / 60:.0f} minutes"
            if not behind:
                store.merge(budget_s=0.05)
        return STOPPED

    def _is_asked(self) -> bool:
        try:
            self.staging.ask_path.unlink()
        except OSError:
            return False
        return True

    def _take_over(self, store: SqliteStore) -> None:
        """Append the logs that dead trainers left, and let go of those that are in the repo."""
        destination = self.staging.destination

        def transport_for(where: str) -> _Kept | None:
            return _Kept(self.staging, store) if where == destination else None

        receipts = sync(self.settings.spool_path, transport_for, timeout_s=30.0, should_stop=self.stop.is_set)
        for receipt in receipts:
            log.info("%s", receipt.text())

    def _learn(self, store: SqliteStore, replicator: Replicator) -> int:
        """Take the replicator's status into the state file; how many frames are not in the repo."""
        told: dict[str, Any] = replicator.status()
        ago, looked_ago = told["committed_ago_s"], told["looked_ago_s"]
        fresh = replace(
            self.state,
            ready=store.incarnation if told["ready"] else self.state.ready,
            looked_s=self.state.looked_s if looked_ago is None else time.time() - looked_ago,
            commit=told["commit"],
            committed_s=self.state.committed_s if ago is None else round(time.time() - ago, 0),
            events=told["behind_events"],
            values=told["behind_values"],
            next_in_s=told["next_in_s"],
            problem=told["problem"],
        )
        is_new = _facts(fresh) != _facts(self.state) or fresh.looked_s > self._looked_s + 0.5
        self.state = fresh
        if is_new or self._clock() >= self._said_at + SAY_S:
            self.say()
        return fresh.events

    def say(self) -> None:
        """Write the state file."""
        self._said_at, self._looked_s = self._clock(), self.state.looked_s
        self.state = replace(self.state, said_s=time.time())
        with contextlib.suppress(OSError):  # a full disk: the push goes on
            self.state.write(self.staging.state_path)


def _facts(state: PusherState) -> PusherState:
    """What is worth writing at once: all but what time changes."""
    return replace(state, next_in_s=None, said_s=0.0, committed_s=None, looked_s=0.0)


class _Kept(StagingTransport):
    """On the pusher's own store, which outlives the transport."""

    def close(self) -> None: ...


def origin_of(incarnation: str) -> str:
    """A folder's mark in the titles of commits: the same until its store is wiped."""
    return re.sub(r"[^A-Za-z0-9]", "", incarnation)[:12] or "client"


# --- the process -------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a pusher. 0 when it ended as it should, or another one is at work; 1 when it gave up."""
    parser = argparse.ArgumentParser(prog="python -m trackio_client.hub.pusher", description="Push to a dataset repo.")
    parser.add_argument("--repo", required=True, help="owner/name")
    parser.add_argument("--detach", action="store_true", help="go on in the background, as nobody's child")
    asked = parser.parse_args(arguments)
    settings = settings_from(forgives=True)
    staging = Staging.of(settings.directory, repo_of(asked.repo))
    lock = staging.lock()
    if lock is None:
        return 0
    if asked.detach and hasattr(os, "fork") and os.fork():
        os._exit(0)  # whoever started this process knows now that it runs, and need not wait for it ever
    return _push(staging, settings, lock)


def _push(staging: Staging, settings: Settings, lock: FileLock) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # addresses of the Hub's storage are signed: not for a log
    stop = threading.Event()
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop.set())
    log.info("pid %d pushes %s to %s", os.getpid(), staging.store_path, staging.destination)
    pusher = None
    try:
        for package in ("huggingface_hub", "pyarrow"):
            if importlib.util.find_spec(package) is None:
                raise MissingExtra("the push to a dataset repo", package, "hub")
        from trackio_client.hub.dataset import HubDataset

        pusher = Pusher(staging, settings, HubDataset(staging.repo, token=settings.hub_token), stop=stop)
        why = pusher.run()
        log.info("pid %d ended: %s", os.getpid(), why)
        return 1 if pusher.state.events else 0
    except (TrackioError, ImportError, OSError) as error:
        log.error("pid %d ended: %s", os.getpid(), error)
        state = PusherState(repo=staging.repo, pid=os.getpid(), said_s=time.time()) if pusher is None else pusher.state
        with contextlib.suppress(OSError):
            replace(state, problem=str(error), ended=f"{type(error).__name__}").write(staging.state_path)
        return 1
    finally:
        lock.release()


if __name__ == "__main__":
    sys.exit(main())
