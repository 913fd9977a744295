"""A link to one experiment, and all that stands on its page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.trainings import Training, curve, trained
from tests.browser.waiting import holds

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def training(space):
    training = trained(
        space.url,
        "one",
        "careful-otter",
        steps=80,
        state=None,
        system=True,
        config={"lr": 3e-4, "model": {"layers": 12, "dtype": "bf16"}},
        notes="Longer warm-up.",
    )
    training.event("text", step=3, values={"sample": "Once <b>upon</b> a time"})
    training.event("mark", step=50, mark="checkpoint", title="checkpoint-50", data={"size_bytes": 1234})
    training.event(
        "error", step=79, error="OutOfMemoryError", message="tried to allocate 2.36 GiB", trace="Traceback …", rank=0
    )
    training.event("console", stream="stdout", lines=["epoch 1", "a <b>bold</b> line"], dropped=0)
    training.finish("failed", error="OutOfMemoryError", message="tried to allocate 2.36 GiB")
    return training


@pytest.fixture
def opened(page, space, training):
    page.goto(f"{space.url}/?project=one&experiment={training.experiment_id}")
    expect(page.locator(".tk-head h1")).to_have_text("careful-otter")
    return page


@pytest.mark.requirement("S1.78")
def test_an_id_in_the_address_opens_that_experiment(opened, training):
    expect(opened.locator(".tk-head")).to_contain_text(training.experiment_id)
    expect(opened.locator(".tk-view.experiment .tk-chart").first.locator(".tk-chart-values")).not_to_be_empty()
    expect(opened).to_have_title(re.compile("^careful-otter"))


def test_the_state_is_told_with_its_evidence(opened):
    expect(opened.locator(".tk-head .tk-state")).to_have_text("Failed")
    expect(opened.locator(".tk-callout")).to_contain_text("OutOfMemoryError")


@pytest.mark.requirement("S1.75")
def test_the_summary_has_min_max_mean_latest_points_and_steps(opened):
    cells = opened.locator(".tk-summary tbody tr", has_text="train/loss").locator("td")
    expect(cells).to_have_count(9)  # name, last, best, at step, min, max, mean, points, steps
    expect(cells.nth(7)).to_have_text("80")
    expect(cells.nth(8)).to_have_text("0 to 79")
    lowest = min(curve(step)["train/loss"] for step in range(80))
    expect(cells.nth(2)).to_have_text(f"{lowest:.4g}")
    expect(cells.nth(4)).to_have_text(f"{lowest:.4g}")


def test_texts_errors_marks_and_log_lines_are_there_as_text(opened):
    expect(opened.get_by_text("Once <b>upon</b> a time")).to_be_visible()
    expect(opened.locator(".tk-error")).to_contain_text("tried to allocate 2.36 GiB")
    expect(opened.get_by_text("checkpoint-50")).to_be_visible()
    expect(opened.locator(".tk-log")).to_contain_text("a <b>bold</b> line")
    expect(opened.locator(".tk-kv[aria-label=Config]")).to_contain_text("model.layers")


@pytest.mark.requirement("S1.73")
def test_system_metrics_are_drawn_against_time(opened):
    opened.get_by_role("link", name="System").click()
    expect(opened.locator(".tk-view.system .tk-chart")).to_have_count(2)
    expect(opened.locator(".tk-view.system .tk-section")).to_have_count(1)


def test_log_lines_follow_a_running_experiment(page, space):
    training = Training(space.url, "follow", "talker")
    training.log([(step, curve(step)) for step in range(5)])
    training.event("console", stream="stdout", lines=[f"line {i}" for i in range(60)], dropped=0)
    page.goto(f"{space.url}/?experiment={training.experiment_id}")
    log = page.locator(".tk-log")
    expect(log).to_contain_text("line 59")
    training.event("console", stream="stdout", lines=["and one more"], dropped=0)
    expect(log).to_contain_text("and one more")
    holds(lambda: log.evaluate("el => el.scrollHeight - el.scrollTop - el.clientHeight") < 24)


@pytest.mark.requirement("S1.77", "S1.78", "S1.80")
def test_a_page_opened_before_its_experiment_existed_reaches_it(page, space):
    early = "exp_20261121_000000_aaaabbbb"
    page.goto(f"{space.url}/?experiment={early}")
    expect(page.locator(".tk-notice")).to_contain_text("There is no such experiment here")
    training = Training(space.url, "later", "late-comer", experiment_id=early)
    training.log([(step, curve(step)) for step in range(5)])
    expect(page.locator(".tk-head h1")).to_have_text("late-comer")


def test_the_summary_fits_its_panel_and_stands_in_the_order_of_the_charts(opened):
    names = opened.locator(".tk-summary tbody tr td:first-child")
    for place, name in enumerate(["train/loss", "train/learning_rate", "train/grad_norm"]):
        expect(names.nth(place)).to_have_text(name)
    summary = opened.locator(".tk-panel-scroll", has=opened.locator(".tk-summary"))
    holds(lambda: summary.evaluate("el => el.scrollWidth <= el.clientWidth"))


def test_a_head_made_again_keeps_its_facts(opened):
    opened.evaluate(
        """() => { const { state } = trackioPage.shell;
        state.set({ experiments: state.get('experiments').map((row) => ({ ...row, color: 3 })) }); }"""
    )
    expect(opened.locator(".tk-facts")).to_contain_text("Step 79")
