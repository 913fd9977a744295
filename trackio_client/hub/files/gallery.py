"""The media of one experiment in at most 2 MiB: what a page without a server shows of pictures, tables, sounds.

Small files lie in the repo as rows of Parquet (packs.py), which a browser cannot read, so a part of them is copied
beside the overview. `view/<2>/<experiment_id>.media` is packed with gzip; inside, little-endian:

    "TKM1"  head length u32 · head, JSON · files, one after the other

The head: {"version": 1, "experiment_id", "entries": [{"entry": as GET …/index tells it, "content"}] in order of
arrival, "files": [[sha256, mime, bytes]] in their order, "left_out": {"names", "steps", "files", "bytes"}}.

Of each name the newest step comes first, then the oldest, then what lies between them, halved again and again: a page
that holds five of a thousand steps shows the whole training. The newest step of a name is told also when its files
are too large to be here: the page then says so. `left_out` counts what is in the repo and not here.
"""

from __future__ import annotations

import gzip
import json
import struct
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Final, NamedTuple

from trackio_client.blobs import Blob, cited_in
from trackio_client.errors import TrackioError
from trackio_client.hub.files.lists import hash_of
from trackio_client.queries.index import entry_of
from trackio_client.store.contract import Store, StoredEvent
from trackio_client.wire.events import MEDIA, plain

MAGIC: Final = b"TKM1"
MOST_BYTES: Final = 2 * 1024 * 1024
"""Of files and contents before packing."""
MOST_OF_ONE: Final = MOST_BYTES // 4
"""Of one file: a film of 2 MB must not stand for all the pictures."""
GROWTH: Final = 0.5
"""That of one which runs is made anew when there are so many more events: of 10,000 some 23 times, and at its end."""
MOST_NAMES: Final = 200
MOST_EVENTS: Final = 20_000
"""That are looked at, the newest."""


class Gallery(NamedTuple):
    """A file and what it is known by."""

    content: bytes
    files: int
    """Held in it: who holds fewer, on a disk that was wiped, does not replace it."""


@dataclass(slots=True)
class _Step:
    """What one call logged under a name: one event, or several that follow one another."""

    events: list[StoredEvent] = field(default_factory=list)

    @property
    def blobs(self) -> list[Blob]:
        return [blob for event in self.events for blob in cited_in(event.content)]


def media_events(store: Store, experiment_id: str) -> list[StoredEvent]:
    """The newest MOST_EVENTS that cite media, in order of arrival."""
    return store.events(experiment_id, kinds=[MEDIA], limit=MOST_EVENTS, newest=True)


def has_media(store: Store, experiment_id: str) -> bool:
    """Whether it logged any. Raises ExperimentNotFound."""
    return bool(store.events(experiment_id, kinds=[MEDIA], limit=1))


def renewed(
    store: Store, experiment_id: str, view: Mapping[str, Any] | None, *, runs: bool
) -> tuple[dict[str, Any] | None, bytes | None]:
    """What a list says of this file ({"hash", "bytes", "events", "files"}; None: no media), and the file if it is new.

    `view` is what the list says of the experiment so far. Raises ExperimentNotFound.
    """
    before: Mapping[str, Any] = (view or {}).get("media") or {}
    known = dict(before) or None
    events = media_events(store, experiment_id)
    if not events or (known and runs and len(events) < (1 + GROWTH) * int(before.get("events", 0))):
        return known, None
    content, files = gallery(store, experiment_id, events)
    said = {"hash": hash_of(content), "bytes": len(content), "events": len(events), "files": files}
    if known and (said["hash"] == before.get("hash") or files < int(before.get("files", 0))):
        return known, None
    return said, content


