"""What happened beside the numbers, as signs on charts: drawn, joined, told, and the way to where it is told whole."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chart_page import ChartServer, Pair, metric, several
from tests.browser.panels import pane
from tests.browser.trainings import Training, curve
from tests.browser.waiting import holds

pytestmark = pytest.mark.browser

CLUSTERS = """(name) => { const v = chart(name).view;
  return chart(name).clusters.map(({ kind, marks, x }) => [kind, marks.length, Math.round((x - v.bx) / v.kx)]); }"""
"""Kind, number and step of each sign of a chart."""
INK = """([name, x]) => { const c = chart(name), at = [x * c.view.kx + c.view.bx - 6, c.view.B - 9, 12, 10];
  const data = c.canvases[2].getContext("2d").getImageData(...at.map((each) => Math.round(each * c.ratio))).data;
  let ink = 0; for (let i = 3; i < data.length; i += 4) ink += data[i] > 60; return ink; }"""
"""How many pixels of a sign's place have ink."""


def event(kind: str, position: int, **content: Any) -> dict[str, Any]:
    time_us = (1_700_000_000 + position) * 1_000_000
    return {"position": position, "content": {"kind": kind, "time_us": time_us, **content}}


def eventful() -> ChartServer:
    """Two experiments: one that was resumed, warned and failed without a step, one that tells nothing of itself."""
    server = several(2)
    server.experiments[0] |= {"generation": 1, "state": "failed", "last_step": 199}
    server.metrics += [metric("eval/loss"), metric("train/f1")]
    server.series["exp_0", "train/f1"] = server.series["exp_0", "train/loss"]
    for e in range(2):
        server.series[f"exp_{e}", "eval/loss"] = Pair([50.0, 100.0, 150.0], [0.9, 0.7, 0.5])
    server.events["exp_0"] = [
        event("start", 1, generation=0, process={"rank": 0}, steps_from=0),
        event("mark", 2, mark="checkpoint", title="checkpoint-40", step=40, data={}),
        event("mark", 3, mark="alert", title="spike", step=42, data={"text": "<b>9 times</b>"}),
        event("start", 4, generation=1, process={"rank": 0}, steps_from=120),
        event("start", 5, generation=1, process={"rank": 1}, steps_from=120),
        event("end", 6, state="failed"),
    ]
    return server


def hovered(page: Any, x: float) -> Any:
    left, top = page.evaluate(
        """(x) => { const c = chart("train/loss"), box = c.plot.getBoundingClientRect();
        return [box.left + x * c.view.kx + c.view.bx, box.top + c.view.B - 4]; }""",
        x,
    )
    page.mouse.move(left, top)
    return page.locator(".tk-tip-mark")


def test_marks_resumes_failures_and_evaluations_stand_on_the_charts_joined_and_told(
    open_page: Callable[..., Any],
) -> None:
    page = open_page(eventful())
    page.wait_for_function(f"({CLUSTERS})('train/loss').length === 6")
    evaluations = [["evaluation", 2, step] for step in (50, 100, 150)]
    others = [["alert", 2, 40], ["restart", 1, 120], ["error", 1, 199]]
    assert sorted(page.evaluate(CLUSTERS, "train/loss")) == sorted(evaluations + others)
    # Of who has no line in a chart nothing stands there.
    page.wait_for_function(f"({CLUSTERS})('train/f1').length === 6")
    alone = [[kind, 1, step] for kind, _, step in evaluations]
    assert sorted(page.evaluate(CLUSTERS, "train/f1")) == sorted(alone + others)
    # Where each point is an evaluation, they are not signs.
    assert [kind for kind, *_ in page.evaluate(CLUSTERS, "eval/loss")] == ["alert", "restart", "error"]
    for step in (40, 100, 120, 199):
        assert page.evaluate(INK, ["train/loss", step]) > 4, f"nothing is drawn at {step}"
    said = hovered(page, 41)
    alert = "alert spike: <b>9 times</b>, run-0, step 42"
    expect(said).to_have_text([alert, "checkpoint-40 run-0, step 40"])
    expect(hovered(page, 120)).to_have_text([re.compile("^restart resumed, run-0, step 120$")])
    expect(hovered(page, 100)).to_have_text([re.compile(r"^evaluation .*0\.7.*, run-[01], step 100$")] * 2)
    expect(hovered(page, 198.5)).to_have_text([re.compile("^error ended: failed, run-0, ")])
    # Zoomed in, what was joined stands apart.
    page.evaluate("grid.zoom(chart('train/loss'), [38, 44], null)")
    page.wait_for_function("chart('train/loss').clusters.map(({ kind }) => kind).join() === 'checkpoint,alert'")

    # A click, or the key E where the cursor stands, leads to what is told: of a cluster to the gravest.
    page.evaluate("grid.back(chart('train/loss'), true)")
    page.wait_for_function("chart('train/loss').model.zoom === null && chart('train/loss').clusters.length === 6")
    hovered(page, 41)
    page.mouse.down()
    page.mouse.up()
    led = page.evaluate("[state.get('view'), state.get('experiment'), state.get('lead')]")
    assert led[:2] == ["experiment", "exp_0"]
    assert (led[2]["kind"], led[2]["step"]) == ("alert", 42)
    page.evaluate("chart('train/loss').plot.focus()")
    page.evaluate("grid.cursor(chart('train/loss'), 119, { hot: null, mark: null, tap: true })")
    page.wait_for_function("chart('train/loss').cursorX === 119")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.tk-spoken').textContent.includes('restart resumed')")
    page.keyboard.press("e")
    page.wait_for_function("state.get('lead').kind === 'restart'")


