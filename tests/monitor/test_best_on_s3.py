"""A best checkpoint that lies elsewhere, where the path says that it is on S3."""

from __future__ import annotations

import contextlib
import json
import time

import pytest

from tests.monitor.looking import kept
from trackio_client.monitor import Monitor
from trackio_client.settings import settings_from
from trackio_client.snapshot.shown import Shown
from trackio_client.store.open import open_store


@pytest.mark.requirement("S4.7")
@pytest.mark.parametrize(
    ("place", "field"),
    [("s3://bucket/run", "best_checkpoint_s3_path"), ("/mnt/runs/one", "best_checkpoint_path")],
)
def test_the_best_checkpoint_is_told_under_the_name_of_where_it_lies(place, field):
    monitor = Monitor("where", quiet=True)
    for step, f1 in ((10, 0.5), (20, 0.75), (30, 0.25)):
        monitor.log_evaluation_results({"f1": f1}, step=step)
        monitor.log_checkpoint(f"{place}/checkpoint-{step}", step)
    monitor.close()
    summary = kept(monitor.experiment_id).run_summary
    assert (summary["best_f1"], summary["best_step"]) == (0.75, 20)
    assert summary[field] == f"{place}/checkpoint-20"
    assert summary["num_checkpoints"] == 3
    assert len({"best_checkpoint_s3_path", "best_checkpoint_path"} & summary.keys()) == 1
    # A link or a file shows that there is one, and not where.
    with contextlib.closing(open_store(settings_from().store_path)) as store:
        shown = Shown(store, [monitor.experiment_id], now_s=time.time()).summary(monitor.experiment_id)
    assert shown["run_summary"]["best_f1"] == 0.75
    assert place not in json.dumps(shown)
