"""Where the artifacts of an experiment come from and where they went, as a graph of who made what and who used it.

Upstream are the experiments that made what it used, and what those had used; downstream who used what it made, and what
those made of it. What is merely made beside it (another user of the same data set) is no part of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any, Final

from trackio_client.errors import NotFound
from trackio_client.queries.artifacts import Version, versions_of
from trackio_client.queries.experiments import find_experiment
from trackio_client.queries.states import state_of
from trackio_client.store.contract import Store
from trackio_client.wire.events import ARTIFACT_USED

MOST_NODES: Final = 200
"""As many a picture can show; the nearest ones stand."""

_Key = tuple[str, str, str]
"""A version: (project, name, digest)."""


def lineage(store: Store, experiment_id: str, now_s: float, *, most: int = MOST_NODES) -> dict[str, Any]:
    """{"nodes": [node], "edges": [[from, to]], "more": bool}, the nearest nodes first.

    A node is {"id", "kind": "experiment", "experiment_id", "name", "project", "state"} or {"id", "kind": "artifact",
    "name", "project", "type", "version", "aliases", "digest", "bytes"}; both have "distance", in edges from the
    experiment, negative upstream. An edge goes from the experiment to what it made, and from an artifact to its user.
    `more` says that the graph goes on beyond `most` nodes. An artifact of a project that is not here has no version.

    Raises:
        ExperimentNotFound.
    """
    record = find_experiment(store, experiment_id)
    graph = _Graph(store)
    found: dict[str, dict[str, Any]] = {}
    edges: dict[tuple[str, str], None] = {}
    found[experiment_id] = {**graph.experiment(experiment_id, now_s, record.project), "distance": 0}
    open_: deque[tuple[str, int, _Key | None]] = deque([(experiment_id, -1, None), (experiment_id, 1, None)])
    walked = {(experiment_id, -1), (experiment_id, 1)}  # what was used may have been made here, too: each way by itself
    more = False
    while open_:
        key, way, version = open_.popleft()
        distance = found[key]["distance"]
        for other, node, next_version in graph.steps(key, version, way, now_s):
            if other not in found and len(found) >= most:
                more = True
                continue
            edges[(other, key) if way < 0 else (key, other)] = None
            if other not in found:
                found[other] = {**node, "distance": distance + way}
            if (other, way) not in walked:
                walked.add((other, way))
                open_.append((other, way, next_version))
    return {"nodes": list(found.values()), "edges": [list(edge) for edge in edges], "more": more}


def _id(key: _Key) -> str:
    return "\n".join(key)


class _Graph:
    """The versions of the projects that are asked about, each read once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._versions: dict[str, dict[_Key, Version]] = {}
        self._told: dict[_Key, dict[str, Any]] = {}

    def _of(self, project: str) -> dict[_Key, Version]:
        if project not in self._versions:
            self._versions[project] = {(project, v.name, v.digest): v for v in versions_of(self._store, project)}
        return self._versions[project]

    def steps(
        self, key: str, version: _Key | None, way: int, now_s: float
    ) -> list[tuple[str, dict[str, Any], _Key | None]]:
        """What is one edge away, upstream (`way` -1) or downstream: (id, node, the version that it is)."""
        if version is None:
            near = self.used(key) if way < 0 else self.made(key)
            return [(_id(each), self.artifact(each), each) for each in near]
        who = self.makers(version) if way < 0 else self.users(version)
        return [(name, self.experiment(name, now_s, version[0]), None) for name in who]

    def used(self, experiment_id: str) -> list[_Key]:
        try:
            project = self._store.experiment(experiment_id).project
        except NotFound:
            return []
        keys: dict[_Key, None] = {}
        for event in self._store.events(experiment_id, kinds=[ARTIFACT_USED]):
            said = event.content
            key = (str(said.get("project") or project), str(said.get("name")), str(said.get("digest")))
            keys[key] = None
            self._told.setdefault(key, {name: said.get(name) for name in ("type", "version")})
        return list(keys)

    def made(self, experiment_id: str) -> list[_Key]:
        try:
            project = self._store.experiment(experiment_id).project
        except NotFound:
            return []
        return [
            key for key, version in self._of(project).items() if any(by == experiment_id for _, by in version.logged)
        ]

    def makers(self, key: _Key) -> list[str]:
        version = self._of(key[0]).get(key)
        return [] if version is None else _once(by for _, by in version.logged)

    def users(self, key: _Key) -> list[str]:
        version = self._of(key[0]).get(key)
        return [] if version is None else _once(by for _, by in version.used)

    def artifact(self, key: _Key) -> dict[str, Any]:
        project, name, digest = key
        node = {"id": _id(key), "kind": "artifact", "project": project, "name": name, "digest": digest}
        version = self._of(project).get(key)
        if version is None:
            return node | {"aliases": [], **self._told.get(key, {})}
        size = sum(each.get("bytes") or 0 for each in version.first.get("files") or ())
        return node | {
            "type": version.first.get("type"),
            "version": version.version,
            "aliases": version.aliases,
            "bytes": size,
        }

    def experiment(self, experiment_id: str, now_s: float, project: str) -> dict[str, Any]:
        node = {"id": experiment_id, "kind": "experiment", "experiment_id": experiment_id, "project": project}
        try:
            record = self._store.experiment(experiment_id)
        except NotFound:  # deleted since: its artifact stands
            return node | {"name": None, "state": None}
        return node | {"name": record.name, "project": record.project, "state": state_of(record, now_s).word}


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
