"""A metric over two parameters: what the surface says between experiments, what it does not, and its words."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.looks import CONTRAST, NAMELESS
from tests.browser.trainings import Training

pytestmark = pytest.mark.browser

# Heights of z = 1 + 2 x - 3 y over places of several kinds, and what the surface makes of them.
_RUN = """async () => {
  const { surfaceOf, heightAt, above } = await import("/lib/compare/surface.js");
  const { triangulated, turn } = await import("/lib/compare/delaunay.js");
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const plane = (x, y) => 1 + 2 * x - 3 * y;
  const at = (pairs) => pairs.map(([x, y]) => ({ x, y, z: plane(x, y) }));
  const range = (n) => Array.from({ length: n }, (_, i) => i / (n - 1));
  const clouds = {
    grid: at(range(7).flatMap((x) => range(5).map((y) => [x, y]))),
    circle: at([[0.5, 0.5], ...range(25).map((t) => [0.5 + 0.5 * Math.cos(6.283185307 * t), 0.5 + 0.5 * Math.sin(6.283185307 * t)])]),
    random: at(Array.from({ length: 400 }, () => [random(), random()])),
    four: at([[0, 0], [1, 0], [0, 1], [1, 1]]),
    many: at(Array.from({ length: 5000 }, () => [random(), random()])),
  };
  const told = {};
  for (const [name, points] of Object.entries(clouds)) {
    const surface = surfaceOf(points);
    let [worst, inside] = [0, 0];
    for (let i = 0; i < 300; i++) {
      const [x, y] = [random(), random()];
      const height = heightAt(surface, x, y);
      if (height === null) continue;
      inside++;
      worst = Math.max(worst, Math.abs(height - plane(x, y)));
    }
    const area = (corners) => Math.abs(corners.reduce((sum, a, i) => sum + a.x * corners[(i + 1) % corners.length].y - a.y * corners[(i + 1) % corners.length].x, 0)) / 2;
    const all = surface.triangles.map((numbers) => numbers.map((i) => surface.spots[i]));
    const whole = all.reduce((sum, corners) => sum + area(corners), 0);
    const { areas, lines } = above(surface, 0.5);
    told[name] = { worst, inside, whole, triangles: all.length, spots: surface.spots.length, places: surface.places,
      high: areas.reduce((sum, corners) => sum + area(corners), 0), line: lines.reduce((sum, [a, b]) => sum + Math.hypot(a.x - b.x, a.y - b.y), 0) };
  }
  const spots = Array.from({ length: 60 }, () => ({ x: Math.round(random() * 1e6), y: Math.round(random() * 1e6) }));
  const radius = (a, b, c) => { // the circle through three places
    const d = 2 * turn(a, b, c), f = (p) => (p.x - a.x) ** 2 + (p.y - a.y) ** 2;
    const x = ((c.y - a.y) * f(b) - (b.y - a.y) * f(c)) / d, y = ((b.x - a.x) * f(c) - (c.x - a.x) * f(b)) / d;
    return { x: a.x + x, y: a.y + y, r: Math.hypot(x, y) };
  };
  const circles = triangulated(spots).map((numbers) => radius(...numbers.map((i) => spots[i])));
  const line = surfaceOf(at(range(9).map((t) => [t, 0.2 + 0.7 * t])));
  const twice = surfaceOf([...clouds.four, { x: 0, y: 0, z: 3 }, { x: 0, y: 0, z: 5 }]);
  return { clouds: told, inCircles: circles.filter((o) => spots.some((p) => Math.hypot(p.x - o.x, p.y - o.y) < o.r * (1 - 1e-9))).length, circles: circles.length,
    line: line.triangles.length, three: surfaceOf(clouds.four.slice(1)).triangles.length, none: surfaceOf([]).triangles.length,
    twice: [twice.shared, twice.places, heightAt(twice, 0, 0)], outside: heightAt(surfaceOf(clouds.circle), 0.02, 0.02) };
}"""  # noqa: E501


def test_a_plane_is_met_exactly_and_nothing_is_said_outside_of_the_places(modules):
    told = modules.evaluate(_RUN)
    for name, cloud in told["clouds"].items():
        assert cloud["worst"] < 1e-6, name
        assert cloud["inside"] > 150, name
    clouds = told["clouds"]
    assert (clouds["grid"]["triangles"], clouds["four"]["triangles"]) == (48, 2)
    assert [clouds[name]["whole"] for name in ("grid", "four")] == pytest.approx([1, 1])
    # z >= 0.5 of the unit square: 3 y <= 0.5 + 2 x, a trapezium; its edge goes from (0, 1/6) to (1, 5/6)
    assert [clouds[name]["high"] for name in ("grid", "four")] == pytest.approx([0.5, 0.5])
    assert [clouds[name]["line"] for name in ("grid", "four")] == pytest.approx([(1 + 4 / 9) ** 0.5] * 2)
    assert (clouds["many"]["spots"], clouds["many"]["places"]) == (2000, 5000)
    assert told["circles"] > 60
    assert told["inCircles"] == 0  # Delaunay's condition
    assert (told["line"], told["three"], told["none"], told["outside"]) == (0, 0, 0, None)
    assert told["twice"] == [3, 4, pytest.approx(3)]  # 1, 3 and 5 at one place


_WORDS = """async () => {
  const { wordsOn } = await import("/lib/compare/levelwords.js");
  const line = (x) => Array.from({ length: 20 }, (_, i) => [{ x: x + i, y: i * 10 }, { x: x + i + 1, y: i * 10 + 10 }]);
  const levels = [{ words: "2.5", lines: line(50) }, { words: "3.0", lines: line(70) }, { words: "short", lines: [[{ x: 5, y: 5 }, { x: 9, y: 9 }]] }];
  return wordsOn(levels, [{ x: 60, y: 100 }], { left: 0, right: 300, top: 0, bottom: 200 }, () => 20);
}"""  # noqa: E501


def trained(space, name, values, *, project="contoured", **config):
    training = Training(space.url, project, name, config=config)
    training.log([(1, values)])
    training.finish()
    return training


def said(page):
    return page.locator(".tk-compare-part.contour .tk-compare-note").first


def choose(page, title, name):
    page.locator(".tk-compare-part.contour").get_by_title(title, exact=True).click()
    page.get_by_role("option", name=name, exact=True).click()


def test_a_contour_says_numbers_of_dots_and_between_them(page, space):
    for i in range(4):
        for j in range(3):
            trained(
                space, f"r{i}-{j}", {"eval/loss": 1 + i + j, "up": 3.0}, lr=10.0 ** (i - 5), wd=j / 10, kind="ab"[j % 2]
            )
    trained(space, "<b>again</b>", {"eval/loss": 3.0}, lr=1e-5, wd=0.0, kind="a")
    trained(space, "diverged", {"eval/loss": float("nan")}, lr=1e-4, wd=0.0, kind="a")
    trained(space, "lacks", {"eval/loss": 1.0}, lr=1e-4)
    page.goto(f"{space.url}/?project=contoured&view=compare&part=contour")
    expect(said(page)).to_contain_text("13 experiments at 12 places. Between neighbours the surface is a straight one")
    expect(said(page)).to_contain_text(
        "2 experiments share their place with others: the surface goes through their mean"
    )
    expect(said(page)).to_contain_text("Lowest eval/loss: 1, r0-0 at lr 1e−5, wd 0. Highest eval/loss: 6, r3-2 at")
    expect(said(page)).to_contain_text("2 experiments lack one of the three, or it is not finite.")
    scale = page.locator(".tk-scale")
    expect(scale).to_have_attribute("aria-label", re.compile("^eval/loss from 2 to 6, bands end at 2.5, 3.0, .*5.5$"))
    expect(scale).to_contain_text("lowest 2, highest 6")
    told = page.evaluate(
        _WORDS
    )  # numbers on the lines: of two lines that cross the field, clear of the dot and each other
    assert [each["words"] for each in told] == ["2.5", "3.0"]
    assert told[1]["y"] - told[0]["y"] > 20 or abs(told[1]["x"] - told[0]["x"]) > 30
    plane = page.get_by_role("application")
    plane.focus()
    page.keyboard.press("ArrowRight")
    here = page.locator(".contour .tk-visually-hidden[role=status]")
    expect(here).to_have_text(re.compile(r"^(r0-0|<b>again</b>): lr 1e−5, wd 0, eval/loss [13]$"))
    box = plane.bounding_box()
    assert box
    left, right, top, bottom = box["x"] + 72, box["x"] + box["width"] - 28, box["y"] + 24, box["y"] + box["height"] - 52
    page.mouse.move(
        left + (right - left) / 6, (top + bottom) / 2 - (bottom - top) / 4
    )  # the middle of a cell of the grid
    tip = page.locator(".contour .tk-tip")
    expect(tip).to_contain_text("Between experiments")
    expect(tip).to_contain_text(re.compile(r"eval/loss, about\s*3"))
    page.mouse.move(left, bottom)
    expect(tip).to_contain_text(re.compile("again|r0-0"))
    page.locator(".contour .tk-as-table summary").click()
    expect(page.locator(".contour .tk-as-table tbody tr")).to_have_count(13)
    expect(page.locator(".contour .tk-as-table")).to_contain_text("<b>again</b>")

    choose(page, "Height", "up")
    expect(page.locator(".tk-scale")).to_contain_text("3 everywhere")
    expect(page).to_have_url(re.compile("height=metric"))
    choose(page, "Up", "kind")
    expect(said(page)).to_contain_text("A surface lies over numbers; kind holds words.")
    expect(scale).to_be_hidden()
    choose(page, "Up", "lr")
    expect(said(page)).to_contain_text(
        "A surface needs at least 4 places that are not on one line; here are 12 experiments at 4 places, all on one"
    )
    choose(page, "Up", "wd")
    page.get_by_label("log x").uncheck()
    expect(page).to_have_url(re.compile("logs=.*up=config(:|%3A)wd"))
    page.reload()
    expect(page.get_by_label("log x")).not_to_be_checked()
    expect(said(page)).to_contain_text("12 experiments at 12 places")
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Scatter").click()
    expect(page.locator(".scatter .tk-sel").nth(1)).to_contain_text("wd")
    page.goto(f"{space.url}/?project=contoured&view=compare&part=contour&height=metric:nobody<b>")
    expect(said(page)).to_have_text("No experiment has nobody<b>.")
    page.goto(f"{space.url}/?project=contoured&view=compare&part=contour&search=r1-")
    expect(said(page)).to_contain_text("here are 3 experiments at 3 places. The dots stand where they are.")
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(NAMELESS) == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{space.url}/?project=contoured&view=compare&part=contour")
    expect(scale).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
