# ruff: noqa: E501 (scripts for the browser)
"""Light and dark, wide and narrow, by keyboard, zoomed, without motion: the page stays whole and readable."""

from __future__ import annotations

import datetime
import re

import pytest
from playwright.sync_api import expect

from tests.browser.looks import CONTRAST
from tests.browser.trainings import trained
from tests.browser.waiting import becomes

pytestmark = pytest.mark.browser

_SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def project(space):
    for i, state in enumerate(("finished", "failed", "interrupted", None)):
        trained(space.url, "looks", f"run-{i}", steps=40, state=state, system=True, started_s=1_790_000_000 + i)
    return "looks"


def open_at(page, space, project, view=""):
    page.goto(f"{space.url}/?project={project}{view}")
    expect(page.locator(".tk-row").first).to_be_attached()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", ["", "&view=table"])
def test_text_has_contrast_in_both_themes(page, space, project, theme, view):
    page.emulate_media(color_scheme=theme)
    open_at(page, space, project, view)
    expect(page.locator(".tk-chart-values, .tk-table .tk-pin a").first).not_to_be_empty()
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    becomes(lambda: page.evaluate(CONTRAST), [])


def test_lines_have_three_to_one_on_both_grounds(page, space, project):
    open_at(page, space, project)
    ratios = page.evaluate(
        """async () => { const { PALETTE } = await import('/lib/base/colors.js');
        const rgb = (h) => [1, 3, 5].map((i) => parseInt(h.slice(i, i + 2), 16) / 255);
        const lum = (h) => { const [r, g, b] = rgb(h).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const ratio = (a, b) => (Math.max(lum(a), lum(b)) + 0.05) / (Math.min(lum(a), lum(b)) + 0.05);
        return [...PALETTE.light.map((c) => ratio(c, '#ffffff')), ...PALETTE.dark.map((c) => ratio(c, '#151a20'))]; }"""
    )
    assert len(ratios) == 20
    assert min(ratios) >= 3


def test_the_theme_is_chosen_and_remembered(page, space, project):
    open_at(page, space, project)
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("option", name="Dark").click()
    page.wait_for_function("getComputedStyle(document.querySelector('.tk')).backgroundColor === 'rgb(14, 17, 21)'")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize("width", [390, 720, 1024, 1440])
@pytest.mark.parametrize("view", ["", "&view=system", "&view=table", "&experiment="])
def test_nothing_stands_out_at_the_side(page, space, project, width, view):
    if view == "&experiment=":
        open_at(page, space, project)
        view += page.locator(".tk-row").first.get_attribute("data-id")
    page.set_viewport_size({"width": width, "height": 844})
    open_at(page, space, project, view)
    expect(page.locator(".tk-chart, .tk-table").first).to_be_visible()
    becomes(lambda: page.evaluate(_SIDEWAYS), 0)
    over = "() => [...document.querySelectorAll('.tk-top > *, .tk-bar > *, .tk-tabs > [aria-current], .tk-body > *')].filter((e) => e.offsetParent && e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.className)"
    becomes(lambda: page.evaluate(over), [])
    if "table" in view:  # none of its buttons is left over on a line of its own
        lines = "() => new Set([...document.querySelectorAll('.tk-table-tools > .tk-btn')].filter((e) => e.offsetParent).map((e) => e.offsetTop)).size"
        becomes(lambda: page.evaluate(lines), 1)


def test_on_a_phone_list_and_controls_are_sheets(page, space, project):
    page.set_viewport_size({"width": 390, "height": 844})
    open_at(page, space, project)
    expect(page.locator(".tk-side")).to_be_hidden()
    page.locator(".tk-sheet-button").click()
    expect(page.locator(".tk-side")).to_be_visible()
    page.locator(".tk-row input").first.click()
    page.get_by_role("button", name="Done").click()
    expect(page.locator(".tk-side")).to_be_hidden()
    expect(page.locator(".tk-sheet-button")).to_have_text("3 of 4 experiments")
    page.get_by_role("button", name="Axes, smoothing").click()
    expect(page.get_by_text("Log y")).to_be_visible()


