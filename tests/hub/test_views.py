"""What a static page draws from: complete, small, made by several pushers, and healed when it is damaged."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.hub.view_data import NOW_S, Repo, Trainer, fill, new_store, training
from tests.store.trainer import taken
from trackio_client.hub.files import lists
from trackio_client.hub.files.lists import hash_of, list_path, merge_head, merge_list, place_of, read_list
from trackio_client.hub.files.overview import AIM_BYTES, MOST_BYTES, importance, overview
from trackio_client.hub.files.views import overview_path
from trackio_client.store.holdings import Cold
from trackio_client.wire.frames import Schema
from trackio_client.wire.names import sort_key

pytestmark = pytest.mark.requirement("S1.51")


@pytest.fixture
def store(tmp_path: Path):
    store = new_store(tmp_path)
    yield store
    store.close()


def opened(content: bytes) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The head of an overview, and per answer its series: {x: {metric: {"x", "low", "high", "points"}}}."""
    inside = gzip.decompress(content)
    assert inside[:4] == b"TKV1"
    (size,) = struct.unpack_from("<I", inside, 4)
    head, at, found = json.loads(inside[8 : 8 + size]), 8 + size, {}
    for said in head["answers"]:
        found[said["x"]] = _series(inside[at : at + said["bytes"]])
        at += said["bytes"]
    assert at == len(inside)
    return head, found


def _series(answer: bytes) -> dict[str, Any]:
    (size,) = struct.unpack_from("<I", answer, 4)
    head, at, found, x = json.loads(answer[8 : 8 + size]), 8 + size, {}, np.empty(0)
    for _ in range(head["blocks"]):
        place, mode, _, _, n = struct.unpack_from("<HBBII", answer, at)
        at += 12
        if not mode & 16:
            x = np.frombuffer(answer, "<f8", n, at)
            at += 8 * n
        kind = "<f8" if mode & 4 else "<f4"
        columns = []
        for _ in range(1 if mode & 1 else 3):
            columns.append(np.frombuffer(answer, kind, n, at))
            at += columns[-1].nbytes
        at += (6 * n if mode & 2 else 0) + (8 if mode & 8 else 0)
        low, high = columns[0], columns[min(1, len(columns) - 1)]
        info = head["series"][place]
        found[info["metric"]] = {"x": x, "low": low, "high": high, "points": info["points"]}
    return found


def rows_in(repo: Repo, slot: int = 0) -> dict[str, Any]:
    rows = read_list(repo.files[list_path(slot)])
    assert rows is not None
    return rows


def test_an_overview_holds_every_metric_with_its_first_last_and_extreme_values(store):
    (name,) = fill(store, training(1, 5000))
    content = overview(store, store.experiment(name))
    assert len(content) <= AIM_BYTES
    head, series = opened(content)
    assert head["left_out"]["metrics"] == 0
    for each in store.summaries([name])[name]:
        drawn = series["relative" if each.metric.startswith("system/") else "step"][each.metric]
        assert drawn["points"] == each.points
        assert drawn["low"].min() == np.float32(each.min)
        assert drawn["high"].max() == np.float32(each.max)
    assert series["step"]["train/loss"]["x"][-1] == 4999
    assert head["detail"]["config"]["optimizer"] == {"name": "adamw", "weight_decay": 0.01}
    assert head["detail"]["summary"]["eval/f1"]["points"] == 50
    assert [event["content"]["kind"] for event in head["events"]] == ["mark", "console", "end"]


def test_an_overview_does_not_change_while_its_experiment_does_not(store):
    one = training(1, 300, end=None)
    (name,) = fill(store, one)
    before = overview(store, store.experiment(name))
    taken(one.batch(count=0, body=b"") and store.append([one.batch(first=one.sent)]))  # a heartbeat
    while store.merge():
        pass
    assert overview(store, store.experiment(name)) == before


