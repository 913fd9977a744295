"""A real Chromium before a real Space: both are started once for all browser tests."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.chart_page import DRAWN, ChartServer, serving
from tests.browser.chromium import launched
from tests.browser.sharing import TOKEN
from tests.forked import Process, started
from tests.plain_http import NO_CERTIFICATES
from tests.ports import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

    from tests.browser.static_page import World

ROOT = Path(__file__).resolve().parents[2]
START_S = 120
"""Gradio takes some seconds to import; a busy machine many."""


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    from playwright.sync_api import sync_playwright

    expect.set_options(timeout=30_000)  # two cores may be busy with others' work; what holds is not waited for
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One Chromium for all tests."""
    opened = launched(playwright, as_readers_have=False)
    yield opened
    opened.close()


WITH_GRADIO = {
    *("test_gradio", "test_manage", "test_configuration", "test_states", "test_first_look", "test_live", "test_looks"),
    *("test_hub_journey", "test_every_button", "test_accessibility", "test_share", "test_share_told", "test_table"),
}
"""Tests of pages made by Gradio, or of its script beside ours: the others do not load it, a second each."""


@pytest.fixture
def page(browser, request):
    """A page with an empty memory, 1440 × 900. The test fails if a script of ours fails."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light", timezone_id="UTC")
    page = context.new_page()
    if request.module.__name__.rpartition(".")[2] not in WITH_GRADIO:
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.setBlockedURLs", {"urls": ["*/assets/*"]})
    page.set_default_timeout(30_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(f"{error.message}\n{error.stack or ''}"))
    yield page
    so_far = list(errors)  # what is on its way when the page is closed cannot come
    context.close()
    # Gradio's own loader fails loudly when a page is left, or its server stopped, while its files are on their way.
    errors = [error for error in so_far if "/assets/" not in error or "/lib/" in error]
    assert not errors, "scripts of the page failed:\n" + "\n".join(errors)


@pytest.fixture
def open_page(page: Any) -> Iterator[Callable[..., Any]]:
    """Open a page with nothing but a server's charts (chart_page.py); it waits until those in view are drawn."""
    contexts = []

    def opened(server: ChartServer, theme: str = "light", wait: str = DRAWN) -> Any:
        contexts.append(serving(server))
        contexts[-1].__enter__()
        page.goto(server.url(theme))
        page.wait_for_function(wait)
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return page

    yield opened
    for context in contexts:
        page.goto("about:blank")
        context.__exit__(None, None, None)


@pytest.fixture(scope="module")
def modules(browser: Any) -> Iterator[Any]:
    """A page on which the modules can be imported by `/lib/…`."""
    from tests.browser.chart_page import ChartServer, serving

    with serving(ChartServer([], [], {})) as server:
        page = browser.new_page()
        page.goto(server.url())
        yield page
        page.close()


@dataclass
class Space:
    """A running Space, its folder and its address."""

    directory: Path
    port: int
    environ: dict[str, str] = field(default_factory=dict)
    process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Space:
        """Start it as `python app.py` does and wait until it answers."""
        keep = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TRACKIO_", "GRADIO_", "SPACE_", "HF_"))
        }
        environ = {
            **keep,
            "TRACKIO_DIR": str(self.directory),
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(self.port),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "HF_HUB_OFFLINE": "1",
            **self.environ,
        }
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "space.log").open("ab") as log:
            self.process = started([str(ROOT / "app.py")], cwd=ROOT, env=environ, log=log)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}/v1/health", timeout=10, verify=NO_CERTIFICATES).status_code == 200:
                    return self
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        self.stop()
        raise AssertionError(f"the Space did not start:\n{(self.directory / 'space.log').read_text()[-3000:]}")

    def stop(self) -> None:
        """End it as a platform would; kill it if it does not listen."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="session")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """One Space for all tests that bring their own project."""
    running = Space(tmp_path_factory.mktemp("space"), free_port()).start()
    yield running
    running.stop()


@pytest.fixture
def own_space(tmp_path: Path) -> Iterator[Space]:
    """A Space of the test's own, empty, not started: it may be stopped and started again."""
    running = Space(tmp_path / "space", free_port())
    yield running
    running.stop()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A stand-in for the Hub with a dataset repo, and the store that is pushed there."""
    from tests.browser.static_page import a_world

    with a_world(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A Space with a token, as it stands on the Hub."""
    running = Space(tmp_path_factory.mktemp("guarded"), free_port(), {"TRACKIO_WRITE_TOKEN": TOKEN}).start()
    yield running
    running.stop()
