"""config_*.json, eval_results_step_*.json, training_summary_*.json: which belong together, and what they say."""

from __future__ import annotations

import json

import pytest

from tests.exchange.held import Held
from trackio_client.errors import UsageError
from trackio_client.exchange.kinds import readings_at
from trackio_client.exchange.past import deliver

S = "20250727_151307"


def put(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def brought(folder, held):
    return [deliver(run, "p", held) for reading in readings_at(folder) for run in reading.runs]


@pytest.mark.requirement("S1.57")
def test_files_of_one_stamp_are_one_experiment(tmp_path):
    held = Held()
    put(tmp_path, **{
        f"config_my_run_{S}": {"learning_rate": 2e-5, "trackio_token": "hf_abcdefghijklmnopqrstu"},
        f"eval_results_step_500_{S}": {"eval_loss": 0.5, "bleu": 31.0},
        f"eval_results_step_1000_{S}": {"eval_loss": "0.4", "per_label": {"A": 0.5}},
        f"eval_results_step_unknown_{S}": {"eval_final": 0.39},
        f"training_summary_my_run_{S}": {"final_loss": 0.3, "experiment_duration_seconds": 3600.0},
    })  # fmt: skip
    (done,) = brought(tmp_path, held)
    assert (done.name, done.state, done.points) == ("my_run", "finished", 4)
    own = done.experiment_id
    assert held.series(own, "eval_loss") == [(500, 0.5), (1000, 0.4)]
    assert held.series(own, "eval_bleu") == [(500, 31.0)]  # B19: the prefix only where it is missing
    assert held.series(own, "eval_per_label/A") == [(1000, 0.5)]
    assert held.of(own, "config")[0]["values"]["trackio_token"] == "***"
    assert held.of(own, "summary")[0]["values"] == {
        "final_loss": 0.3, "experiment_duration_seconds": 3600.0, "eval_final": 0.39,
    }  # fmt: skip
    assert [(mark["mark"], mark["step"]) for mark in held.of(own, "mark")] == [
        ("evaluation", 500), ("evaluation", 1000), ("evaluation", None),
    ]  # fmt: skip
    assert held.starts[own]["time_us"] == 1753629187_000_000
    assert held.of(own, "end")[0]["time_us"] == (1753629187 + 3600) * 1_000_000 + 2
    assert [one.added_events for one in brought(tmp_path, held)] == [0]


def test_a_training_that_went_on_adds_its_evaluations_and_its_end(tmp_path):
    held = Held()
    put(tmp_path, **{f"config_r_{S}": {"a": 1}, f"eval_results_step_500_{S}": {"eval_loss": 0.5}})
    (first,) = brought(tmp_path, held)
    put(tmp_path, **{f"eval_results_step_100_{S}": {"eval_loss": 0.9}, f"training_summary_r_{S}": {"status": "failed"}})
    (again,) = brought(tmp_path, held)
    assert again.experiment_id == first.experiment_id
    assert (first.state, again.state) == ("interrupted", "failed")
    assert sorted(held.series(first.experiment_id, "eval_loss")) == [(100, 0.9), (500, 0.5)]
    assert brought(tmp_path, held)[0].added_events == 0


def test_two_monitors_of_one_second_share_no_evaluation_whose_owner_is_unknown(tmp_path):
    put(tmp_path, **{
        f"config_a_{S}": {"x": 1}, f"config_b_{S}": {"x": 2}, f"eval_results_step_5_{S}": {"loss": 1.0},
        f"eval_results_step_6_{S}": {"loss": 2.0, "experiment_name": "b"},
    })  # fmt: skip
    (reading,) = readings_at(tmp_path)
    runs = {run.name: [entry.step for entry in run.entries] for run in reading.runs}
    assert runs == {"a": [], "b": [6], f"evaluations {S}": [5]}


def test_files_without_a_stamp_are_joined_by_name_or_by_being_the_only_one(tmp_path):
    put(
        tmp_path,
        config_r={"a": 1},
        training_summary_r={"error": "CUDA out of memory"},
        eval_results_step_10={"f1": 0.0},
    )
    (reading,) = readings_at(tmp_path)
    (run,) = reading.runs
    assert (run.name, run.state, run.config) == ("r", "failed", {"a": 1})
    assert [entry.values for entry in run.entries] == [{"eval_f1": 0.0}]


def test_a_config_of_another_tool_is_no_experiment(tmp_path):
    put(tmp_path, config_sentence_transformers={"a": 1})
    with pytest.raises(UsageError, match="nothing to import"):
        readings_at(tmp_path)
    (run,) = readings_at(tmp_path / "config_sentence_transformers.json")[0].runs  # but who names it means it
    assert run.config == {"a": 1}


def test_a_broken_file_is_named_and_the_others_come_in(tmp_path):
    put(tmp_path, **{f"config_r_{S}": {"a": 1}, f"eval_results_step_5_{S}": [1]})
    (tmp_path / f"training_summary_r_{S}.json").write_text('{"final_loss": 0.')
    (reading,) = readings_at(tmp_path)
    (run,) = reading.runs
    assert run.state == "interrupted"
    assert len(list(reading.skipped)) == 2


def test_two_trainings_of_one_name_and_second_in_two_folders_stay_apart_and_a_copy_does_not(tmp_path):
    held = Held()
    for folder, seed in (("one", 1), ("two", 2), ("copy of one", 1)):
        put(tmp_path / folder, **{f"config_ünïcode 🚀_{S}": {"seed": seed}, f"eval_results_step_5_{S}": {"f1": seed}})
    done = brought(tmp_path, held)
    assert len({one.experiment_id for one in done}) == 2
    assert [one.added_events > 0 for one in done] == [True, False, True]  # by the folders' names: the copy comes first
