"""A Trackio project exported as Parquet: beside each other in a folder, or as a static Space holds them.

    <project>.parquet, <project>_system.parquet, <project>_configs.parquet      as Trackio syncs them to the Hub
    metrics.parquet, aux/system_metrics.parquet, aux/configs.parquet            as its static Spaces hold them

Metrics have columns of their own (a value that a row does not have is null there), or stand as JSON in a column
`metrics`, as old versions wrote them. Files are read a run at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from trackio_client.errors import MissingExtra, UsageError
from trackio_client.exchange.experiments_file import Runs
from trackio_client.exchange.past import PastRun
from trackio_client.exchange.reading import Reading
from trackio_client.exchange.trackio_project import ROW_COLUMNS, RunKey, distinct, json_column, runs_of

ROWS_AT_ONCE: Final = 4096
_CONFIG_COLUMNS: Final = ("id", "run_id", "run_name", "created_at", "config")


def columns_of(path: Path) -> set[str]:
    """The columns of a Parquet file. Raises UsageError if it is none."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import read_schema
    except ImportError:
        raise MissingExtra("importing Parquet", "pyarrow", "hub") from None
    try:
        return set(read_schema(path).names)
    except (ArrowException, OSError) as error:
        raise UsageError(f"{path} cannot be read as Parquet: {error!s:.200}. Is it whole?") from None


def is_project(columns: set[str]) -> bool:
    """Whether these are the columns of exported metrics."""
    return {"timestamp", "run_name", "step"} <= columns


def is_part(columns: set[str]) -> bool:
    """Whether these are the columns of what stands beside exported metrics."""
    return "run_name" in columns and not is_project(columns)


def read(path: Path) -> Reading:
    """The runs of a project, given the file of its metrics. Raises UsageError if it is no such file."""
    columns = columns_of(path)
    if not is_project(columns):
        raise UsageError(f"{path} holds no metrics of Trackio: its columns are {', '.join(sorted(columns)[:8])}")
    tables = Parquet(path)
    count = len(tables.runs())
    is_static = path.stem == "metrics" and (path.parent / "aux").is_dir()
    project = path.resolve().parent.name if is_static else path.stem

    def runs() -> Iterator[PastRun]:
        yield from runs_of(tables, project, path.stat().st_mtime)

    return Reading(kind="trackio", path=path, runs=Runs(runs), count=count)


class Parquet:
    """`trackio_project.Tables` of exported files."""

    def __init__(self, path: Path) -> None:
        self._metrics = path
        aux = path.parent / "aux"
        beside = path.with_name(path.stem + "_system.parquet"), path.with_name(path.stem + "_configs.parquet")
        static = aux / "system_metrics.parquet", aux / "configs.parquet"
        self._system, self._configs = static if path.stem == "metrics" and aux.is_dir() else beside

    def runs(self) -> Sequence[RunKey]:
        found: list[RunKey] = []
        for path in (self._metrics, self._configs, self._system):
            for row in _rows(path, None, columns=("run_id", "run_name")):
                if row.get("run_name") is not None:
                    found.append(RunKey(_text(row.get("run_id")), str(row["run_name"])))
            found = distinct(found)
        return found

    def metrics(self, run: RunKey) -> Iterator[Mapping[str, Any]]:
        for row in _rows(self._metrics, run):
            yield {**{name: row.get(name) for name in ROW_COLUMNS}, "metrics": _values(row, ROW_COLUMNS, "metrics")}

    def moments(self, run: RunKey) -> Iterator[tuple[Any, Any]]:
        for row in _rows(self._metrics, run, columns=("timestamp", "step")):
            yield row.get("timestamp"), row.get("step")

    def system(self, run: RunKey) -> Iterator[Mapping[str, Any]]:
        for row in _rows(self._system, run):
            yield {"timestamp": row.get("timestamp"), "metrics": _values(row, ROW_COLUMNS, "metrics")}

    def config(self, run: RunKey) -> tuple[dict[str, Any], str | None]:
        config: dict[str, Any] = {}
        written = None
        for row in _rows(self._configs, run):
            found = _values(row, _CONFIG_COLUMNS, "config")
            config = dict(found) if isinstance(found, Mapping) else {"unreadable_config": found}
            written = row.get("created_at")
        return config, _text(written)

    def alerts(self, run: RunKey) -> Iterator[Mapping[str, Any]]:
        return iter(())  # Trackio does not export them

    def artifacts(self, run: RunKey) -> Iterator[Mapping[str, Any]]:
        return iter(())

    def traces(self, run: RunKey) -> int:
        return 0


def _values(row: Mapping[str, Any], known: Sequence[str], column: str) -> Mapping[str, Any] | str:
    if row.get(column) is not None:
        return json_column(row[column])
    return {name: value for name, value in row.items() if name not in known and value is not None}


def _rows(path: Path, run: RunKey | None, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """Rows of a file in its order, of one run or of all; a missing file has none. Raises UsageError for damage."""
    if not path.exists():
        return
    import pyarrow.dataset as datasets
    from pyarrow import ArrowException

    there = columns_of(path)
    by = "run_id" if run is not None and run.run_id is not None and "run_id" in there else "run_name"
    if "run_name" not in there:
        return
    wanted = None if run is None else datasets.field(by) == (run.run_id if by == "run_id" else run.name)
    try:
        source = datasets.dataset(path, format="parquet")
        named = None if columns is None else [name for name in columns if name in there]
        for batch in source.to_batches(columns=named, filter=wanted, batch_size=ROWS_AT_ONCE, use_threads=False):
            yield from batch.to_pylist()
    except (ArrowException, OSError) as error:
        raise UsageError(f"{path} cannot be read: {error!s:.200}. Is it whole?") from None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
