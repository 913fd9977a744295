"""The Chromium of tests and benchmarks: which one it is, and how it is started."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SHELL: Final = "chromium-headless-shell"
"""The same engine without the window that nobody sees: tests take a quarter less of the machine (41 → 30 s of CPU)."""

_WITHOUT: Final = (
    # Two pages of the address bar's own, which every window loads: a second of CPU each time a test opens one.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    # Of two lists Chromium takes the last; these are Playwright's that concern pages.
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    # Without a graphics card Playwright lets Chromium emulate one, which no reader's browser does, and which is slower
    # than its own drawing in software.
    "--disable-gpu",
    "--disable-features=" + ",".join(_WITHOUT),
)


def launched(playwright: Playwright, *, as_readers_have: bool = True) -> Browser:
    """A browser without a window: the one named in TRACKIO_CHROMIUM, one on the path, or Playwright's own.

    What is measured and pictured is as readers have it; tests may take the engine alone. Without any the test is
    skipped, or fails where CI is set.
    """
    names = _NAMES if as_readers_have else (_SHELL, *_NAMES)
    found = os.environ.get("TRACKIO_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not found and not Path(playwright.chromium.executable_path).exists():
        how = "python -m playwright install chromium. Or name one in TRACKIO_CHROMIUM"
        text = f"no Chromium found. To install it: {how}"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text)
    return playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
