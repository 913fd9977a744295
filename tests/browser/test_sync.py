"""What the page says of its home: a push that is hindered, history on its way, a disk that forgets."""

from __future__ import annotations

import json

import pytest

playwright = pytest.importorskip("playwright.sync_api")
from tests.browser.conftest import Space  # noqa: E402
from tests.hub_server import HubProcess  # noqa: E402
from tests.ports import free_port  # noqa: E402

pytestmark = [pytest.mark.browser]


@pytest.fixture
def hub(tmp_path):
    with HubProcess(tmp_path / "hub") as one:
        yield one


def log_one(space: Space, name: str = "one", *, step: int = 0) -> None:
    import httpx

    events = [{"event": {"kind": "start", "name": name}}, {"metrics": {"train/loss": 0.5}, "step": step}]
    httpx.post(
        f"{space.url}/v1/writers/w_{name}/events",
        params={"experiment": f"exp_{name}", "project": "digits"},
        content="\n".join(map(json.dumps, events)),
        headers={"Content-Type": "application/x-ndjson"},
        timeout=60,
    ).raise_for_status()


@pytest.mark.requirement("S1.79")
def test_a_token_that_may_not_write_is_told_above_the_charts_until_it_may(page, hub, tmp_path):
    hub.add_token("hf_weak", "me", "read")
    made = {"TRACKIO_DATASET_REPO": "me/exp", "TRACKIO_DISK": "ephemeral", "TRACKIO_PUSH_INTERVAL_S": "1"}
    strong = Space(tmp_path / "a", free_port(), {**hub.env(tmp_path / "home"), **made, "HF_HUB_OFFLINE": "0"}).start()
    strong.stop()  # it made the repo
    weak = {**hub.env(tmp_path / "home", token="hf_weak"), **made, "HF_HUB_OFFLINE": "0"}
    space = Space(tmp_path / "b", free_port(), weak).start()
    try:
        until_ready(space)
        log_one(space)
        page.goto(f"{space.url}/?project=digits")
        bar = page.locator(".tk-away")
        playwright.expect(bar).to_contain_text("The push to the dataset me/exp is hindered")
        playwright.expect(bar).to_contain_text("nothing is lost")
        playwright.expect(page.locator("canvas").first).to_be_visible()
        assert "hf_weak" not in page.content()
    finally:
        space.stop()


def test_a_disk_that_forgets_and_no_repo_is_told(page, tmp_path):
    space = Space(tmp_path / "space", free_port(), {"TRACKIO_DISK": "ephemeral"}).start()
    try:
        log_one(space)
        page.goto(f"{space.url}/?project=digits")
        playwright.expect(page.locator(".tk-away")).to_contain_text("Nothing here survives a restart")
        playwright.expect(page.locator(".tk-away")).to_contain_text("TRACKIO_DATASET_REPO")
    finally:
        space.stop()


def until_ready(space: Space) -> None:
    import time

    import httpx

    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if httpx.get(f"{space.url}/v1/sync", timeout=60).json()["sync"]["ready"]:
            return
        time.sleep(0.1)
    raise AssertionError(httpx.get(f"{space.url}/v1/sync", timeout=60).text)
