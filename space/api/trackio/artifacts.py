"""Artifacts of Trackio's client: its blobs are ours, its manifests our ARTIFACT events; the store numbers versions.

A client asks which files are here, sends the others, and then names what it logged; so an event never stands without
its files.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from space.api.problems import Problem
from space.api.trackio.calls import objects, text
from space.api.trackio.runs import run_id_of
from space.api.trackio.telling import Call, Teller
from space.api.trackio.uploads import uploaded
from space.api.trackio.versions import FILE, Versions, id_of
from space.api.trackio.writing import Writing
from trackio_client.blobs import Blob, is_hash, mime_of
from trackio_client.errors import ExperimentNotFound, UsageError
from trackio_client.exchange.texts import name_from
from trackio_client.queries.artifacts import Version, versions_of
from trackio_client.store.contract import Store
from trackio_client.store.numbering import number
from trackio_client.wire.artifacts import (
    LATEST,
    UNTYPED,
    checked_alias,
    checked_artifact_name,
    digest_of,
    safe_path,
)
from trackio_client.wire.events import ARTIFACT, ARTIFACT_USED

MOST_FILES: Final = 100_000


class Artifacts:
    """Trackio's calls about artifacts and files. Their names, and the names of their arguments, are Trackio's."""

    def __init__(self, store: Store, writing: Writing, versions: Versions) -> None:
        self._store = store
        self._versions = versions
        self._writing = writing
        self._numbering = asyncio.Lock()

    def check_artifact_blobs(self, project: Any, digests: Any) -> dict[str, list[str]]:
        asked = digests if isinstance(digests, list) else []
        return {"present": [each for each in asked if is_hash(each) and self._store.file(each) is not None]}

    def bulk_upload_artifact_blob(self, project: Any, uploads: Any) -> None:
        for entry in objects(uploads, "uploads"):
            _, blob = uploaded(entry.get("uploaded_file"), self._store.files)
            if blob.sha256 != entry.get("digest"):
                raise UsageError(
                    f"the file that came has the SHA-256 {blob.sha256}, {entry.get('digest')!r:.80} was said"
                )

    async def artifact_log(
        self,
        project: Any,
        name: Any,
        type: Any,
        description: Any = None,
        metadata: Any = None,
        manifest: Any = None,
        aliases: Any = None,
        run_name: Any = None,
        run_id: Any = None,
    ) -> dict[str, Any]:
        files, blobs = await run_in_threadpool(self._files, objects(manifest, "manifest"))
        called = checked_artifact_name(text(name, "name"))
        event: dict[str, Any] = {
            "kind": ARTIFACT,
            "name": called,
            "type": name_from(type, UNTYPED),
            "files": files,
            "digest": digest_of(files),
            "version": None,
            "aliases": [checked_alias(text(alias, "an alias")) for alias in aliases or () if alias != LATEST],
            "metadata": metadata if isinstance(metadata, dict) else {},
            "description": description if isinstance(description, str) else None,
            "blobs": [blob.cited() for blob in blobs],
        }
        await self._tell(project, run_name, run_id, event)
        await self._number(text(project, "project"))
        found = await run_in_threadpool(self._version, project, called, event["digest"])
        if found is None or found.version is None:
            raise Problem("starting", "The artifact is here, but not numbered yet.", "Try again.", retry_after_s=2)
        return self._versions.record(project, found)

    def _files(self, manifest: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Blob]]:
        """The files that a manifest lists, as an ARTIFACT event has them, and what it cites. Raises UsageError."""
        if not 0 < len(manifest) <= MOST_FILES:
            raise UsageError(f"a manifest lists 1 to {MOST_FILES:,} files, this one {len(manifest):,}")
        files: list[dict[str, Any]] = []
        blobs: dict[str, Blob] = {}
        missing: list[str] = []
        for entry in manifest:
            path, size, digest = safe_path(text(entry.get("path"), "path")), entry.get("size"), entry.get("digest")
            if not isinstance(size, int) or size < 0:
                raise UsageError(f"the size of {path!r:.160} must be a whole number, got {size!r:.80}")
            told: dict[str, Any] = {"path": path, "file": None, "bytes": size, "mime": mime_of(path), "reference": None}
            if entry.get("ref") is not None:
                told |= {"reference": text(entry["ref"], "ref"), "etag": str(digest or "")[:300]}
            elif is_hash(digest):
                place = self._store.file(str(digest))
                if place is None:
                    missing.append(str(digest))
                    continue
                told |= {"file": digest, "bytes": place.stat().st_size}
                blobs[str(digest)] = Blob(str(digest), told["bytes"], told["mime"])
            else:
                raise UsageError(f"the digest of {path!r:.160} must be a SHA-256, got {digest!r:.80}")
            files.append(told)
        if missing:  # in Trackio's words, which its client looks for
            raise UsageError(f"Manifest references blobs not on server: {missing[:5]}")
        return files, list(blobs.values())

    async def log_artifact_use(self, project: Any, version_id: Any, run_name: Any = None, run_id: Any = None) -> None:
        versions = await run_in_threadpool(versions_of, self._store, text(project, "project"))
        found = next((each for each in versions if id_of(project, each) == version_id), None)
        if found is None:
            raise UsageError(f"there is no version {version_id!r:.80} of an artifact in project {project!r:.80}")
        event: dict[str, Any] = {
            "kind": ARTIFACT_USED,
            "project": project,
            "name": found.name,
            "type": found.first.get("type"),
            "digest": found.digest,
            "version": found.version,
            "from_experiment": found.logged[0][1],
        }
        await self._tell(project, run_name, run_id, event)

    async def keep_file(self, entry: Mapping[str, Any]) -> None:
        """A file that `trackio.save` gave a project: with us it belongs to the newest run of it."""
        name, blob = uploaded(entry.get("uploaded_file"), self._store.files)
        folder = str(entry.get("relative_path") or ".").replace("\\", "/")
        path = safe_path(str(PurePosixPath(folder) / name))
        project = text(entry.get("project"), "project")
        records = await run_in_threadpool(self._store.experiments, project)
        newest = max(records, key=lambda record: record.created_s, default=None)
        if newest is None:
            raise UsageError(f"project {project!r:.80} has no run yet that the file {path!r:.160} could belong to")
        files = [{"path": path, "file": blob.sha256, "bytes": blob.bytes, "mime": blob.mime, "reference": None}]
        event: dict[str, Any] = {
            "kind": ARTIFACT,
            "name": name_from(path.replace(":", "_"), "file"),
            "type": FILE,
            "files": files,
            "digest": digest_of(files),
            "version": None,
            "aliases": [],
            "metadata": {},
            "description": None,
            "blobs": [blob.cited()],
        }
        await self._tell(project, newest.name, run_id_of(newest), event)
        await self._number(project)

    async def _tell(self, project: Any, run_name: Any, run_id: Any, event: dict[str, Any]) -> None:
        """Append an event to a run, unless it is there: a call whose answer was lost comes again."""

        def tell(teller: Teller, call: Call, entry: Mapping[str, Any]) -> None:
            try:
                known = self._store.events(teller.run.experiment_id, kinds=[event["kind"]])
            except ExperimentNotFound:  # the run begins with this call
                known = []
            if not any(all(one.content.get(key) == event[key] for key in event) for one in known):
                teller.told(call, event)

        entry = {"project": project, "run": run_name if run_name is not None else run_id, "run_id": run_id}
        await self._writing.append([entry], "log_id", tell)

    async def _number(self, project: str) -> None:
        async with self._numbering:
            await run_in_threadpool(number, self._store, project)

    def _version(self, project: str, name: str, digest: str) -> Version | None:
        found = versions_of(self._store, project)
        return next((each for each in found if (each.name, each.digest) == (name, digest)), None)
