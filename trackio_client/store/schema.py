"""The SQLite file: its tables, its version, and how a connection to it is opened.

    meta        store_id, incarnation, position, destination (whose durable ranges the writers' are)
    experiment  one row an experiment; `facts` is JSON folded from its events (facts.py)
    writer      per writer: ranges held, durable ranges, digest, holes
    series      one row an (experiment, metric), with its summary
    tail        batches as they came, until their points are in chunks
    event       JSON events, as written
    chunk       per series up to 4,096 consecutive points of one writer: the header
    overview    per chunk: of each 64 points the extremes with their places (chunks.OVERVIEW)
    outline     per chunk: the same of each 512 points
    sketch      per chunk of regular steps, at three levels: lowest, highest and mean of rows (sketches.py)
    points      per chunk: the columns, compressed
    tombstone   deleted experiments, with their writer ids, for ever
    cold        files of the repo of which rows are known (they are held) and not loaded yet
    damage      writers of which files of the repo did not bring what the repo said
    file        which experiment cites which file in which kind of event: the files lie beside, see files.py
    lease       who merges now

Headers, overviews, outlines, sketches and points stand in tables of their own because a list of headers is read often
and must stay small: with the points in the header's row the same scan takes three times as long.

`writer.owed` is NULL, or the digest [low, high, points] of what cold files are still to bring of the writer.
`experiment.recount` says that summaries and facts are to be made anew when the last cold file is loaded, `restored`
that its events are to be put in order then; `event.place` is that order, among those of one position.
"""

from __future__ import annotations

import secrets
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from trackio_client.errors import NotAStore, StoreError, StoreFull, StoreReadOnly, StoreTooNew

APPLICATION_ID = 0x54726B31  # "Trk1": how a file says that it is ours
VERSION = 8
BUSY_S = 60.0
"""How long a connection waits for another process's transaction; they take milliseconds."""

BINNED = "instr(facts, '\"binned\"') > 0 AND json_extract(facts, '$.binned') IS NOT NULL"
"""Of an experiment that is in the bin. A text search is 20 times faster than parsing what has no such word."""
KEPT = f"id NOT IN (SELECT id FROM experiment WHERE {BINNED})"
"""Of one that is not. The index holds those in the bin alone, so this costs nothing while the bin is empty."""
ALERT = "kind = 'mark' AND instr(content, '\"alert\"') > 0"
"""Of an event that is an alert, or another mark in which the word stands: all that an index can tell quickly."""

_TABLES = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE experiment (
    id INTEGER PRIMARY KEY AUTOINCREMENT, experiment_id TEXT NOT NULL UNIQUE, project TEXT NOT NULL,
    facts TEXT NOT NULL, facts_key TEXT NOT NULL, generation INTEGER NOT NULL, created_us INTEGER NOT NULL,
    last_event_us INTEGER NOT NULL, last_heard_s REAL NOT NULL, last_step INTEGER, points INTEGER NOT NULL,
    events INTEGER NOT NULL, position INTEGER NOT NULL, merges INTEGER NOT NULL, recount INTEGER NOT NULL DEFAULT 0,
    restored INTEGER NOT NULL DEFAULT 0);
CREATE INDEX experiment_by_project ON experiment (project, position);
CREATE INDEX experiment_by_position ON experiment (position);
CREATE INDEX experiment_in_bin ON experiment (id) WHERE {BINNED};
CREATE TABLE writer (
    id INTEGER PRIMARY KEY AUTOINCREMENT, writer_id TEXT NOT NULL UNIQUE, experiment INTEGER NOT NULL,
    generation INTEGER NOT NULL, held TEXT NOT NULL, durable TEXT NOT NULL, low TEXT NOT NULL, high TEXT NOT NULL,
    events INTEGER NOT NULL, points INTEGER NOT NULL, holes TEXT NOT NULL, owed TEXT);
CREATE INDEX writer_by_experiment ON writer (experiment);
CREATE TABLE series (
    id INTEGER PRIMARY KEY AUTOINCREMENT, experiment INTEGER NOT NULL, metric TEXT NOT NULL,
    points INTEGER NOT NULL, bad INTEGER NOT NULL, last REAL, last_step INTEGER NOT NULL, last_us INTEGER NOT NULL,
    first_step INTEGER NOT NULL, min REAL, min_step INTEGER, max REAL, max_step INTEGER, mean REAL NOT NULL,
    stale INTEGER NOT NULL, chunks INTEGER NOT NULL, position INTEGER NOT NULL, last_bits INTEGER,
    UNIQUE (experiment, metric));
