"""The files in which this machine keeps what it knows of Spaces."""

from __future__ import annotations

import os
import stat
import threading

import pytest

from trackio_client import clientfile
from trackio_client.clientfile import KnownSpace
from trackio_client.errors import UsageError
from trackio_client.settings import settings_from, space_at

CURVES = KnownSpace("me/My.Curves", "https://me-my-curves.hf.space", "w-secret-of-mine")


@pytest.fixture
def environ(tmp_path):
    return {"TRACKIO_CONFIG_DIR": str(tmp_path / "config")}


def test_a_token_that_was_kept_is_found_by_name_page_and_address(environ):
    clientfile.save(CURVES, environ)
    for text in (
        "me/My.Curves",
        "me/my.curves",
        " https://huggingface.co/spaces/me/My.Curves/ ",
        "https://me-my-curves.hf.space/",
        "HTTPS://ME-my-curves.hf.space",
    ):
        assert clientfile.find(text, environ) == CURVES, text
    for text in ("me/other", "https://other.hf.space", "http://127.0.0.1:7860"):
        assert clientfile.find(text, environ) is None


def test_a_space_of_another_hub_is_another_space(environ):
    clientfile.save(CURVES, environ)
    assert clientfile.find("me/My.Curves", {**environ, "HF_ENDPOINT": "http://127.0.0.1:9"}) is None


def test_the_file_is_for_its_owner_alone_and_written_whole_or_not_at_all(environ, monkeypatch):
    path = clientfile.save(CURVES, environ)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not clientfile.is_open_to_others(path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        clientfile.save(KnownSpace(CURVES.space, CURVES.address, "another"), environ)
    assert [clientfile.read(path)] == [CURVES]
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_two_that_deploy_at_once_keep_both_tokens(environ):
    spaces = [KnownSpace(f"me/s{k}", f"https://me-s{k}.hf.space", f"token-{k}") for k in range(8)]
    threads = [threading.Thread(target=clientfile.save, args=(space, environ)) for space in spaces]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [clientfile.find(space.space, environ) for space in spaces] == spaces


def test_what_is_forgotten_is_gone(environ):
    clientfile.save(CURVES, environ)
    assert clientfile.forget(CURVES.space, environ)
    assert not clientfile.forget(CURVES.space, environ)
    assert clientfile.find(CURVES.space, environ) is None


def test_no_token_shows_in_what_is_printed(environ):
    assert "secret" not in repr(CURVES)
    path = clientfile.save(CURVES, environ)
    path.write_text('{"space": "me/My.Curves", "token": "w-secret-of-mine"')
    with pytest.raises(UsageError, match="damaged") as refused:
        clientfile.find(CURVES.space, environ)
    assert "w-secret" not in str(refused.value)


@pytest.mark.requirement("S1.8", "S1.83")
def test_the_kept_token_is_sent_where_no_other_was_given_and_to_its_own_space_alone(environ):
    clientfile.save(CURVES, environ)
    told = settings_from({**environ, "TRACKIO_URL": CURVES.space})
    assert (told.url, told.token) == (CURVES.address, None)
    assert space_at(CURVES.space, told, environ) == (CURVES.address, CURVES.token)
    assert space_at(CURVES.address, told, environ) == (CURVES.address, CURVES.token)
    assert space_at("me/other", told, environ) == ("me/other", None)
    mine = settings_from({**environ, "TRACKIO_URL": CURVES.space, "TRACKIO_TOKEN": "mine"})
    assert space_at(CURVES.space, mine, environ) == (CURVES.address, "mine")
    given = settings_from({**environ, "TRACKIO_TOKEN": "mine"}, url=CURVES.space, token="given")
    assert space_at(CURVES.space, given, environ) == (CURVES.address, "given")


def test_a_damaged_file_stops_no_training(environ):
    clientfile.save(CURVES, environ).write_text("{")
    told = settings_from({**environ, "TRACKIO_URL": CURVES.space})
    assert told.url == CURVES.space
    assert space_at(CURVES.space, told, environ) == (CURVES.space, None)


def test_the_folder_is_the_platforms_own(tmp_path):
    assert clientfile.config_folder({"XDG_CONFIG_HOME": str(tmp_path)}) == tmp_path / "trackio"
    assert clientfile.config_folder({"TRACKIO_CONFIG_DIR": " ~/x "}).name == "x"
