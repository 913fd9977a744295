"""JSON and JSONL files with records of experiments, or with the entries of one.

trackio_experiments.json, as the old Space kept it, is {"experiments": {id: record, …}, "current_experiment": id,
"last_updated": …}. Its `experiments` alone (an object by id, or a list), one record, a list of records, a list of
entries, and JSONL with a record or an entry a line are read too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from trackio_client.errors import UsageError
from trackio_client.exchange.entries import read_entries
from trackio_client.exchange.jsonfile import head_of, lines, load
from trackio_client.exchange.past import PastRun
from trackio_client.exchange.reading import Reading
from trackio_client.exchange.records import is_record, runs_of
from trackio_client.exchange.texts import Remarks, short

_SIGNS = (b'"metrics"', b'"experiments"', b'"experiment_id"', b'"current_experiment"')


def is_likely(path: Path) -> bool:
    """Whether a file among others may be one of these: by how it begins."""
    if path.suffix not in (".json", ".jsonl", ".ndjson"):
        return False
    head = head_of(path)
    return b'"log_history"' not in head and any(sign in head for sign in _SIGNS)


def read(path: Path, *, name: str | None = None, is_sure: bool = True) -> Reading:
    """Read one file. Raises UsageError if it holds neither records nor entries.

    Args:
        path: the file.
        name: a name for the run of a file with entries.
        is_sure: somebody named this file: one object of metrics in it is an entry too. Many tools write such files.
    """
    skipped = Remarks()
    if path.suffix in (".jsonl", ".ndjson"):
        rows = list(lines(path, skipped))
        if not rows:
            reason = f": {next(iter(skipped))}" if skipped else ""
            raise UsageError(f"{path} holds no line of JSON that can be read{reason}")
        return _of_rows(path, rows, skipped, name)
    content = load(path)
    if isinstance(content, list):
        rows = [(f"item {index} of {path.name}", row) for index, row in enumerate(content)]
        return _of_rows(path, rows, skipped, name)
    if not isinstance(content, Mapping):
        raise UsageError(f"{path} holds neither experiments nor entries: it is {short(content)}")
    records = _records(path, content)
    if records is not None:
        return _of_records(path, records, skipped)
    if isinstance(content.get("metrics"), list):
        return _of_rows(path, [(f"entry {i}", row) for i, row in enumerate(content["metrics"])], skipped, name)
    if is_sure and isinstance(content.get("metrics"), Mapping):
        return _of_rows(path, [(f"the entry of {path.name}", content)], skipped, name)
    keys = ", ".join(repr(str(key))[:40] for key in list(content)[:6]) or "none"
    raise UsageError(
        f"{path} holds neither experiments ('experiments': {{id: {{…}}}}) nor entries (a list of "
        f"{{'step', 'metrics'}}, at its top or under 'metrics'). Its keys are {keys}"
    )


def _records(path: Path, content: Mapping[str, Any]) -> list[tuple[str, Any]] | None:
    """The records of an object, or None if it holds none."""
    held = content.get("experiments")
    if isinstance(held, list):
        return [(f"experiment {index} of {path.name}", row) for index, row in enumerate(held)]
    if isinstance(held, Mapping):
        return list(_by_id(held, path))
    if is_record(content):
        return [(path.name, content)]
    if content and all(map(is_record, content.values())):
        return list(_by_id(content, path))
    return None


def _by_id(held: Mapping[str, Any], path: Path) -> Iterator[tuple[str, Any]]:
    for own, record in held.items():
        if isinstance(record, Mapping) and not (record.get("experiment_id") or record.get("id")):
            record = {**record, "experiment_id": own}
        yield f"experiment {short(own)} of {path.name}", record


def _of_rows(path: Path, rows: list[tuple[str, Any]], skipped: Remarks, name: str | None) -> Reading:
    if any(is_record(row) for _, row in rows):
        return _of_records(path, rows, skipped)
    run = read_entries(path, [row for _, row in rows], name=name, remarks=skipped)
    return Reading(kind="entries", path=path, runs=[run], count=1)


def _of_records(path: Path, records: Iterable[tuple[str, Any]], skipped: Remarks) -> Reading:
    def runs() -> Iterator[PastRun]:
        yield from runs_of(records, skipped, path.stat().st_mtime, unnamed=path.stem)

    return Reading(kind="experiments", path=path, runs=Runs(runs), skipped=skipped)


class Runs:
    """Runs that are read anew each time they are gone through."""

    def __init__(self, read: Any) -> None:
        self._read = read

    def __iter__(self) -> Iterator[PastRun]:
        return iter(self._read())
