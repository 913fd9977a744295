"""What one chart gives away, where it stands, and the links to it; in a real browser before a real Space."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import struct
import xml.etree.ElementTree as ElementTree
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.trainings import Training
from tests.browser.waiting import becomes, holds

pytestmark = pytest.mark.browser

ODD = "odd/a \"b' <i>x</i> é😀, ~/z"
NAMES = ("muon", '</script><b onload="x">"&é😀')
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def project(space):
    """A project of two experiments whose names are markup, with a metric of every kind of trouble."""
    for number, name in enumerate(NAMES):
        training = Training(space.url, "one-chart", name, config={"lr": 10.0**-number})
        rows = []
        for step in range(2500):
            loss = math.nan if step == 40 else 3 * math.exp(-step / 700) + 0.2 * ((step * 7919) % 13) / 13 + number
            rows.append(
                (step, {"train/loss": loss, "train/lr": 1e-3, "train/b": step, ODD: 1e307 if step % 2 else 1.0})
            )
        training.log(rows)
        training.finish()
    return f"{space.url}/?project=one-chart"


def opened(page, address):
    page.goto(address)
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()


def chart(page, metric):
    return page.locator(f".tk-chart[aria-label={json.dumps(metric, ensure_ascii=False)}]")


def chosen(page, metric, entry):
    chart(page, metric).locator(".tk-chart-more").click()
    page.get_by_role("option", name=entry).click()


def saved(page, metric, entry):
    with page.expect_download() as download:
        chosen(page, metric, entry)
    return download.value


@pytest.mark.requirement("S3.27")
def test_a_chart_is_saved_as_picture_vectors_page_points_and_figure(page, browser, project, tmp_path):
    opened(page, project)
    image = saved(page, "train/loss", "Image (PNG)")
    raw = image.path().read_bytes()
    assert (image.suggested_filename, raw[:4]) == ("train-loss.png", b"\x89PNG")
    assert struct.unpack(">I", raw[16:20])[0] >= 1600  # twice as fine as its 800 pixels

    svg = saved(page, "train/loss", "Vector image (SVG)").path().read_text(encoding="utf-8")
    root = ElementTree.fromstring(svg)
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert {"train/loss", "step", "1,000", "1 NaN", *NAMES} <= set(texts)
    strokes = {each.get("stroke") for each in root.iter(f"{SVG}path") if len(each.get("d") or "") > 2000}
    assert len(strokes & {"#4269d0", "#b68504"}) == 2  # each experiment's line, in its colour
    assert not list(root.iter(f"{SVG}image"))
    assert "onload" not in {name for each in root.iter() for name in each.attrib}

    figure = json.loads(saved(page, "train/loss", "Plotly figure (JSON)").path().read_text(encoding="utf-8"))
    plotly_io = pytest.importorskip("plotly.io")
    read = plotly_io.from_json(json.dumps(figure))
    shown = [trace for trace in read.data if trace.showlegend is not False]
    assert [trace.name for trace in shown][1] == "muon"
    assert {trace.fill for trace in read.data} >= {"tonexty"}
    assert (read.layout.title.text, read.layout.xaxis.title.text, read.layout.yaxis.type) == (
        "train/loss",
        "step",
        "linear",
    )
    assert all(value is None or math.isfinite(value) for trace in figure["data"] for value in trace["y"])

    text = saved(page, ODD, "All points (CSV)").path().read_text(encoding="utf-8")
    rows = list(csv.reader(io.StringIO(text)))
    assert (rows[0][-1], len(rows), rows[2][-1]) == (ODD, 1 + 2 * 2500, "1e+307")

    file = tmp_path / "chart.html"
    saved(page, "train/loss", "Interactive page (HTML)").save_as(file)
    assert file.stat().st_size < 2_000_000
    stranger = browser.new_page()
    asked = []
    stranger.on("request", lambda request: asked.append(request.url))
    stranger.goto(file.as_uri())
    expect(stranger.locator(".tk-chart-values")).not_to_be_empty()
    expect(stranger.locator(".tk-shared-line b")).to_have_text([NAMES[1], NAMES[0]])
    values = stranger.locator(".tk-chart-values b")
    stranger.get_by_label("Show muon").uncheck()
    expect(values).to_have_count(1)
    stranger.locator(".tk-chart-more").click()
    with stranger.expect_download() as again:
        stranger.get_by_role("option", name="Interactive page (HTML)").click()  # a file makes a file
    assert again.value.path().stat().st_size > 100_000
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    stranger.close()


def test_charts_are_moved_hidden_pinned_and_found_so_again(page, browser, project):
    opened(page, f"{project}&filter=train/")

    def order():
        return page.locator('.tk-section[aria-label="train"] .tk-chart').evaluate_all(
            "all => all.map((n) => n.dataset.metric)"
        )

    holds(lambda: len(order()) == 3)
    first = order()
    moving = chart(page, first[0])
    moving.locator(".tk-plot").focus()
    page.keyboard.press(">")
    becomes(order, [first[1], first[0], first[2]])
    expect(moving.locator(".tk-plot")).to_be_focused()
    head, target = chart(page, first[2]).locator(".tk-chart-title"), chart(page, first[1]).bounding_box()
    head.hover()
    page.mouse.down()
    page.mouse.move(target["x"] + 20, target["y"] + 60, steps=4)
    expect(page.locator(".tk-drop")).to_be_visible()
    page.mouse.up()
    becomes(order, [first[2], first[1], first[0]])
    chosen(page, "train/b", "Hide this chart")
    expect(chart(page, "train/b")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(chart(page, "train/b")).to_have_count(1)
    chosen(page, "train/b", "Hide this chart")
    expect(page.locator(".tk-put-away")).to_contain_text("1 chart hidden by you:")
    chosen(page, "train/lr", "Pin to the top")
    expect(page.locator('.tk-section[aria-label="Pinned"] .tk-chart')).to_have_count(1)
    page.wait_for_url(lambda url: "pin=" in url and "hide=" in url)
    query = parse_qs(urlsplit(page.url).query)
    assert [unquote(query[name][0]) for name in ("pin", "hide")] == ["train/lr", "train/b"]
    # A link is the view, for who has another browser; this one remembers it without a link.
    elsewhere = browser.new_page()
    opened(elsewhere, page.url)
    expect(elsewhere.locator('.tk-section[aria-label="Pinned"] .tk-chart')).to_have_count(1)
    expect(elsewhere.locator(".tk-put-away button").first).to_have_attribute("title", "Show train/b again")
    elsewhere.close()
    opened(page, project)
    expect(chart(page, "train/b")).to_have_count(0)
    expect(chart(page, ODD)).to_have_count(1)
    page.get_by_role("button", name="Show train/b again").click()
    expect(chart(page, "train/b")).to_have_count(1)
    chosen(page, "train/lr", "Unpin")
    expect(page.locator('.tk-section[aria-label="Pinned"]')).to_have_count(0)
    becomes(order, [first[2], first[1], first[0]])


def test_a_link_to_a_chart_opens_on_it_and_full_screen_has_all_beside_it(page, browser, space, project):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=space.url)
    opened(page, f"{project}&smooth=none:0.6")
    chosen(page, ODD, "Copy link to this chart")
    page.locator(".tk-toast", has_text="is copied").wait_for()
    address = page.evaluate("navigator.clipboard.readText()")
    query = parse_qs(urlsplit(address).query)
    assert (query["chart"], query["smooth"]) == ([ODD], ["none:0.6"])
    assert len(query["shown"][0].split(",")) == 2
    other = browser.new_page(viewport={"width": 1024, "height": 500})
    opened(other, address)
    linked = other.locator(".tk-chart.linked-to")
    expect(linked).to_have_attribute("data-metric", ODD)
    expect(linked).to_be_in_viewport()
    other.keyboard.press("Enter")  # the link put the focus on it
    full = other.locator("dialog.tk-full")
    expect(full.locator(".tk-full-title")).to_have_text(ODD)
    expect(full.locator(".tk-full-row-name")).to_have_text([NAMES[1], NAMES[0]])
    expect(full.locator(".tk-full-row b").first).to_have_text("1e307")
    other.wait_for_url(re.compile("full=1"))
    full.get_by_title("x axis", exact=True).click()  # a menu in a dialog takes the pointer
    other.get_by_role("option", name="relative time").click()
    other.wait_for_url(re.compile("x=relative"))
    full.get_by_title("x axis", exact=True).click()
    other.get_by_role("option", name="step", exact=True).click()
    full.get_by_label("Chart before this one").click()
    full.get_by_label("Draw only muon").focus()
    other.keyboard.press("Enter")
    expect(full.locator(".tk-full-row.off")).to_have_count(1)
    full.get_by_role("button", name="Show all").click()
    expect(full.locator(".tk-full-row.off")).to_have_count(0)
    box = full.locator(".tk-plot").bounding_box()
    other.mouse.move(box["x"] + box["width"] / 2, box["y"] + 80)
    expect(full.locator(".tk-full-legend-head")).to_contain_text(re.compile(r"step [\d,]+"))
    other.reload()
    expect(other.locator("dialog.tk-full .tk-full-row b").first).to_have_text(re.compile(r"\d"))
    other.keyboard.press("Escape")
    expect(other.locator("dialog.tk-full")).to_have_count(0)
    other.wait_for_url(lambda url: "full=1" not in url)
    expect(other.locator(".tk-side .tk-tick:checked").first).to_be_visible()
    other.goto(f"{project}&chart=nobody/logged")
    expect(other.locator(".tk-toast")).to_contain_text("nobody/logged, which nobody logged here")
    other.close()


def test_points_that_a_resume_replaced_are_shown_where_the_reader_asks(page, space):
    first = Training(space.url, "replaced", "resumed")
    first.log([(step, {"train/loss": 5.0 + step / 100}) for step in range(60)])
    again = Training(
        space.url,
        "replaced",
        "resumed",
        experiment_id=first.experiment_id,
        generation=1,
        started_s=first.started_s + 60,
    )
    again.log([(step, {"train/loss": 2.0 - step / 100, "train/new": 1.0}) for step in range(40, 80)])
    Training(space.url, "never", "resumed").log([(step, {"train/loss": 1.0}) for step in range(5)])
    opened(page, f"{space.url}/?project=replaced")
    chosen(page, "train/loss", "Show replaced points")
    loss = chart(page, "train/loss")
    told = re.compile(r"1 earlier line: resumed replaced at step 40 by the resume of \d\d:\d\d:\d\d\.")
    plot = loss.locator(".tk-plot")
    page.wait_for_function(
        "node => (node.blur(), node.focus(), node.ariaLabel.includes('earlier line'))", arg=plot.element_handle()
    )
    expect(plot).to_have_attribute("aria-label", told)
    becomes(lambda: "replaced:1" in page.evaluate("decodeURIComponent(location.search)"), True)
    page.keyboard.press("t")
    row = loss.get_by_role("table", name="Replaced points").locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row.locator("td")).to_contain_text(["5.59", "20", "40", "59", ":"])
    page.reload()
    expect(loss.locator(".tk-chart-values")).not_to_be_empty()
    loss.locator(".tk-chart-more").click()
    expect(page.get_by_role("option", name="Hide replaced points")).to_be_visible()
    page.goto(f"{space.url}/?project=never")
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    chart(page, "train/loss").locator(".tk-chart-more").click()
    expect(page.get_by_role("option", name="Show as table")).to_be_visible()
    expect(page.get_by_role("option", name="Show replaced points")).to_have_count(0)
