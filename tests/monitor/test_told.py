"""What a configuration object says about tracking: any object, one attribute at a time, and what comes before what."""

from __future__ import annotations

import argparse
import dataclasses
import types
from typing import Any
from unittest.mock import MagicMock

import pytest

from trackio_client.monitor import create_monitor_from_config
from trackio_client.monitor.told import Told, told_by


@dataclasses.dataclass
class Preset:
    """The attributes of S1.1 and S1.2 with their defaults, as training scripts have them."""

    enable_tracking: bool = True
    trackio_url: str | None = None
    trackio_token: str | None = None
    log_artifacts: bool = True
    log_metrics: bool = True
    log_config: bool = True
    experiment_name: str | None = None
    hf_token: str | None = None
    dataset_repo: str | None = None
    monitoring_mode: str | None = "both"


SAID = {
    "enable_tracking": False, "trackio_url": "me/space", "trackio_token": "trackio-abc", "log_artifacts": False,
    "log_metrics": False, "log_config": False, "experiment_name": "mine", "hf_token": "hf_abc", "dataset_repo": "me/d",
    "monitoring_mode": "dataset", "trackio_project": "p",
}  # fmt: skip


class Slotted:
    __slots__ = ("experiment_name",)

    def __init__(self) -> None:
        self.experiment_name = "slots"


class Raising:
    """Each look at it fails, with an error of its own kind."""

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__"):
            return object.__getattribute__(self, name)
        raise RuntimeError(f"no {name} today")


@pytest.mark.requirement("S1.1", "S1.2")
@pytest.mark.parametrize(
    "config",
    [
        pytest.param(SAID, id="dict"),
        pytest.param(types.SimpleNamespace(**SAID), id="namespace"),
        pytest.param(argparse.Namespace(**SAID), id="argparse"),
        pytest.param(dataclasses.make_dataclass("C", [(n, object, v) for n, v in SAID.items()])(), id="dataclass"),
        pytest.param(type("C", (), SAID), id="class"),
    ],
)
def test_each_attribute_is_read_from_any_kind_of_object(config):
    told = told_by(config)
    assert {name: getattr(told, name) for name in SAID} == SAID
    assert told.faults == ()


@pytest.mark.requirement("S1.1", "S1.2", "S1.4")
@pytest.mark.parametrize("config", [None, object(), {}, Preset(), types.SimpleNamespace(learning_rate=1e-4), Slotted])
def test_what_is_absent_has_the_documented_default(config):
    told = told_by(config)
    assert (told.enable_tracking, told.log_artifacts, told.log_metrics, told.log_config) == (True,) * 4
    assert {told.trackio_url, told.trackio_token, told.hf_token, told.dataset_repo, told.experiment_name} == {None}
    assert told.faults == ()


@pytest.mark.requirement("S1.3")
def test_subclasses_have_all_attributes_without_naming_them_again():
    @dataclasses.dataclass
    class Sft(Preset):
        trackio_url: str | None = "me/space"

    @dataclasses.dataclass
    class Dpo(Sft):
        beta: float = 0.1

    class OnBigMachine(Dpo):
        log_artifacts = "no"

    assert told_by(Dpo()) == Told(trackio_url="me/space", preset_name="Dpo", monitoring_mode="both")
    big = OnBigMachine()
    assert told_by(OnBigMachine).log_artifacts is False  # the class itself
    assert told_by(big).trackio_url == "me/space"


@pytest.mark.parametrize(("word", "means"), [("false", False), ("0", False), ("no", False), (False, False), (0, False),
                                             ("True", True), ("on", True), (1, True)])  # fmt: skip
def test_a_switch_is_read_as_the_word_that_it_is_b2(word, means):
    assert told_by({"enable_tracking": word}).enable_tracking is means


def test_a_switch_that_is_no_word_is_named_and_counts_as_not_set_b2():
    told = told_by({"log_metrics": "maybe"})
    assert told.log_metrics is True
    (fault,) = told.faults
    assert "log_metrics" in fault
    assert "'maybe'" in fault


def test_attributes_that_raise_are_each_named_once_and_the_rest_is_read(capsys):
    class Half(Preset):
        trackio_url = "me/space"  # type: ignore[assignment]

        @property
        def hf_token(self) -> str:
            raise OSError("vault is closed")

        @hf_token.setter
        def hf_token(self, value: str | None) -> None: ...

    told = told_by(Half())
    assert told.trackio_url is None  # the instance's own
    assert len(told.faults) == 1
    assert "hf_token" in told.faults[0]
    assert "vault is closed" in told.faults[0]
    assert len(told_by(Raising()).faults) >= 10
    monitor = create_monitor_from_config(Raising(), "of a raising object", monitoring_mode="none")
    monitor.log_metrics({"loss": 1.0})
    said = capsys.readouterr().err
    assert said.count("configuration's hf_token") == 1
    assert monitor.enable_tracking


def test_a_mock_for_a_configuration_gives_a_working_monitor():
    monitor = create_monitor_from_config(MagicMock())
    assert monitor.enable_tracking
    assert "Mock" not in monitor.experiment_name


