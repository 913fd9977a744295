"""Which importer reads what lies at a path: told by content, and in a folder one after the other.

A folder is looked through in depth, hidden folders and links left out. What no importer knows is left alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from trackio_client.errors import MissingExtra, UsageError
from trackio_client.exchange import (
    experiments_file,
    hf_trainer,
    monitor_files,
    old_dataset,
    trackio_parquet,
    trackio_sqlite,
)
from trackio_client.exchange.jsonfile import head_of
from trackio_client.exchange.past import PastRun
from trackio_client.exchange.reading import Reading
from trackio_client.exchange.texts import Remarks

KINDS: Final = {
    "trainer": "trainer_state.json of the Hugging Face Trainer",
    "experiments": "JSON or JSONL with experiments or entries of an older Trackio (trackio_experiments.json)",
    "dataset": "Parquet of the older Trackio's dataset, one row an experiment",
    "monitor": "config_*.json, eval_results_step_*.json and training_summary_*.json of the older monitor",
    "trackio": "a project of the package trackio: its SQLite file, or Parquet exported from it",
}
"""What can be imported, by the word for `--kind`."""
MAX_FILES: Final = 200_000
"""Files looked at below one folder, so that a home folder given by mistake ends with a word."""
_JSON: Final = (".json", ".jsonl", ".ndjson")


def readings_at(path: Path, kind: str | None = None, *, name: str | None = None) -> list[Reading]:
    """What can be imported from a file or folder.

    Args:
        path: a file or folder.
        kind: read it as this kind, or in a folder only what is of it; a key of `KINDS`.
        name: a name for the run of a file that holds one.

    Raises:
        UsageError: there is nothing, or nothing that an importer knows; or a file that was named cannot be read.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(f"there is no kind {kind!r}. Kinds: {', '.join(KINDS)}")
    if path.is_file():
        return [_of_file(path, kind or _kind_of(path), name)]
    if not path.is_dir():
        raise UsageError(f"there is nothing at {path}. Name a file, a folder, or a dataset repo as owner/name")
    found, strange = _of_folder(path, kind)
    if not found:
        what = KINDS[kind] if kind else "; ".join(KINDS.values())
        seen = f". It holds {strange[0]}" if strange else ""
        raise UsageError(f"nothing to import in {path} or below. Looked for {what}{seen}")
    return found


def _kind_of(path: Path) -> str:
    """The kind of a file, by its content. Raises UsageError if it is none."""
    head = head_of(path)
    if not head:
        raise UsageError(f"{path} is empty, or cannot be read")
    if head.startswith(trackio_sqlite.MAGIC):
        return "trackio"
    if head.startswith(b"PAR1") or path.suffix == ".parquet":
        columns = trackio_parquet.columns_of(path)
        if old_dataset.is_table(columns):
            return "dataset"
        if trackio_parquet.is_project(columns):
            return "trackio"
        raise UsageError(f"{path} {_strange(columns)}")
    if b'"log_history"' in head or path.name == hf_trainer.FILE_NAME:
        return "trainer"
    if monitor_files.is_one(path):
        return "monitor"
    if head[:1] in (b"{", b"[") or path.suffix in _JSON:
        return "experiments"
    raise UsageError(f"{path} is none of the files that can be imported: {'; '.join(KINDS.values())}")


def _strange(columns: set[str]) -> str:
    if {"experiment_id", "writer_id"} <= columns or {"experiment_id", "project"} <= columns:
        return "is of a repo of this Trackio. To bring it here: trackio-client pull owner/name"
    if trackio_parquet.is_part(columns):
        return "is a part of a project of Trackio. Name the file of its metrics, or the folder"
    return f"holds no experiments: its columns are {', '.join(sorted(columns)[:8])}"


def _of_file(path: Path, kind: str, name: str | None) -> Reading:
    if kind == "trainer":
        return Reading(kind=kind, path=path, runs=[hf_trainer.read_log(path, name=name)], count=1)
    if kind == "experiments":
        return experiments_file.read(path, name=name)
    if kind == "monitor":
        return monitor_files.read([path], path.parent)
    if kind == "dataset":
        return old_dataset.read([path], path.parent)
    return trackio_sqlite.read(path) if trackio_sqlite.is_sqlite(path) else trackio_parquet.read(path)


def _of_folder(folder: Path, kind: str | None) -> tuple[list[Reading], list[str]]:
    """What a folder holds, and a word on each Parquet file that no importer knows."""
    files = list(_files(folder))
    found: list[Reading] = []
    if kind in (None, "trainer") and any(path.name == hf_trainer.FILE_NAME for path in files):
        found.append(_each("trainer", folder, hf_trainer.find_logs(folder), lambda path: [hf_trainer.read_log(path)]))
    if kind in (None, "monitor") and (written := monitor_files.among(files)):
        found.append(monitor_files.read(written, folder))
    if kind in (None, "experiments"):
        likely = [path for path in files if experiments_file.is_likely(path) and not monitor_files.is_one(path)]
        found += [_readable("experiments", path, partial(experiments_file.read, is_sure=False)) for path in likely]
    projects = [path for path in files if trackio_sqlite.is_sqlite(path) and trackio_sqlite.is_project(path)]
    tables, exports, strange = _parquets(files, projects)
    if kind in (None, "dataset") and tables:
        found.append(old_dataset.read(tables, folder))
    if kind in (None, "trackio"):
        found += [_readable("trackio", path, trackio_sqlite.read) for path in projects]
        found += [_readable("trackio", path, trackio_parquet.read) for path in exports]
    return found, strange


def _parquets(files: Sequence[Path], projects: Sequence[Path]) -> tuple[list[Path], list[Path], list[str]]:
    """Files of the old table, exports of Trackio whose SQLite file is not beside them, and what the others are."""
    tables, exports, strange = [], [], []
    for path in files:
        if path.suffix != ".parquet":
            continue
        try:
            columns = trackio_parquet.columns_of(path)
        except (UsageError, MissingExtra) as error:
            strange.append(str(error))
            continue
        if old_dataset.is_table(columns):
            tables.append(path)
        elif trackio_parquet.is_project(columns):
            if path.with_suffix(".db") not in projects:
                exports.append(path)
        else:
            strange.append(f"{path.name}, which {_strange(columns)}")
    return tables, exports, strange


def _each(kind: str, folder: Path, paths: list[Path], read: Callable[[Path], Sequence[PastRun]]) -> Reading:
    """A reading of many files, in which a bad one is named and left out."""
    skipped = Remarks()

    def runs() -> Iterator[PastRun]:
        for path in paths:
            try:
                yield from read(path)
            except UsageError as error:
                skipped.add(f"left out {path.relative_to(folder)}: {error}")

    return Reading(kind=kind, path=folder, runs=experiments_file.Runs(runs), skipped=skipped, count=len(paths))


def _readable(kind: str, path: Path, read: Callable[[Path], Reading]) -> Reading:
    """The reading of one file among others; a bad one is named."""
    try:
        return read(path)
    except UsageError as error:
        skipped = Remarks()
        skipped.add(f"left out {path}: {error}")
        return Reading(kind=kind, path=path, runs=[], skipped=skipped, count=0)


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
