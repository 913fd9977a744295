"""What goes wrong while a training is recorded: told once, counted, and never the end of the training."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass
from typing import Any

from trackio_client.integrations.edge import swallowing
from trackio_client.integrations.transformers.groups import Run

_log = logging.getLogger("trackio_client")
_TRACE_CHARACTERS = 4_000


def _add(callback: Any, method: str, error: Exception) -> None:
    callback.faults.add(f"TrackioCallback.{method}", error, callback.run)


never_stops_training = swallowing(_add)
"""A decorator: log what goes wrong in a callback with its type and place, once a kind, and let the training go on."""


@dataclass
class Fault:
    """Something that went wrong while recording: where, how often, and what it said the first time."""

    where: str
    error: str
    message: str
    trace: str
    count: int = 1
    told: int = 0

    def data(self) -> dict[str, Any]:
        return {
            "where": self.where, "error": self.error, "message": self.message, "trace": self.trace, "count": self.count,
        }  # fmt: skip


class Faults:
    """Each kind of fault once: in the log at once, on the experiment as soon as there is one."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Fault] = {}
        self._said: set[tuple[str, str]] = set()

    @property
    def count(self) -> int:
        return sum(fault.count for fault in self.found.values())

    def add(self, where: str, error: BaseException, run: Run | None, *, what: str = "Training goes on") -> None:
        key = (where, type(error).__name__)
        if (known := self.found.get(key)) is not None:
            known.count += 1
            return
        trace = "".join(traceback.format_exception(error))[-_TRACE_CHARACTERS:]
        self.found[key] = Fault(where, type(error).__name__, str(error)[:1000], trace)
        if (said := (type(error).__name__, str(error))) not in self._said:  # one cause may be met in several places
            self._said.add(said)
            _log.warning("%s met %s: %s. %s", where, *said, what, exc_info=error)
        self.tell(run)

    def tell(self, run: Run | None) -> None:
        """Record what is not yet on the experiment; at the end also how often each was met."""
        if run is None:
            return
        for fault in self.found.values():
            if fault.told == fault.count:
                continue
            fault.told = fault.count
            try:
                run.record("fault", fault.data())
            except Exception as error:  # what tells of faults must not be one that stops a training
                _log.warning("a fault of %s cannot be recorded: %s: %s", fault.where, type(error).__name__, error)
