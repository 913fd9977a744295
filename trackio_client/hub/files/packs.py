"""Small files in a repo: many of them in one Parquet file, `blobs/<2>/<hash>.parquet`, a row a file.

A repo may have 100,000 files and a commit a hundred: pictures each as a file of its own would use both up in a day. A
pack is read whole, so it stays small (hub/blobs.py); the content is compared with its hash whenever it is taken out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pyarrow as pa

from trackio_client.blobs import Blob, checked_mime
from trackio_client.errors import NotOurs
from trackio_client.hub.files.parquet import Source, TableWriter, Windows, opened, ranges_json

PACKS = pa.schema(
    [
        ("sha256", pa.string()),
        ("bytes", pa.int64()),
        ("mime", pa.string()),
        ("experiments", pa.list_(pa.string())),
        ("content", pa.binary()),
    ]
)
TOGETHER_BYTES = 8 * 1024 * 1024
"""Of contents in one row group, as a writer and a reader have it in memory."""


class Packed(NamedTuple):
    """One row of a pack."""

    blob: Blob
    experiments: tuple[str, ...]
    """Those that cite it here: when all of them are deleted, merging leaves it out."""
    content: bytes


def write_pack(into: Path | BinaryIO, files: Iterable[Packed], *, held: Windows) -> int:
    """Write files as one pack and return how many. `held` are the seqs of the events that cite them."""
    writer = TableWriter(into, PACKS, "blobs", dictionary=["mime"], encoding={"content": "PLAIN", "sha256": "PLAIN"})
    waiting: list[tuple[str, int, str, list[str], bytes]] = []
    size = 0

    def flush() -> None:
        columns = zip(*waiting, strict=True)
        table = pa.table([pa.array(c, f.type) for c, f in zip(columns, PACKS, strict=True)], schema=PACKS)
        hashes = [row[0] for row in waiting]
        writer.write(table, {"sha256": (min(hashes), max(hashes))})

    for blob, experiments, content in files:
        if waiting and size + len(content) > TOGETHER_BYTES:
            flush()
            waiting.clear()
            size = 0
        waiting.append((blob.sha256, len(content), blob.mime, sorted(experiments), content))
        size += len(content)
    if waiting:
        flush()
    writer.close(held=ranges_json(held))
    return writer.rows


def read_pack(source: Source, *, name: str | None = None) -> Iterator[Packed]:
    """The files of a pack; nobody has compared them with their names. Raises NotOurs."""
    with opened(source, "blobs", PACKS, name=name, required=PACKS.names, codes=[]) as file:
        for group in range(len(file.said["groups"])):
            for batch in file.batches(group, rows=64):
                for row in batch.to_pylist():
                    if len(row["content"]) != row["bytes"]:
                        raise NotOurs(file.name, f"file {row['sha256'][:12]}… has another length than is told")
                    blob = Blob(row["sha256"], row["bytes"], checked_mime(row["mime"]))
                    yield Packed(blob, tuple(row["experiments"]), row["content"])
