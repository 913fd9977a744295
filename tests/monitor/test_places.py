"""Where a monitor writes: each mode, switches, nothing at all, a Space that comes up later."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.monitor.looking import experiments, kept, points
from trackio_client.delivery.transport import MemoryTransport
from trackio_client.errors import ProjectNotFound, Unavailable
from trackio_client.monitor import Monitor, create_monitor_from_config


@pytest.mark.requirement("S1.29")
def test_the_address_is_the_spaces_and_none_where_there_is_no_page(monkeypatch):
    assert Monitor("local").get_experiment_url() is None
    there = Monitor("space", trackio_url="http://127.0.0.1:9", mode="offline")
    assert there.get_experiment_url() == (
        f"http://127.0.0.1:9/?project=tests&experiment={there.experiment_id}"
    )  # fmt: skip
    assert Monitor("off", trackio_url="http://127.0.0.1:9", enable_tracking=False).get_experiment_url() is None


@pytest.mark.requirement("S1.19", "S1.28")
def test_switches_turn_off_what_they_name_and_nothing_else():
    monitor = Monitor("switched", log_metrics=False, log_config="no", log_artifacts=False)
    monitor.log_metrics({"loss": 1.0}, step=1)
    monitor.log_config({"lr": 1})
    monitor.log_model_checkpoint("x", step=1)
    monitor.log_evaluation_results({"f1": 0.0}, step=1)
    monitor.close()
    found = kept(monitor.experiment_id)
    assert (found.metrics, found.config, list(monitor.artifacts)) == (["eval_f1"], {}, [])
    assert points(monitor.experiment_id, "eval_f1") == [(1, 0.0)]


@pytest.mark.requirement("S1.14", "S1.28")
def test_with_tracking_off_everything_can_be_called_and_nothing_is_written(home):
    monitor = create_monitor_from_config({"enable_tracking": False}, "off")
    monitor.log_config({"a": 1})
    monitor.log_metrics({"a": 1.0})
    monitor.log_system_metrics()
    monitor.log_evaluation_results({"a": 1.0})
    monitor.log_model_checkpoint("x")
    monitor.log_training_summary({"a": 1})
    monitor.close()
    assert not (home / "data").exists() or not list((home / "data").rglob("*.json"))
    with pytest.raises(ProjectNotFound):
        experiments()


@pytest.mark.requirement("S1.14", "S1.60")
@pytest.mark.parametrize("mode", ["both", "dataset", "trackio", "none", "nonsense"])
def test_every_mode_writes_local_files_and_an_unknown_word_is_both(mode, home, capsys):
    monitor = Monitor("modes", monitoring_mode=mode)
    monitor.log_metrics({"loss": 0.25}, step=3)
    monitor.log_evaluation_results({"f1": 0.5}, step=3)
    monitor.close()
    assert points(monitor.experiment_id, "loss") == [(3, 0.25)]
    assert [Path(path).exists() for path in monitor.artifacts] == [True, True]
    assert monitor.monitoring_mode == ("both" if mode == "nonsense" else mode)
    said = capsys.readouterr().err
    assert ("'nonsense': 'both' is taken" in said) == (mode == "nonsense")


@pytest.mark.requirement("S1.60")
def test_without_any_remote_the_metrics_are_on_the_console(capsys):
    monitor = Monitor("console")
    monitor.log_metrics({"loss": 0.125}, step=3)
    monitor.close()
    assert "step 3  loss 0.125" in capsys.readouterr().err


@pytest.mark.requirement("S1.58")
def test_a_space_that_comes_up_later_gets_what_was_logged_before_b12_b13(home):
    """Nobody answers at first: the log keeps everything, and sends it when somebody does."""
    there = MemoryTransport(destination="local", failures=[Unavailable("503")] * 3)
    monitor = Monitor("later", transport=lambda: there)
    for step in range(50):
        monitor.log_metrics({"loss": float(step)}, step=step)
    monitor.close()
    assert not there.failures
    steps = [int(step) for part in there.decoded() if hasattr(part, "steps") for step in part.steps]
    assert steps == list(range(50))


@pytest.mark.requirement("S1.12", "S1.62")
def test_with_nothing_set_no_connection_is_made_b14(monkeypatch):
    asked = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: asked.append(address))
    monitor = create_monitor_from_config({})
    monitor.log_metrics({"a": 1.0})
    monitor.log_evaluation_results({"a": 1.0})
    monitor.close()
    assert asked == []
