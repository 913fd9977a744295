"""`trackio-client sync ID --to ADDRESS`: what was logged to an address that was mistyped arrives all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trackio_client.cli.main import main
from trackio_client.delivery.meta import read_meta
from trackio_client.delivery.readdressing import readdress
from trackio_client.reader import Api

ROOT = Path(__file__).resolve().parents[2]
LOG = """
import trackio_client
with trackio_client.init("digits", name="mistyped", capture_console=False) as experiment:
    for step in range(50):
        experiment.log({"loss": 1 / (step + 1)}, step=step)
    experiment.log({"weights": trackio_client.Histogram([1.0, 2.0])}, step=50)
print(experiment.experiment_id)
"""


@pytest.fixture
def mistyped(tmp_path, monkeypatch):
    """The id of an experiment that was meant for an address where nobody is."""
    for name in list(os.environ):
        if name.startswith(("TRACKIO_", "HF_")):
            monkeypatch.delenv(name)
    told = {"TRACKIO_HARDWARE_S": "0", "TRACKIO_DIR": str(tmp_path / "data"), "TRACKIO_URL": "http://127.0.0.1:9"}
    more = {"TRACKIO_FINISH_TIMEOUT_S": "0.2", "NO_PROXY": "*", "PYTHONPATH": str(ROOT)}
    for name, text in (told | more).items():
        monkeypatch.setenv(name, text)
    done = subprocess.run(
        [sys.executable, "-c", LOG], check=True, timeout=120, capture_output=True, text=True, cwd=tmp_path
    )
    monkeypatch.delenv("TRACKIO_URL")
    return done.stdout.strip()


@pytest.mark.requirement("S1.58")
def test_what_was_meant_for_a_mistyped_address_is_sent_where_it_should_have_gone(mistyped, tmp_path, capsys):
    assert main(["sync", mistyped, "--to", "local"]) == 0
    assert "counts and digest equal" in capsys.readouterr().out
    with Api(str(tmp_path / "data")) as api:
        assert len(api.series(mistyped, "loss").values) == 50
    capsys.readouterr()
    main(["status", "--json"])
    assert json.loads(capsys.readouterr().out)["unsent_events"] == 0


def test_only_one_experiment_is_sent_elsewhere_and_only_when_it_is_named(mistyped, capsys):
    assert main(["sync", "--to", "local"]) == 2
    assert "needs the id" in capsys.readouterr().err
    assert main(["sync", "exp_20000101_000000_nobody", "--to", "local"]) == 2
    assert "no log of it waits" in capsys.readouterr().err
    assert main(["sync", mistyped, "--to", "htp:/x"]) == 2
    assert "owner/space" in capsys.readouterr().err


def test_a_log_that_another_store_has_begun_to_take_stays(mistyped, tmp_path, capsys):
    (spool,) = (tmp_path / "data" / "v1" / "spool").iterdir()
    meta = read_meta(spool)
    meta.accepted = 10
    meta.write(spool)
    assert main(["sync", mistyped, "--to", "local"]) == 2
    assert "has taken the first of its events" in capsys.readouterr().err
    assert read_meta(spool).destination == "http://127.0.0.1:9"


def test_saying_it_twice_changes_nothing(mistyped, tmp_path):
    folder = tmp_path / "data" / "v1" / "spool"
    assert readdress(folder, mistyped, "local").moved == 1
    again = readdress(folder, mistyped, "local")
    assert (again.moved, again.already, again.stay) == (0, 1, [])
