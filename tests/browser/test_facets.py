# ruff: noqa: E501 (scripts for the browser)
"""A chart for each value of a parameter: seen in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chart_page import ChartServer, Pair, experiment, metric
from tests.browser.looks import CONTRAST, NAMELESS
from tests.browser.trainings import Training
from tests.browser.waiting import becomes

pytestmark = pytest.mark.browser

PLAIN = {"smoothing": {"kind": "none", "amount": 0}, "project": "p", "facet": ["config:opt"]}
CHARTS = """() => [...grid.charts.values()].map((c) => [c.metric.metric, c.facet?.name ?? "", c.lines.map((line) => line.name).join(), c.view && [c.view.x0, c.view.x1, c.view.y0, c.view.y1].join()])"""


_BESIDE = """() => { const bar = document.querySelector(".tk-controls"), all = bar.querySelector(".tk-controls-all");
  const last = Math.max(...[...all.querySelectorAll("button, input")].filter((e) => e.checkVisibility()).map((e) => e.getBoundingClientRect().right));
  return last <= bar.querySelector(".tk-metric-filter").getBoundingClientRect().left && all.getBoundingClientRect().height < 48; }"""


def served(values: list[Any], **state: Any) -> ChartServer:
    """An experiment for each value of `opt`, each ten times as high as the one before; None has none."""
    rows, series = [], {}
    for number, value in enumerate(values):
        columns = {} if value is None else {"config:opt": value}
        rows.append(experiment(number, columns=columns, group="ab"[number % 2]))
        for name in ("train/loss", "train/acc"):
            series[f"exp_{number}", name] = Pair([float(i) for i in range(20)], [float(number + 1)] * 20)
    return ChartServer(rows, [metric("train/loss"), metric("train/acc")], series, state=PLAIN | state)


def facets(page: Any, name: str = "train/loss") -> list[str]:
    return [facet for of, facet, *_ in page.evaluate(CHARTS) if of == name]


def test_each_value_has_a_chart_with_its_experiments_and_one_range_for_all(open_page: Callable[..., Any]) -> None:
    page = open_page(served(["<b>adam</b>", 10, 9, None, "<b>adam</b>", 1e-3]))
    names = ["opt = 0.001", "opt = 9", "opt = 10", "opt = <b>adam</b>", "without opt"]
    page.wait_for_function("grid.inView().every((c) => c.view)")
    told = page.evaluate(CHARTS)
    assert [facet for of, facet, *_ in told if of == "train/acc"] == names
    lines = {facet: drawn for of, facet, drawn, _ in told if of == "train/loss"}
    assert lines == dict(zip(names, ["run-5", "run-2", "run-1", "run-0,run-4", "run-3"], strict=True))
    ranges = {view for of, _, _, view in told if of == "train/loss" and view}
    assert len(ranges) == 1, "one x and one y range, so that they can be compared"
    x0, x1, y0, y1 = (float(each) for each in ranges.pop().split(","))
    assert (x0, x1, y0 <= 1, y1 >= 6) == (0, 19, True, True)
    first = page.locator(".tk-facet-first")
    assert first.count() == 2, "a row a metric"
    assert first.nth(0).bounding_box()["x"] == first.nth(1).bounding_box()["x"]
    expect(page.locator(".tk-chart-facet").nth(3)).to_have_text("opt = <b>adam</b>")
    expect(page.get_by_role("button", name="Menu of train/loss, opt = 9")).to_be_visible()

    # One cursor on all, one zoom for all, also up and down.
    box = page.locator(".tk-plot").first.bounding_box()
    page.mouse.move(box["x"] + 150, box["y"] + 60)
    page.wait_for_function("grid.inView().every((c) => c.cursorX !== null)")
    page.evaluate("grid.zoom(grid.inView()[0], [5, 10], [0, 3])")
    page.wait_for_function(
        "grid.inView().filter((c) => c.metric.metric === grid.inView()[0].metric.metric).every((c) => c.view.x0 === 5 && c.view.y1 === 3)"
    )
    page.evaluate("grid.back(grid.inView()[1], true)")
    page.wait_for_function("grid.inView().every((c) => c.view.x0 === 0 && c.view.y1 !== 3)")

    # Means of groups are drawn within each.
    page.evaluate("state.set({ by: ['group'] })")
    page.wait_for_function(
        "[...grid.charts.values()].some((c) => c.facet.name.includes('adam') && c.lines.length === 1 && c.lines[0].name === 'a')"
    )
    # An experiment gets its value: its chart changes, and those of others stay what they are.
    page.evaluate("window.kept = [...grid.charts.values()].find((c) => c.facet.name === 'opt = 9')")
    page.evaluate(
        "state.set({ by: null, experiments: state.get('experiments').map((e) => e.id === 'exp_3' ? { ...e, columns: { 'config:opt': 9 } } : e) })"
    )
    page.wait_for_function("window.kept.lines.length === 2")
    assert facets(page) == names[:-1]
    page.evaluate("state.set({ facet: null })")
    page.wait_for_function("grid.charts.size === 2 && grid.inView().every((c) => c.lines.length === 6)")
    assert page.evaluate("state.get('experiments').length") == 6


def test_twelve_values_are_drawn_and_the_others_are_told(open_page: Callable[..., Any]) -> None:
    page = open_page(served([*range(15), *range(3, 15)]))
    assert facets(page) == [f"opt = {i}" for i in range(3, 15)]
    note = page.locator(".tk-facets-note")
    expect(note).to_have_text("3 more values of opt not drawn: 0, 1 and 2.")
    page.evaluate("state.set({ facet: ['config:<i>nothing'] })")
    expect(note).to_have_text("No shown experiment has <i>nothing: one chart for all.")
    page.wait_for_function("grid.charts.size === 2")

    # Two keys: a chart a combination, numbers in their order, and what a row lacks is said in its place.
    page.evaluate("""state.set({ facet: ['config:opt', 'group'], experiments: state.get('experiments')
        .map((e, i) => ({ ...e, group: i === 2 ? null : e.group, columns: i < 4 ? { 'config:opt': i < 2 ? 'adam' : 10 } : {} })) })""")
    page.wait_for_function("grid.charts.size === 12")
    assert facets(page) == [
        "opt = 10, group = b", "opt = 10, without group", "opt = adam, group = a", "opt = adam, group = b",
        "without opt, group = a", "without opt, group = b",
    ]  # fmt: skip
    page.evaluate("state.set({ facet: ['group', 'config:<i>nothing'] })")
    expect(note).to_have_text("No shown experiment has <i>nothing.")
    page.wait_for_function("state.get('facetLacks')?.join() === 'config:<i>nothing'")  # the control says it, too
    assert facets(page) == ["group = a", "group = b", "without group"]


def test_menus_of_a_facet_act_on_it_or_on_its_metric(open_page: Callable[..., Any]) -> None:
    page = open_page(served(["adam", "muon", "adam"]))
    expect(page.locator(".tk-chart")).to_have_count(4)

    def choose(chart: str, entry: str) -> None:
        page.get_by_role("button", name=f"Menu of {chart}").click()
        page.get_by_role("option", name=entry).first.click()

    choose("train/acc, opt = muon", "Move earlier")
    page.wait_for_function("state.get('order').length === 2")
    choose("train/loss, opt = muon", "Pin to the top")
    expect(page.locator(".tk-section").first.locator(".tk-chart-facet")).to_have_text(["opt = adam", "opt = muon"])
    choose("train/loss, opt = muon", "Logarithmic y axis")
    page.wait_for_function(
        "[...grid.charts.values()].filter((c) => c.metric.metric === 'train/loss').every((c) => c.log)"
    )
    with page.expect_download() as saved:
        choose("train/loss, opt = muon", "Vector image")
    assert saved.value.suggested_filename == "train-loss-opt-muon.svg"
    svg = saved.value.path().read_text()
    assert ("run-1" in svg, "run-0" in svg, "opt = muon" in svg) == (True, False, True)
    choose("train/loss, opt = muon", "Full screen")
    full = page.locator("dialog.tk-full")
    expect(full.locator(".tk-full-title")).to_have_text("train/loss, opt = muon")
    expect(full.locator(".tk-full-row-name")).to_have_text(["run-1"])
    assert page.evaluate("[state.get('chart'), state.get('chartOf')]") == ["train/loss", "opt = muon"]
    page.evaluate(
        "() => { navigator.clipboard.writeText = () => Promise.reject(); window.prompt = (_, text) => (window.told = text); }"
    )
    full.get_by_role("button", name="Menu of this chart").click()
    page.get_by_role("option", name="Copy link to this chart").click()
    page.wait_for_function("window.told?.includes('chartof=opt+%3D+muon')")
    page.keyboard.press("PageUp")
    expect(full.locator(".tk-full-title")).to_have_text("train/loss, opt = adam")
    expect(full.locator(".tk-full-row-name")).to_have_text(["run-0", "run-2"])
    page.keyboard.press("Escape")
    expect(full).to_have_count(0)
    choose("train/acc, opt = adam", "Hide this chart")
    expect(page.locator(".tk-chart")).to_have_count(2)


def test_a_chart_per_value_is_chosen_above_the_charts_and_stands_in_the_address(page, space):
    for i, optimizer in enumerate(["adam", "muon", "adam", None]):
        config = {"lr": 0.1} if optimizer is None else {"lr": 0.1, "optimizer": optimizer}
        training = Training(space.url, "faceted", f"run-{i}", config=config)
        training.log([(step, {"train/loss": 1 / (step + 1 + i)}) for step in range(30)])
        training.finish()
    page.goto(f"{space.url}/?project=faceted&view=metrics")
    page.get_by_title("A chart for each value of a parameter").click()
    page.get_by_role("option", name="optimizer").click()
    said = page.locator(".tk-view.metrics .tk-chart-facet")
    expect(said).to_have_text(["optimizer = adam", "optimizer = muon", "without optimizer"])
    expect(page).to_have_url(re.compile("facet=config(:|%3A)optimizer"))
    page.reload()
    expect(said).to_have_text(["optimizer = adam", "optimizer = muon", "without optimizer"])
    by = page.get_by_title("A chart for each value of a parameter")
    expect(by).to_contain_text("per optimizer")
    by.click()
    page.get_by_role("option", name="and state").click()
    expect(said.first).to_have_text("optimizer = adam, state = finished")
    becomes(lambda: said.first.evaluate("each => each.scrollWidth <= each.clientWidth"), True)  # told whole
    expect(page).to_have_url(re.compile("facet=config(:|%3A)optimizer(,|%2C)state"))
    page.evaluate("trackioPage.shell.state.set({ facet: ['config:optimizer', 'config:nothing'] })")
    expect(by).to_contain_text("per optimizer, nothing: none has it")
    page.evaluate("trackioPage.shell.state.set({ facet: ['config:optimizer'] })")
    expect(page.locator(".tk-view.metrics .tk-chart-values").first).not_to_be_empty()
    page.evaluate("trackioPage.shell.state.set({ by: ['name'] })")
    for width in (1700, 1560, 1440, 1320):  # all controls in one line, none over another
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(_BESIDE)
    page.set_viewport_size({"width": 1440, "height": 900})
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(NAMELESS) == []
    page.goto(
        f"{space.url}/?project=faceted&view=metrics&facet=config:optimizer&chart=train/loss&chartof=optimizer+%3D+muon"
    )
    expect(page.locator(".tk-chart.linked-to .tk-chart-facet")).to_have_text("optimizer = muon")
    page.goto(f"{space.url}/?project=faceted&view=metrics&facet=config:optimizer&chart=train/loss&chartof=nobody")
    expect(page.locator(".tk-toast")).to_contain_text("The link is about train/loss, nobody, which has no chart here.")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(said.first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
