"""A real training of four processes over gloo, started by torchrun, and what is recorded of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.ranks.launching import PROGRAMS, environment, held, rows, starts
from trackio_client.queries.experiments import experiment_detail
from trackio_client.queries.metrics import list_metrics
from trackio_client.queries.series import read_series
from trackio_client.wire.asks import SeriesQuery

pytest.importorskip("torch")
pytestmark = pytest.mark.requirement("S1.39")


def torchrun(folder, ranks, *argv, program="gloo.py", options=(), **more):
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(ranks), *options,
        str(PROGRAMS / program), *argv,
    ]  # fmt: skip
    return subprocess.run(
        command, env=environment(folder, **more), cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )


def series(store, experiment_id, metric, **asked):
    query = SeriesQuery(experiments=(experiment_id,), metrics=(metric,), **asked)
    return {one["metric"]: one for one in read_series(store, query)["series"]}


def test_a_training_of_four_ranks_that_starts_again_is_one_experiment_with_mean_and_spread(tmp_path):
    """Rank 2 fails at step 3, torchrun starts all of them again, and the second attempt comes to its end."""
    options = ("--max-restarts", "1", "--monitor-interval", "0.2")
    # Without it, gloo of the second attempt finds the addresses of the first in the agent's store, and is refused.
    own_store = {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    done = torchrun(tmp_path, 4, str(tmp_path), "3", "2", options=options, **own_store)
    assert done.returncode == 0, done.stderr[-3000:]
    told = [json.loads((tmp_path / f"1-{rank}.json").read_text()) for rank in range(4)]
    losses = np.array([losses for _, losses in told])
    with held(tmp_path, sync=True) as store:
        (row,) = rows(store)
        assert {experiment_id for experiment_id, _ in told} == {row["experiment_id"]}
        assert (row["state"], row["generation"], row["evidence"]) == ("finished", 1, "It called finish().")
        one = series(store, row["experiment_id"], "loss", ranks="spread")["loss"]
        np.testing.assert_allclose(one["values"], losses.mean(axis=0), rtol=1e-6)
        np.testing.assert_allclose(one["std"], losses.std(axis=0), rtol=1e-5)
        assert one["ranks"].tolist() == [4] * 6
        each = series(store, row["experiment_id"], "loss", ranks="each")
        np.testing.assert_allclose(each["loss@rank=3"]["values"], losses[3], rtol=1e-6)
        assert series(store, row["experiment_id"], "learning_rate", ranks="each").keys() == {"learning_rate"}
        assert [metric["metric"] for metric in list_metrics(store, "gloo")["metrics"]] == ["loss", "learning_rate"]
        errors = [event.content for event in store.events(row["experiment_id"], kinds=["error"])]
        assert [(e["rank"], e["error"]) for e in errors if e["error"] == "ValueError"] == [(2, "ValueError")]
        assert len(starts(store, row["experiment_id"])) == 8
        detail = experiment_detail(store, row["experiment_id"], time.time())
        assert detail["client"]["process"]["world_size"] == 4


@pytest.mark.requirement("S4.22")
def test_a_trainer_of_two_ranks_reports_once_and_each_rank_tells_its_process(tmp_path):
    pytest.importorskip("transformers")
    out = str(tmp_path / "out")
    done = torchrun(tmp_path, 2, out, program="trainer.py", TRACKIO_HARDWARE_S="0.2", TOKENIZERS_PARALLELISM="false")
    assert done.returncode == 0, done.stderr[-3000:]
    with held(tmp_path, sync=True) as store:
        (row,) = rows(store)
        assert (row["state"], row["last_step"]) == ("finished", 4)
        assert len(starts(store, row["experiment_id"])) == 2
        ranked = store.ranked_metrics([row["experiment_id"]])[row["experiment_id"]]
        assert "system/process_memory@rank=1" in ranked
        assert not any(name.startswith("loss") for name in ranked)
        assert "system/cpu_percent@rank=1" not in ranked  # the machine's are told once
        loss = series(store, row["experiment_id"], "loss", ranks="each")
        assert list(loss) == ["loss"]
        assert len(loss["loss"]["steps"]) == 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_data_workers_log_nothing_by_themselves_and_leave_no_experiment(tmp_path, method):
    program = tmp_path / "train.py"
    program.write_text(
        f"""
import os, sys, threading
import torch
import trackio_client

experiment = trackio_client.init("workers", name="only")  # unguarded: each spawned worker imports this again

class Rows(torch.utils.data.Dataset):
    def __len__(self):
        return 8
    def __getitem__(self, row):
        names = [thread.name for thread in threading.enumerate() if thread.name.startswith("trackio")]
        assert not names, names
        if row == 3:
            again = trackio_client.init("inside")
            again.log({{"inside": 1.0}}) if again.is_disabled else None
        return torch.tensor([float(row)])

if __name__ == "__main__":
    loader = torch.utils.data.DataLoader(Rows(), num_workers=2, batch_size=2, multiprocessing_context="{method}")
    for step, batch in enumerate(loader):
        experiment.log({{"sum": float(batch.sum())}}, step=step)
    experiment.finish()
"""
    )
    done = subprocess.run(
        [sys.executable, str(program)], env=environment(tmp_path), cwd=tmp_path, capture_output=True, text=True,
        timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    with held(tmp_path, sync=True) as store:
        (row,) = rows(store)
        assert (row["name"], row["state"], row["point_count"], row["metric_count"]) == ("only", "finished", 4, 1)
