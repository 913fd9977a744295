"""Hugging Face trainer logs: four real ones, and what other files of the kind may hold."""

import json
import math
from pathlib import Path

import pytest

from trackio_client.errors import UsageError
from trackio_client.exchange.hf_trainer import find_logs, read_log


def logged(run, metric):
    return {entry.step: entry.values[metric] for entry in run.entries if metric in entry.values}


def written(folder: Path, history, **state) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "trainer_state.json"
    path.write_text(json.dumps({"log_history": history, **state}))
    return path


@pytest.mark.requirement("S1.31")
def test_the_names_of_the_trainer_are_kept_and_every_number_is_there(tmp_path):
    history = [
        {"loss": 2.5, "grad_norm": 1.0, "learning_rate": 5e-5, "mean_token_accuracy": 0.5, "epoch": 0.1, "step": 10},
        {"eval_loss": 2.0, "eval_runtime": 3.0, "epoch": 0.1, "step": 10},
    ]
    run = read_log(written(tmp_path, history))
    assert [entry.step for entry in run.entries] == [10, 10]
    assert list(run.entries[0].values) == ["loss", "grad_norm", "learning_rate", "mean_token_accuracy", "epoch"]
    assert run.entries[1].values == {"eval_loss": 2.0, "eval_runtime": 3.0, "epoch": 0.1}


def test_a_run_that_reached_its_last_step_is_finished_and_says_why(tmp_path):
    run = read_log(written(tmp_path, [{"loss": 1.0, "step": 50}], global_step=50, max_steps=50))
    assert (run.state, run.evidence) == ("finished", "The log reaches the last step, 50 of 50.")


def test_a_run_that_stopped_early_by_itself_is_finished_by_its_closing_entry(tmp_path):
    history = [{"loss": 1.0, "step": 50}, {"train_runtime": 25.0, "train_loss": 1.0, "step": 50}]
    run = read_log(written(tmp_path, history, global_step=50, max_steps=500))
    assert run.state == "finished"
    assert run.evidence == "Training returned at step 50 of 500: the log has its closing entry."
    assert run.seconds_a_step == 0.5


def test_a_run_that_ends_before_its_last_step_is_interrupted(tmp_path):
    run = read_log(written(tmp_path, [{"loss": 1.0, "step": 50}], global_step=50, max_steps=500))
    assert run.state == "interrupted"
    assert "step 50 of 500" in run.evidence
    assert run.seconds_a_step is None


def test_not_a_number_and_infinity_are_kept_as_json_wrote_them(tmp_path):
    path = tmp_path / "trainer_state.json"
    path.write_text('{"log_history": [{"loss": NaN, "grad_norm": Infinity, "learning_rate": -Infinity, "step": 1}]}')
    values = read_log(path).entries[0].values
    assert math.isnan(values["loss"])
    assert (values["grad_norm"], values["learning_rate"]) == (math.inf, -math.inf)


def test_entries_without_a_step_stand_at_the_step_before_and_are_told(tmp_path):
    run = read_log(written(tmp_path, [{"loss": 1.0, "step": 5}, {"loss": 0.9}, {"loss": 0.8, "step": 7}]))
    assert [entry.step for entry in run.entries] == [5, 5, 7]
    assert run.notes == ("entries without a step stand at the step before them (1×)",)


def test_nested_values_texts_and_odd_ones_are_sorted_like_log_does(tmp_path):
    entry = {"rewards": {"chosen": 1, "ok": True}, "phase": "warm", "list": [1], "none": None, "big": 10**400}
    run = read_log(written(tmp_path, [entry | {"step": 1}]))
    assert run.entries[0].values == {"rewards/chosen": 1.0, "rewards/ok": 1.0, "big": math.inf}
    assert run.entries[0].texts == {"phase": "warm"}
    assert run.notes == ("left out 'list': a list is no metric (1×)",)


def test_each_evaluation_set_has_its_own_mark(tmp_path):
    dev, plain = {"eval_dev_loss": 1.0, "eval_dev_runtime": 2.0}, {"eval_loss": 2.0, "eval_f1": 0.5}
    history = [dev | {"step": 4}, plain | {"step": 8}]
    marks = [mark for entry in read_log(written(tmp_path, history)).entries for mark in entry.marks]
    assert [mark["title"] for mark in marks] == ["Evaluation of dev at step 4", "Evaluation at step 8"]
    assert marks[1]["data"] == {"eval_loss": 2.0, "eval_f1": 0.5}


def test_the_best_checkpoint_is_a_mark_and_shows_which_direction_is_better(tmp_path):
    history = [{"eval_f1": 0.5, "step": 10}, {"eval_f1": 0.7, "step": 20}, {"eval_f1": 0.6, "step": 30}]
    run = read_log(written(tmp_path, history, best_metric=0.7, best_model_checkpoint="out/checkpoint-20"))
    ((step, mark),) = run.marks
    assert (step, mark["data"]["metric"], run.goals) == (20, "eval_f1", {"eval_f1": "max"})


