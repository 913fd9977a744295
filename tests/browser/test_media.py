"""Media that a training logged, walked through by step on its page: lazily, safely, by mouse and by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.panels import open_experiment, pane, seen
from tests.browser.told import ODD, as_json, file, media, png
from tests.browser.trainings import Training, curve

pytestmark = pytest.mark.browser

PAGE = (
    b"<p id=said>still</p><script>document.getElementById('said').textContent = 'ran';"
    b"try { parent.document.title = 'taken' } catch (e) {} fetch('/v1/projects').catch(() => {})</script>"
)
ROWS = [[i, i % 7 / 2, f"row {i} {ODD}"] for i in range(5000)]
COLUMNS = [{"name": name, "type": "number"} for name in ("i", "value", "text")]


@pytest.fixture(scope="module")
def training(space):
    training = Training(space.url, "media", "all-kinds")
    training.log([(step, curve(step)) for step in range(40)])
    for step in (0, 10, 20, 30):
        pictures = [
            {**file(training, png(28, 28, step * 8 + i), "image/png"), "caption": f"{ODD} {step}/{i}"} for i in range(2)
        ]
        media(training, "image", "val/digits", step, *(p | {"width": 28, "height": 28} for p in pictures))
        counts = [step + 1, 5, 2]
        media(training, "histogram", "weights", step, {"bins": [0, 1, 2, 3], "counts": counts})
    box = {"box": [0.25, 0.5, 0.75, 1.0], "class_id": 1, "caption": ODD}
    mask = file(training, png(40, 20, 1), "image/png") | {"classes": {"1": "sky"}}
    boxed = file(training, png(40, 20, 90), "image/png") | {"width": 40, "height": 20}
    boxed |= {"boxes": {"found": {"boxes": [box], "classes": {"1": "cat"}}}, "masks": {"truth": mask}}
    media(training, "image", "val/boxes", 12, boxed)
    rows = file(training, as_json({"data": ROWS}), "application/json")
    media(training, "table", "answers", 30, {"rows": 5000, "rows_given": 1_000_000, "columns": COLUMNS, **rows})
    media(training, "html", "page", 30, file(training, PAGE, "text/html"))
    media(
        training,
        "markdown",
        "notes",
        30,
        {"text": f"# Title\n\n**bold** {ODD} [x](javascript:alert(1)) [y](https://e.org)"},
    )
    spans = [
        {"id": "a", "name": "agent", "start_time": 0, "end_time": 2},
        {"id": "b", "parent_id": "a", "name": ODD, "start_time": 1, "end_time": 2, "usage": {"total_tokens": 41}},
    ]
    media(
        training,
        "trace",
        "trace",
        30,
        {"messages": [{"role": "user", "content": ODD}], "spans": spans, "span_count": 2},
    )
    obj = b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"
    media(training, "object3d", "shape", 30, file(training, obj, "model/obj") | {"format": "obj"})
    figure = as_json({"data": [{"y": [1, 3, 2]}], "layout": {"title": {"text": "a figure"}}})
    media(training, "plotly", "figure", 30, file(training, figure, "application/json"))
    media(training, "image", "broken", 30, {"caption": "gone", "not_kept": "Pillow cannot read it"})
    training.finish()
    return training


@pytest.fixture
def opened(page, space, training):
    return open_experiment(page, space.url, training.experiment_id, "val/digits")


def test_pictures_are_walked_by_step_with_the_keyboard_and_others_follow(opened):
    digits = seen(opened, "val/digits")
    expect(digits.locator("img")).to_have_count(2)
    expect(digits.locator("figcaption").first).to_have_text(f"{ODD} 30/0")
    expect(digits).to_contain_text("step 30 · 4 of 4")
    digits.get_by_role("slider").focus()
    opened.keyboard.press("Home")
    expect(digits).to_contain_text("step 0 · 1 of 4")
    expect(digits.locator("figcaption").first).to_have_text(f"{ODD} 0/0")  # the bar is ahead of the picture
    opened.keyboard.press("ArrowRight")
    expect(digits).to_contain_text("step 10 · 2 of 4")
    expect(digits.locator("figcaption").first).to_have_text(f"{ODD} 10/0")
    opened.wait_for_function(  # the picture of now: it is made anew while the panel is drawn
        "name => document.querySelector(`.tk-medium[aria-label='${name}'] img`)?.naturalWidth === 28",
        arg="val/digits",
    )
    digits.locator(".tk-picture").first.click()
    expect(opened.get_by_role("dialog")).to_contain_text("28 × 28")
    opened.keyboard.press("Escape")
    expect(opened.get_by_role("dialog")).to_have_count(0)


def test_nothing_is_fetched_before_it_is_seen(page, space):
    training = Training(space.url, "media-many", "two dozen")
    pictures = [file(training, png(8, 8, number), "image/png") for number in range(24)]
    for number, picture in enumerate(pictures):
        media(training, "image", f"val/{number:02}", 0, picture | {"width": 8, "height": 8})
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{space.url}/?experiment={training.experiment_id}")
    expect(pane(page, "val/23")).to_be_attached()
    seen(page, "val/00")
    expect(pane(page, "val/00").locator("img")).to_be_visible()
    last = pictures[23]["file"]
    assert not any(last in url for url in asked)
    with page.expect_request(lambda request: last in request.url):
        seen(page, "val/23")
    expect(pane(page, "val/23").locator("img")).to_be_visible()


def test_boxes_and_masks_lie_where_they_belong_and_are_switched_off(opened):
    boxes = seen(opened, "val/boxes")
    box = boxes.locator(".tk-image-box")
    expect(box).to_have_text(ODD)
    opened.wait_for_function(  # once the picture has its size; both asked for in one moment
        """() => { const panel = document.querySelector('.tk-medium[aria-label="val/boxes"]');
        const of = (each) => panel.querySelector(each)?.getBoundingClientRect();
        const [frame, at] = [of('.tk-picture'), of('.tk-image-box')];
        return frame?.height > 0 && Math.abs((at.x - frame.x) / frame.width - 0.25) < 0.02
            && Math.abs(at.height / frame.height - 0.5) < 0.05; }"""
    )
    expect(boxes.locator("canvas.tk-image-mask")).to_have_count(1)
    boxes.get_by_label("box: found").uncheck()
    expect(box).to_have_count(0)
    boxes.get_by_label("mask: truth").uncheck()
    expect(boxes.locator("canvas.tk-image-mask")).to_have_count(0)


def test_a_table_of_thousands_is_sorted_searched_and_never_all_in_the_page(opened):
    table = seen(opened, "answers")
    expect(table).to_contain_text("5,000 rows; 995,000 more were logged and left out by the limit")
    assert table.locator("tbody tr").count() < 60
    table.get_by_role("button", name="value").click()
    table.get_by_role("button", name="value").click()  # the second click turns it round
    expect(table.locator("tbody tr").first.locator("td").nth(1)).to_have_text("3.0000")
    table.get_by_label("Search rows of answers").fill("row 4999 ")
    expect(table).to_contain_text("1 of 5,000 rows")
    expect(table.locator("tbody td").nth(2)).to_have_text(f"row 4999 {ODD}")
    opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
    table.get_by_role("button", name="CSV").click()
    expect(table).to_contain_text("1 row copied")
    quoted = ODD.replace('"', '""')
    assert opened.evaluate("navigator.clipboard.readText()").splitlines()[1] == f'4999,0.5,"row 4999 {quoted}"'


def test_a_users_page_reaches_neither_ours_nor_the_network(opened):
    asked = []
    opened.on("request", lambda request: asked.append(request.url))
    page = seen(opened, "page")
    frame = page.frame_locator("iframe")
    expect(frame.locator("#said")).to_have_text("still")
    page.get_by_role("button", name="Run its scripts").click()
    expect(frame.locator("#said")).to_have_text("ran")
    assert opened.title() != "taken"
    assert not any(url.endswith("/v1/projects") for url in asked)


def test_markdown_traces_and_shapes_are_drawn_and_their_markup_is_text(opened):
    notes = seen(opened, "notes")
    expect(notes.locator("h3")).to_have_text("Title")
    expect(notes.locator("b")).to_have_text("bold")
    expect(notes).to_contain_text('<img src=x onerror=alert(1)> "quoted"')
    expect(notes.locator("a")).to_have_text(["y"])  # javascript: is no address
    trace = seen(opened, "trace")
    expect(trace.locator('[role="treeitem"][aria-level="2"]')).to_contain_text(ODD)
    expect(trace.locator('[role="treeitem"][aria-level="2"]')).to_contain_text("41 tok")
    expect(trace.locator(".tk-message")).to_contain_text(ODD)
    shape = seen(opened, "shape")
    expect(shape.locator("canvas")).to_have_attribute(
        "aria-label", "shape: 1 face. Arrow keys turn it, plus and minus change the size."
    )
    expect(seen(opened, "weights").locator("canvas")).to_have_attribute(
        "aria-label",
        "weights, over steps: step 30: 90 % between 0.06129 and 2.05, median 0.6129, 38 values. "
        "Arrow keys read it out.",
    )
    expect(seen(opened, "broken")).to_contain_text("gone: not kept: Pillow cannot read it")
    expect(opened.locator("img[src='x']")).to_have_count(0)


def test_a_figure_of_plotly_opens_large(opened):
    figure = seen(opened, "figure")
    figure.get_by_role("button", name="Open the figure").click()
    expect(opened.get_by_role("dialog").locator(".js-plotly-plot .scatterlayer .trace")).to_have_count(1)
    expect(opened.get_by_role("dialog")).to_contain_text("a figure")


def test_steps_come_while_it_runs_and_the_chosen_one_stays(page, space):
    training = Training(space.url, "media-live", "live")
    training.log([(0, curve(0))])
    for step in (0, 1):
        media(training, "markdown", "notes", step, {"text": f"at {step}"})
    page.goto(f"{space.url}/?experiment={training.experiment_id}")
    notes = seen(page, "notes")
    expect(notes).to_contain_text("at 1")
    media(training, "markdown", "notes", 2, {"text": "at 2"})
    expect(notes.locator(".tk-prose")).to_have_text("at 2")  # the newest is followed
    notes.get_by_role("button", name="Step before").click()
    expect(notes.locator(".tk-prose")).to_have_text("at 1")
    media(training, "markdown", "notes", 3, {"text": "at 3"})
    expect(notes).to_contain_text("step 1 · 2 of 4")
    expect(notes.locator(".tk-prose")).to_have_text("at 1")


def test_what_one_call_logged_in_several_events_is_one_step_and_a_restart_replaces_it(page, space):
    training = Training(space.url, "media-parts", "parts")
    media(training, "markdown", "notes", 5, {"text": "first part"})
    media(training, "markdown", "notes", 5, {"text": "second part"})
    page.goto(f"{space.url}/?experiment={training.experiment_id}")
    notes = seen(page, "notes")
    expect(notes.locator(".tk-prose")).to_have_text(["first part", "second part"])
    again = Training(space.url, "media-parts", "parts", experiment_id=training.experiment_id)
    media(again, "markdown", "notes", 5, {"text": "after the restart"})
    expect(notes.locator(".tk-prose")).to_have_text(["after the restart"])
