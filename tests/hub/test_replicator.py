"""A store and a repo kept alike: what is pushed, when it counts as durable, and what happens when things go wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.hub.places import Clock, Place, event_seqs, files, rows
from tests.store.trainer import Trainer, merged, taken
from trackio_client.errors import HubAway, HubBusy, HubError, HubMoved, HubRefused
from trackio_client.hub.files import tables
from trackio_client.hub.index import parse
from trackio_client.hub.memory import Failure, MemoryTarget
from trackio_client.store.columns import Digest
from trackio_client.wire.frames import Schema

# --- one store ---------------------------------------------------------------------------------------------------


def test_a_push_is_one_commit_and_then_durable(place: Place, target: MemoryTarget, tmp_path: Path) -> None:
    taken(Trainer().start(config={"lr": 0.1}).steps(100).send(place.store))
    assert place.store.receipt("w_1").durable == ()
    done = place.replicator.flush()
    assert (done.commits, done.values, done.events, done.experiments, done.is_all) == (1, 100, 1, 1, True)
    assert place.store.receipt("w_1").durable == ((0, 101),)
    assert rows(target, tmp_path) == [("w_1", "loss", n + 1, n, float(n)) for n in range(100)]
    assert event_seqs(target, tmp_path) == [("w_1", 0)]


def test_a_second_push_of_the_same_changes_nothing(place: Place, target: MemoryTarget) -> None:
    taken(Trainer().start().steps(10).send(place.store))
    place.replicator.flush()
    before = len(target.commits)
    assert place.replicator.flush().commits == 0
    assert len(target.commits) == before


def test_only_what_is_new_is_pushed(place: Place, target: MemoryTarget, tmp_path: Path) -> None:
    trainer = Trainer().start()
    for step, value in enumerate(np.random.default_rng(1).normal(size=20_000).tolist()):
        trainer.step(step, value)
    taken(trainer.send(place.store))
    place.replicator.flush()
    first = target.commits[-1].added_bytes
    merged(place.store)
    taken(trainer.steps(10, first=20_000).send(place.store))
    place.replicator.flush()
    assert first > 140_000
    assert target.commits[-1].added_bytes < 10_000
    assert [row[2] for row in rows(target, tmp_path)] == list(range(1, 20_011))


def test_what_comes_while_a_commit_is_on_its_way_is_not_durable_yet(place: Place, target: MemoryTarget) -> None:
    trainer = Trainer().start().steps(10)
    taken(trainer.send(place.store))
    commit = target.commit

    def meanwhile(*args: Any) -> str:
        taken(trainer.steps(5, first=10).send(place.store))
        target.commit = commit  # type: ignore[method-assign]
        try:
            return commit(*args)
        finally:
            assert place.store.receipt("w_1").durable == ()

    target.commit = meanwhile  # type: ignore[method-assign]
    durable = []
    mark = place.store.mark_durable
    place.store.mark_durable = lambda marks, **more: (durable.append(dict(marks)), mark(marks, **more))[1]  # type: ignore[method-assign]
    place.replicator.flush()
    assert durable[0] == {"w_1": ((0, 11),)}
    place.replicator.flush()
    assert place.store.receipt("w_1").durable == ((0, 16),)


def test_a_flush_is_one_commit_though_writers_go_on_meanwhile(place: Place, target: MemoryTarget) -> None:
    """Else eight trainers that log all the time would use up the hour's commits in a minute."""
    trainer = Trainer().start().steps(10)
    taken(trainer.send(place.store))
    commit = target.commit

    def meanwhile(*args: Any) -> str:
        made = commit(*args)
        taken(trainer.steps(1, first=len(trainer.log)).send(place.store))
        return made

    target.commit = meanwhile  # type: ignore[method-assign]
    done = place.replicator.flush()
    assert (done.commits, done.is_all) == (1, True)
    assert place.replicator.is_behind()


def test_the_index_says_what_the_files_hold(place: Place, target: MemoryTarget) -> None:
    taken(Trainer().start().steps(10).send(place.store))
    taken(Trainer("w_2", "exp_2", "other").steps(3).send(place.store))
    place.replicator.flush()
    slot = parse(target.read("index/0000.json", target.head().commit), "index/0000.json")
    assert slot.projects == {"exp_1": "digits", "exp_2": "other"}
    assert slot.writers["w_1"].digest.hex() == place.store.receipt("w_1").digest
    assert slot.writers["w_1"].digest.events == 11
    assert set(slot.files) == set(files(target, "metrics") + files(target, "events"))


