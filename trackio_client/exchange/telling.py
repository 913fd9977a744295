"""A past run as frames: start, entries, tail; and frames as batches. Made one by one: a long log is never in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from trackio_client.errors import UsageError
from trackio_client.exchange.texts import clean_text, json_text
from trackio_client.masking import Masker
from trackio_client.wire.batches import Batch
from trackio_client.wire.events import CONFIG, CONSOLE, DEFINE, EDIT, END, MARK, START, SUMMARY, TEXT, plain
from trackio_client.wire.frames import MAX_FRAME_BYTES, Schema, event_frame, metrics_frame

if TYPE_CHECKING:
    from trackio_client.exchange.past import PastEntry, PastRun

BATCH_BYTES: Final = 1024 * 1024
"""What the client's own sender cuts at."""
MAX_EVENT_BYTES: Final = MAX_FRAME_BYTES - 256
LARGE_CHARACTERS: Final = 65_536
"""Of one value in an event that is too large: it is cut."""
MAX_DEPTH: Final = 40
"""Levels of nesting that are kept: more is nobody's setting, and JSON parsers give up soon after."""
SCHEMA_TAG: Final = 3
"""Byte 7 of a schema frame (wire.frames)."""
_METRICS_TAG: Final = 1


@dataclass(slots=True)
class Clock:
    """Times of entries. What the log tells stands; else `base_us` + step × pace, by 1 µs more than the one before."""

    base_us: int
    us_a_step: int
    last_us: int = 0

    def __post_init__(self) -> None:
        self.last_us = self.base_us

    def time_us(self, entry: PastEntry) -> int:
        if entry.time_s is not None:
            self.last_us = max(int(entry.time_s * 1e6), 0)
        else:
            reckoned = self.base_us + min(entry.step or 0, 2**40) * self.us_a_step
            self.last_us = max(reckoned, self.last_us + 1)
        return self.last_us


def event(masker: Masker, content: dict[str, Any]) -> bytes:
    """An event's frame, with secrets masked; what makes it larger than any store takes is cut, and says so there.

    Raises:
        UsageError: it is too large all the same.
    """
    frame = event_frame(as_said(masker, content))
    if len(frame) > MAX_EVENT_BYTES:
        frame = event_frame(as_said(masker, {name: _cut(value) for name, value in content.items()}))
    if len(frame) > MAX_EVENT_BYTES:
        what = f"one {content['kind']} of the log"
        raise UsageError(f"{what} has {len(frame):,} bytes; at most {MAX_EVENT_BYTES:,} are taken")
    return frame


def _cut(value: Any) -> Any:
    """A mapping whose large values are the beginning of their text."""
    if not isinstance(value, dict):
        return value
    texts = {name: item if isinstance(item, str) else json_text(item) for name, item in value.items()}
    return {
        name: item
        if len(texts[name]) <= LARGE_CHARACTERS
        else f"{texts[name][:1000]}… ({len(texts[name]) - 1000:,} more characters were not imported)"
        for name, item in value.items()
    }


def as_said(masker: Masker, content: dict[str, Any]) -> dict[str, Any]:
    """An event's JSON as it will be held."""
    return dict(plain(masker.config(_said(content))))


