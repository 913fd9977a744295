"""The files of a run: what it saved, and what its media hold."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackio_client.errors import NotFound, UsageError
from trackio_client.wire import events

if TYPE_CHECKING:
    from trackio_client.reader.run import LoggedRun

SAVED = "files"
"""The type of the artifact that `save` logs."""


class RunFile:
    """One file: `name`, `size`, `mimetype`, `sha256`; `download()` fetches it."""

    def __init__(self, run: LoggedRun, name: str, sha256: str, size: int, mimetype: str) -> None:
        self._run = run
        self.name, self.sha256, self.size, self.mimetype = name, sha256, size, mimetype

    @property
    def url(self) -> str | None:
        """Its address in the Space; None for a store on this machine."""
        address = self._run._api.address
        return f"{address}/v1/blobs/{self.sha256}" if "://" in address else None

    direct_url = url

    def download(self, root: str | Path = ".", replace: bool = False, exist_ok: bool = False, **others: Any) -> Any:
        """Fetch it into a folder; the file, open for reading.

        Args:
            root: the folder.
            replace: write over what is there.
            exist_ok: take what is there.
            **others: taken for scripts that give them.

        Raises:
            UsageError: there is such a file. NotFound: its content is gone.
        """
        folder = Path(root).resolve()
        path = (folder / self.name).resolve()
        if not path.is_relative_to(folder):
            raise UsageError(f"the name {self.name!r:.200} leads out of the folder: it is not fetched")
        if path.exists() and not replace:
            if not exist_ok:
                raise UsageError(f"{path} is there already: give replace=True to write over it, or exist_ok=True")
            return path.open(encoding="utf-8", errors="replace")
        path.parent.mkdir(parents=True, exist_ok=True)
        arriving = path.with_name(path.name + ".part")
        try:
            with arriving.open("wb") as file:
                for piece in self._run._api.source.file(self.sha256):
                    file.write(piece)
            arriving.replace(path)
        finally:
            arriving.unlink(missing_ok=True)
        return path.open(encoding="utf-8", errors="replace")

    def read(self) -> bytes:
        """Its content."""
        return b"".join(self._run._api.source.file(self.sha256))

    def __repr__(self) -> str:
        return f"<RunFile {self.name} ({self.mimetype}, {self.size:,} bytes)>"


def files_of(run: LoggedRun, name: str | None = None) -> list[RunFile]:
    """All files of a run by name, or the one of a name. Raises NotFound."""
    found: dict[str, RunFile] = {}
    for artifact in run._api.source.experiment_artifacts(run.id)["logged"]:
        if artifact.get("type") == SAVED:
            for one in artifact.get("files") or _of(run, artifact):
                if one.get("file"):
                    mime = str(one.get("mime") or "application/octet-stream")
                    found[one["path"]] = RunFile(run, one["path"], one["file"], int(one.get("bytes") or 0), mime)
    for event in run._api.source.events(run.id, [events.MEDIA]):
        told = event["content"]
        for item in told.get("items") or ():
            if isinstance(item, dict) and item.get("file"):
                path = _media_path(told, item)
                found[path] = RunFile(run, path, item["file"], int(item.get("bytes") or 0), str(item.get("mime")))
    if name is None:
        return [found[path] for path in sorted(found)]
    if name not in found:
        there = ", ".join(repr(path) for path in sorted(found)[:8]) or "none"
        raise NotFound(f"run {run.id} has no file {name!r:.200}. It has {there}")
    return [found[name]]


def _of(run: LoggedRun, artifact: dict[str, Any]) -> list[dict[str, Any]]:
    """The files of a version whose list did not come with it."""
    whole = run._api.source.artifact(f"{artifact['name']}:{artifact['digest']}", run.project)
    return list(whole.get("files") or ())


def _media_path(told: dict[str, Any], item: dict[str, Any]) -> str:
    """W&B's form: media/<kind>/<name>_<step>_<hash>.<ending>"""
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in str(told.get("name")))[:100]
    ending = mimetypes.guess_extension(str(item.get("mime"))) or ""
    return f"media/{told.get('media')}/{name}_{told.get('step')}_{str(item['file'])[:20]}{ending}"
