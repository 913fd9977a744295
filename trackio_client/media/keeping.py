"""What every kind of media has in common: where its files go, and how large they may be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol

from trackio_client.homes import expanded
from trackio_client.wire.events import plain

MAX_ITEMS: Final = 128
"""Of one name in one call: a page shows no more pictures of one step."""
INLINE_BYTES: Final = 16_384
"""A table or trace up to this size stands in the event; a larger one is a file beside it. 128 of them fit an event."""
EVENT_BYTES: Final = 1024 * 1024
"""Items of one event: a call with more becomes several."""
MAX_CAPTION: Final = 4_096

Tell = Callable[[str, str], None]
"""tell(kind, text): what was left out or changed; the caller says each kind once."""


class NotKept(Exception):
    """A content is not kept; the text says why. What is known of it stands in the event all the same."""


class Kept(Protocol):
    """What `put` answers: a blob."""

    @property
    def sha256(self) -> str: ...
    @property
    def bytes(self) -> int: ...
    @property
    def mime(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much of one thing is kept."""

    file_bytes: int = 1024**3
    table_rows: int = 100_000


class Keeper:
    """Takes the files of one call of `log`: puts them, remembers what the event must cite, tells what was left out.

    Args:
        put: keeps a content under its hash; None or OSError when the disk does not take it.
        bounds: what is too large.
        tell: says what is not as it was given.
        mask: hides secrets in texts.
    """

    def __init__(
        self,
        put: Callable[[bytes | Path, str], Kept | None],
        *,
        bounds: Bounds | None = None,
        tell: Tell = lambda kind, text: None,
        mask: Callable[[str], str] = str,
    ) -> None:
        self.bounds = bounds or Bounds()
        self.mask = mask
        self._put = put
        self._tell = tell
        self.name = ""
        """Of the metric whose media are being kept."""
        self.cited: dict[str, dict[str, Any]] = {}
        """What the event must cite, by hash."""

    def begin(self, name: str) -> None:
        """The next calls are about this metric."""
        self.name, self.cited = name, {}

    def tell(self, kind: str, text: str) -> None:
        """Say something about this metric, once per kind and name."""
        self._tell(f"media:{kind}:{self.name}", f"{self.name!r}: {text}")

    def file(self, content: bytes | Path, mime: str) -> dict[str, Any]:
        """Keep a content; {"file", "mime", "bytes"} for the item. Raises NotKept."""
        try:
            size = len(content) if isinstance(content, bytes) else content.stat().st_size
        except (OSError, ValueError) as error:
            raise NotKept(f"{content!s:.300} cannot be read ({_why(error)})") from error
        if isinstance(content, Path) and not content.is_file():
            raise NotKept(f"{content} is no file")
        if size > self.bounds.file_bytes:
            raise NotKept(f"it has {size:,} bytes, at most {self.bounds.file_bytes:,} are kept (TRACKIO_FILE_BYTES)")
        try:
            blob = self._put(content, mime)
        except OSError as error:
            raise NotKept(f"its file cannot be kept ({_why(error)})") from error
        if blob is None:
            raise NotKept("its file cannot be kept")
        self.cited[blob.sha256] = {"sha256": blob.sha256, "bytes": blob.bytes, "mime": blob.mime}
        return {"file": blob.sha256, "mime": blob.mime, "bytes": blob.bytes}

    def data(self, value: dict[str, Any]) -> dict[str, Any]:
        """JSON that stands in the item when it is small, else in a file {"file", "mime", "bytes"}. Raises NotKept."""
        text = as_json(value)
        if len(text) <= INLINE_BYTES:
            return value
        if self.mask(text) != text:  # rare: a secret is masked text by text, so that what is left is JSON
            text = as_json(_each_text(value, self.mask))
        return self.file(text.encode(), "application/json")

    def text(self, text: str, mime: str) -> dict[str, Any]:
        """A text that stands in the item as `text` when it is small, else in a file. Raises NotKept."""
        if len(text) <= INLINE_BYTES:
            return {"text": text}
        return self.file(self.mask(text).encode("utf-8", "replace"), mime)


