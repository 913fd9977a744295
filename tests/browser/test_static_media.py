"""Media on a page without a server: what the repo has a copy of, by step, and in words what it has not."""

from __future__ import annotations

import hashlib
import random
import time

import pytest
from playwright.sync_api import expect

from tests.browser.panels import pane, seen
from tests.browser.static_page import REPO, STATIC, deploy, drawn, recent, until
from tests.browser.told import ODD, as_json, png
from tests.browser.waiting import fits, holds, reads_well
from tests.hub.view_data import fill
from trackio_client.hub.files.gallery import MOST_OF_ONE
from trackio_client.hub.files.views import gallery_path

pytestmark = STATIC

PAGE = b"<p id=said>still</p><script>document.getElementById('said').textContent = 'ran'</script>"
WAVE = b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\x08\0data\x08\0\0\0" + bytes(
    range(120, 128)
)


def logged(world, one, kind, name, step, *files, **item):
    """One call of the training: (content, mime) each, or an item without a file."""
    items, cited = [], []
    for content, mime in files:
        blob = world.store.files.put(content, mime)
        items.append({"file": blob.sha256, "mime": mime, "bytes": blob.bytes, **item})
        cited.append(blob.cited())
    at = int(time.time() * 1e6)
    one.event(kind="media", media=kind, name=name, step=step, items=items or [item], blobs=cited, time_us=at)


def opened(world, page, one):
    """Push what there is and open its page."""
    url = deploy(world.hub, world.api)
    fill(world.store, one)
    world.push()
    page.goto(f"{url}?experiment={one.experiment_id}")
    drawn(page)
    return page


def picture(shade, width=28):
    return png(width, width, shade), "image/png"


def test_pictures_tables_pages_and_texts_are_shown_by_step_from_one_file_of_the_repo(world, page):
    one = recent(1)
    for step in (0, 10, 20):
        logged(world, one, "image", "val/digits", step, picture(step), picture(step + 1), caption=f"{ODD} {step}")
    logged(world, one, "table", "answers", 20, (as_json({"data": [[i, ODD] for i in range(300)]}), "application/json"),
           rows=300, columns=[{"name": "i"}, {"name": "text"}])  # fmt: skip
    logged(world, one, "html", "page", 20, (PAGE, "text/html"))
    logged(world, one, "markdown", "notes", 20, text=f"# Title\n\n{ODD}")
    logged(world, one, "histogram", "weights", 20, bins=[0, 1, 2], counts=[3, 4])
    logged(world, one, "audio", "sound", 20, (WAVE, "audio/wav"), sample_rate=8000, duration_s=0.001)
    world.hub.forget()
    opened(world, page, one)
    digits = seen(page, "val/digits")
    expect(digits).to_contain_text("step 20 · 3 of 3")
    expect(digits.locator("figcaption").first).to_have_text(f"{ODD} 20")
    is_there = "name => document.querySelector(`.tk-medium[aria-label='${name}'] img`)?.naturalWidth === 28"
    page.wait_for_function(is_there, arg="val/digits")
    digits.get_by_role("button", name="Step before").click()
    expect(digits).to_contain_text("step 10 · 2 of 3")
    expect(digits.locator("figcaption").first).to_have_text(f"{ODD} 10")
    page.wait_for_function(is_there, arg="val/digits")
    table = seen(page, "answers")
    table.get_by_label("Search rows of answers").fill("299")
    expect(table.locator("tbody td").nth(1)).to_have_text(ODD)
    frame = seen(page, "page")
    expect(frame.frame_locator("iframe").locator("#said")).to_have_text("still")
    expect(frame.get_by_role("button", name="Run its scripts")).to_have_count(0)
    expect(seen(page, "notes").locator("h3")).to_have_text("Title")
    expect(seen(page, "weights").locator("canvas")).to_be_visible()
    sound = seen(page, "sound").locator("audio")
    sound.evaluate("each => { each.preload = 'auto'; each.load(); }")
    page.wait_for_function("() => document.querySelector('audio').readyState >= 1")
    expect(page.locator(".tk-media-lacks")).to_be_hidden()
    asked = [seen["request"] for seen in world.data() if ".media" in seen["request"] and "/resolve/" in seen["request"]]
    assert len(asked) == 1


