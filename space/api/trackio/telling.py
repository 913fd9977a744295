"""What Trackio's client logged, as frames of ours; and frames as batches, each with the ids of the calls in it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from space.api.trackio.media import Awaited, apart, keeper_of
from space.api.trackio.received import packed
from space.api.trackio.runs import CLIENT, Run
from trackio_client.blobs import Blob
from trackio_client.errors import UsageError
from trackio_client.exchange.entries import step_of
from trackio_client.exchange.telling import event
from trackio_client.exchange.texts import Remarks, name_from, time_of
from trackio_client.exchange.trackio_project import sorted_values, system_name
from trackio_client.masking import Masker
from trackio_client.wire.batches import Batch
from trackio_client.wire.events import CONFIG, EDIT, MARK, RECEIVED, REFUSED, START, TEXT
from trackio_client.wire.frames import MAX_FRAME_BYTES, Schema, event_frame, metrics_frame

BATCH_BYTES: Final = 1024 * 1024
"""What the client's own sender cuts at."""
MOST_CALLS: Final = 20_000
"""In one batch: their ids fit one event."""
MOST_NAMES: Final = 4096
"""In one frame of metrics; a call with more of them makes several."""
MOST_REASONS: Final = 100
"""Different faults of one run that are told: each is an event."""
_NUMBERS: Final = frozenset((float, int))


@dataclass(slots=True)
class Call:
    """One call of `log`, `log_system` or `alert`, as frames."""

    key: int | None
    """Of its log_id; None where the client gave none."""
    frames: list[bytes]
    schemas: list[Schema] = field(default_factory=list)
    """Those that the frames use."""


