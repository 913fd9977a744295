"""What the live page costs, measured in Chromium: time to the first drawn chart, and bytes and time of an update.

    python benchmarks/page.py [--quick]

1. *First chart*: a project of 1,000 experiments is opened in a fresh browser context; the mark `trackio drawn` is set
   when the first chart with lines stands. Median of the loads, cold cache each.
2. *Live*: 2560 × 1440, 24 metrics × 10 experiments × 1,000 points in view; every 2 s each series gets new points. Bytes
   of `/v1/` answers an update, CPU of the server above the idle process, and the main thread of the page, from the
   browser's own task counter. Medians over the updates.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.chromium import launched  # noqa: E402
from tests.browser.conftest import Space, free_port  # noqa: E402
from tests.browser.trainings import Training, curve, sweep  # noqa: E402

METRICS, EXPERIMENTS, POINTS = 24, 10, 1000
UPDATE_S = 2.0
NEW_POINTS = 4
"""Of each series and update: two logs a second, as a training with 0.5 s steps makes."""


def many(url: str, experiments: int) -> None:
    """A project of many experiments with 100 points of three metrics each."""

    def log(training: Training, i: int) -> None:
        training.log([(step, curve(step, wave=i)) for step in range(100)])
        training.finish()

    sweep(url, "sweep", experiments, log, config=lambda i: {"lr": i})


def first_chart_ms(browser: Browser, url: str, loads: int) -> list[float]:
    """Milliseconds from navigation to the first chart with lines, a fresh context each."""
    found = []
    for _ in range(loads):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.goto(f"{url}/?project=sweep", wait_until="commit")
        page.wait_for_function("() => performance.getEntriesByName('trackio drawn').length > 0", timeout=60_000)
        found.append(page.evaluate("() => performance.getEntriesByName('trackio drawn')[0].startTime"))
        context.close()
    return found


def values_at(step: int, experiment: int) -> dict[str, float]:
    """24 metrics in three groups."""
    return {f"{'abc'[m % 3]}/metric_{m:02}": math.sin(step / (20 + m)) + experiment / 10 + m for m in range(METRICS)}


def live(browser: Browser, space: Space, updates: int) -> dict[str, float]:
    """Bytes, server CPU and main thread of an update."""
    trainings = [Training(space.url, "live", f"live-{i}") for i in range(EXPERIMENTS)]
    for i, training in enumerate(trainings):
        training.log([(step, values_at(step, i)) for step in range(POINTS)])
    process = psutil.Process(space.process.pid if space.process else 0)
    context = browser.new_context(viewport={"width": 2560, "height": 1440})
    idle_ms = cpu_ms(process, updates * UPDATE_S)
    # What taking the points costs the server while nobody looks.
    written_ms = with_writing(process, trainings, POINTS, updates, None)
    page = context.new_page()
    page.goto(f"{space.url}/?project=live")
    page.wait_for_function("() => performance.getEntriesByName('trackio drawn').length > 0", timeout=60_000)
    page.wait_for_timeout(4000)
    client = context.new_cdp_session(page)
    # Time of the thread, not of the clock: another process on the same core is not the page's cost.
    client.send("Performance.enable", {"timeDomain": "threadTicks"})
    bytes_in = count_bytes(client)
    in_view = page.locator(".tk-chart").count()
    before = busy_ms(client)
    bytes_in.clear()
    spent_ms = with_writing(process, trainings, POINTS + NEW_POINTS * updates, updates, page)
    main_ms = busy_ms(client) - before
    context.close()
    return {
        "charts": in_view,
        "new points an update": NEW_POINTS * METRICS * EXPERIMENTS,
        "kB an update": sum(bytes_in) / updates / 1000,
        "server CPU ms an update, with page and ingest": spent_ms / updates,
        "server CPU ms an update, idle process": idle_ms / updates,
        "main thread ms an update": main_ms / updates,
        "server CPU ms an update, ingest alone": written_ms / updates,
    }


def with_writing(
    process: psutil.Process, trainings: list[Training], start: int, updates: int, page: Page | None
) -> float:
    """CPU milliseconds of the server while points come every 2 s."""
    began = sum(process.cpu_times()[:2])
    for update in range(updates):
        due = time.monotonic() + UPDATE_S
        steps = range(start + update * NEW_POINTS, start + (update + 1) * NEW_POINTS)
        for i, training in enumerate(trainings):
            training.log([(step, values_at(step, i)) for step in steps])
        if page is not None:
            page.wait_for_timeout(max(0, due - time.monotonic()) * 1000)
        else:
            time.sleep(max(0, due - time.monotonic()))
    return (sum(process.cpu_times()[:2]) - began) * 1000


def cpu_ms(process: psutil.Process, seconds: float) -> float:
    """CPU milliseconds of the server while nobody asks anything."""
    began = sum(process.cpu_times()[:2])
    time.sleep(seconds)
    return (sum(process.cpu_times()[:2]) - began) * 1000


def count_bytes(client: CDPSession) -> list[float]:
    """Bytes on the wire of what the page asks for, as they come."""
    found: list[float] = []
    client.send("Network.enable")
    client.on("Network.loadingFinished", lambda event: found.append(event["encodedDataLength"]))
    return found


def busy_ms(client: CDPSession) -> float:
    """Milliseconds that the page's main thread has worked so far."""
    metrics = client.send("Performance.getMetrics")["metrics"]
    return 1000 * float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer loads and updates")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trackio-page-") as folder, sync_playwright() as playwright:
        browser = launched(playwright)
        space = Space(Path(folder), free_port()).start()
        try:
            many(space.url, 1000)
            loads = first_chart_ms(browser, space.url, 3 if chosen.quick else 9)
            figures = live(browser, space, 5 if chosen.quick else 20)
        finally:
            space.stop()
            browser.close()
    figures = {"first chart of 1,000 experiments, ms": statistics.median(loads), **figures}
    if chosen.json:
        print(json.dumps({**figures, "loads_ms": loads}))
        return
    print(f"loads: {', '.join(f'{ms:.0f}' for ms in loads)} ms")
    for name, value in figures.items():
        print(f"{name:48} {value:10.1f}")


if __name__ == "__main__":
    main()
