"""Experiments beside each other: first whether they may be compared, then the numbers."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

import trackio_client
from trackio_client.errors import UsageError
from trackio_client.queries.gaps import gap_trends
from trackio_client.queries.seedless import without_seed
from trackio_client.reader import Api
from trackio_client.scoring.identity import identity, label_identity


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRACKIO_QUIET", "1")
    return tmp_path / "data"


def rows_of(rows):
    return identity(len(rows), lambda places: [rows[place] for place in places]).plain()


def trained(name, rows, f1, labels=("O", "B-PER"), **config):
    with trackio_client.init("ner", name=name, config=config) as experiment:
        told = {"evaluation_sets": {"eval": rows_of(rows)}, "labels": label_identity(labels)} if rows else {}
        if told:
            experiment.record("identity", told)
        for step, value in enumerate(f1, 1):
            experiment.log({"eval_f1": value, "eval_loss": 1 - value}, step=step)
    return experiment.experiment_id


ROWS = [{"text": f"row {number}"} for number in range(90)]


@pytest.mark.requirement("S4.29")
def test_equal_sets_and_labels_may_be_compared_and_the_settings_that_differ_stand_beside(home):
    one = trained("one", ROWS, [0.4, 0.6, 0.5], lr=0.1, model={"layers": 2, "name": "a"})
    other = trained("other", list(ROWS), [0.7], lr=0.2, model={"layers": 2, "name": "b"}, seed=1)
    found = Api(home).compare([one, other])
    assert found["comparable"]["verdict"] == "same"
    assert found["metrics"]["eval_f1"] == {"goal": "max", "best": {one: 0.6, other: 0.7}}
    assert found["metrics"]["eval_loss"]["best"][one] == pytest.approx(0.4)
    assert found["config"] == {
        "lr": {one: 0.1, other: 0.2}, "model.name": {one: "a", other: "b"}, "seed": {other: 1},
    }  # fmt: skip


@pytest.mark.requirement("S4.29")
@pytest.mark.parametrize(
    ("rows", "labels", "says"),
    [
        (ROWS[:80], ("O", "B-PER"), "Not comparable: the evaluation sets (eval) of 'other' and 'one' differ: 90 rows"),
        ([*ROWS[1:], ROWS[0]], ("O", "B-PER"), "differ in content or order"),
        (ROWS, ("O", "B-LOC", "I-LOC"), "Not comparable: the labels of 'other' and 'one' differ: 2 and 3 labels"),
        (None, (), "It is not known whether 'other' and 'one' were evaluated on the same data"),
    ],
)
def test_what_differs_is_said_before_any_number(home, rows, labels, says):
    ids = [trained("one", ROWS, [0.5]), trained("other", rows, [0.9], labels)]
    assert says in Api(home).compare(ids)["comparable"]["says"]
    command = [sys.executable, "-m", "trackio_client.cli.main", "compare", "one", "other"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert says in printed.split("\n\n")[0]
    assert "0.9" in printed.split("\n\n")[1]


def test_one_experiment_is_no_comparison(home):
    one = trained("one", ROWS, [0.5])
    with pytest.raises(UsageError, match="2 to 50 different experiments, got 1"):
        Api(home).compare([one])
    with pytest.raises(UsageError):
        Api(home).compare([one, one])


@pytest.mark.requirement("S4.24")
def test_the_trend_of_a_gap_is_the_slope_of_least_squares():
    gaps = [0.1, 0.2, 0.4, 0.5]
    entries = [{"epoch": 2.0 * (n + 1), "train_sample": {"gap": {"f1": gap}}} for n, gap in enumerate(gaps)]
    told = gap_trends([{"epoch": 1.0}, *entries])["f1"]
    # numpy.polyfit([2, 4, 6, 8], gaps, 1, cov=True) gives these
    assert (told["first"], told["last"], told["evaluations"], told["slope_per"]) == (0.1, 0.5, 4, "epoch")
    assert told["slope"] == pytest.approx(0.07)
    assert told["standard_error"] == pytest.approx(math.sqrt(0.002 / 2 / 20))


def test_a_gap_that_is_no_number_is_counted_and_two_have_no_error():
    entries = [{"train_sample": {"gap": {"loss": value}}} for value in (1.0, math.nan, 3.0)]
    assert gap_trends(entries)["loss"] == {
        "first": 1.0, "last": 3.0, "evaluations": 2, "slope": 1.0, "slope_per": "evaluation", "not_finite": 1,
    }  # fmt: skip
    assert gap_trends([{"eval_f1": 1.0}]) == {}


def test_gaps_at_the_end_of_all_floats_have_a_trend_or_none_and_no_error():
    for values in ((1e170, -1e170, 3e170), (1e308, -1e308, 1e308), (-1e308, 1e308)):
        entries = [{"train_sample": {"gap": {"perplexity": value}}} for value in values]
        told = gap_trends(entries)["perplexity"]
        assert told["evaluations"] == len(values)
        assert "standard_error" not in told
        assert math.isfinite(told.get("slope", 0.0))


def test_what_tells_a_seed_is_left_out_of_any_text():
    """In time that grows with the text: the square of a hundred thousand signs would take minutes."""
    texts = {"lr3e-4_seed1": "lr3e-4", "a - seed 3 b": "a b", "x__seed_4__y": "x__y", "a--s3 - s4": "a", "-s3": "-s3"}
    assert {text: without_seed(text) for text in texts} == texts
    long = "-" * 100_000
    assert without_seed(f"{long}x") == f"{long}x"
    assert without_seed(f"x{long}seed1") == "x"
