"""How a reader zooms a chart: with a pointer, with fingers, without either; and the way back from each."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chart_page import ChartServer, Pair, metric, several

pytestmark = pytest.mark.browser

DOMAIN = "chart('train/loss').domain"
LINKED_TO = """import("/lib/data/address.js").then(({ addressOf, readAddress }) => {
  const { zoom, zoomY, own } = readAddress(addressOf(state, null)); return { zoom, zoomY, own }; })"""
"""What a link to the page would show."""


def spot(page: Any, x: float, name: str = "train/loss") -> tuple[float, float]:
    """Where an x of a chart stands in the window, in the middle of its height."""
    left, top = page.evaluate(
        """([name, x]) => { const c = chart(name), box = c.plot.getBoundingClientRect();
        return [box.left + x * c.view.kx + c.view.bx, box.top + box.height / 2]; }""",
        [name, x],
    )
    return left, top


def fingers(page: Any) -> Callable[..., None]:
    """Put fingers on the page, move them, lift them: `touch("Start", (x, y), (x, y))`."""
    hands = page.context.new_cdp_session(page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        hands.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})

    return touch


def pair_of(server: ChartServer) -> ChartServer:
    """Beside train/loss a metric of the same group and one of another."""
    server.metrics += [metric("train/f1"), metric("eval/loss")]
    for name in ("train/f1", "eval/loss"):
        server.series["exp_0", name] = Pair([float(i) for i in range(200)], [i / 200 for i in range(200)])
    return server


def entry(page: Any, words: str, name: str = "train/loss") -> None:
    page.get_by_role("button", name=f"Menu of {name}").click()
    page.get_by_role("option", name=re.compile(rf"^{re.escape(words)}( ?[+−0])?$")).click()


def near(page: Any, low: float, high: float) -> None:
    ask = f"([low, high]) => Math.abs({DOMAIN}[0] - low) < 2 && Math.abs({DOMAIN}[1] - high) < 2"
    page.wait_for_function(ask, arg=[low, high])


def test_two_fingers_zoom_and_pan_and_one_moves_the_cursor(open_page: Callable[..., Any]) -> None:
    page = open_page(pair_of(several(1)))
    touch = fingers(page)
    at = lambda x: spot(page, x)  # noqa: E731
    a, b, c, d = at(80), at(120), at(50), at(150)
    touch("Start", a, b)
    touch("Move", c, d)
    near(page, 60, 140)  # what lay under the fingers, 80 and 120, lies under them where they are now
    page.wait_for_function("chart('train/f1').domain[0] > 50")  # with the others of its group
    assert page.evaluate("chart('eval/loss').domain[0]") == 0
    by = (at(100)[0] - at(90)[0]) / 2
    c, d = ((c[0] - by, c[1]), (d[0] - by, d[1]))
    touch("Move", c, d)
    near(page, 65, 145)  # both to the left: what is to the right comes
    page.wait_for_function("chart('train/loss').cursorX === null")  # of the first finger, before the second came
    touch("End", c)
    touch("Move", (c[0] - 40, c[1]))
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("chart('train/loss').cursorX") is None, "the finger that stays is no cursor"
    touch("End")
    near(page, 65, 145)
    touch("Start", a, b)
    touch("Move", (a[0] + 15, a[1]), (b[0] - 15, b[1]))
    touch("End")
    page.wait_for_function(f"{DOMAIN}[1] - {DOMAIN}[0] > 100")
    page.keyboard.press("Escape")
    page.mouse.dblclick(*at(100))
    near(page, 65, 145)  # each pinch is one step of the way back
    page.mouse.dblclick(*at(100))
    near(page, 0, 199)
    page.mouse.move(5, 5)
    touch("Start", at(50))
    touch("Move", at(150))
    page.wait_for_function("Math.abs(chart('train/loss').cursorX - 150) < 2")
    touch("End")
    near(page, 0, 199)


def test_the_wheel_the_menu_and_fields_zoom_without_dragging(open_page: Callable[..., Any]) -> None:
    page = open_page(several(1))
    page.mouse.move(*spot(page, 50))
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    near(page, 10, 169.2)  # 0.8 of it, around the pointer
    page.keyboard.up("Control")
    entry(page, "Zoom out to everything")
    near(page, 0, 199)
    page.mouse.move(5, 5)
    page.wait_for_function("chart('train/loss').cursorX === null")
    entry(page, "Zoom in")
    near(page, 49.75, 149.25)
    entry(page, "Zoom out")
    near(page, 0, 199)
    entry(page, "Zoom to …")
    begin, end = page.get_by_label("Zoom from"), page.get_by_label("Zoom to")
    expect(begin).to_be_focused()
    begin.fill("1o")
    begin.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("“1o” is no step")
    begin.fill("40")
    begin.press("Enter")
    end.fill("1,00")
    end.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("“1,00” is no step")
    end.fill("90")
    end.press("Enter")
    near(page, 40, 90)
    expect(page.get_by_role("alert")).to_be_hidden()
    end.fill("")
    end.press("Tab")
    near(page, 40, 199)


def drag(page: Any, start: tuple[float, float], end: tuple[float, float], *keys: str) -> None:
    for key in keys:
        page.keyboard.down(key)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=3)
    page.mouse.up()
    for key in keys:
        page.keyboard.up(key)


def test_shift_and_drag_zooms_both_ways_and_each_step_leads_back(open_page: Callable[..., Any]) -> None:
    page = open_page(pair_of(several(1)))
    both = "[chart('train/loss').model.zoom, chart('train/loss').zoomY]"
    (left, top), (right, _) = spot(page, 20), spot(page, 120)
    drag(page, (left, top - 40), (right, top + 40), "Shift")
    page.wait_for_function("chart('train/loss').zoomY")
    first = page.evaluate(both)
    assert page.evaluate(LINKED_TO)["zoomY"] == {"train/loss": [pytest.approx(end) for end in first[1]]}
    assert first[0] == [pytest.approx(20, abs=2), pytest.approx(120, abs=2)]
    drag(page, (left + 20, top - 20), (right - 20, top + 20), "Shift")
    page.wait_for_function("(first) => chart('train/loss').zoomY[0] > first", arg=first[1][0])
    page.mouse.dblclick(left + 50, top)
    page.wait_for_function(f"(first) => JSON.stringify({both}) === first", arg=page.evaluate("JSON.stringify", first))
    page.mouse.dblclick(left + 50, top)
    page.wait_for_function(f"{both}.every((each) => each === null)")
    assert page.evaluate("[state.get('zoom'), state.get('zoomY')]") == [None, None]


def test_an_unlinked_chart_has_a_zoom_and_a_cursor_of_its_own(open_page: Callable[..., Any]) -> None:
    page = open_page(pair_of(several(1)))
    domains = "['train/loss', 'train/f1'].map((name) => chart(name).domain.map(Math.round))"
    became = f"(wanted) => JSON.stringify({domains}) === wanted"
    page.evaluate("grid.zoom(chart('train/loss'), [50, 150], null)")
    page.wait_for_function(became, arg="[[50,150],[50,150]]")
    entry(page, "Unlink zoom and cursor")
    page.evaluate("grid.zoom(chart('train/loss'), [60, 70], null)")
    page.wait_for_function(became, arg="[[60,70],[50,150]]")
    link = page.evaluate(LINKED_TO)
    assert link["zoom"] == {"step train": [50, 150], "step train train/loss": [60, 70]}
    assert link["own"] == {"train/loss": {"apart": True}}
    page.evaluate("grid.back(chart('train/f1'))")
    page.wait_for_function(became, arg="[[60,70],[0,199]]")
    page.mouse.move(*spot(page, 65))
    page.wait_for_function("chart('train/loss').cursorX !== null")
    assert page.evaluate("chart('train/f1').cursorX") is None
    page.evaluate("grid.back(chart('train/loss'))")
    page.wait_for_function(became, arg="[[50,150],[0,199]]")  # where it stood when it was unlinked
    entry(page, "Link zoom and cursor")
    page.wait_for_function(became, arg="[[0,199],[0,199]]")


WRITTEN = """async () => { const { placeOf, written } = await import("/lib/charts/spans.js");
  const moments = ["2026-01-31 14:05", "2026-01-31T14:05:09", "2026-01-31"].map((typed) => placeOf("time", typed));
  const typed = [["step", "1,200"], ["relative", "90"], ["relative", "1 h 20 min"], ["relative", "1:20:30"],
    ["relative", "5min"], ["epoch", "1e-3"], ["step", ""], ["relative", "1 h x"], ["time", "14:05"]];
  return [typed.map(([x, words]) => placeOf(x, words)),
    moments.map((at) => written("time", at)), moments.map((at) => at - moments[2]),
    [0, 5.25, 80, 4800, 90061].map((at) => written("relative", at)),
    written("step", 41.7), written("epoch", 0.1234567)]; }"""


def test_places_of_every_axis_are_typed_and_written(modules: Any) -> None:
    typed, moments, seconds, elapsed, step, epoch = modules.evaluate(WRITTEN)
    assert typed[:6] == [1200, 90, 4800, 4830, 300, 0.001]
    assert all(value != value for value in typed[6:]), "what is no place"
    assert moments == ["2026-01-31 14:05", "2026-01-31 14:05:09", "2026-01-31 00:00"]
    assert seconds == [50_700, 50_709, 0]
    assert elapsed == ["0 s", "5.3 s", "1 min 20 s", "1 h 20 min", "1 d 1 h 1 min 1 s"]
    assert (step, epoch) == ("42", "0.123457")


def test_a_press_that_is_let_go_outside_of_the_plot_selects_nothing_afterwards(open_page: Callable[..., Any]) -> None:
    page = open_page(several(1))
    x, y = page.evaluate("""() => { const box = chart("train/loss").plot.getBoundingClientRect();
      return [box.left + box.width / 2, box.top + 4]; }""")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 20, steps=4)  # onto the title
    page.mouse.up()
    page.mouse.move(x, y + 40, steps=4)
    page.mouse.move(x + 80, y + 40, steps=4)
    page.wait_for_function("chart('train/loss').cursorX !== null")
    assert page.evaluate("[chart('train/loss').selection, state.get('zoom')]") == [None, None]


def test_a_y_range_that_reaches_to_zero_is_drawn_on_a_logarithmic_axis_too(open_page: Callable[..., Any]) -> None:
    page = open_page(several(1))
    page.evaluate("state.set({ zoomY: { 'train/loss': [0, 2] }, logY: true })")
    page.wait_for_function("chart('train/loss').view.log")
    low, high, slope = page.evaluate("(({ y0, y1, ky }) => [y0, y1, ky])(chart('train/loss').view)")
    assert 0 < low < high == 2
    assert slope < 0


def test_a_cursor_out_of_view_is_not_zoomed_to(open_page: Callable[..., Any]) -> None:
    page = open_page(several(1))
    page.evaluate("grid.zoom(chart('train/loss'), [100, 180], null)")
    page.wait_for_function("chart('train/loss').model.zoom !== null")
    page.evaluate("chart('train/loss').plot.focus(), chart('train/loss').cursorX = 20")
    page.keyboard.press("+")
    near(page, 120, 160)
