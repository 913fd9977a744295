"""Artifacts of a project: names, versions, aliases, what is in them, who logged and who used them. Plain JSON.

An artifact is what experiments logged under one name; a version is one content of it (store/numbering.py tells who
numbers). `latest` is the highest version. Another alias belongs to the version with which it was logged last, by the
clock of who logged; nothing is ever renumbered by moving one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from trackio_client.errors import NotFound
from trackio_client.queries.experiments import find_experiment
from trackio_client.store.contract import Store, StoredEvent
from trackio_client.store.numbering import numbers_of
from trackio_client.wire.artifacts import LATEST, split, version_of
from trackio_client.wire.events import ARTIFACT, ARTIFACT_USED, ARTIFACT_VERSION, revive

MOST_HELD: Final = 20
"""Projects whose versions a server keeps in memory."""


@dataclass(slots=True)
class Version:
    """One content of an artifact, as it was logged first; logged again it is the same version."""

    name: str
    digest: str
    first: dict[str, Any]
    """The event that logged it first, by its writer's clock, with description and metadata as edited since."""
    version: int | None = None
    aliases: list[str] = field(default_factory=list)
    logged: list[tuple[int, str]] = field(default_factory=list)
    """(time_us, experiment id), oldest first."""
    used: list[tuple[int, str]] = field(default_factory=list)

    @property
    def order(self) -> tuple[float, int]:
        """Ascending by version; what has none yet comes last, by time."""
        return (float("inf") if self.version is None else self.version, self.logged[0][0])


def has_artifacts(store: Store, project: str) -> bool:
    """Whether a project has any, as far as its events are loaded: a page shows no tab for none."""
    return store.count_events(project, [ARTIFACT])[0] > 0


