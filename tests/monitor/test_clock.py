"""A clock that somebody sets while a training goes on."""

from __future__ import annotations

import time

import pytest

from tests.monitor.looking import kept
from trackio_client.monitor import Monitor


@pytest.mark.requirement("S1.27")
@pytest.mark.parametrize("jump_s", [-86_400.0, 86_400.0])
def test_the_duration_of_a_training_is_that_of_a_clock_that_nobody_sets(jump_s, monkeypatch):
    monitor = Monitor("clock")
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + jump_s)
    monitor.start_time = monitor.start_time.fromtimestamp(now() - jump_s, monitor.start_time.tzinfo)
    monitor.log_training_summary({"steps": 1})
    monitor.close()
    assert 0 < kept(monitor.experiment_id).summary["experiment_duration_seconds"] < 3_600
