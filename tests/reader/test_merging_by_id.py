"""Writing one experiment leaves all others as they are; what comes later under the same id is added to it."""

from __future__ import annotations

import pytest

from trackio_client.lifecycle import process
from trackio_client.opening import init
from trackio_client.reader import Api


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in ("TRACKIO_URL", "TRACKIO_PROJECT", "TRACKIO_TOKEN", "TRACKIO_WRITE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    monkeypatch.setenv("TRACKIO_QUIET", "1")
    monkeypatch.setenv("TRACKIO_CAPTURE_CONSOLE", "0")
    yield
    process.current = None


def record(name, value, **given):
    with init("merging", name=name, **given) as experiment:
        experiment.log({"loss": value}, step=len(name))
    return experiment.experiment_id


def told(experiment_id):
    with Api() as api:
        return api.source.experiment(experiment_id), api.source.receipts(experiment_id)


@pytest.mark.requirement("S1.50")
def test_writing_an_experiment_changes_no_other():
    first = record("first", 0.5, config={"lr": 1e-3}, tags=["a"])
    before = told(first)
    others = [record(f"other{i}", float(i), config={"lr": i}, tags=["b"]) for i in range(3)]
    assert told(first) == before
    with Api() as api:
        assert {one.experiment_id for one in api.experiments("merging")} == {first, *others}
        api.delete(others[0])
    assert told(first) == before


@pytest.mark.requirement("S1.50")
def test_what_comes_later_under_the_same_id_is_added_and_nothing_given_is_lost():
    first = record("first", 0.5, config={"lr": 1e-3, "opt": {"name": "adam"}}, tags=["a"], notes="begun")
    with init("merging", experiment_id=first, resume="must", config={"seed": 7, "opt": {"beta": 0.9}}) as again:
        again.log({"loss": 0.25}, step=9)
        again.log({"f1": 0.75}, step=9)
    with Api() as api:
        kept = api.experiment(first)
        assert kept.config == {"lr": 1e-3, "seed": 7, "opt": {"name": "adam", "beta": 0.9}}
        assert (kept.name, kept.notes, kept.tags, kept.generation) == ("first", "begun", ["a"], 1)
        assert api.series(first, "loss").steps.tolist() == [5, 9]
        assert api.series(first, "f1").values.tolist() == [0.75]
        assert len(api.experiments("merging")) == 1
