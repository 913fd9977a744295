"""Full copies of a repo: in another repo, or in a folder; and reading the latter as if it were a repo."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trackio_client.errors import HubRefused, NotOurs, UsageError
from trackio_client.hub.target import Head, RepoFile, Target
from trackio_client.hub.transfer import Tell, quiet
from trackio_client.store.contract import Store

TOGETHER_FILES, TOGETHER_BYTES = 90, 1024**3
"""In one commit of a copy: the Hub asks for at most 100 files, and all of them are on this disk for a moment."""
ATTRIBUTES = ".gitattributes"
"""The Hub makes one in each repo."""
LAST = ("index/", "experiments/", "view/", "README.md")
"""What cites other files goes into a copy after them: a copy that was cut off cites nothing that is not there."""


@dataclass(slots=True)
class Copied:
    """What a copy of a repo holds."""

    commit: str
    """Of the repo that was copied."""
    files: int = 0
    bytes: int = 0
    commits: int = 0


def copy_repo(
    source: Target, to: Target, *, commit: str | None = None, private: bool = True, tell: Tell = quiet
) -> Copied:
    """Copy all files of a repo, as they are at a commit, into a new repo.

    A copy that was cut off is gone on with: what is there already with the same content is not sent again.

    Raises:
        UsageError: the other repo holds something else; nothing was written. HubErrors.
    """
    at = commit or source.head().commit
    listed = [file for file in source.files(at, "") if file.path != ATTRIBUTES]
    there = {} if to.create(private=private) else _already(to, {file.path: file.blob for file in listed})
    copied = Copied(at)
    left = [file for file in listed if file.path not in there]
    left.sort(key=lambda file: file.path.startswith(LAST))  # stable: data first, then what cites it
    with tempfile.TemporaryDirectory(prefix="trackio-copy-") as folder:
        for some in _portions(left):
            add: dict[str, bytes | Path] = {}
            for number, file in enumerate(some):
                source.fetch(file.path, at, into := Path(folder) / str(number))
                add[file.path] = into
            to.commit(to.head().commit, add, (), f"Copy {source.repo} at {at[:8]}")
            copied.files += len(some)
            copied.bytes += sum(file.size for file in some)
            copied.commits += 1
            tell(f"{copied.files:,} of {len(left):,} files")
    return copied


def _already(to: Target, wanted: Mapping[str, str]) -> set[str]:
    """What the repo holds of a copy. Raises UsageError if it holds anything else: two repos are never mixed."""
    there = {file.path: file.blob for file in to.files(to.head().commit, "") if file.path != ATTRIBUTES}
    for path, blob in there.items():
        if wanted.get(path) != blob:
            raise UsageError(f"{to.repo} exists and holds something else ({path}). Give the name of a new repo")
    return set(there)


def _portions(files: Iterable[RepoFile]) -> Iterator[list[RepoFile]]:
    """Parts that fit into one commit each, in order."""
    some: list[RepoFile] = []
    for file in files:
        if some and (len(some) >= TOGETHER_FILES or sum(f.size for f in some) + file.size > TOGETHER_BYTES):
            yield some
            some = []
        some.append(file)
    if some:
        yield some


def save_repo(source: Target, folder: Path, *, commit: str | None = None, tell: Tell = quiet) -> Copied:
    """Save all files of a repo, as they are at a commit, in a folder that is new or empty. `Folder` reads it again.

    Raises:
        UsageError: the folder holds something. HubErrors, OSError.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists and holds something. Give a new folder")
    at = commit or source.head().commit
    copied = Copied(at)
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    listed = source.files(at, "")
    for file in listed:
        into = part / _inside(file.path)
        into.parent.mkdir(parents=True, exist_ok=True)
        source.fetch(file.path, at, into)
        copied.files += 1
        copied.bytes += file.size
        tell(f"{copied.files:,} of {len(listed):,} files")
    part.mkdir(parents=True, exist_ok=True)
    (part / COMMIT).write_text(at + "\n", encoding="utf-8")
    if folder.exists():
        folder.rmdir()
    part.rename(folder)  # whole or not there
    return copied


COMMIT = ".trackio-commit"
"""In a saved repo: the commit that it is of."""


def _inside(path: str) -> Path:
    """A file's place under a folder. What would leave it is refused: names in a repo are anybody's."""
    parts = path.split("/")
    if not path or any(part in ("", ".", "..") or "\\" in part or ":" in part for part in parts):
        raise NotOurs(path, "a name that cannot be a file's here")
    return Path(*parts)


class Folder:
    """A repo that was saved in a folder, for reading."""

    def __init__(self, folder: Path) -> None:
        self.repo = str(folder)
        self._folder = folder

    def head(self) -> Head:
        try:
            commit = (self._folder / COMMIT).read_text(encoding="utf-8").strip()
        except OSError:
            raise UsageError(
                f"{self._folder} holds no saved repo: `trackio-client backup owner/name --to` makes one"
            ) from None
        return Head(commit, 0, 0.0, 0)

    def files(self, commit: str, prefix: str) -> Sequence[RepoFile]:
        found = []
        below = prefix.strip("/") + "/" if prefix.strip("/") else ""
        for file in sorted(self._folder.rglob("*")):
            path = file.relative_to(self._folder).as_posix()
            if file.is_file() and path.startswith(below) and path != COMMIT:
                size = file.stat().st_size
                found.append(RepoFile(path, size, f"{size}-{path}"))
        return found

    def read(self, path: str, commit: str) -> bytes:
        try:
            return (self._folder / _inside(path)).read_bytes()
        except OSError as error:
            raise NotOurs(path, f"it cannot be read in {self._folder}: {error.strerror}") from None

    def fetch(self, path: str, commit: str, into: Path) -> None:
        try:
            shutil.copyfile(self._folder / _inside(path), into)
        except OSError as error:
            raise NotOurs(path, f"it cannot be read in {self._folder}: {error.strerror}") from None

    def commit(self, parent: str, add: Mapping[str, bytes | Path], delete: Sequence[str], title: str) -> str:
        raise HubRefused(f"{self.repo} is a saved copy, and not written")

    def create(self, *, private: bool | None = None) -> bool:
        return False


def backup_name(repo: str, suffix: str) -> str:
    """What a copy of a repo is called. Raises UsageError if that cannot be a name."""
    word = re.sub(r"[^\w.\-]+", "-", suffix.strip(), flags=re.ASCII).strip("-.")
    if not word:
        raise UsageError(f"a suffix is made of letters, digits, '-', '_' and '.', got {suffix!r:.80}")
    return f"{repo}-backup-{word}"


def is_empty(store: Store) -> bool:
    """Whether nothing was ever written to a store."""
    return not store.experiments(binned=None) and not store.tombstones()
