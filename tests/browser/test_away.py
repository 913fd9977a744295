"""A server that goes away, or asks to wait, while a page is open on any view: the picture stays and comes back."""

from __future__ import annotations

import collections
import json
import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.made_up import made_up_gpus, made_up_labels
from tests.browser.trainings import trained

VIEWS = {
    "overview": "Alive now",
    "metrics": "train",
    "compare": "Side by side",
    "labels": "label × evaluation",
    "system": "On one time axis",
    "table": "duration",
    "experiment": "ended",
}


@pytest.fixture(scope="module")
def project(space):
    labels = [("person", 40, 0.8), ("place", 20, 0.5)]
    made_up_labels(space.url, "away-views", "labelled", labels, evaluations=4, state=None)
    made_up_gpus(space.url, "away-views", "two GPUs", devices=2, minutes=5)
    trained(space.url, "away-views", "ended", steps=20, config={"lr": 0.1})
    return f"{space.url}/?project=away-views"


@pytest.fixture
def link(space, project):
    """A link to what ended and what runs."""
    rows = httpx.get(f"{space.url}/v1/experiments", params={"project": "away-views"}, timeout=60).json()["experiments"]
    wish = {"experiments": [row["experiment_id"] for row in rows]}
    return httpx.post(f"{space.url}/v1/shares", json=wish, timeout=60, trust_env=False).json()["address"]


def view_of(page, name):
    return page.locator(f".tk-view.{name}")


def open_view(page, name):
    page.evaluate(
        """name => { const { state } = trackioPage.shell;
        const { id } = state.get("experiments").find((row) => row.name === "ended");
        state.set({ view: name, experiment: name === "experiment" ? id : null }); }""",
        name,
    )


def test_every_view_keeps_what_it_shows_while_nobody_answers_and_goes_on_by_itself(page, project):
    broken = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.goto(f"{project}&view=overview")
    expect(page.locator(".tk-row").first).to_be_attached()
    for name, words in VIEWS.items():
        open_view(page, name)
        expect(view_of(page, name)).to_contain_text(words)
    expect(view_of(page, "experiment").locator(".tk-kv[aria-label=Config]")).to_contain_text("0.1")
    page.route("**/v1/**", lambda route: route.abort())
    expect(page.locator(".tk-away")).to_contain_text("No answer from the server")
    for name, words in VIEWS.items():
        open_view(page, name)
        expect(view_of(page, name)).to_contain_text(words)
        expect(page.locator(".tk-away").first).to_be_visible()
    # An experiment that nobody opened before comes by itself, too.
    page.evaluate(
        """() => { const { state } = trackioPage.shell;
        state.set({ experiment: state.get("experiments").find((row) => row.name === "labelled").id }); }"""
    )
    expect(view_of(page, "experiment")).to_contain_text("No answer from the server")
    # What was not asked for before cannot be shown, and says so.
    for part in ("groups", "parallel", "scatter", "contour", "importance"):
        page.evaluate("part => trackioPage.shell.state.set({ view: 'compare', comparePart: part })", part)
        expect(page.locator(f"#tk-pane-{part}")).to_be_visible()
    page.unroute("**/v1/**")
    expect(page.locator(".tk-away")).to_have_count(0)
    expect(page.locator("#tk-pane-importance")).not_to_contain_text("No answer")
    page.evaluate("trackioPage.shell.state.set({ view: 'compare', comparePart: 'scatter' })")
    expect(page.locator("#tk-pane-scatter canvas").first).to_be_visible()
    assert broken == []


def refused(route, wait_s):
    """The answer of a platform that asks to wait."""
    problem = {"title": "Too many requests.", "status": 429, "detail": "The platform asks to wait.", "hint": ""}
    headers = {"Retry-After": str(wait_s), "Content-Type": "application/problem+json"}
    route.fulfill(status=429, headers=headers, body=json.dumps(problem))


def test_a_shared_page_keeps_what_it_shows_while_nobody_answers_and_goes_on_by_itself(page, link):
    page.goto(link)
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    expect(page.locator(".tk-shared-aside table").first).to_be_visible()
    count = page.locator(".tk-chart").count()
    page.route("**/v1/**", lambda route: route.abort())
    expect(page.locator(".tk-shared-away")).to_contain_text("No answer from the server")
    expect(page.locator(".tk-fresh")).to_contain_text("not live since")
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    expect(page.locator(".tk-chart")).to_have_count(count)
    expect(page.locator(".tk-shared-aside table").first).to_be_visible()
    page.unroute("**/v1/**")
    expect(page.locator(".tk-shared-away")).to_be_hidden()
    expect(page.locator(".tk-fresh")).to_contain_text("updated")


def test_a_shared_page_that_is_asked_to_wait_says_so_and_fills_itself(page, link):
    asked = []

    def refuse(route):
        asked.append(route.request.url)
        refused(route, 2)

    page.route("**/v1/**", refuse)
    page.goto(link)
    expect(page.locator(".tk-shared-away")).to_contain_text("The platform asks to wait")
    assert len(asked) <= 4, asked  # who is told to wait tells all others of the page
    page.unroute("**/v1/**")
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    expect(page.locator(".tk-shared-aside table").first).to_be_visible()
    expect(page.locator(".tk-shared-away")).to_be_hidden()


def test_a_platform_that_asks_to_wait_is_asked_less(page, project):
    page.goto(f"{project}&view=metrics")
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    asked = []

    def refuse(route):
        asked.append(route.request.url)
        refused(route, 6)

    page.route("**/v1/**", refuse)
    expect(page.locator(".tk-away")).to_contain_text("The server asks to wait")
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    page.wait_for_timeout(13_000)
    often = collections.Counter(re.sub(r"[?&](since|after|cursor)=[^&]*", "", url) for url in asked)
    assert max(often.values()) <= 4, often
    assert sum(often.values()) <= 15, often  # who is told to wait tells all others of the page
    page.unroute("**/v1/**")
    expect(page.locator(".tk-away")).to_have_count(0)
