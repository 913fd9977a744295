"""What an event says of the files that it cites: `blobs: [{sha256, bytes, mime}]`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DEFAULT_MIME: Final = "application/octet-stream"
_HASH = re.compile(r"[0-9a-f]{64}")
_MIME = re.compile(r"[a-z0-9][a-z0-9.+\-]{0,62}/[a-z0-9][a-z0-9.+\-]{0,62}")


@dataclass(frozen=True, slots=True)
class Blob:
    """What an event says of a file that it cites."""

    sha256: str
    bytes: int
    mime: str = DEFAULT_MIME

    def cited(self) -> dict[str, Any]:
        """Its form in an event's `blobs`."""
        return {"sha256": self.sha256, "bytes": self.bytes, "mime": self.mime}


def is_hash(text: object) -> bool:
    """Whether this can name a blob: 64 hexadecimal characters in lower case. Anything else never becomes a path."""
    return isinstance(text, str) and _HASH.fullmatch(text) is not None


def checked_mime(text: object) -> str:
    """A media type without parameters, in lower case; what is none is `application/octet-stream`."""
    first = str(text).split(";")[0].strip().lower() if text else ""
    return first if _MIME.fullmatch(first) else DEFAULT_MIME


def mime_of(path: Path | str, default: str = DEFAULT_MIME) -> str:
    """The media type that the ending of a file's name tells."""
    import mimetypes  # here: only who has files needs its table

    return mimetypes.guess_type(str(path))[0] or default


def cited_in(content: Mapping[str, Any]) -> list[Blob]:
    """The files that an event's content cites, each once. What is not a citation is passed over: stores keep all."""
    listed = content.get("blobs")
    if not isinstance(listed, (list, tuple)):
        return []
    found: dict[str, Blob] = {}
    for item in listed:
        sha256 = item.get("sha256") if isinstance(item, Mapping) else None
        if isinstance(sha256, str) and is_hash(sha256):
            size = item.get("bytes")
            found[sha256] = Blob(sha256, size if type(size) is int and size >= 0 else 0, checked_mime(item.get("mime")))
    return list(found.values())
