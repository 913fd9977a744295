"""Versions of artifacts, in the words of Trackio's clients.

Trackio names a version by a whole number that its own database gave; ours follows from project, name and content, and
so is the same in every copy of the store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

from space.api.trackio.calls import text
from space.api.trackio.rows import moment
from space.api.trackio.runs import find, run_id_of
from trackio_client.errors import ExperimentNotFound
from trackio_client.queries.artifacts import Version, versions_of
from trackio_client.store.contract import Store
from trackio_client.wire.artifacts import LATEST, version_of

FILE: Final = "file"
"""Type of what `trackio.save` gave."""


class Versions:
    """Trackio's questions about artifacts and files. Names of calls and arguments are Trackio's."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get_artifact_manifest(self, project: Any, name: Any, spec: Any = None) -> dict[str, Any] | None:
        wanted = LATEST if spec is None else str(spec)
        versions = [each for each in self._versions(project) if each.name == name]
        found = next(
            (v for v in versions if wanted in v.aliases or v.version == (version_of(wanted) if spec else None)), None
        )
        return None if found is None else self.record(project, found)

    def list_artifacts(self, project: Any) -> list[dict[str, Any]]:
        by_name: dict[str, list[Version]] = {}
        for version in self._versions(project):
            by_name.setdefault(version.name, []).append(version)
        return [
            {
                "name": name,
                "type": versions[-1].first.get("type"),
                "description": versions[-1].first.get("description"),
                "created_at": moment(versions[0].logged[0][0]),
                "num_versions": len(versions),
                "latest_version": versions[-1].version,
                "versions": [
                    {
                        "version_id": id_of(project, each),
                        "version": each.version,
                        "aliases": each.aliases,
                        "size_bytes": _bytes(each),
                        "num_files": len(each.first.get("files") or ()),
                        "created_at": moment(each.logged[0][0]),
                    }
                    for each in reversed(versions)
                ],
            }
            for name, versions in sorted(
                by_name.items(), key=lambda item: (str(item[1][-1].first.get("type")), item[0])
            )
        ]

    def get_artifacts(self, project: Any) -> list[dict[str, Any]]:
        told = [
            {
                name: art[name]
                for name in ("name", "type", "description", "num_versions", "latest_version", "created_at")
            }
            | {
                "size_bytes": art["versions"][0]["size_bytes"],
                "aliases": sorted({alias for each in art["versions"] for alias in each["aliases"]}),
            }
            for art in self.list_artifacts(project)
        ]
        return sorted(told, key=lambda art: str(art["name"]))

    def get_run_artifacts(self, project: Any, run: Any = None, run_id: Any = None) -> dict[str, list[dict[str, Any]]]:
        record = find(self._store, text(project, "project"), run, run_id)
        found: dict[str, list[dict[str, Any]]] = {"input": [], "output": []}
        for version in self._versions(project) if record is not None else ():
            for way, places in (("output", version.logged), ("input", version.used)):
                times = [time_us for time_us, own in places if record is not None and own == record.experiment_id]
                if times:
                    found[way].append(link_of(project, version, times[0]))
        return {way: sorted(links, key=lambda link: str(link["created_at"])) for way, links in found.items()}

    def get_run_artifact_counts(self, project: Any) -> list[dict[str, Any]]:
        versions = self._versions(project)
        counts = []
        for record in self._store.experiments(project):
            own = record.experiment_id
            logged = sum(any(place == own for _, place in version.logged) for version in versions)
            used = sum(any(place == own for _, place in version.used) for version in versions)
            if logged or used:
                counts.append({"run_id": run_id_of(record), "run_name": record.name, "input": used, "output": logged})
        return counts

    def get_artifact_consumers(self, project: Any, version_id: Any) -> list[dict[str, Any]]:
        found = next((each for each in self._versions(project) if id_of(project, each) == version_id), None)
        records = {record.experiment_id: record for record in self._store.experiments(project)}
        return [
            {"run_id": run_id_of(records[own]), "run_name": records[own].name, "created_at": moment(time_us)}
            for time_us, own in (found.used if found is not None else ())
            if own in records
        ]

    def get_project_files(self, project: Any) -> list[dict[str, Any]]:
        return [
            {"name": one["path"], "path": one["file"], "size": one["bytes"]}
            for each in self._versions(project)
            if each.first.get("type") == FILE and LATEST in each.aliases
            for one in each.first.get("files") or ()
        ]

    def _versions(self, project: Any) -> Sequence[Version]:
        return versions_of(self._store, text(project, "project"))

    def record(self, project: str, version: Version) -> dict[str, Any]:
        """Everything about a version, as the client that logged or uses it wants it."""
        said = version.first
        try:
            producer = self._store.experiment(version.logged[0][1])
        except ExperimentNotFound:  # deleted while we look
            producer = None
        return link_of(project, version, version.logged[0][0]) | {
            "artifact_id": _number(project, version.name),
            "description": said.get("description"),
            "manifest": [_entry(one) for one in said.get("files") or ()],
            "manifest_digest": version.digest,
            "metadata": said.get("metadata") or None,
            "producer_run_id": None if producer is None else run_id_of(producer),
            "producer_run_name": None if producer is None else producer.name,
            "aliases": version.aliases,
        }


def link_of(project: str, version: Version, time_us: int) -> dict[str, Any]:
    """That a run logged or used a version."""
    return {
        "version_id": id_of(project, version),
        "project": project,
        "name": version.name,
        "type": version.first.get("type"),
        "version": version.version,
        "size_bytes": _bytes(version),
        "created_at": moment(time_us),
    }


def _entry(one: Mapping[str, Any]) -> dict[str, Any]:
    if one.get("reference") is not None:
        return {"path": one["path"], "digest": one.get("etag"), "size": one["bytes"], "ref": one["reference"]}
    return {"path": one["path"], "digest": one.get("file"), "size": one["bytes"]}


def _bytes(version: Version) -> int:
    return sum(one.get("bytes") or 0 for one in version.first.get("files") or ())


def id_of(project: str, version: Version) -> int:
    """What Trackio's client calls the version's id."""
    return _number(project, version.name, version.digest)


def _number(*parts: str) -> int:
    """A whole number that JSON of every language holds (53 bits)."""
    return int.from_bytes(blake2b("\0".join(parts).encode(), digest_size=7).digest(), "little") >> 3