class Shelf:
    """The versions of each project, put together anew only when an artifact was logged, used or numbered since.

    Ten thousand versions are megabytes of JSON, which who looks at one of them would otherwise read each time.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: dict[str, tuple[Any, list[Version]]] = {}

    def of(self, project: str) -> list[Version]:
        """As `versions_of`. They are shared: nobody changes them."""
        stamp = (
            self._store.incarnation,
            self._store.count_events(project, [ARTIFACT, ARTIFACT_VERSION]),
            self._store.count_events(None, [ARTIFACT_USED]),
        )
        held = self._held.get(project)
        if held is not None and held[0] == stamp and not self._store.cold():
            return held[1]
        versions = versions_of(self._store, project)
        if len(self._held) > MOST_HELD:
            self._held.clear()
        self._held[project] = (stamp, versions)
        return versions


def list_artifacts(
    store: Store,
    project: str,
    *,
    shelf: Shelf | None = None,
    name: str | None = None,
    type: str | None = None,
    offset: int = 0,
    limit: int | None = None,
) -> dict[str, Any]:
    """{"artifacts": [{"name", "type", "versions", "latest", "aliases", "bytes", "updated_s"}]}, newest first.

    With `name`: {"name", "versions": [version], "total"}, newest version first, of these `limit` from the `offset` on;
    a version as `read_artifact`, without its files.
    """
    by_name: dict[str, list[Version]] = {}
    for version in _versions(store, project, shelf):
        if type in (None, version.first.get("type")):
            by_name.setdefault(version.name, []).append(version)
    if name is not None:
        every = by_name.get(name, [])[::-1]
        chosen = every[offset:] if limit is None else every[offset : offset + limit]
        names = _names(store, chosen)
        told = [_told(store, project, each, names, files=False) for each in chosen]
        return {"name": name, "versions": told, "total": len(every)}
    rows = []
    for called, versions in by_name.items():
        newest = versions[-1]
        rows.append(
            {
                "name": called,
                "type": newest.first.get("type"),
                "versions": len(versions),
                "latest": newest.version,
                "aliases": [alias for each in versions for alias in each.aliases],
                "bytes": _bytes(newest),
                "updated_s": max(time_us for each in versions for time_us, _ in each.logged) / 1e6,
            }
        )
    return {"artifacts": sorted(rows, key=lambda row: (-row["updated_s"], row["name"]))}


def read_artifact(
    store: Store, wanted: str, project: str | None = None, *, shelf: Shelf | None = None
) -> dict[str, Any]:
    """One version: "name:alias", "name:v3" or "project/name:alias".

    {"project", "name", "type", "version" (null while the store has not numbered it), "digest", "aliases", "files",
    "bytes", "metadata", "description", "time_s", "logged_by": [{"experiment_id", "name", "time_s"}], "used_by": [same],
    "used": what the experiments that logged it had used before: [{"name", "version", "digest", "experiment_id"}]}

    Raises:
        NotFound: with what exists.
    """
    for in_project, name, alias in split(wanted, project):
        versions = [each for each in _versions(store, in_project, shelf) if each.name == name]
        if versions:
            found = _chosen(versions, alias)
            if found is None:
                numbers = [f"v{each.version}" for each in versions if each.version is not None]
                known = [*numbers, *(alias for each in versions for alias in each.aliases)]
                raise NotFound(f"artifact {name!r:.160} has no {alias!r:.80}. It has {', '.join(known[-20:])}")
            return _told(store, in_project, found, _names(store, [found]), files=True)
    names = sorted({each.name for each in versions_of(store, project)}) if project is not None else []
    near = difflib.get_close_matches(wanted.rpartition(":")[0] or wanted, names, n=3) or names[:5]
    where = "" if project is None else f" in project {project!r:.160}"
    there = f" There are {', '.join(map(repr, near))}." if near else " There is none yet."
    raise NotFound(f"there is no artifact {wanted!r:.300}{where}.{there} Write 'name:latest' or 'project/name:v3'")


def experiment_artifacts(store: Store, experiment_id: str) -> dict[str, Any]:
    """{"logged": [version], "used": [version]} of an experiment, in the order of its calls; as `read_artifact`.

    Of what it used from a project that is not here stands what its own event says.

    Raises:
        ExperimentNotFound.
    """
    record = find_experiment(store, experiment_id)
    versions = versions_of(store, record.project)
    mine = [each for each in versions if any(name == experiment_id for _, name in each.logged)]
    names = _names(store, versions)
    logged = sorted(mine, key=lambda each: next(at for at, name in each.logged if name == experiment_id))
    used = []
    for event in store.events(experiment_id, kinds=[ARTIFACT_USED]):
        said = revive(event.content)
        project = str(said.get("project") or record.project)
        there = versions if project == record.project else versions_of(store, project)
        match = next((v for v in there if (v.name, v.digest) == (said.get("name"), said.get("digest"))), None)
        if match is None:
            told = {key: said.get(key) for key in ("name", "type", "version", "digest")}
            used.append({**told, "project": project, "files": [], "aliases": []})
        else:
            used.append(_told(store, project, match, {**names, **_names(store, [match])}, files=True))
    once = {(each["project"], each["name"], each["digest"]): each for each in used}
    return {
        "logged": [_told(store, record.project, each, names, files=True) for each in logged],
        "used": list(once.values()),
    }


def _versions(store: Store, project: str, shelf: Shelf | None) -> list[Version]:
    return versions_of(store, project) if shelf is None else shelf.of(project)


def versions_of(store: Store, project: str) -> list[Version]:
    """All versions of all artifacts of a project: by name, then ascending."""
    events = store.events_of_project(project, [ARTIFACT, ARTIFACT_VERSION])
    numbers = numbers_of(events)
    found: dict[tuple[str, str], Version] = {}
    aliases: dict[tuple[str, str], tuple[int, str]] = {}  # (name, alias) → (time, digest)
    for event in sorted((e for e in events if e.content.get("kind") == ARTIFACT), key=_when):
        said = event.content  # reviving the files of ten thousand versions takes longer than all else
        if "metadata" in said:
            said = {**said, "metadata": revive(said["metadata"])}
        name, digest, at = said.get("name"), said.get("digest"), _when(event)[0]
        if not (isinstance(name, str) and isinstance(digest, str)):
            continue
        version = found.setdefault((name, digest), Version(name, digest, said, numbers.of.get((name, digest))))
        if said.get("edited") is True and version.logged:  # told again afterwards (Artifact.save), by nobody's training
            version.first = {**version.first, **{key: said[key] for key in ("metadata", "description") if key in said}}
        else:
            version.logged.append((at, event.experiment_id))
        for alias in said.get("aliases") or ():
            aliases[name, str(alias)] = (at, digest)
    for event in store.events_of_project(None, [ARTIFACT_USED]):
        key = (event.content.get("name"), event.content.get("digest"))
        if event.content.get("project") in (None, project) and key in found:
            found[key].used.append((_when(event)[0], event.experiment_id))
    ordered = sorted(found.values(), key=lambda each: (each.name, each.order))
    newest = {each.name: each for each in ordered}
    for (name, alias), (_, digest) in aliases.items():
        if alias != LATEST:
            found[name, digest].aliases.append(alias)
    for version in newest.values():
        version.aliases.insert(0, LATEST)
    return ordered


def _when(event: StoredEvent) -> tuple[int, str, int]:
    at = event.content.get("time_us")
    return (at if type(at) is int else 0, event.writer_id, event.seq)


def _chosen(versions: Sequence[Version], alias: str) -> Version | None:
    number = version_of(alias)
    for each in versions:
        if alias in each.aliases or (number is not None and each.version == number) or alias == each.digest:
            return each
    return None


def _names(store: Store, versions: Iterable[Version]) -> dict[str, str]:
    """Experiment id → name, of all that logged or used these."""
    wanted = {name for each in versions for _, name in (*each.logged, *each.used)}
    found = {}
    for name in wanted:
        try:
            found[name] = store.experiment(name).name
        except NotFound:
            continue
    return found


def _bytes(version: Version) -> int:
    return sum(each.get("bytes") or 0 for each in version.first.get("files") or ())


def _told(store: Store, project: str, version: Version, names: dict[str, str], *, files: bool) -> dict[str, Any]:
    def who(listed: list[tuple[int, str]]) -> list[dict[str, Any]]:
        once = {name: at for at, name in reversed(listed)}
        return [{"experiment_id": n, "name": names.get(n), "time_s": at / 1e6} for n, at in reversed(once.items())]

    said = version.first
    listed = list(said.get("files") or ())
    told: dict[str, Any] = {
        "project": project,
        "name": version.name,
        "type": said.get("type"),
        "version": version.version,
        "digest": version.digest,
        "aliases": version.aliases,
        "metadata": said.get("metadata") or {},
        "description": said.get("description"),
        "bytes": _bytes(version),
        "file_count": len(listed),
        "time_s": version.logged[0][0] / 1e6,
        "logged_by": who(version.logged),
        "used_by": who(version.used),
        "from_experiment": version.logged[0][1],
        "from_name": names.get(version.logged[0][1]),
    }
    if files:
        told["files"] = listed
        told["used"] = _sources(store, version)
    return told


def _sources(store: Store, version: Version) -> list[dict[str, Any]]:
    """What the experiments that logged a version had used by then: where it comes from."""
    found = {}
    for at, experiment_id in version.logged:
        for event in store.events(experiment_id, kinds=[ARTIFACT_USED]):
            said = event.content
            if _when(event)[0] <= at:
                key = (said.get("name"), said.get("digest"))
                keys = ("project", "name", "type", "version", "digest")
                found[key] = {**{k: said.get(k) for k in keys}, "experiment_id": experiment_id}
    return list(found.values())