CREATE TABLE tail (
    id INTEGER PRIMARY KEY AUTOINCREMENT, experiment INTEGER NOT NULL, writer INTEGER NOT NULL,
    first_seq INTEGER NOT NULL, frames INTEGER NOT NULL, position INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX tail_by_experiment ON tail (experiment, id);
CREATE INDEX tail_by_writer ON tail (writer, experiment, frames, id);
CREATE TABLE event (
    id INTEGER PRIMARY KEY, experiment INTEGER NOT NULL, writer INTEGER NOT NULL, seq INTEGER NOT NULL,
    position INTEGER NOT NULL, kind TEXT NOT NULL, content TEXT NOT NULL, place INTEGER);
CREATE INDEX event_by_experiment ON event (experiment, kind, position, place);
CREATE INDEX event_by_writer ON event (writer, seq);
CREATE INDEX event_alert ON event (experiment) WHERE {ALERT};
CREATE TABLE chunk (
    series INTEGER NOT NULL, no INTEGER NOT NULL, writer INTEGER NOT NULL, n INTEGER NOT NULL,
    position INTEGER NOT NULL, closed INTEGER NOT NULL, seq0 INTEGER NOT NULL, seq1 INTEGER NOT NULL,
    step0 INTEGER NOT NULL, step1 INTEGER NOT NULL, ascending INTEGER NOT NULL,
    us0 INTEGER NOT NULL, us1 INTEGER NOT NULL, timely INTEGER NOT NULL,
    min REAL, min_step INTEGER, min_us INTEGER, max REAL, max_step INTEGER, max_us INTEGER, sum REAL NOT NULL,
    nan INTEGER NOT NULL, posinf INTEGER NOT NULL, neginf INTEGER NOT NULL, PRIMARY KEY (series, no)) WITHOUT ROWID;
CREATE INDEX chunk_by_writer ON chunk (writer, seq1);
CREATE INDEX chunk_open ON chunk (series, no, writer, n) WHERE closed = 0;
CREATE TABLE overview (series INTEGER NOT NULL, no INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE (series, no));
CREATE TABLE outline (series INTEGER NOT NULL, no INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE (series, no));
CREATE TABLE sketch (
    series INTEGER NOT NULL, level INTEGER NOT NULL, no INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (series, level, no)) WITHOUT ROWID;
CREATE TABLE points (series INTEGER NOT NULL, no INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE (series, no));
CREATE TABLE tombstone (experiment_id TEXT PRIMARY KEY, project TEXT, writers TEXT NOT NULL, position INTEGER NOT NULL);
CREATE TABLE cold (
    experiment INTEGER NOT NULL, path TEXT NOT NULL, place INTEGER NOT NULL, rows INTEGER NOT NULL,
    windows TEXT NOT NULL, loaded TEXT NOT NULL, PRIMARY KEY (experiment, path)) WITHOUT ROWID;
CREATE TABLE damage (writer_id TEXT PRIMARY KEY, experiment INTEGER NOT NULL, told TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE file (
    experiment INTEGER NOT NULL, sha256 TEXT NOT NULL, kind TEXT NOT NULL, bytes INTEGER NOT NULL, mime TEXT NOT NULL,
    PRIMARY KEY (experiment, sha256, kind)) WITHOUT ROWID;
CREATE INDEX file_by_hash ON file (sha256);
CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until_s REAL NOT NULL) WITHOUT ROWID;
"""

_MIGRATIONS: dict[int, str] = {
    1: """
ALTER TABLE experiment ADD COLUMN recount INTEGER NOT NULL DEFAULT 0;
ALTER TABLE experiment ADD COLUMN restored INTEGER NOT NULL DEFAULT 0;
ALTER TABLE writer ADD COLUMN owed TEXT;
ALTER TABLE event ADD COLUMN place INTEGER;
DROP INDEX IF EXISTS event_by_experiment;
CREATE INDEX event_by_experiment ON event (experiment, kind, position, place);
CREATE INDEX IF NOT EXISTS chunk_by_writer ON chunk (writer, seq1);
CREATE TABLE IF NOT EXISTS cold (
    experiment INTEGER NOT NULL, path TEXT NOT NULL, place INTEGER NOT NULL, rows INTEGER NOT NULL,
    windows TEXT NOT NULL, loaded TEXT NOT NULL, PRIMARY KEY (experiment, path)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS damage (
    writer_id TEXT PRIMARY KEY, experiment INTEGER NOT NULL, told TEXT NOT NULL) WITHOUT ROWID
""",
    2: """
CREATE TABLE IF NOT EXISTS file (
    experiment INTEGER NOT NULL, sha256 TEXT NOT NULL, kind TEXT NOT NULL, bytes INTEGER NOT NULL, mime TEXT NOT NULL,
    PRIMARY KEY (experiment, sha256, kind)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS file_by_hash ON file (sha256)
""",
    3: f"CREATE INDEX IF NOT EXISTS experiment_in_bin ON experiment (id) WHERE {BINNED}",
    4: """
CREATE TABLE IF NOT EXISTS outline (
    series INTEGER NOT NULL, no INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE (series, no))
""",
    5: "CREATE INDEX IF NOT EXISTS chunk_open ON chunk (series, no, writer, n) WHERE closed = 0",
    6: f"CREATE INDEX IF NOT EXISTS event_alert ON event (experiment) WHERE {ALERT}",
    7: """
CREATE TABLE IF NOT EXISTS sketch (
    series INTEGER NOT NULL, level INTEGER NOT NULL, no INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (series, level, no)) WITHOUT ROWID
""",
}
"""From version n to n + 1, statements. The tables above are always those of VERSION."""

NETWORK_FILE_SYSTEMS = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "lustre",
    "gpfs",
    "beegfs",
    "ceph",
    "9p",
    "afs",
    "fuse.sshfs",
    "glusterfs",
    "fuse.glusterfs",
}

T = TypeVar("T")


def connect(path: Path, *, write: bool) -> sqlite3.Connection:
    """A connection in autocommit mode, usable from any thread (callers lock).

    Raises:
        NotAStore, StoreTooNew, StoreReadOnly, StoreError: see errors.py; the file is left as it is.
    """
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_S, isolation_level=None, check_same_thread=False, cached_statements=256
        )
    except sqlite3.Error as error:
        raise named(error, path) from error
    try:
        connection.execute(f"PRAGMA busy_timeout={int(BUSY_S * 1000)}")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA cache_size=-8192")  # 8 MiB: the client promises to stay under 40 MB
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA journal_size_limit=67108864")
        if not write:
            connection.execute("PRAGMA query_only=1")
    except sqlite3.Error as error:
        connection.close()
        raise named(error, path) from error
    return connection


def prepare(connection: sqlite3.Connection, path: Path) -> str | None:
    """Create or check the file behind a write connection; returns a notice for people, or None.

    Raises: as `connect`.
    """
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        if application not in (0, APPLICATION_ID) or (application == 0 and not empty):
            raise NotAStore(
                f"{path} is an SQLite file of another program; it is left alone. Choose another folder with TRACKIO_DIR"
            )
        if version > VERSION:
            raise StoreTooNew(
                f"{path} was written by a newer version of trackio-client (store "
                f"version {version}, this one reads up to "
                f"{VERSION}). Upgrade with: pip install -U trackio-client"
            )
        notice = _journal(connection, path)
        if application == 0 or version < VERSION:
            _create_or_migrate(connection)
    except sqlite3.Error as error:
        raise named(error, path) from error
    return notice


def _create_or_migrate(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA application_id").fetchone()[0] == 0:
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    connection.execute("BEGIN IMMEDIATE")
    try:  # another process may have been quicker: look again inside the transaction
        if connection.execute("PRAGMA application_id").fetchone()[0] == 0:
            for statement in _TABLES.split(";"):
                connection.execute(statement)
            identity = [
                ("store_id", "s_" + secrets.token_hex(12)),
                ("incarnation", secrets.token_hex(8)),
                ("position", 0),
            ]
            connection.executemany("INSERT INTO meta VALUES (?, ?)", identity)
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        else:
            for version in range(connection.execute("PRAGMA user_version").fetchone()[0], VERSION):
                for statement in _MIGRATIONS[version].split(";"):
                    _migrate(connection, statement)
        connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A write transaction, waited for and begun; rolled back at any exception."""
    retry_locked(lambda: connection.execute("BEGIN IMMEDIATE"))
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def claim(connection: sqlite3.Connection, destination: str, path: Path) -> None:
    """Note whose durable ranges the writers' are: of another destination nothing is known to be durable yet.

    Call inside a write transaction. Raises StoreError: data of the destination until now is held and not loaded yet.
    """
    row = connection.execute("SELECT value FROM meta WHERE key = 'destination'").fetchone()
    if row is not None and row[0] == destination:
        return
    count = connection.execute("SELECT count(DISTINCT experiment) FROM cold WHERE windows != '{}'").fetchone()[0]
    if row is not None and count:
        raise StoreError(
            f"{path} waits for data of {count} experiments from {row[0]} and cannot go on with {destination}. "
            f"Let it finish with {row[0]} first, or choose another folder with TRACKIO_DIR"
        )
    connection.execute("UPDATE writer SET durable = '[]' WHERE durable != '[]'")
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('destination', ?)", (destination,))


def _migrate(connection: sqlite3.Connection, statement: str) -> None:
    try:
        connection.execute(statement)
    except sqlite3.OperationalError as error:
        if "duplicate column name" not in str(error):  # a file between two versions has it already
            raise


def _journal(connection: sqlite3.Connection, path: Path) -> str | None:
    kind = file_system(path)
    if kind in NETWORK_FILE_SYSTEMS:
        connection.execute("PRAGMA journal_mode=DELETE")
        return (
            f"{path} lies on a network file system ({kind}): the store uses SQLite's "
            f"rollback journal there, which is safe but "
            "slower. For speed set TRACKIO_DIR to a folder on a local disk"
        )
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        # auto_vacuum must be set before the file has content, and setting WAL writes its first page.
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        retry_locked(lambda: connection.execute("PRAGMA journal_mode=WAL").fetchone())
    connection.execute(
        "PRAGMA wal_autocheckpoint=16384"
    )  # 64 MiB: merging checkpoints in idle time, commits rarely must
    return None


def file_system(path: Path) -> str:
    """The type of file system that holds a path, as Linux names it; "" where that cannot be told."""
    if sys.platform != "linux":
        return ""
    best, kind = "", ""
    try:
        mounts = Path("/proc/self/mounts").read_text()
    except OSError:
        return ""
    target = str(path.resolve())
    for line in mounts.splitlines():
        fields = line.split(" ")
        point = fields[1].replace("\\040", " ")
        if (target == point or target.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind


def retry_locked(action: Callable[[], T]) -> T:
    """Run an action again while SQLite says "locked", which its own waiting does not cover in every case."""
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            return action()
        except sqlite3.OperationalError as error:
            if ("locked" not in str(error) and "busy" not in str(error)) or time.monotonic() > deadline:
                raise
            time.sleep(0.005)


_NO_ROOM = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_FSYNC)
"""How SQLite tells of a quota, and of a disk too full for the index of its log."""


def named(error: sqlite3.Error, path: Path) -> StoreError:
    """Our error for one of SQLite's."""
    text = str(error)
    extended: Any = getattr(error, "sqlite_errorcode", 0)
    code = extended & 0xFF
    if code == sqlite3.SQLITE_FULL or extended in _NO_ROOM:
        return StoreFull(f"no room on the disk of {path} ({text}). Nothing was written; free some space and it goes on")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN):
        return StoreReadOnly(
            f"{path} cannot be written: {text}. Check the permissions, or choose another folder with TRACKIO_DIR"
        )
    if code == sqlite3.SQLITE_NOTADB:
        return NotAStore(f"{path} is no SQLite file; it is left alone. Choose another folder with TRACKIO_DIR")
    if code == sqlite3.SQLITE_IOERR:
        return StoreError(f"the disk of {path} fails: {text}. Look at the system's log; move the store to another disk")
    if code == sqlite3.SQLITE_CORRUPT:
        return StoreError(f"{path} is damaged: {text}. Restore it from a backup or from the Hub dataset")
    return StoreError(f"{path}: {text}")
