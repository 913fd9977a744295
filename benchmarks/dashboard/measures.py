"""The measurements: each opens pages on a Space with made data and gives figures beside their targets."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page

from benchmarks.dashboard import data
from benchmarks.dashboard.browser import LARGE, NORMAL, bytes_of, counters, fresh_page, heap_bytes, session_of, watch_ms
from benchmarks.dashboard.loggers import Loggers
from benchmarks.figures import Figure
from benchmarks.spaces import running_space

FIRST_DRAWN = "performance.getEntriesByName('trackio drawn').length > 0"
UPDATE_S = 2.0
SETTLE_MS = 3000
"""Behind the first chart Gradio's own script starts, which takes the main thread for a second or two."""
OPENED = "project page, 1,000 experiments × 50 metrics, 1440 × 900"
DEEP = "charts in view at 2560 × 1440 × 20 experiments × 1 M points"
LIVE = "the same charts, 20 experiments logging"
TYPED = """const field = document.querySelector('.tk-search input'); field.value = 'batch_size=64';
  field.dispatchEvent(new Event('input', {bubbles: true}))"""
UP = """() => addEventListener('pointerup', () => { globalThis.benchUp = performance.now(); },
  {capture: true, once: true})"""
TABLE = "table of 10,000 experiments"


def opening(browser: Browser, *, quick: bool) -> list[Figure]:
    """A project is opened with a cold cache: first chart, all in view, bytes, and what charts off screen hold."""
    first, whole, loaded = [], [], []
    held = ""
    with running_space(data.store_of("broad", quick=quick)) as space:
        _warm(space.url, "broad")
        for _ in range(3 if quick else 9):
            with fresh_page(browser, NORMAL) as page:
                fetched = bytes_of(page)
                page.goto(f"{space.url}/?project=broad", wait_until="commit")
                watch_ms(page, FIRST_DRAWN)
                first.append(page.evaluate("() => performance.getEntriesByName('trackio drawn')[0].startTime"))
                whole.append(watch_ms(page, "benchDrawn(1)"))
                loaded.append(sum(fetched) / 1000)
                held = page.evaluate(
                    "() => `${document.querySelectorAll('canvas').length} canvases, ${benchSeen().length} charts seen "
                    "of ${document.querySelectorAll('.tk-chart').length}`"
                )
    return [
        Figure(measure=OPENED, what="first chart", values=tuple(first), unit="ms", target=1000),
        Figure(measure=OPENED, what="all in view", values=tuple(whole), unit="ms", target=2500),
        Figure(measure="bytes until then", values=tuple(loaded), unit="kB", note=held),
    ]


def deep(browser: Browser, *, quick: bool) -> list[Figure]:
    """Long series: first draw of all charts, and a zoom answered with finer points in all of them.

    The drag is either over in some milliseconds, as only a program drags, or as a hand does it: see `_by_hand`.
    """
    drawn, at_once, deeper_at_once, by_hand, deeper_by_hand = [], [], [], [], []
    seen = 0
    with running_space(data.store_of("deep", quick=quick)) as space:
        _warm(space.url, "deep")
        for turn in range(3 if quick else 7):
            with fresh_page(browser, LARGE) as page:
                page.goto(_deep_address(space.url), wait_until="commit")
                drawn.append(watch_ms(page, "benchDrawn(20)"))
                seen = page.evaluate("() => benchSeen().length")
                page.wait_for_timeout(SETTLE_MS)
                at_once.append(_zoom(page, turn))
                page.wait_for_timeout(500)
                deeper_at_once.append(_zoom(page, turn))  # into what is no longer drawn of overviews, but of points
            with fresh_page(browser, LARGE) as page:
                page.goto(_deep_address(space.url), wait_until="commit")
                watch_ms(page, "benchDrawn(20)")
                page.wait_for_timeout(SETTLE_MS)
                by_hand.append(_zoom(page, turn, _by_hand))
                page.wait_for_timeout(500)
                deeper_by_hand.append(_zoom(page, turn, _by_hand))
    what = f"{seen} {DEEP}"
    return [Figure(measure=what, what="first draw", values=tuple(drawn), unit="ms", target=2000)] + [
        Figure(measure=what, what=f"zoom answered, dragged {how}", values=tuple(values), unit="ms", target=300)
        for how, values in (
            ("by hand", by_hand),
            ("by hand into that again", deeper_by_hand),
            ("at once", at_once),
            ("at once into that again", deeper_at_once),
        )
    ]