class Media:
    """One thing to be shown. `kind` is the event's `media`; `item` is what the event says of it."""

    kind: ClassVar[str] = ""
    is_trackio_media: ClassVar[bool] = True
    """How `values.py` knows one without loading this package."""

    caption: str | None = None

    def kept(self, keeper: Keeper) -> dict[str, Any]:
        """What the event says of it, its files put. Raises NotKept, and whatever a broken content raises."""
        raise NotKept(f"{type(self).__name__} holds nothing")

    def known(self) -> dict[str, Any]:
        """What can be said of it though its content is not kept."""
        return {}

    def item(self, keeper: Keeper) -> dict[str, Any]:
        """What the event says of it. Never raises: what is not kept is told once, and the item says why."""
        caption = {} if self.caption is None else {"caption": str(self.caption)[:MAX_CAPTION]}
        try:
            return {**caption, **self.kept(keeper)}
        except NotKept as error:
            why = str(error)
        except Exception as error:  # a stranger's content: its trouble must not stop a training
            why = _why(error)
        keeper.tell("not-kept", f"the {self.kind} is not kept: {why[:500]}. Its name and step are; training goes on")
        try:
            known = self.known()
        except Exception:  # as above
            known = {}
        return {**caption, **known, "not_kept": why[:500]}


def events_of(name: str, media: list[Any], keeper: Keeper) -> Iterator[dict[str, Any]]:
    """The fields of the events of one name, but its step: one, unless kinds are mixed or the items are large."""
    if len(media) > MAX_ITEMS:
        keeper.tell("many", f"{len(media)} are too many for one step: the first {MAX_ITEMS} are kept")
    for kind in dict.fromkeys(one.kind for one in media[:MAX_ITEMS]):
        items: list[dict[str, Any]] = []
        size = 0
        keeper.begin(name)
        for one in media[:MAX_ITEMS]:
            if one.kind == kind:
                item = one.item(keeper)
                items.append(item)
                size += len(as_json(item))
                if size > EVENT_BYTES:
                    yield {"name": name, "media": kind, "items": items, "blobs": list(keeper.cited.values())}
                    items, size = [], 0
                    keeper.begin(name)
        if items:
            yield {"name": name, "media": kind, "items": items, "blobs": list(keeper.cited.values())}


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {change(key): _each_text(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_each_text(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def as_json(value: Any) -> str:
    """JSON as events hold it. Half surrogate pairs, which are no text, become question marks."""
    text = json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode()


def as_path(value: Any) -> Path | None:
    """A path, if the value is one: `os.PathLike`, or a text."""
    if isinstance(value, str):
        return expanded(value)
    return Path(value) if hasattr(value, "__fspath__") else None


def is_tensor(value: Any) -> bool:
    """A tensor of torch's kind; open files have a `detach`, too."""
    return hasattr(value, "detach") and hasattr(value, "numel")


def own_copy(value: Any) -> Any:
    """A copy of a tensor or array, which the caller may change before it is logged; anything else as it is."""
    if is_tensor(value):
        return value.detach().cpu().clone()
    return value.copy() if hasattr(value, "dtype") and hasattr(value, "copy") else value


def as_array(value: Any) -> Any:
    """A numpy array of whatever holds numbers: array, tensor on any device, nested lists.

    Raises:
        NotKept: numpy is not installed, or it holds something else.
    """
    try:
        import numpy as np
    except ImportError:
        raise NotKept("numpy is not installed: pip install numpy") from None
    if is_tensor(value):
        value = value.detach().cpu()
        if str(value.dtype) in ("torch.bfloat16", "torch.float16"):
            value = value.float()
        value = value.numpy()
    found = np.asarray(value)
    if found.dtype == object or found.dtype.kind not in "biuf":
        raise NotKept(f"it holds {found.dtype}, not numbers")
    return found


def _why(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
