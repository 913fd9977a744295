"""Pushing what waits in a folder now, in this process: what `trackio-client sync` does."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from dataclasses import replace

from trackio_client.delivery.staging import PusherState, Staging
from trackio_client.errors import HubAway, HubBusy, HubError, HubMoved
from trackio_client.hub.files.views import Views
from trackio_client.hub.pusher import origin_of
from trackio_client.hub.replicator import Replicator
from trackio_client.hub.target import Target
from trackio_client.store.sqlite import SqliteStore

PAUSE_S = (1.0, 30.0)
"""First and longest wait between tries while the Hub does not answer."""


def catch_up(
    staging: Staging,
    target: Target,
    *,
    until: float,
    experiments: Collection[str] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> str | None:
    """Push until nothing waits; why something still does, or None.

    Where a pusher is at work it is asked to push, and waited for.

    Args:
        staging: the folder.
        target: its repo.
        until: on `clock`: when to give up.
        experiments: only these.
        should_stop: asked twice a second.
        sleep: waits some seconds.
        clock: seconds, monotonic.
    """
    store = staging.open()
    try:
        while _behind(store, experiments):
            if should_stop():
                return "it was stopped"
            if clock() >= until:
                return _why(staging)
            lock = staging.lock()
            if lock is None:
                staging.ask()
                state = staging.pusher()
                if state is not None and state.problem and clock() >= until - 1.0:
                    return state.problem
                sleep(0.5)
                continue
            try:
                return _push(staging, store, target, until, experiments, should_stop, sleep, clock)
            finally:
                lock.release()
        return None
    finally:
        store.close()


def read_head(staging: Staging, target: Target) -> str | None:
    """Make known to the store here what the repo holds; why that could not be, or None.

    A store that was wiped wants events first that its writers have let go of: the repo has them.
    """
    lock = staging.lock()
    if lock is None:
        return _why(staging)  # the pusher at work reads it
    store = staging.open()
    try:
        replicator = Replicator(store, target, origin=origin_of(store.incarnation))
        try:
            replicator.refresh()
        except HubError as error:
            return str(error)
        _note(staging, store, replicator, None)
        return None
    finally:
        store.close()
        lock.release()


def _push(
    staging: Staging,
    store: SqliteStore,
    target: Target,
    until: float,
    experiments: Collection[str] | None,
    should_stop: Callable[[], bool],
    sleep: Callable[[float], None],
    clock: Callable[[], float],
) -> str | None:
    replicator = Replicator(store, target, origin=origin_of(store.incarnation), views=Views())
    problem, pause = None, PAUSE_S[0]
    while not should_stop():
        wait = pause
        try:
            done = replicator.flush(experiments=experiments)
            if done.is_all:
                problem = "; ".join(done.not_pushed) or None
                break
            problem, wait = "the repo has had as many commits within an hour as it should take", done.wait_s
            pause = PAUSE_S[0]
        except HubError as error:
            problem = str(error)
            if not isinstance(error, HubAway | HubBusy | HubMoved):
                break
            wait, pause = getattr(error, "retry_after_s", pause), min(pause * 2, PAUSE_S[1])
        if clock() + wait >= until:
            problem = f"{problem.rstrip('.')}. The next try would be in {wait:.0f} s"
            break
        _rest(wait, should_stop, sleep, clock)
    _note(staging, store, replicator, problem)
    return problem


def _note(staging: Staging, store: SqliteStore, replicator: Replicator, problem: str | None) -> None:
    """Leave in the state file what a pusher would have."""
    told = replicator.status()
    now = time.time()
    before = staging.state() or PusherState(repo=staging.repo)
    replace(
        before,
        pid=os.getpid(),
        said_s=now,
        ready=store.incarnation if told["ready"] else before.ready,
        looked_s=before.looked_s if told["looked_ago_s"] is None else now - told["looked_ago_s"],
        commit=told["commit"] or before.commit,
        committed_s=before.committed_s if told["committed_ago_s"] is None else now - told["committed_ago_s"],
        events=told["behind_events"],
        values=told["behind_values"],
        next_in_s=None,
        problem=problem,
        ended="sync is done",
    ).write(staging.state_path)


def _rest(
    seconds: float, should_stop: Callable[[], bool], sleep: Callable[[float], None], clock: Callable[[], float]
) -> None:
    until = clock() + seconds
    while clock() < until and not should_stop():
        sleep(min(0.5, max(0.0, until - clock())))


def _behind(store: SqliteStore, experiments: Collection[str] | None) -> bool:
    return any(experiments is None or h.experiment_id in experiments for h in store.holdings(behind=True))


def _why(staging: Staging) -> str:
    state = staging.pusher()
    if state is None:
        return "there was not enough time"
    said = f": {state.problem}" if state.problem else ""
    return f"pid {state.pid} is pushing it{said}"
