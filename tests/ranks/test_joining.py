"""Ranks of one launch write one experiment with nothing set; real processes, without torch."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from tests.ranks.launching import held, launch, rank_variables, rows, start, starts
from trackio_client.capture.meeting import FilePlace, Meeting
from trackio_client.capture.ranks import RANK_OF, Ranks
from trackio_client.joining import Joining, join
from trackio_client.notices import Notices
from trackio_client.origin import Origin
from trackio_client.queries.experiments import experiment_detail
from trackio_client.queries.series import read_series
from trackio_client.settings import settings_from
from trackio_client.wire.asks import SeriesQuery

pytestmark = pytest.mark.requirement("S1.39")


def test_ranks_become_one_experiment_and_each_is_a_writer_of_it_b31(tmp_path):
    ended = launch(tmp_path, 3, "logs", "project=digits")
    assert {code for code, _, _ in ended} == {0}, ended
    assert len({out[0] for _, out, _ in ended}) == 1
    with held(tmp_path) as store:
        (row,) = rows(store)
        assert (row["project"], row["state"], row["generation"]) == ("digits", "finished", 0)
        assert row["evidence"] == "It called finish()."
        processes = starts(store, row["experiment_id"])
        assert [(p["rank"], p["world_size"]) for p in processes] == [(0, 3), (1, 3), (2, 3)]
        detail = experiment_detail(store, row["experiment_id"], time.time())
        assert detail["writers"] == 3
        assert detail["config"] == {"seed": 0}  # rank 0's, whoever came last
        assert detail["client"]["process"]["rank"] == 0
        query = SeriesQuery(experiments=(row["experiment_id"],), metrics=("loss",), ranks="spread")
        (loss,) = read_series(store, query)["series"]
        np.testing.assert_allclose(loss["values"], [10, 11, 12, 13])
        np.testing.assert_allclose(loss["std"], np.std([0, 10, 20]))
        assert loss["ranks"].tolist() == [3] * 4


def test_the_second_experiment_of_a_launch_is_another_one_for_all(tmp_path):
    ended = launch(tmp_path, 2, "twice", "project=p")
    first, second = ({out[n] for _, out, _ in ended} for n in (0, 1))
    assert len(first) == len(second) == 1
    assert first != second
    with held(tmp_path) as store:
        assert len(rows(store)) == 2


def test_a_rank_that_was_told_nothing_goes_where_rank_0_was_told(tmp_path):
    ended = launch(tmp_path, 2, "main-only", "project=chosen", "name=by-hand", "group=g")
    assert [out[0].split()[1:] for _, out, _ in ended] == [["by-hand", "g"]] * 2
    with held(tmp_path) as store:
        (row,) = rows(store)
        assert (row["project"], row["name"], row["group"]) == ("chosen", "by-hand", "g")


def test_ranks_with_names_of_their_own_are_experiments_of_their_own(tmp_path):
    ended = launch(tmp_path, 2, "logs", "project=p", "name=rank-<rank>", "group=both")
    assert not any("heard nothing" in err for _, _, err in ended)
    with held(tmp_path) as store:
        assert {(row["name"], row["group"], row["state"]) for row in rows(store)} == {
            ("rank-0", "both", "finished"), ("rank-1", "both", "finished")
        }  # fmt: skip
        for row in rows(store):  # and its metrics bear no mark of a rank
            assert store.ranked_metrics([row["experiment_id"]]) == {}


def test_two_launches_from_one_parent_do_not_mix(tmp_path):
    first = launch(tmp_path, 2, "logs", "project=p")
    second = launch(tmp_path, 2, "logs", "project=p")
    ids = [{out[0].split()[0] for _, out, _ in ended} for ended in (first, second)]
    assert [len(each) for each in ids] == [1, 1]
    assert ids[0] != ids[1]


def test_only_main_reports_when_told_so_and_texts_and_configuration_are_its_own(tmp_path):
    launch(tmp_path, 2, "logs", "project=p", TRACKIO_RANKS="main")
    with held(tmp_path) as store:
        (row,) = rows(store)
        assert store.ranked_metrics([row["experiment_id"]]) == {}
        assert len(starts(store, row["experiment_id"])) == 2


def test_the_first_failing_rank_is_named(tmp_path):
    ended = launch(tmp_path, 3, "fails", "project=p", FAILS="2")
    assert {code for code, _, _ in ended} == {1}
    with held(tmp_path) as store:
        (row,) = rows(store)
        assert row["state"] == "failed"
        assert row["evidence"].startswith("Rank 2 of 3 failed first. ValueError. no more data on rank 2")
        errors = {e.content["rank"]: e.content for e in store.events(row["experiment_id"], kinds=["error"])}
        assert set(errors) == {0, 1, 2}
        assert "raise ValueError" in errors[2]["trace"]


@pytest.mark.crash
@pytest.mark.requirement("S4.21")
def test_a_rank_that_was_killed_is_named_when_the_others_end(tmp_path):
    ended = launch(tmp_path, 3, "killed", "project=p")
    assert [code for code, _, _ in ended] == [0, -9, 0]
    with held(tmp_path, sync=True) as store:
        (row,) = rows(store)
        assert row["evidence"] == "It called finish(). Of 3 ranks, 1 did not tell how it ended."


def test_tasks_of_a_slurm_step_on_several_machines_come_to_one_id_without_meeting(tmp_path):
    step = {
        "SLURM_STEP_NUM_TASKS": "2", "SLURM_JOB_ID": "4711", "SLURM_STEP_ID": "0", "SLURM_STEP_TASKS_PER_NODE": "1(x2)",
    }  # fmt: skip
    here = {"SLURM_PROCID": "0", "SLURM_NODEID": "0", "SLURM_LOCALID": "0", **step}
    processes = [start(tmp_path, here, "logs", "project=p")]
    ended = [(process, process.communicate(timeout=200)) for process in processes]
    first = ended[0][1][0].split()[0]
    assert first.startswith("exp_slurm_4711_")
    with held(tmp_path) as store:
        assert rows(store)[0]["experiment_id"] == first
    ranks = Ranks(rank=1, world_size=2, local_rank=0, local_world_size=1, node=1, how="SLURM", launch="slurm  4711 0")
    other = alone(tmp_path / "another-disk", ranks, "p")
    assert (other.experiment_id, other.speaks) == (first, False)


def alone(folder, ranks, project, told=None, **asked):
    """What a rank comes to that nobody answers."""
    settings = settings_from({}, directory=folder)
    notices = Notices(is_quiet=True)
    notices.warn = lambda kind, text: (told if told is not None else []).append(text)
    origin = Origin(experiment_id="exp_20260101_000000_aaaaaaaa", project=project, name="n", ranks=ranks)
    what = Joining(project, None, None, **asked)
    return join(origin, ranks, what, settings, notices, resumed=lambda origin, again: origin, timeout_s=0.05)


@pytest.fixture(autouse=True)
def no_marks(monkeypatch):
    monkeypatch.setenv(RANK_OF, "0")  # join sets it for children: this process is none
    monkeypatch.delenv(RANK_OF)


def test_a_rank_that_hears_nothing_says_so_and_records_on_its_own(tmp_path):
    ranks, said = Ranks(rank=3, world_size=4, how="torchrun", launch="lost"), []
    found = alone(tmp_path, ranks, "p", said)
    assert (found.experiment_id, found.speaks) == ("exp_20260101_000000_aaaaaaaa", True)
    assert found.name == "n rank 3"
    assert "rank 3 of 4 (told by torchrun) heard nothing from rank 0" in said[0]
    other = alone(tmp_path, Ranks(rank=2, world_size=4, how="torchrun", launch="lost"), "p", [])
    assert other.group == found.group is not None


def test_words_of_an_earlier_start_or_of_a_dead_launch_are_not_taken(tmp_path):
    ranks = Ranks(rank=1, world_size=2, how="torchrun", launch="again", restarts=1)
    meeting = Meeting(ranks, tmp_path)
    key = meeting.key("p", None, None, 0)
    word = {"experiment_id": "exp_20260101_000000_bbbbbbbb", "project": "p", "name": "n", "generation": 0}
    place = FilePlace(tmp_path)
    place.put(key, {**word, "restarts": 0, "host": "elsewhere", "by": "1@1"})
    assert meeting.word(key) is None
    assert meeting.before(key)["experiment_id"] == word["experiment_id"]
    place.put(key, {**word, "restarts": 1, "host": "elsewhere", "by": "1@1"})
    assert meeting.word(key) is not None
    Meeting(ranks, tmp_path).tell(key, word)
    told = json.loads((tmp_path / f"{key}.json").read_text())
    (tmp_path / f"{key}.json").write_text(json.dumps({**told, "by": "2147480000@1"}))
    assert meeting.word(key) is None


@pytest.mark.parametrize("torn", ["", "{", "[]", "7", '{"experiment_id": 5}', '{"restarts": 0}'])
def test_a_torn_or_foreign_word_does_no_harm(tmp_path, torn):
    ranks = Ranks(rank=1, world_size=2, how="torchrun", launch=f"torn{torn}")
    folder = tmp_path / "v1" / "ranks"
    folder.mkdir(parents=True)
    meeting = Meeting(ranks, folder)
    for n in range(3):
        (folder / f"{meeting.key('p', None, None, n)}.json").write_text(torn)
    assert alone(tmp_path, ranks, "p", []).speaks


def test_a_folder_that_takes_nothing_leaves_rank_0_as_it_is(tmp_path):
    (tmp_path / "v1").write_text("a file")
    ranks = Ranks(rank=0, world_size=2, how="torchrun", launch="unwritable")
    assert alone(tmp_path, ranks, "p", []).speaks


def test_what_a_rank_starts_begins_an_experiment_of_its_own(tmp_path):
    ended = launch(tmp_path, 1, "logs", "project=p", WORLD_SIZE="2", TRACKIO_RANK_PROCESS="1")
    assert ended[0][0] == 0
    with held(tmp_path) as store:
        (row,) = rows(store)
        assert starts(store, row["experiment_id"])[0]["rank"] is None


def test_one_rank_of_one_waits_for_nobody(tmp_path):
    ended = start(tmp_path, rank_variables(0, 1), "logs", "project=p").communicate(timeout=200)
    assert "heard nothing" not in ended[1]
    assert not (tmp_path / "v1" / "ranks").exists()  # nowhere a word was left or looked for
