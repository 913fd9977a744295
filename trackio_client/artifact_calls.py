"""What an experiment does with artifacts: log, use, save.

Logging never stops a training. Using one that is not there does, because what follows needs it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trackio_client.errors import DeliveryError, NotFound, StoreError, TrackioError, UsageError
from trackio_client.homes import expanded
from trackio_client.wire import events
from trackio_client.wire.artifacts import LATEST, checked_alias

if TYPE_CHECKING:
    from trackio_client.artifacts.artifact import Artifact
    from trackio_client.artifacts.entry import Entry
    from trackio_client.blobs import Blob
    from trackio_client.notices import Notices
    from trackio_client.origin import Origin
    from trackio_client.reader.source import Source
    from trackio_client.writer import Writer

USE_WAIT_S: Final = 30.0
"""How long `use_artifact` waits for one that this process has just logged, or for a Space that starts."""


class ArtifactCalls:
    """The part of an Experiment that is about artifacts."""

    origin: Origin
    notices: Notices
    is_disabled: bool
    _writer: Writer
    _artifact_source: Source | None = None
    _logged_artifacts: dict[str, Artifact] | None = None

    if TYPE_CHECKING:

        def event(self, kind: str, **fields: Any) -> None: ...

    def log_artifact(
        self,
        artifact_or_path: Artifact | str | Path,
        name: str | None = None,
        type: str | None = None,
        aliases: Sequence[str] | str | None = None,
        *,
        tags: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        description: str | None = None,
        reference: bool = False,
        **others: Any,
    ) -> Artifact:
        """Keep files as an output of this experiment: a path (file or folder), or an Artifact made before.

        The content is copied as it is now; the upload is the sender's. Versions (v0, v1 …) are given by the store, the
        same content is the same version, and `latest` is the newest. A file above TRACKIO_FILE_BYTES is recorded with
        its size and place, not its content.

        Args:
            artifact_or_path: what is logged.
            name: default the file's or folder's own.
            type: "dataset", "model" …
            aliases: beside `latest`: words that move to this version.
            tags: kept in the metadata.
            metadata: JSON that goes with it.
            description: for people.
            reference: keep where a path lies, and not its content.
            **others: W&B's further arguments; nothing here depends on them.

        Never raises; what could not be logged is said once, and stands in `artifact.not_logged`.
        """
        from trackio_client.artifacts.artifact import Artifact

        artifact: Artifact | None = artifact_or_path if isinstance(artifact_or_path, Artifact) else None
        try:
            if artifact is None:
                artifact = _of_path(artifact_or_path, name, type, description, reference=reference)
            self._log_artifact(
                artifact, _words(aliases), {**(metadata or {}), **({"tags": list(tags)} if tags else {})}
            )
        except Exception as error:  # the outermost edge: training must go on
            artifact = artifact or Artifact("not-logged", type)
            artifact.not_logged = str(error)
            self.notices.warn(f"artifact:{str(error)[:60]}", f"an artifact is not recorded: {error}. Training goes on")
            self._writer.refusals.count("artifacts that cannot be kept", None)
        return artifact

    def _log_artifact(self, artifact: Artifact, aliases: Sequence[str], metadata: Mapping[str, Any]) -> None:
        from trackio_client.artifacts.artifact import MOST_FILES

        if self.is_disabled:
            return
        self._writer.wake()
        if len(artifact.entries()) > MOST_FILES:
            raise UsageError(f"artifact {artifact.name!r} has more than {MOST_FILES:,} files")
        artifact.metadata.update(metadata)
        named = list(dict.fromkeys(checked_alias(each) for each in (*artifact.aliases, *aliases) if each != LATEST))
        blobs: dict[str, Blob] = {}
        entries = [self._kept(entry, blobs) for entry in artifact.entries()]
        artifact.logged(self.origin.project, entries, self._source_of_artifacts)
        self._artifact_event(
            events.ARTIFACT,
            name=artifact.name,
            type=artifact.type,
            files=[entry.told() for entry in entries],
            digest=artifact.digest,
            aliases=named,
            metadata=artifact.metadata,
            description=artifact.description,
            blobs=[blob.cited() for blob in blobs.values()],
        )
        artifact.aliases = named
        if self._logged_artifacts is None:
            self._logged_artifacts = {}
        self._logged_artifacts[artifact.name] = artifact

    def _artifact_event(self, kind: str, **fields: Any) -> None:
        """As `event`, but what does not fit is raised: an artifact that is not logged must say so."""
        from trackio_client.values import jsonable

        self._writer.event(kind, **self.origin.mask_config(jsonable(fields)))

    def _kept(self, entry: Entry, blobs: dict[str, Blob]) -> Entry:
        """The entry with its content put; or, if it is too large, with the reason and its place."""
        from trackio_client.artifacts.entry import reference_to

        if entry.here is None or entry.file is not None:
            return entry
        most = self._writer.settings.file_bytes
        size = entry.here.stat().st_size
        if size > most:
            why = f"content not kept: {size:,} bytes, over {most:,} (TRACKIO_FILE_BYTES)"
            self.notices.warn(f"artifact-size:{entry.path}", f"{entry.path}: {why}; where it lies is recorded")
            return reference_to(entry.path, entry.here, why)
        blob = self._writer.put_file(entry.here, entry.mime)
        blobs[blob.sha256] = blob
        return replace(entry, file=blob.sha256, bytes=blob.bytes)

    def use_artifact(
        self, artifact_or_name: Artifact | str, type: str | None = None, aliases: Any = None, use_as: str | None = None
    ) -> Artifact:
        """Take an artifact as an input, and record that: "name:latest", "name:v3", "project/name:alias".

        Raises:
            NotFound: there is no such artifact; the text says which there are. DeliveryError: nobody answers.
        """
        from trackio_client.artifacts.artifact import Artifact

        if isinstance(artifact_or_name, Artifact):
            artifact = artifact_or_name
            if artifact.digest is None:
                self.log_artifact(artifact)
        elif self.is_disabled:
            artifact = self._while_disabled(str(artifact_or_name), type)
        else:
            artifact = Artifact.of(self._asked_for(str(artifact_or_name)), self._source_of_artifacts)
        if type is not None and artifact.type != type:
            raise UsageError(f"artifact {artifact.qualified_name!r} is of type {artifact.type!r}, not {type!r:.80}")
        if not self.is_disabled:
            number = artifact.told.get("version")
            with contextlib.suppress(StoreError):
                self._writer.wake()
            self.event(
                events.ARTIFACT_USED,
                project=artifact.project,
                name=artifact.name,
                type=artifact.type,
                digest=artifact.digest,
                version=number,
                from_experiment=artifact.told.get("from_experiment"),
                use_as=use_as,
            )
        return artifact

    def _while_disabled(self, wanted: str, type: str | None) -> Artifact:
        """The artifact, where there is one; else an empty one: mode "disabled" is to try whether a script runs."""
        from trackio_client.artifacts.artifact import Artifact

        try:
            told = self._source_of_artifacts().artifact(wanted, self.origin.project)
            return Artifact.of(told, self._source_of_artifacts)
        except TrackioError as error:
            text = f"use_artifact(): {error}. The mode is disabled: an empty one is given"
            self.notices.warn("disabled:artifact", text)
            return Artifact(wanted.partition(":")[0].rpartition("/")[2] or "none", type)

    def _asked_for(self, wanted: str) -> dict[str, Any]:
        """What the store says of an artifact; one that this process has logged is waited for."""
        until, pause = time.monotonic() + USE_WAIT_S, 0.05
        is_there = wanted.partition(":")[0].rpartition("/")[2] not in (self._logged_artifacts or {})
        has_arrived: Callable[[], bool] | None = None
        while True:
            try:
                return self._source_of_artifacts().artifact(wanted, self.origin.project)
            except (NotFound, DeliveryError, StoreError) as error:
                if time.monotonic() > until or (isinstance(error, NotFound) and is_there):
                    raise
            has_arrived = has_arrived or self._writer.arrival()
            is_there = is_there or has_arrived()  # asked once more, for it may have come between answer and arrival
            time.sleep(pause)
            pause = min(1.0, pause * 2)

    def _source_of_artifacts(self) -> Source:
        if self._artifact_source is None:
            from trackio_client.reader.api import source_of

            self._artifact_source = source_of(self._writer.route.destination, self._writer.settings)
        return self._artifact_source

    # --- names of W&B -----------------------------------------------------------------------------------------------

    def log_model(
        self, path: str | Path, name: str | None = None, aliases: Sequence[str] | str | None = None
    ) -> Artifact:
        """A model's files as an artifact of type "model"."""
        return self.log_artifact(path, name or f"model-{self.origin.experiment_id}", "model", aliases)

    def use_model(self, name: str) -> str:
        """Fetch a model that was logged; the path of its file, or of its folder if it has several."""
        artifact = self.use_artifact(name)
        return artifact.file() if artifact.file_count == 1 else artifact.download()

    def link_artifact(
        self, artifact: Artifact, target_path: str, aliases: Sequence[str] | str | None = None
    ) -> Artifact:
        """The same content under another name too (the last part of W&B's registry path)."""
        from trackio_client.artifacts.artifact import Artifact

        linked = Artifact(str(target_path).rpartition("/")[2], artifact.type, artifact.description, artifact.metadata)
        for entry in artifact.entries():
            linked._entries[entry.path] = entry
        return self.log_artifact(linked, aliases=aliases)

    def link_model(
        self, path: str | Path, registered_model_name: str, name: str | None = None, aliases: Any = None
    ) -> Artifact:
        """A model's files under the name of the registered model."""
        return self.log_artifact(path, registered_model_name, "model", aliases)


def _words(given: Sequence[str] | str | None) -> list[str]:
    return [given] if isinstance(given, str) else list(given or ())


def _of_path(
    given: str | Path | Any, name: str | None, type: str | None, description: str | None, *, reference: bool
) -> Artifact:
    from trackio_client.artifacts.artifact import Artifact

    text = str(given)
    path = expanded(text) if "://" not in text else None
    if path is None or reference:
        called = name or (path.name if path is not None else text.rstrip("/").rpartition("/")[2])
        made = Artifact((called or "reference").replace(":", "-"), type, description)
        made.add_reference(text if path is None else str(path))
        return made
    if not path.exists():
        raise UsageError(f"there is nothing at {text!r:.300}: log_artifact() takes a file, a folder or an Artifact")
    made = Artifact((name or path.resolve().name).replace(":", "-"), type, description)
    if path.is_dir():
        made.add_dir(path)
    else:
        made.add_file(path)
    return made