@pytest.mark.requirement("S1.46")
def test_each_experiment_has_one_row_for_people(place: Place, target: MemoryTarget, tmp_path: Path) -> None:
    trainer = Trainer().start(config={"lr": 3e-4}, tags=["a"], notes="first").steps(3)
    taken(trainer.send(place.store))
    place.replicator.flush()
    taken(trainer.step(3, float("nan")).event(kind="end", state="finished").send(place.store))
    place.replicator.flush()
    file = tmp_path / "rows.parquet"
    file.write_bytes(target.read("experiments/0000.parquet", target.head().commit))
    (row,) = tables.read_experiments(file)
    assert (row["name"], row["project"], row["state"], row["last_step"]) == ("exp_1", "digits", "finished", 3)
    assert (row["tags"], row["notes"], row["parameters"]) == (["a"], "first", '{"lr":0.0003}')
    assert '"last":{"$float":"NaN"}' in row["summary"]


@pytest.mark.requirement("S1.52")
@pytest.mark.parametrize("held", [0, 1])
def test_a_repo_with_nothing_or_one_experiment_takes_its_first_writes(
    place: Place, target: MemoryTarget, tmp_path: Path, held: int
) -> None:
    if held:
        taken(Trainer("w_0", "exp_0").steps(2).send(place.store))
        place.replicator.flush()
    taken(Trainer().steps(2).send(place.store))
    place.replicator.flush()
    assert len(rows(target, tmp_path)) == 2 + 2 * held


@pytest.mark.requirement("S1.54")
def test_a_missing_repo_is_made_private(clock: Clock, tmp_path: Path) -> None:
    target = MemoryTarget("me/new", exists=False, clock=clock)
    place = Place(target, tmp_path, clock)
    taken(Trainer().steps(2).send(place.store))
    place.replicator.flush()
    assert target.is_private is True
    assert len(rows(target, tmp_path)) == 2


# --- faults ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [HubAway("504"), HubBusy("slow down", retry_after_s=9), HubRefused("read only")])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("on", ["commit", "head", "files", "read"])
def test_whatever_fails_nothing_is_lost_or_doubled(
    place: Place, target: MemoryTarget, tmp_path: Path, error: HubError, after: bool, on: str
) -> None:
    trainer = Trainer().start().steps(10)
    taken(trainer.send(place.store))
    target.failures.append(Failure(error, on=on, after=after))
    try:
        place.replicator.flush()
    except HubError:
        assert place.store.receipt("w_1").durable == () or on != "commit"
    taken(trainer.steps(5, first=10).send(place.store))
    place.replicator.flush()
    assert [row[2] for row in rows(target, tmp_path)] == list(range(1, 16))
    assert place.store.receipt("w_1").durable == ((0, 16),)


def test_a_commit_that_happened_unheard_counts_once(place: Place, target: MemoryTarget, tmp_path: Path) -> None:
    taken(Trainer().steps(10).send(place.store))
    target.failures.append(Failure(HubAway("timed out after 60 s"), after=True))
    with pytest.raises(HubAway):
        place.replicator.flush()
    assert place.store.receipt("w_1").durable == ()
    commits = len(target.commits)
    assert place.replicator.flush().commits == 0
    assert len(target.commits) == commits
    assert place.store.receipt("w_1").durable == ((0, 10),)
    assert len(rows(target, tmp_path)) == 10


@pytest.mark.requirement("S1.55")
def test_the_hour_is_full_at_sixty_commits_of_all_together(target: MemoryTarget, clock: Clock, tmp_path: Path) -> None:
    places = [Place(target, tmp_path, clock, f"place{n}") for n in range(8)]
    trainers = [Trainer(f"w_{n}", f"exp_{n}") for n in range(8)]
    for minute in range(180):
        clock.now += 60
        for place, trainer in zip(places, trainers, strict=True):
            taken(trainer.steps(1, first=minute).send(place.store))
            if minute % 3 == 0 or minute > 170:
                done = place.replicator.flush()
                assert done.is_all == (done.wait_s == 0)
    times = [commit.at_s for commit in target.commits]
    most = max(sum(at - 3600 < other <= at for other in times) for at in times)
    assert 50 <= most <= 60
    clock.now += 3600
    for place in places:
        place.replicator.flush()
    assert len(rows(target, tmp_path)) == 8 * 180
    for place in places:
        place.store.close()


