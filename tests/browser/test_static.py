"""A page without a server: it draws a dataset repo of the Hub (the stand-in, on another origin) in a real browser."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.static_page import REPO, STATIC, commit, deploy, drawn, recent
from tests.browser.waiting import fits
from tests.hub.view_data import fill
from tests.store.trainer import Trainer, taken
from trackio_client.wire.frames import Schema

pytestmark = STATIC


def test_it_shows_lists_charts_states_and_one_experiment_from_whole_files_alone(world, page):
    url = deploy(world.hub, world.api)
    names = fill(
        world.store,
        recent(1, 400, name="first").event(kind="mark", mark="alert", title="Look", step=3, time_us=1, data={}),
        recent(2, 400, name="broken", end="failed"),
        recent(3, 400, name="still going", end=None),
    )
    world.push()
    world.hub.forget()
    page.goto(url)
    drawn(page)
    expect(page.locator(".tk-row .tk-name")).to_have_text(["still going", "broken", "first"])
    expect(page.locator(".tk-running")).to_have_text("1 running")
    expect(page.locator(".tk-fresh")).to_have_text(re.compile(r"as of \d\d:\d\d"))
    expect(page.locator(".tk-section-fold")).to_have_text(["train", "eval", "system"])
    sign = page.locator(".tk-row", has_text="first").locator(".tk-alert")
    expect(sign).to_have_attribute("title", "1 alert: a warning")
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("region", name="Alerts").get_by_role("listitem")).to_contain_text("Look")
    page.locator(".tk-row").get_by_role("link", name="broken").click()
    expect(page.locator(".tk-callout")).to_contain_text("Failed")
    expect(page.locator(".tk-error")).to_contain_text("OutOfMemoryError")
    expect(page.locator(".tk-summary")).to_contain_text("eval/f1")
    expect(page.locator(".tk-kv[aria-label=Config]")).to_contain_text("optimizer.weight_decay")
    last = world.store.summaries([names[1]], ["eval/f1"])[names[1]][0].last
    row = page.locator(".tk-summary tr").filter(has_text="eval/f1")
    expect(row.locator("td").nth(1)).to_have_text(f"{last:.4g}")
    asked = world.data()
    assert {seen["request"].split()[0] for seen in asked} == {"GET"}  # no preflight, no HEAD
    assert {seen["token"] for seen in asked} == {None}
    assert {seen["status"] for seen in asked} <= {200, 302, 307, 304}
    assert not [seen for seen in asked if seen["status"] == 206]


def test_the_values_drawn_are_those_that_were_logged(world, page):
    url = deploy(world.hub, world.api)
    (name,) = fill(world.store, recent(1, 300))
    world.push()
    page.goto(url)
    drawn(page)
    points = world.store.points(name, "train/loss")
    told = page.evaluate(
        """async ([repo, endpoint, id]) => {
          const {RepoSource} = await import("./view/data/repo.js");
          const {HubFiles} = await import("./view/data/hubfiles.js");
          const source = new RepoSource({files: new HubFiles({repo, endpoint})});
          await source.experiments("digits");
          const {series} = await source.points({experiments: [id], metrics: ["train/loss"], x: "step"});
          return [Array.from(series[0].steps), Array.from(series[0].values)];
        }""",
        [REPO, world.hub.url, name],
    )
    assert told[0] == points.steps.tolist()
    assert told[1] == points.values.astype("f4").astype("f8").tolist()


def test_a_link_opens_one_experiment_of_whatever_project(world, page):
    url = deploy(world.hub, world.api)
    names = fill(world.store, recent(1), recent(2, project="other", name="linked"))
    world.push()
    page.goto(f"{url}?experiment={names[1]}")
    expect(page.locator(".tk-head h1")).to_have_text("linked")
    drawn(page)


def test_zoomed_in_beyond_the_overview_it_says_where_finer_points_are(world, page):
    url = deploy(world.hub, world.api)
    fill(world.store, recent(1, 6000))
    world.push()
    page.goto(url)
    drawn(page)
    plot = page.locator(".tk-plot").first
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 120, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 180, box["y"] + 60, steps=4)
    page.mouse.up()
    expect(page.locator(".tk-chart-said")).to_contain_text("datasets.load_dataset(")


def test_time_axes_are_drawn_and_axes_that_need_every_point_are_not_offered(world, page):
    url = deploy(world.hub, world.api)
    fill(world.store, recent(1, 300))
    world.push()
    page.goto(url)
    drawn(page)
    page.get_by_title("x axis", exact=True).click()
    expect(page.get_by_role("option")).to_have_text(["step", "relative time", "wall time"])
    page.get_by_role("option", name="wall time").click()
    drawn(page)
    page.goto(f"{url}?x=train%2Fepoch")
    expect(page.locator(".tk-chart").first).to_contain_text("needs every point")


def test_a_chart_without_points_says_whether_they_come_or_were_left_out(world, page):
    url = deploy(world.hub, world.api)
    names = tuple(f"layer_{n:04}/weight_norm" for n in range(500))
    one = Trainer("w_1", "exp_20261121_100000_aaaaaaaa", "digits", schema=Schema(names))
    one.start(time_us=int(time.time() * 1e6))
    for step in range(80):
        one.step(step, *(step + n / 7 for n in range(500)), time_us=int(time.time() * 1e6))
    taken(one.send(world.store))
    commit(world.api, REPO, world.repo.push(most=0))
    page.goto(f"{url}?filter=layer_0300")
    expect(page.locator(".tk-chart")).to_contain_text("Its overview is not in the repo yet")
    world.push(*world.repo.later)
    expect(page.locator(".tk-chart")).to_contain_text("Left out of the overview")
    page.goto(f"{url}?filter=layer_0000")
    drawn(page)
    page.goto(f"{url}?filter=layer_0499")  # one experiment's 400 most important are listed
    expect(page.locator(".tk-notice")).to_contain_text("names of 400 metrics")
    expect(page.locator(".tk-notice")).to_contain_text("100 more are not listed on this page")


def test_one_chart_opens_in_plotly(world, page):
    pytest.importorskip("plotly")
    url = deploy(world.hub, world.api, library=True)
    fill(world.store, recent(1, 300))
    world.push()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(url)
    drawn(page)
    page.locator(".tk-chart-more").first.click()
    page.get_by_role("option", name="Open in Plotly").click()
    expect(page.locator(".tk-large .scatterlayer .trace").first).to_be_attached()
    assert [text for text in said if "Content Security Policy" in text] == []


def test_without_the_library_a_chart_opens_over_the_window_as_it_is(world, page):
    url = deploy(world.hub, world.api)
    fill(world.store, recent(1))
    world.push()
    page.goto(url)
    drawn(page)
    page.locator(".tk-plot").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".tk-full-row b").first).to_have_text(re.compile(r"\d"))
    page.locator(".tk-full").get_by_label("Menu of this chart").click()
    expect(page.get_by_role("option", name="Image (PNG)")).to_be_visible()
    expect(page.get_by_role("option", name="Open in Plotly")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("option", name="Interactive page (HTML)").click()  # made of what this page runs on
    assert download.value.path().stat().st_size > 100_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(world, browser, scheme):
    url = deploy(world.hub, world.api)
    fill(world.store, recent(1, name="a name that is quite a bit longer than a phone is wide, and goes on"), recent(2))
    world.push()
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto(url)
    drawn(page)
    fits(page, "html")
    page.get_by_role("button", name="of 2 experiments").click()
    expect(page.locator(".tk-row")).to_have_count(2)
    context.close()


@pytest.mark.requirement("S4.6", "S4.8")
def test_what_a_training_told_stands_on_its_page_as_far_as_the_repo_has_it_small(world, page):
    one = recent(1, 60, name="teller")
    at_us = int((time.time() - 60) * 1e6)
    one.event(kind="record", record="model", time_us=at_us, data={"class": "Bert", "parameters": 1000})
    rows = {"B-place": {"f1": 0.5, "precision": 0.5, "recall": 0.5, "support": 7}}
    for step in (20, 40):
        data = {"eval_loss": 1 / step, "per_label_metrics": rows}
        one.event(kind="record", record="epoch_metrics", time_us=at_us, step=step, epoch=step / 20, data=data)
    (name,) = fill(world.store, one)
    url = deploy(world.hub, world.api)
    world.push()
    page.set_viewport_size({"width": 1440, "height": 3000})
    page.goto(f"{url}?experiment={name}")
    drawn(page)
    expect(page.locator('.tk-pane[aria-label="Evaluations"] tbody tr')).to_have_count(2)
    expect(page.locator('.tk-pane[aria-label="Labels"]')).to_contain_text("B-place")
    expect(page.locator('.tk-pane[aria-label="Model"]')).to_contain_text("Bert")
    expect(page.locator(".tk-media")).to_be_hidden()
