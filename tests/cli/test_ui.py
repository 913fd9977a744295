"""`trackio-client ui`: a dashboard that starts, answers, and leaves nothing running."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


def started(folder, port):
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("TRACKIO_", "GRADIO_", "SPACE_", "HF_"))}
    told = {"TRACKIO_DIR": str(folder), "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT), "NO_PROXY": "*"}
    command = [sys.executable, "-m", "trackio_client", "ui", "--port", str(port), "--json", "--no-browser"]
    return subprocess.Popen(command, cwd=folder, env=ours | told, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


@pytest.mark.skipif(os.name != "posix", reason="ctrl-C of a child is another thing on Windows")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_dashboard_answers_on_its_port_and_ends_with_the_command(tmp_path, how):
    port = free_port()
    ui = started(tmp_path, port)
    try:
        text = b""
        while not text.rstrip().endswith(b"}"):
            line = ui.stdout.readline()
            assert line, "it ended before it told its address"
            text += line if b"{" in line or text else b""
        told = json.loads(text)
        assert told["address"] == f"http://127.0.0.1:{port}/"
        assert told["waiting"] == []
        health = httpx.get(f"http://127.0.0.1:{port}/v1/health", trust_env=False, timeout=60)
        assert health.json()["status"] == "ok"
        child = psutil.Process(told["pid"])
        ui.send_signal(how)
        assert ui.wait(60) == 0
        until = time.monotonic() + 60
        while child.is_running() and child.status() != psutil.STATUS_ZOMBIE and time.monotonic() < until:
            time.sleep(0.05)
        assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    finally:
        if ui.poll() is None:
            ui.kill()
            ui.wait()
        ui.stdout.close()


def test_a_port_in_use_is_told_before_anything_starts(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ui = started(tmp_path, other.getsockname()[1])
        assert ui.wait(60) == 2
        ui.stdout.close()


def test_the_page_of_a_dataset_repo_shows_what_waits_here_and_pushes_nothing(tmp_path, monkeypatch):
    from trackio_client.cli.serving import _environment
    from trackio_client.settings import settings_from

    monkeypatch.setenv("TRACKIO_DATASET_REPO", "me/exp")
    monkeypatch.setenv("HF_TOKEN", "hf_me")
    env = _environment(settings_from({"TRACKIO_DIR": str(tmp_path), "TRACKIO_DATASET_REPO": "me/exp"}), 7860)
    assert env["TRACKIO_STORE"] == str(tmp_path / "v1" / "hub" / "me--exp" / "store.sqlite")
    assert not {"TRACKIO_DATASET_REPO", "HF_TOKEN"} & set(env)
    local = _environment(settings_from({"TRACKIO_DIR": str(tmp_path)}), 7860)
    assert local["TRACKIO_STORE"] == str(tmp_path / "v1" / "store.sqlite")
