"""The Overview: what a person with three minutes sees without a click."""

from __future__ import annotations

import math
import re
import time

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.looks import AWAY, BACK
from tests.browser.trainings import Training, sweep
from tests.browser.waiting import becomes, reads_well

pytestmark = pytest.mark.browser

NAN = float("nan")


def training(space, project, name, losses, *, accuracy=None, end=None, ago_s=600, **start):
    """An experiment with a loss at each step and one accuracy at the end."""
    made = Training(space.url, project, name, started_s=time.time() - ago_s, **start)
    made.log([(step, {"train/loss": loss}) for step, loss in enumerate(losses)], step_s=0.5)
    if accuracy is not None:
        made.log([(len(losses) - 40 + 20 * i, {"eval/accuracy": accuracy - 0.1 * (2 - i)}) for i in range(3)])
    if end is not None:
        made.finish(**end)
    return made


@pytest.fixture
def project(space, request):
    """Two alive (one whose loss is no number any more), two in trouble, three that finished."""
    name = f"overview {request.node.name}"
    falling = [3 * math.exp(-i / 40) + 0.2 for i in range(120)]
    for i in range(3):
        training(space, name, f"done-{i}", falling, accuracy=0.7 + 0.1 * i, end={"state": "finished"}, group="sweep")
    why = {"state": "failed", "error": "OutOfMemoryError", "message": "CUDA out of memory. Tried to allocate 2.00 GiB"}
    training(space, name, "broken", falling, accuracy=0.5, end=why)
    training(space, name, 'ill <b>"one"</b> 🦦', [*falling[:60], *[NAN] * 60], config={"max_steps": 400})
    training(space, name, "healthy", falling, accuracy=0.6, config={"max_steps": 400}, tags=["live"])
    return name


def part(page, title):
    return page.get_by_role("region", name=title, exact=True)


def line(page, title, name):
    return part(page, title).get_by_role("listitem").filter(has=page.get_by_text(name, exact=True))


@pytest.mark.requirement("S1.71", "S1.72")
def test_a_look_tells_what_lives_what_failed_and_what_is_best(page, space, project):
    page.goto(f"{space.url}/?project={project}&view=overview")
    healthy, ill = line(page, "Alive now", "healthy"), line(page, "Alive now", 'ill <b>"one"</b> 🦦')
    expect(healthy.locator(".tk-ov-words")).to_contain_text("step 120 of 400")
    expect(healthy.locator(".tk-ov-words")).to_contain_text("loss falling")
    expect(healthy.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "30")
    expect(healthy.locator(".tk-ov-figure.headline")).to_contain_text("0.6")
    expect(ill.locator(".tk-ov-words")).to_contain_text("loss not a number since step")
    expect(ill).to_have_class("tk-ov-line alive bad")
    expect(line(page, "Failed or silent", "broken")).to_contain_text("OutOfMemoryError. CUDA out of memory")
    best = part(page, "Best").get_by_role("listitem")
    expect(best.locator(".tk-ov-name")).to_have_text(["done-2", "done-1", "done-0", "healthy", "broken"])
    expect(part(page, "Ended lately").get_by_role("listitem")).to_have_count(3)
    expect(page.locator(".tk-ov-state")).to_have_text(["2 running", "1 failed", "3 finished"])
    for curve in (healthy, ill, best.first):
        expect(curve.locator(".tk-ov-spark .line")).to_have_attribute("d", re.compile("^M.*L"))
    expect(ill.locator(".tk-ov-spark .bad")).not_to_have_attribute("d", "")
    reads_well(page)
    # Another metric decides what is best; the browser remembers it.
    part(page, "Best").get_by_role("button", name="eval/accuracy").click()
    page.get_by_role("option", name="train/loss").click()
    expect(part(page, "Best").locator(".tk-ov-head")).to_contain_text("the lowest last value of 5 experiments")
    expect(page).to_have_url(re.compile("view=overview&best=train/loss"))
    part(page, "Best").get_by_role("listitem").first.locator("a").click()
    page.wait_for_url("**experiment=**")
    page.go_back()
    page.locator(".tk-ov-state.failed").click()
    expect(page.locator(".tk-view.table tbody .tk-name")).to_have_text(["broken"])
    expect(page).to_have_url(re.compile("search=state(%3D|=)failed"))
    # A link says it to whoever has another one in mind, or says nothing of it and means the usual one.
    page.goto(f"{space.url}/?project={project}&view=overview&best=eval/accuracy&size=420&dashes=1")
    expect(part(page, "Best").get_by_role("listitem").first).to_contain_text("done-2")
    page.locator(".tk-tabs").get_by_role("link", name="Metrics").click()
    expect(page.get_by_label("Size of the charts")).to_have_value("420")
    assert "dashes=1" in page.url
    page.goto(f"{space.url}/?project={project}&view=overview&smooth=none:0")
    expect(part(page, "Best").locator(".tk-ov-head")).to_contain_text("eval/accuracy")


