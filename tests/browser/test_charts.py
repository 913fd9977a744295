"""Charts in a real browser: what is drawn, what a person does with it, and what new points do to both."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chart_page import COLUMN, Pair, experiment, falling, metric, one, several
from tests.browser.waiting import becomes

pytestmark = pytest.mark.browser


def plot_box(page: Any, name: str = "train/loss") -> dict[str, float]:
    return page.locator(f'.tk-chart[data-metric="{name}"] .tk-plot').bounding_box()


@pytest.mark.parametrize("lines", [1, 12, 40])
def test_a_spike_of_one_point_is_seen_at_any_number_of_lines(open_page: Callable[..., Any], lines: int) -> None:
    server = several(lines, points=4000)
    server.series["exp_0", "train/loss"].values[3003] = 9.0  # one of 4,000: buckets hold four points
    page = open_page(server)
    column = page.evaluate(COLUMN, ["train/loss", 1, 3003])
    high = page.evaluate("(() => { const v = chart('train/loss').view; return Math.max(v.T, 9 * v.ky + v.by); })()")
    ink = [y for y in column["seen"] if y < high + 12]
    assert ink, f"nothing is drawn near the top of the spike, {high:.0f} px; ink at {column['seen'][:5]}"
    beside = page.evaluate(COLUMN, ["train/loss", 1, 3060])["seen"]
    assert min(beside) > high + 20


def test_values_that_are_no_numbers_are_marked_with_their_count(open_page: Callable[..., Any]) -> None:
    pair = falling(300)
    for i in range(100, 144):
        pair.values[i] = math.nan
    pair.values[250] = math.inf
    page = open_page(one(pair))
    found = page.evaluate(
        """() => { const words = []; const g = chart("train/loss").canvases[2].getContext("2d");
        const own = g.fillText.bind(g); g.fillText = (t, ...r) => (words.push(t), own(t, ...r));
        chart("train/loss").overlay(); return words; }"""
    )
    assert "44 NaN" in found
    assert "1 ∞" in found
    # The cross stands at the top, where they began; the line has a gap there.
    assert any(y < 20 for y in page.evaluate(COLUMN, ["train/loss", 2, 100])["seen"])
    assert page.evaluate(COLUMN, ["train/loss", 1, 122])["seen"] == []
    assert "45 values are not finite" in page.evaluate("chart('train/loss').describe()")


def test_a_warm_up_is_no_outlier(open_page: Callable[..., Any]) -> None:
    rates = [min(1.0, step / 40) * 0.002 - 1e-6 * step for step in range(600)]
    outside = []
    for name in ("train/learning_rate", "train/other"):
        page = open_page(one(Pair([float(step) for step in range(600)], rates), name))
        outside.append(page.evaluate("name => chart(name).range.below", name))
    assert outside[0] == 0
    assert outside[1] > 0  # the same values as a measure


def test_points_that_arrive_are_drawn_without_reload_and_move_nothing(open_page: Callable[..., Any]) -> None:
    server = several(3)
    server.metrics.append(metric("train/late"))
    page = open_page(server)
    boxes = """[...document.querySelectorAll('.tk-chart, .tk-chart-head, .tk-plot, h2')]
        .map((e) => JSON.stringify(e.getBoundingClientRect()))"""
    before = page.evaluate(boxes)
    for pair in server.series.values():
        pair.x.append(500.0)
        pair.values.append(0.25)
    server.series["exp_0", "train/late"] = Pair([0.0, 500.0], [1.0, 2.0])
    page.wait_for_function("chart('train/loss').domain[1] === 500 && chart('train/late').lines.length === 1")
    expect(page.locator(".tk-chart-values").first).to_have_text("lowest 0.2500")
    assert page.evaluate(boxes) == before
    assert server.asked[-1]["cursor"], "what is new is asked by the cursor of the last answer"


def test_zoom_asks_for_finer_points_and_survives_updates(open_page: Callable[..., Any]) -> None:
    server = one(falling(20_000))
    page = open_page(server)
    box = plot_box(page)
    width = box["width"] - 70
    page.mouse.move(box["x"] + 56 + width * 0.5, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + 56 + width * 0.6, box["y"] + 120, steps=3)
    page.mouse.up()
    page.wait_for_function("chart('train/loss').model.zoom !== null")
    low, high = page.evaluate("chart('train/loss').domain")
    assert (low, high) == (pytest.approx(10_000, rel=0.02), pytest.approx(12_000, rel=0.02))
    held = "chart('train/loss').lines[0]"
    page.wait_for_function(f"{held}.series !== {held}.whole")
    assert page.evaluate(f"{held}.series.n") > 500
    assert low - 320 < server.asked[-1]["from_x"] < low - 80  # a drag that is slow enough is asked for while it lasts
    pair = server.series["exp_0", "train/loss"]
    pair.x.append(20_000.0)
    pair.values.append(9.0)
    answers = page.evaluate("grid.feeds.count.answers")
    page.wait_for_function("(n) => grid.feeds.count.answers > n + 1", arg=answers)
    assert page.evaluate("chart('train/loss').domain") == [low, high]
    page.mouse.dblclick(box["x"] + 200, box["y"] + 60)
    page.wait_for_function("chart('train/loss').model.zoom === null && chart('train/loss').domain[1] === 20_000")


def test_the_list_names_twelve_by_value_and_stands_beside_the_chart(open_page: Callable[..., Any]) -> None:
    page = open_page(several(20))
    box = plot_box(page)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    tip = page.locator(".tk-tip")
    tip.wait_for(state="visible")
    expect(tip.locator(".tk-tip-row b")).to_have_count(12)
    expect(tip).to_contain_text("+ 8 more")
    values = [float(v) for v in tip.locator(".tk-tip-row b").all_inner_texts()]
    assert values == sorted(values, reverse=True)
    page.wait_for_function(
        """() => { const box = (of) => document.querySelector(of).getBoundingClientRect();
        const [tip, chart] = [box('.tk-tip'), box('.tk-chart')];
        return tip.left >= chart.right || tip.right <= chart.left || tip.top >= chart.bottom || tip.bottom <= chart.top;
        }"""
    )
    page.mouse.move(5, 5)
    tip.wait_for(state="hidden")


def test_one_cursor_stands_on_all_charts_of_an_axis(open_page: Callable[..., Any]) -> None:
    server = several(2)
    server.metrics += [metric("eval/loss"), metric("system/gpu", unit="%")]
    for e in range(2):
        server.series[f"exp_{e}", "eval/loss"] = Pair([0.0, 100.0, 199.0], [3.0, 2.0, 1.0])
        server.series[f"exp_{e}", "system/gpu"] = Pair([0.0, 60.0], [90.0, 95.0], [0.0, 60.0])
    page = open_page(server)
    box = plot_box(page)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    page.wait_for_function("chart('eval/loss').cursorX !== null")
    assert page.evaluate("chart('eval/loss').cursorX === chart('train/loss').cursorX")
    assert page.evaluate("chart('system/gpu').cursorX") is None
    assert page.evaluate("chart('system/gpu').model.x") == "relative", "hardware stands against time"


def test_a_line_under_the_pointer_is_highlighted_everywhere(open_page: Callable[..., Any]) -> None:
    page = open_page(several(3))
    box = plot_box(page)
    y = page.evaluate(
        "(() => { const c = chart('train/loss'), l = c.lines[1]; return l.values[150] * c.view.ky + c.view.by; })()"
    )
    x = page.evaluate("150 * chart('train/loss').view.kx + chart('train/loss').view.bx")
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.wait_for_function("state.get('hot') === 'exp_1'")
    page.wait_for_function("chart('train/loss').canvases[1].style.opacity === '0.35'")
    expect(page.locator(".tk-tip-row.hot")).to_have_text(re.compile("^run-1"))
    page.evaluate("state.set({ hot: 'exp_2' })")  # as the side bar does
    page.wait_for_function("chart('train/loss').hot === 'exp_2'")


def test_a_log_axis_marks_what_it_cannot_show(open_page: Callable[..., Any]) -> None:
    pair = Pair([float(i) for i in range(100)], [10.0 ** (-i / 20) for i in range(97)] + [0.0, -1.0, 0.0])
    page = open_page(one(pair, state={"smoothing": {"kind": "none", "amount": 0}}))
    page.locator(".tk-plot").focus()
    page.keyboard.press("l")
    page.wait_for_function("chart('train/loss').view.log")
    assert page.evaluate("chart('train/loss').range.hidden") == 3
    low, high = page.evaluate("[chart('train/loss').view.y0, chart('train/loss').view.y1]")
    assert 0 < low < 10 ** (-96 / 20)
    assert high > 1
    middle = page.evaluate(COLUMN, ["train/loss", 1, 48])
    assert sum(middle["seen"]) / len(middle["seen"]) == pytest.approx((middle["T"] + middle["B"]) / 2, abs=6)


def test_keys_do_what_the_pointer_does(open_page: Callable[..., Any]) -> None:
    page = open_page(several(3))
    page.keyboard.press("Tab")
    page.locator(".tk-plot").focus()
    expect(page.locator(".tk-plot")).to_have_attribute("aria-label", re.compile("3 of 3 experiments"))
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.tk-spoken').textContent.includes('run-2')")
    page.keyboard.press("+")
    page.wait_for_function("chart('train/loss').domain[1] - chart('train/loss').domain[0] < 110")
    page.keyboard.press("Escape")
    page.keyboard.press("0")
    page.wait_for_function("chart('train/loss').domain[0] === 0 && chart('train/loss').domain[1] === 199")
    page.keyboard.press("t")
    cells = page.locator(".tk-chart-table tbody tr").first.locator("th, td")
    expect(cells.nth(0)).to_have_text("run-0")
    expect(cells.nth(4)).to_have_text("200")


@pytest.mark.requirement("S1.73")
def test_the_axis_is_the_readers_choice_and_hardware_keeps_time(open_page: Callable[..., Any]) -> None:
    server = several(1)
    server.metrics.append(metric("system/gpu_0_power", unit="W"))
    start = server.experiments[0]["created_s"]
    loss = server.series["exp_0", "train/loss"]
    loss.times = [start + 2 * x for x in loss.x]
    server.series["exp_0", "system/gpu_0_power"] = Pair([0.0, 10.0], [300.0, 310.0], [start + 1.0, start + 21.0])
    page = open_page(server)
    assert page.evaluate("[chart('train/loss').model.x, chart('system/gpu_0_power').model.x]") == ["step", "time"]
    page.evaluate("grid.zoom(chart('train/loss'), [10, 20], null); state.set({ x: 'time' })")
    page.wait_for_function("chart('train/loss').model.x === 'time' && chart('train/loss').lines.length === 1")
    page.wait_for_function("state.get('zoom') === null")  # a range of steps means nothing on a clock
    page.wait_for_function("(start) => chart('train/loss').domain[0] === start", arg=start)


def test_a_metric_that_nobody_shown_has_names_who_has_it(open_page: Callable[..., Any]) -> None:
    server = several(2)
    server.metrics.append(metric("eval/bleu", experiments=2))
    has = [experiment(e, experiment_id=f"exp_{e}", columns={"metric:eval/bleu": 0.5}) for e in (8, 9)]
    server.listed = [*has, experiment(0, experiment_id="exp_0", columns={"metric:eval/bleu": None})]
    page = open_page(server)
    note = page.locator('[data-metric="eval/bleu"] .tk-chart-note')
    expect(note).to_contain_text("Not logged by the 2 shown experiments.")
    page.evaluate("addEventListener('trackio-show', (event) => (window.asked = event.detail))")
    note.get_by_role("button", name="2 others have it").click()
    page.wait_for_function("window.asked")
    assert page.evaluate("window.asked") == ["exp_9", "exp_8"]


def test_titles_are_short_where_the_whole_name_is_known(open_page: Callable[..., Any]) -> None:
    server = several(1)
    server.metrics += [
        metric("eval/label/person/f1", group="label", title="F1 · person"),
        metric("eval_loss", group="eval", title="Loss"),
    ]
    page = open_page(server)
    expect(page.locator(".tk-chart-title")).to_have_text(["loss", "F1 · person", "eval_loss"])
    expect(page.locator(".tk-chart-title").nth(1)).to_have_attribute("title", "eval/label/person/f1")


def test_a_menu_gives_an_image_and_every_point(open_page: Callable[..., Any]) -> None:
    server = several(2, points=5000)
    page = open_page(server)
    page.get_by_role("button", name="Menu of train/loss").click()
    with page.expect_download() as download:
        page.get_by_role("option", name="All points (CSV)").click()
    rows = download.value.path().read_text().splitlines()
    assert rows[0] == "experiment_id,name,step,time,train/loss"
    assert len(rows) == 1 + 2 * 5000
    page.get_by_role("button", name="Menu of train/loss").click()
    with page.expect_download() as download:
        page.get_by_role("option", name="Image (PNG)").click()
    assert download.value.path().read_bytes()[:4] == b"\x89PNG"


def test_a_chart_opens_in_plotly_and_closes_again(open_page: Callable[..., Any]) -> None:
    server = several(2)
    for pair in server.series.values():
        pair.times = [1_700_000_000 + x for x in pair.x]
    server.state = {"x": "time"}
    page = open_page(server)
    page.evaluate("Date.prototype.getTimezoneOffset = () => -330")  # a reader in India
    page.get_by_role("button", name="Menu of train/loss").click()
    page.get_by_role("option", name="Open in Plotly").click()
    page.locator("dialog.tk-large .main-svg").first.wait_for()
    assert page.evaluate("document.querySelector('.tk-large-plot').data.at(-1).x[0]") == "2023-11-15 03:43:20.000"
    assert (
        page.evaluate("document.querySelector('.tk-large-plot').data.filter((t) => t.showlegend !== false).length") == 2
    )
    page.keyboard.press("Escape")
    page.locator("dialog.tk-large").wait_for(state="detached")


def test_both_themes_draw_in_their_own_colours_with_enough_contrast(open_page: Callable[..., Any]) -> None:
    page = open_page(several(2))
    ratios = page.evaluate(
        """async () => { const { PALETTE } = await import("/lib/base/colors.js");
        const light = (h) => [1, 3, 5].map((i) => parseInt(h.slice(i, i + 2), 16) / 255)
          .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
          .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
        const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
          return (x + 0.05) / (y + 0.05); };
        return [...PALETTE.light.map((c) => ratio(c, "#f6f7f9")), ...PALETTE.dark.map((c) => ratio(c, "#151a20"))]; }"""
    )
    assert len(ratios) == 20
    assert min(ratios) >= 3
    light = page.evaluate("chart('train/loss').lines[0].color")
    page.evaluate("document.documentElement.dataset.theme = 'dark'; state.set({ theme: 'dark' })")
    page.wait_for_function("(before) => chart('train/loss').lines[0].color !== before", arg=light)


def test_a_chart_that_is_closed_before_it_is_drawn_does_not_open_again(open_page: Callable[..., Any]) -> None:
    page = open_page(several(2))
    held = []
    page.route("**/charts/full.js", lambda route: held.append(route))
    page.evaluate("state.set({ chart: 'train/loss', full: true })")
    page.wait_for_function("document.querySelector('.linked-to')")
    becomes(lambda: page.evaluate("1") and len(held), 1)
    page.evaluate("state.set({ chart: null, full: false })")
    held[0].continue_()
    page.evaluate("import('/lib/charts/full.js').then(() => new Promise(requestAnimationFrame))")
    expect(page.locator(".tk-full")).to_have_count(0)
    page.evaluate("state.set({ chart: 'train/loss', full: true })")
    expect(page.locator(".tk-full")).to_be_visible()


DRAWN_TWICE = """async () => {
  const { drawTwin, ThemedInk } = await import("/lib/charts/export/twin.js");
  const ink = new ThemedInk("light");
  const picture = () => {
    const layers = [0, 1, 2].map(() => document.createElement("canvas"));
    return [drawTwin(chart("train/loss"), { width: 800, height: 360, ink, colorOf: (line) => line.color, layers }), layers[0]];
  };
  const [twin] = picture();
  chart("train/loss").groundKey = twin.groundKey; // as where the page's own axes are of this size, range and colours
  const ground = picture()[1];
  const { data } = ground.getContext("2d").getImageData(0, 0, ground.width, ground.height);
  return data.some((value) => value > 0);
}"""  # noqa: E501


def test_a_picture_has_its_axes_though_the_page_has_the_same(open_page: Callable[..., Any]) -> None:
    page = open_page(several(1))
    assert page.evaluate(DRAWN_TWICE)
