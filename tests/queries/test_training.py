"""run_config, epoch_metrics and run_summary, from records, from metrics alone, and over HTTP as over the store."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from space.server import make_app
from space.settings import SpaceSettings
from trackio_client.cli.main import main
from trackio_client.errors import ExperimentNotFound
from trackio_client.lifecycle import process
from trackio_client.opening import init
from trackio_client.queries.training import training_summary
from trackio_client.reader import Api
from trackio_client.store.open import open_store
from trackio_client.wire.events import revive

DATA = Path(__file__).resolve().parents[1] / "exchange" / "data"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith(("TRACKIO_", "HF_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRACKIO_QUIET", "1")
    monkeypatch.setenv("TRACKIO_CAPTURE_CONSOLE", "0")
    yield tmp_path / "data"
    process.current = None


def told(experiment, now_s=None):
    """The summary of an experiment in the local store, with its numbers as numbers."""
    store = open_store(Path(os.environ["TRACKIO_DIR"], "v1", "store.sqlite"))
    try:
        return revive(training_summary(store, str(experiment), experiment_now(store, experiment, now_s)))
    finally:
        store.close()


def experiment_now(store, experiment, now_s):
    return store.experiment(str(experiment)).last_heard_s + (1.0 if now_s is None else now_s)


def evaluation(step, **scores):
    return {"epoch": step / 10, "global_step": step, **scores}


def recorded(*entries, finish="finished", **config):
    one = init("p", config=config or None)
    for entry in entries:
        one.record("epoch_metrics", entry, step=entry["global_step"], epoch=entry["epoch"])
    if finish:
        one.finish(finish)
    return one


@pytest.fixture
def real(capsys):
    """The logs of four trainings that others made: name → summary."""
    assert main(["import", str(DATA), "--project", "real", "--json"]) == 0
    found = {one["name"]: one["experiment_id"] for one in json.loads(capsys.readouterr().out)["imported"]}
    return {name: told(experiment_id) for name, experiment_id in found.items()}


@pytest.mark.requirement("S4.18", "S4.30")
def test_the_best_by_word_error_rate_and_by_loss_are_different_checkpoints(real):
    summary = real["whisper-wer"]["run_summary"]
    assert summary["best_by"]["eval_wer"]["step"] == 15_000
    assert summary["best_by"]["eval_wer"]["value"] == pytest.approx(9.6159, abs=1e-4)
    assert summary["best_by"]["eval_loss"]["step"] == 12_000
    assert summary["best_by"]["eval_loss"]["value"] == pytest.approx(0.2088, abs=1e-4)


@pytest.mark.requirement("S4.6", "S4.9")
def test_an_imported_log_has_an_entry_for_each_evaluation_with_the_loss_of_its_window(real):
    entries = real["overfit-multi-eval"]["epoch_metrics"]
    assert len(entries) == 31
    history = json.loads((DATA / "overfit-multi-eval" / "trainer_state.json").read_text())["log_history"]
    evaluations = [one for one in history if any(name.startswith("eval_") for name in one)]
    assert [entry["global_step"] for entry in entries] == sorted({one["step"] for one in evaluations})
    before = 0
    for entry in entries:
        step = entry["global_step"]
        for one in (one for one in evaluations if one["step"] == step):
            assert {name: entry[name] for name in one if name.startswith("eval_")} == pytest.approx(
                {name: value for name, value in one.items() if name.startswith("eval_")}
            )
        losses = [one["loss"] for one in history if "loss" in one and before < one["step"] <= step]
        if losses:  # they were logged at equal distances, so that their mean is that of the steps
            assert entry["train_loss_mean"] == pytest.approx(sum(losses) / len(losses), rel=1e-6)
            assert entry["train_loss_last"] == losses[-1]
        before = step


def test_a_training_without_evaluations_has_none_and_says_nothing_of_a_best(real):
    told_of = real["metamath"]
    assert told_of["epoch_metrics"] == []
    assert {"best_epoch", "best_f1", "best_metric", "early_stopping_triggered"} & told_of["run_summary"].keys() == set()


@pytest.mark.requirement("S4.7")
def test_best_f1_is_an_f1_and_never_the_greatest_of_any_metric():
    """B88: a support of 232 is no F1, and neither is that of one label."""
    one = recorded(
        evaluation(10, eval_f1=0.4, eval_support=232, eval_PER_f1=0.9, eval_accuracy=0.99),
        evaluation(20, eval_f1=0.5, eval_support=240, eval_PER_f1=0.8, eval_accuracy=0.98),
    )
    summary = told(one)["run_summary"]
    assert (summary["best_f1"], summary["best_f1_metric"], summary["best_f1_epoch"]) == (0.5, "eval_f1", 2.0)
    assert "eval_support" not in summary["best_by"]
    assert (summary["best_metric"], summary["best_epoch"]) == ("eval_f1", 2.0)


def test_without_an_f1_there_is_no_best_f1():
    summary = told(recorded(evaluation(10, eval_loss=0.4, eval_accuracy=0.9)))["run_summary"]
    assert "best_f1" not in summary
    assert (summary["best_metric"], summary["best_value"]) == ("eval_loss", 0.4)


@pytest.mark.requirement("S4.6")
def test_zero_is_a_score_and_nan_is_never_the_best():
    """B76."""
    one = recorded(evaluation(5, eval_f1=0.0), evaluation(10, eval_f1=math.nan), evaluation(15, eval_f1=0.0))
    found = told(one)
    assert [entry["epoch"] for entry in found["epoch_metrics"]] == [0.5, 1.0, 1.5]
    assert math.isnan(found["epoch_metrics"][1]["eval_f1"])
    assert (found["run_summary"]["best_f1"], found["run_summary"]["best_f1_epoch"]) == (0.0, 0.5)


def test_per_label_scores_are_found_under_every_name_they_have():
    """B73: the Trainer puts its prefix before a user's own dict."""
    scores = {"B-PER": {"f1": 0.5, "precision": 0.4, "recall": 0.6, "support": 12}}
    for name in ("per_label_metrics", "eval_per_label_metrics"):
        (entry,) = told(recorded(evaluation(10, **{name: scores})))["epoch_metrics"]
        assert entry["per_label_metrics"] == scores
        assert "eval_per_label_metrics" not in entry
    flat = {"eval/label/A/B/f1": 0.25, "eval/label/A/B/support": 3}
    (entry,) = told(recorded(evaluation(10, **flat)))["epoch_metrics"]
    assert entry["per_label_metrics"] == {"A/B": {"f1": 0.25, "support": 3}}
    seqeval = {"eval_PER_f1": 0.5, "eval_PER_number": 7, "eval_overall_f1": 0.4}
    (entry,) = told(recorded(evaluation(10, **seqeval)))["epoch_metrics"]
    assert entry["per_label_metrics"] == {"PER": {"f1": 0.5, "support": 7}}
    assert entry["eval_overall_f1"] == 0.4