def test_what_is_not_in_the_copy_is_named_with_its_size_and_where_it_lies(world, page):
    one = recent(1)
    chance = random.Random(1)
    for step in range(30):
        logged(world, one, "image", "val/noise", step, (picture(step)[0] + chance.randbytes(100_000), "image/png"))
    logged(world, one, "video", "film", 3, (chance.randbytes(MOST_OF_ONE + 1), "video/mp4"), caption="too large")
    opened(world, page, one)
    lacks = page.locator(".tk-media-lacks")
    expect(lacks).to_contain_text("Not in this page's copy: 10 steps and 11 files (1.53 MB).")
    expect(lacks).to_contain_text(f"All of it is in {REPO}: trackio-client pull {REPO}")
    film = seen(page, "film")
    expect(film).to_contain_text("too large: its file is not in this page's copy")
    expect(film).to_contain_text(REPO)
    expect(seen(page, "val/noise")).to_contain_text("step 29 · 20 of 20")


def test_steps_come_with_a_push_while_the_page_is_open_and_the_chosen_one_stays(world, page):
    one = recent(1, end=None)
    for step in (0, 1):
        logged(world, one, "image", "val/digits", step, picture(step), caption=f"at {step}")
    opened(world, page, one)
    digits = seen(page, "val/digits")
    digits.get_by_role("button", name="Step before").click()
    expect(digits.locator("figcaption")).to_have_text("at 0")
    for step in (2, 3):
        logged(world, one, "image", "val/digits", step, picture(step), caption=f"at {step}")
        one.step(60 + step, 0.5, 1e-5, 1.0, 0.3, time_us=int(time.time() * 1e6))
    fill(world.store, one)
    assert gallery_path(one.experiment_id) in world.push(one.experiment_id)
    expect(digits).to_contain_text("step 0 · 1 of 4")
    expect(digits.locator("figcaption")).to_have_text("at 0")


def test_a_copy_that_is_damaged_or_gone_leaves_the_page_whole_and_comes_with_a_later_look(world, page):
    one = recent(1)
    logged(world, one, "image", "val/digits", 0, picture(3), caption="here")
    world.hub.fault("GET /datasets/.*\\.media", times=2, status=500)
    opened(world, page, one)
    expect(page.locator(".tk-summary")).to_contain_text("train/loss")
    until(lambda: len([each for each in world.data() if ".media" in each["request"]]) > 2)
    expect(pane(page, "val/digits")).to_be_attached()
    expect(seen(page, "val/digits").locator("figcaption")).to_have_text("here")


def test_an_experiment_without_media_asks_for_none(world, page):
    opened(world, page, recent(1))
    expect(page.locator(".tk-summary")).to_contain_text("train/loss")
    expect(page.locator(".tk-media")).to_be_hidden()
    assert not [each for each in world.data() if ".media" in each["request"]]


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_it_fits_a_phone_and_is_walked_with_the_keyboard(world, page, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    one = recent(1)
    for step in range(3):
        logged(world, one, "image", "val/digits", step, picture(step, 400), caption=hashlib.sha256(b"x").hexdigest())
    opened(world, page, one)
    digits = seen(page, "val/digits")
    digits.get_by_role("slider").focus()
    page.keyboard.press("Home")
    expect(digits).to_contain_text("step 0 · 1 of 3")
    expect(digits.get_by_role("slider")).to_have_attribute("aria-valuetext", "step 0, 1 of 3")
    holds(lambda: digits.evaluate("each => each.getBoundingClientRect().right") <= width)
    reads_well(page)
    fits(page)


def test_media_of_several_experiments_stand_side_by_side_without_a_server(world, page):
    url = deploy(world.hub, world.api)
    for number in (1, 2):
        one = recent(number)
        for step in (0, 10):
            logged(world, one, "image", "val/digits", step, picture(step + number), caption=f"{ODD} {number}/{step}")
        fill(world.store, one)
    world.push()
    page.goto(f"{url}?view=media")
    cells = page.locator(".tk-view.media .tk-cell")
    expect(cells).to_have_count(2)
    expect(cells.locator("figcaption")).to_have_text([f"{ODD} {number}/10" for number in (2, 1)])
    page.wait_for_function("() => document.querySelector('.tk-cell img')?.naturalWidth === 28")
    cells.first.locator(".tk-cell-open").click()
    expect(page.get_by_role("dialog")).to_contain_text("val/digits · step 10")
