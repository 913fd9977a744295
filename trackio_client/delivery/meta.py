"""meta.json of a spool: whose events these are, where they should go, and what was already let go of."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

VERSION = 1
META = "meta.json"


@dataclass(slots=True, kw_only=True)
class Meta:
    """What another process must know to deliver this spool. Written by rename, so it is whole or the old one."""

    writer_id: str
    experiment_id: str
    project: str
    name: str = ""
    destination: str
    """Address of the Space, or `local`: only a durable mark of this destination lets segments go (rule 12)."""
    generation: int = 0
    created_s: float = 0.0
    pid: int = 0
    base: int = 0
    """Ordinal of the frame that has seq 0; above 0 after an overlap made the rest a new writer's (rule 6)."""
    first_segment: int = 0
    """Number of the oldest segment that is kept."""
    first_ordinal: int = 0
    """Ordinal of its first frame."""
    digest: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Of the frames of this writer before it: low, high, events, points (store.columns.Digest)."""
    refused: dict[str, str] = field(default_factory=dict)
    """Ordinal → reason of frames that the store will never take; a `refused` event stands for each (rule 7)."""
    store_id: str = ""
    """The store that answered last."""
    accepted: int = 0
    """Seqs accepted when last heard of: for `status`, never believed for sending."""
    end: int | None = None
    """Ordinal behind the last frame that is this writer's; None is the end of the log."""
    earlier: list[str] = field(default_factory=list)
    """Ids under which this log was sent before (rule 6), for the receipt."""
    said: str = ""
    """Why nothing goes out, when something stands in the way (deleted experiment, wrong token); for `status`."""

    def write(self, directory: Path) -> None:
        """Replace meta.json. Raises OSError; the old one then stands."""
        text = json.dumps({"version": VERSION, **asdict(self)})
        temporary = directory / f"{META}.{os.getpid()}.new"
        try:
            with temporary.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(directory / META)
        except OSError:
            temporary.unlink(missing_ok=True)
            _write_over(directory / META, text)


def _write_over(path: Path, text: str) -> None:
    """On a full disk: into the block that the file has already.

    Without it a full disk could never be freed: segments go only after meta.json says so. It stays within a block,
    so only a power cut in this very write could tear it.
    """
    if len(text) > 4096:
        raise OSError(errno.ENOSPC, "no room for meta.json", str(path))
    with path.open("r+", encoding="utf-8") as file:
        file.write(text)
        file.truncate()


def read_meta(directory: Path) -> Meta | None:
    """The meta.json of a spool; None if there is none yet, or it is not one that this version can read."""
    try:
        content: dict[str, Any] = json.loads((directory / META).read_text(encoding="utf-8"))
        if content.pop("version") != VERSION:
            return None
        meta = Meta(**content)
        low, high, events, points = meta.digest
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    meta.digest = (low, high, events, points)
    return meta
