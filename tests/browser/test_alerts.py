"""What an alert says stands on the page of its experiment, and with those of all others on the Overview."""

from __future__ import annotations

import re
import time

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.looks import AWAY, BACK
from tests.browser.trainings import Training, trained
from tests.browser.waiting import becomes, reads_well

pytestmark = pytest.mark.browser


def test_an_alert_tells_its_words_beside_its_title(page, space):
    training = trained(space.url, "alerts", "loud-otter", steps=5)
    training.event("mark", step=3, mark="alert", title="Look", data={"text": "loss <b>rose</b>", "level": "warn"})
    training.event("mark", step=4, mark="note", title="Lunch")
    training.event("mark", step=4, mark="alert", title="same", data={"text": "same", "level": "info"})
    training.finish()
    page.goto(f"{space.url}/?project=alerts&experiment={training.experiment_id}")
    rows = page.locator(".tk-view.experiment table.tk-plain tbody tr")
    expect(rows.filter(has_text="Look")).to_contain_text("Look: loss <b>rose</b>")  # as text, not as markup
    expect(rows.filter(has_text="Lunch").locator("td").last).to_have_text("Lunch")
    expect(rows.filter(has_text="same").locator("td").last).to_have_text("same")


TOMORROW = """(place) => {
  const now = Date.now;
  Date.now = () => now() + 864e5;
  document.dispatchEvent(new Event("visibilitychange"));
  Date.now = now;
  return document.querySelector(place).textContent;
}"""
"""What a place says when the page is looked at a day later."""


def alert(training, step, title, text, level, ago_s):
    told = {"text": text, "level": level}
    training.event("mark", time.time() - ago_s, step=step, mark="alert", title=title, data=told)


def test_alerts_of_a_project_stand_on_the_overview_the_list_and_the_table(page, space):
    quiet = trained(space.url, "alerted", "quiet", steps=3)
    loud = Training(space.url, "alerted", "loud", started_s=time.time() - 900)
    loud.log([(step, {"loss": 1.0}) for step in range(5)])
    alert(loud, 3, "Loss <b>rose</b>", "from 1 to 2", "error", 300)
    alert(loud, 1, "Warming up", None, "info", 600)
    other = trained(space.url, "alerted", "other", steps=3)
    alert(other, 2, "Slow", "half the speed", "warn", 450)
    page.goto(f"{space.url}/?project=alerted&view=overview")
    block = page.get_by_role("region", name="Alerts", exact=True)
    lines = block.get_by_role("listitem")
    expect(lines.locator(".tk-ov-alert")).to_have_text(["Loss <b>rose</b>", "Slow", "Warming up"])
    expect(lines.first).to_contain_text("from 1 to 2")
    expect(lines.first.locator(".tk-ov-step")).to_have_text("step 3")
    expect(lines.first.locator(".tk-ov-when")).to_have_text(re.compile(r"\d\d:\d\d:\d\d"))
    expect(lines.first.locator("[aria-label=error]")).to_be_visible()
    expect(block.locator(".tk-ov-head")).to_contain_text("3 alerts of 2 experiments")
    expect(block.locator(".tk-ov-new")).to_have_count(0)  # on a first visit nothing is new
    sign = page.locator(".tk-row", has_text="loud").locator(".tk-alert")
    expect(sign).to_have_attribute("title", "2 alerts, the gravest an error")
    expect(page.locator(".tk-row", has_text="quiet").locator(".tk-alert")).to_have_count(0)
    reads_well(page)
    # A page that stays open over midnight does not tell yesterday's times as today's.
    assert re.search(r"\d{4}, \d\d:\d\d$", page.evaluate(TOMORROW, ".tk-ov-when"))
    # What comes while the reader looks elsewhere is told as new, on the page that stays open.
    page.evaluate(AWAY)
    becomes(lambda: page.evaluate("JSON.parse(localStorage.trackio).alertsSeen?.alerted > 0"), True)
    alert(loud, 4, "Again", "2 is too much", "warn", 0)
    page.evaluate(BACK, ["alerted", 3600])
    expect(lines.first).to_contain_text("Again")
    expect(block.locator(".tk-ov-new")).to_have_count(1)
    expect(block.locator(".tk-ov-head")).to_contain_text("1 new, 4 alerts of 2 experiments")
    # A click opens the experiment there; the link holds it.
    lines.nth(1).locator(".tk-ov-alert").click()
    expect(page.locator(".tk-head h1")).to_have_text("loud")
    expect(page.locator("tr.tk-wanted")).to_contain_text("Loss <b>rose</b>: from 1 to 2")
    expect(page.locator("tr.tk-wanted")).to_be_in_viewport()
    page.wait_for_url(re.compile(rf"event={loud.experiment_id[-8:]}(:|%3A)\d{{16}}"))
    page.reload()
    expect(page.locator("tr.tk-wanted")).to_contain_text("Loss")
    # In the table: how many and how grave, sorted and filtered.
    page.goto(f"{space.url}/?project=alerted&view=table&columns=alerts,alert&sort=alert&search=alerts>0")
    expect(page.locator("tbody .tk-name")).to_have_text(["other", "loud"])
    expect(page.locator("tbody tr", has_text="loud").locator(".tk-cell-alerts")).to_have_text(["3", "error"])
    page.get_by_label("Filter experiments").fill("alert = warn")
    expect(page.locator("tbody .tk-name")).to_have_text(["other"])
    # Archived for everybody: out of the block, too.
    httpx.patch(f"{space.url}/v1/experiments/{other.experiment_id}", json={"archived": True}, timeout=60)
    page.goto(f"{space.url}/?project=alerted&view=overview")
    expect(lines.locator(".tk-ov-alert")).to_have_text(["Again", "Loss <b>rose</b>", "Warming up"])
    assert quiet.experiment_id
