"""A Trackio project's SQLite file, of any version: opened for reading only, and never changed, not even its side files.

Tables and columns differ between versions (0.13 knows no hardware and no alerts, none before 0.24 has run ids): what is
not there is empty. JSON columns are texts in old files and bytes in new ones.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from trackio_client.errors import UsageError
from trackio_client.exchange.experiments_file import Runs
from trackio_client.exchange.past import PastRun
from trackio_client.exchange.reading import Reading
from trackio_client.exchange.trackio_project import RunKey, distinct, json_column, runs_of

MAGIC: Final = b"SQLite format 3\x00"
_RUN_TABLES: Final = ("metrics", "configs", "system_metrics", "alerts")


def is_sqlite(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def read(path: Path) -> Reading:
    """The runs of a project's file. Raises UsageError if it is no such file."""
    with _opened(path) as connection:
        count = len(Sqlite(connection, path).runs())

    def runs() -> Iterator[PastRun]:
        with _opened(path) as connection:
            yield from runs_of(Sqlite(connection, path), path.stem, path.stat().st_mtime)

    return Reading(kind="trackio", path=path, runs=Runs(runs), count=count)


def is_project(path: Path) -> bool:
    """Whether a SQLite file has Trackio's tables."""
    try:
        with _opened(path):
            return True
    except UsageError:
        return False


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection. Raises UsageError, also for damage that is found while rows are read."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with closing(_connect(path, Path(folder))) as connection:
                connection.row_factory = sqlite3.Row
                columns = _columns(connection, "metrics")
                if not {"run_name", "metrics"} <= columns:
                    what = f"its 'metrics' has {sorted(columns)}" if columns else "it has no table 'metrics'"
                    raise UsageError(f"{path} is no project of Trackio: {what}")
                yield connection
        except sqlite3.Error as error:
            raise UsageError(f"{path} cannot be read as a project of Trackio: {error}. Is it whole?") from None


def _connect(path: Path, folder: Path) -> sqlite3.Connection:
    """Reading a file in WAL mode alone makes side files beside it: where there is a log but no user, a copy is read."""
    if not is_sqlite(path):
        raise UsageError(f"{path} is no SQLite file" if path.stat().st_size else f"{path} is empty")
    beside = [path.with_name(path.name + end) for end in ("-wal", "-journal")]
    if any(one.exists() and one.stat().st_size for one in beside):
        if path.with_name(path.name + "-shm").exists():  # in use, or ended by a kill: nothing more will be made
            with suppress(sqlite3.Error):
                connection = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
                return connection
        copy = folder / "project.db"
        shutil.copyfile(path, copy)
        for one in beside:
            if one.exists():
                shutil.copyfile(one, folder / one.name.replace(path.name, copy.name, 1))
        return sqlite3.connect(copy)
    return sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1", uri=True)


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})")}


class Sqlite:
    """`trackio_project.Tables` of an open file."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        self._connection = connection
        self._columns = {name: _columns(connection, name) for name in (*_RUN_TABLES, "traces", "run_artifact_links")}
        self._has_ids = "run_id" in self._columns["metrics"]
        self._path = path

    def runs(self) -> Sequence[RunKey]:
        found: list[RunKey] = []
        for table in _RUN_TABLES:
            columns = self._columns[table]
            if "run_name" not in columns:
                continue
            run_id = "run_id" if "run_id" in columns and self._has_ids else "NULL"
            rows = self._connection.execute(
                f"SELECT {run_id}, run_name FROM {table} GROUP BY {run_id}, run_name ORDER BY min(rowid)"
            )
            found += [RunKey(_text(row[0]), str(row[1])) for row in rows if row[1] is not None]
        return distinct(found)

    def metrics(self, run: RunKey) -> Iterator[Mapping[str, Any]]:
        for row in self._rows("metrics", run):
            yield {**row, "metrics": json_column(row.get("metrics"))}

    def moments(self, run: RunKey) -> Iterator[tuple[Any, Any]]:
        known = [name for name in ("timestamp", "step") if name in self._columns["metrics"]]
        for row in self._rows("metrics", run, what=", ".join(["rowid", *known])):
            yield row.get("timestamp"), row.get("step")

    def system(self, run: RunKey) -> Iterator[Mapping[str, Any]]:
        for row in self._rows("system_metrics", run):
            yield {**row, "metrics": json_column(row.get("metrics"))}

    def alerts(self, run: RunKey) -> Iterator[Mapping[str, Any]]:
        return self._rows("alerts", run)

    def config(self, run: RunKey) -> tuple[dict[str, Any], str | None]:
        config: dict[str, Any] = {}
        written = None
        for row in self._rows("configs", run):
            found = json_column(row.get("config"))
            config = dict(found) if isinstance(found, Mapping) else {"unreadable_config": found}
            written = row.get("created_at")
        return config, written

    def traces(self, run: RunKey) -> int:
        return sum(1 for _ in self._rows("traces", run, what="rowid"))

    def artifacts(self, run: RunKey) -> Iterator[Mapping[str, Any]]:
        if not self._columns["run_artifact_links"] or not self._has_ids:
            return
        yield from self._asked(
            "SELECT a.name, a.type, v.version, v.size_bytes, v.manifest_digest AS digest, l.direction, l.created_at "
            "FROM run_artifact_links l JOIN artifact_versions v ON v.id = l.artifact_version_id "
            "JOIN artifacts a ON a.id = v.artifact_id WHERE l.run_id = ? OR (l.run_id IS NULL AND l.run_name = ?) "
            "ORDER BY l.id",
            (run.run_id, run.name),
        )

    def _rows(self, table: str, run: RunKey, what: str = "*") -> Iterator[Mapping[str, Any]]:
        columns = self._columns[table]
        by = "run_id" if run.run_id is not None and "run_id" in columns else "run_name"
        if by not in columns:
            return
        wanted = run.run_id if by == "run_id" else run.name
        yield from self._asked(f"SELECT {what} FROM {table} WHERE {by} = ? ORDER BY rowid", (wanted,))

    def _asked(self, sql: str, values: tuple[Any, ...]) -> Iterator[Mapping[str, Any]]:
        """Rows. Raises UsageError where the file is damaged."""
        try:
            for row in self._connection.execute(sql, values):
                yield dict(row)
        except sqlite3.Error as error:
            raise UsageError(f"{self._path} is damaged: {error}. What comes before the damage can be read") from None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
