"""What of an experiment's media a page without a server gets: which steps, within which bounds, what is left out."""

from __future__ import annotations

import gzip
import itertools
import json
import random
import struct

import pytest

from tests.hub.places import Clock, Place, files
from tests.hub.view_data import Repo, new_store
from tests.store.trainer import Trainer, taken
from trackio_client.hub.files.gallery import MOST_BYTES, MOST_OF_ONE, gallery, media_events, spread_order
from trackio_client.hub.files.views import Views, gallery_path, overview_path
from trackio_client.hub.memory import MemoryTarget

pytestmark = pytest.mark.requirement("S1.54")


@pytest.fixture
def store(tmp_path):
    store = new_store(tmp_path)
    yield store
    store.close()


def noise(size, seed=0):
    return random.Random(seed).randbytes(size)


def logged(store, one, name, step, *contents, kind="image", **item):
    """One call that logged files under a name."""
    blobs = [store.files.put(content, "image/png") for content in contents]
    items = [{"file": blob.sha256, "mime": blob.mime, "bytes": blob.bytes, **item} for blob in blobs]
    cited = [{"sha256": blob.sha256, "bytes": blob.bytes, "mime": blob.mime} for blob in blobs]
    one.event(kind="media", media=kind, name=name, step=step, items=items or [item], blobs=cited)
    return [blob.sha256 for blob in blobs]


def opened(content):
    """(head, {sha256: bytes}) of a file."""
    inside = gzip.decompress(content)
    assert inside[:4] == b"TKM1"
    (size,) = struct.unpack("<I", inside[4:8])
    head = json.loads(inside[8 : 8 + size])
    at, files = 8 + size, {}
    for sha256, _, many in head["files"]:
        files[sha256] = inside[at : at + many]
        at += many
    assert at == len(inside)
    return head, files


def made(store, one):
    taken(one.send(store))
    return opened(gallery(store, one.experiment_id, media_events(store, one.experiment_id)).content)


def test_the_newest_comes_first_then_the_oldest_then_the_middles():
    assert list(spread_order(0)) == []
    assert list(spread_order(1)) == [0]
    assert list(spread_order(9)) == [8, 0, 4, 2, 6, 1, 3, 5, 7]
    assert sorted(spread_order(1000)) == list(range(1000))


def test_all_of_a_few_is_there_byte_for_byte_with_what_each_step_holds(store):
    one = Trainer().start()
    contents = [noise(50, step) for step in range(4)]
    for step, content in enumerate(contents):
        logged(store, one, "val/digits", step * 10, content, caption=f"<b>{step}</b>")
    logged(store, one, "weights", 30, kind="histogram", bins=[0, 1], counts=[{"$float": "NaN"}])
    head, files = made(store, one)
    assert [each["entry"]["step"] for each in head["entries"]] == [0, 10, 20, 30, 30]
    assert sorted(files.values()) == sorted(contents)
    assert head["entries"][3]["content"]["items"][0]["caption"] == "<b>3</b>"
    assert head["entries"][4]["content"]["items"][0]["counts"] == [{"$float": "NaN"}]
    assert head["left_out"] == {"names": 0, "steps": 0, "files": 0, "bytes": 0}


def test_of_many_steps_those_that_fit_span_the_training_and_the_others_are_counted(store):
    one = Trainer().start()
    for step in range(100):
        logged(store, one, "val/digits", step, noise(100_000, step))
    head, files = made(store, one)
    steps = [each["entry"]["step"] for each in head["entries"]]
    assert {0, 99} <= set(steps)
    assert max(b - a for a, b in itertools.pairwise(steps)) <= 13
    assert 15 <= len(steps) <= 20
    assert sum(map(len, files.values())) <= MOST_BYTES
    assert head["left_out"] == {"names": 0, "steps": 100 - len(steps), "files": 100 - len(steps),
                                "bytes": 100_000 * (100 - len(steps))}  # fmt: skip


def test_a_file_that_is_too_large_is_told_at_its_newest_step_and_takes_no_room_from_others(store):
    one = Trainer().start()
    (large, *_), (small, *_) = logged(store, one, "film", 0, noise(MOST_OF_ONE + 1)), logged(store, one, "p", 0, b"x")
    logged(store, one, "film", 1, noise(MOST_OF_ONE + 1, 5))
    head, files = made(store, one)
    assert list(files) == [small]
    assert [(each["entry"]["name"], each["entry"]["step"]) for each in head["entries"]] == [("p", 0), ("film", 1)]
    assert head["left_out"] == {"names": 0, "steps": 1, "files": 2, "bytes": 2 * (MOST_OF_ONE + 1)}
    assert large not in files