def test_a_full_hour_says_how_long_to_wait(place: Place, target: MemoryTarget, clock: Clock) -> None:
    trainer = Trainer()
    for n in range(65):
        clock.now += 1
        taken(trainer.steps(1, first=n).send(place.store))
        done = place.replicator.flush()
    assert not done.is_all
    assert 3500 < done.wait_s < 3600


def test_the_interval_grows_while_many_push(target: MemoryTarget, clock: Clock, tmp_path: Path) -> None:
    places = [Place(target, tmp_path, clock, f"p{n}", interval_s=300.0) for n in range(8)]
    trainers = [Trainer(f"w_{n}", f"exp_{n}") for n in range(8)]
    assert places[0].replicator.interval_in_force() == 300
    for n in range(5):
        for place, trainer in zip(places, trainers, strict=True):
            taken(trainer.steps(1, first=n).send(place.store))
            place.replicator.flush()
    assert places[0].replicator.interval_in_force() > 8 * 60
    for place in places:
        place.store.close()


def test_rows_that_are_not_what_their_digest_says_are_held_back_and_named(
    place: Place, target: MemoryTarget, tmp_path: Path
) -> None:
    taken(Trainer().steps(5).send(place.store))
    taken(Trainer("w_2", "exp_2").steps(5).send(place.store))
    honest = place.store.holdings
    wrong = Digest(7, 7, 5, 5)

    def lying(*, behind: bool = False) -> Any:
        return [
            type(h)(writer_id=h.writer_id, experiment_id=h.experiment_id, generation=0, held=h.held, digest=wrong)
            if h.writer_id == "w_1"
            else h
            for h in honest(behind=behind)
        ]

    place.store.holdings = lying  # type: ignore[method-assign]
    done = place.replicator.flush()
    assert len(done.not_pushed) == 1
    assert "w_1" in done.not_pushed[0]
    assert {row[0] for row in rows(target, tmp_path)} == {"w_2"}
    assert place.replicator.status()["held_back"] == done.not_pushed