def test_a_loop_that_logs_by_hand_has_evaluations_too():
    one = init("p", config={"metric_for_best_model": "f1", "greater_is_better": True, "max_steps": 40})
    for step in range(1, 41):
        one.log({"loss": 1 / step, "lr": 0.1}, step=step)
        if step % 20 == 0:
            one.log({"val/f1": step / 100, "val/loss": 2 / step, "epoch": step / 20}, step=step)
    one.finish()
    found = told(one)
    assert [entry["global_step"] for entry in found["epoch_metrics"]] == [20, 40]
    first = found["epoch_metrics"][0]
    assert first["train_loss_mean"] == pytest.approx(sum(1 / step for step in range(1, 21)) / 20)
    assert (first["train_loss_last"], first["eval_f1"], first["learning_rate"]) == (1 / 20, 0.2, 0.1)
    assert found["run_summary"]["best_epoch"] == 2.0
    assert found["run_config"]["max_steps"] == 40


@pytest.mark.requirement("S4.8", "S4.7")
def test_a_summary_is_there_before_the_end_and_after_every_kind_of_end():
    one = recorded(evaluation(10, eval_f1=0.3), finish=None)
    one.finish("failed", error=MemoryError("no room"))
    found = told(one)
    assert (found["state"], found["run_summary"]["is_final"]) == ("failed", True)
    assert (found["failures"][0]["kind"], found["failures"][0]["error"]) == ("out_of_memory", "MemoryError")
    assert found["run_summary"]["best_f1"] == 0.3
    empty = init("p")
    empty.finish("interrupted", signal="SIGTERM")
    nothing = told(empty)
    assert nothing["failures"][0]["kind"] == "interrupted"
    assert (nothing["epoch_metrics"], nothing["checkpoints"], nothing["exports"]) == ([], [], [])
    assert "num_checkpoints" not in nothing["run_summary"]  # nobody counted: that is not 0


