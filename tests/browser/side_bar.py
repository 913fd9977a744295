"""The list of experiments beside every view, and what the page says of what was done there."""

from __future__ import annotations


def row(page, name):
    return page.locator(".tk-row", has=page.get_by_text(name, exact=True))


def ticked(page):
    return page.locator(".tk-row:not(.off) .tk-name")


def shows(page, *names):
    """Wait until exactly these are ticked, in whatever order the list has them."""
    page.wait_for_function(
        """(names) => JSON.stringify(names) === JSON.stringify(
          [...document.querySelectorAll('.tk-row:not(.off) .tk-name')].map((name) => name.textContent).sort())""",
        arg=sorted(names),
    )


def toast(page):
    return page.locator(".tk-toast")
