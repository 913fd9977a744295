"""Waiting for what `expect` has no words for: what a script reads, where something stands, who asked for what."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page

from tests.browser.looks import CONTRAST, NAMELESS

PATIENCE_S = 30.0
"""As long as `expect` waits. An answer that never comes fails; one that is late on two busy cores does not."""


def becomes(ask: Callable[[], Any], wanted: Any) -> None:
    """Ask again and again until this is the answer; if it never is, the last one is told."""
    end = time.monotonic() + PATIENCE_S
    while (told := ask()) != wanted and time.monotonic() < end:
        time.sleep(0.05)
    assert told == wanted, f"it stayed {told!r}, not {wanted!r}"


def holds(ask: Callable[[], Any]) -> None:
    """Ask again and again until the answer is a yes."""
    becomes(lambda: bool(ask()), True)


def reads_well(page: Page) -> None:
    """All texts have their contrast and all controls a name, as soon as the page has come to rest."""
    becomes(lambda: page.evaluate(CONTRAST), [])
    becomes(lambda: page.evaluate(NAMELESS), [])


def fits(page: Page, what: str = ".tk-body") -> None:
    """Nothing in it goes beyond the window at the side."""
    beyond = "(what) => Math.max(0, document.querySelector(what).scrollWidth - innerWidth)"
    becomes(lambda: page.evaluate(beyond, what), 0)


PAINTED = """(plot) => {
  const canvas = plot.querySelector("canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return new Set(data.filter((part, i) => i % 401 === 0 && part)).size;
}"""
"""How many different parts of colours a plot has: an empty one has one or two."""


def is_painted(plot: Locator) -> None:
    holds(lambda: plot.evaluate(PAINTED) > 4)