def _said(value: Any, depth: int = 0) -> Any:
    """The value with texts that can be encoded, numbers that every reader of JSON takes, and no endless depth."""
    if isinstance(value, str):
        return clean_text(value)
    if depth >= MAX_DEPTH and isinstance(value, (dict, list, tuple)):
        return f"(left out: nested deeper than {MAX_DEPTH} levels)"
    if isinstance(value, dict):
        return {clean_text(str(key)): _said(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_said(item, depth + 1) for item in value]
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else f"{value:.17g}" if abs(value) < 10**300 else "a number beyond 1e300"
    return clean_text(str(value))


def start_event(run: PastRun, project: str) -> dict[str, Any]:
    """The start event of a first import. It fixes the clock: a later import reads it back and goes on with it."""
    pace = 1.0 if run.seconds_a_step is None else max(run.seconds_a_step, 1e-6)
    told = run.started_s
    if told is None:
        told = next((entry.time_s for entry in run.entries if entry.time_s is not None), None)
    if told is None:
        last = max((entry.step or 0 for entry in run.entries), default=0)
        base_s = max(run.ended_s - min(last, 2**40) * pace, 0.0)
        is_told = run.seconds_a_step is not None
        how = "the pace that the log tells" if is_told else "one second a step (it tells no pace)"
        times = f"The log holds no times. They are reckoned from its last change and {how}."
    else:
        base_s = told
        times = "As the log tells them; an entry without one stands a second a step after the first."
    return {
        "kind": START,
        "time_us": int(base_s * 1e6),
        "project": project,
        "name": run.name,
        "group": run.group,
        "notes": run.description,
        "tags": ["imported"],
        "config": {},
        "generation": 0,
        "parent": None,
        "client": {"version": "import", "language": "python"},
        "process": {},
        "imported": {"from": run.source, "us_a_step": round(pace * 1e6), "times": times, **run.origin},
    }


def start_frame(start: dict[str, Any], masker: Masker) -> bytes:
    imported = start.pop("imported", {})  # an origin's id may stand under a name of a secret; it is ours to tell
    frame = event_frame(plain(masker.config(_said(start)) | {"imported": imported}))
    start["imported"] = imported
    return frame


def entry_frames(entries: Iterable[PastEntry], clock: Clock, masker: Masker) -> Iterator[bytes]:
    """The frames of entries, schemas before their first use."""
    schemas = dict[tuple[str, ...], Schema]()
    for entry in entries:
        time_us = clock.time_us(entry)
        if entry.values and entry.step is not None:
            keys = tuple(entry.values)
            schema = schemas.get(keys)
            if schema is None:
                schema = schemas[keys] = Schema(keys)
                yield schema.frame
            yield metrics_frame(schema, entry.step, time_us, entry.values.values())
        if entry.texts:
            yield event(masker, {"kind": TEXT, "time_us": time_us, "step": entry.step or 0, "values": entry.texts})
        for mark in entry.marks:
            yield event(masker, {"kind": MARK, "time_us": time_us, "step": entry.step, **mark})
        if entry.lines:
            lines = [masker.text(clean_text(line)) for line in entry.lines]
            said = {"kind": CONSOLE, "time_us": time_us, "stream": entry.stream, "lines": lines, "dropped": 0}
            yield event_frame(said)


def rank_of(run: PastRun) -> int:
    """Of two versions of a record that are equally long, the one that ended is the later one."""
    if not run.merges:
        return 0
    return 2 if run.state != "interrupted" else int(run.is_paused)


def tail_frames(run: PastRun, start: dict[str, Any], time_us: int, masker: Masker) -> list[bytes]:
    """What stands only at the end of a log: config, summary, goals, marks that may change, the end."""
    if run.updated_s is not None:
        time_us = max(time_us, int(run.updated_s * 1e6))
    time_us += rank_of(run)
    config = run.config | {"imported": start.get("imported", {})}
    events: list[dict[str, Any]] = [{"kind": CONFIG, "values": config, "removed": []}]
    if run.summary:
        events.append({"kind": SUMMARY, "values": run.summary})
    for metric, goal in run.goals.items():
        events.append({"kind": DEFINE, "metric": metric, "step_metric": None, "goal": goal})
    events += [{"kind": MARK, "step": step, **mark} for step, mark in run.marks]
    nothing = {"exit_code": None, "signal": None, "error": None}
    events.append({"kind": END, "state": run.state, **nothing, "message": run.evidence})
    if run.is_paused:
        events.append({"kind": EDIT, "state": "paused", "by": "import"})
    return [event(masker, {"time_us": time_us, **one}) for one in events]


def batches(
    frames: Iterable[bytes], writer_id: str, experiment_id: str, project: str, *, first: int = 0
) -> Iterator[Batch]:
    """Cut frames into batches; each carries the schemas that its frames use (protocol rule 4)."""
    schemas: dict[bytes, bytes] = {}
    body: list[bytes] = []
    carried: set[bytes] = set()
    size = count = 0

    def batch() -> Batch:
        return Batch(
            writer_id=writer_id, experiment_id=experiment_id, project=project, generation=0,
            first_seq=first, count=count, first_held=0, body=b"".join(body),
        )  # fmt: skip

    for frame in frames:
        if len(frame) > MAX_FRAME_BYTES:
            raise UsageError(f"one entry of the log has {len(frame)} bytes; at most {MAX_FRAME_BYTES} are taken")
        if frame[7] == SCHEMA_TAG:
            schemas[_schema_id(frame)] = frame
            continue
        if count and size + len(frame) > BATCH_BYTES:
            yield batch()
            first, count, size, body, carried = first + count, 0, 0, [], set()
        if frame[7] == _METRICS_TAG and (wanted := frame[16:24]) not in carried:
            carried.add(wanted)
            body.append(schemas[wanted])
            size += len(schemas[wanted])
        body.append(frame)
        size, count = size + len(frame), count + 1
    if count:
        yield batch()


def _schema_id(frame: bytes) -> bytes:
    size = int.from_bytes(frame[12:16], "little")
    return blake2b(frame[16 : 16 + size], digest_size=8).digest()
