"""What is told of the data: counts and identities, of tables, lists, tuples and datasets that are slow or random."""

from __future__ import annotations

import random

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
datasets = pytest.importorskip("datasets")

from tests.integrations.small_labelling import (  # noqa: E402
    TAGS,
    labelled,
    records,
    sentences,
    tagger,
    token_trainer,
)
from tests.integrations.small_training import at_home, callback, only  # noqa: E402
from trackio_client.integrations.transformers import reading  # noqa: E402
from trackio_client.integrations.transformers.data_counts import counted  # noqa: E402
from trackio_client.integrations.transformers.identity import identity_of  # noqa: E402
from trackio_client.scoring.identity import compared  # noqa: E402

GIVEN = sentences(60, 5)


def table(given=GIVEN, names=None):
    """Words and tags as a dataset has them, and what a tokenizer made of them."""
    rows = [
        {"tokens": words, "ner_tags": tags, **row} for (words, tags), row in zip(given, labelled(given), strict=True)
    ]
    kinds = datasets.List(datasets.ClassLabel(names=names or TAGS))
    features = datasets.Features(
        {
            "tokens": datasets.List(datasets.Value("string")),
            "ner_tags": kinds,
            "input_ids": datasets.List(datasets.Value("int32")),
            "attention_mask": datasets.List(datasets.Value("int8")),
            "labels": datasets.List(datasets.Value("int64")),
        }
    )
    return datasets.Dataset.from_list(rows, features=features)


def counts_by_hand(rows):
    tags = [TAGS[tag] for row in rows for tag in row["labels"] if tag != -100]
    outside = tags.count("O")
    return {
        "num_lines": len(rows),
        "num_tokens": len(tags),
        "num_entity_tokens": len(tags) - outside,
        "num_o_tokens": outside,
        "o_entity_ratio": outside / (len(tags) - outside),
        "label_counts": {tag: tags.count(tag) for tag in TAGS},
    }


@pytest.mark.requirement("S4.5")
def test_a_table_a_selection_of_it_and_a_list_have_the_same_counts_as_by_hand():
    rows = labelled(GIVEN)
    assert counted(rows, tuple(TAGS)) == counts_by_hand(rows)
    assert counted(table(), tuple(TAGS)) == counts_by_hand(rows)
    some = random.Random(3).sample(range(60), 20)
    assert counted(table().select(some), tuple(TAGS)) == counts_by_hand([rows[at] for at in some])
    tensors = [{name: torch.tensor(value) for name, value in row.items()} for row in rows]
    assert counted(tensors, tuple(TAGS)) == counts_by_hand(rows)


def test_labels_that_the_model_does_not_have_are_counted_by_their_number():
    told = counted([{"label": 0}, {"label": 5}, {"label": 5}], ("a", "b"))
    assert told == {"num_lines": 3, "label_counts": {"a": 1, "b": 0}, "unknown_labels": {"5": 2}}


def test_pairs_of_input_and_label_are_counted():
    pairs = torch.utils.data.TensorDataset(torch.rand(6, 2), torch.tensor([0, 1, 1, 1, 0, 1]))
    assert counted(pairs, ("a", "b"))["label_counts"] == {"a": 2, "b": 4}


def test_without_labels_rows_and_tokens_are_counted():
    rows = [{"input_ids": row["input_ids"], "labels": row["input_ids"]} for row in labelled(GIVEN)]
    tokens = sum(len(row["input_ids"]) for row in rows)
    assert counted(rows, None) == {"num_lines": 60, "num_tokens": tokens}
    assert counted(datasets.Dataset.from_list(rows), None) == {"num_lines": 60, "num_tokens": tokens}


