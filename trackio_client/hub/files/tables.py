"""The three tables of a repo as Parquet: points (hub/files/points.py), events, experiments."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from trackio_client.hub.files.parquet import (
    ROW_GROUP,
    Source,
    TableWriter,
    Windows,
    codes_of,
    groups_of,
    opened,
    packed,
    ranges_json,
    spans_of,
    text_of,
    unpacked,
    whose,
)
from trackio_client.hub.files.points import METRICS, read_metrics, write_metrics
from trackio_client.store.holdings import EventRow

EVENTS = pa.schema(
    [
        ("experiment_id", pa.string()),
        ("writer_id", pa.string()),
        ("seq", pa.int64()),
        ("kind", pa.string()),
        ("time_s", pa.float64()),
        ("content", pa.string()),
    ]
)
EXPERIMENTS = pa.schema(
    [
        ("experiment_id", pa.string()),
        ("project", pa.string()),
        ("name", pa.string()),
        ("group", pa.string()),
        ("job_type", pa.string()),
        ("tags", pa.list_(pa.string())),
        ("notes", pa.string()),
        ("state", pa.string()),
        ("created_s", pa.float64()),
        ("last_event_s", pa.float64()),
        ("generation", pa.int64()),
        ("last_step", pa.int64()),
        ("points", pa.int64()),
        ("events", pa.int64()),
        ("parameters", pa.string()),
        ("summary", pa.string()),
        ("trackio", pa.string()),
    ]
)
_DELTA, _SPLIT = "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"
_EVENT_BYTES = 32 * 2**20
"""Most content in a row group of events, as a reader has it in memory at once."""

# --- events ------------------------------------------------------------------------------------------------------


def write_events(into: Path | BinaryIO, rows: Iterable[EventRow], *, held: Windows | None = None) -> int:
    """Write events as one file and return how many. Equal input makes equal bytes; arguments as `write_metrics`."""
    writer = TableWriter(
        into,
        EVENTS,
        "events",
        dictionary=["experiment_id", "writer_id", "kind"],
        encoding={"seq": _DELTA, "time_s": _SPLIT, "content": "PLAIN"},
    )
    spans: dict[str, tuple[int, int]] = {}
    odd: dict[str, str] = {}
    waiting: list[tuple[Any, ...]] = []
    size = 0

    def flush() -> None:
        nonlocal size
        columns = zip(*waiting, strict=True)
        table = pa.table([pa.array(c, f.type) for c, f in zip(columns, EVENTS, strict=True)], schema=EVENTS)
        writer.write(table, spans_of((row[0], row[1]) for row in waiting))
        waiting.clear()
        size = 0

    if isinstance(rows, Sequence):
        rows = sorted(rows, key=lambda row: (*whose(row), row.seq))
    for row in rows:
        if waiting and (len(waiting) >= ROW_GROUP or size + len(row.raw) > _EVENT_BYTES):
            flush()
        low, end = spans.get(row.writer_id, (row.seq, row.seq))
        spans[row.writer_id] = min(low, row.seq), max(end, row.seq + 1)
        content = row.raw.decode("utf-8", "replace")
        if content.encode() != row.raw:  # JSON by other programs may hold what is no UTF-8; the digest is over bytes
            odd[str(writer.rows + len(waiting))] = packed(row.raw)
        waiting.append((row.experiment_id, row.writer_id, row.seq, *_kind_and_time(row.raw, content), content))
        size += len(row.raw)
    if waiting:
        flush()
    said = ranges_json(held if held is not None else {w: (span,) for w, span in spans.items()})
    writer.close(held=said, **({"raw": odd} if odd else {}))
    return writer.rows


def _kind_and_time(raw: bytes, content: str) -> tuple[str, float | None]:
    """For people who look into the file; what we read is `content`."""
    try:
        said = json.loads(raw if raw.isascii() else content)
        kind, time_us = said.get("kind"), said.get("time_us")
    except (ValueError, AttributeError, RecursionError):
        return "", None
    is_time = isinstance(time_us, (int, float)) and not isinstance(time_us, bool) and abs(time_us) < 2**63
    return text_of(kind) if isinstance(kind, str) else "", time_us / 1e6 if is_time else None


def read_events(
    source: Source, windows: Windows | None = None, *, experiment_id: str | None = None, name: str | None = None
) -> Iterator[EventRow]:
    """Events of a file in its order; arguments and errors as `read_metrics`."""
    codes, required = ["experiment_id", "writer_id"], ["experiment_id", "writer_id", "seq", "content"]
    with opened(source, "events", EVENTS, name=name, required=required, codes=codes) as table:
        odd = {int(row): unpacked(text) for row, text in table.said.get("raw", {}).items()}
        for index, row in groups_of(table, windows, experiment_id):
            for batch in table.batches(index, 8192):
                experiments, writers = (codes_of(batch.column(c)) for c in codes)
                columns = (batch.column(c).to_pylist() for c in ("seq", "content"))
                coded = (experiments[0].tolist(), writers[0].tolist())
                for at, (e, w, seq, content) in enumerate(zip(*coded, *columns, strict=True), row):
                    experiment, writer = experiments[1][e], writers[1][w]
                    if experiment_id is not None and experiment != experiment_id:
                        continue
                    if windows is None or any(low <= seq < end for low, end in windows.get(writer, ())):
                        yield EventRow(experiment, writer, seq, odd[at] if at in odd else content.encode())
                row += batch.num_rows


# --- experiments -------------------------------------------------------------------------------------------------


def write_experiments(into: Path | BinaryIO, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write one row an experiment, in the order of `experiment_id`, and return how many.

    Keys are the columns of `EXPERIMENTS`; one that is missing is empty. `parameters`, `summary` and `trackio` are JSON
    texts. Equal rows make equal bytes.
    """
    rows = sorted(rows, key=lambda row: str(row["experiment_id"]))
    if strange := {key for row in rows for key in row} - set(EXPERIMENTS.names):
        raise ValueError(f"an experiment's row has no column {sorted(strange)[0]!r}: {', '.join(EXPERIMENTS.names)}")
    columns = [pa.array([_cell(row.get(field.name)) for row in rows], field.type) for field in EXPERIMENTS]
    writer = TableWriter(into, EXPERIMENTS, "experiments", dictionary=["project", "group", "state"], encoding={})
    if rows:
        writer.write(pa.table(columns, schema=EXPERIMENTS), {})
    writer.close()
    return writer.rows


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return text_of(value)
    if isinstance(value, (list, tuple)):
        return [text_of(str(item)) for item in value]
    return value


def read_experiments(source: Source, *, name: str | None = None) -> list[dict[str, Any]]:
    """The rows of a file, all columns of `EXPERIMENTS` in each. Raises NotOurs."""
    found: list[dict[str, Any]] = []
    with opened(source, "experiments", EXPERIMENTS, name=name, required=["experiment_id"], codes=[]) as table:
        for index, _ in table.groups({}):
            for batch in table.batches(index):
                found.extend(batch.to_pylist())
    return found


__all__ = [
    "EVENTS",
    "EXPERIMENTS",
    "METRICS",
    "Windows",
    "read_events",
    "read_experiments",
    "read_metrics",
    "text_of",
    "write_events",
    "write_experiments",
    "write_metrics",
]
