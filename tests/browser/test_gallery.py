# ruff: noqa: E501 (scripts for the browser)
"""The Media view: media of several experiments side by side, by name, by step, in groups; lazily, by mouse and by keys."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.told import ODD, file, media, png
from tests.browser.trainings import Training, trained

pytestmark = pytest.mark.browser


def sample(training, name, step, count=1, **more):
    pictures = [file(training, png(28, 28, 40 + step + i), "image/png") for i in range(count)]
    items = [p | {"width": 28, "height": 28, "caption": f"{ODD} {step}/{i}", **more} for i, p in enumerate(pictures)]
    media(training, "image", name, step, *items)


@pytest.fixture(scope="module")
def project(space):
    """Three experiments with pictures, one without; the second stopped early."""
    for i, name in enumerate(("first", "second", ODD)):
        training = Training(space.url, "gallery", name, config={"lr": 0.1 if i else 0.5})
        for step in (0, 10, 20) if i != 1 else (0, 5):
            sample(training, "val/samples", step, count=2)
        if i != 2:
            box = {"box": [0.25, 0.5, 0.75, 1.0], "class_id": 1, "caption": "cat"}
            sample(training, "val/boxes", 0, boxes={"found": {"boxes": [box], "classes": {}}})
        media(training, "histogram", "weights", 0, {"bins": [0, 1, 2], "counts": [1, 3]})
        media(training, "markdown", "notes", 10, {"text": f"**said** {ODD}"})
        training.finish()
    trained(space.url, "gallery", "without", steps=3)
    return f"{space.url}/?project=gallery&view=media"


def cells(page):
    return page.locator(".tk-view.media .tk-cell")


def query(page):
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def choose(page, title, *names):
    page.locator(f".tk-view.media button[title='{title}']").click()
    for name in names:
        page.locator(".tk-menu-row", has=page.get_by_text(name, exact=True)).click()
    if title == "Names":
        page.keyboard.press("Escape")


def test_pictures_of_all_ticked_experiments_stand_side_by_side_from_two_questions(page, project):
    asked = []
    page.on("request", lambda request: asked.append(request.url.split("/v1/")[1]) if "/v1/" in request.url else None)
    page.goto(project)
    expect(cells(page)).to_have_count(3)
    expect(cells(page).locator("img")).to_have_count(6)
    expect(cells(page).locator(".tk-wall-name")).to_have_text([ODD, "second", "first"])  # the newest first
    expect(cells(page).nth(1)).to_contain_text("step 5, 2 items")
    expect(cells(page).nth(0).locator("figcaption").first).to_have_text(f"{ODD} 20/0")
    expect(page.locator(".tk-view.media .tk-labels-told")).to_have_text("3 of 4 experiments")
    assert (asked.count("media"), asked.count("contents")) == (1, 1)
    assert not [url for url in asked if "/index" in url]


def test_a_step_shows_what_was_logged_last_up_to_it_and_stands_in_the_address(page, project):
    page.goto(f"{project}&upto=15")
    expect(cells(page)).to_have_count(3)
    expect(cells(page).nth(0)).to_contain_text("step 10")
    expect(cells(page).nth(1)).to_contain_text("step 5")
    slider = page.get_by_role("slider", name="Step")
    expect(slider).to_have_attribute("aria-valuetext", "up to 10")
    slider.focus()
    page.keyboard.press("Home")
    expect(cells(page).nth(1)).to_contain_text("step 0")
    page.wait_for_url(re.compile("upto=0"))
    page.keyboard.press("End")
    expect(cells(page).nth(0)).to_contain_text("step 20")
    page.wait_for_function("() => !location.search.includes('upto')")


def test_names_ways_and_sizes_are_chosen_and_back_takes_them_back(page, project):
    page.goto(project)
    expect(cells(page)).to_have_count(3)
    choose(page, "Names", "val/boxes", "notes")
    expect(cells(page)).to_have_count(8)  # 3 samples, 2 boxes, 3 notes
    expect(cells(page).locator(".tk-image-box")).to_have_text(["cat", "cat"])
    expect(cells(page).locator(".tk-prose").first).to_contain_text(f"said {ODD}")
    choose(page, "Arrange", "experiment × name")
    expect(page.locator(".tk-wall-table thead th")).to_have_text(["experiment", "val/samples", "val/boxes", "notes"])
    expect(page.locator(".tk-wall-table tbody tr").first.locator(".tk-cell.none")).to_have_text("–")  # logged no boxes
    choose(page, "Size", "large")
    page.wait_for_url(re.compile("pictures=large"))
    assert unquote(query(page)["media"]) == "val/samples,val/boxes,notes"
    page.go_back()
    expect(page.locator(".tk-wall-table")).to_have_count(0)
    expect(cells(page)).to_have_count(8)
    page.goto(f"{project}&media=val/samples&arranged=steps")
    expect(page.locator(".tk-wall-table thead th")).to_have_text(
        ["experiment", "step 0", "step 5", "step 10", "step 20"]
    )
    expect(cells(page).locator(".tk-cell-open")).to_have_count(8)
    page.goto(f"{project}&arranged=groups&setting=lr")
    expect(page.locator(".tk-wall-title")).to_have_text(["lr = 0.1 2 experiments", "lr = 0.5 1 experiment"])
    page.goto(f"{project}&media=none/such")
    expect(page.locator(".tk-view.media .tk-labels-told")).to_contain_text("no ticked experiment logged “none/such”")


def test_keys_walk_among_cells_and_through_the_large_view(page, project):
    page.goto(f"{project}&arranged=steps&media=val/samples")
    expect(cells(page).locator("img").first).to_be_visible()
    first = cells(page).locator(".tk-cell-open").first
    first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".tk-cell-open:focus")).to_have_attribute(
        "aria-label", f"val/samples, {ODD}, step 10: open large"
    )
    page.keyboard.press("ArrowDown")
    expect(page.locator(".tk-cell-open:focus")).to_have_attribute(
        "aria-label", re.compile("second, step 5|first, step 10")
    )
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("val/samples · step 0 · 1 of 2")
    before, after = (dialog.get_by_role("button", name=name) for name in ("The one before", "The next one"))
    expect(before).to_be_disabled()  # nothing stands before the first
    expect(after).to_be_enabled()
    page.keyboard.press("ArrowRight")
    expect(dialog).to_contain_text("step 0 · 2 of 2")
    expect(before).to_be_enabled()
    page.keyboard.press("ArrowRight")
    expect(dialog).to_contain_text("step 10 · 1 of 2")
    page.keyboard.press("ArrowLeft")
    expect(dialog).to_contain_text("step 0 · 2 of 2")
    with page.expect_download() as download:
        dialog.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "samples.png"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator(".tk-cell-open:focus")).to_have_attribute("aria-label", re.compile("step 10"))
    cells(page).locator(".tk-picture").nth(1).click()
    expect(page.get_by_role("dialog")).to_contain_text("2 of 2")


def test_hundreds_of_cells_are_paged_and_nothing_out_of_sight_is_fetched(page, space):
    for i in range(70):
        training = Training(space.url, "gallery-many", f"run-{i:02}")
        sample(training, "val/x", i)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": 1000, "height": 600})
    page.goto(f"{space.url}/?project=gallery-many")
    page.evaluate(
        "() => trackioPage.shell.experiments.tickListed(trackioPage.shell.state.get('experiments').map((e) => e.id))"
    )
    page.evaluate("() => trackioPage.shell.ask({ view: 'media', mediaSize: 'large' })")
    expect(cells(page)).to_have_count(60)
    expect(cells(page).locator("img").first).to_be_visible()
    assert len({url for url in asked if "/blobs/" in url}) < 30
    page.get_by_role("button", name="Show 10 more of 10").click()
    expect(cells(page)).to_have_count(70)
    last = cells(page).last
    expect(last.locator("img")).to_have_count(0)
    last.scroll_into_view_if_needed()
    expect(last.locator("img")).to_be_visible()


def test_who_logged_nothing_is_told_what_to_log_and_a_server_that_is_away_is_named(page, space, project):
    trained(space.url, "gallery-none", "quiet", steps=3)
    page.goto(f"{space.url}/?project=gallery-none&view=media")
    expect(page.locator(".tk-view.media h1")).to_have_text("The ticked experiments logged no media")
    expect(page.locator(".tk-view.media pre")).to_contain_text("trackio.Image(")
    page.route("**/v1/media", lambda route: route.fulfill(status=503, body="{}"))
    page.goto(project)
    expect(page.locator(".tk-view.media").get_by_role("button", name="Try again")).to_be_visible()
    page.unroute("**/v1/media")
    page.get_by_role("button", name="Try again").click()
    expect(cells(page)).to_have_count(3)


def test_a_phone_has_room_for_all_of_it(page, project):
    page.set_viewport_size({"width": 390, "height": 844})
    for more in ("", "&arranged=names&media=val/samples,notes,weights", "&arranged=steps"):
        page.goto(project + more)
        expect(cells(page).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        out = """() => [...document.querySelectorAll('.tk-view.media .tk-labels-bar *')]
          .filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > 391).length"""
        assert page.evaluate(out) == 0
