"""Loading cold files: part by part, twice, changed, missing, and while trainers write."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from tests.store.adopted import LOSS, logged, pushed
from tests.store.trainer import Trainer, audited, merged, taken
from trackio_client.errors import StoreError
from trackio_client.store.columns import Digest, decode, digest_of
from trackio_client.store.holdings import EventRow


def test_loading_twice_or_what_is_not_listed_changes_nothing(store, other):
    logged(store)
    repo = pushed(store, files=2)
    other.adopt(repo.adopted())
    every = other.cold()
    for cold in every * 2:
        repo.load(other, cold)
    position = other.position()
    other.adopt(repo.adopted())
    for cold in every:
        repo.load(other, cold)
    assert (other.position(), other.cold(), other.damaged()) == (position, [], [])
    audited(other)
    assert len(other.points("exp_1", "loss").steps) == 900


def test_rows_outside_of_the_windows_are_passed_over(store, other):
    trainer = logged(store)
    taken(Trainer("w_2", "exp_2").steps(5).send(store))
    taken(trainer.send(other, 0, 300))
    repo = pushed(store, apart=False)
    other.adopt(repo.adopted())
    cold = next(c for c in other.cold() if c.experiment_id == "exp_1")
    assert cold.windows == {"w_1": ((300, 902),)}
    repo.load(other, cold)
    audited(other)
    assert len(other.points("exp_1", "loss").steps) == 900
    assert [c.experiment_id for c in other.cold()] == ["exp_2"]


def test_a_part_of_the_windows_can_be_loaded_and_the_rest_stays_listed(store, other):
    logged(store)
    repo = pushed(store, apart=False)
    other.adopt(repo.adopted())
    (cold,) = other.cold()
    repo.load(other, replace(cold, windows={"w_1": ((0, 400),), "w_7": ((0, 9),)}))
    assert [c.windows for c in other.cold()] == [{"w_1": ((400, 902),)}]
    assert len(other.points("exp_1", "loss").steps) == 399
    repo.load(other, cold)
    audited(other)
    assert other.cold() == other.damaged() == []


def test_after_a_compaction_the_new_files_are_listed_and_nothing_comes_twice(store, other):
    trainer = logged(store)
    repo = pushed(store)
    trainer.steps(50, first=900)
    taken(trainer.send(store))
    repo.push(store)
    other.adopt(repo.adopted())
    metrics, *_ = (c for c in other.cold() if c.path == "f1")
    repo.load(other, metrics)
    repo.compact(["f1", "f2", "f3", "f4"])
    other.adopt(repo.adopted())
    assert [(c.path, c.windows) for c in other.cold()] == [("f5", {"w_1": ((0, 952),)})]
    repo.restore(other)
    assert sorted(other.points("exp_1", "loss").seqs.tolist()) == store.points("exp_1", "loss").seqs.tolist()
    assert len(other.events("exp_1")) == len(store.events("exp_1"))
    audited(other)
    assert other.damaged() == []


def test_a_file_that_cannot_be_read_to_its_end_leaves_the_store_as_it_was(store, other):
    logged(store)
    repo = pushed(store, apart=False)
    other.adopt(repo.adopted())
    (cold,), position = other.cold(), other.position()

    def torn():
        yield from repo.files[cold.path].points[:1]
        raise OSError("the file ends here")

    with pytest.raises(OSError, match="ends here"):
        other.load(cold, torn(), [])
    assert (other.cold(), other.position()) == ([cold], position)
    assert len(other.points("exp_1", "loss").steps) == 0


@pytest.mark.requirement("S1.83")
def test_what_does_not_come_or_comes_changed_is_told_and_the_rest_is_served(store, other):
    logged(store)
    repo = pushed(store, apart=False)
    other.adopt(repo.adopted())
    (cold,) = other.cold()
    loss, lr = repo.files[cold.path].points
    changed = loss.values.copy()
    changed[5] = 77.0
    junk = [EventRow("exp_1", "w_1", 901, raw) for raw in (b"\xff", b"[]", b"{", b'{"kind": 7}')]
    other.load(cold, [replace(loss, values=changed)], junk)
    (told,) = other.damaged()
    assert "w_1" in told
    assert "900 values are missing" in told
    assert other.cold() == []
    assert len(other.series(LOSS)[0]["exp_1", "loss"].steps) == 900
    assert other.audit("exp_1")["w_1"] != other.receipt("w_1").digest
    assert lr.metric == "lr"


def test_what_no_file_brings_is_told_until_one_does(store, other):
    logged(store)
    repo = pushed(store, files=2, apart=False)
    lost = repo.files.pop("f2")
    other.adopt(repo.adopted())
    repo.restore(other)
    assert len(other.damaged()) == 1
    assert len(other.points("exp_1", "loss").steps) == 450
    repo.files["f2"] = lost
    other.adopt(repo.adopted())
    assert [c.path for c in other.cold()] == ["f2"]
    repo.restore(other)
    assert other.damaged() == []
    audited(other)
    assert len(other.series(LOSS)[0]["exp_1", "loss"].steps) == 900


def test_a_file_waits_for_no_other_destination(engine, store, other):
    logged(store)
    address = engine.address.replace("store.sqlite", "third.sqlite")
    repo, place = pushed(store), type(engine)(address)
    third = place.open(destination="hf://datasets/a/b")
    third.adopt(repo.adopted())
    with pytest.raises(StoreError, match="hf://datasets/a/b"):
        place.open(destination="hf://datasets/a/c")
    repo.restore(third)
    assert place.open(destination="hf://datasets/a/c").receipt("w_1").durable == ()
    place.close()


def test_a_snapshot_of_what_is_cold_can_be_loaded_on(store, other, engine, tmp_path):
    logged(store)
    repo = pushed(store)
    other.adopt(repo.adopted())
    other.snapshot(tmp_path / "copy.sqlite")
    copied = type(engine)(str(tmp_path / "copy.sqlite"))
    opened = copied.open()
    repo.restore(opened)
    audited(opened)
    copied.close()


def test_an_index_that_says_nothing_true_of_its_digests_is_found_out(store, other):
    logged(store)
    repo = pushed(store)
    repo.writers["w_1"] = replace(repo.writers["w_1"], digest=Digest(1, 2, 902, 5), holes=())
    other.adopt(repo.adopted())
    repo.restore(other)
    assert len(other.damaged()) == 1


def test_writers_do_not_notice_that_history_is_being_loaded(engine, store, other):
    trainer = logged(store)
    for part in range(1, 9):
        trainer.steps(700, first=900 + 700 * part)
        taken(trainer.send(store))
    repo = pushed(store, files=6)
    other.adopt(repo.adopted())
    trainer.steps(3000, first=20_000)
    stop, seen = threading.Event(), list[int]()

    def write() -> None:
        opened = type(engine)(engine.address.replace("store.sqlite", "other.sqlite"))
        place, first = opened.open(persistent=False), trainer.sent - 3
        while first < len(trainer.log) and not stop.is_set():
            (receipt,) = taken(trainer.send(place, first, first + 50))
            seen.append(receipt.accepted_end)
            first += 50
        opened.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        repo.restore(other)
        thread.join(60)
    finally:
        stop.set()
        thread.join()
    assert seen == sorted(seen)
    assert seen[-1] == len(trainer.log)
    assert other.receipt("w_1").digest == trainer_digest(trainer)
    audited(other)
    assert other.damaged() == []
    merged(other)
    assert len(other.series(LOSS)[0]["exp_1", "loss"].steps) == 900 + 8 * 700 + 3000


def trainer_digest(trainer):
    body = trainer.schema.frame + b"".join(trainer.log)
    return digest_of(trainer.writer_id, decode(body, 0)).hex()
