"""What the pages cost that people keep open all day, in real Chromium, beside what must be reached.

    python -m benchmarks.dashboard [--quick] [--only opening,deep,live,table,crowd] [--minutes 10]

The data are made once and kept in benchmarks/data/ (about 5 GB; --quick makes small ones). Take a quiet machine: the
browser, the server and this program share its cores.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from playwright.sync_api import Browser

from benchmarks.dashboard import measures
from benchmarks.dashboard.browser import chromium
from benchmarks.dashboard.crowd import crowd
from benchmarks.figures import Figure, table


def main() -> int:
    """Measure and print. 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small data: whether it works, not how fast it is")
    parser.add_argument("--only", default="", help="comma-separated names of measurements")
    parser.add_argument("--minutes", type=float, default=10, help="how long the live page stays open")
    asked = parser.parse_args()
    all_of_them: dict[str, Callable[[Browser], list[Figure]]] = {
        "opening": lambda browser: measures.opening(browser, quick=asked.quick),
        "deep": lambda browser: measures.deep(browser, quick=asked.quick),
        "live": lambda browser: measures.live(browser, quick=asked.quick, minutes=asked.minutes),
        "table": lambda browser: measures.table(browser, quick=asked.quick),
        "crowd": lambda browser: crowd(browser, quick=asked.quick),
    }
    found: list[Figure] = []
    with chromium() as browser:
        for name in [name for name in asked.only.split(",") if name] or all_of_them:
            began = time.monotonic()
            print(f"--- {name}", file=sys.stderr, flush=True)
            found += all_of_them[name](browser)
            print(f"    {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(table(found))
    return int(any(figure.is_met is False for figure in found))


if __name__ == "__main__":
    raise SystemExit(main())
