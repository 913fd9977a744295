"""A store file that is not ours, newer, or read-only: clear words and an exit code, and the file is left alone."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ports import free_port
from trackio_client.cli.main import main
from trackio_client.store.open import open_store

ROOT = Path(__file__).resolve().parents[2]


def make_text(path):
    path.write_text("hello, I am somebody's notes\n")


def make_foreign(path):
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()


def make_newer(path):
    open_store(path).close()
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 999")
    other.close()


BAD = {
    make_text: ("is no SQLite file; it is left alone", "TRACKIO_DIR"),
    make_foreign: ("is an SQLite file of another program; it is left alone", "TRACKIO_DIR"),
    make_newer: ("was written by a newer version", "pip install -U trackio-client"),
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("TRACKIO_URL", "TRACKIO_TOKEN", "TRACKIO_WRITE_TOKEN", "TRACKIO_PROJECT", "TRACKIO_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    (tmp_path / "v1").mkdir()
    return tmp_path


def run(home, *words):
    more = {"PYTHONPATH": str(ROOT), "GRADIO_SERVER_PORT": str(free_port()), "GRADIO_ANALYTICS_ENABLED": "False"}
    env = {**os.environ, **more, "TRACKIO_DIR": str(home), "HF_HUB_OFFLINE": "1"}
    return subprocess.run([sys.executable, *words], env=env, cwd=home, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_a_file_that_is_no_store_of_ours_is_named_and_left_alone(home, capsys, make):
    path = home / "v1" / "store.sqlite"
    make(path)
    before, (seen, do) = path.read_bytes(), BAD[make]
    for words in (["list"], ["list", "p"], ["show", "exp_1"], ["delete", "exp_1", "--yes"]):
        assert main(words) == 1, words
        told = capsys.readouterr()
        assert told.err.startswith(f"trackio-client: {path}"), words
        assert seen in told.err
        assert do in told.err
        assert told.err.count("\n") == 1
        assert told.out == ""
    served = run(home, str(ROOT / "app.py"))
    assert (served.returncode, served.stderr.count("\n")) == (2, 1), served.stderr
    assert seen in served.stderr
    assert do in served.stderr
    assert path.read_bytes() == before


def test_the_dashboard_says_why_it_cannot_start(home):
    make_newer(home / "v1" / "store.sqlite")
    ui = run(home, "-m", "trackio_client", "ui", "--no-browser", "--port", str(free_port()))
    assert ui.returncode == 1
    assert "was written by a newer version" in ui.stderr
    assert "the dashboard ended at once with status 2" in ui.stderr
    assert "Traceback" not in ui.stderr
    assert ui.stdout == ""


LOG = """
import trackio_client
with trackio_client.init("p", name="kept") as experiment:
    experiment.log({"a": 1.0})
"""


def test_a_training_beside_a_file_of_a_newer_version_goes_on_and_keeps_everything(home, capsys):
    path = home / "v1" / "store.sqlite"
    make_newer(path)
    before = path.read_bytes()
    done = run(home, "-c", LOG)
    assert done.returncode == 0, done.stderr
    assert "the local store cannot be opened" in done.stderr
    assert "trackio-client sync" in done.stderr
    assert main(["status"]) == 1
    assert "newer version" in capsys.readouterr().out
    assert path.read_bytes() == before


@pytest.fixture
def read_only_home(home):
    """A folder on a disk that is read-only; permissions alone do not stop root."""
    place = home / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(place)]
    if not sys.platform.startswith("linux") or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("mounting a read-only disk takes root on Linux")
    open_store(place / "v1" / "store.sqlite").close()
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_read_only_folder_is_named(read_only_home, monkeypatch, capsys):
    monkeypatch.setenv("TRACKIO_DIR", str(read_only_home))
    assert main(["list"]) == 1
    told = capsys.readouterr().err
    assert "cannot be written" in told
    assert "TRACKIO_DIR" in told
    served = run(read_only_home, str(ROOT / "app.py"))
    assert (served.returncode, served.stderr.count("\n")) == (2, 1), served.stderr
    assert "cannot be written" in served.stderr


def test_a_training_on_a_read_only_folder_goes_on_and_its_end_names_what_is_not_recorded(read_only_home):
    done = run(read_only_home, "-c", LOG)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Read-only file system") == 2, done.stderr  # when it happens, and at the end
    assert "not recorded: 2 calls" in done.stderr  # init and log
    assert "Traceback" not in done.stderr