def test_of_an_output_folder_the_log_that_goes_furthest_is_taken(tmp_path):
    for step in (500, 1000, 90):
        written(tmp_path / "run-a" / f"checkpoint-{step}", [{"loss": 1.0, "step": step}])
    written(tmp_path / "run-b" / "checkpoint-10", [{"loss": 1.0, "step": 10}])
    written(tmp_path / "run-b", [{"loss": 1.0, "step": 20}])
    found = [log.parent.relative_to(tmp_path).as_posix() for log in find_logs(tmp_path)]
    assert found == ["run-a/checkpoint-1000", "run-b"]
    assert read_log(find_logs(tmp_path / "run-a" / "checkpoint-90")[0]).name == "run-a"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"log_history": [{"loss": 1', "is no JSON"),
        ('{"log_history": [{"loss": 1', "seems to be cut off"),
        ("[]", "must hold a JSON object, it holds a list"),
        ('{"loss": 1}', "its keys are 'loss'"),
        ('{"log_history": []}', "empty 'log_history'"),
        ('{"log_history": [3]}', "entry 0 of 'log_history'"),
        ('{"log_history": [{"loss": 1, "step": 1}, {"loss": 1, "step": 1.5}]}', "entry 1 of 'log_history'"),
        ('{"log_history": [{"loss": 1, "step": -1}]}', "must be between 0 and 2**63 - 1"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_state_of_a_trainer_is_refused_with_the_place(tmp_path, content, told):
    path = tmp_path / "trainer_state.json"
    path.write_text(content)
    with pytest.raises(UsageError) as error:
        read_log(path)
    assert told in str(error.value)
    assert str(path) in str(error.value)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "trainer_state.json"
    path.write_bytes(b"\xff\xfe\x00binary")
    with pytest.raises(UsageError, match="no text in UTF-8"):
        read_log(path)


def test_a_folder_without_a_log_and_a_path_with_nothing_say_what_to_name(tmp_path):
    with pytest.raises(UsageError, match=r"no trainer_state\.json in"):
        find_logs(tmp_path)
    with pytest.raises(UsageError, match="there is nothing at"):
        find_logs(tmp_path / "absent")


DATA = Path(__file__).parent / "data"  # real logs, each beside its SOURCE.txt


def real(name):
    (log,) = find_logs(DATA / name)
    return read_log(log)


def test_the_summarisation_log_runs_from_25_5_to_2_24_and_was_not_done():
    run = real("mt5-rouge")
    loss, evaluated = logged(run, "loss"), logged(run, "eval_loss")
    assert (round(loss[10], 1), round(loss[7000], 2), len(loss)) == (25.5, 2.24, 700)
    assert (round(evaluated[100], 3), round(evaluated[7000], 3), len(evaluated)) == (3.398, 2.065, 70)
    assert {"eval_rouge1", "eval_rouge2", "eval_rougeL", "eval_rougeLsum"} <= set(run.entries[-1].values)
    assert (run.state, "step 7,000 of 9,411" in run.evidence) == ("interrupted", True)


def test_the_speech_log_is_best_in_words_at_the_end_and_best_in_loss_before():
    run = real("whisper-wer")
    ((step, mark),) = run.marks
    assert (step, mark["data"]["metric"], round(mark["data"]["value"], 4)) == (15000, "eval_wer", 9.6159)
    assert run.goals == {"eval_wer": "min"}
    evaluated = logged(run, "eval_loss")
    assert (min(evaluated, key=evaluated.__getitem__), round(min(evaluated.values()), 4)) == (12000, 0.2088)
    assert run.state == "finished"
    assert run.seconds_a_step == pytest.approx(476827.8094 / 15000)


def test_the_overfitted_log_keeps_six_evaluation_sets_apart():
    run = real("overfit-multi-eval")
    loss, first = logged(run, "loss"), logged(run, "eval_g0_loss")
    values = list(first.values())
    assert (round(loss[min(loss)], 4), round(loss[max(loss)], 4)) == (1.1074, 0.0549)
    assert (len(values), values.index(min(values))) == (31, 1)
    assert (round(min(values), 4), round(values[-1], 4)) == (1.1138, 2.7487)
    accuracy = list(logged(run, "eval_g0_accuracy").values())
    assert (round(max(accuracy), 4), round(accuracy[-1], 4)) == (0.7082, 0.5935)
    titles = {mark["title"].split(" at ")[0] for entry in run.entries for mark in entry.marks}
    assert titles == {f"Evaluation of g{i}" for i in range(6)}
    assert run.marks == ()  # best_metric is null


def test_the_log_of_every_step_has_128_of_them_and_the_pace_of_its_closing_entry():
    run = real("metamath")
    assert len(logged(run, "loss")) == len(logged(run, "grad_norm")) == len(logged(run, "learning_rate")) == 128
    assert run.entries[0].values["loss"] == 1.0372
    assert run.seconds_a_step == pytest.approx(73.5833 / 128)
    assert run.config["total_flos"] == 71872002048.0
    assert run.state == "finished"
