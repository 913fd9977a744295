"""Where the scores of the training sample stand: in a group of their own, behind what a page begins with."""

from __future__ import annotations

import pytest

from trackio_client.wire.names import quantity_of, resolve, sort_key

LOGGED = (
    "train_sample/label/B-PER/f1", "train_sample/f1", "train_sample/loss", "loss", "learning_rate", "grad_norm",
    "eval_loss", "eval/label/B-PER/f1", "step_time", "system/cpu_percent", "train_sample/label/B-PER/support",
)  # fmt: skip


@pytest.mark.requirement("S4.24")
def test_a_page_begins_with_what_the_training_does_and_not_with_its_sample():
    assert sorted(LOGGED, key=sort_key) == [
        "loss", "learning_rate", "grad_norm", "eval_loss", "eval/label/B-PER/f1", "train_sample/loss",
        "train_sample/f1", "train_sample/label/B-PER/f1", "train_sample/label/B-PER/support", "step_time",
        "system/cpu_percent",
    ]  # fmt: skip


@pytest.mark.requirement("S4.24")
@pytest.mark.parametrize(
    ("name", "title", "goal"),
    [
        ("train_sample/f1", "F1", "max"),
        ("train_sample/loss", "Loss", "min"),
        ("train_sample/label/O/recall", "Recall · O", "max"),
    ],
)
def test_a_score_of_the_sample_is_the_same_measure_as_that_of_the_evaluation_and_not_the_same_quantity(
    name, title, goal
):
    quantity = quantity_of(name)
    assert (quantity.group, quantity.title, quantity.goal) == ("train_sample", title, goal)
    assert resolve(name.replace("train_sample/", "eval/"), [name]) is None
    assert resolve(name, [name.replace("train_sample/", "eval_")]) is None


@pytest.mark.parametrize("name", ["train_sample/", "train_sample", "train_sample/odd", "train_sample//"])
def test_odd_names_of_samples_are_names(name):
    assert quantity_of(name).title
