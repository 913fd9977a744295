"""Files of events in a repo: there with the events or before them, back when they are asked for, gone when deleted."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from tests.hub.places import Clock, Place, event_seqs, files
from tests.store.trainer import Trainer, taken
from trackio_client.blobs import Blob
from trackio_client.errors import FilesWanted, HubAway, HubMoved, NotReady
from trackio_client.hub import blobs as rules
from trackio_client.hub.backed import RepoBacked
from trackio_client.hub.files.packs import Packed, read_pack, write_pack
from trackio_client.hub.loading import Loader
from trackio_client.hub.memory import Failure, MemoryTarget
from trackio_client.hub.transfer import pull, push
from trackio_client.store.open import open_store
from trackio_client.store.sqlite import SqliteStore

pytestmark = pytest.mark.requirement("S1.50", "S1.53")


def show(trainer: Trainer, store: SqliteStore, content: bytes, **more: Any) -> Blob:
    """Log a picture: its file first, then the event that cites it."""
    blob = store.files.put(content, "image/png")
    trainer.event(kind="media", name="samples", items=[{"file": blob.sha256}], blobs=[blob.cited()], **more)
    return blob


def packed(target: MemoryTarget) -> dict[str, bytes]:
    """The files that lie in packs of the repo, as often as they stand there once each."""
    found: dict[str, bytes] = {}
    for path in files(target, "blobs"):
        if rules.is_pack(path):
            for blob, _, content in read_pack(target.read(path, target.head().commit)):
                assert blob.sha256 not in found, "a file lies there twice"
                found[blob.sha256] = content
    return found


def pushed(trainer: Trainer, place: Place) -> None:
    """What a trainer logged is in the place and in the repo."""
    taken(trainer.send(place.store))
    place.replicator.flush()


def forget(place: Place) -> None:
    """The place loses its disk, and reads what the repo holds."""
    place.wipe()
    place.replicator.refresh()


def backed(place: Place, folder: Path) -> RepoBacked:
    loader = Loader(place.store, place.replicator.reader, scratch=folder)
    loader.load_all()
    return RepoBacked(place.store, place.replicator, loader)


def test_files_and_their_events_are_one_commit_and_durable_then(place: Place, target: MemoryTarget) -> None:
    trainer = Trainer().start()
    blobs = [show(trainer, place.store, os.urandom(1000)) for _ in range(30)]
    taken(trainer.send(place.store))
    assert place.store.receipt("w_1").durable == ()
    done = place.replicator.flush()
    assert (done.commits, done.events, done.is_all) == (1, 31, True)
    assert place.store.receipt("w_1").durable == ((0, 31),)
    assert packed(target).keys() == {blob.sha256 for blob in blobs}
    assert len(files(target, "blobs")) == 1


def test_a_place_without_its_disk_brings_files_back_when_they_are_asked_for(
    place: Place, target: MemoryTarget, tmp_path: Path
) -> None:
    trainer = Trainer().start()
    contents = [os.urandom(500), os.urandom(rules.LARGE_BYTES)]
    blobs = [show(trainer, place.store, content) for content in contents]
    pushed(trainer, place)
    forget(place)
    store = backed(place, tmp_path)
    assert list(store.files.listed()) == []
    for blob, content in zip(blobs, contents, strict=True):
        path = store.file(blob.sha256)
        assert path is not None
        assert path.read_bytes() == content
    assert store.file("0" * 64) is None


def test_a_file_of_an_experiment_that_is_still_to_be_loaded_is_not_said_to_be_missing(
    place: Place, target: MemoryTarget, tmp_path: Path
) -> None:
    trainer = Trainer().start()
    blob = show(trainer, place.store, b"pixels")
    pushed(trainer, place)
    forget(place)
    loader = Loader(place.store, place.replicator.reader, scratch=tmp_path)
    store = RepoBacked(place.store, place.replicator, loader)
    with pytest.raises(NotReady):
        store.file(blob.sha256)
    loader.load_all()
    assert store.file(blob.sha256) is not None
    assert store.file("0" * 64) is None


def test_a_hub_that_is_away_is_told_and_not_taken_for_a_missing_file(
    place: Place, target: MemoryTarget, tmp_path: Path
) -> None:
    trainer = Trainer().start()
    blob = show(trainer, place.store, b"pixels")
    pushed(trainer, place)
    forget(place)
    store = backed(place, tmp_path)
    target.failures.append(Failure(HubAway("504"), on="fetch"))
    with pytest.raises(NotReady, match="504"):
        store.file(blob.sha256)
    assert store.file(blob.sha256) is not None


def test_a_damaged_pack_is_named_and_a_damaged_file_at_rest_comes_anew(
    place: Place, target: MemoryTarget, tmp_path: Path
) -> None:
    trainer = Trainer().start()
    blob = show(trainer, place.store, b"pixels")
    pushed(trainer, place)
    store = backed(place, tmp_path)
    here = place.store.files.path(blob.sha256)
    assert here is not None
    here.write_bytes(b"pixelZ")
    again = store.file(blob.sha256)
    assert again is not None
    assert again.read_bytes() == b"pixels"
    (path,) = files(target, "blobs")
    target.commit(target.head().commit, {path: target.read(path, target.head().commit)[:-1] + b"?"}, (), "damage")
    place.store.files.remove(blob.sha256)
    place.replicator.refresh()
    assert store.file(blob.sha256) is None
    assert path in place.replicator.reader.not_ours


def test_the_same_picture_at_every_step_goes_to_the_repo_once(place: Place, target: MemoryTarget) -> None:
    trainer = Trainer().start()
    for _ in range(5):
        show(trainer, place.store, b"the same pixels")
        pushed(trainer, place)
    assert len(packed(target)) == 1
    assert len(files(target, "blobs")) == 1


def test_an_event_whose_file_is_lost_goes_without_it(place: Place, target: MemoryTarget) -> None:
    trainer = Trainer().start()
    blob = show(trainer, place.store, b"pixels")
    place.store.files.remove(blob.sha256)
    refused = trainer.send(place.store, 0)
    assert isinstance(refused, FilesWanted)
    assert refused.want == (blob.sha256,)
    taken(trainer.send(place.store, 0, without=(blob.sha256,)))
    place.replicator.flush()
    assert place.store.receipt("w_1").durable == ((0, 2),)
    assert files(target, "blobs") == []


def test_more_large_files_than_a_commit_holds_go_before_their_event(
    place: Place, target: MemoryTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "LARGE_BYTES", 100)
    monkeypatch.setattr(rules, "MOST_LARGE", 10)
    blobs = [place.store.files.put(os.urandom(200)) for _ in range(35)]
    trainer = Trainer().start().event(kind="artifact", name="shards", blobs=[blob.cited() for blob in blobs])
    taken(trainer.send(place.store))
    target.failures.append(Failure(HubAway("lost"), after=True))  # the first of them happens unheard
    with pytest.raises(HubAway):
        place.replicator.flush()
    assert place.store.receipt("w_1").durable == ()
    done = place.replicator.flush()
    assert done.is_all
    assert place.store.receipt("w_1").durable == ((0, 2),)
    assert all(len(commit.files) < 30 for commit in target.commits)
    assert len(files(target, "blobs")) == 35
    titles = [commit.title for commit in target.commits]
    assert sum("that follow" in title for title in titles) >= 3
    first_event = next(
        n for n, commit in enumerate(target.commits) if any(p.startswith("events/") for p in commit.files)
    )
    brought = {
        path for commit in target.commits[: first_event + 1] for path in commit.files if path.startswith("blobs/")
    }
    assert len(brought) == 35
    forget(place)
    store = backed(place, tmp_path)
    assert all(store.file(blob.sha256) is not None for blob in blobs)


def test_more_small_files_than_a_commit_holds_are_cut_at_an_event(
    place: Place, target: MemoryTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MOST_PACKED_BYTES", 10_000)
    monkeypatch.setattr(rules, "PACK_BYTES", 4_000)
    blobs = []
    for number in range(3):
        trainer = Trainer(f"w_{number}", f"exp_{number}").start()
        for _ in range(10):
            blobs.append(show(trainer, place.store, os.urandom(1000)))
            trainer.steps(3)
        taken(trainer.send(place.store))
    done = place.replicator.flush()
    assert done.is_all
    assert done.commits >= 3
    assert packed(target).keys() == {blob.sha256 for blob in blobs}
    assert len(event_seqs(target, tmp_path)) == 33
    for number in range(3):
        assert place.store.receipt(f"w_{number}").durable == ((0, 41),)
    forget(place)
    store = backed(place, tmp_path)
    assert all(store.file(blob.sha256) is not None for blob in blobs)


def test_deleting_an_experiment_takes_its_files_and_leaves_those_that_others_cite(
    place: Place, target: MemoryTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "LARGE_BYTES", 5000)
    one, two = Trainer("w_1", "exp_1").start(), Trainer("w_2", "exp_2").start()
    own = [show(one, place.store, os.urandom(100)), show(one, place.store, os.urandom(6000))]
    both = [b"x" * 100, b"y" * 6000]
    shared = [show(trainer, place.store, content) for trainer in (one, two) for content in both][:2]
    taken(place.store.append([one.batch(), two.batch()]))
    place.replicator.flush()
    place.store.delete("exp_1")
    assert [place.store.file(blob.sha256) for blob in own] == [None, None]
    place.replicator.flush()
    assert rules.large_path(own[1].sha256) not in files(target, "blobs")
    assert rules.large_path(shared[1].sha256) in files(target, "blobs")
    forget(place)
    store = backed(place, tmp_path)
    assert all(store.file(blob.sha256) is not None for blob in shared)
    assert store.file(own[1].sha256) is None


def test_packs_are_merged_each_file_once_and_without_those_of_deleted_experiments(
    place: Place, target: MemoryTarget, tmp_path: Path
) -> None:
    gone, stays = Trainer("w_1", "exp_1").start(), Trainer("w_2", "exp_2").start()
    lost, kept = [], []
    for _ in range(9):
        lost.append(show(gone, place.store, os.urandom(300)))
        pushed(gone, place)
        kept.append(show(stays, place.store, os.urandom(300)))
        pushed(stays, place)
    assert len(files(target, "blobs")) < 18, "they are merged by now"
    assert packed(target).keys() == {blob.sha256 for blob in (*lost, *kept)}
    place.store.delete("exp_1")
    for _ in range(20):
        kept.append(show(stays, place.store, os.urandom(300)))
        pushed(stays, place)
    assert packed(target).keys() == {blob.sha256 for blob in kept}
    forget(place)
    store = backed(place, tmp_path)
    assert all(store.file(blob.sha256) is not None for blob in kept)


def test_pull_brings_the_files_and_push_takes_them_to_another_repo(
    place: Place, target: MemoryTarget, tmp_path: Path
) -> None:
    trainer = Trainer().start()
    blobs = [show(trainer, place.store, os.urandom(700)) for _ in range(3)]
    lost = show(trainer, place.store, b"never came")
    place.store.files.remove(lost.sha256)
    taken(trainer.send(place.store, without=(lost.sha256,)))
    place.replicator.flush()
    here = open_store(tmp_path / "laptop" / "store.sqlite")
    pulled = pull(target, here)
    assert pulled.experiments == ["exp_1"]
    assert pulled.lost_files == {"exp_1": [lost.sha256]}
    assert all(here.file(blob.sha256) is not None for blob in blobs)
    other = MemoryTarget("me/other")
    push(here, other, ["exp_1"], origin="laptop")
    assert packed(other).keys() == {blob.sha256 for blob in blobs}
    here.close()


def test_a_pusher_that_was_overtaken_plans_its_files_anew(
    place: Place, target: MemoryTarget, tmp_path: Path, clock: Clock
) -> None:
    trainer = Trainer().start()
    blob = show(trainer, place.store, b"pixels")
    taken(trainer.send(place.store))
    target.failures.append(Failure(HubMoved("moved")))
    place.replicator.flush()
    assert packed(target).keys() == {blob.sha256}


def test_the_card_names_the_packs_as_a_configuration(place: Place, target: MemoryTarget) -> None:
    trainer = Trainer().start()
    show(trainer, place.store, b"pixels")
    pushed(trainer, place)
    card = target.read("README.md", target.head().commit).decode()
    assert "blobs/**/*.parquet" in card
    assert "sha256" in card


def test_a_pack_gives_back_what_was_put_in(tmp_path: Path) -> None:
    contents = [os.urandom(n) for n in (0, 1, 100_000)]
    rows = [
        Packed(Blob(hashlib.sha256(content).hexdigest(), len(content), "image/png"), ("exp_1", "exp_2"), content)
        for content in contents
    ]
    file = tmp_path / "pack.parquet"
    assert write_pack(file, rows, held={"w_1": ((3, 9),)}) == 3
    assert list(read_pack(file)) == rows


def test_what_a_full_space_removes_is_what_the_repo_has(place: Place, target: MemoryTarget, tmp_path: Path) -> None:
    done, new = Trainer("w_1", "exp_1").start(), Trainer("w_2", "exp_2").start()
    old = show(done, place.store, os.urandom(1000))
    pushed(done, place)
    fresh = show(new, place.store, os.urandom(1000))
    taken(new.send(place.store))
    store = backed(place, tmp_path)
    assert store.make_room(5000) == 1000
    assert place.store.files.path(fresh.sha256) is not None
    assert place.store.files.path(old.sha256) is None
    assert store.file(old.sha256) is not None
