"""Each example runs as a reader would run it, and what it shows is in the store afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trackio_client.reader import Api
from trackio_client.reader.experiment import LoggedExperiment

ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, *command: str) -> list[LoggedExperiment]:
    """The experiments that an example left."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("TRACKIO", "HF_", "WANDB"))}
    environ |= {"TRACKIO_DIR": str(folder), "TRACKIO_HARDWARE_S": "0.5", "OMP_NUM_THREADS": "1"}
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
    [one] = run(tmp_path, "examples.token_classification", str(test_data / "wnut17"), "--epochs=2")
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


@pytest.mark.requirement("S1.34")
def test_a_training_that_diverges_ends_right_and_hides_nothing(tmp_path):
    [one] = run(tmp_path, "examples.diverges")
    assert one.state == "finished"
    assert one.series("loss_not_finite_steps").values.sum() >= 30
    assert len(one.epoch_metrics) == 4
    for entry in one.epoch_metrics:
        assert entry["eval_loss"] != entry["eval_loss"]  # NaN, and there
        assert entry["eval_accuracy"] == 0.0
