"""The bin goes to the dataset repo with the rest: two Spaces agree, a wiped disk finds it, pages do not show it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hub.places import Clock, Place, files
from tests.store.trainer import Trainer, taken
from trackio_client.hub.files.lists import list_path, read_list
from trackio_client.hub.files.views import Views, overview_path
from trackio_client.hub.memory import MemoryTarget
from trackio_client.store.binning import BIN_S, RESTORED, binned, edit_batch, free_due

NOW_S = 1_800_000_000.0


def listed(target: MemoryTarget) -> set[str]:
    return set(read_list(target.read(list_path(0), target.head().commit)) or {})


def edited(place: Place, changes, experiment: str = "exp_1") -> None:
    taken(place.store.append([edit_batch(place.store, experiment, changes)]))
    place.replicator.flush()


def names(place: Place, *, in_bin: bool = False) -> set[str]:
    return {record.experiment_id for record in place.store.experiments(binned=in_bin)}


@pytest.mark.requirement("S2.75")
def test_two_spaces_and_a_static_page_agree_on_the_bin_and_a_wiped_disk_finds_it_again(
    target: MemoryTarget, clock: Clock, tmp_path: Path
) -> None:
    one, two = (Place(target, tmp_path, clock, name, views=Views(clock=clock)) for name in ("one", "two"))
    trainer = Trainer().start().steps(40)
    for each in (trainer, Trainer("w_2", "exp_2").start().steps(5)):
        taken(each.send(one.store))
    one.replicator.flush()
    two.replicator.refresh()
    assert listed(target) == {"exp_1", "exp_2"}

    edited(one, binned("otter", NOW_S))
    assert listed(target) == {"exp_2"}, "a page without a server does not show it"
    assert overview_path("exp_1") not in files(target, "view")
    assert "exp_1" in {held.experiment_id for held in one.store.holdings()}, "the repo keeps its rows"
    two.replicator.refresh()
    two.wipe()
    two.replicator.refresh()
    for place in (one, two):
        assert (names(place), names(place, in_bin=True)) == ({"exp_2"}, {"exp_1"})

    taken(trainer.steps(10, first=40).send(one.store))  # its training goes on
    one.replicator.flush()
    assert listed(target) == {"exp_2"}
    assert free_due(two.store, NOW_S + 2 * BIN_S) == [], "rows are still to come, and a restore may be among them"

    edited(one, RESTORED)
    assert listed(target) == {"exp_1", "exp_2"}
    assert overview_path("exp_1") in files(target, "view")
    assert one.store.experiment("exp_1").point_count == 50

    edited(one, binned("otter", NOW_S))
    assert free_due(one.store, NOW_S + BIN_S + 1) == ["exp_1"]
    one.replicator.flush()
    two.replicator.refresh()
    assert (names(two), names(two, in_bin=True)) == ({"exp_2"}, set())
    for place in (one, two):
        place.store.close()
