"""Which parameters go with a metric: against SciPy on a real grid search, and where nothing can be said."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

import trackio_client
from trackio_client.errors import ProjectNotFound, UsageError
from trackio_client.queries.importance import reckon
from trackio_client.reader import Api

pytestmark = pytest.mark.requirement("S2.74")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRACKIO_QUIET", "1")
    return tmp_path / "data"


def trained(project, config, **results):
    with trackio_client.init(project, config=config) as experiment:
        experiment.log(results, step=1)
    return experiment.experiment_id


def by_name(found):
    return {each["name"]: each for each in found["parameters"]}


def grid(folder):
    """(config, accuracy) of each run of a real MLflow store that has both; parameters are texts there."""
    for place in sorted((folder / "mlflow-mlruns" / "mlruns").glob("*/*/params")):
        config = {each.name: each.read_text() for each in sorted(place.iterdir())}
        metric = place.parent / "metrics" / "accuracy"
        if config and metric.exists():
            yield config, float(metric.read_text().split()[1])


def test_a_real_grid_search_is_told_as_scipy_tells_it(test_data):
    stats = pytest.importorskip("scipy.stats")
    rows = list(grid(test_data))
    assert len(rows) > 30
    configs = [config for config, _ in rows]
    results = np.array([accuracy for _, accuracy in rows])
    found = by_name(reckon(configs, results, "max"))
    has = [i for i, config in enumerate(configs) if "n_estimators" in config]
    rho, p = stats.spearmanr([float(configs[i]["n_estimators"]) for i in has], results[has])
    trees = found["n_estimators"]
    assert (trees["kind"], trees["n"]) == ("number", len(has))
    if trees["shape"] != "turns":
        assert (trees["value"], trees["p"]) == pytest.approx((rho, p), abs=0.02)
    depth = found["max_depth"]  # "None" among numbers: a kind
    groups = {}
    for i in [i for i, config in enumerate(configs) if "max_depth" in config]:
        groups.setdefault(configs[i]["max_depth"], []).append(results[i])
    h, p = stats.kruskal(*groups.values())
    assert (depth["kind"] == "kind") is ("None" in groups)
    if depth["kind"] == "kind":
        assert (depth["statistic"], depth["p"]) == pytest.approx((h, p), abs=0.02)


def test_a_parameter_that_is_best_in_the_middle_is_found_though_its_correlation_is_nought():
    rates = np.repeat([1e-5, 1e-4, 1e-3, 1e-2, 1e-1], 6)
    losses = np.abs(np.log10(rates) + 3) + np.random.default_rng(1).normal(scale=0.2, size=30)
    configs = [{"lr": rate, "seed": i % 6} for i, rate in enumerate(rates)]
    found = by_name(reckon(configs, losses, "min"))
    assert (found["lr"]["shape"], found["lr"]["best"], found["lr"]["p"] < 0.001) == ("turns", "0.001", True)
    assert found["lr"]["low"] <= found["lr"]["value"] <= found["lr"]["high"]
    assert found["seed"]["p_holm"] > 0.05


def test_values_that_are_alike_to_three_figures_are_told_apart():
    years = [float(year) for year in range(2019, 2027)] * 2
    losses = np.array([abs(year - 2022.5) + 0.01 * i for i, year in enumerate(years)])
    found = by_name(reckon([{"year": year} for year in years], losses, "min"))["year"]
    assert (found["shape"], found["best"]) == ("turns", "2021 to 2022")
    sizes = by_name(reckon([{"n": 1_000_001 + i % 3} for i in range(12)], np.arange(12.0) % 3, "min"))
    assert sizes["n"]["best"] == "1000001"


def test_parameters_that_move_together_are_named_and_crossed_ones_are_not():
    draw = np.random.default_rng(3)
    configs = [
        {"lr": lr, "warmup": round(lr * 1000) + i % 2, "optimizer": "adam" if lr < 0.5 else "sgd", "seed": i % 4}
        for i, lr in enumerate(draw.uniform(size=24))
    ]
    told = {frozenset(each["parameters"]): each for each in reckon(configs, draw.normal(size=24), "min")["together"]}
    assert frozenset(("lr", "warmup")) in told
    assert frozenset(("lr", "optimizer")) in told
    assert "cannot be told apart" in told[frozenset(("lr", "warmup"))]["says"]
    assert not any("seed" in pair for pair in told)


def test_constants_texts_and_rare_parameters_are_named_with_the_reason():
    configs = [
        {"lr": i / 10, "same": 7, "run_name": f"run-{i}", "nested": {"kind": "ab"[i % 2]}, "notes": "x" * (201 + i % 2),
         **({"rare": i} if i < 3 else {})}
        for i in range(8)
    ]  # fmt: skip
    found = reckon(configs, np.arange(8.0), None)
    assert set(by_name(found)) == {"lr", "nested.kind"}
    assert (by_name(found)["lr"]["value"], by_name(found)["lr"]["p"]) == (1.0, pytest.approx(2 / math.factorial(8)))
    why = {each["name"]: each["why"] for each in found["left_out"]}
    assert why["same"] == "the same in all: 7"
    assert why["run_name"] == "a text: 8 different values in 8 experiments"
    assert (why["rare"], why["notes"]) == ("only 3 experiments have it", "long texts")


def test_fewer_than_four_experiments_and_no_numbers_are_said(home):
    for i in range(3):
        trained("few", {"lr": i}, loss=i)
    trained("few", {"lr": 9}, loss=math.nan)
    trained("few", {"lr": 10}, other=1.0)
    found = Api(home).importance("few", "loss")
    assert (found["experiments"], found["without"], found["parameters"]) == (3, 2, [])
    assert "3 of 5 experiments have a finite 'loss': from 4 on" in found["says"]
    with pytest.raises(ProjectNotFound):
        Api(home).importance("nowhere", "loss")
    with pytest.raises(UsageError, match="by must be one of"):
        Api(home).importance("few", "loss", by="mean")


def test_the_best_or_the_last_value_counts_and_the_command_says_the_same(home):
    for i in range(6):
        with trackio_client.init("ner", config={"lr": 10.0**-i, "layers": i % 2}) as experiment:
            experiment.log({"eval_f1": 0.1 * i, "eval_loss": 1e308}, step=1)
            experiment.log({"eval_f1": 0.5 - 0.1 * i}, step=2)
    api = Api(home)
    assert by_name(api.importance("ner", "eval_f1", by="last"))["lr"]["value"] == pytest.approx(1.0)
    best = api.importance("ner", "eval_f1")
    assert (best["by"], best["goal"]) == ("best", "max")
    assert "goes with" not in api.importance("ner", "eval_loss")["says"]  # the same in all
    command = [sys.executable, "-m", "trackio_client.cli.main", "importance", "ner", "eval_f1", "--by", "last"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "lr goes with 'eval_f1' beyond chance" in printed
    assert "by every order. An association, not a cause." in printed
