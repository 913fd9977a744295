"""The pusher beside a trainer: started, started again when it is gone, and what stands in its way said once."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from trackio_client.delivery.staging import STOPPED, PusherState, Staging, start_pusher
from trackio_client.settings import Settings

if TYPE_CHECKING:
    import subprocess

LOOK_EVERY_S = 1.0
"""Between looks at what the pusher says: a file of 500 bytes."""
AGAIN_S = (10.0, 600.0)
"""First and longest wait before another pusher is started. One that gave up is not a reason to start many."""
STEADY_S = 60.0
"""A pusher that has run for so long was no bad start."""
START_S = 20.0
"""What a pusher may take from its start to its first word: two slow cores import pyarrow for some seconds."""

NOTICE_S = 3.0
"""What a pusher may take to notice that an experiment has ended."""


class Pushes:
    """Used by the sender's thread while training goes on, and by `finish` afterwards."""

    def __init__(self, staging: Staging, settings: Settings, on_trouble: Callable[[str, str], None]) -> None:
        self.staging = staging
        self._settings = settings
        self._on_trouble = on_trouble
        self._started: subprocess.Popen[bytes] | None = None
        self._started_at = -START_S
        self._next_look = self._next_start = 0.0
        self._pause_s = AGAIN_S[0]
        self._state: PusherState | None = None
        self._has_trouble = False
        self._since_s = time.time()
        self._waits_since: float | None = None

    def look(self, *, is_all_durable: bool, now: float | None = None) -> None:
        """See to it that a pusher runs while there is something to push."""
        now = time.monotonic() if now is None else now
        if now < self._next_look:
            return
        self._next_look = now + LOOK_EVERY_S
        self._state = self.staging.pusher()
        if self._state is not None:
            self._tell(self._state.problem)
            if self._state.started_s and time.time() > self._state.started_s + STEADY_S:
                self._pause_s = AGAIN_S[0]
            return
        last = self.staging.state()
        if last is not None and last.problem and last.said_s > self._since_s:  # one of our time, that gave up
            self._tell(last.problem)
        if not is_all_durable and now >= self._next_start:
            self.start(now)

    def start(self, now: float | None = None) -> None:
        """Start a pusher, if none runs."""
        now = time.monotonic() if now is None else now
        self._next_start, self._pause_s = now + self._pause_s, min(self._pause_s * 2, AGAIN_S[1])
        if self._is_starting() or not self.staging.is_free():
            return
        last = self.staging.state()
        if last is not None and last.ended == STOPPED and last.said_s > self._since_s:
            return  # by somebody who means it
        try:
            self._started = start_pusher(self.staging, self._settings)
        except OSError as error:
            self._trouble("pusher", f"the process that pushes to {self.staging.destination} cannot be started: {error}")
            return
        if self._started is None:
            self._trouble("pusher", f"no process can be started here that pushes to {self.staging.destination}")
        self._started_at = now

    def is_worth_waiting(self, left_s: float) -> bool:
        """Whether what waits may be in the repo within so many seconds, as far as the pusher tells."""
        state = self.staging.pusher()
        now = time.monotonic()
        if self._waits_since is None:
            self._waits_since = now
        if state is None:
            return self._is_starting()
        if state.problem is not None:
            self._tell(state.problem)
            return False
        if now < self._waits_since + NOTICE_S:
            return True
        since = max(0.0, time.time() - state.said_s)
        return state.next_in_s is None or state.next_in_s - since <= left_s

    def onward(self) -> str:
        """How what is not in the repo yet gets there, in words."""
        state = self.staging.pusher()
        if state is not None and state.pid:
            if state.problem:
                return f"its push waits (pid {state.pid}): `trackio-client status` says for what"
            return f"the push goes on in the background (pid {state.pid})"
        if state is not None or self._is_starting():
            return "the push goes on in the background"
        return "to push it: trackio-client sync"

    def _is_starting(self) -> bool:
        """It takes the lock before the process that was started ends: from then on the lock tells."""
        return (
            self._started is not None and self._started.poll() is None and time.monotonic() < self._started_at + START_S
        )

    def after_fork(self) -> None:
        """In a child: what the parent started is not ours to wait for."""
        self._started = None

    def _tell(self, problem: str | None) -> None:
        if problem:
            self._has_trouble = True
            kind = "push:" + re.sub(r"\d+", "", problem)[:40]
            self._trouble(kind, f"{problem.rstrip('.')}. Training goes on; `trackio-client status` tells more")
        elif self._has_trouble:
            self._has_trouble = False
            self._on_trouble("again", f"the push to {self.staging.destination} goes on again")

    def _trouble(self, kind: str, text: str) -> None:
        kept = f"Everything is kept in {self.staging.directory}"
        self._on_trouble(kind, f"{self.staging.destination}: {text}. {kept}")
