"""What a Space is told by its environment about the repo in which its experiments live."""

from __future__ import annotations

import pytest

from space.settings import SpaceSettings, settings_from
from trackio_client.errors import UsageError


@pytest.mark.requirement("S1.11")
@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_setting_that_is_blank_is_not_set(blank):
    names = ("TRACKIO_DATASET_REPO", "HF_TOKEN", "TRACKIO_PUSH_INTERVAL_S", "TRACKIO_SPACE_VISIBILITY")
    told = settings_from(dict.fromkeys(names, blank))
    assert (told.dataset_repo, told.hub_token, told.push_interval_s, told.visibility) == (None, None, 300.0, None)


def test_a_space_is_told_its_repo_its_token_and_how_often_it_pushes():
    told = settings_from(
        {
            "TRACKIO_DATASET_REPO": " https://huggingface.co/datasets/me/curves ",
            "HF_TOKEN": "hf_secret\n",
            "TRACKIO_PUSH_INTERVAL_S": "60",
            "TRACKIO_SPACE_VISIBILITY": "Protected",
        }
    )
    assert (told.dataset_repo, told.hub_token) == ("me/curves", "hf_secret")
    assert (told.push_interval_s, told.visibility) == (60.0, "protected")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRACKIO_DATASET_REPO", "curves"),
        ("TRACKIO_DATASET_REPO", "me/curves/more"),
        ("TRACKIO_PUSH_INTERVAL_S", "often"),
        ("TRACKIO_PUSH_INTERVAL_S", "0"),
        ("TRACKIO_SPACE_VISIBILITY", "secret"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_its_name(name, value):
    with pytest.raises(UsageError, match=name):
        settings_from({name: value})


def test_no_secret_shows_in_what_settings_print(tmp_path):
    told = SpaceSettings(directory=tmp_path, hub_token="hf_secret")
    assert "hf_secret" not in repr(told)
