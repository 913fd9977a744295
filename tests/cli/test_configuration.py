"""`trackio-client config`: what is in force, who said it, whether it works; and never a token."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from space import inforce as of_space
from space.settings import HubSettings, SpaceSettings
from space.settings import settings_from as space_settings_from
from tests.hub.conftest import point_at
from tests.hub_server import Hub, running_hub
from trackio_client import clientfile
from trackio_client.cli.main import main
from trackio_client.inforce import CLIENT, client_settings
from trackio_client.settings import Settings, settings_from

FINE = "hf_finegrained_secret"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in {name for named in CLIENT for name in named.variables}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRACKIO_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def hub(tmp_path, monkeypatch):
    with running_hub() as hub:
        point_at(hub, tmp_path / "hf", monkeypatch)
        rights = [{"type": "dataset", "name": "me/exp", "permissions": ["repo.content.read", "repo.write"]}]
        hub.add_token(FINE, "me", "fineGrained", scoped=rights)
        yield hub


def by_name(rows):
    return {one.name: one for one in rows}


@pytest.mark.requirement("S1.8", "S1.15")
@pytest.mark.parametrize("named", CLIENT, ids=lambda named: named.field)
def test_each_setting_says_whether_code_the_environment_or_nobody_set_it(named, tmp_path):
    words = {"monitoring_mode": "none", "mode": "offline", "ranks": "main"}
    text = (words | {"dataset_repo": "me/exp", "url": "me/space"}).get(named.field, "1")
    bare = {"TRACKIO_CONFIG_DIR": str(tmp_path), "HF_HOME": str(tmp_path)}
    assert by_name(client_settings(settings_from(bare), bare))[named.field].source == "default"
    for variable in named.variables:
        environ = bare | {variable: text} | ({"HF_USERNAME": "me"} if variable == "TRACKIO_SPACE_NAME" else {})
        told = by_name(client_settings(settings_from(environ), environ))[named.field]
        assert told.source == f"environment: {variable}"
        assert told.value != "not set"
    given = {named.field: text if named.field not in ("directory",) else Path(text)}
    assert by_name(client_settings(settings_from(bare), bare, given))[named.field].source == "code"


def test_no_setting_of_client_or_space_is_left_out():
    assert {named.field for named in CLIENT} == {field.name for field in fields(Settings)} - {"warnings"}
    known = {named.field for named in of_space.SPACE}
    ours = {field.name for field in fields(SpaceSettings)} - {"hub", "on_space"}
    assert known == ours | {f"hub.{field.name}" for field in fields(HubSettings)}


@pytest.mark.requirement("S1.79")
def test_the_spaces_settings_say_where_they_come_from_and_hide_what_is_secret(tmp_path):
    environ = {
        "TRACKIO_DIR": str(tmp_path),
        "TRACKIO_WRITE_TOKEN": "w-secret-of-mine",
        "HF_TOKEN": FINE,
        "TRACKIO_DATASET_REPO": "me/exp",
        "OAUTH_CLIENT_SECRET": "o-secret",
    }
    rows = by_name(of_space.space_settings(space_settings_from(environ), environ))
    assert (rows["dataset_repo"].value, rows["dataset_repo"].source) == ("me/exp", "environment: TRACKIO_DATASET_REPO")
    assert (rows["push_interval_s"].value, rows["push_interval_s"].source) == ("300 s", "default")
    assert rows["hub_token"].value == f"set, {len(FINE)} characters"
    shown = str(rows)
    assert not any(secret in shown for secret in ("w-secret", FINE, "o-secret"))


@pytest.mark.requirement("S1.15", "S1.62")
def test_it_tries_the_dataset_and_says_what_the_token_opens(hub: Hub, monkeypatch, capsys):
    from huggingface_hub import HfApi

    HfApi(hub.url, token="hf_me").create_repo("me/exp", repo_type="dataset", visibility="private")
    monkeypatch.setenv("TRACKIO_DATASET_REPO", "me/exp")
    monkeypatch.setenv("HF_TOKEN", FINE)
    assert main(["config"]) == 0
    said = capsys.readouterr().out
    for text in (
        "the private dataset me/exp may be read and written",
        "fine-grained",
        "0 experiments",
        "environment: HF_TOKEN",
    ):
        assert text in said
    assert FINE not in said
    assert main(["check", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["tried"]["dataset"]["works"]
    assert FINE not in str(told)


def test_it_says_what_does_not_work_and_makes_the_dataset_when_asked(hub: Hub, monkeypatch, capsys):
    monkeypatch.setenv("HF_TOKEN", "hf_me")
    assert main(["config", "--dataset", "me/fresh"]) == 4
    assert "--create-dataset" in capsys.readouterr().out
    assert main(["config", "--dataset", "me/fresh", "--create-dataset"]) == 0
    assert "me/fresh was made" in capsys.readouterr().out
    assert hub.repo("me/fresh")["visibility"] == "private"
    monkeypatch.setenv("HF_TOKEN", "hf_me_read")
    assert main(["config", "--dataset", "me/fresh"]) == 4
    assert "not written" in capsys.readouterr().out
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    assert main(["config", "--dataset", "me/fresh"]) == 4
    said = capsys.readouterr()
    assert "does not accept the token" in said.out
    assert "hf_wrong" not in said.out + said.err


def test_a_name_that_cannot_be_is_a_wrong_call(capsys):
    assert main(["config", "--dataset", "nobody"]) == 2
    assert "owner/name" in capsys.readouterr().err
    assert main(["config", "--create-dataset"]) == 2


def test_a_place_where_nobody_answers_is_told(monkeypatch, capsys):
    monkeypatch.setenv("TRACKIO_URL", "http://127.0.0.1:9")
    assert main(["config"]) == 4
    assert "nobody answers" in capsys.readouterr().out


def test_a_machine_with_nothing_set_says_where_experiments_stay(capsys, tmp_path):
    assert main(["config"]) == 0
    assert f"in {tmp_path / 'data' / 'v1' / 'store.sqlite'}" in capsys.readouterr().out


def test_what_deploy_kept_is_shown_with_its_file_and_a_file_open_to_others_is_told(monkeypatch, capsys):
    path = clientfile.save(clientfile.KnownSpace("me/curves", "http://127.0.0.1:9", "w-secret-of-mine"))
    path.chmod(0o644)
    (path.parent / "me--damaged.json").write_text("{")
    monkeypatch.setenv("TRACKIO_URL", "me/curves")
    assert main(["config", "--offline"]) == 0
    said = capsys.readouterr().out
    assert f"file: {path}" in said
    assert "me/curves at http://127.0.0.1:9" in said
    assert f"chmod 600 {path}" in said
    assert "me--damaged.json is damaged" in said
    assert "w-secret" not in said


@pytest.mark.requirement("S1.15")
def test_it_tries_the_space_by_the_token_that_trainers_send(tmp_path, monkeypatch, capsys):
    from tests.browser.conftest import Space
    from tests.ports import free_port

    space = Space(tmp_path / "space", free_port(), environ={"TRACKIO_WRITE_TOKEN": "w-secret-of-mine"}).start()
    try:
        monkeypatch.setenv("TRACKIO_URL", space.url)
        assert main(["config"]) == 4
        assert "set TRACKIO_TOKEN" in capsys.readouterr().out
        monkeypatch.setenv("TRACKIO_TOKEN", "wrong")
        assert main(["config"]) == 4
        assert "not one of this server's" in capsys.readouterr().out
        monkeypatch.setenv("TRACKIO_TOKEN", "w-secret-of-mine")
        assert main(["config"]) == 0
        said = capsys.readouterr().out
        assert "the token makes a owner" not in said
        assert "the token makes an owner" in said
        assert "0 experiments in 0 projects" in said
    finally:
        space.stop()
