"""Files beside a store, and which experiment cites which.

A store `x/store.sqlite` keeps them in `x/blobs/`, any other `x/name` in `x/name.blobs/`: two stores in one folder never
share files, or deleting in one would take them from the other. The table `file` is written in the transaction of the
events that cite; it is an index, and can be made again from them.

An event is appended only when its files are here (or its writer says that it has them no more). That is looked at
inside the transaction, and files are removed inside one, too: nothing can go between the look and the commit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from trackio_client.blobs import Blob, BlobFolder, cited_in
from trackio_client.errors import FilesWanted
from trackio_client.store.columns import EventAt, Run
from trackio_client.wire.batches import EVERY_FILE, Batch

MOST_WANTED = 1000
"""Files named in one refusal; the others are when these have come."""


class Citation(NamedTuple):
    """Events of one kind in one experiment that cite a file."""

    experiment_id: str
    kind: str
    blob: Blob
    """What the first of them says of the file."""


def folder_beside(path: Path) -> Path:
    """Where the files of a store lie."""
    return path.with_name("blobs" if path.name == "store.sqlite" else f"{path.name}.blobs")


def check_here(folder: BlobFolder, batch: Batch, parts: Iterable[Run | EventAt]) -> None:
    """Raises FilesWanted: events that are new here cite files which are not here and which their writer may have."""
    if EVERY_FILE in batch.without:
        return
    cited = (part.content for part in parts if isinstance(part, EventAt) and "blobs" in part.content)
    wanted = [
        blob.sha256
        for content in cited
        for blob in cited_in(content)
        if blob.sha256 not in batch.without and not folder.has(blob)
    ]
    if wanted:
        count = len(wanted := list(dict.fromkeys(wanted)))
        raise FilesWanted(
            f"events of writer {batch.writer_id} cite {count} file{'s' * (count != 1)} that this store does not have",
            want=tuple(wanted[:MOST_WANTED]),
        )


def note(sql: sqlite3.Connection, experiment: int, kind: str, blobs: Iterable[Blob]) -> None:
    """An event of this kind and experiment (its row) cites these."""
    sql.executemany(
        "INSERT OR IGNORE INTO file VALUES (?, ?, ?, ?, ?)",
        [(experiment, blob.sha256, kind, blob.bytes, blob.mime) for blob in blobs],
    )


def cited(sql: sqlite3.Connection, experiment: int) -> list[Blob]:
    """What an experiment (its row) cites, by hash."""
    rows = sql.execute(
        "SELECT sha256, bytes, mime FROM file WHERE experiment = ? GROUP BY sha256 ORDER BY sha256", (experiment,)
    )
    return [Blob(*row) for row in rows]


def citing(sql: sqlite3.Connection, sha256: str) -> list[Citation]:
    """Who cites a file, oldest experiments first."""
    rows = sql.execute(
        "SELECT e.experiment_id, f.kind, f.bytes, f.mime FROM file f JOIN experiment e ON e.id = f.experiment "
        "WHERE f.sha256 = ? ORDER BY e.id, f.kind",
        (sha256,),
    )
    return [Citation(experiment_id, kind, Blob(sha256, size, mime)) for experiment_id, kind, size, mime in rows]


def citing_events(sql: sqlite3.Connection, sha256: str) -> list[tuple[str, int]]:
    """(writer id, seq) of the events that cite a file. Reads all events of that kind of an experiment that cites it."""
    return sql.execute(
        "SELECT w.writer_id, e.seq FROM file f JOIN event e ON e.experiment = f.experiment AND e.kind = f.kind "
        "JOIN writer w ON w.id = e.writer WHERE f.sha256 = ? AND instr(e.content, ?) > 0",
        (sha256, sha256),
    ).fetchall()


def uncited(sql: sqlite3.Connection, hashes: Iterable[str]) -> list[str]:
    """Those of some files that no experiment cites."""
    query = "SELECT 1 FROM file WHERE sha256 = ? LIMIT 1"
    return [each for each in hashes if sql.execute(query, (each,)).fetchone() is None]
