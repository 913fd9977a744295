"""What charts ask a server, when and how often, and what stands while an answer is on its way or does not come."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chart_page import COLUMN, DRAWN, ChartServer, experiment, falling, held, metric, one, several

pytestmark = pytest.mark.browser


def test_the_coarse_picture_stays_until_the_fine_one_comes(open_page: Callable[..., Any]) -> None:
    server = one(falling(20_000))
    page = open_page(server)
    may_answer = held(server)
    page.evaluate("grid.zoom(chart('train/loss'), [5000, 6000], null)")
    page.wait_for_function("chart('train/loss').model.zoom !== null")
    assert page.evaluate("chart('train/loss').lines[0].series === chart('train/loss').lines[0].whole")
    assert page.evaluate(COLUMN, ["train/loss", 1, 5500])["seen"], "the coarse line is still drawn"
    may_answer.set()
    page.wait_for_function("chart('train/loss').lines[0].series !== chart('train/loss').lines[0].whole")


@pytest.mark.parametrize("state", [{}, {"by": ["group"]}], ids=["each", "grouped"])
def test_a_zoom_into_a_zoom_is_drawn_of_the_points_of_the_first_until_its_own_come(
    state: dict[str, Any], open_page: Callable[..., Any]
) -> None:
    server = several(2, 20_000)
    server.experiments = [row | {"group": "seeds"} for row in server.experiments]
    server.state = state
    page = open_page(server)
    inside = """([low, high]) => { const { series } = chart('train/loss').lines[0];
      return Array.from(series.x.subarray(0, series.n)).filter((x) => x >= low && x <= high).length; }"""
    page.evaluate("grid.zoom(chart('train/loss'), [5000, 9000], null)")
    page.wait_for_function("chart('train/loss').model.zoom?.[0] === 5000 && !grid.feeds.busy")
    page.wait_for_function("chart('train/loss').lines[0].series !== chart('train/loss').lines[0].whole")
    may_answer = held(server)
    page.evaluate("grid.zoom(chart('train/loss'), [6000, 6200], null)")
    page.wait_for_function("chart('train/loss').model.zoom[0] === 6000")
    between = page.evaluate(inside, [6000, 6200])
    may_answer.set()
    page.wait_for_function(f"({inside})([6000, 6200]) > {2 * between}")
    assert between >= 25, "of 20,000 points in at most 1,000 buckets ten would lie there"


def test_only_charts_in_view_ask(open_page: Callable[..., Any]) -> None:
    server = forty()
    page = open_page(server)
    asked = {name for ask in server.asked for name in ask["metrics"]}
    assert "g00/loss" in asked
    assert "g39/loss" not in asked
    page.evaluate("document.querySelector('[data-metric=\"g39/loss\"]').scrollIntoView()")
    page.wait_for_function("chart('g39/loss').lines.length === 1")
    page.wait_for_function("(n) => grid.feeds.count.answers > n", arg=page.evaluate("grid.feeds.count.answers + 1"))
    assert "g00/loss" not in server.asked[-1]["metrics"]


def forty() -> ChartServer:
    names = [f"g{i:02d}/loss" for i in range(40)]
    return ChartServer([experiment(0)], [metric(n) for n in names], {("exp_0", n): falling(50) for n in names})


def test_what_a_page_shows_first_is_asked_for_before_the_browser_says_what_is_in_view(
    page: Any, open_page: Callable[..., Any]
) -> None:
    page.add_init_script("window.IntersectionObserver = class { observe() {} unobserve() {} disconnect() {} }")
    server = forty()
    open_page(server)
    asked = server.asked[0]["metrics"]
    assert asked[0] == "g00/loss"
    assert 4 <= len(asked) < 30


def test_a_page_shows_its_first_chart_a_frame_before_the_others(page: Any, open_page: Callable[..., Any]) -> None:
    page.add_init_script(
        """{ let ahead = 0; const now = performance.now.bind(performance); // every look at the clock takes 30 ms
        performance.now = () => now() + (ahead += 30);
        window.stood = []; const measure = performance.measure.bind(performance);
        performance.measure = (name, ...rest) => (name === "trackio draw" && window.grid &&
          stood.push(grid.inView().filter((chart) => chart.view).length), measure(name, ...rest)); }"""
    )
    open_page(forty())
    stood = [count for count in page.evaluate("stood") if count]
    assert stood[0] == 1
    assert stood[1] >= 4
    page.evaluate("stood.length = 0; grid.redraw()")
    page.wait_for_function("stood.length")
    assert page.evaluate("grid.drawing.dirty.size") == 0, "what stands is drawn anew in one frame"


def test_a_pointer_that_moves_onto_a_line_paints_each_chart_once(open_page: Callable[..., Any]) -> None:
    page = open_page(forty())
    count = page.evaluate(
        """async () => { const first = grid.inView()[0], proto = first.constructor.prototype, { overlay } = proto;
        let painted = [];
        proto.overlay = function () { painted.push(this.metric.metric); overlay.call(this); };
        grid.cursor(first, 20, { hot: "exp_0", mark: null, tap: false });
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const charts = grid.inView();
        return [painted.length, new Set(painted).size, charts.length, charts.every((c) => c.cursorX === 20)]; }"""
    )
    assert count[0] == count[1] == count[2] > 4
    assert count[3], "the cursor stands on all of them"


def test_axes_that_stand_as_they_are_are_not_painted_again(open_page: Callable[..., Any]) -> None:
    page = open_page(one(falling(200)))
    painted = """async (what) => { const own = chart('train/loss'), g = own.canvases[0].getContext("2d");
      let texts = 0;
      g.fillText = function (...said) { texts++; CanvasRenderingContext2D.prototype.fillText.apply(this, said); };
      if (what === "zoom") grid.zoom(own, [50, 100], null);
      else if (what === "lost") g.canvas.width = g.canvas.width, g.canvas.dispatchEvent(new Event("contextrestored"));
      else if (what === "away") own.rest(), grid.redraw();
      else if (what === "theme") document.documentElement.dataset.theme = "dark", state.set({ theme: "dark" });
      else grid.redraw();
      for (let i = 0; i < 3; i++) await new Promise((done) => requestAnimationFrame(done));
      return texts; }"""
    assert page.evaluate(painted, "again") == 0
    for change in ("zoom", "lost", "away", "theme"):
        assert page.evaluate(painted, change) > 4, change
        assert page.evaluate(painted, "again") == 0


def test_a_busy_server_is_left_alone_as_long_as_it_asks(open_page: Callable[..., Any]) -> None:
    server = several(2)
    page = open_page(server)
    problem = {"type": "https://x/problems/starting", "title": "The server is starting.", "status": 503}
    # What the page says is written down the moment it says it, what it asks the moment it comes.
    page.evaluate(
        """() => { window.said = []; grid.addEventListener("contact", () => {
          const { phase, next_ms, since_s } = grid.contact;
          if (phase === "away") said.push([next_ms - Date.now(), since_s - Date.now() / 1000]); }); }"""
    )
    came: list[float] = []

    def busy(ask: dict[str, Any]) -> tuple[int, dict[str, str], dict[str, Any]]:
        came.append(time.monotonic())
        return 503, {"Retry-After": "2"}, problem

    server.fail = busy
    page.wait_for_function("said.length >= 2")
    server.fail = None
    page.wait_for_function("grid.contact.phase === 'ready'")
    (wait_ms, since_s), *_ = page.evaluate("said")
    assert 1000 < wait_ms <= 2500
    assert since_s == pytest.approx(0, abs=1)
    assert min(later - before for before, later in pairwise(came)) > 1.5
    assert page.evaluate("chart('train/loss').lines.length") == 2, "what was drawn stayed"


def test_a_refused_question_says_why_and_can_be_tried_again(open_page: Callable[..., Any]) -> None:
    server = several(2)
    problem = {
        "type": "https://x/problems/malformed",
        "title": "This x is not known.",
        "status": 400,
        "hint": "Use step.",
    }
    server.fail = lambda ask: (400, {}, problem)
    page = open_page(server)
    note = page.locator(".tk-chart-note")
    expect(note).to_contain_text("This x is not known.")
    expect(note).to_contain_text("Use step.")
    server.fail = None
    note.get_by_role("button", name="Try again").click()
    page.wait_for_function("chart('train/loss').lines.length === 2")
    expect(note).to_be_hidden()


def test_a_deleted_experiment_does_not_stop_the_others(open_page: Callable[..., Any]) -> None:
    server = several(3)
    page = open_page(server)
    problem = {"type": "https://x/problems/not-found", "title": "There is no experiment exp_1.", "status": 404}
    server.fail = lambda ask: (404, {}, problem) if "exp_1" in ask["experiments"] else None
    page.wait_for_function("[...grid.feeds.shelves.values()][0].feeds.every((feed) => feed.error)")
    page.evaluate("state.set({ experiments: state.get('experiments').filter((e) => e.id !== 'exp_1') })")
    pair = server.series["exp_2", "train/loss"]
    pair.x.append(400.0)
    pair.values.append(1.0)
    page.wait_for_function("chart('train/loss').domain[1] === 400 && chart('train/loss').lines.length === 2")


def test_a_skeleton_stands_only_where_an_answer_takes_long(open_page: Callable[..., Any]) -> None:
    server = several(1)
    may_answer = held(server)
    page = open_page(server, wait="window.ready && grid.charts.size === 1")
    page.locator(".tk-skeleton").wait_for(state="visible")
    may_answer.set()
    page.wait_for_function(DRAWN)
    page.locator(".tk-skeleton").wait_for(state="hidden")


def test_a_hidden_page_asks_nothing(open_page: Callable[..., Any]) -> None:
    server = several(1)
    page = open_page(server)
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => window.away ?? false, configurable: true })")
    page.evaluate("window.away = true; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_function("grid.feeds.busy === false")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    other = page.context.new_page()  # one that is seen tells how often a page would have asked
    other.goto(page.url)
    other.wait_for_function("window.ready && grid.feeds.count.answers > 3")
    other.close()
    assert asked == []
    page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_function("(n) => grid.feeds.count.answers > n", arg=page.evaluate("grid.feeds.count.answers"))


def _drag(page: Any, *, to: float, end: bool = True) -> None:
    """Press in a chart, move at once (steps could be rests) to a share of its width and, maybe, let go."""
    page.wait_for_function("Math.abs(chart('train/loss').width - document.querySelector('.tk-plot').clientWidth) < 1")
    box = page.locator(".tk-chart .tk-plot").first.bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.4 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + to * box["width"], box["y"] + 0.4 * box["height"])
    if end:
        page.mouse.up()


RANGES = "[...grid.feeds.shelves.values()].filter((s) => s.axis.from !== null)"
FINE = "chart('train/loss').model.zoom && chart('train/loss').lines.every((l) => l.series !== l.whole)"


def test_a_selection_at_rest_is_asked_for_before_it_is_let_go(open_page: Callable[..., Any]) -> None:
    server = one(falling(20_000))
    page = open_page(server)
    _drag(page, to=0.6, end=False)
    page.wait_for_function(f"{RANGES}.some((s) => s.feeds.length && s.feeds.every((f) => f.answered))")
    asked = sum("from_x" in ask for ask in server.asked)
    assert page.evaluate("chart('train/loss').model.zoom") is None, "nothing is zoomed yet"
    page.evaluate("addEventListener('pointerup', () => requestAnimationFrame(() => requestAnimationFrame(() => {"
                  f"window.fineAtOnce = {FINE}; }})))")  # fmt: skip
    page.mouse.up()
    page.wait_for_function("window.fineAtOnce !== undefined")
    assert page.evaluate("window.fineAtOnce"), "the first picture of the zoom is made of the finer points"
    zoom, axis = page.evaluate(f"[chart('train/loss').model.zoom, {RANGES}.find((s) => s.wanted.size).axis]")
    assert axis["from"] < zoom[0] < zoom[1] < axis["to"]
    assert all(ask["from_x"] == axis["from"] for ask in server.asked[asked:] if "from_x" in ask), "only followed"
    assert axis["to"] - axis["from"] < 1.3 * (zoom[1] - zoom[0])


def test_a_selection_that_goes_on_asks_for_where_it_ends(open_page: Callable[..., Any]) -> None:
    server = one(falling(20_000))
    page = open_page(server)
    _drag(page, to=0.4, end=False)
    page.wait_for_function(f"{RANGES}.length > 0")
    box = page.locator(".tk-chart .tk-plot").first.bounding_box()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.4 * box["height"])
    page.mouse.up()
    page.wait_for_function(FINE)
    zoom = page.evaluate("chart('train/loss').model.zoom")
    x = page.evaluate(
        "Array.from(chart('train/loss').lines[0].series.x.subarray(0, chart('train/loss').lines[0].series.n))"
    )
    assert x[0] <= zoom[0]
    assert x[-1] >= zoom[1]


def test_a_selection_given_up_shows_and_asks_nothing_more(open_page: Callable[..., Any]) -> None:
    server = one(falling(20_000))
    page = open_page(server)
    _drag(page, to=0.6, end=False)
    page.wait_for_function(f"{RANGES}.some((s) => s.feeds.length && s.feeds.every((f) => f.answered))")
    page.evaluate(
        "document.querySelector('.tk-plot').dispatchEvent(new PointerEvent('pointercancel', {bubbles: true}))"
    )
    page.mouse.up()
    ranged = len([ask for ask in server.asked if ask.get("from_x")])
    page.wait_for_function("(n) => grid.feeds.count.answers > n + 1", arg=page.evaluate("grid.feeds.count.answers"))
    assert page.evaluate("chart('train/loss').model.zoom") is None
    assert len([ask for ask in server.asked if ask.get("from_x")]) == ranged


def test_a_foreseen_range_that_failed_is_asked_again_when_it_is_wanted(open_page: Callable[..., Any]) -> None:
    server = one(falling(20_000))
    page = open_page(server)
    problem = {"type": "https://x/problems/starting", "title": "The server is starting.", "status": 503}
    server.fail = lambda ask: (503, {"Retry-After": "60"}, problem) if ask.get("from_x") else None
    with page.expect_response(lambda response: response.status == 503):
        _drag(page, to=0.6, end=False)
    assert page.evaluate("grid.contact.phase") == "ready", "what nobody asked for yet is nobody's trouble"
    server.fail = None
    page.mouse.up()
    page.wait_for_function(FINE)


def test_the_last_value_of_a_chart_that_is_zoomed_goes_on(open_page: Callable[..., Any]) -> None:
    server = one(falling(20_000))
    page = open_page(server)
    page.evaluate("grid.zoom(chart('train/loss'), [5000, 6000], null)")
    page.wait_for_function("chart('train/loss').lines[0].series !== chart('train/loss').lines[0].whole")
    (pair,) = server.series.values()
    pair.x += [20_000.0 + i for i in range(500)]
    pair.values += [77.25] * 500
    expect(page.locator(".tk-chart-values").first).to_have_text("77.25")
    assert page.evaluate("chart('train/loss').model.zoom") == [5000, 6000]


PASSED = """async () => {
  const { Feeds } = await import("/lib/charts/feeds.js");
  let asked = 0;
  const source = { async series(ask) { asked++; return { bytes: 1, series: [], blocks: [], cursor: "c", reset: true }; } };
  const feeds = new Feeds(source, { every_ms: 1e6 });
  const wish = (metric) => ({ axis: { x: "step", from: null, to: null, max_points: 340 }, metric, experiments: ["e"] });
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  feeds.want([wish("a")]);
  await pause(200);
  feeds.want([wish("b")]);
  feeds.want([wish("a")]); // scrolled past b
  await pause(200);
  const before = asked;
  feeds.want([wish("b")]);
  await pause(200);
  feeds.close();
  return [before, asked];
}"""  # noqa: E501


def test_a_chart_that_was_scrolled_past_is_asked_for_when_it_is_seen_again(modules: Any) -> None:
    assert modules.evaluate(PASSED) == [1, 2]