class Teller:
    """Makes frames for one run, in one request.

    Args:
        run: is changed: its last step and time, and what it has beside numbers.
        masker: keeps secrets out.
        most_bytes: of one file.
        now_us: the server's clock. Entries that bring no time get it, each a microsecond more than the one before.
    """

    def __init__(self, run: Run, masker: Masker, *, most_bytes: int, now_us: int | None = None) -> None:
        assert run.beside is not None, "the run is not open"
        self.run = run
        self._beside = run.beside
        self._masker = masker
        self._noted: list[str] = []
        self._keeper = keeper_of(
            run.beside.folder, most_bytes, masker.text, lambda kind, text: self._noted.append(text)
        )
        self._now_us = max(time.time_ns() // 1000 if now_us is None else now_us, run.last_us + 1)
        self._schemas: dict[tuple[str, ...], Schema] = {}
        self._fine: dict[tuple[str, ...], Schema | None] = {}

    def time_us(self, told: Any) -> int:
        """Of an entry: what it says, else now."""
        moment = None if told is None else time_of(told)
        if moment is not None:
            return round(moment * 1e6)
        self._now_us += 1
        self.run.last_us = self._now_us
        return self._now_us

    def start(self, config: Mapping[str, Any] | None) -> bytes:
        """The start of the run, or of its next generation."""
        run, told = self.run, dict(config or {})
        created = time_of(told.get("_Created"))
        group = told.get("_Group")
        content = {
            "kind": START,
            "time_us": self._now_us if created is None else round(created * 1e6),
            "project": run.project,
            "name": name_from(run.name, "run"),
            "group": name_from(group) if group else None,
            "tags": [],
            "notes": None,
            "config": told,
            "generation": run.generation,
            "parent": None,
            "process": {},
        }
        frame = event(self._masker, content | {"client": _client(run)})
        run.is_started = True
        return frame

    def config(self, config: Mapping[str, Any]) -> list[bytes]:
        """A config that comes behind the start."""
        time_us = self.time_us(None)
        frames = [event(self._masker, {"kind": CONFIG, "time_us": time_us, "values": dict(config), "removed": []})]
        if group := config.get("_Group"):
            said = {"kind": EDIT, "time_us": time_us, "group": name_from(group), "by": CLIENT}
            frames.append(event(self._masker, said))
        return frames

    def logged(self, call: Call, metrics: Any, step: Any, told: Any) -> tuple[int, int] | None:
        """Numbers and texts of a `log`. Gives its step and time, or None where it is refused and says so."""
        run = self.run
        try:
            if not isinstance(metrics, Mapping):
                raise UsageError(f"metrics must be an object of names and values, got {metrics!r:.80}")
            at = (0 if run.last_step is None else run.last_step + 1) if step is None else step_of(step)
        except UsageError as error:
            self.refused(call, str(error), None)
            return None
        time_us = self.time_us(told)
        if _NUMBERS.issuperset(map(type, metrics.values())) and (schema := self._known(tuple(metrics))) is not None:
            call.schemas.append(schema)
            call.frames.append(metrics_frame(schema, at, time_us, metrics.values()))
        else:
            self._sorted(call, metrics, at, time_us)
        run.last_step = at if run.last_step is None else max(run.last_step, at)
        return at, time_us

    def _known(self, names: tuple[str, ...]) -> Schema | None:
        """The schema of names that are as they should be, which nearly all calls have; None for the others."""
        if names not in self._fine:
            fine = 0 < len(names) <= MOST_NAMES and all(name_from(name, "") == name for name in names)
            self._fine[names] = Schema(names) if fine else None
        return self._fine[names]

    def _sorted(self, call: Call, metrics: Mapping[str, Any], at: int, time_us: int) -> None:
        """A call with anything but numbers under plain names."""
        remarks = Remarks()
        rest, media = apart(metrics)
        values, texts = sorted_values(rest, remarks)
        self._numbers(call, values, at, time_us)
        if texts:
            call.frames.append(event(self._masker, {"kind": TEXT, "time_us": time_us, "step": at, "values": texts}))
        for name, value in media.items():
            awaited = Awaited(name_from(name, "media"), at, time_us, value)
            call.frames += [event(self._masker, one) for one in self._beside.logged(awaited, self._keeper)]
        for remark in [*remarks, *self._noted]:
            self.refused(call, remark, at)
        self._noted.clear()

    def system(self, call: Call, metrics: Any, told: Any) -> None:
        """Readings, at the step that was reached: Trackio's have none of their own."""
        if not isinstance(metrics, Mapping):
            self.refused(call, f"system metrics must be an object of names and values, got {metrics!r:.80}", None)
            return
        values, _ = sorted_values(metrics, Remarks())
        named = {name_from(system_name(name)): value for name, value in values.items()}
        self._numbers(call, named, self.run.last_step or 0, self.time_us(told))

    def alert(self, call: Call, told: Mapping[str, Any]) -> None:
        """An alert, as a mark."""
        try:
            step = None if told.get("step") is None else step_of(told["step"])
        except UsageError:
            step = None
        data = {name: told[name] for name in ("text", "level") if told.get(name) is not None}
        call.frames.append(
            event(
                self._masker,
                {
                    "kind": MARK,
                    "time_us": self.time_us(told.get("timestamp")),
                    "step": step,
                    "mark": "alert",
                    "title": name_from(told.get("title"), "Alert"),
                    "data": data,
                },
            )
        )

    def sent(self, call: Call, path: str, blob: Blob) -> None:
        """A file that came, and the values that waited for it."""
        for one in self._beside.sent(path, blob, self.time_us(None), self._keeper):
            call.frames.append(event(self._masker, one))

    def told(self, call: Call, content: Mapping[str, Any]) -> None:
        """An event of another kind."""
        call.frames.append(event(self._masker, {**content, "time_us": self.time_us(None)}))

    def refused(self, call: Call, reason: str, step: int | None) -> None:
        """Tell what of a call is not kept; the same reason once a run, and no endless number of them."""
        if reason in self.run.told or len(self.run.told) >= MOST_REASONS:
            return
        self.run.told.add(reason)
        call.frames.append(
            event(
                self._masker,
                {
                    "kind": REFUSED, "time_us": self._now_us, "reason": reason, "count": 1,
                    "first_step": step, "last_step": step,
                },
            )
        )  # fmt: skip

    def _numbers(self, call: Call, values: Mapping[str, float], step: int, time_us: int) -> None:
        names = iter(values)
        while part := tuple(islice(names, MOST_NAMES)):
            schema = self._schemas.get(part)
            if schema is None:
                schema = self._schemas[part] = Schema(part)
            call.schemas.append(schema)
            call.frames.append(metrics_frame(schema, step, time_us, [values[name] for name in part]))


def _client(run: Run) -> dict[str, Any]:
    client: dict[str, Any] = {"name": CLIENT, "version": CLIENT, "language": "python"}
    return client | ({"run_id": run.run_id} if run.run_id else {})


def batches(run: Run, calls: Iterable[Call], now_us: int) -> Iterator[tuple[Batch, list[int]]]:
    """Calls as batches of the run's writer, with the keys of each; the last frame of a batch names them.

    Whoever sends one moves `run.next_seq` behind it before asking for the next.
    """
    body: list[bytes] = []
    carried: set[int] = set()
    keys: list[int] = []
    count = size = calls_in = 0

    def batch() -> tuple[Batch, list[int]]:
        if keys:
            body.append(event_frame({"kind": RECEIVED, "time_us": now_us, "ids": packed(keys)}))  # nothing to mask
        made = Batch(
            writer_id=run.writer_id, experiment_id=run.experiment_id, project=run.project, generation=run.generation,
            first_seq=run.next_seq, count=count + bool(keys), first_held=0, body=b"".join(body),
        )  # fmt: skip
        return made, list(keys)

    for call in calls:
        frames = [frame for frame in call.frames if len(frame) <= MAX_FRAME_BYTES]
        weight = sum(map(len, frames))
        if count and (size + weight > BATCH_BYTES or calls_in >= MOST_CALLS):
            yield batch()
            body, carried, keys, count, size, calls_in = [], set(), [], 0, 0, 0
        for schema in call.schemas:
            if schema.id not in carried:
                carried.add(schema.id)
                body.append(schema.frame)
                size += len(schema.frame)
        body += frames
        if call.key is not None:
            keys.append(call.key)
        count, size, calls_in = count + len(frames), size + weight, calls_in + 1
    if count or keys:
        yield batch()


def calls_with(frames: Sequence[bytes]) -> Call:
    """Frames that no id names."""
    return Call(None, list(frames))
