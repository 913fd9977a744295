"""A signal that ends a process whose main thread waits in C code: a rank in a collective operation, mostly.

Python runs its handlers on the main thread, between two of its own instructions. A rank that waits for another one
inside gloo or NCCL does not come back to that, so a handler of ours would keep it from dying, until its launcher loses
patience (torchrun after 30 s) and kills it with nothing told. So a thread listens to the pipe into which Python writes
every signal at once, and when the handler has not run after a while, it ends the process in its place.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import threading
from collections.abc import Callable, Iterable

GRACE_S = 1.0
"""How long the main thread may take to come to its handler: a step of a training, not a collective that hangs."""
_ENDING = {getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)}


class BlockedMain:
    """Listens for the signals of a process.

    Args:
        is_ours: whether a signal would end the process by way of us.
        is_handled: whether the handler has begun.
        finish: tells the end; called with the signal's name.
    """

    def __init__(
        self, is_ours: Callable[[int], bool], is_handled: Callable[[], bool], finish: Callable[[str], None]
    ) -> None:
        self._is_ours, self._is_handled, self._finish = is_ours, is_handled, finish
        self._reads = self._writes = -1
        self._forking = threading.local()  # .mask: of a thread that forks, until it has

    def start(self) -> None:
        """Begin to listen, unless somebody else does (an event loop). Only from the main thread."""
        if self._writes != -1 or os.name != "posix":
            return
        reads, writes = os.pipe()
        os.set_blocking(writes, False)
        try:
            before = signal.set_wakeup_fd(writes, warn_on_full_buffer=False)
        except ValueError:  # not the main thread
            before = -1
            os.close(reads)
            os.close(writes)
            return
        if before != -1:
            signal.set_wakeup_fd(before)
            os.close(reads)
            os.close(writes)
            return
        self._reads, self._writes = reads, writes
        threading.Thread(target=self._listen, args=(reads,), name="trackio-signals", daemon=True).start()

    def before_fork(self) -> None:
        """Hold back signals until the child has let go of the pipe: one that it gets before would end the parent."""
        if self._writes != -1:
            self._forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)

    def after_fork_in_parent(self) -> None:
        """Let signals through again."""
        mask: Iterable[int] | None = getattr(self._forking, "mask", None)
        if mask is not None:
            self._forking.mask = None
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def after_fork_in_child(self) -> None:
        """The pipe is the parent's."""
        self._let_go()
        self.after_fork_in_parent()

    def _let_go(self) -> None:
        if self._writes == -1:
            return
        with contextlib.suppress(ValueError):
            held = signal.set_wakeup_fd(-1)
            if held not in (-1, self._writes):
                signal.set_wakeup_fd(held)
        for end in (self._reads, self._writes):
            with contextlib.suppress(OSError):
                os.close(end)
        self._reads = self._writes = -1

    def _listen(self, reads: int) -> None:
        while True:
            try:
                told = os.read(reads, 64)
            except OSError:
                return
            if not told:
                return
            for number in told:
                if self._is_ours(number) and not self._came_through():
                    self._end(number)

    def _came_through(self) -> bool:
        """Whether the handler has begun within the grace."""
        waited = threading.Event()
        for _ in range(20):
            if self._is_handled():
                return True
            waited.wait(GRACE_S / 20)
        return self._is_handled()

    def _end(self, number: int) -> None:
        self._finish(signal.Signals(number).name)
        ctypes.pythonapi.PyOS_setsig(number, None)  # the default again; signal.signal() is for the main thread alone
        os.kill(os.getpid(), number)
