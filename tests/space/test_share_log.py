"""What a server prints while it is asked with tokens and links of every kind, right and wrong: none of them."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time

import httpx
import pytest

from tests.ports import free_port
from tests.space.conftest import batch
from tests.space.test_process import ROOT, environment
from trackio_client.wire.batches import FRAMES_TYPE, pack

OWNER = "a-secret-of-the-owner-7c1f"
HUB = "hf_a_token_of_the_hub_9d2e"


@pytest.fixture
def server(tmp_path):
    """A whole server in a process of its own: (address, log)."""
    port = free_port()
    environ = environment(tmp_path, GRADIO_SERVER_PORT=str(port), TRACKIO_WRITE_TOKEN=OWNER)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "app.py"], env=environ, cwd=ROOT, stdout=log, stderr=log)
    try:
        url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 90
        while True:
            try:
                httpx.get(f"{url}/v1/health", timeout=5, trust_env=False)
                break
            except httpx.HTTPError:
                assert process.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < deadline, (tmp_path / "log").read_text()
                time.sleep(0.1)
        yield url, tmp_path / "log"
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    finally:
        process.kill()
        process.wait()


@pytest.mark.requirement("S1.62")
def test_no_token_and_no_link_stands_in_a_line_of_the_servers_log(server):
    url, log = server
    owner = {"X-Trackio-Token": OWNER}
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        sent = client.post(
            "/v1/writers/w1/events", content=pack(batch()), headers={"Content-Type": FRAMES_TYPE, **owner}
        )
        assert sent.status_code == 200
        writer = client.post("/v1/tokens", json={"name": "x", "role": "writer"}, headers=owner).json()["token"]
        link = client.post("/v1/shares", json={"experiments": ["exp_a"]}, headers=owner).json()
        token = link["address"].rpartition("/")[2]
        cookie = client.post("/v1/session", headers=owner).cookies["trackio_session"]
        for path in (
            "/", "/config", "/v1/projects", "/v1/nothing", f"/s/{token}", f"/s/{token[:-1]}", f"/s/{token}/v1/nothing",
            f"/s/{token}/preview.png", f"/embed/{token}", f"/s/{token}/v1/series?experiment=%00&metric=x",
            f"/v1/projects?token={OWNER}", f"/gradio_api/queue/data?session_hash={writer}", f"/?__sign={HUB}",
            f"/v1/series?experiment=exp_a&metric=lr&cursor={OWNER}", f"/gradio_api/file={token}",
        ):  # fmt: skip
            for headers in (
                {}, owner, {"X-Trackio-Token": writer}, {"Authorization": f"Bearer {HUB}"},
                {"Authorization": f"Bearer {OWNER}"}, {"X-HF-Authorization": f"Bearer {HUB}"}, {"X-Trackio-Token": "é"},
            ):  # fmt: skip
                raw = {name: value.encode() for name, value in headers.items()}
                for method, body in (("GET", None), ("POST", b"\xff")):
                    with contextlib.suppress(httpx.RemoteProtocolError):  # Gradio's stream of an unknown session
                        client.request(method, path, headers=raw, content=body)
        client.delete(f"/v1/shares/{link['id']}", headers=owner)
    said = log.read_text()
    for secret in (OWNER, HUB, writer, token, cookie, token[-22:], writer[-22:]):
        assert secret not in said
