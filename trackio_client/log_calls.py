"""What an experiment does with a call of `log`: the road that every number takes.

It begins in `LogCalls.log`: pack, checksum, one write on the log of this process. What is not plain takes the slow road
(`_log_slowly`, values.py); delivery happens on the sender's thread. Nothing here stops a training.
"""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from trackio_client.errors import SpoolFull, UsageError
from trackio_client.values import KEPT, PLAIN, split
from trackio_client.wire import events
from trackio_client.wire.events import MAX_STEP, STEP_KEYS, checked_step

if TYPE_CHECKING:
    from trackio_client.blobs import Blob
    from trackio_client.defining import Definitions
    from trackio_client.notices import Notices
    from trackio_client.origin import Origin
    from trackio_client.summarizing import Summary
    from trackio_client.writer import Writer

MAX_KEYS_IN_FRAME: Final = 5_000
"""Metrics of one call above this go into several frames: the schema of 5,000 long names stays under 4 MiB."""
_PLAIN_HAS_ALL = PLAIN.issuperset


class LogCalls:
    """The part of an Experiment that is about `log`."""

    origin: Origin
    notices: Notices
    summary: Summary
    is_finished: bool
    is_disabled: bool
    dropped: int
    _writer: Writer
    _next_step: int
    _steps: threading.RLock
    _definitions: Definitions

    if TYPE_CHECKING:

        def event(self, kind: str, **fields: Any) -> None: ...
        def put_file(self, content: bytes | Path, mime: str = ...) -> Blob | None: ...
        def _define_new(self, names: Iterable[str]) -> None: ...
        def _with_steps(self, numbers: dict[str, float], step: int) -> dict[str, float]: ...

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
                    "finished",
                    f"log() after finish() of {self.origin.name!r}: the values are not recorded. Call init() again",
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
            if left_out and all(kind.startswith(KEPT) for kind in left_out):
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
                "usage:" + str(error)[:24], f"{error} (experiment {self.origin.name!r}). The call is not recorded"
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
                self.summary.say(masked)
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


def _recognise(value: Any) -> list[Any] | None:
    """What `log()` takes for media; the package is loaded when a value is neither number nor text."""
    from trackio_client.media.recognising import as_media

    return as_media(value)