def gallery(store: Store, experiment_id: str, events: Sequence[StoredEvent]) -> Gallery:
    """The file, of these events. The same events and files give the same bytes."""
    names = _by_name(events)
    room, kept, files = MOST_BYTES, list[StoredEvent](), dict[str, tuple[Blob, bytes]]()
    left_steps, left = 0, dict[str, int]()  # the bytes of each file that is not here
    for is_newest, step in _in_turn(list(names.values())[:MOST_NAMES]):
        cost = sum(len(_json(plain(event.content))) for event in step.events)
        fresh = {blob.sha256: blob for blob in step.blobs if blob.sha256 not in files}
        found = _read(store, fresh, room - cost)
        if (found is None and not is_newest) or cost > room:
            left_steps += 1
            left |= {blob.sha256: blob.bytes for blob in fresh.values()}
            continue
        kept += step.events
        for sha256, blob in fresh.items():
            if found is not None and sha256 in found:
                files[sha256] = (blob, found[sha256])
                cost += len(found[sha256])
            else:
                left[sha256] = blob.bytes
        room -= cost
    for steps in list(names.values())[MOST_NAMES:]:
        left_steps += len(steps)
        left |= {blob.sha256: blob.bytes for step in steps for blob in step.blobs}
    left = {sha256: size for sha256, size in left.items() if sha256 not in files}
    head = {
        "version": 1,
        "experiment_id": experiment_id,
        "entries": [_told(event) for event in sorted(kept, key=lambda each: (each.position, each.writer_id, each.seq))],
        "files": [[sha256, blob.mime, len(content)] for sha256, (blob, content) in files.items()],
        "left_out": {
            "names": max(0, len(names) - MOST_NAMES),
            "steps": left_steps,
            "files": len(left),
            "bytes": sum(left.values()),
        },
    }
    text = _json(head)
    inside = b"".join((MAGIC, struct.pack("<I", len(text)), text, *(content for _, content in files.values())))
    return Gallery(gzip.compress(inside, 6, mtime=0), len(files))


def _by_name(events: Sequence[StoredEvent]) -> dict[tuple[str, str], list[_Step]]:
    """The steps of each (kind, name), ascending. A step that was logged again has what came later, as on pages."""
    found: dict[tuple[str, str], dict[Any, _Step]] = {}
    for event in events:
        said = event.content
        if not isinstance(said.get("name"), str) or not isinstance(said.get("items"), list):
            continue
        steps = found.setdefault((str(said.get("media")), said["name"]), {})
        at = said.get("step") if isinstance(said.get("step"), int) else event.position
        last = steps[at].events[-1] if at in steps else None
        if last is not None and (last.writer_id, last.seq + 1) == (event.writer_id, event.seq):
            steps[at].events.append(event)
        else:
            steps[at] = _Step([event])
    return {name: [steps[at] for at in sorted(steps)] for name, steps in sorted(found.items())}


def _in_turn(names: Sequence[Sequence[_Step]]) -> Iterator[tuple[bool, _Step]]:
    """(whether it is the newest of its name, step): the first choice of every name, then the second of each …"""
    for number, turn in enumerate(zip_longest(*(map(steps.__getitem__, spread_order(len(steps))) for steps in names))):
        for step in turn:
            if step is not None:
                yield number == 0, step


def spread_order(count: int) -> Iterator[int]:
    """Every place below `count`: the last, the first, then the middles of what lies between, breadth first."""
    if count:
        yield count - 1
    if count > 1:
        yield 0
    gaps = deque([(0, count - 1)])
    while gaps:
        low, high = gaps.popleft()
        if high - low < 2:
            continue
        middle = (low + high) // 2
        yield middle
        gaps += [(low, middle), (middle, high)]


def _read(store: Store, blobs: Mapping[str, Blob], room: int) -> dict[str, bytes] | None:
    """The contents that are here and small enough; None when they would not all fit, or none is to be had."""
    small = {sha256: blob for sha256, blob in blobs.items() if blob.bytes <= MOST_OF_ONE}
    if blobs and (not small or sum(blob.bytes for blob in small.values()) > room):
        return None
    found = {}
    for sha256, blob in small.items():
        if (content := _content(store, blob)) is not None:
            found[sha256] = content
    return found if found or not blobs else None


def _content(store: Store, blob: Blob) -> bytes | None:
    """What lies on this disk: a page's copy is no reason to fetch from the repo."""
    if not store.files.has(blob):
        return None
    try:
        path = store.file(blob.sha256)
        return None if path is None else path.read_bytes()
    except (TrackioError, OSError):  # damaged, or let go of between the two questions
        return None


def _told(event: StoredEvent) -> dict[str, Any]:
    entry = {"position": event.position, "writer_id": event.writer_id, "seq": event.seq, **entry_of(event.content)}
    content = {name: value for name, value in event.content.items() if name != "blobs"}
    return {"entry": plain(entry), "content": plain(content)}


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
