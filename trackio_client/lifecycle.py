"""The ends of a process: exit without `finish`, exceptions, signals, forks. And which experiments are open in it."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from trackio_client.blocked import BlockedMain
from trackio_client.forking import watch_forks

if TYPE_CHECKING:
    from trackio_client.configuration import Config
    from trackio_client.experiment import Experiment


class _Process:
    """The experiments of this process. One instance: a process has one end."""

    def __init__(self) -> None:
        self.live: list[Experiment] = []
        self.current: Experiment | None = None
        self.monitor: Any = None
        """The Monitor that was made last, or that `set_monitor` was given."""
        self._early_config: Config | None = None
        self.assigned: dict[str, Any] | None = None
        """What a sweep gives to the next `init`: config, group, project."""
        self.error: BaseException | None = None
        self.exit_code: int | None = None
        self.signal: str | None = None
        self._is_watching = False
        self._previous: dict[int, Any] = {}
        self._ending = threading.RLock()  # reentrant: the signal may come while the end is told
        self._blocked = BlockedMain(self._dies_by_us, lambda: self.signal is not None, self._ended_while_blocked)

    @property
    def early_config(self) -> Config:
        """What a program set before its first `init`, which takes it."""
        if self._early_config is None:
            from trackio_client.configuration import Config

            self._early_config = Config()
        return self._early_config

    def take_early_config(self) -> dict[str, Any]:
        """What was set before `init`, once."""
        taken, self._early_config = self._early_config, None
        return {} if taken is None else taken.as_dict()

    def add(self, experiment: Experiment) -> None:
        """The newest is the current one. The first one makes us watch for the end."""
        if not self._is_watching:
            self._is_watching = True
            self._watch()
        if not experiment.is_disabled:  # it has no end to tell
            self._watch_signals()
        self.live = [other for other in self.live if not other.is_finished]
        self.live.append(experiment)
        self.current = experiment

    def remove(self, experiment: Experiment) -> None:
        self.live = [other for other in self.live if other is not experiment]

    # --- how it ends ----------------------------------------------------------------------------------------------

    def finish_all(self) -> None:
        """Finish what is open, newest first, with the state that the evidence tells.

        Who comes while another thread is at it waits for it: the process must not die meanwhile.
        """
        with self._ending:
            self._finish_all()

    def _finish_all(self) -> None:
        for experiment in reversed(self.live.copy()):
            timeout_s = experiment.exit_timeout_s
            if self.signal is not None:
                experiment.finish("interrupted", signal=self.signal, timeout_s=timeout_s)
            elif isinstance(self.error, KeyboardInterrupt):
                experiment.finish("interrupted", signal="SIGINT", error=self.error, timeout_s=timeout_s)
            elif self.error is not None:
                experiment.finish("failed", exit_code=1, error=self.error, timeout_s=timeout_s)
            elif self.exit_code:
                experiment.finish("failed", exit_code=self.exit_code, timeout_s=timeout_s)
            else:
                experiment.finish("finished", exit_code=0, timeout_s=timeout_s)
        self.live = []
        if isinstance(self.error, KeyboardInterrupt):
            # Python remembers an unhandled ctrl-C in a flag, to die of SIGINT as shells want; any exec() of a text
            # since then (every dataclass does one) has cleared it. An exec() that ends in one sets it again.
            with contextlib.suppress(KeyboardInterrupt):
                exec("raise KeyboardInterrupt")

    def _watch(self) -> None:
        atexit.register(self.finish_all)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._blocked.before_fork,
                after_in_parent=self._blocked.after_fork_in_parent,
                after_in_child=self._forked,
            )
        watch_forks()
        before_hook, before_exit = sys.excepthook, sys.exit

        def on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
            self.error = error
            before_hook(kind, error, trace)

        def on_exit(status: Any = None, /) -> Any:  # atexit is not told the code; this is the only place that knows it
            self.exit_code = status if isinstance(status, int) else 0 if status is None else 1
            before_exit(status)

        sys.excepthook = on_exception
        sys.exit = on_exit

    def _watch_signals(self) -> None:
        """Signals that end a process by default end it by way of us; a handler of the user's keeps its say."""
        if threading.current_thread() is not threading.main_thread():
            return
        for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
            number = getattr(signal, name, None)
            if number is None:
                continue
            previous = signal.getsignal(number)
            if previous in (signal.SIG_IGN, None) or getattr(previous, "__func__", None) is _Process._on_signal:
                continue
            self._previous[number] = previous
            with contextlib.suppress(ValueError, OSError):
                signal.signal(number, self._on_signal)
        self._blocked.start()

    def _ended_while_blocked(self, name: str) -> None:
        """On the thread that listens for signals: the main thread waits in C code and does not come to its handler."""
        self.signal = name
        self.finish_all()

    def _dies_by_us(self, number: int) -> bool:
        return number in self._previous and not callable(self._previous[number])

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.signal = signal.Signals(number).name
        previous = self._previous.get(number, signal.SIG_DFL)
        if callable(previous):
            previous(number, frame)  # it may end the process, or set a flag and go on: then the end is told at exit
            return
        self.finish_all()
        signal.signal(number, signal.SIG_DFL)  # and die of it, so that whoever waits sees the true reason
        os.kill(os.getpid(), number)

    def _forked(self) -> None:
        self._ending = threading.RLock()
        self._blocked.after_fork_in_child()
        for experiment in self.live:
            experiment.after_fork_in_child()


process = _Process()
