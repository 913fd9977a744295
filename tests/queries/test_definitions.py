"""What `define_metric` said, as the list of metrics and the columns of a table go by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import trackio_client
from trackio_client.experiment import Experiment
from trackio_client.queries.experiments import experiment_detail, list_experiments
from trackio_client.queries.metrics import list_metrics
from trackio_client.store.contract import Store
from trackio_client.store.open import open_store

pytestmark = pytest.mark.requirement("S1.41")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    monkeypatch.setenv("TRACKIO_QUIET", "1")
    return tmp_path


@pytest.fixture
def trained(home) -> Iterator[Callable[..., Store]]:
    """Runs functions one after the other, each with an experiment of its own, and gives the store that holds them."""
    stores: list[Store] = []

    def run(*trainings: Callable[[Experiment], Any]) -> Store:
        for number, training in enumerate(trainings):
            with trackio_client.init("p", experiment_id=f"e{number}", hardware_s=0) as experiment:
                training(experiment)
                path = experiment._writer.settings.store_path
        stores.append(open_store(path))
        return stores[-1]

    yield run
    for store in stores:
        store.close()


def axes(store: Store, **asked: Any) -> dict[str, str | None]:
    return {each["metric"]: each["step_metric"] for each in list_metrics(store, "p", **asked)["metrics"]}


def test_a_metric_is_drawn_against_what_was_said_where_that_was_logged(trained):
    def training(run):
        run.define_metric("val/*", step_metric="epoch")
        run.define_metric("lost", step_metric="never logged")
        for epoch in (3, 4):
            run.log({"loss": 1.0, "epoch": epoch, "lost": 1.0})
            run.log({"val/f1": 0.5})

    assert axes(trained(training)) == {"val/f1": "epoch", "epoch": None, "loss": None, "lost": None}


def test_a_trainers_count_of_steps_is_the_step_itself_unless_it_is_not(trained):
    def by_step(run):
        run.define_metric("*", step_metric="train/global_step")
        for step in (10, 20):
            run.log({"train/loss": 1.0, "train/global_step": step})

    def otherwise(run):
        by_step(run)
        run.log({"train/loss": 1.0, "train/global_step": 30}, step=900)

    store = trained(by_step)
    assert axes(store)["train/loss"] is None
    assert axes(trained(by_step, otherwise))["train/loss"] == "train/global_step"


def test_of_several_experiments_the_newest_that_says_something_stands(trained):
    def first(run):
        run.define_metric("loss", hidden=True, goal="max")
        run.define_metric("old", hidden=True)
        run.log({"loss": 1.0, "old": 1.0})

    def second(run):
        run.define_metric("loss", goal="min")
        run.log({"loss": 1.0})

    def silent(run):
        run.log({"loss": 1.0, "old": 1.0})

    store = trained(first, second, silent)
    told = {each["metric"]: (each["hidden"], each["goal"]) for each in list_metrics(store, "p")["metrics"]}
    assert told == {"loss": (False, "min"), "old": (True, None)}
    alone = {each["metric"]: each["hidden"] for each in list_metrics(store, "p", ["e0"])["metrics"]}
    assert alone == {"loss": True, "old": True}
    assert not any(each["hidden"] for each in list_metrics(store, "p", ["e2"])["metrics"])


def test_columns_and_summaries_show_the_number_that_was_said(trained):
    def training(run):
        for word in ("min", "max", "mean", "best", "last", "none"):
            run.define_metric(f"{word}/accuracy", summary=word)
        for value in (1.0, 4.0, 1.0):
            run.log({f"{word}/accuracy": value for word in ("min", "max", "mean", "best", "last", "none")})

    store = trained(training)
    names = [f"{word}/accuracy" for word in ("min", "max", "mean", "best", "last", "none")]
    wanted = dict(zip(names, (1.0, 4.0, 2.0, 4.0, 1.0), strict=False))
    [row] = list_experiments(store, "p", 0.0, columns=[f"metric:{name}" for name in names])["experiments"]
    assert row["columns"] == {f"metric:{name}": value for name, value in wanted.items()}
    summary = experiment_detail(store, "e0", 0.0)["summary"]
    assert {name: each["shown"] for name, each in summary.items()} == {**wanted, "none/accuracy": None}
    assert summary["none/accuracy"]["last"] == 1.0