def test_of_five_thousand_metrics_the_losses_come_first_and_the_others_are_named(store):
    names = ("loss", *(f"layer_{n:04}/weight_norm" for n in range(5000)), "eval_loss")
    one = Trainer("w_1", "exp_1", schema=Schema(names)).start()
    for step in range(3):
        one.step(step, *np.random.default_rng(step).normal(size=len(names)))
    fill_one(store, one)
    content = overview(store, store.experiment("exp_1"))
    head, series = opened(content)
    assert len(content) <= MOST_BYTES
    assert {"loss", "eval_loss"} < set(series["step"])
    assert head["left_out"]["metrics"] == 5002 - len(series["step"]) > 1000
    assert 0 < len(head["left_out"]["names"]) <= 100


def fill_one(store, one: Trainer) -> None:
    taken(one.send(store))


def test_an_overview_of_noise_that_does_not_compress_stays_small_enough(store):
    names = tuple(f"noise_{n}" for n in range(200))
    one = Trainer("w_1", "exp_1", schema=Schema(names)).start(config={f"key {n}": "x" * 5000 for n in range(50)})
    chance = np.random.default_rng(1)
    for step in range(400):
        one.step(step, *(chance.normal(size=200) * 10.0 ** chance.integers(-300, 300, 200)))
    one.event(kind="error", error="E", message="m" * 100_000, trace="t" * 100_000)
    fill_one(store, one)
    content = overview(store, store.experiment("exp_1"))
    assert len(content) <= MOST_BYTES
    head, _ = opened(content)
    assert "more characters" in head["events"][0]["content"]["trace"]
    assert "…" in head["detail"]["config"]


def test_importance_puts_losses_before_hardware():
    metrics = ["system/gpu_0_power", "eval/label/PER/f1", "grad_norm", "my/thing", "eval_accuracy", "loss", "eval_loss"]
    ordered = sorted(metrics, key=importance)
    assert set(ordered[:2]) == {"loss", "eval_loss"}
    assert ordered[2] == "eval_accuracy"
    assert ordered[-2:] == ["eval/label/PER/f1", "system/gpu_0_power"]


def test_a_commit_holds_rows_overviews_and_a_head_that_names_them_by_hash(store):
    names = fill(store, *(training(n, 40) for n in range(3)), training(3, 40, project="other"))
    repo = Repo(store)
    files = repo.push()
    assert sorted(files) == sorted(["view/head.json", list_path(0), *(overview_path(name) for name in names)])
    head = json.loads(files["view/head.json"])
    assert head["generation"] == 1
    assert head["lists"]["0000"]["hash"] == hash_of(files[list_path(0)])
    assert {project: said[0] for project, said in head["lists"]["0000"]["projects"].items()} == {
        "digits": 3,
        "other": 1,
    }
    row, content = rows_in(repo)[names[1]], files[overview_path(names[1])]
    knows = row["point_count"] + row["events"]
    assert row["view"] == {"hash": hash_of(content), "bytes": len(content), "knows": knows, "at_s": NOW_S}
    assert (row["state"], row["as_of_s"], row["config"]["optimizer.name"]) == ("finished", NOW_S, "adamw")
    assert row["config"]["argument_59"] == 59 / 7
    assert row["last"]["train/epoch"] == [39 / 250, 40]


def test_nothing_is_written_when_nothing_changed(store):
    repo = Repo(store)
    names = fill(store, training(1, 20))
    repo.push()
    assert repo.push(*names) == {}


def test_a_sweep_tells_what_its_configs_share_once(store):
    fill(store, *(training(n, 20) for n in range(60)))
    repo = Repo(store)
    repo.push()
    assert len(repo.files[list_path(0)]) < 60 * 900  # a config alone is 1,300 bytes
    assert all(row["config"]["argument_07"] == 1.0 for row in rows_in(repo).values())


def test_values_that_only_look_alike_are_kept_apart_and_missing_keys_stay_missing():
    base = {
        "generation": 0,
        "point_count": 1,
        "events": 1,
        "project": "p",
        "last_event_s": 1.0,
        "last": {},
        "view": None,
    }
    configs = [{"a": 1, "b": True}, {"a": 1.0, "b": 1}, {"a": 1}, {"a": 1, "c": None}]
    rows = {f"exp_{n}": {**base, "experiment_id": f"exp_{n}", "config": config} for n, config in enumerate(configs)}
    read = read_list(merge_list(None, rows))
    assert read is not None
    assert [json.dumps(read[f"exp_{n}"]["config"]) for n in range(4)] == [
        '{"a": 1, "b": true}', '{"a": 1.0, "b": 1}', '{"a": 1}', '{"a": 1, "c": null}',
    ]  # fmt: skip


