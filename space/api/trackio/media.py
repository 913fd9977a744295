"""Pictures, sounds, tables, histograms, reports and traces: from Trackio's values to MEDIA events, and back.

A value names its files by the path they have on the client's machine; the files come after it, in a call of their own,
or before it where the client had to keep one of the two. So a value whose files are not all here is told as an AWAITED
event, a file as a SENT_FILE event, and the MEDIA event follows when the last of them is there. All three are events of
the run: a restart between two of them loses nothing, and a file that comes twice is known by its name, which is random.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import orjson

from trackio_client.blobs import Blob, BlobFolder, is_hash
from trackio_client.media.histograms import Histogram
from trackio_client.media.keeping import Bounds, Keeper, Media, NotKept, events_of
from trackio_client.media.pages import Markdown
from trackio_client.media.tables import Table
from trackio_client.media.traces import Trace
from trackio_client.store.contract import ExperimentRecord, Store, StoredEvent
from trackio_client.wire.events import AWAITED, MEDIA, SENT_FILE, revive

_FILES: Final = {f"trackio.{kind}": kind for kind in ("image", "video", "audio", "html", "object3d")}
_TYPES: Final = {*_FILES, "trackio.histogram", "trackio.markdown", "trackio.table", "trackio.trace"}
_DEPTH: Final = 24
LARGE_BYTES: Final = 262_144
"""Of an awaited value: a larger one lies in a file beside its event."""


class SentFile(Media):
    """A file that Trackio's client sent, or one that it has not sent."""

    def __init__(self, kind: str, told: Mapping[str, Any], blob: Blob | None, folder: BlobFolder) -> None:
        self.kind = kind  # type: ignore[misc]  # of each file its own
        self._path, self._blob, self._folder = str(told.get("file_path") or ""), blob, folder
        self.caption = told["caption"] if isinstance(told.get("caption"), str) else None

    def known(self) -> dict[str, Any]:
        return {"path": self._path}

    def kept(self, keeper: Keeper) -> dict[str, Any]:
        if self._blob is None:
            raise NotKept("its file did not come")
        keeper.cited[self._blob.sha256] = self._blob.cited()
        item = {"file": self._blob.sha256, "mime": self._blob.mime, "bytes": self._blob.bytes, "path": self._path}
        if self.kind == "object3d":
            item["format"] = PurePosixPath(self._path).suffix.lstrip(".").lower()
        if self.kind == "image" and (size := _size_of(self._folder.path(self._blob.sha256))) is not None:
            item["width"], item["height"] = size
        return item


@dataclass(frozen=True, slots=True)
class Awaited:
    """A value that waits for its files."""

    name: str
    step: int
    time_us: int
    value: Any

    @property
    def files(self) -> set[str]:
        return files_of(self.value)


