"""What a script said with `define_metric`, on the page: the axis of a chart, its order of best, what is hidden."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.static_page import a_world, deploy, drawn, recent
from tests.browser.trainings import Training
from tests.browser.waiting import holds
from tests.hub.view_data import fill

pytestmark = [
    pytest.mark.browser,
    pytest.mark.requirement("S1.41"),
    # huggingface_hub 2.4 uploads an LFS file by a spelling that its own httpx2 calls old.
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
]

EPOCHS = 6


@pytest.fixture(scope="module")
def training(space: Any) -> Training:
    """Twenty steps an epoch; f1 once an epoch, against which it is to be drawn."""
    training = Training(space.url, "defined", "by-epoch")
    training.event("define", metric="val/f1", step_metric="epoch", goal="max", summary="max")
    training.event("define", metric="debug/scale", step_metric=None, goal=None, hidden=True)
    training.event("define", metric="debug/norm", step_metric=None, goal=None, hidden=True)
    training.log([(step, {"train/loss": 1 / (step + 1), "debug/scale": 1.0, "debug/norm": 2.0}) for step in range(120)])
    training.log([(20 * n + 19, {"val/f1": 0.9 - 0.1 * abs(n - 3), "epoch": float(n)}) for n in range(EPOCHS)])
    training.finish()
    return training


def against(chart: Any) -> str:
    """What a chart says of itself to who cannot see it."""
    asked = "plot => { plot.blur(); plot.focus(); return plot.getAttribute('aria-label'); }"
    return str(chart.locator(".tk-plot").evaluate(asked))


@pytest.mark.parametrize("view", ["project", "experiment"])
def test_a_chart_stands_against_what_was_defined_and_hidden_ones_are_counted(
    page: Any, space: Any, training: Training, view: str
) -> None:
    one = f"&experiment={training.experiment_id}" if view == "experiment" else ""
    page.goto(f"{space.url}/?project=defined{one}")
    shown = page.locator(f".tk-view.{'experiment' if one else 'metrics'}")
    f1, loss = (shown.locator(f'.tk-chart[data-metric="{name}"]') for name in ("val/f1", "train/loss"))
    for chart in (f1, loss):
        chart.scroll_into_view_if_needed()
        expect(chart.locator(".tk-chart-values")).not_to_be_empty()
    holds(lambda: "val/f1 against epoch, 1 of 1" in against(f1))
    holds(lambda: "train/loss against step, 1 of 1" in against(loss))

    debug = shown.locator('.tk-chart[data-metric^="debug/"]')
    line = shown.locator(".tk-hidden-metrics")
    expect(line).to_contain_text("2 metrics are hidden")
    expect(debug).to_have_count(0)
    line.get_by_role("button", name="Show").click()
    expect(debug).to_have_count(2)
    line.get_by_role("button", name="Hide").click()
    expect(debug).to_have_count(0)


def test_a_reader_may_want_the_step_all_the_same(page: Any, space: Any, training: Training) -> None:
    page.goto(f"{space.url}/?project=defined")
    f1 = page.locator('.tk-view.metrics .tk-chart[data-metric="val/f1"]')
    f1.scroll_into_view_if_needed()
    expect(f1.locator(".tk-chart-values")).not_to_be_empty()
    axis = page.locator('.tk-bar button[title="x axis"]')
    expect(axis).to_have_text("auto")
    axis.click()
    page.get_by_role("option", name="step", exact=True).click()
    expect(axis).to_have_text("step")
    page.wait_for_function("""() => {
        const plot = document.querySelector('.tk-view.metrics .tk-chart[data-metric="val/f1"] .tk-plot');
        plot.blur(); plot.focus();
        return plot.getAttribute("aria-label").includes("val/f1 against step, 1 of 1");
    }""")
    page.reload()
    expect(axis).to_have_text("step")


def test_a_page_without_a_server_hides_them_too_and_lists_the_number_that_was_said(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_world(tmp_path, monkeypatch) as world:
        url = deploy(world.hub, world.api)
        one = recent(1, 60)
        one.event(kind="define", metric="train/grad_norm", hidden=True, step_metric=None, goal=None)
        one.event(kind="define", metric="train/loss", summary="max", step_metric="train/epoch", goal=None)
        fill(world.store, one)
        world.push()
        highest = world.store.summaries([one.experiment_id], ["train/loss"])[one.experiment_id][0].max
        page.goto(f"{url}?column=metric:train/loss")
        drawn(page)
        expect(page.locator(".tk-hidden-metrics")).to_contain_text("1 metric is hidden")
        expect(page.locator('.tk-chart[data-metric="train/grad_norm"]')).to_have_count(0)
        holds(lambda: "train/loss against step" in against(page.locator('.tk-chart[data-metric="train/loss"]')))
        expect(page.locator(".tk-row-value").first).to_have_text(f"{highest:.4g}")