def test_a_value_that_is_no_number_survives_the_list(store):
    one = Trainer("w_1", "exp_1").start(config={"lr": {"$float": "Infinity"}})
    one.step(1, float("nan"))
    fill_one(store, one)
    repo = Repo(store)
    repo.push()
    row = rows_in(repo)["exp_1"]
    assert row["last"]["loss"] == [{"$float": "NaN"}, 1]
    assert row["config"]["lr"] == {"$float": "Infinity"}


def test_sixty_four_that_always_run_all_get_their_turn(store):
    names = fill(store, *(training(n, 12, end=None) for n in range(64)))
    repo = Repo(store)
    first = repo.push(most=40)
    assert len([path for path in first if path.endswith(".bin")]) == 40
    assert len(repo.later) == 24
    second = repo.push(*names, most=40)
    assert {overview_path(name) for name in repo.later} & set(second) == set()
    made = {path for path in repo.files if path.endswith(".bin")}
    assert made == {overview_path(name) for name in names}


def grown(store, repo: Repo, one: Trainer, steps: int) -> dict[str, bytes]:
    """What a push five minutes and so many steps later makes."""
    repo.now_s += 300
    first = len(one.log)
    for step in range(first, first + steps):
        one.step(step, 1.0, 1.0, 1.0, 1.0)
    fill(store, one)
    return repo.push(one.experiment_id)


def test_a_long_training_leaves_few_overviews_in_the_history_and_none_that_lags_for_long(store):
    one = training(1, 3000, end=None)
    (name,) = fill(store, one)
    repo = Repo(store)
    repo.push()
    pushes = [grown(store, repo, one, 10) for _ in range(24)]  # two hours, 0.3 % more each
    made = [n for n, files in enumerate(pushes) if overview_path(name) in files]
    assert 2 <= len(made) <= 8
    assert max(b - a for a, b in zip([0, *made], [*made, 24], strict=True)) <= 12  # an hour
    assert all(list_path(0) in files for files in pushes)  # numbers and states are always there


def test_one_that_ended_or_fell_silent_is_drawn_to_its_end(store):
    ended, silent = (training(n, 3000, end=None) for n in (1, 2))
    names = fill(store, ended, silent)
    repo = Repo(store)
    repo.push()
    assert overview_path(names[1]) not in grown(store, repo, silent, 5)
    assert repo.later == [names[1]]
    assert overview_path(names[0]) not in grown(store, repo, ended, 5)  # asks for both: the other was silent
    assert overview_path(names[1]) in repo.files
    ended.event(kind="end", state="finished", time_us=int(NOW_S * 1e6))
    assert overview_path(names[0]) in grown(store, repo, ended, 0)
    _, series = opened(repo.files[overview_path(names[1])])
    assert series["step"]["train/loss"]["points"] == 3005


def test_waiting_overviews_of_many_slots_stay_within_a_commits_files(store):
    names = fill(store, *(training(n, 5) for n in range(60)))
    repo = Repo(store)
    repo.slots = {name: n for n, name in enumerate(names)}  # each in a slot of its own
    repo.push(*names, most=0)
    assert not [path for path in repo.files if path.endswith(".bin")]
    made = repo.push(*repo.later, most=40)
    assert len(made) <= 41  # with the head


def test_two_pushers_on_one_slot_keep_each_others_rows(tmp_path):
    stores = [new_store(tmp_path / word) for word in "ab"]
    one, two = (fill(store, training(n, 30))[0] for n, store in enumerate(stores))
    first = Repo(stores[0])
    first.push()
    second = Repo(stores[1], files=first.files)
    second.slots = {one: 0, two: 0}
    second.push(two)
    assert set(rows_in(second)) == {one, two}
    assert json.loads(second.files["view/head.json"])["generation"] == 2
    for store in stores:
        store.close()