def test_a_page_that_stays_open_tells_what_came_since_it_was_last_looked_at(page, space, request):
    name = f"overview {request.node.name}"
    one = training(space, name, "one", [2.0] * 10, ago_s=7200)
    old = training(space, name, "old", [2.0] * 10, ago_s=7200, end={"state": "finished"})
    page.goto(f"{space.url}/?project={name}&view=overview")
    expect(line(page, "Alive now", "one")).to_be_visible()
    news = page.locator(".tk-ov-news")
    expect(news).to_be_hidden()
    page.evaluate(AWAY)
    becomes(lambda: page.evaluate("(project) => JSON.parse(localStorage.trackio).visits?.[project] > 0", name), True)
    one.finish("failed", message="gone")
    training(space, name, "two", [2.0] * 10, ago_s=5)
    put_away = [training(space, name, f"away-{i}", [2.0], ago_s=5, end={"state": "failed"}) for i in range(2)]
    httpx.patch(f"{space.url}/v1/experiments/{put_away[0].experiment_id}", json={"archived": True}, timeout=60)
    hidden = {"marks": {"hidden": [put_away[1].experiment_id]}}
    page.evaluate(
        "(marks) => localStorage.trackio = JSON.stringify({...JSON.parse(localStorage.trackio), ...marks})", hidden
    )
    page.evaluate("dispatchEvent(new StorageEvent('storage', {key: 'trackio'}))")
    # Ten seconds away are none; an hour is.
    page.evaluate(BACK, [name, 0])
    expect(line(page, "Failed or silent", "one")).to_be_visible()
    expect(news).to_be_hidden()
    page.evaluate(AWAY)
    page.evaluate(BACK, [name, 3600])
    expect(news).to_contain_text("1 started, 1 failed and 1 finished.")
    expect(line(page, "Alive now", "two").locator(".tk-ov-more")).to_contain_text("new")
    # Another view is away, too.
    page.locator(".tk-tabs").get_by_role("link", name="Table").click()
    page.evaluate(BACK, [name, 1800])
    page.locator(".tk-tabs").get_by_role("link", name="Overview").click()
    expect(news).to_contain_text("1 started, 1 failed and 1 finished.")
    assert old.experiment_id


def test_the_overview_follows_live_and_costs_nothing_while_another_view_stands(page, space, request):
    name = f"overview {request.node.name}"
    asked = []
    page.on("request", lambda sent: asked.append(sent.url) if "/v1/series" in sent.url else None)
    one = training(space, name, "one", [2.0] * 10, config={"max_steps": 40}, ago_s=5)
    page.goto(f"{space.url}/?project={name}&view=overview")
    expect(line(page, "Alive now", "one")).to_contain_text("step 9 of 40")
    one.log([(step, {"train/loss": 1.0}) for step in range(10, 20)])
    expect(line(page, "Alive now", "one")).to_contain_text("step 19 of 40")
    expect(line(page, "Alive now", "one").locator(".tk-ov-figure.loss")).to_contain_text("1")
    expect(line(page, "Alive now", "one").locator(".tk-ov-spark .line")).to_have_attribute("d", re.compile("L"))
    two = training(space, name, "two", [2.0] * 10, ago_s=1)
    expect(line(page, "Alive now", "two")).to_be_visible()
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Table").click()
    expect(page.locator(".tk-view.table .tk-name")).to_have_count(2)
    before = len(asked)
    two.finish("failed", message="gone")
    expect(page.locator(".tk-view.table")).to_contain_text("failed")
    assert len(asked) == before, "a hidden Overview asks for no series"
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Overview").click()
    expect(line(page, "Failed or silent", "two")).to_contain_text("Gone")


def test_hundreds_of_experiments_are_a_list_that_is_asked_for_once(page, space, request):
    name = f"overview {request.node.name}"

    def log(training, i):
        training.log([(step, {"train/loss": 1 / (step + 1), "eval/accuracy": i / 1000}) for step in range(4)])
        training.finish("failed" if i % 100 == 0 else "finished")

    sweep(space.url, name, 300, log)
    asked = []
    page.on("request", lambda sent: asked.append(sent) if "/v1/series" in sent.url else None)
    page.goto(f"{space.url}/?project={name}&view=overview")
    expect(page.locator(".tk-ov-state")).to_have_text(["3 failed", "297 finished"])
    expect(part(page, "Best").get_by_role("listitem").first).to_contain_text("sweep-0299")
    expect(part(page, "Best").get_by_role("listitem")).to_have_count(6)
    expect(part(page, "Best").locator(".tk-ov-spark .line[d*='L']")).to_have_count(6)
    assert len(asked) == 1, "one request for the curves of all lines"
    part(page, "Ended lately").get_by_role("button", name="Show 24 more").click()
    expect(part(page, "Ended lately").get_by_role("listitem")).to_have_count(30)
