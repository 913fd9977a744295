"""Token classification through the real Trainer: what is recorded, against seqeval, scikit-learn and plain loops."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
seqeval = pytest.importorskip("seqeval.metrics")
sklearn = pytest.importorskip("sklearn.metrics")

from seqeval.scheme import IOB2  # noqa: E402

from tests.integrations.small_labelling import (  # noqa: E402
    TAGS,
    Saves,
    labelled,
    records,
    sentences,
    tag_logits,
    tagger,
    token_trainer,
)
from tests.integrations.small_training import at_home, callback, only, points  # noqa: E402

EVALUATION = sentences(30, 2)


class Trained:
    """A training that is over, what was recorded, and the scores of its model at each evaluation made anew."""

    def __init__(self, folder, **chosen):
        saves = Saves()
        self.trainer = token_trainer(folder, callback(forward_share=1000.0), **chosen)
        self.trainer.add_callback(saves)
        self.trainer.train()
        self.kept = only()
        self.records = {
            name: records(name) for name in ("per_label", "confusion", "predictions", "not_recorded", "fault")
        }
        self.points = {name: points(name) for name in self.kept.metrics}
        self.rows = labelled(EVALUATION)
        model = tagger()
        self.logits = {step: tag_logits(model, state, self.rows) for step, state in saves.states.items()}

    def gold(self):
        return [[TAGS[tag] for tag in row["labels"] if tag != -100] for row in self.rows]

    def said(self, step):
        return [
            [TAGS[scores.argmax()] for scores, tag in zip(logits, row["labels"], strict=True) if tag != -100]
            for logits, row in zip(self.logits[step], self.rows, strict=True)
        ]

    def probabilities(self, step):
        """Of each scored token, all sentences one after the other."""
        kept = [
            scores
            for logits, row in zip(self.logits[step], self.rows, strict=True)
            for scores, tag in zip(logits, row["labels"], strict=True)
            if tag != -100
        ]
        e = np.exp(np.array(kept) - np.max(kept, axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    @property
    def steps(self):
        return sorted(self.logits)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Without a `compute_metrics`: the Trainer itself tells a loss and nothing else."""
    with at_home(tmp_path_factory.mktemp("tokens")) as folder:
        yield Trained(folder)


def report(gold, said, **named):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return seqeval.classification_report(gold, said, output_dict=True, zero_division=0, **named)


@pytest.mark.requirement("S4.11", "S4.6")
def test_every_tag_has_its_four_numbers_at_every_evaluation_as_scikit_learn_reckons_them(trained):
    assert len(trained.kept.epoch_metrics) == len(trained.steps) == 3
    gold = [tag for sentence in trained.gold() for tag in sentence]
    for entry in trained.kept.epoch_metrics:
        step = entry["global_step"]
        said = [tag for sentence in trained.said(step) for tag in sentence]
        wanted = sklearn.precision_recall_fscore_support(gold, said, labels=TAGS, zero_division=0)
        for at, tag in enumerate(TAGS):
            row = entry["per_label_metrics"][tag]
            assert (row["precision"], row["recall"], row["f1"], row["support"]) == pytest.approx(
                [column[at] for column in wanted]
            )
            if row["support"]:
                assert points(f"eval/label/{tag}/f1", "small")[step] == pytest.approx(wanted[2][at]), tag
        assert entry["per_label_metrics"]["B-<never>"]["note"] == "no support"
        assert "eval/label/B-<never>/f1" not in trained.points
        assert trained.points["eval/label/B-<never>/support"][step] == 0
        assert entry["eval_accuracy"] == pytest.approx(sklearn.accuracy_score(gold, said))


@pytest.mark.requirement("S4.13")
def test_entities_are_scored_strictly_and_leniently_as_seqeval_does(trained):
    for entry, told in zip(trained.kept.epoch_metrics, trained.records["per_label"], strict=True):
        step = entry["global_step"]
        assert told["step"] == step
        for mode, before, named in (("lenient", "", {}), ("strict", "strict_", {"mode": "strict", "scheme": IOB2})):
            wanted = report(trained.gold(), trained.said(step), **named)
            assert entry[f"eval_{before}f1"] == pytest.approx(wanted["micro avg"]["f1-score"])
            assert trained.points[f"eval_{before}precision"][step] == pytest.approx(wanted["micro avg"]["precision"])
            assert told["entities"][mode]["macro"]["f1"] == pytest.approx(wanted["macro avg"]["f1-score"])
            for kind in ("place", "person"):
                row = entry["per_entity_metrics"][mode][kind]
                assert (row["f1"], row["support"]) == pytest.approx((wanted[kind]["f1-score"], wanted[kind]["support"]))
    assert "seqeval" in told["entities"]["strict"]["source"]
    assert max(entry["eval_f1"] for entry in trained.kept.epoch_metrics) > 0.5, "a model that learned nothing"


@pytest.mark.requirement("S4.12")
def test_the_confusion_of_tags_is_that_of_scikit_learn_with_the_most_frequent_first(trained):
    gold = [tag for sentence in trained.gold() for tag in sentence]
    for told in trained.records["confusion"]:
        said = [tag for sentence in trained.said(told["step"]) for tag in sentence]
        wanted = sklearn.confusion_matrix(gold, said, labels=TAGS)
        assert told["labels"] == TAGS
        assert told["matrix"] == wanted.tolist()
        counts = [one["count"] for one in told["most_frequent"]]
        off = sorted((n for (a, b), n in np.ndenumerate(wanted) if a != b and n), reverse=True)
        assert counts == off[: len(counts)]
        assert sum(told["entities"]["gold_spans"].values()) == sum(tag.startswith("B-") for tag in gold)


