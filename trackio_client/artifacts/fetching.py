"""The files of an artifact, brought into a folder: copied if they lie on this machine, else fetched from the store."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trackio_client.artifacts.entry import Entry, local_path
from trackio_client.blobs import BlobFolder, hash_of
from trackio_client.errors import NotFound

if TYPE_CHECKING:
    from trackio_client.artifacts.artifact import Artifact
    from trackio_client.reader.source import Source

FOLDER: Final = "artifacts"
"""Where an artifact is put when no place is named: `./artifacts/<name>-v3/`."""


def fetch(entry: Entry, into: Path, source: Callable[[], Source] | None) -> Path | None:
    """Put a file at a path, unless its content is there already. A reference to elsewhere stays where it is.

    Args:
        entry: which file.
        into: the path that it gets.
        source: who has its content; None: only what lies on this machine is found.

    Returns:
        The path; None if the content is not kept, or is gone.

    Raises:
        DamagedBlob: what came is not what was logged. OSError: the disk does not take it.
    """
    if entry.here is not None and entry.here.is_file():
        return _copied(entry.here, into)
    if entry.file is None:
        local = None if entry.reference is None else local_path(entry.reference)
        if local is not None and local.is_file():
            return _copied(local, into)
        return into if entry.not_kept is None and entry.reference is not None else None
    if into.is_file() and hash_of(into) == entry.file:
        return into
    if source is None:
        return None
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".trackio-", dir=into.parent) as place:
        folder = BlobFolder(Path(place))
        try:
            folder.receive(entry.file, source().file(entry.file))
        except NotFound:
            return None
        came = folder.path(entry.file)
        assert came is not None
        came.replace(into)
    return into


def _copied(source: Path, into: Path) -> Path:
    into.parent.mkdir(parents=True, exist_ok=True)
    if not (into.exists() and into.samefile(source)):
        shutil.copyfile(source, into)
    return into


def folder_for(artifact: Artifact, root: str | Path | None) -> Path:
    """The folder that was named, else one for this version, under a name that every system takes."""
    if root is not None:
        return Path(root)
    words = "".join(c if c.isalnum() or c in "._- " else "_" for c in artifact.name).strip(". ")[:100] or "artifact"
    return Path(FOLDER) / f"{words}-{artifact.version or (artifact.digest or 'draft')[:12]}"


class ArtifactFile:
    """One file of an artifact, to be fetched."""

    def __init__(self, artifact: Artifact, entry: Entry, source: Callable[[], Source] | None) -> None:
        self.entry = entry
        self._artifact, self._source = artifact, source

    @property
    def path(self) -> str:
        return self.entry.path

    name = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "entry":  # copy and pickle ask before there is one
            raise AttributeError(name)
        return getattr(self.entry, name)

    def download(self, root: str | Path | None = None) -> str:
        """Fetch it below a folder; its path. Raises NotFound."""
        found = fetch(self.entry, folder_for(self._artifact, root) / self.entry.path, self._source)
        if found is None:
            why = self.entry.not_kept or "its content is not kept"
            raise NotFound(f"{self.entry.path!r} of {self._artifact.qualified_name!r}: {why}")
        return str(found)
