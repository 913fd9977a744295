"""Experiment: one execution of a training or evaluation, from `init` to `finish`.

What is told by calls stands beside it: `log` in log_calls.py, `define_metric` in define_calls.py, artifacts in
artifact_calls.py, and what W&B and Trackio call it in run_names.py.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from trackio_client.artifact_calls import ArtifactCalls
from trackio_client.blobs import DEFAULT_MIME, Blob
from trackio_client.configuration import Config
from trackio_client.define_calls import DefineCalls
from trackio_client.defining import Definitions, StepSync
from trackio_client.errors import SpoolFull, UsageError
from trackio_client.file_calls import FileCalls
from trackio_client.log_calls import LogCalls
from trackio_client.notices import Notices
from trackio_client.origin import Origin
from trackio_client.run_names import RunNames
from trackio_client.sampling import Sampling
from trackio_client.summarizing import Summary
from trackio_client.values import jsonable
from trackio_client.wire import events
from trackio_client.writer import Writer

_OF_SIGNALS: Final = {129: "SIGHUP", 130: "SIGINT", 143: "SIGTERM"}
"""Exit codes with which a program says, from a handler of its own, that it was asked to end: 128 and the signal."""


class Experiment(LogCalls, DefineCalls, ArtifactCalls, FileCalls, RunNames):
    """What `init` returns. `log` may be called from any thread; a forked child becomes a writer of its own."""

    def __init__(self, origin: Origin, writer: Writer, notices: Notices, *, first_step: int = 0) -> None:
        self.origin = origin
        self.notices = notices
        self.is_finished = False
        self.is_disabled = False
        """Whether nothing is recorded (mode "disabled")."""
        self.dropped = 0
        """Errors of our own that were swallowed so that training goes on."""
        self._writer = writer
        self._next_step = first_step
        self._steps = threading.RLock()  # reentrant: a signal handler may log while this thread takes a step
        self.config = Config(origin.config, self._config_changed)
        self.summary = Summary(lambda: self._writer.numbers(self._goals), self._summary_changed)
        self._goals: dict[str, str | None] = {}
        self._definitions = Definitions()
        self._step_sync: StepSync | None = None
        self._ending = threading.RLock()
        self.hardware = Sampling(self)

    # --- who it is ------------------------------------------------------------------------------------------------

    @property
    def experiment_id(self) -> str:
        return self.origin.experiment_id

    @property
    def url(self) -> str | None:
        """Where to watch it; None when there is no Space."""
        return self._writer.route.page_of(self.origin)

    @property
    def destination(self) -> str:
        """Where events go: "local", a Space's address, or hf://datasets/owner/name."""
        return self._writer.route.destination

    @property
    def step(self) -> int:
        """The step that the next `log` without one gets."""
        return self._next_step

    def __str__(self) -> str:
        return self.origin.experiment_id

    def __repr__(self) -> str:
        return f"<Experiment {self.name!r} ({self.experiment_id}) in project {self.project!r}>"

    # --- more to tell ---------------------------------------------------------------------------------------------

    def event(self, kind: str, **fields: Any) -> None:
        """Append a JSON event (wire/events.py lists kinds and fields), masked. Never raises, as `log`."""
        try:
            self._writer.wake()
            self._writer.event(kind, **self.origin.mask_config(jsonable(fields)))
        except SpoolFull as full:
            if not self.is_finished:
                self.notices.warn(
                    "full", f"{full}: new events are refused and counted until there is room; training goes on"
                )
                self._writer.refusals.count(str(full), fields.get("step"))
        except Exception as error:  # the outermost edge: training must go on
            self._swallow(error)

    def put_file(self, content: bytes | Path, mime: str = DEFAULT_MIME) -> Blob | None:
        """Keep a file that the next `event(…, blobs=[blob.cited()])` cites; a path's content is copied as it is now.

        None, as `log` never raises, when it cannot be kept (no room, too large, not to be read): said once and counted.
        """
        try:
            self._writer.wake()
            return self._writer.put_file(content, mime)
        except SpoolFull as full:
            if not self.is_finished:
                self.notices.warn("full", f"{full}: new files are refused and counted until there is room")
                self._writer.refusals.count(str(full), None)
        except (OSError, ValueError) as error:
            what = f"{content}" if isinstance(content, Path) else f"content of type {mime}"
            self.notices.warn(f"file:{what:.80}", f"the file {what:.300} is not recorded: {error}")
            self._writer.refusals.count("files that cannot be kept", None)
        except Exception as error:  # the outermost edge: training must go on
            self._swallow(error)
        return None

    def mark(self, mark: str, title: str = "", step: int | None = None, **data: Any) -> None:
        """Note something that happened: a checkpoint, an evaluation, an alert."""
        self.event(events.MARK, mark=mark, title=title, step=step, data=data)

    def record(
        self, name: str, data: Mapping[str, Any], *, step: int | None = None, epoch: float | None = None
    ) -> None:
        """Append a fact that is more than numbers, under a name: "checkpoint", "predictions" … Never raises, as `log`.

        Args:
            name: which kind of fact (`queries/training.py` tells the names that are read, and their shapes).
            data: JSON; tensors, dataclasses and the like are opened, NaN and ±inf are kept.
            step: at which it holds; None when it is not of a step.
            epoch: with decimals; None when it is not known.
        """
        self.event(events.RECORD, record=name, step=step, epoch=epoch, data=data)

    def edit(self, **fields: Any) -> None:
        """Change name, group, tags or notes."""
        self.event(events.EDIT, **fields)

    def _config_changed(self, values: dict[str, Any], removed: list[str]) -> None:
        self.event(events.CONFIG, values=values, removed=removed)

    def _summary_changed(self, values: dict[str, Any]) -> None:
        self.event(events.SUMMARY, values=values)

    # --- the end --------------------------------------------------------------------------------------------------

    def finish(
        self,
        status: str | int | None = "finished",
        *,
        exit_code: int | None = None,
        signal: str | None = None,
        error: BaseException | None = None,
        message: str | None = None,
        timeout_s: float | None = None,
        quiet: bool | None = None,
    ) -> None:
        """End the experiment: tell its state, send what is left, print the receipt. The first call stands.

        Args:
            status: "finished", "failed" or "interrupted", or another system's word for one of them; or an exit code.
            exit_code: of the process. One that is not 0 is a failure unless the status says something else.
            signal: its name, when one ended it.
            error: what was raised; its trace becomes an event.
            message: why, in words.
            timeout_s: longest wait for the receipt; None is TRACKIO_FINISH_TIMEOUT_S.
            quiet: taken for scripts that give it.

        Raises:
            UsageError: an unknown status; the experiment goes on.
        """
        if not isinstance(status, str):
            exit_code, status = status if exit_code is None else exit_code, "finished"
        if exit_code and status == "finished":
            status = "failed"
        state = events.state_of(status)
        if state not in ("finished", "failed", "interrupted"):
            raise UsageError(f"finish() takes 'finished', 'failed' or 'interrupted', got {status!r}")
        with self._ending:
            if self.is_finished:
                return
            if self.watches:
                self.unwatch()
            self._keep_folder()
            self.hardware.stop()
            self.is_finished = True
        end = {
            "state": state,
            "exit_code": exit_code,
            "signal": signal,
            "error": type(error).__name__ if error is not None else None,
            "message": str(error)[:2000] if message is None and error is not None else message,
        }
        try:
            self._writer.finish(self.origin.mask_config(end), error, timeout_s)
        except Exception as trouble:  # the outermost edge: a program must be able to end
            self._swallow(trouble)

    def __enter__(self) -> Experiment:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.finish()
        elif isinstance(error, KeyboardInterrupt):
            self.finish("interrupted", signal="SIGINT", error=error)
        elif isinstance(error, SystemExit) and error.code in (None, 0):
            self.finish(exit_code=0)
        elif isinstance(error, SystemExit) and error.code in _OF_SIGNALS:
            self.finish("interrupted", signal=_OF_SIGNALS[error.code], exit_code=error.code)
        elif isinstance(error, SystemExit):
            self.finish("failed", exit_code=error.code if isinstance(error.code, int) else 1)
        else:
            self.finish("failed", exit_code=1, error=error)

    def __reduce__(self) -> tuple[Any, ...]:
        """For a process that gets it by pickle, and for copies of what holds it (attaching.py)."""
        from trackio_client.attaching import packed  # here: opening imports this module

        return packed(self, self._writer.settings)

    def after_fork_in_child(self) -> None:
        """Called in a forked child: the log is the parent's; locks may be held by threads that are not here."""
        self._steps, self._ending = threading.RLock(), threading.RLock()
        self.hardware.after_fork_in_child()
        self._writer.after_fork_in_child()

    def next_generation(self) -> tuple[Origin, Writer]:
        """Who it is when it goes on after its end, and the writer it had: for `opening.go_on`."""
        origin = replace(
            self.origin,
            generation=self.origin.generation + 1,
            first_step=self._next_step,
            config=self.config.as_dict(),
        )
        return origin, self._writer

    @property
    def exit_timeout_s(self) -> float:
        """Longest wait when the program ends without `finish`."""
        return self._writer.settings.exit_timeout_s

    def mute(self) -> None:
        """Record no metrics of this rank (TRACKIO_RANKS=main): its hardware, its errors and what else it tells stay."""
        self.log = _nothing  # type: ignore[method-assign]

    def disable(self) -> None:
        """Record nothing from here on (mode "disabled"): calls cost a lookup."""
        self.is_disabled = True
        self.log = _nothing  # type: ignore[method-assign]
        self.event = _nothing  # type: ignore[method-assign]


def _nothing(*given: Any, **named: Any) -> None:
    return None