class Slow(torch.utils.data.Dataset):
    """Takes a while to make a row; the labels are sorted, so that its first rows say little of the others."""

    def __init__(self, clock):
        self.clock = clock

    def __len__(self):
        return 1_000

    def __getitem__(self, at):
        self.clock[0] += 0.001
        return {"label": at // 500}


def test_of_a_set_that_is_slow_a_part_that_is_spread_over_it_is_counted_and_said():
    clock = [0.0]
    told = counted(Slow(clock), ("a", "b"), now=lambda: clock[0])
    assert told["num_lines"] == 1_000
    assert 300 <= told["counted_lines"] <= 600  # parts double
    assert told["note"] == f"counted {told['counted_lines']} of 1000 rows: time"
    assert told["label_counts"]["a"] == pytest.approx(told["label_counts"]["b"], rel=0.25)


def test_a_million_tokens_in_a_table_are_counted_without_making_rows(monkeypatch):
    """A row made is some 50 µs, a table of them more than the limit: columns are read as they lie in memory."""
    rows = {"labels": [[0, 1, 2, 0] * 25] * 10_000}
    big = datasets.Dataset.from_dict(rows)
    made = []
    monkeypatch.setattr(datasets.Dataset, "__getitem__", lambda self, at: made.append(at))
    looks = []
    told = counted(big, tuple(TAGS), now=lambda: looks.append(0) or 0.0)
    assert made == []
    assert len(looks) <= 1 + 10_000 / 2_000  # parts are large: few are between two looks at the clock, and few in all
    assert told["num_tokens"] == 1_000_000
    assert told["label_counts"]["B-place"] == 250_000


# --- identities ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("S4.29")
def test_another_tokenizer_leaves_the_identity_of_a_table_as_it_is():
    other = table().map(lambda row: {"input_ids": [at + 1 for at in row["input_ids"]]})
    one, two = identity_of(table()), identity_of(other)
    assert one["of"] == "columns ner_tags, tokens"
    assert compared(one, two)[0] == "same"
    assert table()._fingerprint != other._fingerprint


@pytest.mark.requirement("S4.29")
def test_another_split_of_the_same_data_is_another_evaluation_set():
    """B82: two runs on two random splits were compared, and a model was promoted by it."""
    one, two = (table().train_test_split(0.5, seed=seed)["test"] for seed in (1, 2))
    assert compared(identity_of(one), identity_of(two))[0] == "different"
    again = table().train_test_split(0.5, seed=1)["test"]
    assert compared(identity_of(one), identity_of(again)) == ("same", "all rows are equal")


def test_of_rows_that_only_a_tokenizer_made_it_is_said():
    only_numbers = table().remove_columns(["tokens", "ner_tags"])
    assert "made by a tokenizer" in identity_of(only_numbers)["of"]


class Augmented(torch.utils.data.Dataset):
    def __len__(self):
        return 10

    def __getitem__(self, at):
        return {"x": np.random.rand(3), "label": 0}


def test_rows_that_are_drawn_anew_have_no_identity_and_the_random_numbers_go_on_as_before():
    np.random.seed(1)
    with reading.random_numbers_kept():
        told = identity_of(Augmented())
    assert told == {"rows": 10, "not_known": "the rows differ each time they are read"}
    drawn = np.random.rand()
    np.random.seed(1)
    assert drawn == np.random.rand()


@pytest.mark.requirement("S4.29", "S4.5", "S4.11")
def test_a_training_carries_the_identity_of_its_sets_and_labels(tmp_path):
    """B83: a label that only the validation set holds is named, and has its support."""
    rare = [(["oslo", "goes"], [5, 0])] * 3
    evaluation = table(sentences(20, 6) + rare)
    with at_home(tmp_path):
        token_trainer(tmp_path, callback(), train_dataset=table(), eval_dataset=evaluation, num_train_epochs=1).train()
        kept = only()
        (told,) = records("identity")
        (shown,) = records("predictions")
    assert kept.run_config["identity"]["evaluation_sets"]["eval"] == identity_of(evaluation)
    assert told["evaluation_sets"] == kept.run_config["identity"]["evaluation_sets"]
    assert told["labels"]["count"] == len(TAGS)
    (entry,) = kept.epoch_metrics
    assert entry["per_label_metrics"]["B-<never>"]["support"] == 3
    assert kept.run_config["dataset_counts"]["validation"]["label_counts"]["B-<never>"] == 3
    assert kept.run_config["dataset_counts"]["train"]["label_counts"]["B-<never>"] == 0
    assert shown["samples"] == 23
    for one in shown["shown"]:
        assert one["input"] == {"text": " ".join(evaluation[one["row"]]["tokens"])}


@pytest.mark.requirement("S4.11")
def test_placeholder_labels_of_the_model_are_named_by_the_data(tmp_path):
    with at_home(tmp_path):
        token_trainer(
            tmp_path, callback(), model=tagger([f"LABEL_{at}" for at in range(6)]), train_dataset=table(),
            eval_dataset=table(sentences(20, 6)), num_train_epochs=1,
        ).train()  # fmt: skip
        kept = only()
        (counts,) = [one["count"] for one in records("per_label")]
        assert records("fault") == []
    assert kept.run_config["label_list"] == TAGS
    assert list(kept.epoch_metrics[0]["per_label_metrics"]) == TAGS
    assert counts == kept.run_config["dataset_counts"]["validation"]["num_tokens"]