def test_controls_change_the_charts_and_are_remembered(page, space, project):
    open_at(page, space, project)
    page.get_by_label("Log y").check()
    page.get_by_label("Amount of smoothing").fill("0.9")
    page.locator(".tk-controls .tk-sel").first.click()
    page.get_by_role("option", name="relative time").click()
    page.wait_for_url("**x=relative**")
    expect(page).to_have_url(re.compile("log=1"))
    expect(page).to_have_url(re.compile("smooth=ema:0.9"))
    page.goto(f"{space.url}/?project={project}")
    expect(page.get_by_label("Log y")).to_be_checked()
    expect(page.locator(".tk-controls .tk-sel").first).to_have_text("relative time")


def test_everything_is_reached_by_tab_with_a_visible_focus(page, space, project):
    open_at(page, space, project)
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                "() => { const e = document.activeElement; if (e === document.body) return ['', true]; const s = getComputedStyle(e); const f = e.closest('.tk-field'); return [e.getAttribute('aria-label') || e.textContent.trim().slice(0, 20) || e.className, s.outlineStyle !== 'none' || (f && getComputedStyle(f).boxShadow !== 'none')]; }"
            )
        )
    words = [word for word, _ in seen]
    for wanted in (
        "Search experiments",
        "Theme",
        "Keyboard and help",
        "Metrics",
        "Table",
        "Amount of smoothing",
        "Filter metrics",
    ):
        assert any(wanted in word for word in words), f"{wanted} is not reached: {words}"
    assert all(focus for word, focus in seen if word), [word for word, focus in seen if not focus]


def test_help_lists_the_keys_and_closes(page, space, project):
    open_at(page, space, project)
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_contain_text("search experiments")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)


def test_at_twice_the_size_all_is_still_there(page, space, project):
    page.set_viewport_size({"width": 720, "height": 450})  # 1440 × 900 at 200 %
    open_at(page, space, project)
    expect(page.locator(".tk-chart").first).to_be_visible()
    expect(page.get_by_role("link", name="Table")).to_be_visible()
    expect(page.locator(".tk-sheet-button")).to_be_visible()


def test_times_are_of_the_readers_zone_and_hover_tells_them_in_utc(browser, space, project):
    context = browser.new_context(timezone_id="Asia/Kolkata", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    open_at(page, space, project)
    own = "trackioPage.shell.state.get('experiments').find((row) => row.name === 'run-0')"
    began_s, ident = page.evaluate(f"[{own}.created_s, {own}.id]")
    began = datetime.datetime.fromtimestamp(began_s, datetime.UTC)
    there = began + datetime.timedelta(hours=5, minutes=30)
    open_at(page, space, project, f"&experiment={ident}")
    since = page.locator(f'.tk-facts [title="{began:%Y-%m-%dT%H:%M:%SZ}"]')
    expect(since).to_have_text(re.compile(rf"^Since {there.day} \w+ {there.year}, {there:%H:%M}$"))
    # Ticks of wall time stand at round times of the reader's clock, which are none of UTC.
    ticks = """async (from) => { const { clockTicks, formatMoment } = await import('/lib/charts/scales.js');
      const { ticks, text } = clockTicks(from, from + 5 * 3600, 5);
      return [ticks.map(text), formatMoment(from)]; }"""
    words, moment = page.evaluate(ticks, began_s)
    assert words == ["20:00", "21:00", "22:00", "23:00", "22 Sep"]
    assert f"{there:%H:%M:%S}" in moment
    open_at(page, space, project, "&view=table&columns=created")
    expect(page.locator(f'.tk-table [title="{began:%Y-%m-%dT%H:%M:%SZ}"]')).to_contain_text(f"{there:%H:%M}")
    context.close()


def test_without_motion_nothing_pulses(page, space, project):
    page.emulate_media(reduced_motion="reduce")
    open_at(page, space, project)
    assert page.locator(".tk-pulse").first.evaluate("el => getComputedStyle(el).animationName") == "none"


def test_the_page_asks_nobody_else(page, space, project):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    open_at(page, space, project)
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    page.wait_for_function("() => document.querySelector('gradio-app > *') !== null")
    assert [url for url in asked if not url.startswith((space.url, "data:", "blob:"))] == []
