"""The list of experiments beside every view, and what the page says of what was done there."""

from __future__ import annotations

import httpx

from tests.browser.trainings import trained


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


def twelve(space, project):
    """Experiments run-0 to run-11 in two groups, all ended; the project's name."""
    for i in range(12):
        group = "wide" if i % 2 else "narrow"
        started_s = 1_790_000_000 + 60 * i
        trained(space.url, project, f"run-{i}", steps=60, started_s=started_s, group=group, config={"lr": 10.0**-i})
    return project


def ids(space, project):
    rows = httpx.get(f"{space.url}/v1/experiments", params={"project": project}, timeout=60).json()["experiments"]
    return {each["name"]: each["experiment_id"] for each in rows}


def listed(page):
    """Names in the order of the list, group heads in brackets."""
    return page.evaluate(
        """() => [...document.querySelectorAll('.tk-side-sizer > *')].sort((a, b) => a.place - b.place)
          .map((node) => node.matches('.tk-group') ? `[${node.querySelector('b').textContent}]` : node.querySelector('.tk-name').textContent)"""  # noqa: E501
    )