@pytest.mark.requirement("S4.28")
def test_the_rate_of_predicted_entities_stands_beside_that_of_gold_ones(trained):
    from seqeval.metrics.sequence_labeling import get_entities

    tokens = sum(map(len, trained.gold()))
    for entry in trained.kept.epoch_metrics:
        gold, said = (len(get_entities(tags)) for tags in (trained.gold(), trained.said(entry["global_step"])))
        rates = entry["entity_rates"]
        assert (rates["gold_entities"], rates["predicted_entities"], rates["tokens"]) == (gold, said, tokens)
        assert rates["predicted_rate"] == pytest.approx(said / tokens)
        assert trained.points["eval_entity_ratio"][entry["global_step"]] == pytest.approx(said / gold)


@pytest.mark.requirement("S4.27")
def test_the_entropy_of_predictions_is_that_of_their_probabilities_in_nats(trained):
    for entry in trained.kept.epoch_metrics:
        step = entry["global_step"]
        p = trained.probabilities(step)
        entropy = -(p * np.log(p)).sum(axis=1)
        told = entry["prediction_entropy"]
        assert (told["mean"], told["spread"]) == pytest.approx((entropy.mean(), entropy.std()), rel=1e-4)
        assert (told["p10"], told["p90"]) == pytest.approx(tuple(np.percentile(entropy, (10, 90))), rel=1e-4)
        assert (told["unit"], told["count"], told["most"]) == ("nats", len(p), math.log(len(TAGS)))
        assert trained.points["eval_entropy"][step] == pytest.approx(entropy.mean(), rel=1e-4)


@pytest.mark.requirement("S4.25")
def test_sample_predictions_are_those_of_the_model_and_the_same_samples_come_again(trained):
    told = trained.records["predictions"]
    assert len(told) == 3
    assert len(told[0]["panel"]) == 20
    assert told[0]["panel"] == told[1]["panel"] == told[2]["panel"]
    for record in told:
        step = record["step"]
        shown = {one["id"]: one for one in record["shown"]}
        assert set(record["panel"]) <= set(shown)
        for one in shown.values():
            words, _ = EVALUATION[one["row"]]
            kept = [word for word in words if word != "and"]
            assert one["gold"] == trained.gold()[one["row"]]
            assert one["predicted"] == trained.said(step)[one["row"]]
            assert one["input"]["text"] == " ".join(words)
            assert [piece.split()[0] for piece in one["tokens"]] == kept  # a masked word stands with the one before


@pytest.mark.requirement("S4.25")
def test_samples_are_of_the_kind_that_they_are_shown_for(trained):
    from seqeval.metrics.sequence_labeling import get_entities

    seen = set()
    for record in trained.records["predictions"]:
        gold, said = trained.gold(), trained.said(record["step"])
        spans = [(set(get_entities(a)), set(get_entities(b))) for a, b in zip(gold, said, strict=True)]
        is_kind = {
            "right": [a == b for a, b in zip(gold, said, strict=True)],
            "wrong": [a != b for a, b in zip(gold, said, strict=True)],
            "missed": [bool(a - b) for a, b in spans],
            "false positive": [bool(b - a) for a, b in spans],
        }
        assert record["counts"] == {kind: sum(which) for kind, which in is_kind.items()}
        row = {one["id"]: one["row"] for one in record["shown"]}
        for kind, which in is_kind.items():
            assert all(which[row[one]] for one in record["by_kind"][kind])
            seen |= {kind} if record["by_kind"][kind] else set()
        for one in record["shown"]:
            assert set(one["kinds"]) == {kind for kind, which in is_kind.items() if which[one["row"]]}
            for side, found in (("gold_entities", spans[one["row"]][0]), ("predicted_entities", spans[one["row"]][1])):
                assert {(e["type"], e["first"], e["end"] - 1) for e in one[side]} == found
        for label, ids in record["by_label"].items():
            for one in ids:
                a, b = spans[row[one]]
                assert any(kind == label for kind, _, _ in a ^ b)
    assert seen == set(is_kind)


@pytest.mark.requirement("S4.25")
def test_the_most_confident_error_is_shown_first(trained):
    for record in trained.records["predictions"]:
        step = record["step"]
        sure, at = {}, 0
        highest = trained.probabilities(step).max(axis=1)
        for row, (gold, said) in enumerate(zip(trained.gold(), trained.said(step), strict=True)):
            wrong = [highest[at + i] for i in range(len(gold)) if gold[i] != said[i]]
            at += len(gold)
            if wrong:
                sure[row] = max(wrong)
        row = {one["id"]: one["row"] for one in record["shown"]}
        ranked = [sure[row[one]] for one in record["by_kind"]["most confident wrong"]]
        assert ranked == pytest.approx(sorted(sure.values(), reverse=True)[: len(ranked)], rel=1e-5)


def test_no_fault_and_nothing_left_out_in_an_ordinary_training(trained):
    assert trained.records["fault"] == []
    assert trained.records["not_recorded"] == []


@pytest.mark.requirement("S4.5")
def test_the_data_are_counted_as_they_are(trained):
    counts = trained.kept.run_config["dataset_counts"]
    for name, given in (("train", sentences(48, 1)), ("validation", EVALUATION)):
        tags = [TAGS[tag] for words, marks in given for word, tag in zip(words, marks, strict=True) if word != "and"]
        outside = tags.count("O")
        assert counts[name] == {
            "num_lines": len(given),
            "num_tokens": len(tags),
            "num_entity_tokens": len(tags) - outside,
            "num_o_tokens": outside,
            "o_entity_ratio": pytest.approx(outside / (len(tags) - outside)),
            "label_counts": {tag: tags.count(tag) for tag in TAGS},
        }
    assert (trained.kept.run_config["label_list"], trained.kept.run_config["num_labels"]) == (TAGS, 6)