def live(browser: Browser, *, quick: bool, minutes: float = 10) -> list[Figure]:
    """The same page while all 20 experiments log twice a second: heap after garbage collection, main thread, nodes."""
    minutes = 0.5 if quick else minutes
    busy, heaps, nodes = [], [], []
    with tempfile.TemporaryDirectory(dir=data.FOLDER, prefix="live-") as folder:
        shutil.copytree(data.store_of("deep", quick=quick), folder, dirs_exist_ok=True)
        with running_space(Path(folder)) as space, fresh_page(browser, LARGE) as page:
            shape = (data.QUICK if quick else data.SHAPES)["deep"]
            loggers = Loggers(space.url, shape, _ids(space.url, "deep"))
            page.goto(_deep_address(space.url))
            watch_ms(page, "benchDrawn(20)")
            session = session_of(page)
            until = time.monotonic() + 60 * minutes
            before = counters(session)["TaskDuration"]
            while time.monotonic() < until:
                due = time.monotonic() + UPDATE_S
                loggers.log(4)
                page.wait_for_timeout(max(0.0, due - time.monotonic()) * 1000)
                now = counters(session)["TaskDuration"]
                busy.append(1000 * (now - before))
                if len(busy) % max(1, int(60 * minutes / UPDATE_S / 20)) == 0:
                    heaps.append(heap_bytes(session) / 1e6)
                    nodes.append(counters(session)["Nodes"])
                before = counters(session)["TaskDuration"]  # collecting garbage is ours, not the page's
    settled = heaps[len(heaps) // 4 :]
    half = len(settled) // 2
    grown = statistics.median(settled[half:]) - statistics.median(settled[:half])
    told = f"{statistics.median(settled):.0f} MB, {nodes[len(nodes) // 4]:.0f} to {nodes[-1]:.0f} nodes"
    measure = f"{LIVE}, page open for {minutes:g} minutes"
    return [
        Figure(measure=measure, what="heap grown", values=(grown,), unit="MB", target=1.0, note=told),
        Figure(measure=measure, what="main thread an update", values=tuple(busy[2:]), unit="ms", target=130),
    ]


def table(browser: Browser, *, quick: bool) -> list[Figure]:
    """The Table view: rows on the page, a column sorted, a filter typed."""
    opened, by, hit = [], [], []
    rows = "document.querySelectorAll('.tk-table tbody tr[data-id]')"
    with running_space(data.store_of("wide", quick=quick)) as space:
        _warm(space.url, "wide")
        for _ in range(3 if quick else 7):
            with fresh_page(browser, NORMAL) as page:
                page.goto(f"{space.url}/?project=wide")  # the shell stands: a view is opened in it
                watch_ms(page, FIRST_DRAWN)
                opened.append(_timed(page, "document.querySelector('.tk-tabs [data-view=table]').click()",
                                     f"{rows}.length > 20 && /\\d/.test({rows}[0].textContent)"))  # fmt: skip
                page.wait_for_timeout(500)
                page.evaluate(f"() => {{ globalThis.benchWas = {rows}[0].dataset.id; }}")
                by.append(_timed(page, "document.querySelector('.tk-table th[data-key=name] button').click()",
                                 f"{rows}[0].dataset.id !== benchWas"))  # fmt: skip
                page.evaluate(f"() => {{ globalThis.benchWas = {rows}[0].dataset.id; }}")
                hit.append(
                    _timed(
                        page, TYPED, "/ of /.test(document.querySelector('.tk-table-bar [role=status]').textContent)"
                    )
                )
    return [
        Figure(measure=TABLE, what=what, values=tuple(values), unit="ms", target=500)
        for what, values in (("first page", opened), ("sort", by), ("filter", hit))
    ]


def _timed(page: Page, act: str, condition: str) -> float:
    """Milliseconds from an act on the page to the first frame in which a condition holds."""
    return float(
        page.evaluate(
            f"() => {{ const since = performance.now(); {act}; return benchWatch(() => {condition}, since); }}"
        )
    )


def _at_once(page: Page, left: float, right: float, y: float) -> None:
    page.mouse.move(right, y, steps=4)


DRAG_S, DWELL_S = 0.4, 0.1


def _by_hand(page: Page, left: float, right: float, y: float) -> None:
    """A movement with the least jerk (Flash and Hogan, 1985), and a tenth of a second until the finger lifts.

    Dwell before a button's release is usually longer: 0.1 to 0.2 s and more.
    """
    began = time.monotonic()
    while (t := (time.monotonic() - began) / DRAG_S) < 1:
        page.mouse.move(left + (right - left) * (10 * t**3 - 15 * t**4 + 6 * t**5), y)
        time.sleep(0.008)
    page.mouse.move(right, y)
    time.sleep(DWELL_S)


def _zoom(page: Page, turn: int, drag: Callable[[Page, float, float, float], None] = _at_once) -> float:
    """Drag along a chart, and wait until every chart in view shows the finer points; milliseconds since the release."""
    box = page.locator(".tk-chart .tk-plot").first.bounding_box()
    assert box is not None
    left, y = box["x"] + 0.3 * box["width"] + 7 * turn, box["y"] + 0.4 * box["height"]
    page.evaluate(UP)
    page.evaluate("() => { globalThis.benchIn = benchSeen(); globalThis.benchWas = String(benchIn[0].model.zoom); }")
    page.mouse.move(left, y)
    page.mouse.down()
    drag(page, left, left + 40, y)
    page.mouse.up()
    return watch_ms(page, "String(benchIn[0].model.zoom) !== benchWas && benchFine(benchIn)", "globalThis.benchUp")


def _ids(url: str, project: str) -> list[str]:
    answer = httpx.get(f"{url}/v1/experiments", params={"project": project}, timeout=60).json()
    return [row["experiment_id"] for row in answer["experiments"]][:20]


def _deep_address(url: str) -> str:
    return f"{url}/?project=deep&shown={','.join(_ids(url, 'deep'))}"


def _warm(url: str, project: str) -> None:
    """A server that has answered once: its start is measured elsewhere (`benchmarks.hub`)."""
    httpx.get(f"{url}/v1/experiments", params={"project": project}, timeout=60).raise_for_status()
