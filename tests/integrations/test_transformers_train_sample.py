"""The training sample beside the evaluation: its scores, its budget, and that a training does not notice it."""

from __future__ import annotations

import random

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
seqeval = pytest.importorskip("seqeval.metrics")

from tests.integrations.small_labelling import (  # noqa: E402
    TAGS,
    Saves,
    labelled,
    records,
    sentences,
    tag_logits,
    tagger,
    token_trainer,
    tokenizer,
)
from tests.integrations.small_training import at_home, callback, only, points  # noqa: E402
from trackio_client.integrations.transformers.budget import FEWEST, MOST, Budget  # noqa: E402

TRAINING = sentences(48, 1)


@pytest.mark.requirement("S4.24")
def test_the_sample_has_the_scores_of_the_model_on_those_rows_beside_those_of_the_evaluation(tmp_path):
    with at_home(tmp_path):
        saves = Saves()
        trainer = token_trainer(tmp_path, callback(forward_share=1000.0))
        trainer.add_callback(saves)
        trainer.train()
        told, kept = records("train_sample"), only()
        curves = {name: points(f"train_sample/{name}") for name in ("f1", "accuracy", "loss")}
    assert len(told) == 3
    ids = told[0]["ids"]
    assert told[0]["samples"] == len(set(ids)) >= FEWEST
    rows = labelled(TRAINING)
    model = tagger()
    for record, entry in zip(told, kept.epoch_metrics, strict=True):
        step = record["step"]
        assert record["ids"] == ids
        gold = [[TAGS[tag] for tag in rows[at]["labels"] if tag != -100] for at in ids]
        scores = tag_logits(model, saves.states[step], [rows[at] for at in ids])
        said = [
            [TAGS[one.argmax()] for one, tag in zip(logits, rows[at]["labels"], strict=True) if tag != -100]
            for logits, at in zip(scores, ids, strict=True)
        ]
        wanted = {"f1": seqeval.f1_score(gold, said), "accuracy": seqeval.accuracy_score(gold, said)}
        wanted["loss"] = batch_loss(rows, ids, scores)
        for name, value in wanted.items():
            assert record["metrics"][name] == pytest.approx(value, rel=1e-4), name
            assert curves[name][step] == record["metrics"][name]
            assert record["gap"][name] == pytest.approx(value - entry[f"eval_{name}"], rel=1e-3, abs=1e-6)
        assert entry["train_sample"]["metrics"] == record["metrics"]


def batch_loss(rows, ids, scores, size=7):
    """Mean over the samples of their batch's loss, as the Trainer's `eval_loss`: batches of 7 as in `arguments`."""
    total = 0.0
    for at in range(0, len(ids), size):
        part = range(at, min(at + size, len(ids)))
        losses = [
            -(logits[place] - np.log(np.exp(logits - logits.max()).sum(axis=1))[place] - logits.max())[tag]
            for i in part
            for logits in [scores[i]]
            for place, tag in enumerate(rows[ids[i]]["labels"])
            if tag != -100
        ]
        total += float(np.mean(losses)) * len(part)
    return total / len(ids)


class Noisy:
    """A collator that draws random numbers of three kinds, as one does that masks or augments."""

    def __init__(self):
        self.inner = transformers.DataCollatorForTokenClassification(tokenizer())

    def __call__(self, features):
        random.random(), np.random.rand(), torch.rand(1)
        return self.inner(features)


@pytest.mark.requirement("S4.24")
def test_a_training_ends_bit_for_bit_as_it_does_without_us(tmp_path):
    ends = []
    for name, share in (("with", 1000.0), ("without", None)):
        folder = tmp_path / name
        folder.mkdir()
        random.seed(1), np.random.seed(1), torch.manual_seed(1)
        with at_home(folder):
            ours = callback(forward_share=share) if share else None
            trainer = token_trainer(folder, ours, data_collator=Noisy(), model=tagger(hidden_dropout_prob=0.3))
            trainer.train()
            if share:
                assert len(records("train_sample")) == 3
        logs = [
            {key: value for key, value in entry.items() if not key.endswith(("runtime", "per_second"))}
            for entry in trainer.state.log_history
        ]
        after = (random.random(), float(np.random.rand()), float(torch.rand(1)))
        ends.append((trainer.model.state_dict(), logs, after, trainer.state.num_input_tokens_seen))
    (ours, our_logs, our_numbers, ours_seen), (plain, plain_logs, plain_numbers, plain_seen) = ends
    assert all(torch.equal(ours[name], plain[name]) for name in plain)
    assert our_logs == plain_logs
    assert our_numbers == plain_numbers
    assert ours_seen == plain_seen


@pytest.mark.requirement("S4.24")
def test_without_time_for_a_sample_it_is_not_recorded_and_the_reason_is_the_budget(tmp_path):
    with at_home(tmp_path):
        token_trainer(tmp_path, callback(forward_share=1e-9)).train()
        (why,) = records("not_recorded")
        assert records("train_sample") == []
        assert not [name for name in only().metrics if name.startswith("train_sample/")]
    assert why["what"] == "train_sample"
    assert why["why"].startswith("budget")


