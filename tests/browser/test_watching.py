"""A watched experiment ends, or warns: told by the browser where it may, else by the page and its title."""

from __future__ import annotations

import time

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.chromium import launched
from tests.browser.looks import AWAY
from tests.browser.side_bar import row, shows, toast
from tests.browser.trainings import Training, trained
from tests.browser.waiting import becomes

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(playwright):
    """The whole browser: the engine alone has no notifications."""
    opened = launched(playwright)
    yield opened
    opened.close()


def test_the_browser_tells_when_a_watched_experiment_ends(page, space, request):
    page.context.grant_permissions(["notifications"], origin=space.url)
    # The browser's own notifications, written down as they are made.
    page.add_init_script(
        "globalThis.told = []; const Own = Notification; globalThis.Notification = class extends Own {"
        " constructor(title, how) { super(title, how); told.push([title, how.body]); } };"
    )
    name = f"watched {request.node.name}"
    alive = Training(space.url, name, "long one", started_s=time.time() - 60)
    alive.log([(step, {"loss": 1.0}) for step in range(10)])
    trained(space.url, name, "done", steps=3)
    page.goto(f"{space.url}/?project={name}&experiment={alive.experiment_id}")
    expect(page.locator(".tk-head h1")).to_have_text("long one")
    shows(page, "done", "long one")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("only what runs")
    page.keyboard.press("Enter")
    shows(page, "long one")
    page.locator(".tk-tabs").get_by_role("button", name="What to do with long one").click()
    page.get_by_role("option", name="Mark as paused").click()
    expect(row(page, "long one").locator("[aria-label=paused]")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(row(page, "long one").locator("[aria-label=running]")).to_be_visible()
    assert page.evaluate("Notification.permission") == "granted"
    bell = page.get_by_role("button", name="Tell me when it ends")
    bell.click()
    expect(toast(page).filter(has_text="This browser tells you when “long one” ends")).to_be_visible()
    expect(page.get_by_role("button", name="Do not tell me when it ends")).to_have_attribute("aria-pressed", "true")
    page.locator(".tk-tabs").get_by_role("link", name="Metrics").click()
    alive.event("mark", step=4, mark="alert", title="Loss rose", data={"level": "warn", "text": "by half"})
    expect(toast(page).filter(has_text="Long one: alert.")).to_contain_text("Loss rose. by half")
    becomes(lambda: page.evaluate("told"), [["long one: alert", f"{name}\nLoss rose\nby half"]])
    page.evaluate("told.length = 0")
    alive.finish("failed", message="out of memory")
    expect(toast(page).filter(has_text="Long one: failed.")).to_contain_text("Out of memory")
    becomes(lambda: page.evaluate("told"), [["long one: failed", f"{name}\nOut of memory. Exit code 1."]])
    expect(row(page, "long one").locator("[aria-label=watched]")).to_have_count(0)
    toast(page).filter(has_text="Long one: failed.").get_by_role("button", name="Open").click()
    expect(page.locator(".tk-head h1")).to_have_text("long one")


@pytest.mark.parametrize("why", ["blocked for this address", "no notifications to a page without https"])
def test_without_notifications_the_page_and_its_title_tell(page, space, request, why):
    lacks = (
        "Object.defineProperty(Notification, 'permission', { get: () => 'denied' });"
        if "blocked" in why
        else "Object.defineProperty(globalThis, 'isSecureContext', { get: () => false });"
    )
    page.add_init_script(lacks)
    name = f"watched {request.node.name}"
    alive = Training(space.url, name, "long one", started_s=time.time() - 60)
    alive.log([(step, {"loss": 1.0}) for step in range(10)])
    page.goto(f"{space.url}/?project={name}&experiment={alive.experiment_id}")
    page.get_by_role("button", name="Tell me when it ends").click()
    expect(toast(page)).to_contain_text(why)
    title = page.title()
    page.evaluate(AWAY)
    alive.finish()
    page.evaluate("trackioPage.shell.watch().then((watch) => watch.ask())")  # as its clock would
    expect(toast(page).filter(has_text="Long one: finished.")).to_be_attached()
    assert page.title() == "● long one: finished"
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    becomes(page.title, title)


def test_a_watched_experiment_that_is_deleted_is_told_too(page, space, request):
    name = f"watched {request.node.name}"
    alive = Training(space.url, name, "long one", started_s=time.time() - 60)
    alive.log([(step, {"loss": 1.0}) for step in range(10)])
    page.goto(f"{space.url}/?project={name}&experiment={alive.experiment_id}")
    page.get_by_role("button", name="Tell me when it ends").click()
    expect(toast(page)).to_contain_text("long one")
    ask = "trackioPage.shell.watch().then((watch) => { watch.state.set({ experiments: [] }); return watch.ask(); })"
    page.evaluate(ask)  # as its clock would, of one that this page does not list
    answer = httpx.delete(f"{space.url}/v1/experiments/{alive.experiment_id}")
    assert answer.is_success, answer.text
    page.evaluate(ask)
    expect(toast(page).filter(has_text="“long one”, which you watched, was deleted")).to_be_visible()
    expect(page.get_by_role("button", name="Do not tell me when it ends")).to_have_count(0)


def test_who_deletes_what_he_watches_is_not_told_of_it_and_undo_watches_again(page, space, request):
    name = f"watched {request.node.name}"
    alive = Training(space.url, name, "long one", started_s=time.time() - 60)
    alive.log([(step, {"loss": 1.0}) for step in range(10)])
    page.goto(f"{space.url}/?project={name}&experiment={alive.experiment_id}")
    page.get_by_role("button", name="Tell me when it ends").click()
    expect(page.get_by_role("button", name="Do not tell me when it ends")).to_be_visible()
    page.locator(".tk-tabs").get_by_role("button", name="What to do with long one").click()
    page.get_by_role("option", name="Delete").click()
    expect(toast(page).filter(has_text="Deleted 1 experiment")).to_be_visible()
    page.evaluate("trackioPage.shell.watch().then((watch) => watch.ask())")
    expect(toast(page).filter(has_text="which you watched")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(row(page, "long one").locator("[aria-label=watched]")).to_have_count(1)
