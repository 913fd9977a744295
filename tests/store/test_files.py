"""The file: whose it is, which version, where it lies, how full its disk is, and what a fork does to it."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from tests.store.trainer import Trainer, audited, merged, taken
from trackio_client.errors import NotAStore, StoreError, StoreFull, StoreReadOnly, StoreTooNew, UsageError
from trackio_client.store import schema
from trackio_client.store.open import open_store
from trackio_client.wire.frames import Schema


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "store.sqlite"


def used(path: Path) -> int:
    """Bytes of the file and what lies beside it."""
    return sum(one.stat().st_size for one in path.parent.glob(path.name + "*"))


# --- whose it is ---------------------------------------------------------------------------------------------------


def test_a_file_of_a_newer_version_is_left_alone_and_says_what_to_do(path):
    open_store(path).close()
    with sqlite3.connect(path) as sql:
        sql.execute(f"PRAGMA user_version={schema.VERSION + 1}")
    sql.close()
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="pip install -U trackio-client"):
        open_store(path)
    assert path.read_bytes() == before


def test_files_that_are_not_ours_are_left_alone(path):
    path.write_bytes(b"some notes of the user\n" * 100)
    before = path.read_bytes()
    with pytest.raises(NotAStore, match="left alone"):
        open_store(path)
    assert path.read_bytes() == before
    path.unlink()
    with sqlite3.connect(path) as sql:
        sql.execute("CREATE TABLE theirs (x)")
    sql.close()
    before = path.read_bytes()
    with pytest.raises(NotAStore, match="another program"):
        open_store(path)
    assert path.read_bytes() == before


def test_a_folder_in_the_place_of_the_file_is_named(path):
    path.mkdir()
    with pytest.raises(StoreError, match=r"store\.sqlite"):
        open_store(path)


def test_a_read_only_file_or_folder_says_so(path):
    """A process without privileges tries it: root may write anywhere."""
    open_store(path).close()
    path.chmod(0o444)
    path.parent.chmod(0o555)
    path.parent.parent.chmod(0o755)
    program = (
        "import os, sys\n"
        "from trackio_client.store.open import open_store\n"
        "from trackio_client.errors import StoreReadOnly\n"
        "from tests.store.trainer import Trainer\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "for name in ('store.sqlite', 'new.sqlite', 'folder/new.sqlite'):\n"
        "    try:\n"
        "        Trainer().steps(1).send(open_store(os.path.join(sys.argv[1], name)))\n"
        "    except StoreReadOnly as error:\n"
        "        assert 'TRACKIO_DIR' in str(error), error\n"
        "        print('told')\n"
    )
    for folder in path.parents:
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o001)
    try:
        done = subprocess.run([sys.executable, "-c", program, str(path.parent)], capture_output=True, text=True)
    finally:
        path.parent.chmod(0o755)
        path.chmod(0o644)
    assert done.stdout.split() == ["told"] * 3, done.stderr


def test_an_address_of_an_unknown_engine_is_refused(tmp_path):
    with pytest.raises(UsageError, match="clickhouse"):
        open_store("clickhouse://host/db")
    open_store(f"sqlite:///{tmp_path}/a/b.sqlite").close()
    assert (tmp_path / "a" / "b.sqlite").exists()


def test_an_older_version_is_brought_up_to_date_step_by_step(path, monkeypatch):
    Trainer().steps(3).send(store := open_store(path))
    store.close()
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 2)
    steps = {schema.VERSION - 2: "CREATE TABLE more (x); INSERT INTO more VALUES (7)"}
    steps[schema.VERSION - 1] = "ALTER TABLE more ADD COLUMN y"
    monkeypatch.setattr(schema, "_MIGRATIONS", steps)
    for _ in range(2):
        store = open_store(path)
        assert store.points("exp_1", "loss").steps.tolist() == [0, 1, 2]
        store.close()
    with sqlite3.connect(path) as sql:
        assert sql.execute("SELECT x, y FROM more").fetchall() == [(7, None)]
    sql.close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(path, monkeypatch):
    open_store(path).close()
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    monkeypatch.setattr(schema, "_MIGRATIONS", {schema.VERSION - 1: "CREATE TABLE more (x); SELECT nonsense"})
    with pytest.raises(StoreError, match="nonsense"):
        open_store(path)
    monkeypatch.undo()
    open_store(path).close()


def test_on_a_network_file_system_the_rollback_journal_is_used_and_people_are_told(path, monkeypatch):
    monkeypatch.setattr(schema, "file_system", lambda path: "nfs4")
    store = open_store(path)
    assert "network file system (nfs4)" in store.notice
    assert "TRACKIO_DIR" in store.notice
    taken(Trainer().steps(3).send(store))
    assert not path.with_name(path.name + "-wal").exists()
    store.close()
    with sqlite3.connect(path) as sql:
        assert sql.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    sql.close()
    monkeypatch.undo()
    assert open_store(path).notice is None


# --- how full ------------------------------------------------------------------------------------------------------


def test_deleting_gives_the_disk_back(path):
    store = open_store(path)
    for n in range(8):
        trainer = Trainer(f"w_{n}", f"exp_{n}", schema=Schema(tuple(f"m{k}" for k in range(8))))
        taken(trainer.start().steps(3000).send(store))
    merged(store)
    store.close()
    store, full = open_store(path), used(path)
    for n in range(1, 8):
        store.delete(f"exp_{n}")
    assert used(path) - path.with_name(path.name + "-wal").stat().st_size < full / 4
    audited(store, "exp_0")
    store.close()
    assert used(path) < full / 4


def test_a_full_disk_is_told_leaves_nothing_half_written_and_goes_on_when_there_is_room(path):
    store, trainer = open_store(path), Trainer(schema=Schema(tuple(f"m{k}" for k in range(50))))
    trainer.start().steps(400)
    before = taken(trainer.send(store, 0, 100))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (used(path), hard))  # a real write fails, as on a full disk
    try:
        for _ in range(3):
            with pytest.raises(StoreFull, match="free some space"):
                trainer.send(store, 100, 400)
            assert [store.receipt("w_1")] == before
            assert store.position() == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    (receipt,) = taken(trainer.send(store, 100))
    assert receipt.accepted == ((0, 401),)
    audited(store)
    store.close()


def test_a_disk_that_fills_while_merging_spoils_nothing(path):
    store, trainer = open_store(path), Trainer(schema=Schema(tuple(f"m{k}" for k in range(20))))
    trainer.steps(3000)
    taken(trainer.send(store))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (used(path) // 2, hard))
    try:
        with pytest.raises(StoreFull):
            merged(store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    audited(store)
    merged(store)
    audited(store)
    assert len(store.points("exp_1", "m3").steps) == 3000
    store.close()


def test_a_snapshot_into_a_place_that_cannot_be_written_is_told(path, tmp_path):
    store = open_store(path)
    with pytest.raises(StoreError, match="none"):
        store.snapshot(tmp_path / "none" / "copy.sqlite")
    (tmp_path / "there.sqlite").write_bytes(b"mine")
    with pytest.raises(StoreReadOnly, match="exists already"):
        store.snapshot(tmp_path / "there.sqlite")
    assert (tmp_path / "there.sqlite").read_bytes() == b"mine"
    store.close()


# --- connections ---------------------------------------------------------------------------------------------------


def in_a_fork(action) -> None:
    """Do it in a forked child; an exception there fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of forks beside threads
        child = os.fork()
    if child == 0:
        try:
            action()
            os._exit(0)
        except BaseException as error:
            print(f"in the child: {error!r}", file=sys.stderr)
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_fork_and_its_parent_write_on_and_neither_uses_the_others_connection(path):
    store, trainer, forked = open_store(path), Trainer().steps(20), Trainer("w_fork").steps(3000)
    trainer.send(store, 0, 10)
    assert len(store.points("exp_1", "loss").steps) == 10

    def child() -> None:
        taken(forked.send(store))
        merged(store)
        assert len(store.points("exp_1", "loss").steps) == 3010
        store.close()

    in_a_fork(child)
    taken(trainer.send(store, 10))
    assert len(store.points("exp_1", "loss").steps) == 3020
    audited(store)
    store.close()


