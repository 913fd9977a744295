"""Parquet files of ours: how they are written, opened and known for ours; nothing about what they hold.

Each carries key-value metadata under "trackio" (JSON): format, table, rows, the span of ids in each row group, a seal,
and what the table adds. Pages have Parquet's checksums. A footer has none, and pyarrow ends the whole process at some
damaged ones (the statistics of a column throw through C, seen with version 26): so the seal is a checksum of the
footer, compared before pyarrow sees it, and the spans are our own and not Parquet's statistics.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from trackio_client.errors import NotOurs
from trackio_client.store.holdings import EventRow, PointRows
from trackio_client.wire.batches import Ranges

Source = Path | bytes
Windows = Mapping[str, Ranges]
"""Seqs per writer."""
FORMAT = 1
ROW_GROUP = 256 * 1024
"""Most rows of a row group, which is what a reader has in memory at once: some 20 MB of points."""
_METADATA = b"trackio"
_SEAL = re.compile(rb'"seal": "([0-9a-f]{8})"')
_UNSEALED = b'"seal": "00000000"'
_MOST_FOOTER_BYTES = 64 * 2**20
_WITH_STATISTICS = {"experiment_id", "writer_id", "seq", "metric", "step", "time_s", "project"}
_READ_ERRORS = (
    pa.ArrowException,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RecursionError,
    zlib.error,
)
"""All that pyarrow was seen to raise on damaged bytes. (MemoryError: a length of 2^60 that stands there by damage.)"""


class TableWriter:
    """One file, row group by row group. `into` is a path, or a buffer that stays open."""

    def __init__(
        self, into: Path | BinaryIO, schema: pa.Schema, table: str, *, dictionary: list[str], encoding: dict[str, str]
    ) -> None:
        self.rows = 0
        self._into, self._table = into, table
        self._spans: list[list[Any]] = []
        self._writer = pq.ParquetWriter(
            into,
            schema,
            compression="zstd",
            compression_level=3,  # benchmarks/hub_tables.py: what level 9 saves is 1%, what level 1 saves is no time
            use_dictionary=dictionary,
            column_encoding=encoding,
            # For other programs. Not of texts that can be long: each row group would hold its longest twice.
            write_statistics=[name for name in schema.names if name in _WITH_STATISTICS],
            write_page_checksum=True,
            store_schema=False,  # the types are Parquet's own; Arrow's copy is 1 KB in each of many small files
        )

    def write(self, table: pa.Table, spans: Mapping[str, tuple[str, str]]) -> None:
        """Add rows as one row group (more if they are too many); `spans` are the lowest and highest id of columns."""
        for start in range(0, table.num_rows, ROW_GROUP):
            part = table.slice(start, ROW_GROUP)
            self._writer.write_table(part, row_group_size=ROW_GROUP)
            self._spans.append([part.num_rows, dict(spans)])
        self.rows += table.num_rows

    def close(self, **said: Any) -> None:
        """End the file; `said` goes into its metadata."""
        about = {"format": FORMAT, "table": self._table, "rows": self.rows, "groups": self._spans, "seal": "0" * 8}
        text = json.dumps({**said, **about}, sort_keys=True)
        self._writer.add_key_value_metadata({_METADATA.decode(): text})
        self._writer.close()
        if isinstance(self._into, Path):
            with self._into.open("r+b") as file:
                _seal(file)
        else:
            _seal(self._into)


def _seal(file: BinaryIO) -> None:
    footer = _footer(file)
    at = footer.index(_UNSEALED)
    file.seek(-8 - len(footer) + at, io.SEEK_END)
    file.write(b'"seal": "%08x"' % zlib.crc32(footer))
    file.seek(0, io.SEEK_END)


def _footer(file: BinaryIO) -> bytes:
    """The footer of a Parquet file. Raises ValueError."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - 8))
    length, end = int.from_bytes(file.read(4), "little"), file.read(4)
    if size < 12 or end != b"PAR1":
        raise ValueError("it does not end as such a file does")
    if not 0 < length <= min(size - 12, _MOST_FOOTER_BYTES):
        raise ValueError(f"its footer cannot have {length} bytes in a file of {size}")
    file.seek(size - 8 - length)
    return file.read(length)


def _check_seal(file: BinaryIO, name: str) -> None:
    footer = _footer(file)
    seals = list(_SEAL.finditer(footer))
    if len(seals) != 1:
        raise NotOurs(name, "is a Parquet file that was not written by trackio")
    start, end = seals[0].span()
    if int(seals[0][1], 16) != zlib.crc32(footer[:start] + _UNSEALED + footer[end:]):
        raise NotOurs(name, "is damaged: its footer has another checksum")


class TableFile:
    """An open file of ours. Raises NotOurs for anything else."""

    def __init__(
        self, file: pq.ParquetFile, name: str, said: dict[str, Any], fields: list[str], required: list[str]
    ) -> None:
        self.file, self.name, self.said, self._fields, self._required = file, name, said, fields, required

    def groups(self, wanted: Mapping[str, set[str] | None]) -> Iterator[tuple[int, int]]:
        """(index, number of its first row) of the row groups that may hold one of the wanted ids in each column."""
        first = 0
        for index, (rows, spans) in enumerate(self.said["groups"]):
            if all(
                ids is None or any(spans[column][0] <= one <= spans[column][1] for one in ids)
                for column, ids in wanted.items()
            ):
                yield index, first
            first += rows

    def batches(self, group: int, rows: int = ROW_GROUP) -> Iterator[pa.RecordBatch]:
        """A row group in pieces: a file that somebody wrote as one group of a billion rows takes no more memory."""
        for batch in self.file.iter_batches(rows, row_groups=[group], columns=self._fields, use_threads=False):
            for column in self._required:
                if empty := batch.column(column).null_count:
                    raise NotOurs(self.name, f"column {column!r} has {empty} empty cells")
            yield batch


