"""A process has one experiment: monitors, `init` and the module's functions write into the one that is open."""

from __future__ import annotations

import pytest

import trackio_client
from tests.monitor.looking import events, experiments, kept
from trackio_client.errors import UsageError
from trackio_client.monitor import Monitor, create_monitor_from_config


@pytest.mark.requirement("S1.48")
def test_one_monitor_is_one_experiment_whatever_it_is_told_b10():
    monitor = Monitor("one", monitoring_mode="dataset")
    before = monitor.experiment_id
    for step in range(100):
        monitor.log_metrics({"loss": float(step)}, step=step)
    monitor.close()
    assert monitor.experiment_id == before
    assert [each.experiment_id for each in experiments()] == [before]


@pytest.mark.requirement("S1.44")
def test_monitor_module_and_second_monitor_write_to_one_experiment_b31():
    started = trackio_client.init("tests", "shared")
    monitor = create_monitor_from_config({"experiment_name": "shared"})
    again = create_monitor_from_config({})
    trackio_client.log({"a": 1.0}, step=1)
    monitor.log_metrics({"b": 2.0}, step=1)
    again.log_metrics({"c": 3.0}, step=1)
    assert {monitor.experiment_id, again.experiment_id, str(started)} == {started.experiment_id}
    assert trackio_client.get_monitor() is again
    trackio_client.finish()
    assert [each.experiment_id for each in experiments()] == [str(started)]
    assert kept(str(started)).metrics == ["a", "b", "c"]


@pytest.mark.requirement("S1.40", "S1.44")
def test_init_after_a_monitor_goes_on_with_its_experiment_b31():
    monitor = create_monitor_from_config({"experiment_name": "shared"})
    started = trackio_client.init(project_name="shared", experiment_name="shared", trackio_url=None)
    assert f"{started}" == f"{trackio_client.init()}" == monitor.experiment_id
    assert str(trackio_client.init(experiment_name="another")) != monitor.experiment_id
    monitor.close()
    assert str(trackio_client.init(experiment_name="shared")) != monitor.experiment_id


@pytest.mark.requirement("S1.41")
def test_asking_for_the_monitor_of_an_experiment_does_not_keep_init_from_beginning_another():
    first = trackio_client.init("tests")
    trackio_client.log_config({"a": 1})
    assert str(trackio_client.init("tests")) != str(first)


@pytest.mark.requirement("S1.44")
def test_another_name_or_another_place_is_another_experiment():
    first = Monitor("first")
    assert Monitor("second").experiment_id != first.experiment_id
    second = Monitor("second")
    assert Monitor("second", project="other").experiment_id not in (first.experiment_id, second.experiment_id)
    there = Monitor("second", trackio_url="http://127.0.0.1:9", mode="offline")
    assert there.experiment.destination == "http://127.0.0.1:9"
    assert Monitor("second", trackio_url="http://127.0.0.1:9/").experiment_id == there.experiment_id


@pytest.mark.requirement("S1.40")
def test_init_takes_the_words_of_older_scripts_and_its_text_is_the_id(home):
    assert str(trackio_client.init()).startswith("exp_")
    experiment = trackio_client.init(
        project_name="tests", experiment_name="named", trackio_url="http://127.0.0.1:9", trackio_token="t",
        hf_token="h", dataset_repo="me/data", monitoring_mode="none",
    )  # fmt: skip
    assert (experiment.project, experiment.name, experiment.destination) == ("tests", "named", "local")
    assert f"{experiment}" == experiment.experiment_id


@pytest.mark.requirement("S1.41")
def test_the_modules_functions_write_into_the_open_experiment(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"12345")
    experiment = trackio_client.init("tests", "module")
    assert trackio_client.is_available()
    trackio_client.log({"loss": 1.0}, step=1)
    trackio_client.log_config({"lr": 1})
    trackio_client.log_checkpoint(tmp_path / "model.bin", 2)
    trackio_client.log_evaluation_results({"f1": 0.5}, step=2)
    assert trackio_client.get_experiment_url() is None
    assert trackio_client.get_monitor().experiment is experiment
    trackio_client.finish()
    assert not trackio_client.is_available()
    found = kept(str(experiment))
    assert (found.config, found.metrics) == ({"lr": 1}, ["eval_f1", "loss"])
    assert events(str(experiment), "record")[0]["data"]["bytes"] == 5


@pytest.mark.requirement("S1.41", "S1.44")
def test_set_monitor_leads_the_modules_functions_to_its_experiment():
    first = Monitor("first")
    second = Monitor("second")
    trackio_client.set_monitor(first)
    trackio_client.log({"a": 1.0}, step=0)
    trackio_client.log_config({"b": 2})
    trackio_client.finish()
    second.close()
    assert (kept(first.experiment_id).metrics, kept(first.experiment_id).config) == (["a"], {"b": 2})
    assert kept(second.experiment_id).metrics == []
    with pytest.raises(UsageError, match="takes a Monitor"):
        trackio_client.set_monitor("first")


@pytest.mark.requirement("S1.42")
def test_before_init_each_function_warns_once_and_returns(monkeypatch):
    from trackio_client.monitor import module

    monkeypatch.setattr(module, "_warned", set())
    monkeypatch.setattr(trackio_client, "_warned", set())
    calls = [
        (trackio_client.log, ({"a": 1.0},)), (trackio_client.finish, ()), (trackio_client.log_config, ({},)),
        (trackio_client.log_checkpoint, ("x",)), (trackio_client.log_evaluation_results, ({},)),
    ]  # fmt: skip
    for function, given in calls:
        with pytest.warns(UserWarning, match="before init"):
            assert function(*given) is None
        assert function(*given) is None  # silent from now on: a warning would be an error
    assert trackio_client.get_experiment_url() is None
    assert trackio_client.get_monitor() is None
    assert not trackio_client.is_available()