@pytest.mark.requirement("S1.5")
def test_a_name_is_looked_for_in_code_then_config_then_preset_then_environment_then_made_up(monkeypatch):
    class NamedByClass(Preset):
        experiment_name = "of the class"  # type: ignore[assignment]

    def name_of(config, given=None):
        monitor = create_monitor_from_config(config, given)
        monitor.close()
        return monitor.experiment_name

    monkeypatch.setenv("EXPERIMENT_NAME", "of the environment")
    assert name_of(Preset(experiment_name="of the config"), "of the code") == "of the code"
    assert name_of(Preset(experiment_name="of the config")) == "of the config"
    assert name_of(NamedByClass(experiment_name=None)) == "of the class"
    assert name_of({"experiment_name": None, "preset_name": "of the preset"}) == "of the preset"
    assert name_of(type("SmallPreset", (Preset,), {})()) == "SmallPreset"
    assert name_of(Preset()) == "of the environment"
    assert name_of({"experiment_name": "  "}) == "of the environment"
    monkeypatch.delenv("EXPERIMENT_NAME")
    made_up = name_of(Preset())
    assert made_up.count("-") == 2
    assert made_up.rpartition("-")[2].isdecimal()


@pytest.mark.requirement("S1.5")
def test_no_name_is_never_the_name_none_b33():
    monitor = create_monitor_from_config(types.SimpleNamespace(experiment_name=None))
    assert monitor.experiment_name not in ("None", "")


# --- what comes before what: one test a setting (S1.8) ------------------------------------------------------------


@pytest.mark.requirement("S1.6", "S1.8")
def test_trackio_url_in_the_config_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("TRACKIO_URL", "http://127.0.0.1:9/environment")
    from_environment = create_monitor_from_config(Preset(experiment_name="a"), mode="offline")
    assert from_environment.experiment.destination == "http://127.0.0.1:9/environment"
    told = create_monitor_from_config(Preset(experiment_name="b", trackio_url="http://127.0.0.1:9/x"), mode="offline")
    assert told.experiment.destination == "http://127.0.0.1:9/x"


@pytest.mark.requirement("S1.6", "S1.8", "S1.62")
def test_trackio_token_in_the_config_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("TRACKIO_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("TRACKIO_TOKEN", "token-of-environment")
    for config, wanted in ((Preset("a"), "token-of-environment"), (Preset(trackio_token="token-told"), "token-told")):
        monitor = create_monitor_from_config(config, wanted, mode="offline")
        assert monitor.experiment._writer.settings.token == wanted
        monitor.log_config({"note": f"begins with {wanted}"})
        assert monitor.experiment.origin.mask(f"begins with {wanted}") == "begins with ***"


@pytest.mark.requirement("S1.7", "S1.8")
def test_hf_token_in_the_config_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_of_environment")
    for config, wanted in ((Preset("a"), "hf_of_environment"), (Preset(hf_token="hf_told"), "hf_told")):
        monitor = create_monitor_from_config(config, wanted, mode="offline")
        assert monitor.experiment._writer.settings.hub_token == wanted


@pytest.mark.requirement("S1.7", "S1.8", "S1.11")
def test_dataset_repo_in_the_config_wins_over_the_environment_and_blank_is_not_set(monkeypatch):
    monkeypatch.setenv("TRACKIO_DATASET_REPO", "me/environment")
    told = create_monitor_from_config(Preset(dataset_repo="me/told"), "a", mode="offline")
    blank = create_monitor_from_config(Preset(dataset_repo="  "), "b", mode="offline")
    assert (told.dataset_repo, blank.dataset_repo) == ("me/told", "me/environment")
    assert told.experiment.destination == "hf://datasets/me/told"


@pytest.mark.requirement("S1.7", "S1.8", "S1.14")
def test_monitoring_mode_in_the_config_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("MONITORING_MODE", "none")
    monkeypatch.setenv("TRACKIO_URL", "http://127.0.0.1:9")
    told = create_monitor_from_config(Preset(monitoring_mode="trackio"), "a", mode="offline")
    left = create_monitor_from_config(Preset(monitoring_mode=None), "b", mode="offline")
    assert (told.monitoring_mode, told.experiment.destination) == ("trackio", "http://127.0.0.1:9")
    assert (left.monitoring_mode, left.experiment.destination) == ("none", "local")


@pytest.mark.requirement("S1.8", "S1.16")
def test_the_second_argument_wins_over_the_configs_name():
    assert create_monitor_from_config(Preset(experiment_name="config"), "argument").experiment_name == "argument"


@pytest.mark.requirement("S1.8")
def test_enable_tracking_in_the_config_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("TRACKIO_MODE", "offline")
    assert not create_monitor_from_config(Preset(enable_tracking=False), "a").enable_tracking
    monkeypatch.setenv("TRACKIO_MODE", "disabled")
    assert not create_monitor_from_config(Preset(), "b").enable_tracking


@pytest.mark.requirement("S1.10")
def test_a_dataset_repo_of_another_form_is_refused_with_the_form_that_is_wanted():
    from trackio_client.errors import UsageError

    with pytest.raises(UsageError, match="owner/name"):
        create_monitor_from_config(Preset(dataset_repo="no-owner"))


@pytest.mark.requirement("S1.12")
def test_no_setting_names_an_owner_that_the_user_did_not_b14():
    monitor = create_monitor_from_config(Preset())
    assert monitor.dataset_repo is None
    assert monitor.experiment.destination == "local"
