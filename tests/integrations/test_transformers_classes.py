"""Sequence classification, one label or several, through the real Trainer; and evaluations that cannot be scored."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
sklearn = pytest.importorskip("sklearn.metrics")

from tests.integrations.small_labelling import (  # noqa: E402
    Saves,
    labelled,
    records,
    sentences,
    small_bert,
    token_trainer,
    tokenizer,
)
from tests.integrations.small_training import at_home, callback, only, points  # noqa: E402

TOPICS = ["travel", "animals", "both <b>", "neither", "never"]
MARKS = ["has town", "has animal", "is long"]
QUIET = "ignore::sklearn.exceptions.UndefinedMetricWarning"


def topic_rows(count, seed):
    """Sentences by which of towns and people they name; the last topic is in no data."""
    rows = []
    for row, (_, tags) in zip(labelled(sentences(count, seed)), sentences(count, seed), strict=True):
        town, person = 1 in tags, 3 in tags
        topic = {(True, False): 0, (False, True): 1, (True, True): 2, (False, False): 3}[town, person]
        rows.append({"input_ids": row["input_ids"], "attention_mask": row["attention_mask"], "labels": topic})
    return rows


def mark_rows(count, seed):
    rows = []
    for row, (words, tags) in zip(labelled(sentences(count, seed)), sentences(count, seed), strict=True):
        marks = [float(1 in tags), float(3 in tags), float(len(words) > 5)]
        rows.append({"input_ids": row["input_ids"], "attention_mask": row["attention_mask"], "labels": marks})
    return rows


def classifier(labels, **more):
    return small_bert(transformers.BertForSequenceClassification, labels, **more)


def trainer_of(folder, ours, **chosen):
    chosen = {
        "model": classifier(TOPICS), "train_dataset": topic_rows(48, 1), "eval_dataset": topic_rows(30, 2),
        "data_collator": transformers.DataCollatorWithPadding(tokenizer()), **chosen,
    }  # fmt: skip
    return token_trainer(folder, ours, **chosen)


def scores(model, state, rows):
    model.load_state_dict(state)
    model.eval()
    with torch.no_grad():
        return np.stack([model(input_ids=torch.tensor([row["input_ids"]])).logits[0].double().numpy() for row in rows])


@pytest.fixture(scope="module")
def topics(tmp_path_factory):
    with at_home(tmp_path_factory.mktemp("topics")) as folder:
        saves = Saves()
        trainer = trainer_of(folder, callback(), eval_strategy="steps", eval_steps=6, num_train_epochs=2)
        trainer.add_callback(saves)
        trainer.train()
        told = {name: records(name) for name in ("per_label", "confusion", "predictions", "fault")}
        curves = {name: points(name) for name in only().metrics}
        yield (
            only(),
            told,
            curves,
            {s: scores(classifier(TOPICS), one, topic_rows(30, 2)) for s, one in saves.states.items()},
        )


@pytest.mark.requirement("S4.11", "S4.12")
@pytest.mark.filterwarnings(QUIET)
def test_every_topic_has_the_numbers_of_scikit_learn_and_its_confusions(topics):
    kept, told, curves, logits = topics
    gold = [row["labels"] for row in topic_rows(30, 2)]
    assert len(kept.epoch_metrics) == 2
    for entry, confusion in zip(kept.epoch_metrics, told["confusion"], strict=True):
        step = entry["global_step"]
        said = logits[step].argmax(axis=1)
        wanted = sklearn.precision_recall_fscore_support(gold, said, labels=range(5), zero_division=0)
        for at, topic in enumerate(TOPICS):
            row = entry["per_label_metrics"][topic]
            assert (row["precision"], row["recall"], row["f1"], row["support"]) == pytest.approx(
                [column[at] for column in wanted]
            )
            assert curves[f"eval/label/{topic}/support"][step] == wanted[3][at]
        assert entry["per_label_metrics"]["never"]["note"] == "no support"
        assert entry["eval_accuracy"] == pytest.approx(sklearn.accuracy_score(gold, said))
        assert entry["eval_f1"] == pytest.approx(sklearn.f1_score(gold, said, average="macro", zero_division=0))
        assert confusion["matrix"] == sklearn.confusion_matrix(gold, said, labels=range(5)).tolist()
    assert told["fault"] == []


@pytest.mark.requirement("S4.25", "S4.27")
def test_samples_of_topics_tell_gold_predicted_and_probability(topics):
    kept, told, _, logits = topics
    rows = topic_rows(30, 2)
    for record in told["predictions"]:
        e = np.exp(logits[record["step"]])
        p = e / e.sum(axis=1, keepdims=True)
        for one in record["shown"]:
            at = one["row"]
            assert one["gold"] == TOPICS[rows[at]["labels"]]
            assert one["predicted"] == TOPICS[p[at].argmax()]
            assert one["confidence"] == pytest.approx(p[at].max(), abs=2e-4)
            assert one["kinds"] == ["right" if one["gold"] == one["predicted"] else "wrong"]
        entropy = -(p * np.log(p)).sum(axis=1)
        (entry,) = (one for one in kept.epoch_metrics if one["global_step"] == record["step"])
        assert entry["prediction_entropy"]["p90"] == pytest.approx(np.percentile(entropy, 90), rel=1e-4)


@pytest.mark.requirement("S4.11")
def test_of_several_labels_a_sample_each_has_the_numbers_of_scikit_learn(tmp_path):
    with at_home(tmp_path):
        saves = Saves()
        trainer = trainer_of(
            tmp_path, callback(), train_dataset=mark_rows(48, 1), eval_dataset=mark_rows(30, 2),
            model=classifier(MARKS, problem_type="multi_label_classification"), num_train_epochs=2,
        )  # fmt: skip
        trainer.add_callback(saves)
        trainer.train()
        kept, shown = only(), records("predictions")
    gold = np.array([row["labels"] for row in mark_rows(30, 2)]) > 0.5
    assert kept.run_config["dataset_counts"]["validation"]["label_counts"] == dict(
        zip(MARKS, gold.sum(axis=0).tolist(), strict=True)
    )
    for entry, record in zip(kept.epoch_metrics, shown, strict=True):
        model = classifier(MARKS, problem_type="multi_label_classification")
        said = scores(model, saves.states[entry["global_step"]], mark_rows(30, 2)) > 0
        wanted = sklearn.precision_recall_fscore_support(gold, said, zero_division=0)
        for at, mark in enumerate(MARKS):
            row = entry["per_label_metrics"][mark]
            assert (row["f1"], row["support"]) == pytest.approx((wanted[2][at], wanted[3][at]))
        assert entry["eval_f1"] == pytest.approx(sklearn.f1_score(gold, said, average="micro", zero_division=0))
        assert entry["eval_accuracy"] == pytest.approx(sklearn.accuracy_score(gold, said))
        assert record["counts"]["missed"] == int((gold & ~said).any(axis=1).sum())
        for one in record["shown"]:
            assert one["gold"] == [mark for mark, there in zip(MARKS, gold[one["row"]], strict=True) if there]


# --- what the user's own compute_metrics says ---------------------------------------------------------------------


@pytest.mark.requirement("S4.11")
@pytest.mark.parametrize("key", ["per_label_metrics", "eval_per_label_metrics"])
def test_per_label_scores_of_the_user_are_kept_under_the_key_with_and_without_the_prefix(tmp_path, key):
    """B73: the Trainer renames the key, and the scores were never seen again."""

    def mine(prediction):
        return {"f1": 0.0, key: {"travel": {"precision": 0.25, "recall": 0.5, "f1-score": 1 / 3, "support": 12}}}

    with at_home(tmp_path):
        trainer = trainer_of(tmp_path, callback(), compute_metrics=mine, num_train_epochs=1)
        trainer.train()
        kept, curve = only(), points("eval_f1")
    (entry,) = kept.epoch_metrics
    assert entry["per_label_metrics"]["travel"] == {"precision": 0.25, "recall": 0.5, "f1": 1 / 3, "support": 12}
    assert entry["eval_f1"] == 0.0  # B76: a measured 0 is a number
    assert list(curve.values()) == [0.0]
    assert entry["eval_accuracy"] > 0  # what it does not say, we do


def test_what_the_trainer_returns_and_logs_is_what_it_would_without_us(tmp_path):
    answers = []
    for name in ("with", "without"):
        (tmp_path / name).mkdir()
        with at_home(tmp_path / name):
            trainer = trainer_of(tmp_path / name, callback(forward_share=1000.0) if name == "with" else None)
            trainer.train()
            timed = ("runtime", "per_second")
            logs = [{k: v for k, v in one.items() if not k.endswith(timed)} for one in trainer.state.log_history]
            answers.append((logs, {k: v for k, v in trainer.evaluate().items() if not k.endswith(timed)}))
    assert answers[0] == answers[1]
    assert set(answers[0][1]) == {"eval_loss", "epoch"}


def test_scores_are_there_when_the_users_function_sees_only_classes(tmp_path):
    """`preprocess_logits_for_metrics` often throws the scores away before anyone sees them."""
    with at_home(tmp_path):
        trainer = trainer_of(
            tmp_path, callback(), num_train_epochs=1, compute_metrics=lambda p: {"n": len(p.predictions)},
            preprocess_logits_for_metrics=lambda logits, labels: logits.argmax(dim=-1),
        )  # fmt: skip
        trainer.train()
        (entry,) = only().epoch_metrics
    assert entry["eval_n"] == 30
    assert entry["prediction_entropy"]["count"] == 30


def test_several_evaluation_sets_are_scored_apart(tmp_path):
    sets = {"near": topic_rows(30, 2), "far": topic_rows(20, 9)}
    with at_home(tmp_path):
        saves = Saves()
        trainer = trainer_of(tmp_path, callback(), eval_dataset=sets, num_train_epochs=1)
        trainer.add_callback(saves)
        trainer.train()
        told = records("per_label")
        config = only().run_config
        (entry,) = only().epoch_metrics
        (state,) = saves.states.values()
        found = {name: list(points(f"eval_{name}_accuracy").values()) for name in sets}
    assert [one["set"] for one in told] == ["eval_near", "eval_far"]
    assert config["dataset_counts"]["validation/far"]["num_lines"] == 20
    assert set(config["identity"]["evaluation_sets"]) == {"eval_near", "eval_far"}
    for name, rows in sets.items():
        gold = [row["labels"] for row in rows]
        said = scores(classifier(TOPICS), state, rows).argmax(axis=1)
        assert found[name] == [pytest.approx(sklearn.accuracy_score(gold, said))]
        support = [row["support"] for row in entry[f"per_label_metrics_{name}"].values()]
        assert support == [gold.count(at) for at in range(5)]
        assert entry[f"prediction_entropy_{name}"]["count"] == len(rows)


# --- bad inputs ---------------------------------------------------------------------------------------------------


class Stream(torch.utils.data.IterableDataset):
    """Without a length."""

    def __init__(self, rows):
        self.rows = rows

    def __iter__(self):
        yield from self.rows


@pytest.mark.requirement("S4.29")
def test_an_evaluation_set_without_length_is_scored_and_has_no_identity(tmp_path):
    with at_home(tmp_path):
        trainer = trainer_of(tmp_path, callback(), eval_dataset=Stream(topic_rows(30, 2)), num_train_epochs=1)
        trainer.train()
        kept, told = only(), records("per_label")
        assert records("fault") == []
    assert kept.state == "finished"
    assert told[0]["count"] == 30
    assert kept.run_config["identity"]["evaluation_sets"] == {"eval": {"not_known": "streamed"}}
    assert kept.run_config["dataset_counts"]["validation"] == {"not_recorded": "not recorded: streamed"}


class Broken(transformers.BertForSequenceClassification):
    """Names three labels and gives five scores."""

    def forward(self, input_ids=None, attention_mask=None, labels=None):
        answer = super().forward(input_ids=input_ids, attention_mask=attention_mask, labels=labels)
        answer["logits"] = torch.nn.functional.pad(answer["logits"], (0, 2))
        return answer


def test_labels_that_do_not_match_the_scores_are_a_fault_that_is_named_once(tmp_path):
    rows = [{**row, "labels": row["labels"] % 3} for row in topic_rows(30, 2)]
    with at_home(tmp_path):
        trainer = trainer_of(
            tmp_path, callback(forward_share=1000.0), model=small_bert(Broken, TOPICS[:3]), train_dataset=rows,
            eval_dataset=rows,
        )  # fmt: skip
        trainer.train()
        kept, samples = only(), records("train_sample")
    assert kept.state == "finished"
    assert len(kept.epoch_metrics) == 3
    (fault,) = kept.training["faults"]
    assert (fault["where"], fault["count"]) == ("predictions of the evaluation", 3)
    why = "gives 5 scores and its config.id2label names 3"
    assert why in fault["message"]
    assert [why in sample["scores_not_recorded"] for sample in samples] == [True] * 3  # its loss is there


@pytest.mark.requirement("S4.29")
def test_labels_of_the_data_in_another_order_than_the_models_are_a_fault(tmp_path):
    datasets = pytest.importorskip("datasets")
    rows = topic_rows(30, 2)
    features = datasets.Features(
        {
            "input_ids": datasets.List(datasets.Value("int64")),
            "attention_mask": datasets.List(datasets.Value("int8")),
            "labels": datasets.ClassLabel(names=TOPICS[::-1]),
        }
    )  # fmt: skip
    with at_home(tmp_path):
        table = datasets.Dataset.from_list(rows, features=features)
        trainer_of(tmp_path, callback(), eval_dataset=table, num_train_epochs=2).train()
        (*_, fault) = records("fault")
        kept = only()
    assert (fault["where"], fault["count"]) == ("labels.observed", 1)
    assert "label 0 is 'travel' for the model and 'never' in the evaluation set" in fault["message"]
    assert len(kept.epoch_metrics) == 2


def test_a_model_that_diverges_to_nan_is_scored_and_shown(tmp_path):
    with at_home(tmp_path):
        trainer = trainer_of(tmp_path, callback(), num_train_epochs=1)
        with torch.no_grad():
            trainer.model.classifier.bias.fill_(float("nan"))
        trainer.train()
        kept = only()
        (why,) = [one for one in records("not_recorded") if one["what"] == "confidence"]
        assert records("fault") == []
        (shown,) = records("predictions")
        (scored,) = records("per_label")
    assert kept.state == "finished"
    assert why["why"] == "no prediction was a number"
    assert shown["counts"]["wrong"] == scored["predictions_that_are_no_numbers"] == 30
    assert {one["predicted"] for one in shown["shown"]} == {"(no number)"}
    assert kept.epoch_metrics[0]["eval_accuracy"] == 0.0  # a NaN is no vote for the first label


def test_compute_metrics_that_raises_is_named_once_and_the_scores_are_ours(tmp_path):
    def broken(prediction):
        raise KeyError("no such column")

    with at_home(tmp_path):
        trainer_of(tmp_path, callback(forward_share=1000.0), compute_metrics=broken).train()
        faults, kept = records("fault"), only()
    assert kept.state == "finished"
    assert sum("eval_f1" in entry for entry in kept.epoch_metrics) == 3
    assert {fault["error"] for fault in faults} == {"KeyError"}


def test_a_regression_has_no_labels_and_no_fault(tmp_path):
    rows = [{**row, "labels": float(row["labels"])} for row in topic_rows(30, 2)]
    with at_home(tmp_path):
        model = small_bert(transformers.BertForSequenceClassification, ["score"], problem_type="regression")
        trainer_of(
            tmp_path, callback(forward_share=1000.0), model=model, train_dataset=rows, eval_dataset=rows,
            num_train_epochs=1,
        ).train()  # fmt: skip
        assert records("per_label") == records("fault") == []
        (told,) = records("train_sample")
    assert list(told["metrics"]) == ["loss"]


def test_a_thousand_labels_are_scored_and_more_than_there_is_room_for_are_said(tmp_path):
    for count, is_scored in ((1_000, True), (1_501, False)):
        folder = tmp_path / str(count)
        folder.mkdir()
        with at_home(folder):
            model = classifier([f"topic {at}" for at in range(count)])
            trainer_of(folder, callback(forward_share=1000.0), model=model, num_train_epochs=1).train()
            (entry,) = only().epoch_metrics
            (sample,) = records("train_sample")
            faults, curves = records("fault"), [name for name in only().metrics if name.startswith("eval/label/")]
        assert (len(entry.get("per_label_metrics", ())), len(faults)) == ((200, 0) if is_scored else (0, 1))
        assert len({name.split("/")[2] for name in curves}) == (100 if is_scored else 0)
        assert ("f1" in sample["metrics"], "scores_not_recorded" in sample) == (is_scored, not is_scored)
        assert sample["metrics"]["loss"] > 0  # though it has no scores
    assert "more than 1500 labels" in faults[0]["message"]


def test_labels_with_quotes_slashes_and_markup_keep_their_names(tmp_path):
    names = ['a"b', "x/y", "<script>", "épée 🤺", " "]
    with at_home(tmp_path):
        trainer_of(tmp_path, callback(), model=classifier(names), num_train_epochs=1).train()
        (entry,) = only().epoch_metrics
        assert records("fault") == []
    assert list(entry["per_label_metrics"]) == names
