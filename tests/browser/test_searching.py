"""Experiments found by what they were configured with and came to, and charts kept on top."""

from __future__ import annotations

import itertools

import pytest
from playwright.sync_api import expect

from tests.browser.trainings import Training
from tests.browser.waiting import becomes

_NUMBERS = itertools.count()


@pytest.fixture
def swept(page, space):
    """A page on six experiments that differ in learning rate, optimizer and where their loss ended."""
    project = f"swept-{next(_NUMBERS)}"
    for i in range(6):
        config = {"lr": 10.0**-i, "optimizer": "adam w" if i % 2 else "sgd", "opt": {"warmup": i}}
        training = Training(space.url, project, f"run-{i}", started_s=1_790_000_000 + i, config=config)
        training.log([(step, {"eval/loss": i / 10 + 1 / (1 + step), "train/loss": 1.0}) for step in range(4 + i)])
        training.finish("failed" if i == 2 else "finished")
    page.goto(f"{space.url}/?project={project}")
    expect(page.locator(".tk-row")).to_have_count(6)
    return page


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("lr>0.05", {0, 1}),
        ("config.lr<=1e-4", {4, 5}),
        ("lr=0.001", {3}),
        ('optimizer="adam w" lr<0.01', {3, 5}),
        ("optimizer!=sgd", {1, 3, 5}),
        ("opt.warmup>=4", {4, 5}),
        ("state=failed", {2}),
        ("eval/loss<0.4", {0, 1, 2}),
        ("metric.eval/loss>0.6 run", {5}),
        ("steps>=7", {4, 5}),
        ("name=run-3", {3}),
        ("lr>0.05 /-1$/", {1}),
        ('"run-4"', {4}),
        ("lr > 1e-3 and (optimizer = sgd or not eval/loss > 0.4)", {0, 1, 2}),
        ("name ~ /run-[12]$/ or steps >= 8", {1, 2, 5}),
        ("opt.warmup in (0, 5) duration >= 0s", {0, 5}),
        ("constructor=1", set()),
    ],
)
def test_the_search_compares_config_metrics_and_state(swept, typed, found):
    swept.locator(".tk-search input").fill(typed)
    expect(swept.locator(".tk-row")).to_have_count(len(found))
    names = "rows => rows.map((row) => row.textContent.match(/run-\\d/)[0]).sort()"
    becomes(lambda: swept.locator(".tk-row").evaluate_all(names), [f"run-{i}" for i in sorted(found)])


def test_a_term_that_does_not_parse_says_where_and_hides_nothing(swept):
    field, trouble = swept.locator(".tk-search input"), swept.locator(".tk-search-trouble")
    for typed, said in (
        ("lr>", "Column 4: expected a value behind >."),
        ("lr>fast", "Column 4: > compares numbers, durations (2h) and dates (2026-11-01), and “fast” is none."),
        ('lr>" "', "is none"),
        (f"{'x' * 300}=1", "at most 190 characters"),
        ('optimizer="adam', "not closed"),
    ):
        field.fill(typed)
        expect(trouble).to_contain_text(said)
        expect(swept.locator(".tk-row")).to_have_count(6)
    field.fill("lr>0.05")
    expect(trouble).to_be_hidden()


def test_a_search_by_config_is_in_the_address(swept):
    swept.locator(".tk-search input").fill("lr>0.05")
    expect(swept.locator(".tk-row")).to_have_count(2)
    swept.wait_for_function("() => new URLSearchParams(location.search).get('search') === 'lr>0.05'")
    swept.reload()
    expect(swept.locator(".tk-row")).to_have_count(2)


def test_the_address_goes_with_what_changes_all_the_while_and_is_whole_when_one_comes_back(swept):
    swept.evaluate(
        """() => {
          window.written = [];
          const write = history.replaceState.bind(history);
          history.replaceState = (...said) => { window.written.push(said[2]); write(...said); };
        }"""
    )
    field = swept.locator(".tk-search input")
    field.press_sequentially("lr>0.05 and lr>0.04", delay=60)  # quicker than 0.1 s: no pause before the end
    assert len(swept.evaluate("written")) > 2
    field.fill("lr>0.5")
    swept.goto("about:blank")
    swept.go_back()
    expect(field).to_have_value("lr>0.5")


def test_nothing_found_says_so_and_offers_all(swept):
    swept.locator(".tk-search input").fill("lr>100")
    expect(swept.get_by_text("None of 6 experiments fits “lr>100”.")).to_be_visible()
    swept.get_by_role("button", name="Show all", exact=True).first.click()
    expect(swept.locator(".tk-row")).to_have_count(6)


def test_a_pinned_chart_stands_on_top_and_stays_there(swept):
    sections = swept.locator(".tk-view.metrics .tk-section")
    expect(sections.first).to_have_attribute("aria-label", "train")
    chart = swept.locator(".tk-view.metrics .tk-chart", has_text="loss").last
    chart.locator(".tk-chart-more").click()
    swept.locator(".tk-menu-row", has_text="Pin to the top").click()
    expect(sections.first).to_have_attribute("aria-label", "Pinned")
    expect(sections.first.locator(".tk-chart")).to_have_count(1)
    expect(sections.first.locator(".tk-chart-title")).to_contain_text("eval/loss")
    expect(swept.locator(".tk-view.metrics .tk-chart")).to_have_count(2)
    swept.reload()
    expect(sections.first).to_have_attribute("aria-label", "Pinned")
    expect(sections.first.locator(".tk-chart-values")).not_to_be_empty()
    sections.first.locator(".tk-chart-more").click()
    swept.locator(".tk-menu-row", has_text="Unpin").click()
    expect(sections.first).to_have_attribute("aria-label", "train")
    expect(swept.locator(".tk-view.metrics .tk-chart")).to_have_count(2)
