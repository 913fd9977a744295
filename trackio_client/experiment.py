"""Experiment: one execution of a training or evaluation, from `init` to `finish`.

The road of one number begins in `Experiment.log`: pack, checksum, one write on the log of this process. Everything
slower happens elsewhere: odd values in values.py, delivery on the sender's thread.
"""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any
from zlib import crc32

from trackio_client.artifact_calls import ArtifactCalls
from trackio_client.blobs import DEFAULT_MIME, Blob
from trackio_client.configuration import Config
from trackio_client.defining import Definition, Definitions, StepSync, definition_of
from trackio_client.errors import SpoolFull, UsageError
from trackio_client.notices import Notices
from trackio_client.origin import Origin
from trackio_client.run_names import RunNames
from trackio_client.sampling import Sampling
from trackio_client.summarizing import Summary
from trackio_client.values import PLAIN, jsonable, split
from trackio_client.wire import events
from trackio_client.wire.events import MAX_STEP, checked_step
from trackio_client.writer import Writer

STEP_KEYS = events.STEP_KEYS
MAX_KEYS_IN_FRAME = 5_000
"""Metrics of one call above this go into several frames: the schema of 5,000 long names stays under 4 MiB."""
_PLAIN_HAS_ALL = PLAIN.issuperset


class Experiment(RunNames, ArtifactCalls):
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

    # --- logging --------------------------------------------------------------------------------------------------

    def log(
        self,
        metrics: Mapping[str, Any] | None = None,
        step: int | None = None,
        commit: bool | None = None,
        sync: bool | None = None,
        *,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Log numbers and texts of one step. Returns when the kernel has them: they survive kill -9.

        Args:
            metrics: name → number, text, media (pictures, tables … of `trackio_client.media`, or a list of them), or
                dict of those (`a/b`). What cannot be is named once; the rest is kept.
            step: a whole number >= 0; may repeat, skip, go back. None is one more than the highest so far.
            commit: False keeps the step: the next call without one goes to the same. It is written at once anyway.
            sync: taken for scripts that give it.
            data: the same as metrics, as W&B names it.

        Never raises: training goes on. What was refused is said once, counted, and named in the receipt.
        """
        if commit is False:
            return self._log_on(metrics if data is None else data, step)
        try:
            spool = self._writer.spool
            segment = spool.current
            pack = segment.schemas[tuple(metrics)]  # type: ignore[arg-type]  # None is a TypeError, see below
            values = metrics.values()  # type: ignore[union-attr]
            if not _PLAIN_HAS_ALL(map(type, values)):
                return self._log_slowly(metrics, step)
            if step is None:
                if pack.step_key is not None:
                    return self._log_slowly(metrics, step)
                with self._steps:
                    step = self._next_step
                    self._next_step = step + 1
                rest = pack(step, time.time_ns() // 1000, *values)
            else:
                rest = pack(step, time.time_ns() // 1000, *values)  # struct refuses 1.5 and 2**63, below is -1
                if step >= self._next_step or step < 0:
                    if step < 0 or step >= MAX_STEP:
                        return self._log_slowly(metrics, step)
                    with self._steps:
                        self._next_step = max(self._next_step, int(step) + 1)
            if not spool.append_to(segment, crc32(rest).to_bytes(4, "little") + rest):
                self._log_slowly(metrics, step)
        except (KeyError, TypeError, AttributeError, struct.error, OverflowError):
            self._log_slowly(metrics if data is None else data, step)
        except Exception as error:  # the outermost edge: training must go on
            self._swallow(error)
        return None

    def _log_on(self, metrics: Any, step: Any) -> None:
        """`log` without going on to the next step."""
        with self._steps:
            before = self._next_step
            self._log_slowly(metrics, step)
            self._next_step = max(before, self._next_step - 1)

    def _log_slowly(self, metrics: Any, step: Any) -> None:
        """The road of what is not plain: nested dicts, texts, tensors, new names, odd steps, a full disk."""
        try:
            if self.is_finished and self._writer.is_owner:
                self.notices.warn(
                    "finished", f"log() after finish() of {self.name!r}: the values are not recorded. Call init() again"
                )
                return
            if not isinstance(metrics, Mapping):
                raise UsageError(f"log() takes a dict of metrics, got {type(metrics).__name__}: {metrics!r:.80}")
            left_out: list[str] = []

            def tell(kind: str, text: str) -> None:
                left_out.append(kind)
                self.notices.warn(kind, text)

            parts = split(metrics, tell, _recognise)
            numbers, texts = self._masked(parts.numbers), self._masked(parts.texts)
            media = self._masked(parts.media) if parts.media else {}
            if left_out and all(kind.startswith("long:") for kind in left_out):
                left_out = []
            if numbers or texts or media:
                at = self._step_for(step, numbers)
                self._append(self._with_steps(numbers, at), texts, at)
                if media:
                    self._append_media(media, at)
            if left_out:
                self._writer.refusals.count("values that cannot be logged", step if isinstance(step, int) else None)
        except UsageError as error:
            self.notices.warn(
                "usage:" + str(error)[:24], f"{error} (experiment {self.name!r}). The call is not recorded"
            )
            self._writer.refusals.count("calls that cannot be right", None)
        except Exception as error:  # the outermost edge: training must go on
            self._swallow(error)

    def _masked(self, values: dict[str, Any]) -> dict[str, Any]:
        """Values under names without secrets."""
        masked = self.origin.masker.names(values)
        if masked.keys() != values.keys():
            self.notices.warn("secret", "a metric's name holds a secret: it is recorded with the secret masked")
        return masked

    def _append(self, numbers: dict[str, float], texts: dict[str, str], step: int) -> None:
        time_us = time.time_ns() // 1000
        try:
            self._writer.wake()
            if texts:
                masked = {name: self.origin.mask(text) for name, text in texts.items()}
                self._writer.event(events.TEXT, step=step, values=masked)
            if self._definitions.has_patterns:
                self._define_new(numbers)  # before the first value: who reads that knows how it is meant
            keys = tuple(numbers)
            for at in range(0, len(keys), MAX_KEYS_IN_FRAME):
                part = keys[at : at + MAX_KEYS_IN_FRAME]
                self._append_numbers(part, [numbers[key] for key in part], step, time_us)
        except SpoolFull as full:
            self.notices.warn(
                "full", f"{full}: new values are refused and counted until there is room; training goes on"
            )
            self._writer.refusals.count(str(full), step)

    def _append_media(self, media: dict[str, list[Any]], step: int) -> None:
        from trackio_client.media.keeping import Bounds, Keeper, events_of  # here: most trainings show numbers only

        settings = self._writer.settings
        keeper = Keeper(
            self.put_file,
            bounds=Bounds(file_bytes=settings.file_bytes, table_rows=settings.table_rows),
            tell=self.notices.warn,
            mask=self.origin.mask,
        )
        for name, items in media.items():
            for fields in events_of(name, items, keeper):
                self.event(events.MEDIA, step=step, **fields)

    def _append_numbers(self, keys: tuple[str, ...], values: list[float], step: int, time_us: int) -> None:
        for _ in range(8):
            spool = self._writer.spool
            segment, pack = spool.introduce(keys)
            if pack.step_key is None:
                pack.step_key = next((key for key in STEP_KEYS if key in keys), None)
            rest = pack(step, time_us, *values)
            if spool.append_to(segment, crc32(rest).to_bytes(4, "little") + rest):
                return
        raise SpoolFull("the disk takes no whole events")

    def _step_for(self, step: Any, numbers: Mapping[str, float]) -> int:
        """The step of a call: given, among its metrics, or one more than the highest. Raises UsageError."""
        if step is None:
            for key in STEP_KEYS:
                if key in numbers and 0 <= numbers[key] < 2**53 and numbers[key] == int(numbers[key]):
                    step = int(numbers[key])
                    break
        with self._steps:
            at = checked_step(self._next_step if step is None else step, metric=next(iter(numbers), ""))
            self._next_step = max(self._next_step, at + 1)
        return at

    def _swallow(self, error: Exception) -> None:
        self.dropped += 1
        self.notices.warn(
            f"error:{type(error).__name__}", f"log() met {type(error).__name__}: {error}. The call may not be recorded"
        )
        self._writer.refusals.count(f"an error of ours ({type(error).__name__})", None)

    # --- more to tell ---------------------------------------------------------------------------------------------

    def define_metric(
        self,
        name: str,
        step_metric: Any = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | None = None,
        goal: str | None = None,
        overwrite: bool | None = None,
    ) -> Definition:
        """Say how a metric is meant: against which other metric it is drawn, and whether low or high is best.

        Args:
            name: of a metric, or a pattern as `train/*`, which holds for every metric that fits, also later ones.
            step_metric: the metric it is drawn against.
            step_sync: False leaves calls as they are; else one without the step metric gets its last value.
            hidden: the page leaves its chart out until it is asked for.
            summary: which of its values is its number in the summary: "min", "max", "mean", "first", "last" (or
                "copy"), "best"; with "none" it has none. Several with commas. "min" and "max" tell the goal, too.
            goal: "min" or "max" ("minimize", "maximize").
            overwrite: forget what an earlier call said of it; else this one adds to it.

        Raises:
            UsageError: an empty name, or a goal that is neither "min" nor "max".
        """
        definition = definition_of(name, step_metric, hidden, summary, goal, step_sync)
        known = self._definitions.add(definition, overwrite=bool(overwrite), names=self._known_names)
        if definition.step_metric is not None:
            self._follow_steps(definition)
        for metric, said in known:
            self._define(metric, said)
        return definition

    def _define(self, metric: str, said: Definition) -> None:
        self._goals[metric] = said.goal
        if said.shown is not None:
            self.summary.show(metric, said.shown)
        self.event(events.DEFINE, metric=metric, **said.fields())

    def _follow_steps(self, said: Definition) -> None:
        """From here on calls are looked at for the step metrics that they leave out."""
        if self._step_sync is None:
            self._step_sync = StepSync(self._definitions)
            if "log" not in self.__dict__:  # neither muted nor disabled
                self.log = self._log_with_steps  # type: ignore[method-assign]
        self._step_sync.follow(said)

    def _log_with_steps(
        self, metrics: Any = None, step: Any = None, commit: Any = None, sync: Any = None, *, data: Any = None
    ) -> None:
        """`log`, whose fast road looks at no value."""
        (self._log_on if commit is False else self._log_slowly)(data if metrics is None else metrics, step)

    def _with_steps(self, numbers: dict[str, float], step: int) -> dict[str, float]:
        """The numbers of a call, and the step metrics that it leaves out (defining.StepSync)."""
        if self._step_sync is None:
            return numbers
        self._define_new(numbers)
        return self._step_sync.completed(numbers, step)

    def _define_new(self, names: Iterable[str]) -> None:
        """Metrics that are logged for the first time get what a pattern says of them."""
        for metric, said in self._definitions.fitting(names):
            self._define(metric, said)

    def _known_names(self) -> Iterable[str]:
        return self._writer.numbers(self._goals)

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
        except Exception as error:
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
        except Exception as error:
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
            self._before_end()
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

    def log_hardware(self, readings: Mapping[str, float], step: int) -> None:
        """Log readings of this process's machine: on every rank, also where metrics are those of rank 0 alone.

        The step that the next `log` without one gets is not moved by them.
        """
        if self.is_disabled or self.is_finished:
            return
        try:
            self._append(dict(readings), {}, step)
        except Exception as error:  # the outermost edge: training must go on
            self._swallow(error)

    def mute(self) -> None:
        """Record no metrics of this rank (TRACKIO_RANKS=main): its hardware, its errors and what else it tells stay."""
        self.log = _nothing  # type: ignore[method-assign]

    def disable(self) -> None:
        """Record nothing from here on (mode "disabled"): calls cost a lookup."""
        self.is_disabled = True
        self.log = _nothing  # type: ignore[method-assign]
        self.event = _nothing  # type: ignore[method-assign]


def _recognise(value: Any) -> list[Any] | None:
    """What `log()` takes for media; the package is loaded when a value is neither number nor text."""
    from trackio_client.media.recognising import as_media

    return as_media(value)


def _nothing(*given: Any, **named: Any) -> None:
    return None
