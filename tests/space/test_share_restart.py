"""Links and tokens over a Space that loses its disk: real processes, the stand-in for the Hub."""

from __future__ import annotations

import shutil
import signal
import time

import httpx
import pytest

from tests.browser.conftest import Space
from tests.hub_server import running_hub
from tests.ports import free_port
from tests.space.conftest import batch
from trackio_client.wire.batches import FRAMES_TYPE, pack

OWNER = {"X-Trackio-Token": "a-token-of-the-test"}


@pytest.fixture
def hub():
    with running_hub() as hub:
        yield hub


@pytest.fixture
def space(hub, tmp_path):
    environ = {
        **hub.env(tmp_path / "home"), "HF_HUB_OFFLINE": "0", "TRACKIO_WRITE_TOKEN": OWNER["X-Trackio-Token"],
        "TRACKIO_DATASET_REPO": "me/kept", "TRACKIO_DISK": "ephemeral", "TRACKIO_PUSH_INTERVAL_S": "1",
    }  # fmt: skip
    running = Space(tmp_path / "disk", free_port(), environ)
    yield running.start()
    running.stop()


def until(true, within_s=60):
    deadline = time.monotonic() + within_s
    while not (found := true()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def ask(space, method, path, headers=OWNER, **more):
    return httpx.request(method, space.url + path, headers=headers, timeout=60, trust_env=False, **more)


def ready(space):
    return ask(space, "GET", "/v1/sync").json()["sync"]["ready"]


def test_after_a_wipe_links_and_tokens_open_again_and_the_revoked_stay_closed(hub, space):
    until(lambda: ready(space))
    sent = ask(space, "POST", "/v1/writers/w1/events", {**OWNER, "Content-Type": FRAMES_TYPE}, content=pack(batch()))
    assert sent.status_code == 200
    kept, gone = (ask(space, "POST", "/v1/shares", json={"experiments": ["exp_a"]}).json() for _ in range(2))
    token, lost = (ask(space, "POST", "/v1/tokens", json={"name": n, "role": "viewer"}).json() for n in "ab")
    paths = [made["address"].removeprefix(space.url) for made in (kept, gone)]
    assert [ask(space, "GET", path, {}).status_code for path in paths] == [200, 200]
    view = ask(space, "POST", "/v1/projects/digits/views", json={"name": "best", "address": "view=table"}).json()
    until(lambda: view["id"] in hub_file(hub, "views.json"))
    ask(space, "DELETE", f"/v1/shares/{gone['id']}")
    ask(space, "DELETE", f"/v1/tokens/{lost['id']}")

    def is_told():
        file = hub_file(hub)
        return file.count('"revoked_s":null') == 2 and file.count('"revoked_s":1') == 2

    until(is_told)
    for secret in (token["token"], lost["token"], paths[0].removeprefix("/s/"), OWNER["X-Trackio-Token"]):
        assert secret not in hub_file(hub)
    space.process.send_signal(signal.SIGKILL)
    space.process.wait()
    shutil.rmtree(space.directory)
    hub.fault(r"GET /(api/)?datasets/me/kept", status=503, times=2)  # the Hub is slow to say
    space.start()
    first = ask(space, "GET", paths[0], {})
    assert first.status_code == 503, "closed until what was revoked is known"
    until(lambda: ask(space, "GET", paths[0], {}).status_code == 200)
    assert ask(space, "GET", paths[1], {}).status_code == 404
    assert ask(space, "GET", "/v1/projects", {"X-Trackio-Token": token["token"]}).status_code == 200
    assert ask(space, "GET", "/v1/projects", {"X-Trackio-Token": lost["token"]}).status_code == 401
    assert [link["id"] for link in ask(space, "GET", "/v1/shares").json()["shares"]] == [kept["id"]]
    assert ask(space, "GET", "/v1/projects/digits/views").json() == {"views": [view]}, "a saved view comes back, too"


def hub_file(hub, name="access.json"):
    answer = httpx.get(
        f"{hub.url}/datasets/me/kept/resolve/main/space/{name}", headers={"Authorization": "Bearer hf_me"},
        follow_redirects=True, trust_env=False, timeout=60,
    )  # fmt: skip
    return answer.text if answer.status_code == 200 else ""
