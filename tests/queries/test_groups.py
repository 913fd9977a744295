"""Two groups of seeds: values at a common step, the interval of their difference, curves."""

from __future__ import annotations

import math

import numpy as np
import pytest

import trackio_client
from trackio_client.errors import ExperimentNotFound, UsageError
from trackio_client.queries.groups import group_curves
from trackio_client.reader import Api
from trackio_client.scoring.mean_difference import difference_of


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRACKIO_QUIET", "1")
    return tmp_path / "data"


def trained(name, rows, **config):
    """`rows` are (step, values)."""
    with trackio_client.init("seeds", name=name, config=config) as experiment:
        for step, values in rows:
            experiment.log(values, step=step)
    return experiment.experiment_id


def of_metric(found, name):
    return next(each for each in found["metrics"] if each["metric"] == name)


FIRST = (1.0, 1.2, 1.4, 1.1)
SECOND = (1.6, 1.5, 1.9, 1.7)


def seeds(values, name, steps=4):
    return [
        trained(f"{name}-s{i}", [(step, {"eval/loss": value + 4 - step}) for step in range(1, steps + 1)])
        for i, value in enumerate(values)
    ]


@pytest.mark.requirement("S2.71")
def test_two_groups_are_compared_at_the_last_step_that_all_have(home):
    one, other = seeds(FIRST, "muon"), seeds(SECOND, "soap", steps=6)
    api = Api(home)
    found = of_metric(api.compare_groups(one, other), "eval/loss")
    ours = difference_of(FIRST, SECOND)
    assert (found["step"], found["goal"], found["first"]["n"]) == (4, "min", 4)
    assert found["difference"]["value"] == pytest.approx(ours.value)
    assert (found["difference"]["low"], found["difference"]["high"]) == pytest.approx((ours.low, ours.high))
    assert found["verdict"] == {"is_tie": False, "lower": "first", "better": "first"}
    last = of_metric(api.compare_groups(one, other, by="last", metrics=["eval/loss"]), "eval/loss")
    assert last["second"]["mean"] == pytest.approx(np.mean(SECOND) - 2)
    assert api.compare_groups(one, other)["few"] is True  # four seeds
    curves = group_curves(api.source.store, one, other, "eval/loss")
    assert curves["steps"] == [1, 2, 3, 4]
    assert curves["first"]["mean"] == pytest.approx([np.mean(FIRST) + 4 - step for step in range(1, 5)])
    assert curves["difference"]["low"] == pytest.approx([ours.low] * 4)


def test_a_tie_a_diverged_seed_and_a_lonely_one_are_said(home):
    one = [*seeds((1.0, 1.1), "a"), trained("a-s9", [(4, {"eval/loss": math.nan})])]
    other = [*seeds((1.0, 1.2), "b"), trained("b-s9", [(1, {"train/loss": 3.0})])]
    api = Api(home)
    found = api.compare_groups(one, other)
    loss = of_metric(found, "eval/loss")
    assert loss["verdict"] == {"is_tie": True, "lower": None, "better": None}
    assert (loss["first"]["not_finite"], loss["second"]["without"]) == ([one[2]], 1)
    assert {"metric": "train/loss", "why": "only the second group logged it"} in found["left_out"]
    lonely = of_metric(api.compare_groups(one[:1], other[:1]), "eval/loss")
    assert (lonely["verdict"]["is_tie"], lonely["difference"]["low"]) == (None, None)
    assert "difference" not in group_curves(api.source.store, one[:1], [other[2]], "eval/loss")


def test_groups_that_are_none_are_refused(home):
    one, other = seeds((1.0, 2.0), "a")
    api = Api(home)
    for first, second, says in (
        ([], [one], "the first group"),
        ([one], [one, other], "in both"),
        ([one, one], [other], "twice"),
    ):
        with pytest.raises(UsageError, match=says):
            api.compare_groups(first, second)
    with pytest.raises(UsageError, match="by must be"):
        api.compare_groups([one], [other], by="mean")
    with pytest.raises(ExperimentNotFound):
        api.compare_groups([one], ["nowhere"])


@pytest.mark.requirement("S1.74")
def test_metrics_stand_beside_each_other_at_the_last_common_step_best_and_last(home):
    one = trained("one", [(1, {"eval/loss": 3.0}), (4, {"eval/loss": 1.0}), (9, {"eval/loss": 2.0})], lr=1, seed=3)
    other = trained("other", [(2, {"eval/loss": 4.0}), (6, {"eval/loss": 2.5})], lr=2, seed=3)
    found = Api(home).compare([one, other])
    loss = next(each for each in found["numbers"] if each["metric"] == "eval/loss")
    assert (loss["step"], loss["at_step"]) == (6, {one: 1.0, other: 2.5})  # the newest of `one` before step 6
    assert (loss["best"], loss["last"]) == ({one: 1.0, other: 2.5}, {one: 2.0, other: 2.5})
    assert (found["same"], found["config"]) == ({"seed": 3}, {"lr": {one: 1, other: 2}})