def test_a_child_that_outlives_its_parents_store_loses_nothing(path):
    """The last one to close deletes the log beside the file: it must know that the child still writes to it."""
    store, trainer = open_store(path), Trainer().steps(50)
    taken(trainer.send(store, 0, 10))
    done, go = os.pipe()

    def child() -> None:
        taken(Trainer("w_fork").steps(5).send(store))
        os.close(go)
        os.read(done, 1)  # until the parent has closed
        taken(Trainer("w_late").steps(7).send(store))
        store.close()

    forked = os.fork()
    if forked == 0:
        try:
            child()
            os._exit(0)
        except BaseException as error:
            print(f"in the child: {error!r}", file=sys.stderr)
            os._exit(1)
    taken(trainer.send(store, 10))
    store.close()
    os.close(go)
    assert os.waitpid(forked, 0)[1] == 0
    os.close(done)
    again = open_store(path)
    assert {r.writer_id: r.points for r in again.receipts("exp_1")} == {"w_1": 50, "w_fork": 5, "w_late": 7}
    audited(again)
    again.close()


def test_forks_beside_busy_threads_find_no_transaction_under_way(path):
    store, stop = open_store(path), threading.Event()
    trainers = [Trainer(f"w_{n}").steps(400) for n in range(2)]
    troubles: list[BaseException] = []

    def busy(trainer: Trainer) -> None:
        try:
            while not stop.is_set() and trainer.sent < len(trainer.log):
                taken(trainer.send(store, end=trainer.sent + 3))
                assert len(store.points("exp_1", "loss").steps) >= trainer.sent
        except BaseException as error:
            troubles.append(error)

    threads = [threading.Thread(target=busy, args=(trainer,)) for trainer in trainers]
    for thread in threads:
        thread.start()
    for n in range(6):
        in_a_fork(lambda n=n: taken(Trainer(f"w_fork{n}").steps(7).send(store)))
    stop.set()
    for thread in threads:
        thread.join()
    assert troubles == []
    held = {receipt.writer_id: receipt.points for receipt in store.receipts("exp_1")}
    assert held == {t.writer_id: t.sent for t in trainers} | {f"w_fork{n}": 7 for n in range(6)}
    audited(store)
    store.close()


