"""Each example runs as a reader would run it, and what it shows is in the store afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from trackio_client.reader import Api
from trackio_client.reader.experiment import LoggedExperiment
from trackio_client.wire.asks import SeriesQuery

ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, *command: str, **more: str) -> list[LoggedExperiment]:
    """The experiments that an example left; `more` is of its environment."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("TRACKIO", "HF_", "WANDB"))}
    environ |= {"TRACKIO_DIR": str(folder), "TRACKIO_HARDWARE_S": "0.5", "OMP_NUM_THREADS": "1", **more}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    api = Api(folder)
    return [experiment for project in api.projects() for experiment in api.experiments(project)]


@pytest.mark.requirement("S1.32")
def test_digits_are_read_and_every_digit_has_its_scores(tmp_path):
    [one] = run(tmp_path, "examples.digits", "--epochs=2")
    assert (one.project, one.state) == ("digits", "finished")
    assert len(one.series("eval_accuracy").values) == 2
    assert one.summary["eval_accuracy"]["last"] > 0.3
    f1 = [one.summary[f"eval/label/{digit}/f1"]["last"] for digit in range(10)]
    assert sum(f1) / 10 == pytest.approx(one.summary["eval_macro_f1"]["last"], abs=1e-9)


@pytest.mark.requirement("S1.31", "S1.33")
def test_sft_keeps_what_trl_logs_under_its_names(tmp_path):
    [one] = run(tmp_path, "examples.sft", "--steps=12")
    assert (one.project, one.state) == ("sft", "finished")
    for name in ("loss", "grad_norm", "learning_rate", "epoch", "num_tokens", "mean_token_accuracy"):
        assert len(one.series(name).values) >= 12, name
    assert one.series("num_tokens").values[-1] == one.series("eval_num_tokens").values[-1]
    assert one.series("loss").values[-1] < one.series("loss").values[0]


@pytest.mark.requirement("S1.33")
def test_dpo_keeps_rewards_margins_and_log_probabilities(tmp_path):
    [one] = run(tmp_path, "examples.dpo", "--steps=6")
    chosen, rejected, margins = (one.series(f"rewards/{what}").values for what in ("chosen", "rejected", "margins"))
    assert len(margins) == 6
    assert margins == pytest.approx(chosen - rejected, abs=1e-5)
    assert {"rewards/accuracies", "logps/chosen", "logps/rejected", "eval_rewards/margins"} <= set(one.metrics)


@pytest.mark.requirement("S1.38")
def test_a_training_without_memory_is_failed_and_says_so(tmp_path):
    [one] = run(tmp_path, "examples.out_of_memory", "--fails-at=4")
    assert one.state == "failed"
    assert "memory" in one.evidence
    assert len(one.series("loss").values) == 3


def test_a_plain_loop_has_a_point_a_step_and_one_an_evaluation(tmp_path):
    [one] = run(tmp_path, "examples.pytorch_loop", "--epochs=4")
    assert (one.project, one.state) == ("moons", "finished")
    assert one.series("train/loss").steps.tolist() == list(range(40))
    assert one.series("eval/accuracy").steps.tolist() == [10, 20, 30, 40]
    assert one.summary["eval/accuracy"]["best"] == one.series("eval/accuracy").values.max()


@pytest.mark.requirement("S4.11", "S4.13", "S4.24", "S4.25")
def test_names_in_tweets_have_scores_of_labels_and_entities_errors_and_a_training_sample(tmp_path, test_data):
    ample = {"TRACKIO_FORWARD_SHARE": "100"}  # a sample, however busy the machine is
    [one] = run(tmp_path, "examples.token_classification", str(test_data / "wnut17"), "--epochs=2", **ample)
    assert (one.project, one.state) == ("names-in-tweets", "finished")
    tags = [
        line.split("\t")[1] for line in (test_data / "wnut17" / "emerging.dev.conll").read_text().splitlines() if line
    ]
    counts = one.run_config["dataset_counts"]
    for tag in set(tags):
        assert sum(counts[part]["label_counts"][tag] for part in ("train", "validation")) == tags.count(tag)
    assert [len(entry["per_label_metrics"]) for entry in one.epoch_metrics] == [13, 13]
    rates = one.epoch_metrics[0]["entity_rates"]
    assert rates["gold_entities"] == sum(
        counts["validation"]["label_counts"][tag] for tag in set(tags) if tag.startswith("B-")
    )
    assert one.epoch_metrics[1]["train_sample"]["samples"] == one.epoch_metrics[0]["train_sample"]["samples"] >= 8


@pytest.mark.requirement("S1.39")
def test_two_processes_are_one_experiment_with_the_loss_as_mean_and_spread(tmp_path):
    [one] = run(tmp_path, "examples.two_processes", "--steps=20")
    assert (one.project, one.state) == ("two-processes", "finished")
    with Api(tmp_path) as api:
        told = [event["content"]["process"] for event in api.source.events(one.experiment_id, ["start"])]
        both = api.series(one.experiment_id, "train/loss", ranks="spread")
        query = SeriesQuery(experiments=(one.experiment_id,), metrics=("train/loss",), ranks="each")
        each = {metric: series.values for (_, metric), series in api.source.series(query).items()}
    assert sorted((process["rank"], process["world_size"]) for process in told) == [(0, 2), (1, 2)]
    assert both.steps.tolist() == list(range(20))
    values = np.array([each["train/loss"], each["train/loss@rank=1"]])
    assert both.values == pytest.approx(values.mean(axis=0))
    assert both.std == pytest.approx(values.std(axis=0))
    assert (values[0] != values[1]).all()  # each process has its own part of the data


@pytest.mark.requirement("S1.34")
def test_a_training_that_diverges_ends_right_and_hides_nothing(tmp_path):
    [one] = run(tmp_path, "examples.diverges")
    assert one.state == "finished"
    assert one.series("loss_not_finite_steps").values.sum() >= 30
    assert len(one.epoch_metrics) == 4
    for entry in one.epoch_metrics:
        assert entry["eval_loss"] != entry["eval_loss"]  # NaN, and there
        assert entry["eval_accuracy"] == 0.0
