"""A store that begins on an empty disk: known at once, loaded when asked, whole in the end."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hub.places import Clock, Place, files
from tests.store.trainer import Trainer, merged, taken
from trackio_client.errors import Behind, HubAway, Unavailable
from trackio_client.hub.backed import RepoBacked
from trackio_client.hub.loading import Loader
from trackio_client.hub.memory import Failure, MemoryTarget
from trackio_client.store.contract import Store
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.frames import Schema


def all_of(store: Store) -> dict[str, Any]:
    """Everything a store says of its experiments, in a form that can be compared."""
    found: dict[str, Any] = {}
    for record in store.experiments():
        name = record.experiment_id
        metrics = [metric for metric, _, _ in store.metrics(record.project, [name])]
        points = {}
        for metric in metrics:
            p = store.points(name, metric)
            rows = zip(p.writer_of.tolist(), p.seqs.tolist(), p.steps.tolist(), p.times_us.tolist(), strict=True)
            points[metric] = sorted(
                (p.writers[w], seq, step, us, repr(v))
                for (w, seq, step, us), v in zip(rows, p.values.tolist(), strict=True)
            )
        facts = (record.project, record.name, record.group, record.tags, record.notes, record.config, record.end)
        counts = (record.point_count, record.event_count, record.last_step, record.generation, record.writers)
        events = sorted((e.writer_id, e.seq, repr(e.content)) for e in store.events(name))
        receipts = sorted(
            (r.writer_id, r.accepted, r.digest, r.events, r.points, r.holes) for r in store.receipts(name)
        )
        # A mean is a sum of floats: its last digits follow the order of summing.
        summaries = repr([each._replace(mean=round(each.mean, 9)) for each in store.summaries([name])[name]])
        found[name] = (facts, counts, points, events, receipts, summaries, store.audit(name))
    return found


def load_everything(place: Place) -> Loader:
    loader = Loader(place.store, place.replicator.reader, scratch=place.path.parents[1])
    loader.load_all()
    return loader


@pytest.fixture
def backed(place: Place) -> Iterator[RepoBacked]:
    loader = Loader(place.store, place.replicator.reader, scratch=place.path.parents[1])
    place.replicator.on_adopted = loader.look
    loader.start()
    yield RepoBacked(place.store, place.replicator, loader)
    loader.close()


def many(place: Place, count: int = 5) -> list[Trainer]:
    """Experiments of several kinds: resumed, ended, edited, with NaN and texts."""
    schema = Schema(("loss", "lr"))
    trainers = []
    for n in range(count):
        trainer = Trainer(f"w_{n}", f"exp_{n}", f"project {n % 2}", schema=schema)
        trainer.start(config={"lr": n / 10, "deep": {"a": [1, 2]}}, tags=[f"tag{n}"], group="g", notes="note")
        trainer.steps(40).step(40, math.nan, math.inf).step(41, -0.0, 5e-324)
        trainer.event(kind="text", step=3, values={"sample": "ünï <b>"})
        if n % 2:
            trainer.event(kind="end", state="finished")
        taken(trainer.send(place.store))
        trainers.append(trainer)
    resumed = Trainer("w_r", "exp_0", "project 0", generation=1, schema=schema).start(steps_from=20).steps(30, first=20)
    taken(resumed.send(place.store))
    return [*trainers, resumed]


@pytest.mark.requirement("S1.85")
def test_a_wiped_store_knows_all_at_once_and_holds_all_in_the_end(place: Place) -> None:
    many(place)
    place.replicator.flush()
    before = all_of(place.store)
    lists = [(e.experiment_id, e.name, e.point_count, e.end is None) for e in place.store.experiments()]
    once = [name for name in before if name != "exp_0"]  # of steps trained twice the later value needs the rows
    summaries = repr(place.store.summaries(once))
    receipts = {name: place.store.receipts(name) for name in before}
    place.wipe()
    place.replicator.refresh()
    assert sorted((e.experiment_id, e.name, e.point_count, e.end is None) for e in place.store.experiments()) == sorted(
        lists
    )
    assert repr(place.store.summaries(once)) == summaries
    for name, known in receipts.items():
        again = place.store.receipts(name)
        assert sorted((r.writer_id, r.accepted, r.durable, r.digest) for r in again) == sorted(
            (r.writer_id, r.accepted, r.durable, r.digest) for r in known
        )
    load_everything(place)
    assert place.store.cold() == []
    assert place.store.damaged() == []
    assert all_of(place.store) == before


def test_restoring_after_many_flushes_and_merges_gives_the_same(place: Place, clock: Clock) -> None:
    trainers = many(place)
    for n in range(25):
        clock.now += 300
        for trainer in trainers:
            taken(trainer.steps(3, first=100 + 3 * n).send(place.store))
        place.replicator.flush()
        if n % 7 == 0:
            merged(place.store)
    before = all_of(place.store)
    place.wipe()
    place.replicator.refresh()
    load_everything(place)
    assert all_of(place.store) == before


def test_clients_that_go_on_while_the_rest_is_not_loaded_lose_nothing(place: Place) -> None:
    trainers = many(place)
    place.replicator.flush()
    place.wipe()
    place.replicator.refresh()
    for trainer in trainers:
        taken(trainer.send(place.store, 2, 10))  # a replay of what is durable
        taken(trainer.steps(10, first=200).send(place.store))
    place.replicator.flush()
    load_everything(place)
    before = all_of(place.store)
    place.wipe()
    place.replicator.refresh()
    load_everything(place)
    assert all_of(place.store) == before
    for trainer in trainers:
        (receipt,) = [r for r in place.store.receipts(trainer.experiment_id) if r.writer_id == trainer.writer_id]
        assert receipt.accepted == ((0, len(trainer.log)),)


def test_writers_wait_until_the_head_was_read(backed: RepoBacked, target: MemoryTarget) -> None:
    trainer = Trainer().start()
    (outcome,) = backed.append([trainer.batch(0, 1)])
    assert isinstance(outcome, Unavailable)
    assert outcome.retry_after_s
    with pytest.raises(Unavailable, match="not yet read what the dataset me/exp holds"):
        backed.receipt("w_1")
    backed.replicator.refresh()
    taken(backed.append([trainer.batch(0, 1)]))


def test_what_a_store_lacks_is_looked_up_at_the_head_before_it_is_called_a_hole(
    place: Place,
    target: MemoryTarget,
    clock: Clock,
    tmp_path: Path,
    backed: RepoBacked,
) -> None:
    other = Place(target, tmp_path, clock, "other")
    trainer = Trainer().start().steps(9)
    backed.replicator.refresh()
    taken(trainer.send(other.store))
    other.replicator.flush()
    trainer.steps(3, first=9)
    (alone,) = place.store.append([trainer.batch(10, 13, first_held=10)], holes=False)
    assert isinstance(alone, Behind)
    (receipt,) = taken(backed.append([trainer.batch(10, 13, first_held=10)]))
    assert (receipt.accepted, receipt.holes) == (((0, 13),), ())
    other.store.close()


def test_what_nobody_holds_is_a_named_hole(backed: RepoBacked) -> None:
    backed.replicator.refresh()
    trainer = Trainer().start().steps(9)
    (receipt,) = taken(backed.append([trainer.batch(5, 10, first_held=5)]))
    assert [(h.first_seq, h.end_seq) for h in receipt.holes] == [(0, 5)]


def emptied(place: Place, backed: RepoBacked) -> tuple[Loader, RepoBacked]:
    """The place after a push and without its disk, while it loads."""
    backed.replicator.refresh()
    backed.replicator.flush()
    place.wipe()
    loader = Loader(place.store, place.replicator.reader, scratch=place.path.parents[1])
    fresh = RepoBacked(place.store, place.replicator, loader)
    place.replicator.refresh()
    loader.start()
    return loader, fresh


def test_a_question_waits_for_its_experiment_only(place: Place, backed: RepoBacked) -> None:
    many(place, 30)
    loader, fresh = emptied(place, backed)
    found, _ = fresh.series(SeriesQuery(experiments=("exp_7",), metrics=("loss",)))
    assert found["exp_7", "loss"].steps.tolist() == list(range(42))
    loader.close()


def test_a_reader_is_told_to_wait_rather_than_given_half(
    place: Place,
    target: MemoryTarget,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many(place, 2)
    place.replicator.flush()
    place.wipe()
    place.replicator.refresh()
    target.failures.extend([Failure(HubAway("the Hub is away"), on="fetch")] * 50)
    loader = Loader(place.store, place.replicator.reader, scratch=place.path.parents[1])
    backed = RepoBacked(place.store, place.replicator, loader)
    monkeypatch.setattr("trackio_client.hub.backed.READER_WAIT_S", 0.2)
    monkeypatch.setattr("trackio_client.hub.backed.PAGE_WAIT_S", 0.1)
    loader.start()
    with pytest.raises(Unavailable, match="being loaded from the dataset me/exp"):
        backed.points("exp_0", "loss")
    assert (
        backed.buckets(SeriesQuery(experiments=("exp_0",), metrics=("loss",), max_points=100))
        .series["exp_0", "loss"]
        .points
        == 0
    )
    assert len(backed.experiments()) == 2
    loader.close()


@pytest.mark.requirement("S1.51")
@pytest.mark.parametrize("bad", [b"", b"PAR1", b"<html>", b"PAR1" + b"\0" * 500 + b"PAR1"])
def test_a_damaged_file_is_named_and_all_else_is_served(
    place: Place,
    target: MemoryTarget,
    bad: bytes,
) -> None:
    trainers = many(place, 3)
    place.replicator.flush()
    (first,) = files(target, "metrics")
    for trainer in trainers:
        taken(trainer.steps(5, first=300).send(place.store))
    place.replicator.flush()
    target.commit(target.head().commit, {first: bad}, [], "somebody")
    place.wipe()
    place.replicator.refresh()
    load_everything(place)
    assert first in place.replicator.reader.not_ours
    p = place.store.points("exp_1", "loss")
    assert p.steps.tolist() == list(range(300, 305))
    taken(trainers[0].steps(3, first=400).send(place.store))
    place.replicator.flush()
    assert target.read(first, target.head().commit) == bad


def test_files_that_were_merged_meanwhile_are_found_again(place: Place, clock: Clock) -> None:
    trainers = many(place, 2)
    for n in range(14):
        clock.now += 300
        taken(trainers[0].steps(2, first=50 + 2 * n).send(place.store))
        place.replicator.flush()
    before = all_of(place.store)
    place.wipe()
    place.replicator.refresh()
    loader = Loader(place.store, place.replicator.reader, scratch=place.path.parents[1])
    late = Trainer("w_9", "exp_9").start()
    for n in range(4):  # somebody's flushes lead to a merge; its parts are gone from the head
        clock.now += 300
        taken(late.steps(1, first=n).send(place.store))
        place.replicator.flush()
    loader.load_all()
    assert place.store.cold() == []
    after = all_of(place.store)
    after.pop("exp_9")
    assert after == before
    assert place.replicator.reader.not_ours == {}


def test_a_store_without_readable_rows_counts_anew_when_all_is_loaded(
    place: Place,
    target: MemoryTarget,
) -> None:
    many(place)
    place.replicator.flush()
    before = all_of(place.store)
    target.commit(target.head().commit, {"experiments/0000.parquet": b"no"}, [], "somebody")
    place.wipe()
    place.replicator.refresh()
    assert len(place.store.experiments()) == 5
    load_everything(place)
    after = all_of(place.store)
    assert after == before


def test_two_threads_that_want_and_load_do_not_disturb_each_other(place: Place, backed: RepoBacked) -> None:
    many(place, 12)
    loader, fresh = emptied(place, backed)
    wrong: list[str] = []

    def ask(n: int) -> None:
        p = fresh.points(f"exp_{n}", "loss")
        if len(p.steps) < 42:
            wrong.append(f"exp_{n}: {len(p.steps)}")

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    loader.close()
    assert wrong == []