def test_who_holds_a_part_of_an_experiment_does_not_replace_the_picture_of_the_whole(tmp_path):
    whole, part = new_store(tmp_path / "whole"), new_store(tmp_path / "part")
    fill(whole, training(1, 200))
    repo = Repo(whole)
    repo.push()
    (name,) = fill(part, training(1, 50, end=None))
    other = Repo(part, files=repo.files)
    other.slots = dict(repo.slots)
    assert other.push(name) == {}
    assert rows_in(other)[name]["point_count"] == whole.experiment(name).point_count
    whole.close()
    part.close()


def test_an_experiment_whose_rows_are_not_loaded_yet_gets_its_row_and_keeps_its_picture(store, monkeypatch):
    one = training(1, 30, end=None)
    (name,) = fill(store, one)
    repo = Repo(store)
    repo.push()
    before = rows_in(repo)[name]["view"]
    one.step(31, 1.0, 1.0, 1.0, 1.0)
    fill(store, one)
    cold = Cold(name, "metrics/ab/x.parquet", {"w_x": ((0, 3),)}, 3)
    monkeypatch.setattr(type(store), "cold", lambda self, experiments=None: [cold], raising=False)
    made = repo.push(name)
    assert overview_path(name) not in made
    assert rows_in(repo)[name]["view"] == before
    assert rows_in(repo)[name]["last_step"] == 31
    assert repo.later == [name]


def test_a_deleted_experiment_leaves_the_list_and_the_count(store):
    names = fill(store, training(1, 10), training(2, 10))
    repo = Repo(store)
    repo.push()
    store.delete(names[0])
    repo.push(names[1], gone=(names[0],))
    assert set(rows_in(repo)) == {names[1]}
    assert json.loads(repo.files["view/head.json"])["lists"]["0000"]["projects"] == {
        "digits": [1, rows_in(repo)[names[1]]["last_event_s"]]
    }


def test_an_experiment_deleted_while_the_commit_is_planned_is_passed_over(store):
    names = fill(store, training(1, 10), training(2, 10))
    repo = Repo(store)
    store.delete(names[0])
    repo.push(*names)
    assert set(rows_in(repo)) == {names[1]}


@pytest.mark.parametrize("damage", [b"", b"<html>", b"[]", b'{"trackio_view": 2}', b"\xff\xfe", b'{"trackio_view":1}'])
def test_a_damaged_list_or_head_is_made_anew_of_all_that_is_known(store, damage):
    names = fill(store, *(training(n, 10) for n in range(70)))
    repo = Repo(store)
    repo.push_all()
    good = dict(repo.files)
    repo.files[list_path(0)] = repo.files["view/head.json"] = damage
    of = {slot: next(name for name in names if repo.slots[name] == slot) for slot in (0, 1)}
    repo.push(of[1])  # of the other slot: the head is made of both lists, the damaged one cannot help
    assert set(json.loads(repo.files["view/head.json"])["lists"]) == {"0001"}
    repo.push(of[0])
    repo.push_all()
    assert set(rows_in(repo)) == set(read_list(good[list_path(0)]) or {})
    head, before = (json.loads(files["view/head.json"]) for files in (repo.files, good))
    assert {slot: said["projects"] for slot, said in head["lists"].items()} == {
        slot: said["projects"] for slot, said in before["lists"].items()
    }


def test_the_head_counts_on_from_any_head_it_can_read():
    content = merge_list(None, {})
    head = merge_head(merge_head(None, {0: content}, 1.0), {1: content}, 2.0)
    said = lists.read_head(head)
    assert said is not None
    assert (said["generation"], sorted(said["lists"])) == (2, ["0000", "0001"])


def test_places_of_metrics_sort_as_text_as_the_page_sorts_them():
    metrics = [
        "loss",
        "eval_loss",
        "gpu_2/power",
        "system/gpu_2_power",
        "system/gpu_10_power",
        "a/10",
        "a/9",
        "a/9b",
        "lr",
    ]
    metrics += [f"layer{n}/norm" for n in (1, 2, 11, 100)] + [
        "eval/label/B/f1",
        "eval/label/A/f1",
        "zeta",
        "Zeta",
        "ä/ö",
    ]
    assert sorted(metrics, key=place_of) == sorted(metrics, key=sort_key)
