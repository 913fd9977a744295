"""Scores of classes and tags, rates and entropy, against scikit-learn and plain loops."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackio_client.scoring.classes import class_scores, frequent_confusions, label_set_scores, matrix
from trackio_client.scoring.confidence import confidence
from trackio_client.scoring.rates import entity_rates, label_rates
from trackio_client.scoring.spans import entity_scores, tagging_of
from trackio_client.scoring.tokens import IGNORED, Flat, entity_token_accuracy, tag_scores

sklearn = pytest.importorskip("sklearn.metrics")
LABELS = ["cat", "dog", "<b>", "émile", "unseen"]


def unmasked(gold, predicted):
    """Tokens of padded rows (sequences, tokens), without those where nothing is scored."""
    keep = gold != IGNORED
    lengths = keep.sum(axis=1)
    return Flat(gold=gold[keep], predicted=predicted[keep], starts=np.cumsum(lengths) - lengths)


@pytest.mark.requirement("S4.11", "S4.12")
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60))
@settings(max_examples=80, deadline=None)
def test_scores_of_single_labels_are_those_of_scikit_learn(pairs):
    gold, said = np.array(pairs).T
    scored = class_scores(LABELS, gold, said)
    precision, recall, f1, support = sklearn.precision_recall_fscore_support(
        gold, said, labels=range(len(LABELS)), zero_division=0
    )
    for at, row in enumerate(scored.scores.labels.values()):
        assert (row.precision, row.recall, row.f1, row.support) == pytest.approx(
            (precision[at], recall[at], f1[at], support[at])
        )
    assert scored.accuracy == pytest.approx(sklearn.accuracy_score(gold, said))
    assert scored.confusion.tolist() == sklearn.confusion_matrix(gold, said, labels=range(len(LABELS))).tolist()
    for average in ("micro", "macro", "weighted"):
        wanted = sklearn.precision_recall_fscore_support(gold, said, average=average, zero_division=0)
        ours = getattr(scored.scores, average)
        assert (ours.precision, ours.recall, ours.f1) == pytest.approx(wanted[:3])
    assert scored.scores.labels["unseen"].note == "no support"


@given(st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=1, max_size=30))
@settings(max_examples=80, deadline=None)
def test_scores_of_label_sets_are_those_of_scikit_learn(rows):
    gold, said = np.array(rows)[:, :3], np.array(rows)[:, 3:]
    scored = label_set_scores(LABELS[:3], gold.astype(np.float32), said)
    precision, recall, f1, support = sklearn.precision_recall_fscore_support(gold, said, zero_division=0)
    for at, row in enumerate(scored.scores.labels.values()):
        assert (row.precision, row.recall, row.f1, row.support) == pytest.approx(
            (precision[at], recall[at], f1[at], support[at])
        )
    assert scored.accuracy == pytest.approx(sklearn.accuracy_score(gold, said))
    for average in ("micro", "weighted"):
        wanted = sklearn.precision_recall_fscore_support(gold, said, average=average, zero_division=0)
        ours = getattr(scored.scores, average)
        assert (ours.precision, ours.recall, ours.f1) == pytest.approx(wanted[:3])
    taken = Counter(
        (a, b)
        for one, other in zip(gold, said, strict=True)
        for a in range(3)
        for b in range(3)
        if a != b and one[a] and not other[a] and other[b] and not one[b]
    )
    assert {(a, b): n for (a, b), n in np.ndenumerate(scored.confusion) if a != b and n} == taken


def test_masked_positions_are_no_tokens_and_change_no_score():
    labels = ["O", "B-X", "I-X"]
    gold = np.array([[-100, 1, 2, 0, -100], [-100, 0, 1, -100, -100]])
    said = np.array([[1, 1, 0, 0, 2], [2, 0, 1, 1, 1]])
    narrow = tag_scores(labels, unmasked(gold, said))
    wide = tag_scores(
        labels, unmasked(np.pad(gold, ((0, 0), (0, 40)), constant_values=-100), np.pad(said, (0, 40))[:2])
    )
    assert narrow.accuracy == wide.accuracy == 4 / 5
    assert narrow.count == 5
    assert unmasked(gold, said).starts.tolist() == [0, 3]
    assert entity_token_accuracy(tagging_of(labels), unmasked(gold, said)) == 2 / 3


def test_gold_labels_that_the_model_does_not_have_are_counted_and_left_out():
    scored = class_scores(["a", "b"], np.array([0, 1, 7, -1, -100]), np.array([0, 0, 1, 1, 1]))
    assert (scored.count, scored.unknown, scored.accuracy) == (2, 2, 0.5)


def test_a_prediction_that_no_label_has_is_wrong():
    scored = class_scores(["a", "b"], np.array([0, 0]), np.array([0, 5]))
    assert scored.accuracy == 0.5
    assert scored.scores.labels["a"].recall == 0.5


def test_nothing_to_score_has_no_accuracy():
    assert class_scores(["a"], np.zeros(0, dtype=int), np.zeros(0, dtype=int)).accuracy is None


def test_the_most_frequent_confusions_come_first_with_their_share_of_the_gold_label():
    confusion = np.array([[5, 3, 0], [0, 2, 0], [0, 6, 0]])
    assert frequent_confusions(["a", "b", "c"], confusion) == [
        {"gold": "c", "predicted": "b", "count": 6, "share": 1.0},
        {"gold": "a", "predicted": "b", "count": 3, "share": 3 / 8},
    ]


def test_a_matrix_of_many_labels_is_bounded_and_says_what_it_leaves_out():
    size = 300
    labels = [f"label {i}" for i in range(size)]
    confusion = np.arange(size * size).reshape(size, size) % 7
    told = matrix(labels, confusion)
    off = [int(confusion[a, b]) for a in range(size) for b in range(size) if a != b and confusion[a, b]]
    assert told["labels"] == size
    assert len(told["cells"]) + told["cells_left_out"] == len(off)
    assert [cell["count"] for cell in told["cells"]] == sorted(off, reverse=True)[: len(told["cells"])]
    small = matrix(labels[:3], confusion[:3, :3])
    assert small == {"labels": labels[:3], "matrix": confusion[:3, :3].tolist()}


@pytest.mark.requirement("S4.27")
@given(st.lists(st.floats(0, math.log(3)), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_entropies_are_told_by_mean_spread_and_tenths_in_nats(found):
    summed = confidence(np.array(found), 3)
    assert summed.mean == pytest.approx(np.mean(found))
    assert summed.spread == pytest.approx(np.std(found))
    assert (summed.p10, summed.p90) == pytest.approx((np.percentile(found, 10), np.percentile(found, 90)))
    assert (summed.most, summed.unit, summed.count) == (math.log(3), "nats", len(found))


def test_predictions_that_are_no_numbers_are_counted_beside_the_entropy():
    summed = confidence(np.array([math.log(2), math.nan]), 2)
    assert (summed.count, summed.not_numbers, summed.mean) == (1, 1, pytest.approx(math.log(2)))
    assert confidence(np.array([math.nan]), 2) is None


@pytest.mark.requirement("S4.28")
def test_guessing_more_entities_shows_as_a_rate_above_the_gold_rate():
    labels = ["O", "B-X", "I-X", "B-Y"]
    tagging = tagging_of(labels)
    tokens = unmasked(np.array([[1, 2, 0, 0, 0, 0]]), np.array([[1, 1, 0, 1, 3, -7]]))
    rates = entity_rates(
        tagging, entity_scores(tagging, tokens.gold, tokens.predicted, tokens.starts, "strict"), tokens
    )
    assert (rates["gold_entities"], rates["predicted_entities"], rates["ratio"]) == (1, 4, 4.0)
    assert (rates["gold_rate"], rates["predicted_rate"]) == (1 / 6, 4 / 6)
    assert (rates["gold_token_share"], rates["predicted_token_share"]) == (2 / 6, 4 / 6)
    assert rates["types"] == {
        "X": {"gold": 1, "predicted": 3, "ratio": 3.0},
        "Y": {"gold": 0, "predicted": 1, "ratio": None},
    }


def test_the_share_of_a_label_is_told_predicted_and_gold():
    rates = label_rates(class_scores(["a", "b"], np.array([0, 0, 0, 1]), np.array([0, 1, 1, 1])))
    assert rates["labels"]["b"] == {
        "gold": 1, "predicted": 3, "gold_share": 0.25, "predicted_share": 0.75, "ratio": 3.0,
    }  # fmt: skip


def test_a_million_tokens_are_scored_in_under_a_second():
    import time

    labels = ["O"] + [f"{p}-{t}" for t in "abcdef" for p in "BI"]
    random = np.random.default_rng(3)
    gold = random.integers(0, 13, (10_000, 100))
    said = np.where(random.random(gold.shape) < 0.8, gold, random.integers(0, 13, gold.shape))
    began = time.process_time()
    tokens = unmasked(gold, said)
    tag_scores(labels, tokens)
    tagging = tagging_of(labels)
    for mode in ("strict", "lenient"):
        entity_scores(tagging, tokens.gold, tokens.predicted, tokens.starts, mode)
    assert time.process_time() - began < 1.0
