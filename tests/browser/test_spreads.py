# ruff: noqa: E501 (scripts for the browser)
"""Histograms of a name over the steps: a heat map, percentiles, one step; by pointer, by keys and as a table."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.panels import open_experiment, seen
from tests.browser.told import media
from tests.browser.trainings import Training, curve

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def training(space):
    training = Training(space.url, "spreads", "histograms")
    training.log([(step, curve(step)) for step in range(10)])
    for step in (0, 10, 20):
        item = {"bins": [0, 1, 2, 3, 4], "counts": [10, 60, 20, 10], "bad": 2}
        media(training, "histogram", "weights", step, item | ({"counts": [0, 0, 50, 50]} if step == 20 else {}))
    for step in range(420):
        media(training, "histogram", "long", step, {"bins": [0, 1, 2], "counts": [step + 1, 420]})
    media(training, "histogram", "odd", 0, {"bins": [2, 1], "counts": [3]})
    training.finish()
    return training


def test_all_steps_stand_as_a_heat_map_that_keys_and_pointer_read_out(page, space, training):
    open_experiment(page, space.url, training.experiment_id, "weights")
    panel = seen(page, "weights")
    words, canvas = panel.locator(".tk-hist-words"), panel.locator("canvas")
    expect(words).to_contain_text("step 20: 90 % between 2.1 and 3.9, median 3, 100 values, 2 NaN or infinite")
    expect(panel).to_contain_text("histogram, 3 steps")
    canvas.focus()
    page.keyboard.press("Home")
    expect(words).to_contain_text("step 0, 1 to 1.063: 3.75 % of 100 values")  # where keys begin: on the fullest
    page.keyboard.press("ArrowUp")
    expect(words).to_contain_text("step 0, 1.063 to 1.125: 3.75 % of 100 values")
    expect(panel.locator(".tk-hist-mark")).to_be_visible()
    expect(canvas).to_have_attribute(
        "aria-label", "weights, over steps: step 0, 1.063 to 1.125: 3.75 % of 100 values. Arrow keys read it out."
    )
    page.keyboard.press("ArrowRight")
    expect(words).to_contain_text("step 10, 1.063 to 1.125")
    box = canvas.bounding_box()
    canvas.hover(position={"x": box["width"] - 20, "y": 12})
    expect(words).to_contain_text("step 20, 3.875 to 3.938: 3.13 % of 100 values")


def test_percentiles_and_one_step_are_a_press_away_and_the_choice_is_remembered(page, space, training):
    open_experiment(page, space.url, training.experiment_id, "weights")
    panel = seen(page, "weights")
    panel.get_by_role("button", name="Percentiles").click()
    words = panel.locator(".tk-hist-words")
    expect(words).to_contain_text(
        "step 20: lowest 2, 7 % 2.14, 16 % 2.32, 31 % 2.62, median 3, 69 % 3.38, 84 % 3.68, 93 % 3.86, highest 4"
    )
    panel.get_by_role("button", name="Table").click()
    table = panel.get_by_role("table")
    expect(table.locator("tbody tr").first).to_contain_text("000.71.1")  # step 0, lowest 0, 7 % at 0.7, 16 % at 1.1
    expect(table.locator("tbody tr")).to_have_count(3)
    panel.get_by_role("button", name="Table").click()
    panel.get_by_role("button", name="One step").click()
    expect(panel).to_contain_text("step 20 · 3 of 3")
    panel.get_by_role("button", name="Step before").click()
    expect(words).to_contain_text("100 values: 90 % between 0.5 and 3.5, median 1.667. 2 values NaN or infinite")
    panel.locator("canvas").focus()
    page.keyboard.press("ArrowRight")
    expect(words).to_contain_text("0 to 1: 10 values, 10 %")
    open_experiment(page, space.url, training.experiment_id, "weights")
    expect(seen(page, "weights").get_by_role("button", name="One step")).to_have_attribute("aria-pressed", "true")


def test_hundreds_of_steps_come_in_one_answer_and_are_thinned_in_words(page, space, training):
    asked = []
    page.on(
        "request",
        lambda request: asked.append(request.url) if "/contents" in request.url or "/index/" in request.url else None,
    )
    open_experiment(page, space.url, training.experiment_id, "long")
    panel = seen(page, "long")
    expect(panel).to_contain_text("106 of 420 steps are drawn, evenly chosen.")
    assert len([url for url in asked if url.endswith("/v1/contents")]) <= 3  # a panel each
    assert not [url for url in asked if "/index/" in url]
    panel.get_by_role("button", name="Table").click()
    expect(panel.locator("tbody th").nth(1)).to_have_text("4")
    expect(panel.locator("tbody th").last).to_have_text("419")
    odd = seen(page, "odd")
    expect(odd).to_contain_text("No histogram of a form that this page draws")


def test_bins_of_other_widths_keep_their_shares_on_common_edges(modules):
    found = modules.evaluate(
        """async () => {
          const { histogramOf, rebinned, quantile, reach, evenly } = await import("/lib/media/bins.js");
          const one = histogramOf({ bins: [0, 1, 4], counts: [3, 1] });
          const flat = histogramOf({ bins: [5, 5], counts: [4] });
          const odd = histogramOf({ bins: [-1e12, 0, 1e12], counts: [{ $float: "NaN" }, 2] });
          return {
            shares: [...rebinned(one, -2, 4, 6)], middle: quantile(one, 0.5), top: quantile(one, 1), none: quantile({ ...one, counts: [0, 0], total: 0 }, 0.5),
            flat: [...reach([{ step: 0, one: flat }])], sum: rebinned(flat, 4.5, 5.5, 8).reduce((a, b) => a + b, 0), odd: reach([{ step: 0, one: odd }]),
            wrong: [histogramOf({}), histogramOf({ bins: [2, 1], counts: [1] }), histogramOf({ bins: [0, 1], counts: [1, 2] }), histogramOf({ bins: [0, { $float: "Infinity" }], counts: [1] })],
            few: evenly([1, 2, 3], 200).length, many: evenly(Array.from({ length: 5000 }, (_, i) => i), 200).length, last: evenly(Array.from({ length: 5000 }, (_, i) => i), 200).at(-1),
          };
        }"""
    )
    assert found["shares"] == pytest.approx([0, 0, 0.75, 1 / 12, 1 / 12, 1 / 12])
    assert (found["middle"], found["top"], found["none"]) == (pytest.approx(2 / 3), 4, None)
    assert (found["flat"], found["sum"], found["odd"]) == ([4.5, 5.5], 1, [0, 1e12])
    assert found["wrong"] == [None] * 4
    assert (found["few"], found["last"]) == (3, 4999)
    assert found["many"] <= 200