class Beside:
    """What a run has beside its numbers: which files came, which values wait. Changed under the run's lock."""

    def __init__(self, folder: BlobFolder, known: Iterable[StoredEvent] = ()) -> None:
        """`known`: the run's AWAITED, SENT_FILE and MEDIA events."""
        self.folder = folder
        self.files: dict[str, Blob] = {}
        self.awaited: list[Awaited] = []
        told: set[tuple[Any, Any]] = set()
        for event in known:
            content = event.content
            if event.content.get("kind") == SENT_FILE:
                self.files[str(content.get("path"))] = _blob(content)
            elif content.get("kind") == MEDIA:
                told.add((content.get("name"), content.get("time_us")))
            elif content.get("kind") == AWAITED and (one := self._awaited(content)) is not None:
                self.awaited.append(one)
        self.awaited = [one for one in self.awaited if (one.name, one.time_us) not in told]

    def _awaited(self, content: Mapping[str, Any]) -> Awaited | None:
        value = content.get("value")
        if value is None and (path := self.folder.path(str(content.get("file")))) is not None:
            value = orjson.loads(path.read_bytes())
        step, time_us = content.get("step"), content.get("time_us")
        if value is None or type(step) is not int or type(time_us) is not int:
            return None
        return Awaited(str(content.get("name")), step, time_us, value)

    def logged(self, one: Awaited, keeper: Keeper) -> Iterator[dict[str, Any]]:
        """The events of a value that was logged: MEDIA, or AWAITED while files are missing."""
        if one.files <= self.files.keys():
            yield from self._media(one, keeper)
            return
        self.awaited.append(one)
        raw = orjson.dumps(one.value)
        about = {"kind": AWAITED, "time_us": one.time_us, "step": one.step, "name": one.name}
        if len(raw) <= LARGE_BYTES:
            yield about | {"value": one.value}
        else:
            blob = self.folder.put(raw, "application/json")
            yield about | {"file": blob.sha256, "blobs": [blob.cited()]}

    def sent(self, path: str, blob: Blob, time_us: int, keeper: Keeper) -> Iterator[dict[str, Any]]:
        """The events of a file that came: SENT_FILE, and MEDIA for each value that waited for it last."""
        if path in self.files:
            return
        self.files[path] = blob
        told = {"path": path, "file": blob.sha256, "bytes": blob.bytes, "mime": blob.mime, "blobs": [blob.cited()]}
        yield {"kind": SENT_FILE, "time_us": time_us, **told}
        ready = [one for one in self.awaited if path in one.files and one.files <= self.files.keys()]
        for one in ready:
            self.awaited.remove(one)
            yield from self._media(one, keeper)

    def _media(self, one: Awaited, keeper: Keeper) -> Iterator[dict[str, Any]]:
        listed = one.value if isinstance(one.value, list) else [one.value]
        made = [self._made(value) for value in listed]
        for fields in events_of(one.name, made, keeper):
            cited = {} if fields["blobs"] else {"blobs": None}
            listing = {"listed": True} if isinstance(one.value, list) else {}
            event = {"kind": MEDIA, "time_us": one.time_us, "step": one.step, **fields, **listing}
            yield {name: value for name, value in event.items() if name not in cited}

    def _made(self, value: Mapping[str, Any]) -> Media:
        kind = value["_type"]
        if kind in _FILES:
            return SentFile(_FILES[kind], value, self.files.get(_base(value)), self.folder)
        if kind == "trackio.histogram":
            return Histogram(np_histogram=(value.get("values") or [], value.get("bins") or []))
        if kind == "trackio.markdown":
            return Markdown(str(value.get("_value") or ""))
        if kind == "trackio.trace":
            parts = {name: self._inside(value.get(name)) for name in ("messages", "metadata", "spans")}
            return Trace(**parts)
        found = value.get("_value")
        rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
        columns = list(dict.fromkeys(name for row in rows for name in row))
        return Table(columns=columns, data=[[self._inside(row.get(name)) for name in columns] for row in rows])

    def _inside(self, value: Any, depth: int = 0) -> Any:
        """A nested value with media in the places of what names them."""
        if depth < _DEPTH:
            if isinstance(value, dict):
                if value.get("_type") in _FILES:
                    return self._made(value)
                return {name: self._inside(item, depth + 1) for name, item in value.items()}
            if isinstance(value, list):
                return [self._inside(item, depth + 1) for item in value]
        return value


def keeper_of(folder: BlobFolder, most_bytes: int, mask: Any, tell: Any) -> Keeper:
    """What puts tables and traces that are too large for an event."""
    return Keeper(folder.put, bounds=Bounds(file_bytes=most_bytes), mask=mask, tell=tell)