def test_an_hour_without_the_hub_is_caught_up_with_in_few_commits(
    place: Place, target: MemoryTarget, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackio_client.hub.draft.MOST_VALUES", 500)
    trainers = [Trainer(f"w_{n}", f"exp_{n}").start() for n in range(4)]
    place.replicator.refresh()
    for minute in range(60):
        clock.now += 60
        for trainer in trainers:
            taken(trainer.steps(10, first=10 * minute).send(place.store))
        target.failures.append(Failure(HubAway("503"), on="head"))
        with pytest.raises(HubAway):
            place.replicator.flush()
        assert place.store.receipt("w_0").accepted == ((0, 11 + 10 * minute),)
    assert place.replicator.status()["behind_values"] == 2400
    done = place.replicator.flush()
    assert (done.values, done.experiments, done.is_all) == (2400, 4, True)
    assert done.commits <= 12  # a frame counts as a value more
    assert place.replicator.status()["behind_events"] == 0
    assert len(set(rows(target, tmp_path))) == len(rows(target, tmp_path)) == 2400


# --- several stores ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("S1.50", "S1.53")
def test_two_stores_push_to_one_repo_and_nothing_is_lost(target: MemoryTarget, clock: Clock, tmp_path: Path) -> None:
    one, two = (Place(target, tmp_path, clock, name) for name in ("one", "two"))
    trainers = [Trainer("w_1", "exp_1").start(), Trainer("w_2", "exp_2").start()]
    for n in range(5):
        for place, trainer in zip((one, two), trainers, strict=True):
            taken(trainer.steps(10, first=10 * n).send(place.store))
        target.failures.append(Failure(HubMoved("somebody was quicker"), on="commit"))
        one.replicator.flush()
        two.replicator.flush()
    assert len(rows(target, tmp_path)) == 100
    assert len(set(rows(target, tmp_path))) == 100
    for place in (one, two):
        assert {e.experiment_id for e in place.store.experiments()} == {"exp_1", "exp_2"}
        place.store.close()


def test_events_that_reached_two_spaces_are_in_the_repo_once(
    target: MemoryTarget, clock: Clock, tmp_path: Path
) -> None:
    one, two = (Place(target, tmp_path, clock, name) for name in ("one", "two"))
    trainer = Trainer().start().steps(10)
    taken(trainer.send(one.store))
    taken(trainer.send(two.store, 0, 8))
    one.replicator.flush()
    two.replicator.flush()
    assert len(rows(target, tmp_path)) == 10
    assert two.store.receipt("w_1").durable == ((0, 11),)
    for place in (one, two):
        place.store.close()


def test_what_was_deleted_in_one_place_stays_deleted_in_all(target: MemoryTarget, clock: Clock, tmp_path: Path) -> None:
    one, two = (Place(target, tmp_path, clock, name) for name in ("one", "two"))
    trainer = Trainer().start().steps(10)
    taken(trainer.send(one.store))
    one.replicator.flush()
    two.replicator.refresh()
    assert len(two.store.experiments()) == 1
    one.store.delete("exp_1")
    one.replicator.flush()
    two.replicator.refresh()
    assert two.store.experiments() == []
    two.wipe()
    two.replicator.refresh()
    assert two.store.tombstones() == [("exp_1", "digits", ("w_1",))]
    assert files(target, "metrics") == files(target, "experiments") == []
    for place in (one, two):
        place.store.close()


@pytest.mark.requirement("S1.51")
def test_a_part_of_the_index_that_cannot_be_read_is_named_and_kept(
    place: Place, target: MemoryTarget, tmp_path: Path
) -> None:
    taken(Trainer().steps(5).send(place.store))
    place.replicator.flush()
    target.commit(target.head().commit, {"index/0000.json": b"<html>proxy</html>"}, [], "somebody")
    taken(Trainer("w_2", "exp_2").steps(5).send(place.store))
    place.replicator.flush()
    assert target.read("index/0000.json", target.head().commit) == b"<html>proxy</html>"
    assert len(rows(target, tmp_path)) == 10
    assert [each["path"] for each in place.replicator.status()["not_ours"]] == ["index/0000.json"]


@pytest.mark.requirement("S1.51")
def test_rows_that_cannot_be_read_are_not_overwritten(place: Place, target: MemoryTarget, tmp_path: Path) -> None:
    taken(Trainer().steps(5).send(place.store))
    place.replicator.flush()
    target.commit(target.head().commit, {"experiments/0000.parquet": b"PAR1 mine"}, [], "somebody")
    taken(Trainer("w_2", "exp_2").steps(5).send(place.store))
    place.replicator.flush()
    assert target.read("experiments/0000.parquet", target.head().commit) == b"PAR1 mine"
    assert len(rows(target, tmp_path)) == 10


# --- merging files -----------------------------------------------------------------------------------------------


def test_many_small_files_become_few_and_the_rows_stay(target: MemoryTarget, clock: Clock, tmp_path: Path) -> None:
    place = Place(target, tmp_path, clock)
    schema = Schema(("loss", "lr"))
    trainers = [Trainer(f"w_{n}", f"exp_{n}", schema=schema).start() for n in range(3)]
    for n in range(40):
        clock.now += 300
        for trainer in trainers:
            taken(trainer.event(kind="mark", mark="note", title=str(n)).steps(5, first=5 * n).send(place.store))
        place.replicator.flush()
    assert len(files(target, "metrics")) < 20
    assert len(files(target, "events")) < 20
    found = rows(target, tmp_path)
    assert len(found) == len(set(found)) == 40 * 3 * 5 * 2
    assert len(event_seqs(target, tmp_path)) == 3 * 41
    slot = parse(target.read("index/0000.json", target.head().commit), "index/0000.json")
    assert set(slot.files) == set(files(target, "metrics") + files(target, "events"))
    assert not place.replicator.flush().commits
    place.store.close()


def test_merging_gives_way_to_whoever_pushed_meanwhile(place: Place, target: MemoryTarget, clock: Clock) -> None:
    trainer = Trainer()
    for n in range(16):
        clock.now += 300
        taken(trainer.steps(1, first=n).send(place.store))
        if n == 15:
            target.failures.extend([Failure(HubMoved("quicker"), on="commit")] * 0)
        place.replicator.flush()
    assert len(files(target, "metrics")) == 1