@contextmanager
def opened(
    source: Source, table: str, schema: pa.Schema, *, name: str | None, required: Iterable[str], codes: list[str]
) -> Iterator[TableFile]:
    """A file of ours for reading; whatever goes wrong inside is NotOurs, by `name` (its path in the repo).

    `required` columns hold no nulls; `codes` are read as dictionaries.
    """
    name = name or (str(source) if isinstance(source, Path) else table)
    try:
        with source.open("rb") if isinstance(source, Path) else io.BytesIO(source) as raw:
            _check_seal(raw, name)
            about = pq.read_metadata(raw)
            said = _said(about, table, name)
            _check_schema(about.schema.to_arrow_schema(), schema, name)
            with pq.ParquetFile(raw, metadata=about, read_dictionary=codes, page_checksum_verification=True) as file:
                yield TableFile(file, name, said, schema.names, list(required))
    except _READ_ERRORS as error:
        raise NotOurs(name, f"cannot be read as Parquet: {_first_line(error)}") from None


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def _said(about: pq.FileMetaData, table: str, name: str) -> dict[str, Any]:
    text = (about.metadata or {}).get(_METADATA)
    if text is None:
        raise NotOurs(name, "is a Parquet file that was not written by trackio")
    said = json.loads(text)
    if not isinstance(said, dict) or not isinstance(said.get("format"), int):
        raise NotOurs(name, "has metadata that are not trackio's")
    if said["format"] > FORMAT:
        raise NotOurs(name, f"has format {said['format']}, which is newer than this version of trackio-client")
    if said.get("table") != table:
        raise NotOurs(name, f"holds {str(said.get('table'))[:40]!r}, not {table!r}")
    sizes = [group[0] for group in said["groups"]]
    if sizes != [about.row_group(n).num_rows for n in range(about.num_row_groups)]:
        raise NotOurs(name, "has other row groups than were written")
    if said.get("rows") != about.num_rows:
        raise NotOurs(name, f"holds {about.num_rows} rows where {said.get('rows')} were written")
    return said


def _check_schema(found: pa.Schema, schema: pa.Schema, name: str) -> None:
    types = {field.name: field.type for field in found}
    for field in schema:
        seen = types.get(field.name)
        if seen != field.type and not (seen is not None and pa.types.is_list(seen) and pa.types.is_list(field.type)):
            raise NotOurs(name, f"column {field.name!r} should be {field.type}, is {seen or 'missing'}")


def content_name(folder: str, content: Source) -> str:
    """Where a file lies in the repo: `metrics/<2>/<hash>.parquet`, by the SHA-256 of its content."""
    found = _sha256(content)
    return f"{folder}/{found[:2]}/{found}.parquet"


def check_name(name: str, content: Source) -> None:
    """Raises NotOurs if a file's content is not what its name says: damaged, cut, or another file."""
    wanted, found = name.rsplit("/", 1)[-1].removesuffix(".parquet"), _sha256(content)
    if wanted != found:
        raise NotOurs(name, f"its content has the hash {found[:12]}…, not the one in its name: damaged or replaced")


def _sha256(content: Source) -> str:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def held_in(source: Source, table: str, *, name: str | None = None) -> dict[str, Ranges]:
    """The seqs per writer that a file says it holds; the index knows better, this is for when it is damaged."""
    name = name or (str(source) if isinstance(source, Path) else table)
    with opened(source, table, pa.schema([]), name=name, required=[], codes=[]) as file:
        found = file.said["held"]
        return {str(w): tuple((int(low), int(end)) for low, end in ranges) for w, ranges in found.items()}


# --- what the tables share ---


def whose(row: PointRows | EventRow) -> tuple[str, str]:
    """What rows are sorted by: those of one experiment lie together, and in it those of one writer."""
    return row.experiment_id, row.writer_id


def groups_of(table: TableFile, windows: Windows | None, experiment_id: str | None) -> Iterator[tuple[int, int]]:
    """(index, number of its first row) of the row groups that may hold something of this."""
    return table.groups(
        {
            "experiment_id": None if experiment_id is None else {experiment_id},
            "writer_id": None if windows is None else set(windows),
        }
    )


def codes_of(column: pa.DictionaryArray) -> tuple[npt.NDArray[np.int32], list[str]]:
    """(n,) codes of a column of texts, and the text of each code."""
    if column.null_count:
        raise ValueError("an empty cell where a text should be")
    return column.indices.to_numpy(), column.dictionary.to_pylist()


def text_of(text: str) -> str:
    """The text with a mark for each half of a surrogate pair, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text


def spans_of(ids: Iterable[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Of pairs (experiment, writer): the lowest and the highest of each."""
    experiments, writers = zip(*ids, strict=True)
    return {"experiment_id": (min(experiments), max(experiments)), "writer_id": (min(writers), max(writers))}


def ranges_json(held: Windows) -> dict[str, list[list[int]]]:
    return {writer: [[low, end] for low, end in ranges] for writer, ranges in held.items()}


def packed(raw: bytes) -> str:
    """Bytes as text for the metadata."""
    return base64.b64encode(zlib.compress(raw)).decode()


def unpacked(text: str) -> bytes:
    """The inverse of `packed`; nothing for the empty text."""
    return zlib.decompress(base64.b64decode(text, validate=True)) if text else b""
