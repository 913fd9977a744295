"""A dataset repo of somebody else's, brought here to be imported: its data files at one commit, and nothing run of it.

Only reading: no commit is made there, and no loading script, template or pickle of it is ever opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from trackio_client.errors import UsageError
from trackio_client.hub.target import RepoFile, Target

DATA: Final = (".parquet", ".json", ".jsonl", ".ndjson", ".db")
MOST_BYTES: Final = 20 * 2**30
"""What is brought here at most: a table of experiments has megabytes, so this is another kind of data set."""
MOST_FILES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was brought."""

    repo: str
    commit: str
    files: tuple[str, ...]
    bytes: int


def fetch_data(target: Target, into: Path) -> Fetched:
    """Bring the data files of a repo at its head into an empty folder, by their own names.

    Raises:
        UsageError: the repo is one of ours, holds no data files, or far more than experiments have.
        HubError: it cannot be read.
    """
    commit = target.head().commit
    listed = target.files(commit, "")
    if any(file.path.startswith("index/") for file in listed) and any(f.path.startswith("metrics/") for f in listed):
        raise UsageError(
            f"{target.repo} is a repo of this Trackio, not of an older one. "
            f"To bring its experiments here: trackio-client pull {target.repo}"
        )
    wanted = [file for file in listed if _is_data(file)]
    size = sum(file.size for file in wanted)
    if not wanted:
        raise UsageError(f"{target.repo} holds no {', '.join(DATA)} file at commit {commit[:8]}: {_seen(listed)}")
    if size > MOST_BYTES or len(wanted) > MOST_FILES:
        raise UsageError(
            f"{target.repo} holds {len(wanted):,} data files with {size:,} bytes, which is no log of experiments. "
            "If it is one, download what you want and import that folder"
        )
    for file in wanted:
        place = into.joinpath(*PurePosixPath(file.path).parts)
        place.parent.mkdir(parents=True, exist_ok=True)
        target.fetch(file.path, commit, place)
    return Fetched(target.repo, commit, tuple(file.path for file in wanted), size)


def _is_data(file: RepoFile) -> bool:
    """A data file whose name stays inside the folder."""
    path = PurePosixPath(file.path)
    inside = not path.is_absolute() and ".." not in path.parts and "\\" not in file.path and "\0" not in file.path
    return inside and path.suffix in DATA and not any(part.startswith(".") for part in path.parts)


def _seen(listed: Sequence[RepoFile]) -> str:
    names = [file.path for file in listed if not file.path.startswith(".")]
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return f"it holds {', '.join(names[:5])}{more}" if names else "it is empty"
