"""Settings: each one's three sources, and where experiments go by them."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from trackio_client.delivery.address import address_of, place
from trackio_client.errors import UsageError
from trackio_client.opening import init
from trackio_client.settings import data_folder, settings_from

FOLDER = Path("/somewhere")

SETTINGS: list[tuple[str, str, Any, Any, Any, Any]] = [
    # field, variable, its text, what that means, what code gives, what stands without either
    ("url", "TRACKIO_URL", "http://env", "http://env", "http://code", None),
    ("url", "TRACKIO_SPACE_ID", "me/space", "me/space", "me/other", None),
    ("token", "TRACKIO_TOKEN", "t-env", "t-env", "t-code", None),
    ("token", "TRACKIO_WRITE_TOKEN", "t-env", "t-env", "t-code", None),
    ("hub_token", "HF_TOKEN", "hf-env", "hf-env", "hf-code", None),
    ("hub_token", "HUGGING_FACE_HUB_TOKEN", "hf-env", "hf-env", "hf-code", None),
    ("dataset_repo", "TRACKIO_DATASET_REPO", "me/env", "me/env", "me/code", None),
    ("monitoring_mode", "MONITORING_MODE", "none", "none", "trackio", "both"),
    ("project", "TRACKIO_PROJECT", "env", "env", "code", None),
    ("name", "EXPERIMENT_NAME", "env", "env", "code", None),
    ("directory", "TRACKIO_DIR", "/env", Path("/env"), Path("/code"), data_folder({})),
    ("mode", "TRACKIO_MODE", "offline", "offline", "disabled", "online"),
    ("spool_bytes", "TRACKIO_SPOOL_BYTES", "1000", 1000, 5, None),
    ("finish_timeout_s", "TRACKIO_FINISH_TIMEOUT_S", "2", 2.0, 3.0, 30.0),
    ("exit_timeout_s", "TRACKIO_EXIT_TIMEOUT_S", "2", 2.0, 3.0, 5.0),
    ("heartbeat_s", "TRACKIO_HEARTBEAT_S", "2", 2.0, 3.0, 15.0),
    ("flush_s", "TRACKIO_FLUSH_S", "2", 2.0, 3.0, 0.5),
    ("flush_s", "TRACKIO_FLUSH_INTERVAL", "10", 10.0, 3.0, 0.5),
    ("push_interval_s", "TRACKIO_PUSH_INTERVAL_S", "60", 60.0, 30.0, 300.0),
    ("hardware_s", "TRACKIO_HARDWARE_S", "2", 2.0, 3.0, 10.0),
    ("record", "TRACKIO_RECORD", "-predictions", "-predictions", "all", None),
    ("price_per_hour", "TRACKIO_PRICE_PER_HOUR", "2.5", 2.5, 3.0, None),
    ("forward_share", "TRACKIO_FORWARD_SHARE", "0.05", 0.05, 0.1, 0.01),
    ("sync_s", "TRACKIO_SYNC_S", "2", 2.0, 3.0, 1.0),
    ("console", "TRACKIO_CAPTURE_CONSOLE", "no", False, True, True),
    ("console_bytes", "TRACKIO_CONSOLE_BYTES", "99", 99, 5, 8 * 1024 * 1024),
    ("table_rows", "TRACKIO_TABLE_ROWS", "99", 99, 5, 100_000),
    ("quiet", "TRACKIO_QUIET", "1", True, False, False),
]


@pytest.mark.requirement("S1.7", "S1.8")
@pytest.mark.parametrize(
    ("field", "variable", "text", "meant", "given", "default"), SETTINGS, ids=[s[1] for s in SETTINGS]
)
def test_code_goes_before_the_environment_and_that_before_the_default(
    field: str, variable: str, text: str, meant: Any, given: Any, default: Any
) -> None:
    assert getattr(settings_from({}), field) == default
    assert getattr(settings_from({variable: text}), field) == meant
    assert getattr(settings_from({variable: text}, **{field: given}), field) == given


@pytest.mark.requirement("S1.2")
def test_the_three_settings_of_a_training_config_have_their_defaults() -> None:
    told = settings_from({})
    assert (told.hub_token, told.dataset_repo, told.monitoring_mode) == (None, None, "both")
    given = inspect.signature(init).parameters
    assert [given[name].default for name in ("hf_token", "dataset_repo", "monitoring_mode")] == [None, None, None]


@pytest.mark.requirement("S1.11")
@pytest.mark.parametrize("variable", sorted({s[1] for s in SETTINGS}))
def test_blank_is_not_set(variable: str) -> None:
    assert settings_from({variable: " \t"}) == settings_from({})
    assert settings_from({"TRACKIO_DATASET_REPO": "me/exp"}, dataset_repo="  ").dataset_repo == "me/exp"


@pytest.mark.requirement("S1.7")
def test_the_first_of_two_names_for_one_thing_stands() -> None:
    read = settings_from({
        "TRACKIO_URL": "a/first", "TRACKIO_SPACE_ID": "a/second", "HF_USERNAME": "a", "TRACKIO_SPACE_NAME": "third",
        "HF_TOKEN": "first", "HUGGING_FACE_HUB_TOKEN": "second", "TRACKIO_FLUSH_S": "1", "TRACKIO_FLUSH_INTERVAL": "10",
    })  # fmt: skip
    assert (read.url, read.hub_token, read.flush_s) == ("a/first", "first", 1.0)


@pytest.mark.requirement("S1.7")
def test_a_space_is_named_by_its_owner_and_its_name() -> None:
    both = {"HF_USERNAME": "me", "TRACKIO_SPACE_NAME": "my-space"}
    assert settings_from(both).url == "me/my-space"
    assert settings_from({"TRACKIO_SPACE_NAME": "lab/my-space"}).url == "lab/my-space"
    alone = settings_from({"TRACKIO_SPACE_NAME": "my-space"})
    assert alone.url is None
    assert "HF_USERNAME" in alone.warnings[0]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("me/space", "https://me-space.hf.space"),
        ("my-team/my-space-2", "https://my-team-my-space-2.hf.space"),
        ("https://my-team-my-space-2.hf.space", "https://my-team-my-space-2.hf.space"),
        ("https://my-team-my-space-2.hf.space/", "https://my-team-my-space-2.hf.space"),
        ("My_Team/Some.Space", "https://my-team-some-space.hf.space"),
        ("https://huggingface.co/spaces/my-team/my-space-2", "https://my-team-my-space-2.hf.space"),
        ("http://localhost:7860", "http://localhost:7860"),
        ("hf://datasets/my-team/my-data", "hf://datasets/my-team/my-data"),
        ("https://huggingface.co/datasets/my-team/my-data", "hf://datasets/my-team/my-data"),
    ],
)
@pytest.mark.requirement("S1.9")
def test_an_address_reaches_one_place_however_it_is_written(text: str, address: str) -> None:
    assert address_of(text) == address


@pytest.mark.requirement("S1.10")
@pytest.mark.parametrize(
    "wrong",
    ["exp", "a/b/c", "/b", "a/", "a b/c", "a//b", "a/b--c", "-a/b", "a/..", "a/b?x=1", "https://x.org/a/b", "ü/b"],
)
def test_a_repos_name_that_cannot_be_says_how_one_is_written(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="owner/name"):
        init("p", dataset_repo=wrong, directory=tmp_path, mode="disabled")


@pytest.mark.requirement("S1.14")
@pytest.mark.parametrize(
    ("mode", "url", "repo", "there"),
    [
        ("both", "http://space", "me/exp", "http://space"),
        ("both", None, "me/exp", "hf://datasets/me/exp"),
        ("both", "http://space", None, "http://space"),
        ("both", None, None, None),
        ("dataset", "http://space", "me/exp", "hf://datasets/me/exp"),
        ("dataset", "hf://datasets/me/exp", None, "hf://datasets/me/exp"),
        ("trackio", "http://space", "me/exp", "http://space"),
        ("none", "http://space", "me/exp", None),
        ("BOTH ", "http://space", None, "http://space"),
    ],
)
def test_the_mode_says_where_experiments_go(mode: str, url: str | None, repo: str | None, there: str | None) -> None:
    read = settings_from({}, monitoring_mode=mode, url=url, dataset_repo=repo)
    assert read.url == there
    assert read.warnings == ()


@pytest.mark.requirement("S1.14")
@pytest.mark.parametrize(
    ("given", "mode", "told"),
    [
        ({"monitoring_mode": "cloud", "url": "http://space"}, "both", "got 'cloud'"),
        ({"monitoring_mode": "dataset", "url": "http://space"}, "dataset", "TRACKIO_DATASET_REPO"),
        ({"monitoring_mode": "trackio", "dataset_repo": "me/exp"}, "trackio", "TRACKIO_URL"),
    ],
)
def test_a_mode_that_does_not_fit_is_told_and_training_goes_on(given: dict[str, str], mode: str, told: str) -> None:
    read = settings_from({}, **given)
    assert (read.monitoring_mode, len(read.warnings)) == (mode, 1)
    assert told in read.warnings[0]
    assert read.url == ("http://space" if mode == "both" else None)


@pytest.mark.requirement("S1.14")
def test_an_unknown_mode_is_said_on_the_console(bench: Any, capsys: pytest.CaptureFixture[str]) -> None:
    bench.init(monitoring_mode="cloud").finish()
    assert "both, dataset, trackio, none, got 'cloud'" in capsys.readouterr().err


@pytest.mark.requirement("S1.10")
def test_what_cannot_be_read_names_its_variable() -> None:
    with pytest.raises(UsageError, match="TRACKIO_PUSH_INTERVAL_S must be a number >= 0, got 'soon'"):
        settings_from({"TRACKIO_PUSH_INTERVAL_S": "soon"})


def test_a_destination_reads_well() -> None:
    assert place("local") == "the local store"
    assert place("hf://datasets/me/exp") == "hf://datasets/me/exp"
