"""Which importer reads what lies at a path: told by content, and in a folder one after the other.

A folder is looked through in depth, hidden folders and links left out. What no importer knows is left alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trackio_client.errors import UsageError
from trackio_client.exchange import experiments_file, hf_trainer
from trackio_client.exchange.jsonfile import head_of
from trackio_client.exchange.past import PastRun
from trackio_client.exchange.reading import Reading
from trackio_client.exchange.texts import Remarks

KINDS: Final = {
    "trainer": "Hugging Face trainer_state.json",
    "experiments": "records of experiments or entries of an older Trackio, JSON or JSONL (trackio_experiments.json …)",
}
"""What can be imported, by the word for `--kind`."""
MAX_FILES: Final = 200_000
"""Files looked at below one folder, so that a home folder given by mistake ends with a word."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller asked for."""

    kind: str | None = None
    name: str | None = None
    """A name for the one run of a file."""


def readings_at(path: Path, kind: str | None = None, *, name: str | None = None) -> list[Reading]:
    """What can be imported from a file or folder.

    Raises:
        UsageError: there is nothing, or nothing that an importer knows; or a file that was named cannot be read.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(f"there is no kind {kind!r}. Kinds: {', '.join(KINDS)}")
    wanted = Wanted(kind, name)
    if path.is_file():
        return [_of_file(path, wanted)]
    if not path.is_dir():
        raise UsageError(f"there is nothing at {path}. Name a file, a folder, or a dataset repo as owner/name")
    found = _of_folder(path, wanted)
    if not found:
        what = KINDS[kind] if kind else "; ".join(KINDS.values())
        raise UsageError(f"nothing to import in {path} or below. Looked for: {what}")
    return found


def _of_file(path: Path, wanted: Wanted) -> Reading:
    kind = wanted.kind or _kind_of(path)
    if kind == "trainer":
        return Reading(kind=kind, path=path, runs=[hf_trainer.read_log(path, name=wanted.name)], count=1)
    if kind == "experiments":
        return experiments_file.read(path, name=wanted.name)
    raise UsageError(f"{path} is none of the files that can be imported: {'; '.join(KINDS.values())}")


def _kind_of(path: Path) -> str | None:
    """The kind of a file, by how it begins."""
    head = head_of(path)
    if not head:
        raise UsageError(f"{path} is empty, or cannot be read")
    if b'"log_history"' in head or path.name == hf_trainer.FILE_NAME:
        return "trainer"
    if head[:1] in (b"{", b"[") or path.suffix in (".json", ".jsonl", ".ndjson"):
        return "experiments"
    return None


def _of_folder(folder: Path, wanted: Wanted) -> list[Reading]:
    files = list(_files(folder))
    found: list[Reading] = []
    if wanted.kind in (None, "trainer") and any(path.name == hf_trainer.FILE_NAME for path in files):
        found.append(_lenient("trainer", folder, hf_trainer.find_logs(folder), _one_log))
    if wanted.kind in (None, "experiments"):
        likely = [path for path in files if experiments_file.is_likely(path)]
        found += [reading for path in likely if (reading := _readable(path)) is not None]
    return found


def _one_log(path: Path) -> Iterator[PastRun]:
    yield hf_trainer.read_log(path)


def _lenient(kind: str, folder: Path, paths: list[Path], read: Callable[[Path], Iterator[PastRun]]) -> Reading:
    """A reading of many files, in which a bad one is named and left out."""
    skipped = Remarks()

    def runs() -> Iterator[PastRun]:
        for path in paths:
            try:
                yield from read(path)
            except UsageError as error:
                skipped.add(f"left out {path.relative_to(folder)}: {error}")

    return Reading(kind=kind, path=folder, runs=experiments_file.Runs(runs), skipped=skipped, count=len(paths))


def _readable(path: Path) -> Reading | None:
    """The reading of a file that looked like one of ours; None if it is not."""
    try:
        return experiments_file.read(path)
    except UsageError as error:
        skipped = Remarks()
        skipped.add(f"left out {path}: {error}")
        return Reading(kind="experiments", path=path, runs=[], skipped=skipped, count=0)


def _files(folder: Path) -> Iterator[Path]:
    count = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(names):
            count += 1
            if count > MAX_FILES:
                raise UsageError(f"{folder} holds more than {MAX_FILES:,} files. Name the folder that holds the logs")
            path = Path(place) / name
            if not name.startswith(".") and path.is_file():
                yield path
