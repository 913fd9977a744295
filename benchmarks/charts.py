"""What an update of the live page costs the browser: 24 charts × 10 experiments × 1,000 points, new points every 2 s.

Run `python -m benchmarks.charts [--experiments 10] [--charts 24] [--updates 8]`; `--by name` draws means of groups of
five, `--view FOLDER` measures another copy of `trackio_client/view` in turn with this one, so that both see the same
machine. The server is the tests' small one, so that the figures are the browser's alone: what an update costs is
Chromium's TaskDuration of the main thread, in thread time; what the same open page spends in two seconds while nothing
comes is printed beside it.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

from tests.browser import chart_page
from tests.browser.chart_page import ChartServer, Pair, experiment, metric, serving
from tests.browser.chromium import launched

UPDATE_S = 2.0


def make(charts: int, experiments: int, points: int, bands: bool) -> ChartServer:
    """Noisy falling curves, as losses are; `bands` gives each bucket several points."""
    rng = random.Random(0)
    names = [f"train/m{i:02d}" for i in range(charts)]
    each = points * 4 if bands else points - 200
    series = {}
    for e in range(experiments):
        for name in names:
            level = rng.uniform(0.5, 3)
            values = [level + 5 * math.exp(-i / each * 8) + rng.gauss(0, 0.1) for i in range(each)]
            series[f"exp_{e}", name] = Pair([float(i) for i in range(each)], values)
    rows = [experiment(e, name=f"lr{e // 5}_seed{e % 5}") for e in range(experiments)]
    return ChartServer(rows, [metric(name) for name in names], series, every_ms=int(UPDATE_S * 1000))


def grow(server: ChartServer, points: int) -> None:
    for pair in server.series.values():
        for _ in range(points):
            pair.x.append(pair.x[-1] + 1)
            pair.values.append(pair.values[-1] + random.gauss(0, 0.05))


def task_s(session: CDPSession) -> dict[str, float]:
    return {row["name"]: row["value"] for row in session.send("Performance.getMetrics")["metrics"]}


def measure(page: Page, server: ChartServer, updates: int, new_points: int) -> dict[str, Any]:
    session = page.context.new_cdp_session(page)
    # Time of the thread, not of the clock: another process on the same core is not the page's cost.
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    began = time.perf_counter()
    page.goto(server.url())
    page.wait_for_function("window.ready && grid.inView().length && grid.inView().every((c) => c.lines.length)")
    first = time.perf_counter() - began
    first_task = task_s(session)["TaskDuration"]
    page.wait_for_timeout(500)
    idle_from = task_s(session)["TaskDuration"]
    page.wait_for_timeout(UPDATE_S * 1000 * 2)
    idle = (task_s(session)["TaskDuration"] - idle_from) / 2
    costs = []
    for _ in range(updates):
        answers = page.evaluate("grid.feeds.count.answers")
        grow(server, new_points)
        before = task_s(session)["TaskDuration"]
        page.wait_for_function("(n) => grid.feeds.count.answers > n", arg=answers, polling=50)
        page.wait_for_timeout(UPDATE_S * 500)
        costs.append((task_s(session)["TaskDuration"] - before) * 1000)
    draws = page.evaluate("performance.getEntriesByName('trackio draw').map((e) => e.duration)")
    return {
        "in_view": page.evaluate("grid.inView().length"),
        "update_ms": round(statistics.median(costs), 1),
        "update_ms_all": [round(c) for c in costs],
        "idle_ms_a_turn": round(idle * 1000, 1),
        "draw_call_ms": round(statistics.median(draws[-updates:]), 1),
        "first_draw_s": round(first, 2),
        "first_draw_task_s": round(first_task, 2),
        "bytes_an_update": server.sent_bytes[-1],
        "heap_mb": round(task_s(session)["JSHeapUsedSize"] / 1e6, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=10)
    parser.add_argument("--charts", type=int, default=24)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--updates", type=int, default=8)
    parser.add_argument("--new", type=int, default=4, help="new points of each series an update")
    parser.add_argument("--bands", action="store_true", help="buckets of several points, with min–max bands")
    parser.add_argument("--by", default="", help='draw means of groups: "name"')
    parser.add_argument("--view", type=Path, help="another copy of trackio_client/view to measure beside this one")
    parser.add_argument("--turns", type=int, default=1)
    options = parser.parse_args()
    views = [chart_page.VIEW, *([options.view] if options.view else [])]
    with sync_playwright() as playwright:
        for turn in range(options.turns):
            for view in views:
                chart_page.VIEW = view
                server = make(options.charts, options.experiments, options.points, options.bands)
                server.state = {"by": options.by.split(",")} if options.by else {}
                with serving(server):
                    browser = launched(playwright)
                    page = browser.new_page(viewport={"width": 2560, "height": 1440})
                    page.set_default_timeout(120_000)  # a machine that others use
                    measured = measure(page, server, options.updates, options.new)
                    print(json.dumps({"view": str(view), "turn": turn, "by": options.by} | measured), flush=True)
                    browser.close()


if __name__ == "__main__":
    main()