def test_what_is_not_on_this_disk_is_not_made_up(store):
    one = Trainer().start()
    (gone,) = logged(store, one, "val/digits", 0, b"was here")
    taken(one.send(store))
    store.files.remove(gone)
    head, files = made(store, one)
    assert files == {}
    assert [each["entry"]["name"] for each in head["entries"]] == ["val/digits"]
    assert head["left_out"]["files"] == 1


def test_a_step_of_several_events_is_taken_whole_and_one_logged_again_has_the_later(store):
    one = Trainer().start()
    logged(store, one, "n", 1, b"old")
    one.event(kind="mark", mark="x", title="between", step=1)
    logged(store, one, "n", 1, b"new, first part")
    logged(store, one, "n", 1, b"new, second part")
    head, files = made(store, one)
    assert sorted(files.values()) == [b"new, first part", b"new, second part"]
    assert len(head["entries"]) == 2


@pytest.mark.parametrize("said", [
    {"name": None, "items": []}, {"name": "n", "items": "text"}, {"name": "n", "items": [], "blobs": "x"},
    {"name": "n", "items": [1, None], "step": "three", "blobs": [{"sha256": "../../etc/passwd", "bytes": 3}]},
])  # fmt: skip
def test_media_of_another_shape_break_nothing(store, said):
    one = Trainer().start()
    one.event(kind="media", media="image", **said)
    logged(store, one, "sound", 0, b"good")
    _, files = made(store, one)
    assert list(files.values()) == [b"good"]


# --- in a repo ------------------------------------------------------------------------------------------------------


def test_it_lies_beside_the_overview_is_named_in_the_list_and_written_when_there_is_more(store):
    one = Trainer().start()
    one.steps(20)
    logged(store, one, "n", 0, b"first")
    taken(one.send(store))
    repo = Repo(store)
    files = repo.push()
    path = gallery_path(one.experiment_id)
    assert {path, overview_path(one.experiment_id)} <= set(files)
    assert opened(files[path])[1].popitem()[1] == b"first"
    logged(store, one, "n", 1, b"second")
    logged(store, one, "n", 2, b"third")
    one.event(kind="end", state="finished")
    taken(one.send(store))
    again = repo.push(one.experiment_id)
    assert len(opened(again[path])[1]) == 3
    assert path not in repo.push(one.experiment_id)


def test_a_running_one_is_copied_anew_when_there_is_half_as_much_again_and_at_its_end(store):
    one = Trainer().start()
    one.steps(10)
    for step in range(10):
        logged(store, one, "n", step, noise(20, step))
    taken(one.send(store))
    repo = Repo(store, now_s=one_second_after(store, one))
    path = gallery_path(one.experiment_id)
    assert path in repo.push()
    written = []
    for step in range(10, 16):
        one.steps(10, first=step * 10)
        logged(store, one, "n", step, noise(20, step))
        taken(one.send(store))
        repo.now_s = one_second_after(store, one)
        written.append(path in repo.push(one.experiment_id))
    assert written == [False, False, False, False, True, False]
    one.event(kind="end", state="finished")
    taken(one.send(store))
    assert path in repo.push(one.experiment_id)


def one_second_after(store, one):
    return store.experiment(one.experiment_id).last_heard_s + 1


def test_who_lost_the_files_does_not_replace_the_copy_of_who_had_them(store):
    one = Trainer().start()
    (held,) = logged(store, one, "n", 0, b"first")
    taken(one.send(store))
    repo = Repo(store)
    repo.push()
    path = gallery_path(one.experiment_id)
    store.files.remove(held)
    one.event(kind="end", state="finished")
    taken(one.send(store))
    assert path not in repo.push(one.experiment_id)
    assert b"first" in opened(repo.files[path])[1].values()


def test_without_room_in_a_commit_it_waits_for_the_next(store):
    one = Trainer().start()
    logged(store, one, "n", 0, b"first")
    taken(one.send(store))
    repo = Repo(store)
    path = gallery_path(one.experiment_id)
    assert path not in repo.push(most=1)
    assert repo.later == [one.experiment_id]
    assert path in repo.push(most=3)  # its list is rewritten for it, too


def test_what_was_shown_of_a_deleted_experiment_leaves_the_repo_with_it(tmp_path):
    clock = Clock()
    target = MemoryTarget("me/exp", clock=clock)
    place = Place(target, tmp_path, clock, views=Views())
    one = Trainer("w_1", "exp_1").start()
    one.steps(5)
    logged(place.store, one, "n", 0, b"a picture")
    taken(one.send(place.store))
    place.replicator.flush()
    shown = {gallery_path("exp_1"), overview_path("exp_1")}
    assert shown <= set(files(target, "view"))
    place.store.delete("exp_1")
    place.replicator.flush()
    assert not shown & set(files(target, "view"))
    place.store.close()
