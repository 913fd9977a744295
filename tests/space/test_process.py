"""`python app.py` as a process: what keeps it from starting, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.ports import free_port

ROOT = Path(__file__).parents[2]


def environment(tmp_path, **more):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TRACKIO_", "GRADIO_", "SPACE_", "HF_"))}
    return {**kept, "TRACKIO_DIR": str(tmp_path), "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", **more}


def started(environ):
    return subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120
    )


def test_a_port_in_use_is_named_and_nothing_starts(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = started(environment(tmp_path, GRADIO_SERVER_PORT=str(port)))
    assert done.returncode == 2
    assert f"port {port} on 127.0.0.1 is in use" in done.stderr
    assert "export GRADIO_SERVER_PORT=" in done.stderr
    assert not (tmp_path / "v1").exists()


def test_an_open_server_without_a_token_is_refused_with_the_line_to_set(tmp_path):
    done = started(environment(tmp_path, GRADIO_SERVER_NAME="0.0.0.0"))
    assert done.returncode == 2
    assert "export TRACKIO_WRITE_TOKEN=" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_stops_on_sigterm_and_leaves_nothing_running(tmp_path):
    port = free_port()
    environ = environment(tmp_path, GRADIO_SERVER_PORT=str(port), TRACKIO_WRITE_TOKEN="a-secret-of-the-test")
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "app.py"], env=environ, cwd=ROOT, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 90
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/health", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < deadline, (tmp_path / "log").read_text()
                time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in (0, -signal.SIGTERM)
    finally:
        process.kill()
    said = (tmp_path / "log").read_text()
    assert f"http://127.0.0.1:{port}" in said
    assert "a-secret-of-the-test" not in said
    assert "Traceback" not in said