def apart(metrics: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Numbers and texts, and media, by name."""
    media = {name: value for name, value in metrics.items() if _is_media(value)}
    return {name: value for name, value in metrics.items() if name not in media}, media


def _is_media(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, dict) and one.get("_type") in _TYPES for one in value)
    return isinstance(value, dict) and value.get("_type") in _TYPES


def files_of(value: Any, depth: int = 0) -> set[str]:
    """The names of the files that a value names."""
    found: set[str] = set()
    if depth < _DEPTH:
        if isinstance(value, dict):
            if value.get("_type") in _FILES:
                return {_base(value)}
            for item in value.values():
                found |= files_of(item, depth + 1)
        elif isinstance(value, list):
            for item in value:
                found |= files_of(item, depth + 1)
    return found


def base_name(path: str) -> str:
    """The last part of a path of any system: the client's are a random name each."""
    return PurePosixPath(path.replace("\\", "/")).name


def _base(value: Mapping[str, Any]) -> str:
    return base_name(str(value.get("file_path") or ""))


def _blob(content: Mapping[str, Any]) -> Blob:
    sha256, size = str(content.get("file")), content.get("bytes")
    return Blob(sha256, size if type(size) is int else 0, str(content.get("mime")))


def _size_of(path: Path | None) -> tuple[int, int] | None:
    """Width and height of a picture; None where nobody can tell."""
    try:
        from PIL import Image
    except ImportError:
        return None
    if path is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd files, whose size is told all the same
            with Image.open(path) as picture:
                width, height = picture.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return int(width), int(height)


# --- the way back ----------------------------------------------------------------------------------------------------


def values_of(store: Store, record: ExperimentRecord) -> Iterator[tuple[int, int, str, Any]]:
    """(time, step, name, value) of an experiment's media, in Trackio's form, whoever logged them."""
    for event in store.events(record.experiment_id, kinds=[MEDIA]):
        content = event.content
        time_us, step, items = content.get("time_us"), content.get("step"), content.get("items")
        if not isinstance(items, list):
            continue
        values = [_theirs(store, str(content.get("media")), item) for item in items if isinstance(item, dict)]
        if values:
            value = values if content.get("listed") or len(values) > 1 else values[0]
            place = (time_us if type(time_us) is int else 0, step if type(step) is int else 0)
            yield (*place, str(content.get("name")), value)


def _theirs(store: Store, kind: str, item: dict[str, Any]) -> dict[str, Any]:
    if kind == "histogram":
        return {"_type": "trackio.histogram", "bins": item.get("bins") or [], "values": item.get("counts") or []}
    if kind == "markdown":
        return {
            "_type": "trackio.markdown",
            "_value": item.get("text") or _content(store, item).decode(errors="replace"),
        }
    if kind == "trace":
        content = _data(store, item)
        return {"_type": "trackio.trace"} | {
            name: _back(content.get(name)) or ({} if name == "metadata" else [])
            for name in ("messages", "metadata", "spans")
        }
    if kind == "table":
        columns = [column.get("name") for column in item.get("columns") or [] if isinstance(column, dict)]
        rows = _data(store, item).get("data") or []
        values = [dict(zip(columns, map(_back, row), strict=False)) for row in rows]
        return {"_type": "trackio.table", "_value": values}
    return _file(kind, item)


def _file(kind: str, item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "_type": f"trackio.{kind}",
        "file_path": item.get("path") or item.get("file"),
        "caption": item.get("caption"),
    }


def _back(value: Any) -> Any:
    if isinstance(value, dict):
        if isinstance(kind := value.get("$media"), str):
            return _file(kind, value)
        return revive(value) if "$float" in value else {name: _back(item) for name, item in value.items()}
    return [_back(item) for item in value] if isinstance(value, list) else value


def _data(store: Store, item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The JSON of a table or trace, which stands in the item or in its file."""
    if "file" not in item:
        return item
    try:
        found = orjson.loads(_content(store, item) or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _content(store: Store, item: Mapping[str, Any]) -> bytes:
    sha256 = item.get("file")
    path = store.file(sha256) if isinstance(sha256, str) and is_hash(sha256) else None
    try:
        return b"" if path is None else path.read_bytes()
    except OSError:
        return b""