def test_a_file_that_was_wiped_is_met_as_a_new_store_after_a_fork(path):
    store = open_store(path)
    taken(Trainer().steps(5).send(store))
    names = (store.store_id, store.incarnation)
    for part in path.parent.glob("store.sqlite*"):
        part.unlink()
    in_a_fork(lambda: None)
    (receipt,) = taken(Trainer().steps(2).send(store))
    assert (receipt.accepted, receipt.points) == (((0, 2),), 2)
    assert (receipt.store_id, receipt.incarnation) == (store.store_id, store.incarnation)
    assert names[0] != store.store_id
    assert names[1] != store.incarnation
    store.close()


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (sqlite3.SQLITE_FULL, StoreFull, "free some space"),
        (sqlite3.SQLITE_IOERR_WRITE, StoreFull, "free some space"),
        (sqlite3.SQLITE_IOERR_READ, StoreError, "the disk of"),
        (sqlite3.SQLITE_READONLY_DBMOVED, StoreReadOnly, "permissions"),
        (sqlite3.SQLITE_CORRUPT_INDEX, StoreError, "backup"),
    ],
)
def test_an_error_of_the_disk_is_named_for_what_it_is(path, code, kind, words):
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    named = schema.named(error, path)
    assert type(named) is kind
    assert words in str(named)
