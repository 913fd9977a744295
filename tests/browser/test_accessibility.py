# ruff: noqa: E501 (scripts for the browser)
"""WCAG 2.2 AA on every page: axe-core in both themes, wide and narrow; keyboard, zoom and motion, which axe cannot see.

The views come from the registry of the page itself: a new one is looked at without being named here.
"""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.accessible import SETTLED, fits_its_window, in_all_looks, tabbed, violations
from tests.browser.looks import CUT, OVERLAPS, STRETCHED
from tests.browser.told import ODD, evaluation
from tests.browser.trainings import Training, trained
from tests.browser.waiting import becomes

pytestmark = [pytest.mark.browser]

PROJECT = "for everybody"
_STANDS = """(view) => { const pane = document.querySelector(`.tk-view.${view}`);
  return pane && !pane.hidden && pane.innerText.trim().length > 10 && !pane.querySelector(':scope > .tk-skeleton'); }"""
"""Whether a view was fetched and shows something."""


@pytest.fixture(scope="module")
def told(space):
    """Two experiments with all that a page shows, a link to one, and one without numbers."""
    made = []
    for i, state in enumerate(("finished", "failed")):
        training = trained(
            space.url, PROJECT, ODD if i else "plain", steps=40, state=None, system=True, wave=i, tags=["a tag"],
            notes="**A note** with [a link](https://example.org).", config={"lr": 10.0**-i, "model": {"layers": 2}},
        )  # fmt: skip
        for number in (1, 2):
            evaluation(training, number, 0.5 / number, 0.4 * number)
        training.finish(state)
        made.append(training)
    Training(space.url, "nothing logged", "quiet")
    wish = {"experiments": [made[0].experiment_id]}
    link = httpx.post(f"{space.url}/v1/shares", json=wish, timeout=60, trust_env=False).json()
    return {"ids": [one.experiment_id for one in made], "share": link["address"], "embed": link["embed"]}


def views_of(page):
    """The names of all views, as the page's registry has them."""
    views = page.evaluate("import('/lib/shell/views.js').then(({ VIEWS }) => Object.keys(VIEWS))")
    assert {"metrics", "system", "table", "experiment"} <= set(views)
    return views


def test_every_view_of_a_project_is_for_everybody(page, space, told):
    page.goto(f"{space.url}/?project={PROJECT}")
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    found = []
    for view in views_of(page):
        page.set_viewport_size({"width": 1440, "height": 900})
        # One page for all: what a load costs is Gradio's.
        own = {"experiment": told["ids"][0]} if view == "experiment" else {}
        page.evaluate("(wanted) => trackioPage.shell.ask(wanted)", {"view": view, **own})
        page.wait_for_function(_STANDS, arg=view)
        found += in_all_looks(page, view)
    assert found == []


def test_links_notices_and_pages_of_their_own_are_for_everybody(page, space, told):
    pages = {
        "share": told["share"],
        "embed": told["embed"],
        "manage": f"{space.url}/manage/",
        "configuration": f"{space.url}/configuration/",
        "an ended link": f"{space.url}/s/nothing",
        "an unknown project": f"{space.url}/?project=unknown",
        "no tick": f"{space.url}/?project={PROJECT}&shown=",
        "no hit": f"{space.url}/?project={PROJECT}&filter=zzzz",
        "no such experiment": f"{space.url}/?project={PROJECT}&experiment=exp_nope",
        "no metric": f"{space.url}/?project=nothing logged",
    }
    stands = {"manage": "#listed table", "configuration": "#settings table", "an ended link": "h1"}
    found = []
    for name, address in pages.items():
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(address)
        expect(page.locator(stands.get(name, ".tk-notice, .tk-chart, .tk-detail, main")).first).to_be_visible()
        found += in_all_looks(page, name)
    assert found == []


def test_each_chart_has_a_text_and_a_table(page, space, told):
    page.goto(f"{space.url}/?project={PROJECT}&filter=train/")
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    charts = page.locator(".tk-chart")
    expect(charts).to_have_count(3)
    for i in range(3):
        chart = charts.nth(i)
        chart.locator(".tk-plot").focus()
        expect(chart.locator(".tk-plot")).to_have_attribute(
            "aria-label", metric_text(chart.get_attribute("data-metric"))
        )
        chart.locator(".tk-chart-more").click()
        page.get_by_role("option", name="Show as table").click()
        expect(chart.locator("table tbody tr").first).to_be_visible()
    becomes(lambda: violations(page), [])


