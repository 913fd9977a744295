"""The table from metric names to what they mean."""

import json

import pytest

from trackio_client.wire.names import quantity_of, resolve, sort_key
from trackio_client.wire.quantity import GROUPS

TRAINER = [
    "loss",
    "grad_norm",
    "learning_rate",
    "epoch",
    "eval_loss",
    "eval_runtime",
    "eval_samples_per_second",
    "train_loss",
]


@pytest.mark.parametrize("name", ["loss", "train/loss", "train_loss", "training/loss"])
def test_every_spelling_of_the_training_loss_is_one_quantity(name):
    found = quantity_of(name)
    assert (found.name, found.group, found.goal) == ("training loss", "train", "min")


@pytest.mark.parametrize("name", ["eval_loss", "eval/loss", "val_loss", "validation/loss", "valid.loss"])
def test_every_spelling_of_the_evaluation_loss_is_one_quantity(name):
    assert (quantity_of(name).name, quantity_of(name).group) == ("evaluation loss", "eval")


def test_evaluation_sets_are_told_apart():
    first, second = quantity_of("eval_g0_loss"), quantity_of("eval_g1_accuracy")
    assert (first.name, first.of, first.goal) == ("evaluation loss", "g0", "min")
    assert (second.name, second.of, second.goal) == ("evaluation accuracy", "g1", "max")
    assert quantity_of("eval_g0_samples_per_second").group == "speed"


@pytest.mark.parametrize(
    ("name", "quantity", "label"),
    [
        ("eval/label/PER/f1", "per-label F1", "PER"),
        ("eval_label/3/f1", "per-label F1", "3"),
        ("eval/label/A/B/support", "per-label support", "A/B"),
        ("eval_LOC_recall", "per-label recall", "LOC"),
    ],
)
def test_labels_are_read_out_of_names(name, quantity, label):
    found = quantity_of(name)
    assert (found.name, found.of, found.group) == (quantity, label, "label")


def test_a_lower_case_word_is_an_evaluation_set_and_no_label():
    assert quantity_of("eval_dev_f1").group == "eval"


@pytest.mark.requirement("S1.24")
@pytest.mark.parametrize("name", ["system/gpu_3_utilization", "gpu_3_utilization", "system/gpu.3.gpu"])
def test_hardware_is_found_under_all_its_names(name):
    found = quantity_of(name)
    assert (found.name, found.of, found.unit, found.group) == ("GPU utilization", "3", "%", "system")


@pytest.mark.requirement("S1.24")
def test_bare_words_are_hardware_only_where_nothing_else_can_be_meant():
    assert quantity_of("cpu_percent").group == quantity_of("memory_percent").group == "system"
    assert quantity_of("memory").group == "other"


@pytest.mark.requirement("S1.31")
@pytest.mark.parametrize(
    "name",
    [
        "loss",
        "grad_norm",
        "learning_rate",
        "epoch",
        "num_tokens",
        "mean_token_accuracy",
        "total_tokens",
        "padding_tokens",
        "truncated_tokens",
        "throughput",
        "step_time",
        "batch_size",
        "seq_len",
        "token_acc",
        "train/gate_ortho",
        "train/center",
        "perplexity",
        "bleu_score",
    ],
)
def test_no_name_of_the_trainers_is_among_the_others(name):
    assert quantity_of(name).group in ("train", "speed")


@pytest.mark.parametrize("name", ["", "/", "a/", "/b", "eval_", "system/", "×😀", "9²", "<b>x</b>", "x" * 300, "a/b/c"])
def test_odd_names_are_kept_and_sorted(name):
    assert quantity_of(name).goal is None
    assert sort_key(name) != sort_key("loss")


def test_a_users_group_keeps_its_name_and_learns_the_direction():
    found = quantity_of("gsm8k/accuracy")
    assert (found.name, found.group, found.goal) == ("gsm8k/accuracy", "gsm8k", "max")


def test_scores_of_one_family_are_not_mixed_up():
    assert resolve("eval/rouge1", ["eval_rougeL", "eval_rouge1"]) == "eval_rouge1"
    assert resolve("eval/rouge2", ["eval_rougeL", "eval_rouge1"]) is None
    assert resolve("eval_macro_f1", ["eval_f1"]) is None


def test_an_alias_leads_to_the_name_that_was_logged():
    assert resolve("train/loss", ["eval_loss", "train_loss", "loss"]) == "loss"
    assert resolve("eval/loss", ["loss", "eval_g0_loss"]) is None
    assert resolve("gpu_0_power", ["system/gpu_0_power"]) == "system/gpu_0_power"


def test_a_page_begins_with_the_loss_and_ends_with_the_system():
    names = [
        "system/gpu_10_power",
        "system/gpu_2_power",
        "zz/a",
        "eval_loss",
        "learning_rate",
        "grad_norm",
        "loss",
        "eval/label/x/f1",
    ]
    expected = [
        "loss",
        "learning_rate",
        "grad_norm",
        "eval_loss",
        "eval/label/x/f1",
        "zz/a",
        "system/gpu_2_power",
        "system/gpu_10_power",
    ]
    assert sorted(names, key=sort_key) == expected


@pytest.mark.parametrize("log", ["hf-trainer-metamath", "hf-trainer-overfit-multi-eval", "hf-trainer-whisper-wer"])
def test_every_metric_of_real_trainer_logs_is_known(test_data, log):
    history = json.loads((test_data / log / "trainer_state.json").read_text())["log_history"]
    names = {name for entry in history for name in entry} - {"step"}
    assert {quantity_of(name).group for name in names} <= set(GROUPS) - {"other"}


def test_unknown_names_are_in_the_order_people_count() -> None:
    names = ["layer_10/norm", "layer_2/norm", "layer_1/norm", "m/11", "m/2"]
    assert sorted(names, key=sort_key) == ["layer_1/norm", "layer_2/norm", "layer_10/norm", "m/2", "m/11"]


@pytest.mark.parametrize(
    ("name", "group", "title", "unit", "goal"),
    [
        ("train_loss_since_evaluation", "train", "Loss since the last evaluation", "", "min"),
        ("grad_norm_mean", "train", "Gradient norm, mean between evaluations", "", None),
        ("grad_norm_max", "train", "Gradient norm, greatest between evaluations", "", None),
        ("clipped_share", "train", "Clipped steps", "", None),
        ("loss_not_finite_steps", "train", "Steps without a finite loss", "", "min"),
        ("step_time", "speed", "Step time", "s", "min"),
        ("data_wait_time", "speed", "Waiting for data, a step", "s", "min"),
        ("data_wait_percent", "speed", "Waiting for data", "%", "min"),
        ("compute_time", "speed", "Computing, a step", "s", "min"),
        ("between_steps_time", "speed", "Lost between steps", "s", "min"),
        ("time_left", "speed", "Time left", "s", None),
        ("cost", "speed", "Cost so far", "", None),
        ("cost_expected", "speed", "Cost expected at the end", "", None),
    ],
)
def test_what_the_callback_reckons_has_a_place_a_title_and_a_unit(name, group, title, unit, goal):
    found = quantity_of(name)
    assert (found.group, found.title, found.unit, found.goal) == (group, title, unit, goal)


def test_what_ten_thousand_names_mean_is_read_once():
    names = [f"layer_{i // 100:02d}/grad_{i:05d}" for i in range(10_000)]
    for read in (quantity_of, sort_key):
        read.cache_clear()
        for _ in range(2):
            for name in names:
                read(name)
        assert read.cache_info().misses == len(names), "a second look reads no name again"
