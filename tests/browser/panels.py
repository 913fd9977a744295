"""The panels of an experiment's page, as a test finds them: by their heading, or a medium by its name."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect


def pane(page: Page, title: str) -> Locator:
    """A panel, there or not."""
    return page.locator(f'.tk-pane[aria-label="{title}"]')


def seen(page: Page, title: str) -> Locator:
    """A panel, scrolled to: what it shows is fetched and drawn when it is seen."""
    found = pane(page, title)
    found.scroll_into_view_if_needed()
    return found


def open_experiment(page: Page, url: str, experiment_id: str, *titles: str) -> Page:
    """Open the page of an experiment and wait until these panels stand on it."""
    page.goto(f"{url}/?experiment={experiment_id}")
    for title in titles:
        expect(pane(page, title)).to_be_visible()
    return page