@pytest.mark.requirement("S4.21")
@pytest.mark.parametrize(
    ("end", "kind"),
    [
        ({"signal": "SIGKILL"}, "killed"), ({"exit_code": 137}, "killed"), ({"signal": "SIGSEGV"}, "killed"),
        ({"signal": "SIGTERM"}, "interrupted"), ({"exit_code": 1}, "unknown"),
    ],
)  # fmt: skip
def test_being_killed_is_told_from_other_ends(end, kind):
    one = recorded(evaluation(10, eval_loss=0.3), finish=None)
    one.finish("failed", **end)
    assert [failure["kind"] for failure in told(one)["failures"]] == [kind]
    finished = recorded(evaluation(10, eval_loss=0.3))
    assert told(finished)["failures"] == []


def test_an_error_that_is_told_twice_is_one_failure_and_those_of_other_ranks_are_their_own():
    one = recorded(finish=None)
    for rank in (0, 2):
        one.record("failure", {"kind": "cuda", "error": "RuntimeError", "message": "CUDA error", "rank": rank})
    one.finish("failed", error=RuntimeError("CUDA error"))
    assert [failure["rank"] for failure in told(one)["failures"]] == [0, 2]


def test_what_is_no_record_of_ours_breaks_nothing():
    one = recorded(finish=None)
    for data in ({"global_step": "seven"}, {}, {"epoch": True, "global_step": 1.5}, {"per_label_metrics": "none"}):
        one.record("epoch_metrics", data)
    one.event("record", record=7, data=[1])
    one.event("record", record="checkpoint", data={"path": None, "metrics": "many", "bytes": "much"})
    one.record("run_summary", {"early_stopping": {"metric": 3}})
    one.finish()
    assert told(one)["state"] == "finished"


def test_an_experiment_that_is_not_there_says_so(home):
    recorded(evaluation(10, eval_loss=1.0))
    store = open_store(home / "v1" / "store.sqlite")
    with pytest.raises(ExperimentNotFound, match="exp_nowhere"):
        training_summary(store, "exp_nowhere", 0.0)
    store.close()


@pytest.mark.requirement("S4.8")
def test_http_python_and_the_command_line_tell_one_thing(home, capsys):
    one = recorded(evaluation(10, eval_f1=0.3, eval_loss=math.nan), evaluation(20, eval_f1=0.2), lr=0.1)
    with Api() as api:
        here = api.experiment(one.experiment_id)
        local = here.training
        assert here.run_summary["best_f1"] == 0.3
        assert [entry["global_step"] for entry in here.epoch_metrics] == [10, 20]
        assert here.run_config == {"lr": 0.1}
        assert (here.checkpoints, here.failures) == ([], [])
    store = open_store(home / "v1" / "store.sqlite")
    with TestClient(make_app(SpaceSettings(directory=home), store, pages=False), base_url="http://127.0.0.1") as client:
        answer = client.get(f"/v1/experiments/{one.experiment_id}/summary")
        assert client.get("/v1/experiments/exp_nowhere/summary").status_code == 404
    store.close()
    over_http = answer.json()
    assert over_http["epoch_metrics"][0]["eval_loss"] == {"$float": "NaN"}
    assert json.dumps(revive(over_http), sort_keys=True) == json.dumps(local, sort_keys=True)
    assert main(["show", one.experiment_id, "--summary", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["run_summary"]["best_f1"] == 0.3
    assert main(["show", one.experiment_id, "--summary"]) == 0
    text = capsys.readouterr().out
    assert "eval_f1 0.3 at epoch 1, step 10" in text
    assert text.count("\n") < 20


def test_a_metric_of_several_ranks_is_one_in_the_evaluations(home):
    with init("ranks") as experiment:
        experiment.log({"eval_loss": 0.4, "eval_loss@rank=1": 0.6}, step=1)
    told = Api(home).experiment(experiment.experiment_id).training
    assert [(entry["global_step"], entry["eval_loss"]) for entry in told["epoch_metrics"]] == [(1, pytest.approx(0.5))]
    assert set(told["run_summary"]["best_by"]) == {"eval_loss"}