def metric_text(metric):
    import re

    return re.compile(rf"^{re.escape(metric)} against step, 2 of 2 experiments\. Last values from .+ to .+")


def test_the_check_finds_what_is_wrong(page, space, told):
    page.goto(f"{space.url}/manage/")
    expect(page.locator("#listed table")).to_be_visible()
    page.evaluate(
        """document.querySelector('#created').innerHTML = '<p style="color:#ccc;background:#fff">pale</p>'
        + '<img src="data:,"><button style="width:9px;height:9px"></button><button style="width:9px;height:9px"></button>'"""
    )
    rules = {one.partition(":")[0] for one in violations(page)}
    assert {"color-contrast", "image-alt", "button-name", "target-size"} <= rules


def test_tab_reaches_everything_shows_where_it_is_and_is_never_caught(page, space, told):
    page.goto(f"{space.url}/?project={PROJECT}")
    expect(page.locator(".tk-chart").first).to_be_visible()
    found = {}
    for view in views_of(page):
        own = {"experiment": told["ids"][0]} if view == "experiment" else {}
        page.evaluate("(wanted) => trackioPage.shell.ask(wanted)", {"view": view, **own})
        page.wait_for_function(_STANDS, arg=view)
        page.wait_for_function(SETTLED)
        found[view] = tabbed(page)
    for address, stands in (("/manage/", "#listed table"), ("/configuration/", "#settings table")):
        page.goto(space.url + address)
        expect(page.locator(stands).first).to_be_visible()
        page.wait_for_function(SETTLED)
        found[address] = tabbed(page)
    for name, reached in found.items():
        assert len(reached) >= 5, name
        assert [one["key"] for one in reached if not one["seen"] or not one["on"]] == [], name


def test_at_twice_the_size_nothing_is_lost(page, space, told):
    page.set_viewport_size({"width": 720, "height": 450})  # 1440 × 900 at 200 %
    for address, stands in (("/manage/", "#listed table"), ("/configuration/", "#settings table")):
        page.goto(space.url + address)
        expect(page.locator(stands).first).to_be_visible()
        fits_its_window(page, address)
        cut = """() => [...document.querySelectorAll('.tc-words *, button, label')].filter((e) => e.checkVisibility()
            && getComputedStyle(e).overflow === 'hidden' && e.scrollWidth > e.clientWidth + 1).map((e) => e.outerHTML.slice(0, 90))"""
        becomes(lambda cut=cut: page.evaluate(cut), [])


@pytest.mark.parametrize(("width", "height", "scale"), [(2560, 1440, 1), (720, 450, 2)])
def test_every_view_holds_together_on_a_large_screen_and_at_twice_the_size(page, space, told, width, height, scale):
    # What a browser does at 200 %: half as many pixels of CSS, of two each, so that every text is twice as large.
    size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
    page.context.new_cdp_session(page).send("Emulation.setDeviceMetricsOverride", size)
    page.goto(f"{space.url}/?project={PROJECT}")
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    assert page.evaluate("[innerWidth, devicePixelRatio]") == [width, scale]
    found = {}
    for view in views_of(page):
        own = {"experiment": told["ids"][0]} if view == "experiment" else {}
        page.evaluate("(wanted) => trackioPage.shell.ask(wanted)", {"view": view, **own})
        page.wait_for_function(_STANDS, arg=view)
        page.wait_for_function(SETTLED)
        fits_its_window(page, view)
        scope = ":is(.tk-top, .tk-side, .tk-bar, .tk-tabs, .tk-view:not([hidden]))"
        for check in (CUT, OVERLAPS, STRETCHED):
            if bad := page.evaluate(check, scope):
                found.setdefault(view, []).extend(bad)
        if view == "metrics":
            used = page.evaluate(
                "() => { const grid = [...document.querySelectorAll('.tk-view.metrics .tk-grid')]"
                ".find((each) => each.checkVisibility()); const tracks = "
                "getComputedStyle(grid).gridTemplateColumns.split(' ').map(parseFloat); "
                "return [tracks.reduce((sum, each) => sum + each, 0) / grid.clientWidth, Math.max(...tracks)]; }"
            )
            assert used[0] > 0.85, "a row of charts is as wide as the view"
            assert used[1] < 720
    assert found == {}


def test_nothing_moves_by_itself_for_who_asked_for_that(page, space, told):
    Training(space.url, PROJECT + " still", "alive").log([(0, {"loss": 1.0})])
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{space.url}/?project={PROJECT} still")
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    page.wait_for_function(SETTLED)
    page.wait_for_function("!document.getAnimations().some((one) => one.playState === 'running')")
