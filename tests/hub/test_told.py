"""What a training told, small enough for what a page without a server fetches."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from tests.hub.view_data import NOW_S, fill, new_store, training
from trackio_client.hub.files.overview import MOST_BYTES, overview
from trackio_client.hub.files.told import TOLD_BYTES, told
from trackio_client.wire.events import plain

pytestmark = pytest.mark.requirement("S1.51", "S4.8")


@pytest.fixture
def store(tmp_path: Path):
    store = new_store(tmp_path)
    yield store
    store.close()


def recorded(store, evaluations: int, labels: int = 3, **more):
    one = training(1, 50)

    def record(name, data, step):
        one.event(kind="record", time_us=int(NOW_S * 1e6), record=name, step=step, epoch=step / 10, data=plain(data))

    record("run_config", {"label_list": ["O"], "training_arguments": {"x": "y" * 50_000}, **more}, 0)
    for step in range(1, evaluations + 1):
        rows = {f"label-{n}": {"f1": 1 / 3, "precision": 0.5, "recall": 0.25, "support": n} for n in range(labels)}
        loss = math.nan if step == 2 else 1 / step
        record("epoch_metrics", {"eval_loss": loss, "eval_f1": step / 1000, "per_label_metrics": rows}, step)
    return fill(store, one)[0]


def test_evaluations_labels_and_what_is_no_number_are_there(store):
    found = told(store, recorded(store, 5), NOW_S)
    assert [entry["global_step"] for entry in found["epoch_metrics"]] == [1, 2, 3, 4, 5]
    assert found["epoch_metrics"][1]["eval_loss"] == {"$float": "NaN"}
    assert found["epoch_metrics"][0]["per_label_metrics"]["label-2"] == {
        "f1": 0.333333, "precision": 0.5, "recall": 0.25, "support": 2,
    }  # fmt: skip
    assert found["run_config"] == {"label_list": ["O"]}
    assert (found["run_summary"]["best_metric"], found["run_summary"]["best_step"]) == ("eval_f1", 5)


@pytest.mark.parametrize(("evaluations", "labels"), [(600, 3), (3, 3000)])
def test_it_stays_small_and_keeps_the_newest(store, evaluations, labels):
    name = recorded(
        store, evaluations, labels, dataset_counts={"train": {"label_counts": {str(n): n for n in range(5000)}}}
    )
    found = told(store, name, NOW_S)
    assert len(json.dumps(found)) <= TOLD_BYTES * 1.3  # spaces
    steps = [entry["global_step"] for entry in found["epoch_metrics"]]
    assert steps == list(range(evaluations - len(steps) + 1, evaluations + 1))
    assert bool(steps) == (labels < 100)
    assert len(overview(store, store.experiment(name))) <= MOST_BYTES


def test_an_experiment_of_numbers_alone_has_none(store):
    (name,) = fill(store, training(2, 50))
    assert told(store, name, NOW_S) is None
    assert '"training"' not in str(overview(store, store.experiment(name)))
