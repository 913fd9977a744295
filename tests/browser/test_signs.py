# ruff: noqa: E501 (scripts for the browser)
"""Signs of what happened on the time line, what strips leave out, and the tables and addresses of both."""

from __future__ import annotations

import math
import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.panels import pane
from tests.browser.trainings import Training
from tests.browser.waiting import holds, is_painted, reads_well

pytestmark = pytest.mark.browser

WRITTEN = """() => {
  const { fillText } = CanvasRenderingContext2D.prototype;
  globalThis.written = new Set();
  CanvasRenderingContext2D.prototype.fillText = function (words, ...rest) { globalThis.written.add(words); return fillText.call(this, words, ...rest); };
}"""
"""Keeps what canvases write."""


def taken_up_again(url: str) -> Training:
    """It was killed at step 100, went on on another machine with another learning rate, and failed; it told more than panels show at first."""
    began = time.time() - 7200
    config = {"lr": 1e-3, "seed": 1, "model": {"layers": 2}}
    first = Training(url, "signs", "again", started_s=began, config=config)

    def numbers(steps: range) -> list[tuple[int, dict[str, float]]]:
        odd = {120: math.nan, 121: math.nan, 130: 1e6}
        return [
            (
                step,
                {
                    "train/loss": 2 / (1 + step / 50),
                    "train/learning_rate": max(0, step - 9) * 1e-5,
                    "train/grad_norm": odd.get(step, 1 + step % 7 / 10),
                },
            )
            for step in steps
        ]

    first.log(numbers(range(100)), step_s=10)
    first.log([(step, {"eval/loss": 2.1 / (1 + step / 50)}) for step in (40, 80)], step_s=10)
    for i, (step, kind, title) in enumerate(
        [(30, "alert", "a spike"), *((60, "note", f"note {i}") for i in range(60))]
    ):
        first.event("mark", mark=kind, step=step, title=title, data={}, time_s=began + 10 * step + i / 100)
    first.event("mark", mark="checkpoint", step=90, title="checkpoint-90", data={}, time_s=began + 900)
    first.event("text", step=70, values={f"sample {i:03}": f"text {i}" for i in range(130)})
    again = Training(
        url,
        "signs",
        first.name,
        experiment_id=first.experiment_id,
        started_s=began + 990 + 600,
        generation=1,
        steps_from=100,
        config=config | {"lr": 5e-4},
        process={"pid": 2, "host": "node-2", "rank": 0, "world_size": 1},
    )
    again.log([(step, values) for step, values in numbers(range(100, 200))], step_s=10)
    again.event("error", step=185, error="RuntimeError", message="gave up", trace="line 1", rank=None)
    again.event("error", step=198, error="ValueError", message="in its wake", trace=None, rank=None)
    again.finish("failed", error="RuntimeError", message="gave up")
    return again


