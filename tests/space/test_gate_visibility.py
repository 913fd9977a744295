"""Whether the Space is private: told by its settings, else asked of the Hub (the stand-in)."""

from __future__ import annotations

import pytest

from space.api.visibility import Visibility
from space.settings import HubSettings, settings_from
from tests.hub.conftest import hub, point_at  # noqa: F401 (a fixture)
from trackio_client.errors import UsageError


def asked(repo):
    visibility = Visibility(HubSettings(space_id=repo))
    visibility.ask()
    return visibility


@pytest.mark.parametrize(("word", "user"), [("public", "hf_me"), ("private", "hf_me"), ("protected", "hf_pro")])
def test_the_hub_is_asked_with_the_spaces_token(hub, monkeypatch, word, user):  # noqa: F811
    from huggingface_hub import HfApi

    owner = {"hf_me": "me", "hf_pro": "pro"}[user]
    made = {"space_sdk": "static"} if owner == "me" else {"space_sdk": "gradio"}
    HfApi(hub.url, token=user).create_repo(f"{owner}/otter", repo_type="space", visibility=word, **made)
    monkeypatch.setenv("HF_TOKEN", user)
    visibility = asked(f"{owner}/otter")
    assert visibility.word == word
    assert visibility.may_share is (word != "private")
    assert ("This Space is private" in (visibility.why_not or "")) is (word == "private")


@pytest.mark.parametrize("fault", [{"status": 503}, {"kind": "html"}, {"status": 401}])
def test_a_hub_that_does_not_say_leaves_it_open_and_unknown(hub, monkeypatch, fault, caplog):  # noqa: F811
    monkeypatch.setenv("HF_TOKEN", "hf_me")
    hub.fault(r"GET /api/spaces/", times=20, **fault)
    visibility = asked("me/otter")
    assert (visibility.word, visibility.may_share) == (None, True)
    assert "could not be asked" in caplog.text
    assert "hf_me" not in caplog.text


def test_what_the_settings_say_counts_and_nobody_is_asked(tmp_path):
    environ = {"SPACE_ID": "me/otter", "TRACKIO_WRITE_TOKEN": "t", "TRACKIO_DIR": str(tmp_path)}
    told = settings_from({**environ, "TRACKIO_SPACE_VISIBILITY": "private"}).hub
    assert Visibility(told).may_share is False
    with pytest.raises(UsageError, match="must be one of public, protected, private, got 'secret'"):
        settings_from({**environ, "TRACKIO_SPACE_VISIBILITY": "secret"})
    at_home = settings_from({"TRACKIO_SPACE_VISIBILITY": "private", "TRACKIO_DIR": str(tmp_path)}).hub
    assert Visibility(at_home).may_share is True, "no Space, no platform before it"
