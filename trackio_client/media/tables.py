"""Table: rows and columns, with media in its cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from trackio_client.errors import MissingExtra
from trackio_client.media.keeping import Keeper, Media, NotKept
from trackio_client.media.traces import with_files

MAX_COLUMNS: Final = 1_000
MAX_CELL: Final = 65_536
"""Characters of one text in a cell."""
MAX_FILES: Final = 1_000
"""Media in the cells of one table: each is a file that is sent."""
_EVENED: Final = "it is filled up with nothing, or cut"


class Table(Media):
    """Rows and columns.

    Args:
        columns: names; without them the first row's keys, or numbers.
        data: rows, each a list or a dict; an array (n, m); or a DataFrame.
        rows: the same as data, the name of old.
        dataframe: of pandas, polars …: whatever has `columns` and gives rows.
        dtype: taken for scripts that give it; types are found from the values.
        optional: as dtype.
        allow_mixed_types: as dtype: a column with several types is kept as it is.
        log_mode: "IMMUTABLE" or "MUTABLE": each log() keeps the table as it is then. "INCREMENTAL": only what was added
            since.
    """

    kind: ClassVar[str] = "table"
    MAX_ROWS: ClassVar[int] = 100_000

    def __init__(
        self,
        columns: Sequence[Any] | None = None,
        data: Any = None,
        rows: Any = None,
        dataframe: Any = None,
        dtype: Any = None,
        optional: Any = True,
        allow_mixed_types: bool = False,
        log_mode: str | None = "IMMUTABLE",
        *,
        caption: str | None = None,
    ) -> None:
        self.caption = caption
        self.columns: list[Any] = list(columns) if columns is not None else []
        self.data: list[list[Any]] = []
        self.log_mode = log_mode or "IMMUTABLE"
        self.chart: dict[str, Any] | None = None
        """How the page draws it, when it is a chart: see `charts.py`."""
        self._logged = 0
        self._problems: list[str] = []
        given = data if data is not None else rows
        if dataframe is None and hasattr(given, "columns"):
            given, dataframe = None, given
        try:
            if dataframe is not None:
                self._take_frame(dataframe)
            elif given is not None:
                for row in given.tolist() if hasattr(given, "tolist") else given:
                    self._add(row)
        except Exception as error:  # a stranger's data: told when the table is logged
            self._problems.append(f"its data cannot be read as rows ({type(error).__name__}: {error})")
        if not self.columns and not self.data:
            self.columns = ["Input", "Output", "Expected"]  # W&B's, for scripts that add rows at once

    def _take_frame(self, frame: Any) -> None:
        self.columns = list(frame.columns)
        if callable(iterrows := getattr(frame, "itertuples", None)):
            self.data = [list(row) for row in iterrows(index=False, name=None)]
        else:
            self.data = [list(row) for row in frame.rows()]  # polars

    # --- rows and columns -----------------------------------------------------------------------------------------

    def add_data(self, *row: Any) -> None:
        """Add a row, a value a column."""
        self._add(row)

    def add_row(self, *row: Any) -> None:
        """The same as add_data."""
        self._add(row)

    def add_column(self, name: Any, data: Any, optional: bool = False) -> None:
        """Add a column. One that is too short or too long is filled up or cut, and that is said when it is logged."""
        values = data.tolist() if hasattr(data, "tolist") else list(data)
        if not self.data:
            self.columns = [] if self.columns == ["Input", "Output", "Expected"] else self.columns
            self.data = [[None] * len(self.columns) for _ in values]
        if len(values) != len(self.data):
            self._problems.append(f"column {name!r} has {len(values)} values for {len(self.data)} rows: {_EVENED}")
        self.columns.append(name)
        for at, row in enumerate(self.data):
            row.append(values[at] if at < len(values) else None)

    def add_computed_columns(self, fn: Any) -> None:
        """Add columns that a function reckons: fn(index, row as dict) -> {column: value}."""
        found = [fn(at, dict(zip(self.columns, row, strict=False))) for at, row in self.iterrows()]
        for name in dict.fromkeys(key for one in found for key in one):
            self.add_column(name, [one.get(name) for one in found])

    def get_column(self, name: Any, convert_to: str | None = None) -> Any:
        """The values of a column; convert_to="numpy" gives an array."""
        if name not in self.columns:
            raise KeyError(f"there is no column {name!r}: the columns are {self.columns}")
        at = self.columns.index(name)
        values = [row[at] for row in self.data]
        if convert_to == "numpy":
            import numpy as np

            return np.array(values)
        return values

    def get_index(self) -> list[int]:
        """The numbers of the rows."""
        return list(range(len(self.data)))

    def get_dataframe(self) -> Any:
        """A pandas.DataFrame. Raises MissingExtra without pandas."""
        try:
            import pandas
        except ImportError:
            raise MissingExtra("Table.get_dataframe()", "pandas", "pandas") from None
        return pandas.DataFrame.from_records([tuple(row) for row in self.data], columns=self.columns)

    @property
    def dataframe(self) -> Any:
        return self.get_dataframe()

    def iterrows(self) -> Iterator[tuple[int, list[Any]]]:
        """(number, row) of each row."""
        yield from enumerate(self.data)

    def __len__(self) -> int:
        return len(self.data)

    def __bool__(self) -> bool:
        return True

    def cast(self, col_name: str, dtype: Any, optional: bool = False) -> None:
        """Taken for scripts that call it: types are found from the values."""

    def _add(self, row: Any) -> None:
        if isinstance(row, Mapping):
            for key in row:
                if key not in self.columns:
                    self.columns.append(key)
                    for other in self.data:
                        other.append(None)
            self.data.append([row.get(column) for column in self.columns])
            return
        values = (
            list(row)
            if isinstance(row, (list, tuple)) or (hasattr(row, "__iter__") and not isinstance(row, (str, bytes)))
            else [row]
        )
        if not self.data and not self.columns:
            self.columns = list(range(len(values)))
        if len(values) != len(self.columns):
            self._problems.append(f"a row has {len(values)} values for {len(self.columns)} columns: {_EVENED}")
            values = (values + [None] * len(self.columns))[: len(self.columns)]
        self.data.append(values)

    # --- keeping --------------------------------------------------------------------------------------------------

    def known(self) -> dict[str, Any]:
        return {"rows": len(self.data), "columns": [{"name": str(name)} for name in self.columns[:MAX_COLUMNS]]}

    def kept(self, keeper: Keeper) -> dict[str, Any]:
        if self._problems:
            more = f" (and {len(self._problems) - 1} more)" if len(self._problems) > 1 else ""
            if not self.data:
                raise NotKept(self._problems[0])
            keeper.tell("rows", f"{self._problems[0]}{more}")
        start = self._logged if self.log_mode == "INCREMENTAL" else 0
        self._logged = len(self.data)
        rows, columns, whole = self._bounded(start, keeper)
        budget = _Budget(keeper)
        cells = [[_cell(value, keeper, budget) for value in row[: len(columns)]] for row in rows]
        item: dict[str, Any] = {
            "rows": len(cells),
            "columns": [{"name": str(name)[:256], "type": _type(cells, at)} for at, name in enumerate(columns)],
        }
        if whole != len(cells):
            item["rows_given"] = whole
        if self.log_mode == "INCREMENTAL":
            item["from_row"] = start
        if self.chart is not None:
            item["chart"] = self.chart
        return {**item, **keeper.data({"data": cells})}

    def _bounded(self, start: int, keeper: Keeper) -> tuple[list[list[Any]], list[Any], int]:
        rows, columns = self.data[start:], self.columns
        whole = len(rows)
        if len(columns) > MAX_COLUMNS:
            keeper.tell("columns", f"{len(columns):,} columns are too many: the first {MAX_COLUMNS:,} are kept")
            columns = columns[:MAX_COLUMNS]
        most = min(keeper.bounds.table_rows, max(1, 10_000_000 // max(1, len(columns))))
        if whole > most:
            keeper.tell(
                "long", f"the table has {whole:,} rows: the first {most:,} are kept (TRACKIO_TABLE_ROWS); "
                "a file of all of them can be logged as an artifact"
            )  # fmt: skip
            rows = rows[:most]
        return rows, columns, whole


class _Budget:
    """Counts the media in cells."""

    def __init__(self, keeper: Keeper) -> None:
        self._left, self._keeper = MAX_FILES, keeper

    def take(self) -> bool:
        self._left -= 1
        if self._left == -1:
            self._keeper.tell("cells", f"media in more than {MAX_FILES:,} cells of one table are not kept")
        return self._left >= 0


def _cell(value: Any, keeper: Keeper, budget: _Budget) -> Any:
    """A value as the table's file holds it; media as {"$media": kind, "file": …}."""
    kind = type(value)
    if value is None or kind in (int, float, bool):
        return value
    if kind is str:
        return value if len(value) <= MAX_CELL else value[:MAX_CELL] + "…"
    if getattr(kind, "is_trackio_media", False):
        return (
            with_files(value, keeper) if budget.take() else {"$media": value.kind, "not_kept": "too many in one table"}
        )
    if kind in (list, tuple) and any(getattr(type(one), "is_trackio_media", False) for one in value):
        return [_cell(one, keeper, budget) for one in value]
    if (
        callable(item := getattr(value, "item", None))
        and getattr(value, "size", 1) in (1, ())
        and not hasattr(value, "__len__")
    ):
        return _cell(item(), keeper, budget)
    return with_files(value, keeper)


def _type(rows: list[list[Any]], at: int) -> str:
    """What a column holds, from its first 1,000 values: number, text, boolean, media, json or mixed."""
    found = {_kind(row[at]) for row in rows[:1_000] if at < len(row) and row[at] is not None}
    return found.pop() if len(found) == 1 else "mixed" if found else "empty"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "text"
    one = value[0] if isinstance(value, list) and value else value
    return "media" if isinstance(one, dict) and "$media" in one else "json"
