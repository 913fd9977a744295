"""`status` and `sync` over what a real process left behind, with nobody there and with a stranger there."""

import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from trackio_client.cli.main import main
from trackio_client.cli.waiting import waiting_lines
from trackio_client.delivery.meta import Meta
from trackio_client.delivery.spool import Spool
from trackio_client.wire.events import new_writer_id
from trackio_client.wire.frames import event_frame

ROOT = Path(__file__).resolve().parents[2]
LOG = """
import trackio_client
with trackio_client.init("digits", name="left") as experiment:
    for step in range(50):
        experiment.log({"loss": 1 / (step + 1)}, step=step)
"""


@pytest.fixture
def left(tmp_path, monkeypatch):
    """The folder of a training that met nobody at its address."""
    for name in list(os.environ):
        if name.startswith("TRACKIO_"):
            monkeypatch.delenv(name)
    told = {"TRACKIO_HARDWARE_S": "0", "TRACKIO_DIR": str(tmp_path / "data"), "TRACKIO_URL": "http://127.0.0.1:9"}
    more = {"TRACKIO_FINISH_TIMEOUT_S": "0.2", "NO_PROXY": "*", "PYTHONPATH": str(ROOT)}
    for name, text in (told | more).items():
        monkeypatch.setenv(name, text)
    subprocess.run([sys.executable, "-c", LOG], check=True, timeout=120, capture_output=True)
    return tmp_path / "data"


@pytest.mark.requirement("S1.58")
def test_what_is_unsent_is_told_with_the_address_and_the_way_to_send_it(left, capsys):
    assert main(["status"]) == 1
    out = capsys.readouterr().out
    assert "left" in out
    assert "http://127.0.0.1:9" in out
    assert "trackio-client sync" in out
    assert max(len(line) for line in out.splitlines()[:2]) <= 80
    assert main(["status", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["unsent_events"] >= 50
    assert told["spools"][0]["project"] == "digits"


@pytest.mark.requirement("S1.58")
def test_sync_without_anybody_there_keeps_everything_and_says_so(left, capsys):
    assert main(["sync", "--timeout", "1"]) == 1
    assert "are kept on this machine" in capsys.readouterr().out
    assert main(["status", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["unsent_events"] >= 50


@pytest.mark.requirement("S1.58")
def test_lists_say_what_waits_on_this_machine_and_is_not_in_them(left, capsys):
    assert main(["list", "--dir", str(left)]) == 0
    seen = capsys.readouterr()
    assert "1 experiment waits on this machine to be sent to http://127.0.0.1:9: `trackio-client sync`" in seen.err
    assert "127.0.0.1:9" not in seen.out
    assert main(["list"]) == 4  # nobody at the address: what is here is told all the same
    seen = capsys.readouterr()
    assert "1 experiment waits on this machine" in seen.err
    assert "cannot be reached" in seen.err
    assert main(["list", "--dir", str(left), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"projects": []}


def test_what_a_living_process_sends_is_told_where_it_is_not_shown(tmp_path):
    spool = Spool.create(
        tmp_path, Meta(writer_id=new_writer_id(), experiment_id="exp_1", project="p", destination="http://space")
    )
    spool.append(event_frame({"kind": "start", "time_us": 1}))
    assert waiting_lines(tmp_path, "local") == ["1 experiment is running here; its process sends it to http://space"]
    assert waiting_lines(tmp_path, "http://space") == []
    spool.close()
    [line] = waiting_lines(tmp_path, "http://space")
    assert line.startswith("1 experiment waits on this machine to be sent to http://space")


def test_what_a_killed_training_on_the_local_store_left_waits_too(tmp_path, monkeypatch, capsys):
    for name in ("TRACKIO_URL", "TRACKIO_MODE"):
        monkeypatch.delenv(name, raising=False)
    env = {**os.environ, "TRACKIO_DIR": str(tmp_path), "TRACKIO_MODE": "offline", "PYTHONPATH": str(ROOT)}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", LOG], check=True, timeout=120, capture_output=True, env=env)
    assert main(["list", "--dir", str(tmp_path)]) == 0
    assert "2 experiments wait on this machine to be sent to the local store" in capsys.readouterr().err
    assert main(["sync", "--dir", str(tmp_path)]) == 0
    receipt = capsys.readouterr().out
    assert receipt.count("the local store holds all of them, counts and digest equal") == 2
    assert main(["list", "digits", "--dir", str(tmp_path)]) == 0
    assert capsys.readouterr().err == ""


def test_sync_gives_each_experiments_receipt_as_json(tmp_path, monkeypatch, capsys):
    env = {**os.environ, "TRACKIO_DIR": str(tmp_path), "TRACKIO_MODE": "offline", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", LOG], check=True, timeout=120, capture_output=True, env=env)
    assert main(["sync", "--dir", str(tmp_path), "--json"]) == 0
    [receipt] = json.loads(capsys.readouterr().out)["receipts"]
    assert (receipt["is_accepted"], receipt["is_durable"], receipt["is_equal"]) == (True, True, True)
    assert (receipt["points"], len(receipt["writers"]), receipt["other_writers"]) == (50, 1, [])
    assert receipt["digest"] == receipt["writers"][0]["digest"]


class Stranger(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>Sleeping</html>")

    def log_message(self, *_):
        pass


def test_a_stranger_who_answers_is_not_taken_for_a_space(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    with http.server.HTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        assert main(["list", "--url", f"http://127.0.0.1:{server.server_port}"]) == 4
        server.shutdown()
        thread.join()
    assert "it is not a Trackio Space" in capsys.readouterr().err
