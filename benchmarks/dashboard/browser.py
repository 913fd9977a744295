# ruff: noqa: E501 (scripts for the browser)
"""A page in Chromium with its own stop-watch: conditions are looked at once a frame, by the page's own clock."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests.browser.chromium import launched

NORMAL: Final = {"width": 1440, "height": 900}
LARGE: Final = {"width": 2560, "height": 1440}
LONGEST_MS: Final = 120_000

WATCH: Final = """
globalThis.benchWatch = (wanted, since = 0) => new Promise((done, fail) => {
  const until = performance.now() + 120000;
  const look = () => {
    let holds = false;
    try { holds = wanted(); } catch { holds = false; }
    if (holds) return done(performance.now() - since);
    if (performance.now() > until) return fail(new Error(`never: ${wanted}`));
    requestAnimationFrame(look);
  };
  look();
});
globalThis.benchGrid = () => globalThis.trackioPage?.shell?.made?.metrics?.grid ?? globalThis.trackioPage?.shell?.made?.metrics;
globalThis.benchSeen = () => {
  const grid = benchGrid();
  return grid?.charts ? [...grid.charts.values()].filter((chart) => {
    const box = chart.node.getBoundingClientRect();
    return box.width > 0 && box.bottom > 0 && box.top < innerHeight;
  }) : [];
};
globalThis.benchDrawn = (lines) => {
  const seen = benchSeen();
  return seen.length > 0 && seen.every((chart) => chart.view && chart.lines.length >= lines);
};
globalThis.benchFine = (seen) => { // those in view are looked up once: asking for their boxes each frame makes the page lay itself out
  const grid = benchGrid();
  return seen.length > 0 && seen.every((chart) => {
    const zoom = grid.zoomOf(chart);
    if (!zoom || String(chart.model?.zoom) !== String(zoom) || !chart.lines.length) return false;
    const { fine } = grid.models.axes(chart, zoom);
    return chart.lines.every((line) => line.series === grid.feeds.series(fine, line.id, chart.metric.metric));
  });
};
"""
"""`benchWatch(condition, since)` gives the milliseconds from `since` to the first frame in which it holds."""


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """One browser for all measurements."""
    with sync_playwright() as playwright:
        browser = launched(playwright)
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def fresh_page(browser: Browser, size: dict[str, int]) -> Iterator[Page]:
    """A page with an empty cache and memory."""
    context = browser.new_context(viewport=size, color_scheme="light")  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(LONGEST_MS)
    page.add_init_script(WATCH)
    try:
        yield page
    finally:
        context.close()


def watch_ms(page: Page, condition: str, since: str = "0") -> float:
    """Milliseconds of the page's clock from `since` until a condition holds. Raises playwright's Error after two minutes."""
    return float(page.evaluate(f"() => benchWatch(() => {condition}, {since})"))


def session_of(page: Page) -> CDPSession:
    """The browser's own counters of a page. Time of the thread, not of the clock: another process on the core is not its cost."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    return session


def counters(session: CDPSession) -> dict[str, float]:
    """Of the page now: TaskDuration (s), JSHeapUsedSize (bytes), Nodes …"""
    return {each["name"]: float(each["value"]) for each in session.send("Performance.getMetrics")["metrics"]}


def heap_bytes(session: CDPSession) -> float:
    """What the page's scripts hold after the garbage has gone."""
    session.send("HeapProfiler.collectGarbage")
    return counters(session)["JSHeapUsedSize"]


def bytes_of(page: Page) -> list[float]:
    """Bytes on the wire of everything the page fetches, as it comes."""
    found: list[float] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")

    def ended(event: dict[str, Any]) -> None:
        found.append(float(event["encodedDataLength"]))

    session.on("Network.loadingFinished", ended)
    return found
