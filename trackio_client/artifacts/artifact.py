"""Artifact: made before it is logged, or as it was logged, with its files to be fetched.

    artifact = Artifact("digits", type="dataset")
    artifact.add_file("train.csv")
    experiment.log_artifact(artifact)                    # digits:v0, digits:latest

    folder = experiment.use_artifact("digits:latest").download()

What was added is read when the artifact is logged; until then it may still change.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from trackio_client.artifacts.entry import Entry, local_path, referred, text_of
from trackio_client.artifacts.fetching import ArtifactFile, fetch, folder_for
from trackio_client.blobs import DEFAULT_MIME, hash_of, mime_of
from trackio_client.errors import DamagedBlob, NotFound, UsageError
from trackio_client.homes import expanded
from trackio_client.wire.artifacts import UNTYPED, checked_alias, checked_artifact_name, digest_of, safe_path

if TYPE_CHECKING:
    from trackio_client.reader.source import Source

MOST_FILES: Final = 5_000
"""In one artifact: its event lists all of them. More belong into an archive, or are a reference."""


class Artifact:
    """A named set of files. `version` is None until the store has numbered it; `wait()` waits for that.

    Args:
        name: any text but ":".
        type: what it is: "dataset", "model" …
        description: for people.
        metadata: JSON that goes with it.
        aliases: beside `latest`, which every new version gets.
    """

    def __init__(
        self,
        name: str,
        type: str | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        aliases: Sequence[str] = (),
        **others: Any,
    ) -> None:
        self.name = checked_artifact_name(name)
        self.type = str(type or UNTYPED)
        self.description = description
        self.metadata: dict[str, Any] = dict(metadata or {})
        self.aliases = [checked_alias(alias) for alias in aliases]
        self.project: str | None = None
        self.digest: str | None = None
        """Set when it was logged."""
        self.told: dict[str, Any] = {}
        """What the store says of it, lineage with it: `logged_by`, `used_by`, `used`."""
        self.not_logged: str | None = None
        """Why it was not logged, if it was not."""
        self._entries: dict[str, Entry] = {}
        self._made: Path | None = None  # holds what `new_file` writes
        self._source: Callable[[], Source] | None = None

    # --- making one -----------------------------------------------------------------------------------------------

    def add_file(self, local_path: str | Path, name: str | None = None, **others: Any) -> Entry:
        """Add a file, under its own name or another path in the artifact. Raises UsageError: it is no file."""
        path = expanded(str(local_path))
        if not path.is_file():
            raise UsageError(
                f"add_file() takes a file, {str(path)!r:.300} is {'a folder' if path.is_dir() else 'none'}"
            )
        return self._add(
            Entry(safe_path(name or path.name), path.stat().st_size, here=path.absolute(), mime=mime_of(path))
        )

    def add_dir(self, local_path: str | Path, name: str | None = None, **others: Any) -> None:
        """Add all files of a folder and of those in it; links are followed to files. Raises UsageError."""
        folder = expanded(str(local_path))
        if not folder.is_dir():
            raise UsageError(f"add_dir() takes a folder, {str(folder)!r:.300} is none")
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                inside = path.relative_to(folder).as_posix()
                self.add_file(path, f"{name}/{inside}" if name else inside)

    def add_reference(
        self, uri: Any, name: str | None = None, checksum: bool = True, max_objects: int | None = None
    ) -> list[Entry]:
        """Add what lies elsewhere (s3://, https://, a local path or file://): its address is kept, not its content.

        Of a local file its size and time of change stand for its content; a local folder is listed.
        """
        address = uri if isinstance(uri, str) else str(getattr(uri, "reference", None) or uri)
        local = local_path(address)
        if local is None:
            path = safe_path(name or urlsplit(address).path.rpartition("/")[2] or "reference")
            return [self._add(Entry(path, reference=address))]
        if not local.exists():
            raise UsageError(f"there is nothing at {address!r:.300}")
        if local.is_file():
            return [self._add(referred(safe_path(name or local.name), local, with_etag=checksum))]
        found = [path for path in sorted(local.rglob("*")) if path.is_file()]
        prefix = f"{name}/" if name else ""
        return [
            self._add(referred(safe_path(prefix + path.relative_to(local).as_posix()), path, with_etag=checksum))
            for path in found[: max_objects or MOST_FILES]
        ]

    @contextlib.contextmanager
    def new_file(self, name: str, mode: str = "x", encoding: str | None = None) -> Iterator[IO[Any]]:
        """A file to be written, added when it is closed without an error."""
        inside = safe_path(name)
        if self._made is None:
            self._made = Path(tempfile.mkdtemp(prefix="trackio-artifact-"))
        path = self._made / hashlib.sha256(inside.encode()).hexdigest()[:32]
        with path.open(mode.replace("x", "w"), encoding=encoding or (None if "b" in mode else "utf-8")) as file:
            yield file
        self._add(Entry(inside, path.stat().st_size, here=path, mime=mime_of(Path(inside))))

    def add(self, obj: Any, name: str) -> Entry:
        """Add what knows how to be a file: a path, bytes, text, or JSON (a Table with `columns` and `data`)."""
        if isinstance(obj, (str, Path)) and Path(obj).is_file():
            return self.add_file(obj, name)
        with self.new_file(name, "wb") as file:
            file.write(obj if isinstance(obj, bytes) else text_of(obj).encode("utf-8", "replace"))
        return self._entries[safe_path(name)]

    def remove(self, item: str | Entry) -> None:
        """Take a file, or all of a folder, out of an artifact that was not logged yet."""
        path = item.path if isinstance(item, Entry) else safe_path(item)
        self._check_open()
        gone = [each for each in self._entries if each == path or each.startswith(path + "/")]
        if not gone:
            raise NotFound(f"artifact {self.name!r} holds no {path!r:.160}")
        for each in gone:
            del self._entries[each]

    def _add(self, entry: Entry) -> Entry:
        self._check_open()
        if entry.path not in self._entries and len(self._entries) >= MOST_FILES:
            raise UsageError(
                f"artifact {self.name!r} has {MOST_FILES:,} files, and that is all that one takes. Put them into an "
                "archive, or add the folder with add_reference()"
            )
        self._entries[entry.path] = entry
        return entry

    def _check_open(self) -> None:
        if self.digest is not None:
            raise UsageError(f"artifact {self.name!r} was logged: make a new one (`new_draft()`) to change it")

    def new_draft(self) -> Artifact:
        """The same files, to be changed and logged as the next version."""
        draft = Artifact(self.name, self.type, self.description, self.metadata)
        draft._entries, draft._source = dict(self._entries), self._source
        return draft

    # --- what is in it --------------------------------------------------------------------------------------------

    @property
    def manifest(self) -> dict[str, Entry]:
        """Its files by path."""
        return dict(self._entries)

    def entries(self) -> list[Entry]:
        """What is known of its files, by path."""
        return [self._entries[path] for path in sorted(self._entries)]

    def files(self, names: Sequence[str] | None = None, per_page: int = 50) -> list[ArtifactFile]:
        """Its files (or some), by path, each with `download()`."""
        found = [ArtifactFile(self, entry, self._source) for entry in self.entries()]
        return found if names is None else [one for one in found if one.path in names]

    @property
    def size(self) -> int:
        """Bytes of all files, as far as they are known."""
        return sum(entry.bytes or 0 for entry in self._entries.values())

    @property
    def file_count(self) -> int:
        return len(self._entries)

    def get_entry(self, path: str) -> ArtifactFile:
        """One file, with what is known of it, and `download()`. Raises NotFound."""
        found = self._entries.get(safe_path(path))
        if found is None:
            near = ", ".join(sorted(self._entries)[:5]) or "no file at all"
            raise NotFound(f"artifact {self.qualified_name!r} holds no {path!r:.160}. It holds {near}")
        return ArtifactFile(self, found, self._source)

    get_path = get_entry

    def get(self, name: str) -> Any:
        """What `add(table, name)` put there, as a Table; None if there is none, or it is no table."""
        entry = self._entries.get(safe_path(name)) or self._entries.get(safe_path(f"{name}.table.json"))
        from trackio_client.artifacts.tables import table_of

        return None if entry is None else table_of(entry, self._source)

    # --- which one it is ------------------------------------------------------------------------------------------

    @property
    def version(self) -> str | None:
        """`v3`; None until the store has said so."""
        number = self.told.get("version")
        return None if number is None else f"v{number}"

    @property
    def qualified_name(self) -> str:
        """`project/name:v3`."""
        return f"{self.project}/{self.name}:{self.version or self.digest or 'draft'}" if self.project else self.name

    @property
    def versioned_name(self) -> str:
        """`name:v3`, what W&B's `name` is of an artifact that was logged."""
        return f"{self.name}:{self.version}" if self.version else self.name

    source_name = versioned_name

    @property
    def id(self) -> str | None:
        return self.digest

    def logged_by(self) -> list[dict[str, Any]]:
        """The experiments that logged it: {"experiment_id", "name", "time_s"}."""
        return list(self.refreshed().get("logged_by") or ())

    def used_by(self) -> list[dict[str, Any]]:
        """The experiments that used it."""
        return list(self.refreshed().get("used_by") or ())

    def refreshed(self) -> dict[str, Any]:
        """What the store says of it now; what it said last where nobody answers."""
        if self._source is not None and self.project is not None and self.digest is not None:
            with contextlib.suppress(NotFound):
                self.told = self._source().artifact(f"{self.name}:{self.digest}", self.project)
                self.aliases = list(self.told.get("aliases") or ())
        return self.told

    def wait(self, timeout: float | None = 30.0) -> Artifact:
        """Wait until the store has it and its version is known. Returns itself, also when that takes too long."""
        until = time.monotonic() + (30.0 if timeout is None else timeout)
        while self.version is None and self.not_logged is None and self._source is not None:
            with contextlib.suppress(Exception):  # nobody there yet: the files are kept, and sent when there is
                self.refreshed()
            if self.version is not None or time.monotonic() >= until:
                break
            time.sleep(0.1)
        return self

    # --- getting it -----------------------------------------------------------------------------------------------

    def download(self, root: str | Path | None = None, **others: Any) -> str:
        """Fetch all files into a folder, `./artifacts/<name>-v3/` if none is named; its path.

        What is there already with the right content is not fetched again. A reference to a local file is copied; others
        stay where they are. Every file is compared with its hash.

        Raises:
            NotFound: content of a file is not kept, or is gone; the others are there.
        """
        folder = folder_for(self, root)
        folder.mkdir(parents=True, exist_ok=True)
        missing = [entry.path for entry in self.entries() if fetch(entry, folder / entry.path, self._source) is None]
        if missing:
            counts, named = f"{len(missing)} of {self.file_count}", ", ".join(missing[:5])
            raise NotFound(f"{counts} files of {self.qualified_name!r} are not kept: {named}")
        return str(folder)

    def file(self, root: str | Path | None = None) -> str:
        """Fetch the only file of an artifact; its path. Raises UsageError: it has several."""
        if len(self._entries) != 1:
            raise UsageError(f"{self.qualified_name!r} has {len(self._entries)} files: use download() or get_path()")
        return str(Path(self.download(root)) / self.files()[0].path)

    def verify(self, root: str | Path | None = None) -> None:
        """Compare a folder with the artifact. Raises DamagedBlob with the first file that differs."""
        folder = folder_for(self, root)
        for entry in self.entries():
            path = folder / entry.path
            if entry.file is not None and not (path.is_file() and hash_of(path) == entry.file):
                raise DamagedBlob(f"{path} is not what {self.qualified_name!r} holds under {entry.path!r}")

    # --- between the store and this ---------------------------------------------------------------------------------

    def logged(self, project: str, entries: Sequence[Entry], source: Callable[[], Source]) -> None:
        """It was logged: what it held is now as the event says. Called by `Experiment.log_artifact`."""
        self.project, self._source = project, source
        self._entries = {entry.path: entry for entry in entries}
        self.digest = digest_of(entry.told() for entry in entries)
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)
            self._made = None
            self._entries = {path: replace(entry, here=None) for path, entry in self._entries.items()}

    @classmethod
    def of(cls, told: Mapping[str, Any], source: Callable[[], Source]) -> Artifact:
        """As the store tells of it (queries/artifacts.py)."""
        made = cls(str(told["name"]), str(told.get("type") or UNTYPED), told.get("description"), told.get("metadata"))
        made.project, made.digest, made.told = str(told["project"]), str(told["digest"]), dict(told)
        made.aliases, made._source = list(told.get("aliases") or ()), source
        for each in told.get("files") or ():
            with contextlib.suppress(UsageError):  # a path that leads out: whoever logged it, it is not fetched
                path = safe_path(each["path"])
                known = {name: each.get(name) for name in ("bytes", "file", "reference", "etag", "not_kept")}
                made._entries[path] = Entry(path, mime=str(each.get("mime") or DEFAULT_MIME), **known)
        return made

    def save(self, **others: Any) -> Artifact:
        """Keep aliases that were added, description and metadata that were changed, after it was logged.

        An alias moves here from the version that had it. One that was taken out of the list stays: nothing takes an
        alias away but another version.

        Raises:
            UsageError: it was not logged yet. ExperimentNotFound: who logged it was deleted.
        """
        wanted = list(self.aliases)  # asking the store makes them its own again
        maker = next((str(one["experiment_id"]) for one in self.logged_by()), None) if self.digest else None
        self.aliases = wanted
        if maker is None or self._source is None:
            raise UsageError(f"artifact {self.name!r} was not logged: log_artifact() keeps it")
        from trackio_client.artifacts.changing import tell_again

        tell_again(self, maker, self._source())
        return self

    def __repr__(self) -> str:
        return f"<Artifact {self.qualified_name!r} ({self.type}, {self.file_count} files, {self.size:,} bytes)>"

    def __del__(self) -> None:
        if getattr(self, "_made", None) is not None:
            shutil.rmtree(self._made, ignore_errors=True)  # type: ignore[arg-type]
