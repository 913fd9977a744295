"""One file of an artifact: kept in a store, on this machine before it is logged, or somewhere else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from trackio_client.blobs import DEFAULT_MIME, mime_of
from trackio_client.homes import expanded


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an artifact."""

    path: str
    """With "/", inside the artifact."""
    bytes: int | None = None
    file: str | None = None
    """The SHA-256 of its content, if that is kept."""
    mime: str = DEFAULT_MIME
    reference: str | None = None
    """Where it lies, if it is not kept here."""
    etag: str | None = None
    """What tells two contents of a reference apart."""
    not_kept: str | None = None
    """Why its content is not kept, if it was meant to be."""
    here: Path | None = None
    """On this machine, before it is logged."""

    @property
    def digest(self) -> str | None:
        """The SHA-256 of its content (W&B's name)."""
        return self.file

    @property
    def size(self) -> int | None:
        return self.bytes

    def told(self) -> dict[str, Any]:
        """As the event lists it."""
        named = ("path", "file", "bytes", "mime", "reference", "etag", "not_kept")
        told = {name: getattr(self, name) for name in named}
        return {name: value for name, value in told.items() if value is not None or name in ("file", "reference")}


def referred(path: str, local: Path, *, with_etag: bool = True, not_kept: str | None = None) -> Entry:
    """A file that stays where it is. Its time of change and size stand for its content: reading it may take hours."""
    seen = local.stat()
    etag = f"{seen.st_size}-{seen.st_mtime_ns}" if with_etag else None
    return Entry(
        path, seen.st_size, reference=local.absolute().as_uri(), etag=etag, not_kept=not_kept, mime=mime_of(local)
    )


def reference_to(path: str, local: Path, why: str) -> Entry:
    """The entry of a file whose content is too large to be kept."""
    return referred(path, local, not_kept=why)


def local_path(address: str) -> Path | None:
    """The path that an address means on this machine; None for other places."""
    parts = urlsplit(address)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return expanded(address) if "://" not in address else None


def text_of(value: Any) -> str:
    """The content of a file that is made of a value: a text as it is, a table and anything else as JSON."""
    if isinstance(value, str):
        return value
    if hasattr(value, "columns") and hasattr(value, "data"):
        value = {"columns": list(value.columns), "data": [list(row) for row in value.data]}
    return json.dumps(value, default=str, ensure_ascii=False)
