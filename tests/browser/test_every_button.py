# ruff: noqa: E501 (scripts for the browser)
"""Every button of every view and page is pressed, and every entry of the menus that they open: each does something, none fails.

What one does is tested where it belongs; here none is forgotten, for they are found on the page itself.
"""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.pressing import STANDS, press
from tests.browser.static_page import STATIC, deploy, drawn, recent
from tests.browser.told import evaluation, file, media, png
from tests.browser.trainings import trained
from tests.hub.view_data import fill

pytestmark = [pytest.mark.browser, pytest.mark.requirement("S1.80")]

PROJECT = "pressed"


@pytest.fixture(scope="module")
def told(space):
    """Two experiments that ended and one that runs, with all that a page shows."""
    made = []
    for i, state in enumerate(("finished", "failed", None)):
        training = trained(
            space.url, PROJECT, f"one-{i}", steps=40, state=None, system=True, wave=i, tags=["a tag"], group="g",
            notes="**A note**", config={"lr": 10.0**-i, "model": {"layers": 2}, "seed": i},
        )  # fmt: skip
        for number in (1, 2):
            evaluation(training, number, 0.5 / number, 0.4 * number)
        for step in (0, 10):
            picture = file(training, png(28, 28, 40 + step), "image/png") | {"width": 28, "height": 28}
            media(training, "image", "val/samples", step, picture, picture)
            media(training, "histogram", "weights", step, {"bins": [0, 1, 2], "counts": [step + 1, 3]})
        if state:
            training.finish(state)
        made.append(training.experiment_id)
    binned = trained(space.url, PROJECT, "in the bin", steps=3)
    httpx.delete(f"{space.url}/v1/experiments/{binned.experiment_id}", timeout=60, trust_env=False).raise_for_status()
    return made


@pytest.fixture
def whole(page):
    """A page whose scripts do not fail, and that asks nothing by a dialog of the browser's own."""
    failed = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.on("dialog", lambda dialog: dialog.dismiss())
    yield page
    assert failed == []


def test_every_button_does_something_and_none_fails(whole, space, told):
    page = whole
    page.goto(f"{space.url}/?project={PROJECT}")
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    views = page.evaluate("import('/lib/shell/views.js').then(({ VIEWS }) => Object.keys(VIEWS))")
    dead, count, pressed = {}, {}, set()
    for scope, view, experiment in [
        (".tk-top", "metrics", None),
        (".tk-side", "metrics", None),
        (".tk-controls", "metrics", None),
        *((f".tk-view.{view}", view, told[0] if view == "experiment" else None) for view in views),
        (".tk-view.experiment", "experiment", told[2]),  # that runs: what it has besides
    ]:
        page.evaluate("localStorage.clear()")  # what one press folded away is there for the next
        page.goto(f"{space.url}/?project={PROJECT}")
        expect(page.locator(".tk-row").first).to_be_visible()
        own = {"experiment": experiment} if experiment else {}
        page.evaluate("(wanted) => trackioPage.shell.ask(wanted)", {"view": view, **own})
        page.wait_for_function(STANDS, arg=view)
        skip = sorted(pressed) if experiment == told[2] else None
        found = press(page, scope, view, skip=skip, **own)
        pressed |= {part for each in found["told"] for part in each.split(" > ")}
        count[scope, experiment] = len(found["told"])
        if found["dead"]:
            dead[scope] = found["dead"]
    assert dead == {}
    assert min(each for (_, experiment), each in count.items() if experiment != told[2]) >= 1, count
    assert sum(count.values()) >= 300, count
    assert any("Save" in each or "PNG" in each for each in pressed), "the whole menu of a chart"


@pytest.mark.parametrize("kind", ["share", "embed", "file", "manage", "configuration"])
def test_every_button_of_pages_of_their_own_does_something(whole, space, told, tmp_path, kind):
    page = whole
    link = httpx.post(f"{space.url}/v1/shares", json={"experiments": told[:2]}, timeout=60, trust_env=False).json()
    file = tmp_path / "two.html"
    if kind == "file":
        wish = {"experiment": told[:2], "state": "filter=train/loss"}
        raw = httpx.get(f"{space.url}/v1/snapshot.html", params=wish, timeout=60, trust_env=False).content
        file.write_bytes(raw)
    # One chart of many: each has the same menu.
    own = {"share": f"{link['address']}?filter=train/loss", "embed": f"{link['embed']}?metric=train/loss"}
    own["file"] = file.as_uri()
    page.goto(own.get(kind) or f"{space.url}/{kind}/")
    stands = {"manage": "#listed table", "configuration": "#settings table"}
    expect(page.locator(stands.get(kind, ".tk-chart-values b")).first).to_be_visible()
    found = press(page, "body")
    assert found["dead"] == []
    assert len(found["told"]) >= {"embed": 8, "manage": 5, "configuration": 3}.get(kind, 20), found["told"]


@STATIC[2]
def test_every_button_of_a_page_without_a_server_does_something(world, whole):
    page = whole
    fill(world.store, recent(1), recent(2, end=None))
    url = deploy(world.hub, world.api)
    world.push()
    for scope in (".tk-side", ".tk-top", ".tk-view.metrics"):
        page.goto(f"{url}?filter=loss")
        page.evaluate("localStorage.clear()")
        drawn(page)
        found = press(page, scope)
        assert found["dead"] == [], scope
        assert found["told"], scope


def test_a_menu_at_the_end_of_the_window_opens_upwards(modules):
    """What stands below the window nobody can press."""
    place = modules.evaluate(
        """async () => {
          const { openMenu } = await import("/lib/base/menu.js");
          const button = document.body.appendChild(document.createElement("button"));
          button.style.cssText = "position: fixed; left: 20px; bottom: 8px; height: 24px";
          const items = Array.from({ length: 12 }, (_, i) => ({ value: `${i}`, label: `entry ${i}` }));
          const menu = openMenu(button, { title: "entries", items, choose: () => {} });
          menu.style.position = "fixed";
          await new Promise((done) => setTimeout(done, 50));
          const { top, bottom } = menu.getBoundingClientRect();
          const found = { top, bottom, button: button.getBoundingClientRect().top };
          menu.remove(), button.remove();
          return found;
        }"""
    )
    assert 0 <= place["top"] < place["bottom"] <= place["button"]
