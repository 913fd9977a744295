"""The hardware beside any loop: from `init` to the end, and never in the way of its steps."""

from __future__ import annotations

import os
import time

import pytest

from trackio_client.reader import Api


def readings(api: Api, experiment_id: str) -> list[int]:
    found = api.experiment(experiment_id)
    return found.series("system/memory_percent").steps.tolist() if "system/memory_percent" in found.metrics else []


def wait_for(what, seconds=60.0):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.requirement("S1.24", "S4.22")
def test_a_plain_loop_has_its_hardware_at_the_step_that_was_logged_last(here):
    import trackio_client

    heard: list[int] = []
    with trackio_client.init("loops", hardware_s=0.02) as experiment:
        experiment.hardware.follow(lambda: 7, lambda found: heard.append(len(found)))
        wait_for(lambda: len(heard) >= 2)
        experiment.hardware.leave()
    api = Api(here)
    assert set(readings(api, experiment.experiment_id)) == {7}
    assert {"system/memory_percent", "system/process_memory"} <= set(api.experiment(experiment.experiment_id).metrics)


def test_readings_before_the_first_log_do_not_move_its_step(here):
    import trackio_client

    with trackio_client.init("loops", hardware_s=0.02) as experiment:
        wait_for(lambda: "system/memory_percent" in experiment.summary)
        experiment.log({"loss": 1.0})
        experiment.log({"loss": 0.5})
    found = Api(here).experiment(experiment.experiment_id)
    assert found.series("loss").steps.tolist() == [0, 1]
    assert readings(Api(here), experiment.experiment_id)[0] == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_reads_nothing(here):
    import trackio_client

    with trackio_client.init("loops", hardware_s=30) as experiment:
        child = os.fork()
        if child == 0:
            os._exit(0 if experiment.hardware._sampler is None else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_without_an_interval_nothing_is_read(here):
    import trackio_client

    with trackio_client.init("loops", hardware_s=0) as experiment:
        experiment.log({"loss": 1.0})
        assert experiment.hardware._sampler is None
    assert readings(Api(here), experiment.experiment_id) == []