def test_the_switch_turns_it_off(tmp_path):
    with at_home(tmp_path):
        token_trainer(tmp_path, callback(forward_share=1000.0, record_train_sample=False)).train()
        assert records("train_sample") == records("not_recorded") == []


@pytest.mark.requirement("S4.24")
def test_the_users_own_metrics_are_told_of_the_sample_too(tmp_path):
    seen = []

    def share_of_outside(prediction):
        said = prediction.predictions.argmax(-1)[prediction.label_ids != -100]
        seen.append(prediction.label_ids.shape[0])
        return {"outside": float((said == 0).mean()), "f1": 0.125}

    with at_home(tmp_path):
        token_trainer(tmp_path, callback(forward_share=1000.0), compute_metrics=share_of_outside).train()
        told, kept = records("train_sample"), only()
    assert [record["metrics"]["f1"] for record in told] == [0.125] * 3
    for record, entry in zip(told, kept.epoch_metrics, strict=True):
        assert record["gap"]["outside"] == pytest.approx(record["metrics"]["outside"] - entry["eval_outside"])
        assert entry["eval_f1"] == 0.125
        assert record["samples"] in seen


def test_a_model_without_labels_has_a_sample_of_its_loss(tmp_path):
    """A language model: no scores by label; the loss is the one that the Trainer's evaluation reckons."""
    with at_home(tmp_path):
        model = transformers.GPT2LMHeadModel(
            transformers.GPT2Config(
                vocab_size=32, n_embd=8, n_layer=1, n_head=1, n_positions=32, bos_token_id=2, eos_token_id=3
            )
        )
        ours = callback(forward_share=1000.0)
        rows = [{"input_ids": row["input_ids"], "labels": row["input_ids"]} for row in labelled(TRAINING)]
        rows = [{name: (ids + [0] * 20)[:12] for name, ids in row.items()} for row in rows]
        trainer = token_trainer(
            tmp_path, ours, model=model, train_dataset=rows, eval_dataset=rows[:16],
            data_collator=transformers.default_data_collator, learning_rate=0.001, processing_class=None,
        )  # fmt: skip
        trainer.train()
        told = records("train_sample")
        assert records("per_label") == records("fault") == []
        trainer.remove_callback(ours)
        wanted = trainer.evaluate([rows[at] for at in told[-1]["ids"]])["eval_loss"]
    assert list(told[-1]["metrics"]) == ["loss"]
    assert told[-1]["metrics"]["loss"] == pytest.approx(wanted, rel=1e-4)


def test_a_loss_of_the_trainers_own_is_not_called_apart_from_the_training(tmp_path):
    class Weighted(transformers.Trainer):
        calls = 0

        def compute_loss(self, model, inputs, return_outputs=False, **named):
            Weighted.calls += 1
            return super().compute_loss(model, inputs, return_outputs, **named)

    with at_home(tmp_path):
        token_trainer(tmp_path, callback(forward_share=1000.0), kind=Weighted).train()
        with_us = Weighted.calls
        told = records("train_sample")
    assert "loss" not in told[0]["metrics"]
    assert "Weighted.compute_loss" in told[0]["loss_not_recorded"]
    assert told[0]["metrics"]["f1"] >= 0
    assert with_us == 3 * 6 + 3 * 5  # steps and evaluation batches, and none of ours


def test_a_streamed_training_set_has_no_sample_and_says_so(tmp_path):
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            yield from labelled(TRAINING)

    with at_home(tmp_path):
        trainer = token_trainer(
            tmp_path,
            callback(forward_share=1000.0),
            train_dataset=Stream(),
            max_steps=6,
            eval_strategy="steps",
            eval_steps=3,
        )
        trainer.train()
        (why,) = records("not_recorded")
        counts = only().run_config["dataset_counts"]
    assert "streamed" in why["why"]
    assert counts["train"] == {"not_recorded": "not recorded: streamed"}
    assert counts["validation"]["num_lines"] == 30


# --- the budget by itself -----------------------------------------------------------------------------------------


class Clock:
    def __init__(self):
        self.at = 0.0

    def __call__(self):
        return self.at


@pytest.mark.requirement("S4.24")
def test_the_budget_is_a_share_of_typical_steps_and_of_the_evaluations_speed():
    clock = Clock()
    budget = Budget(0.01, clock)
    clock.at = 100.0  # the first step compiles
    budget.step()
    for _ in range(99):
        clock.at += 1.0
        budget.step()
    clock.at += 20.0
    between_s = budget.between_s(evaluation_s=20.0)
    assert between_s == pytest.approx(100.0)
    assert budget.seconds(between_s) == pytest.approx(1.0)
    assert budget.samples(1.0, 50.0, there_are=10_000) == 40
    assert budget.samples(1.0, 50.0, there_are=12) == 12
    assert budget.samples(1.0, 1e9, there_are=10**9) == MOST
    assert budget.samples(1.0, FEWEST - 1, there_are=10_000) == 0
    assert budget.samples(1.0, None, there_are=10_000) == 0
    assert budget.samples(0.0, 50.0, there_are=10_000) == 0


def test_before_the_first_step_there_is_no_time_between_evaluations():
    clock = Clock()
    budget = Budget(0.01, clock)
    clock.at = 50.0
    assert budget.between_s(0.0) == 0.0
