"""Options of a training script's command line, in both spellings, and what they do to a configuration."""

from __future__ import annotations

import argparse
import dataclasses
import types

import pytest

from trackio_client.errors import UsageError
from trackio_client.monitor import add_tracking_arguments, apply_tracking_arguments
from trackio_client.monitor.told import told_by

VALUES = {
    "trackio_url": "me/space",
    "trackio_token": "t",
    "experiment_name": "n",
    "hf_token": "h",
    "dataset_repo": "o/d",
}


def parsed(*words):
    return add_tracking_arguments(argparse.ArgumentParser()).parse_args(words)


@pytest.mark.requirement("S1.13")
@pytest.mark.parametrize("dash", ["_", "-"])
@pytest.mark.parametrize("joined", [True, False])
def test_every_option_has_both_spellings(dash, joined):
    words = [
        word
        for name, value in VALUES.items()
        for option in ["--" + name.replace("_", dash)]
        for word in ([f"{option}={value}"] if joined else [option, value])
    ]
    config = apply_tracking_arguments(parsed(*words), types.SimpleNamespace(experiment_name="before"))
    assert {name: getattr(config, name) for name in VALUES} == VALUES


@pytest.mark.requirement("S1.13")
@pytest.mark.parametrize(("words", "means"), [
    ([], None), (["--enable_tracking"], True), (["--enable-tracking"], True), (["--no_enable_tracking"], False),
    (["--no-enable-tracking"], False), (["--enable_tracking", "false"], False), (["--enable-tracking=no"], False),
    (["--enable_tracking=TRUE"], True),
])  # fmt: skip
def test_tracking_can_be_turned_off_as_well_as_on_b56(words, means):
    assert parsed(*words).enable_tracking is means
    assert told_by(apply_tracking_arguments(parsed(*words), {"enable_tracking": "yes"})).enable_tracking is (
        means is not False
    )


@pytest.mark.requirement("S1.13")
def test_a_switch_that_is_no_word_is_refused_with_the_words_b2(capsys):
    with pytest.raises(SystemExit):
        parsed("--enable_tracking=maybe")
    assert "true" in capsys.readouterr().err


@pytest.mark.requirement("S1.8", "S1.13")
def test_what_is_not_given_leaves_the_configuration_as_it_is():
    config = {"experiment_name": "mine", "trackio_url": "me/space"}
    assert apply_tracking_arguments(parsed("--trackio-url", "me/other"), config) is config
    assert config == {"experiment_name": "mine", "trackio_url": "me/other"}


def test_frozen_configurations_come_back_changed_and_others_are_told_off():
    @dataclasses.dataclass(frozen=True)
    class Frozen:
        lr: float = 0.1
        experiment_name: str | None = None

    before = Frozen()
    after = apply_tracking_arguments(parsed("--experiment_name=n", "--trackio_url=me/s"), before)
    assert (after.experiment_name, after.trackio_url, after.lr) == ("n", "me/s", 0.1)
    assert before == Frozen()
    with pytest.raises(UsageError, match="takes no attributes"):
        apply_tracking_arguments(parsed("--experiment_name=n"), 7)


@pytest.mark.requirement("S1.62")
def test_a_token_need_not_stand_on_the_command_line_b18(monkeypatch, tmp_path):
    monkeypatch.setenv("MY_TOKEN", "from-environment ")
    (tmp_path / "token").write_text("from-file\n")
    config = apply_tracking_arguments(
        parsed("--trackio_token=env:MY_TOKEN", f"--hf-token=file:{tmp_path / 'token'}"), types.SimpleNamespace()
    )
    assert (config.trackio_token, config.hf_token) == ("from-environment", "from-file")
    for wrong in ("--hf_token=env:NOT_SET", "--hf_token=file:/nowhere"):
        with pytest.raises(UsageError, match="hf_token names"):
            apply_tracking_arguments(parsed(wrong), {})


def test_an_option_that_the_script_has_already_is_left_to_it():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hf_token", default="the script's")
    assert add_tracking_arguments(parser).parse_args([]).hf_token == "the script's"
    assert parser.parse_args(["--hf-token", "x"]).hf_token == "x"


def test_transformers_own_parser_takes_the_options_too(tmp_path):
    transformers = pytest.importorskip("transformers")
    parser = transformers.HfArgumentParser(transformers.TrainingArguments)
    add_tracking_arguments(parser)
    arguments, rest = parser.parse_args_into_dataclasses(
        ["--output_dir", str(tmp_path), "--enable_tracking", "no", "--experiment-name", "n"]
    )
    assert arguments.output_dir == str(tmp_path)
    assert (rest.enable_tracking, rest.experiment_name) == (False, "n")
