"""Files beside a store: a batch waits for those it cites, and each goes with the last experiment that cites it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.store.trainer import Trainer, audited, taken
from trackio_client.blobs import Blob, BlobFolder
from trackio_client.errors import FilesWanted
from trackio_client.store.files import folder_beside
from trackio_client.store.open import open_store
from trackio_client.store.sqlite import SqliteStore


@pytest.fixture
def store(tmp_path: Path):
    store = open_store(tmp_path / "store.sqlite")
    yield store
    store.close()


def cites(trainer: Trainer, *blobs: Blob, kind: str = "media") -> Trainer:
    return trainer.event(kind=kind, name="x", items=[], blobs=[blob.cited() for blob in blobs])


def test_nothing_of_a_batch_is_written_until_its_files_are_here_and_its_neighbours_are_not_disturbed(
    store: SqliteStore,
):
    blob = BlobFolder(store.path.with_name("elsewhere")).put(b"pixels", "image/png")
    trainer = cites(Trainer().start(), blob).steps(3)
    other = Trainer("w_2", "exp_2").start()
    refused, fine = store.append([trainer.batch(), other.batch()])
    assert isinstance(refused, FilesWanted)
    assert refused.want == (blob.sha256,)
    taken(fine)
    assert store.receipt("w_1").accepted == ()
    store.files.put(b"pixels")
    assert taken(trainer.send(store, 0))[0].accepted == ((0, 5),)
    assert store.cited("exp_1") == [blob]
    assert store.citing_events(blob.sha256) == [("w_1", 1)]
    audited(store)


def test_a_repeat_of_what_is_held_wants_no_files(store: SqliteStore):
    blob = store.files.put(b"pixels")
    trainer = cites(Trainer().start(), blob)
    taken(trainer.send(store))
    store.files.remove(blob.sha256)
    assert taken(trainer.send(store, 0))[0].accepted == ((0, 2),)


def test_a_file_cut_short_on_the_disk_is_wanted_again(store: SqliteStore):
    blob = store.files.put(b"pixels")
    store.files.path(blob.sha256).write_bytes(b"pix")
    assert isinstance(cites(Trainer().start(), blob).send(store), FilesWanted)


def test_a_file_goes_with_the_last_experiment_that_cites_it(store: SqliteStore):
    both, own = store.files.put(b"both"), store.files.put(b"own")
    one, two = cites(Trainer("w_1", "exp_1").start(), both, own), cites(Trainer("w_2", "exp_2").start(), both)
    taken(store.append([one.batch(), two.batch()]))
    store.delete("exp_1")
    assert (store.file(both.sha256) is not None, store.file(own.sha256)) == (True, None)
    store.bury("exp_2", "digits", ["w_2"])
    assert store.file(both.sha256) is None


def test_what_is_cited_is_never_collected_however_old(store: SqliteStore):
    cited, other = store.files.put(b"cited"), store.files.put(b"nobody")
    taken(cites(Trainer().start(), cited).send(store))
    assert store.collect() == 0
    assert store.collect(older_than_s=-1) == len(b"nobody")
    assert store.file(cited.sha256) is not None
    assert store.file(other.sha256) is None


def test_a_copy_of_a_store_has_its_files(store: SqliteStore, tmp_path: Path):
    here, gone = store.files.put(b"here"), store.files.put(b"gone")
    taken(cites(Trainer().start(), here, gone).send(store))
    store.files.remove(gone.sha256)
    into = tmp_path / "copies" / "copy.sqlite"
    into.parent.mkdir()
    store.snapshot(into)
    copy = open_store(into)
    assert folder_beside(into) == into.parent / "copy.sqlite.blobs"
    assert copy.file(here.sha256).read_bytes() == b"here"
    assert copy.file(gone.sha256) is None
    store.delete("exp_1")
    assert copy.file(here.sha256) is not None
    copy.close()


def test_two_stores_in_one_folder_share_no_files(tmp_path: Path):
    assert folder_beside(tmp_path / "store.sqlite") != folder_beside(tmp_path / "other.sqlite")


def test_a_batch_is_never_looked_at_between_a_look_for_uncited_files_and_their_removal(store: SqliteStore):
    blob = store.files.put(b"pixels")
    stop = threading.Event()

    def collect() -> None:
        while not stop.is_set():
            store.collect(older_than_s=-1)

    thread = threading.Thread(target=collect)
    thread.start()
    try:
        for number in range(60):
            store.files.put(b"pixels")
            outcome = cites(Trainer(f"w_{number}", f"exp_{number}").start(), blob).send(store)
            if not isinstance(outcome, FilesWanted):
                assert store.files.path(blob.sha256) is not None, "it was taken, and its file is gone"
                store.delete(f"exp_{number}")
    finally:
        stop.set()
        thread.join()


def test_a_store_of_the_version_before_gets_the_table_and_goes_on(tmp_path: Path):
    import sqlite3

    store = open_store(tmp_path / "store.sqlite")
    taken(Trainer().start().send(store))
    store.close()
    with sqlite3.connect(tmp_path / "store.sqlite") as sql:
        sql.execute("DROP TABLE file")
        sql.execute("PRAGMA user_version=2")
    sql.close()
    store = open_store(tmp_path / "store.sqlite")
    blob = store.files.put(b"pixels")
    taken(cites(Trainer("w_2", "exp_1"), blob).send(store))
    assert store.cited("exp_1") == [blob]
    store.close()
