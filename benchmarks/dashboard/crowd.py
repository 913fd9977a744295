"""Fifty open pages on one Space while 32 writers log.

Fifty Chromiums do not fit on a machine of two cores, so 49 pages are their requests: what a page asks at first, and
then every two seconds the changed experiments and the new points of its 24 charts, each with the cursor of the last
answer. The fiftieth is a real page: the clock runs from the call that sends a step until its charts hold it.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from playwright.sync_api import Browser

from benchmarks.dashboard.browser import NORMAL, fresh_page, watch_ms
from benchmarks.figures import Figure
from benchmarks.spaces import running_space
from tests.browser.trainings import Training
from trackio_client.wire.asks import SERIES_TYPE

PAGES, WRITERS, METRICS, SHOWN = 50, 32, 24, 10
EVERY_S = 2.0
LONGEST_S = 30.0
NAMES = tuple(f"{('train', 'eval', 'speed')[i % 3]}/metric_{i:02}" for i in range(METRICS))
MEASURE = f"{PAGES} open pages on one Space while {WRITERS} writers log"


def crowd(browser: Browser, *, quick: bool) -> list[Figure]:
    """Answers of the pages, and how old what a real page shows is."""
    seconds = 20.0 if quick else 120.0
    pages = 8 if quick else PAGES
    with tempfile.TemporaryDirectory() as folder, running_space(Path(folder)) as space:
        trainings = [Training(space.url, "crowd", f"writer-{i:02}") for i in range(WRITERS)]
        logged: dict[int, float] = {}
        stop = threading.Event()
        writing = threading.Thread(target=_write, args=(trainings, logged, stop))
        writing.start()
        try:
            time.sleep(3)
            told: multiprocessing.Queue[list[float]] = multiprocessing.Queue()
            others = multiprocessing.Process(target=_ask_all, args=(space.url, pages - 1, seconds, told))
            others.start()
            with fresh_page(browser, NORMAL) as page:
                page.goto(f"{space.url}/?project=crowd&shown={trainings[0].experiment_id}")
                watch_ms(page, "benchDrawn(1)")
                page.evaluate(FOLLOW)
                page.wait_for_timeout(seconds * 1000)
                shown = json.loads(page.evaluate("() => JSON.stringify([...benchShown])"))
            answers = told.get(timeout=seconds + LONGEST_S)
            others.join()
        finally:
            stop.set()
            writing.join()
    ages = [at - logged[step] for step, at in shown if step in logged]
    answers_ms = sorted(1000 * one for one in answers)
    p95 = answers_ms[int(0.95 * len(answers_ms))]
    note = f"{len(answers):,} answers of {pages - 1} pages, median {statistics.median(answers_ms):.0f} ms"
    return [
        Figure(measure=MEASURE, what="oldest event at its showing", values=(max(ages),), unit="s", target=5.0,
               note=f"median {statistics.median(ages):.2f} s of {len(ages)} steps"),
        Figure(measure=MEASURE, what="answers, p95", values=(p95,), unit="ms", target=1000, note=note),
    ]  # fmt: skip


FOLLOW = """() => {
  globalThis.benchShown = new Map();
  const look = () => {
    for (const chart of benchSeen().slice(0, 1)) for (const { whole } of chart.lines) {
      const step = whole.x[whole.n - 1];
      if (!benchShown.has(step)) benchShown.set(step, Date.now() / 1000);
    }
    requestAnimationFrame(look);
  };
  look();
}"""
"""Notes when the first chart draws a new last step."""


def _write(trainings: list[Training], logged: dict[int, float], stop: threading.Event) -> None:
    """Each writer one call of 24 metrics every half a second."""
    chance = np.random.default_rng(5)
    step = 0
    while not stop.is_set():
        due = time.monotonic() + 0.5
        logged[step] = time.time()
        for training in trainings:
            training.log([(step, dict(zip(NAMES, chance.normal(1, 0.1, METRICS), strict=True)))])
        step += 1
        stop.wait(max(0.0, due - time.monotonic()))


def _cursor(answer: bytes) -> str:
    """Of a binary answer: "TKS2", the bytes of its head, the head as JSON (`view/charts/frames.js` reads it whole)."""
    return str(json.loads(answer[8 : 8 + int.from_bytes(answer[4:8], "little")])["cursor"])


def _ask_all(url: str, pages: int, seconds: float, told: Any) -> None:
    """The requests of these pages, in a process of its own; gives the seconds of each answer."""
    told.put(asyncio.run(_ask(url, pages, seconds)))


async def _ask(url: str, pages: int, seconds: float) -> list[float]:
    found: list[float] = []
    limits = httpx.Limits(max_connections=2 * pages, max_keepalive_connections=2 * pages)
    async with httpx.AsyncClient(base_url=url, timeout=LONGEST_S, limits=limits) as client:

        async def timed(path: str, **more: Any) -> httpx.Response:
            began = time.perf_counter()
            answer = await client.get(path, **more)
            found.append(time.perf_counter() - began)
            answer.raise_for_status()
            return answer

        async def page(i: int) -> None:
            await asyncio.sleep(EVERY_S * i / pages)
            await timed("/")
            listed = (await timed("/v1/experiments", params={"project": "crowd"})).json()
            await timed("/v1/metrics", params={"project": "crowd"})
            ids = [row["experiment_id"] for row in listed["experiments"]][:SHOWN]
            since, cursor = listed.get("cursor", 0), None
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                due = time.monotonic() + EVERY_S
                ask = {"experiment": ids, "metric": NAMES, "x": "step", "max_points": 1000}
                answer = await timed(
                    "/v1/series", params=ask | ({"cursor": cursor} if cursor else {}), headers={"Accept": SERIES_TYPE}
                )
                cursor = _cursor(answer.content)
                changed = await timed("/v1/experiments", params={"project": "crowd", "since": since})
                since = changed.json().get("cursor", since)
                await asyncio.sleep(max(0.0, due - time.monotonic()))

        await asyncio.gather(*(page(i) for i in range(pages)))
    return found
