"""The artifacts of a link: what its experiments logged and used, put together from their own events and no other's.

So nothing of other experiments is told: not that they logged the same content, nor what they made of it. A version that
another experiment was numbered for has no number here, its digest names it. Where references lie, metadata, aliases
(which others move) and why a file was not kept stay behind.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from space.sharing.scope import Shared
from trackio_client.errors import NotFound
from trackio_client.store.contract import ExperimentRecord, Store, StoredEvent
from trackio_client.store.numbering import numbers_of
from trackio_client.wire.events import ARTIFACT, ARTIFACT_USED, ARTIFACT_VERSION

MOST_FILES: Final = 1000
"""Files of a version in one answer."""
_KINDS: Final = (ARTIFACT, ARTIFACT_VERSION, ARTIFACT_USED)
_KEPT: Final = 16
"""Links whose artifacts are held in memory."""

_Key = tuple[str, str, str]
"""(project, name, digest)"""


@dataclass(slots=True)
class _Version:
    key: _Key
    type: str | None = None
    version: int | None = None
    files: list[dict[str, Any]] = field(default_factory=list)
    made: dict[str, int] = field(default_factory=dict)
    """Experiment id → when it logged this first, µs."""
    used: dict[str, int] = field(default_factory=dict)

    @property
    def newest_us(self) -> int:
        return min(self.made.values(), default=min(self.used.values(), default=0))


class Artifacts:
    """The versions of each link, put together anew only when an artifact was logged, used or numbered since."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._held: OrderedDict[str, tuple[Any, list[_Version]]] = OrderedDict()

    def listed(self, shared: Shared, *, offset: int, limit: int) -> dict[str, Any]:
        """{"artifacts": [version], "total"}, newest first. Raises NotFound: the link shows none.

        A version: {"project", "name", "type", "version", "digest", "made_by", "used_by": [experiment id], "time_s",
        "bytes", "file_count"}; of one that none of these experiments made the last two are null.
        """
        versions = self._of(shared)
        return {"artifacts": [_told(each) for each in versions[offset : offset + limit]], "total": len(versions)}

    def one(self, shared: Shared, project: str, name: str, digest: str) -> dict[str, Any]:
        """As in the list, with "files" and with "from": what its makers had used before. Raises NotFound."""
        versions = self._of(shared)
        found = next((each for each in versions if each.key == (project, name, digest)), None)
        if found is None:
            raise NotFound("this link shows no such artifact")
        before = [other for other in versions if other is not found and _is_used_before(found, other)]
        return {
            **_told(found),
            "files": [self._file(each) for each in found.files[:MOST_FILES]],
            "from": [{"name": v.key[1], "version": v.version, "digest": v.key[2]} for v in before],
        }

    def _file(self, said: dict[str, Any]) -> dict[str, Any]:
        sha256 = said.get("file")
        is_here = isinstance(sha256, str) and self._store.files.path(sha256) is not None
        return {"path": said.get("path"), "bytes": said.get("bytes"), "file": sha256 if is_here else None}

    def _of(self, shared: Shared) -> list[_Version]:
        if not shared.artifacts_shown:
            raise NotFound("this link shows no artifacts")
        ids = [record.experiment_id for record in shared.records]
        stamp = (self._store.incarnation, ids, self._store.count_events(None, _KINDS), bool(self._store.cold(ids)))
        with self._lock:
            held = self._held.get(shared.entry.id)
        if held is not None and held[0] == stamp:
            return held[1]
        versions = _versions(self._store, shared.records)
        with self._lock:
            self._held[shared.entry.id] = (stamp, versions)
            self._held.move_to_end(shared.entry.id)
            if len(self._held) > _KEPT:
                self._held.popitem(last=False)
        return versions


def _is_used_before(made: _Version, used: _Version) -> bool:
    return any(at <= made.made.get(who, -1) for who, at in used.used.items())


def _versions(store: Store, records: Sequence[ExperimentRecord]) -> list[_Version]:
    found: dict[_Key, _Version] = {}
    pins: dict[str, list[StoredEvent]] = {}
    for record in records:
        for event in store.events(record.experiment_id, kinds=_KINDS):
            said = event.content
            if said["kind"] == ARTIFACT_VERSION:
                pins.setdefault(record.project, []).append(event)
                continue
            is_made = said["kind"] == ARTIFACT
            name, digest, at = said.get("name"), said.get("digest"), said.get("time_us")
            if not (isinstance(name, str) and isinstance(digest, str)) or said.get("edited") is True:
                continue
            project = record.project if is_made else str(said.get("project") or record.project)
            each = found.setdefault((project, name, digest), _Version((project, name, digest)))
            each.type = each.type or said.get("type")
            when = at if type(at) is int else 0
            by = each.made if is_made else each.used
            by[record.experiment_id] = min(when, by.get(record.experiment_id, when))
            if is_made:
                each.files = each.files or [file for file in said.get("files") or () if isinstance(file, dict)]
            elif type(said.get("version")) is int and each.version is None:
                each.version = said["version"]
    for project, events in pins.items():
        for (name, digest), version in numbers_of(events).of.items():
            if (known := found.get((project, name, digest))) is not None:
                known.version = version
    return sorted(found.values(), key=lambda each: (-each.newest_us, each.key))


def _told(each: _Version) -> dict[str, Any]:
    sizes = [file.get("bytes") for file in each.files]
    return {
        "project": each.key[0],
        "name": each.key[1],
        "digest": each.key[2],
        "type": each.type,
        "version": each.version,
        "made_by": sorted(each.made, key=lambda who: each.made[who]),
        "used_by": sorted(each.used, key=lambda who: each.used[who]),
        "time_s": min(each.made.values()) / 1e6 if each.made else None,
        "bytes": sum(size for size in sizes if type(size) is int) if each.made else None,
        "file_count": len(each.files) if each.made else None,
    }
