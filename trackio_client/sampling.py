"""The hardware beside an experiment: read on a thread from `init` to the end, in whatever loop.

A training that knows its step better than the last `log` does, and wants to hear the readings itself (the Trainer's
callback), follows for as long as it lasts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from trackio_client.capture.ranks import ALONE

if TYPE_CHECKING:
    from trackio_client.capture.hardware import GpuFault, HardwareSampler
    from trackio_client.experiment import Experiment

LAST_READING_S = 0.5
"""Longest wait at the end for a reading in progress: a driver may hang."""


class Sampling:
    """Begins when `init` says so; never in a forked child, whose hardware is its parent's."""

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._interval_s = self._own_interval_s = 0.0
        self._sampler: HardwareSampler | None = None
        self._follower: tuple[Callable[[], int], Callable[[Mapping[str, float]], object]] | None = None

    def start(self, interval_s: float) -> None:
        """Read every `interval_s` seconds; 0 reads nothing."""
        self._own_interval_s = interval_s
        self._begin(interval_s)

    def _begin(self, interval_s: float) -> None:
        self.stop()
        self._interval_s = interval_s
        if interval_s <= 0 or self._experiment.is_finished:
            return
        from trackio_client.capture.hardware import HardwareSampler

        origin = self._experiment.origin
        sampler = HardwareSampler(
            self._heard,
            self._step,
            interval_s=interval_s,
            ranks=ALONE if origin.speaks else origin.ranks,
            on_fault=self._fault,
        )
        with contextlib.suppress(RuntimeError):  # no thread to spare: a training goes before its hardware's curves
            self._sampler = sampler.start()

    def follow(
        self,
        step: Callable[[], int],
        hear: Callable[[Mapping[str, float]], object],
        interval_s: float | None = None,
    ) -> None:
        """Log at this step from now on, and tell each reading.

        Args:
            step: the step to log at.
            hear: called on the sampler's thread with `system/…` readings, after they were logged.
            interval_s: another pace than until now; None keeps it.
        """
        self._follower = (step, hear)
        if interval_s is not None and interval_s != self._interval_s:
            self._begin(interval_s)

    def leave(self) -> None:
        """The one that followed is done: back to the experiment's own step and pace."""
        self._follower = None
        if self._interval_s != self._own_interval_s and not self._experiment.is_finished:
            self._begin(self._own_interval_s)

    def stop(self) -> None:
        """End; may be called again."""
        if self._sampler is not None:
            self._sampler.stop(LAST_READING_S)
            self._sampler = None

    def after_fork_in_child(self) -> None:
        """The thread is not here."""
        self._sampler = self._follower = None

    # --- on the sampler's thread ----------------------------------------------------------------------------------

    def _step(self) -> int:
        return max(0, self._experiment.step - 1) if self._follower is None else self._follower[0]()

    def _heard(self, readings: Mapping[str, float], step: int) -> None:
        self._experiment.log_hardware(readings, step)
        if self._follower is not None:
            self._follower[1](readings)

    def _fault(self, fault: GpuFault) -> None:
        """An Xid message, memory errors, a GPU that is lost."""
        facts = {"gpu": fault.gpu, "kind": fault.kind, "code": fault.code, "message": fault.message}
        self._experiment.mark("gpu_error", fault.title(), self._step(), **facts)
