"""The frames of calls made by hand, and the writer that tells them.

One writer an experiment and process tells what is logged: its id begins with the time, so that of a repeated step the
later value stands. A new status is told by a writer of its own, because a writer ends once.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from trackio_client.errors import UsageError
from trackio_client.masking import Masker
from trackio_client.release import VERSION
from trackio_client.wire.batches import Batch
from trackio_client.wire.events import CONFIG, EDIT, END, MAX_STEP, START, TOLD_BY_HAND, plain
from trackio_client.wire.frames import MAX_FRAME_BYTES, Schema, event_frame, metrics_frame

MOST_NAMES: Final = 4096
"""In one frame; a call with more of them makes several."""
BATCH_BYTES: Final = 1024 * 1024


@dataclass(slots=True)
class Teller:
    """Tells of one experiment and generation. Changed by `moved` when a batch was taken."""

    experiment_id: str
    project: str
    generation: int
    writer_id: str = ""
    next_seq: int = 0

    def __post_init__(self) -> None:
        self.writer_id = self.writer_id or new_writer_id()

    def batches(self, frames: Sequence[Frame]) -> list[Batch]:
        """Frames as batches, the first of which begins where the last call ended."""
        made: list[Batch] = []
        body: list[bytes] = []
        carried: set[int] = set()
        first, count, size = self.next_seq, 0, 0

        def cut() -> None:
            nonlocal body, carried, first, count, size
            made.append(
                Batch(
                    writer_id=self.writer_id, experiment_id=self.experiment_id, project=self.project,
                    generation=self.generation, first_seq=first, count=count, first_held=0, body=b"".join(body),
                )
            )  # fmt: skip
            body, carried, first, count, size = [], set(), first + count, 0, 0

        for frame in frames:
            if count and size + len(frame.raw) > BATCH_BYTES:
                cut()
            if frame.schema is not None and frame.schema.id not in carried:
                carried.add(frame.schema.id)
                body.append(frame.schema.frame)
                size += len(frame.schema.frame)
            body.append(frame.raw)
            count, size = count + 1, size + len(frame.raw)
        if count:
            cut()
        return made

    def heartbeat(self) -> Batch:
        """A batch that holds nothing: the experiment was heard of now."""
        return Batch(
            writer_id=self.writer_id, experiment_id=self.experiment_id, project=self.project,
            generation=self.generation, first_seq=self.next_seq, count=0, first_held=0, body=b"",
        )  # fmt: skip

    def moved(self, batch: Batch) -> None:
        """A batch was taken."""
        self.next_seq = batch.end_seq


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, and the schema that has to stand before it."""

    raw: bytes
    schema: Schema | None = None


def new_writer_id(now_us: int | None = None) -> str:
    """An id that sorts behind those of before."""
    return f"w_hand_{time.time_ns() // 1000 if now_us is None else now_us:014x}_{secrets.token_hex(6)}"


def client_of(*, demo: bool = False) -> dict[str, Any]:
    """The client of a start event. `demo` marks made-up data for good: nobody can edit it away."""
    told = {"name": TOLD_BY_HAND, "version": VERSION, "language": "python"}
    return told | ({"demo": True} if demo else {})


def start(
    masker: Masker, time_us: int, *, project: str, name: str, notes: str | None = None,
    tags: Iterable[str] = (), generation: int = 0, config: Mapping[str, Any] | None = None, demo: bool = False,
) -> Frame:  # fmt: skip
    """The start of an experiment."""
    return _event(masker, {
        "kind": START, "time_us": time_us, "project": project, "name": name, "group": None, "tags": list(tags),
        "notes": notes, "config": dict(config or {}), "generation": generation, "parent": None,
        "client": client_of(demo=demo), "process": {},
    })  # fmt: skip


def goes_on(masker: Masker, time_us: int, *, project: str, generation: int, demo: bool | None = None) -> Frame:
    """The start of a next generation, which changes nothing of what is known but that it runs again."""
    client = {} if demo is None else client_of(demo=demo)
    content = {"kind": START, "time_us": time_us, "project": project, "generation": generation}
    return _event(masker, {**content, **({"client": client} if client else {})})


def metrics(values: Mapping[str, float], step: int, time_us: int) -> list[Frame]:
    """One call of log."""
    names, made = iter(values), []
    while part := tuple(islice(names, MOST_NAMES)):
        schema = Schema(part)
        made.append(Frame(metrics_frame(schema, step, time_us, [values[name] for name in part]), schema))
    return made


def parameters(masker: Masker, values: Mapping[str, Any], time_us: int) -> Frame:
    """Settings set or replaced."""
    return _event(masker, {"kind": CONFIG, "time_us": time_us, "values": dict(values), "edited": True})


def end(masker: Masker, state: str, time_us: int, message: str) -> Frame:
    """The end that somebody told."""
    content = {"kind": END, "time_us": time_us, "state": state, "message": message, "exit_code": None, "signal": None}
    return _event(masker, {**content, "error": None})


def edit(masker: Masker, time_us: int, **changes: Any) -> Frame:
    """A person's change. `time_us` is behind every edit that is known: their times are their order."""
    return _event(masker, {"kind": EDIT, "time_us": time_us, **changes})


def after(known_us: Iterable[Any]) -> int:
    """Now, or behind all these times."""
    return max([time.time_ns() // 1000, *(us + 1 for us in known_us if type(us) is int and us < MAX_STEP)])


def _event(masker: Masker, content: Mapping[str, Any]) -> Frame:
    frame = event_frame(plain(masker.config(dict(content))))
    if len(frame) > MAX_FRAME_BYTES:
        raise UsageError(f"this takes {len(frame):,} bytes, at most {MAX_FRAME_BYTES:,} are taken in one call")
    return Frame(frame)