def test_many_evaluations_are_no_comb_and_those_that_were_told_count(open_page: Callable[..., Any]) -> None:
    server = several(1)
    server.metrics.append(metric("eval/loss"))
    server.series["exp_0", "eval/loss"] = Pair([float(i) for i in range(0, 200, 4)], [0.5] * 50)
    page = open_page(server)
    page.wait_for_function("chart('train/loss').model.marks.length === 50")
    assert page.evaluate("chart('train/loss').clusters.length") == 0
    page.evaluate("grid.zoom(chart('train/loss'), [20, 40], null)")
    page.wait_for_function("chart('train/loss').clusters.length === 6")
    server.events["exp_0"] = [event("mark", 1, mark="evaluation", title="on the test set", step=30, data={})]
    page.evaluate("grid.marks.held.clear(); grid.redraw()")
    page.wait_for_function("chart('train/loss').clusters.length === 1")


def test_a_sign_leads_to_its_entry_from_the_charts_and_from_the_experiments_own_page(page: Any, space: Any) -> None:
    training = Training(space.url, "marks", "eventful")
    training.log([(step, curve(step)) for step in range(400)])
    for step in range(10, 70):
        training.event("mark", mark="note", title=f"note {step}", step=step, data={})
    training.event("mark", mark="alert", title="spike", step=300, data={})
    training.event("error", error="ValueError", message="too hot", trace="", step=200, rank=0)
    page.goto(f"{space.url}/?project=marks&filter=loss")
    plot = page.locator(".tk-chart .tk-plot").first

    def points_at(step: int) -> bool:
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        page.mouse.move(box["x"] + 56 + (box["width"] - 70) * step / 399, box["y"] + box["height"] - 34)
        return any(f"step {step}" in words for words in page.locator(".tk-tip-mark").all_inner_texts())

    def click(step: int) -> None:
        plot.locator("canvas").first.wait_for()
        holds(lambda: points_at(step))  # panels above may still come, and push it down
        page.mouse.down()
        page.mouse.up()

    click(300)
    entry = pane(page, "Marks and checkpoints").locator("tr", has_text="spike")
    expect(entry).to_have_class(re.compile("tk-led"))
    expect(entry).to_be_in_viewport()
    expect(entry).to_be_focused()
    assert training.experiment_id in page.url
    page.keyboard.press("Tab")
    plot = page.locator(".tk-detail-charts .tk-chart .tk-plot").first
    error = pane(page, "Errors").locator(".tk-error", has_text="too hot")

    def leads() -> bool:
        if points_at(200):  # on a busy machine a panel may still come between the look and the click
            page.mouse.down()
            page.mouse.up()
        return "tk-led" in (error.get_attribute("class") or "")

    holds(leads)
    expect(error).to_have_class(re.compile("tk-led"))
    expect(error).to_be_in_viewport()
    expect(page.locator(".tk-led")).to_have_count(1)


FOLLOWED = """async () => {
  const { MarkFeed } = await import("/lib/charts/marks.js");
  let [open, most, isAway] = [0, 0, true];
  const asked = [];
  const source = { events: async (id) => {
    asked.push(id);
    most = Math.max(most, ++open);
    await new Promise((done) => setTimeout(done, 20));
    open--;
    if (isAway && id === "e5") throw new Error("away");
    return { events: [{ position: 1, content: { kind: "mark", mark: "note", title: id, step: 1, time_us: 1e12 } }], more: false };
  } };
  const feed = new MarkFeed(source);
  let told = 0;
  feed.addEventListener("marks", () => told++);
  const ids = Array.from({ length: 9 }, (_, i) => `e${i}`);
  const rows = ids.map((id) => ({ id, last_event_s: 1 }));
  await feed.follow(rows);
  const first = feed.of(ids).map(({ experiment }) => experiment);
  isAway = false;
  await feed.follow(rows);
  return { most, told, first, all: feed.of(ids).map(({ experiment }) => experiment), twice: asked.length - new Set(asked).size };
}"""  # noqa: E501


def test_signs_of_many_experiments_are_asked_for_four_at_a_time_and_what_failed_again(modules):
    got = modules.evaluate(FOLLOWED)
    assert got["most"] == 4
    assert "e0" in got["first"]
    assert "e5" not in got["first"]
    assert sorted(got["all"]) == [f"e{i}" for i in range(9)]
    assert (got["told"], got["twice"]) == (2, 1)
