"""A consistent copy of a store, with the files that its events cite: what `snapshot` writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

from trackio_client.blobs import Blob, BlobFolder
from trackio_client.errors import StoreFull, StoreReadOnly
from trackio_client.store import files
from trackio_client.store.listing import position
from trackio_client.store.schema import named


def copy(read: Callable[[], AbstractContextManager[sqlite3.Connection]], blobs: BlobFolder, into: Path) -> int:
    """Write what a new read transaction sees to a new file, and the files that it cites beside that; its position.

    Raises:
        StoreReadOnly: there is such a file. StoreFull: it cannot be written; nothing of that name is left behind.
    """
    if into.exists():
        raise StoreReadOnly(f"{into} exists already: a snapshot goes into a new file")
    part = into.with_name(into.name + ".part")  # named last: a copy that was cut off, or lacks files, is none
    part.unlink(missing_ok=True)
    try:
        with read() as sql, closing(_new(part)) as copied:
            at = position(sql)  # the first read is what fixes the commit that a transaction sees
            sql.backup(copied)  # all pages in one step
            cited = [Blob(*row) for row in sql.execute("SELECT DISTINCT sha256, bytes, mime FROM file")]
        beside = BlobFolder(files.folder_beside(into))
        for blob in cited:  # links where the disk can; what is not here (it lies in a repo) is not in the copy
            beside.adopt(blobs, blob)
        part.replace(into)
    except sqlite3.Error as error:
        raise named(error, into) from error
    except OSError as error:
        raise StoreFull(f"{into} cannot be written with its files: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return at


def _new(path: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(path)
    except sqlite3.Error as error:
        raise named(error, path) from error
