"""Files that events cite and that are nowhere to be had: which they are, in words that who logged them knows.

A hash tells nobody which picture is gone; the name and the step at which it was logged, or its path in an artifact, do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from trackio_client.blobs import Blob, cited_in

if TYPE_CHECKING:
    from trackio_client.store.contract import Store

AGAIN: Final = "Logged again with the same content, in any experiment there, a file is shown in its old place too"
"""What can be done: files are found by their content."""
MOST_NAMED: Final = 5
"""In a line of text; JSON names all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostFile:
    """One of them, as the first event that cites it tells."""

    sha256: str
    bytes: int
    mime: str
    name: str
    """Of the medium; of an artifact with the path in it; else the kind of the event."""
    step: int | None
    why: str = ""

    def text(self) -> str:
        at = "" if self.step is None else f" at step {self.step}"
        return f"{self.name}{at} ({self.mime}, {self.bytes:,} bytes, {self.sha256[:12]})"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def lost_files(content: Mapping[str, Any], why: Mapping[str, str]) -> list[LostFile]:
    """Those of the files in `why` (hash → reason) that an event cites."""
    return [
        LostFile(
            sha256=blob.sha256, bytes=blob.bytes, mime=blob.mime, name=_name(content, blob), step=_step(content),
            why=why[blob.sha256],
        )
        for blob in cited_in(content) if blob.sha256 in why
    ]  # fmt: skip


def lost_in(store: Store, experiment_id: str, hashes: Iterable[str]) -> list[LostFile]:
    """What an experiment of a store says of these files, in the order in which they were logged."""
    left = dict.fromkeys(hashes, "")
    kinds = {citation.kind for sha256 in left for citation in store.citing(sha256)}
    found: list[LostFile] = []
    for event in store.events(experiment_id, kinds=sorted(kinds)) if kinds else ():
        for lost in lost_files(event.content, left):
            del left[lost.sha256]
            found.append(lost)
        if not left:
            break
    return found


def named(lost: Sequence[LostFile]) -> str:
    """The first of them in words, the others by their number."""
    more = f" and {len(lost) - MOST_NAMED:,} more" if len(lost) > MOST_NAMED else ""
    return ", ".join(each.text() for each in lost[:MOST_NAMED]) + more


def _name(content: Mapping[str, Any], blob: Blob) -> str:
    name = content.get("name")
    whole = name if isinstance(name, str) and name else str(content.get("kind") or "an event")
    files = content.get("files")
    for each in files if isinstance(files, (list, tuple)) else ():
        if isinstance(each, Mapping) and each.get("file") == blob.sha256 and isinstance(each.get("path"), str):
            return f"{whole}/{each['path']}"
    return whole


def _step(content: Mapping[str, Any]) -> int | None:
    step = content.get("step")
    return step if type(step) is int else None
