"""What a page without a server costs who opens it: time to its first charts, and bytes, measured in Chromium.

    python -m benchmarks.static_page [--quick]

100 experiments of 10 metrics and 1,000 steps lie in a dataset repo at the stand-in for the Hub, a process of its own;
the page lies in a static Space there, on another origin, and its files travel unpacked (the Hub's CDN packs them). Each
load has an empty cache. Bytes are those on the wire, heads included. The far line is the same through 100 ms a request
and 10 Mbit/s, as between continents: not judged, for the real Hub was not measured.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

from huggingface_hub import HfApi, constants
from huggingface_hub.utils import disable_progress_bars
from playwright.sync_api import Browser, sync_playwright

from benchmarks.figures import Figure, table
from tests.browser.chromium import launched
from tests.browser.static_page import REPO, commit, deploy
from tests.hub.view_data import Repo, fill, new_store, training
from tests.hub_server import HubProcess
from trackio_client.hub.spaces.static import EVERY_S

EXPERIMENTS, STEPS = 100, 1000
MOST_MS, MOST_KB = 2000.0, 1000.0
FAR = {"offline": False, "latency": 100, "downloadThroughput": 10e6 / 8, "uploadThroughput": 10e6 / 8}
DRAWN = "performance.getEntriesByName('trackio drawn')"


def load(browser: Browser, url: str, *, far: bool = False) -> tuple[float, float]:
    """Milliseconds to the first charts, and kB on the wire until then."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    client = context.new_cdp_session(page)
    client.send("Network.enable")
    if far:
        client.send("Network.emulateNetworkConditions", FAR)
    found: list[float] = []
    client.on("Network.loadingFinished", lambda event: found.append(event["encodedDataLength"]))
    page.goto(url, wait_until="commit")
    page.wait_for_function(f"() => {DRAWN}.length > 0", timeout=60_000)
    took = float(page.evaluate(f"() => {DRAWN}[0].startTime"))
    page.wait_for_timeout(500)  # what was under way then counts too
    context.close()
    return took, sum(found) / 1000


def figures(quick: bool = False) -> list[Figure]:
    """Time and size, near and far."""
    experiments, loads = (20, 2) if quick else (EXPERIMENTS, 7)
    os.environ["NO_PROXY"] = "*"
    constants.HF_HUB_DISABLE_XET = True  # read from the environment at import; the stand-in takes LFS files only
    disable_progress_bars()
    with (
        tempfile.TemporaryDirectory(prefix="trackio-static-") as folder,
        warnings.catch_warnings(),
        HubProcess(Path(folder) / "hub") as hub,
        sync_playwright() as playwright,
    ):
        warnings.simplefilter("ignore", DeprecationWarning)  # huggingface_hub's spelling, not ours
        api = HfApi(hub.url, token="hf_me")
        url = deploy(hub, api, every_s=EVERY_S)
        store = new_store(Path(folder) / "store")
        now = time.time()
        fill(store, *(training(n, STEPS, started_s=now - 90_000 + 600 * n) for n in range(experiments)))
        repo = Repo(store, now_s=now)
        repo.push_all()
        commit(api, REPO, repo.files)
        store.close()
        browser = launched(playwright)
        load(browser, url)  # the browser's own start
        near = [load(browser, url) for _ in range(loads)]
        far = [load(browser, url, far=True) for _ in range(2)]
        browser.close()
    measure = f"static page, {experiments} experiments in the repo: first charts in Chromium"
    return [
        Figure(measure=measure, values=tuple(ms for ms, _ in near), unit="ms", target=MOST_MS),
        Figure(measure=measure, values=tuple(kb for _, kb in near), unit="kB", target=MOST_KB, note="unpacked"),
        Figure(measure=measure, values=tuple(ms for ms, _ in far), unit="ms", what="far"),
    ]


def main() -> int:
    """Measure and print. 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes: whether it works, not how fast it is")
    found = figures(parser.parse_args().quick)
    print(table(found))
    return 1 if any(figure.is_met is False for figure in found) else 0


if __name__ == "__main__":
    sys.exit(main())
