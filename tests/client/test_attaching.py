"""An experiment that a data set holds goes along to workers that `spawn` starts, and to copies, and does no harm."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import time

import pytest

import trackio_client
from trackio_client.lifecycle import process
from trackio_client.queries.experiments import experiment_detail, list_experiments
from trackio_client.store.sqlite import SqliteStore

pytestmark = pytest.mark.requirement("S1.39")


def work(experiment):
    """In the child: two values."""
    experiment.log({"from a worker": 1.0}, step=0)
    experiment.log({"from a worker": 2.0}, step=1)


@pytest.fixture
def begun(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    monkeypatch.setenv("TRACKIO_QUIET", "1")
    experiment = trackio_client.init("p", name="held", capture_console=False, config={"note": "x"})
    yield experiment
    experiment.finish()
    process.current = None


def test_a_worker_that_gets_it_by_pickle_writes_for_the_same_experiment(begun, tmp_path):
    child = multiprocessing.get_context("spawn").Process(target=work, args=(begun,))
    child.start()
    begun.log({"loss": 1.0}, step=0)
    child.join(60)
    assert child.exitcode == 0
    begun.finish()
    store = SqliteStore(tmp_path / "v1" / "store.sqlite")
    (row,) = list_experiments(store, "p", time.time())["experiments"]
    detail = experiment_detail(store, row["experiment_id"], time.time())
    assert (row["name"], row["state"], detail["writers"], row["point_count"]) == ("held", "finished", 2, 3)
    assert detail["summary"]["from a worker"]["last"] == 2.0
    assert detail["config"] == {"note": "x"}
    store.close()


def test_a_copy_in_its_own_process_is_the_experiment_itself(begun):
    assert copy.deepcopy({"callback": begun})["callback"] is begun
    assert copy.copy(begun) is begun
    assert pickle.loads(pickle.dumps(begun)) is begun


def test_no_secret_travels(monkeypatch, tmp_path):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    begun = trackio_client.init(
        "p", mode="offline", trackio_url="http://127.0.0.1:9", trackio_token="made-up-canary-123456", quiet=True,
        hf_token="hf_made_up_canary_1234567890", config={"api_key": "made-up-canary-999999"}, capture_console=False,
    )  # fmt: skip
    assert b"canary" not in pickle.dumps(begun)
    begun.finish()
