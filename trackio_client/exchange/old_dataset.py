"""The old single-table dataset: one row an experiment, with columns of JSON text, as Parquet.

    experiment_id, name, description, created_at, status, metrics, parameters, artifacts, logs, last_updated

Columns may be missing, be of other types (`created_at` as a timestamp), or hold what the JSON would hold. Rows of one
experiment may lie in different files: they are gathered, and joined as `exchange.records` says. Nothing else is held.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from trackio_client.errors import UsageError
from trackio_client.exchange.experiments_file import Runs
from trackio_client.exchange.past import PastRun
from trackio_client.exchange.reading import Reading
from trackio_client.exchange.records import COLUMNS, runs_of
from trackio_client.exchange.texts import Remarks
from trackio_client.exchange.trackio_parquet import columns_of

ROWS_AT_ONCE: Final = 16
"""A row holds all metrics of an experiment: some megabytes of text."""


def is_table(columns: set[str]) -> bool:
    """Whether these are columns of the old table. Ours have `experiment_id` too, but no such text of metrics."""
    kept = columns.intersection(COLUMNS)
    return "experiment_id" in kept and "metrics" in kept and len(kept) >= 4 and "writer_id" not in columns


def read(paths: Sequence[Path], folder: Path) -> Reading:
    """The experiments of the files of one table. Raises UsageError if one of them is no part of such a table."""
    for path in paths:
        if not is_table(columns := columns_of(path)):
            raise UsageError(f"{path} is no table of experiments: its columns are {', '.join(sorted(columns)[:8])}")
    skipped = Remarks()

    def runs() -> Iterator[PastRun]:
        left = Counter(str(row.get("experiment_id") or "") for _, row in _rows(paths, ["experiment_id"]))
        waiting: dict[str, list[tuple[str, Any]]] = {}
        changed_s = max(path.stat().st_mtime for path in paths)
        for place, row in _rows(paths, None):
            own = str(row.get("experiment_id") or "")
            left[own] -= 1
            if own and left[own]:
                waiting.setdefault(own, []).append((place, row))
                continue
            yield from runs_of([*waiting.pop(own, []), (place, row)], skipped, changed_s)

    return Reading(kind="dataset", path=folder, runs=Runs(runs), skipped=skipped)


def _rows(paths: Sequence[Path], columns: list[str] | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of files with their places. Raises UsageError for damage."""
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    for path in paths:
        number = 0
        try:
            with ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=columns, use_threads=False):
                    for row in batch.to_pylist():
                        number += 1
                        yield f"row {number} of {path.name}", row
        except (ArrowException, OSError) as error:
            raise UsageError(f"{path} breaks off after {number} rows: {error!s:.200}") from None