def test_every_sign_leads_somewhere_strips_tell_what_they_leave_out_and_the_address_holds_the_time_line(
    page: Page, space
) -> None:
    training = taken_up_again(space.url)
    page.add_init_script(f"({WRITTEN})()")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{space.url}/?experiment={training.experiment_id}")
    line = pane(page, "Time line")

    # A sign leads to the panel that tells more, and there to its own line, though it is not among the last ones.
    expect(pane(page, "Why it failed")).to_be_visible()
    flash = re.compile("tk-flash")
    for sign, title, its_line, told in (
        ("error: RuntimeError", "Why it failed", "", "gave up"),
        ("error: ValueError", "Errors", ".tk-error", "in its wake"),
        ("alert: a spike", "Marks and checkpoints", "tr", "a spike"),
        ("checkpoint-90", "Checkpoints", "tr", "checkpoint-90"),
        ("restart: resumed", "Restarts", "tr", "lr 0.001 → 0.0005"),
        ("note 0", "Marks and checkpoints", "tr", "note 0"),
    ):
        line.locator(f'.tk-mark[aria-label*="{sign}"]').first.click()
        found = pane(page, title)
        expect(found).to_have_class(flash)
        expect(found).to_contain_text(told)
        if its_line:
            expect(found.locator(f"{its_line}.tk-flash", has_text=told)).to_be_visible()
    restart = pane(page, "Restarts").locator("tbody tr")
    expect(restart).to_have_count(1)
    for told in ("100", "10 min", "no end was told", "host node-1 → node-2"):
        expect(restart).to_contain_text(told)
    expect(pane(page, "Where it ran")).to_contain_text("node-1 and node-2")
    line.get_by_role("button", name="2 evaluations").click()
    expect(page.locator('.tk-flash[data-at="evaluation 80"]')).to_be_visible()
    expect(page.get_by_text("not told elsewhere")).to_have_count(0)

    # All that was told can be reached.
    texts = pane(page, "Texts")
    expect(texts.locator("tbody tr")).to_have_count(100)
    expect(texts).to_contain_text("the last 100 of 130")
    texts.get_by_role("button", name="Show all 130").click()
    expect(texts.locator("tbody tr")).to_have_count(130)

    # Strips tell what they cannot draw: no numbers, what lies outside, what has no place on a logarithmic axis.
    plots = line.locator(".tk-plot")
    plots.first.scroll_into_view_if_needed()
    plots.nth(1).press("l")
    left_out = "() => [/^2 NaN$/, /^↑ [0-9]+( points?)? above$/, /^▿ 10 not above 0$/].every((words) => [...written].some((each) => words.test(each)))"
    holds(lambda: page.evaluate(left_out))
    expect(page).to_have_url(re.compile(r"own=.*log(:|%3A)1"))
    plots.nth(2).focus()
    expect(plots.nth(2)).to_have_attribute("aria-label", re.compile("2 NaN or infinite, [0-9]+ above the range"))

    # As tables: one strip, and all of it.
    page.keyboard.press("t")
    table = line.locator(".tk-strip-table:visible")
    expect(table.locator("thead")).to_contain_text("NaN, ∞")
    expect(table.locator("tbody tr")).to_contain_text("Gradient norm")
    page.keyboard.press("t")
    expect(table).to_have_count(0)
    expect(plots.nth(2)).to_be_focused()
    page.keyboard.press("Enter")
    full = page.locator("dialog.tk-full[open]")
    is_painted(full.locator(".tk-plot"))
    page.keyboard.press("PageUp")
    expect(full.locator("h2")).to_have_text("Learning rate")
    page.keyboard.press("Escape")
    expect(full).to_have_count(0)
    line.get_by_role("button", name="Table", exact=True).click()
    expect(line.locator(".tk-timeline-figures tbody tr")).to_have_count(4)
    expect(line.locator(".tk-events tbody tr")).to_have_count(68)
    line.locator(".tk-events").get_by_role("button", name="RuntimeError: gave up").first.click()
    expect(pane(page, "Why it failed").locator(".tk-pane-fold")).to_be_focused()
    line.get_by_role("button", name="Table", exact=True).click()
    reads_well(page)

    # The address holds it: axis, zoom of the time line, zoom of the charts; a link carries them, undo takes them back.
    line.get_by_role("button", name="step", exact=True).click()
    page.get_by_role("option", name="time since the start").click()
    plots.first.press("+")
    expect(page).to_have_url(re.compile(r"linex=relative"))
    expect(page).to_have_url(re.compile(r"zoom=relative~"))
    chart = page.locator(".tk-detail-charts .tk-chart").first
    chart.scroll_into_view_if_needed()
    is_painted(chart.locator(".tk-plot"))
    chart.locator(".tk-plot").press("+")
    expect(page).to_have_url(re.compile(r"zoom=.*,step~"))
    chart.locator(".tk-chart-more").click()
    page.get_by_role("option", name="Copy link to this chart").click()
    holds(lambda: re.search("zoom=relative(~|%7E)", page.evaluate("async () => await navigator.clipboard.readText()")))
    page.goto(page.evaluate("async () => await navigator.clipboard.readText()"))
    expect(line.get_by_role("button", name="Zoom out")).to_be_visible()
    expect(line.get_by_role("button", name="since the start")).to_be_visible()
    expect(chart).to_have_class(re.compile("linked-to"))
    line.get_by_role("button", name="Zoom out").click()
    expect(page).not_to_have_url(re.compile("zoom=relative~"))
    page.keyboard.press("Control+z")
    expect(page).to_have_url(re.compile("zoom=.*relative~"))
    expect(line.get_by_role("button", name="Zoom out")).to_be_visible()
