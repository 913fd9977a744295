"""What one does with the page every day: links, saved views, palette, keys, copies, undo."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.looks import CONTRAST
from tests.browser.side_bar import ids, row, shows, ticked, toast, twelve
from tests.browser.waiting import becomes, reads_well

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def project(space):
    return twelve(space, "habits / “all of them”")


@pytest.fixture
def opened(page, space, project):
    page.goto(f"{space.url}/?project={project}")
    expect(row(page, "run-11")).to_be_visible()
    return page


@pytest.mark.requirement("S1.71")
def test_a_link_is_a_view_and_says_what_of_it_is_not_here(page, space, project):
    known = ids(space, project)
    two = ",".join(known[name][-8:] for name in ("run-3", "run-4"))
    page.add_init_script("localStorage.setItem('trackio', JSON.stringify({smoothing: {kind: 'ema', amount: 0.95}}))")
    page.goto(f"{space.url}/?project={project}&shown={two}&zoom=step~train:10:40&filter=loss")
    shows(page, "run-3", "run-4")
    loss = page.locator('.tk-section[aria-label="train"] .tk-chart').first
    expect(loss.locator(".tk-chart-values")).not_to_be_empty()
    expect(page.get_by_label("Amount of smoothing")).to_have_value("0.6")  # as the sender saw it, not as I left it
    assert "zoom=step~train:10:40" in page.url
    expect(page.locator(".tk-slot .tk-away")).to_have_count(0)
    # Ticks do not stand in the way of Back, and come back with it.
    page.locator(".tk-tabs").get_by_role("link", name="Overview").click()
    page.wait_for_url("**view=overview**")
    row(page, "run-7").locator(".tk-tick").click()
    page.wait_for_url(re.compile(f"shown=[^&]*{known['run-7'][-8:]}"))
    page.go_back()
    shows(page, "run-3", "run-4")
    page.wait_for_url(
        re.compile(f"shown=({two}|{','.join(two.split(',')[::-1])})(&|$)")
    )  # so that a reload, a copy and Forward tell the same
    # A change a moment before another view is there when one comes back.
    page.evaluate("() => { trackioPage.shell.ask({ filter: 'los' }); trackioPage.shell.ask({ view: 'overview' }); }")
    page.wait_for_url("**view=overview**")
    page.go_back()
    expect(page.locator(".tk-metric-filter")).to_have_value("los")
    # More ticks than an address has room for stay with its place in the history, also when the page is loaded anew.
    page.evaluate(
        "([to, shown]) => history.replaceState({ shown }, '', to)", [f"?project={project}", [known["run-5"][-8:]]]
    )
    page.reload()
    shows(page, "run-5")
    # What is not here is said, and what is here is shown.
    page.goto(
        f"{space.url}/?project={project}&shown={two},aaaabbbb&x=foreign/metric&column=metric:of%20nobody"
        "&smooth=banana&zoom=1&view=nonsense&saved=nobodys"
    )
    said = page.locator(".tk-slot .tk-away.calm")
    expect(said).to_contain_text("1 of the 3 experiments of this address is not here (…aaaabbbb).")
    expect(said).to_contain_text("No experiment of this project logged “foreign/metric” and “of nobody”")
    expect(said).to_contain_text("“smooth=banana”, “zoom=1” and “view=nonsense” in the address could not be read")
    expect(said).to_contain_text("There is no saved view “nobodys”")
    shows(page, "run-3", "run-4")
    said.get_by_role("button", name="Close").click()
    expect(said).to_have_count(0)
    # So are names of charts and settings: those that were arranged, set by themselves, or that others are drawn by.
    named = "pin=gone/pinned,train/loss&hide=gone/hidden&order=gone/moved&result=gone/result"
    named += "&by=config:momentum&facet=config:lr"
    page.goto(f"{space.url}/?project={project}&{named}")
    expect(said).to_contain_text(
        "logged “gone/pinned”, “gone/hidden” and “gone/moved”, nor 1 more, which the address names."
    )
    expect(said).to_contain_text("No experiment of this project has the setting “momentum”, by which")
    page.evaluate("trackioPage.shell.state.set({pins: [], hides: [], order: [], compareMetric: null, by: []})")
    expect(said).to_have_count(0)
    # What this browser remembers of charts that are gone is no news.
    page.goto(f"{space.url}/?project={project}")
    expect(row(page, "run-11")).to_be_visible()
    page.evaluate("trackioPage.shell.state.set({pins: ['gone/pinned']})")
    page.wait_for_url(re.compile("pin=gone"))
    expect(said).to_have_count(0)


@pytest.mark.requirement("S1.71")
def test_views_are_saved_for_all_or_for_oneself_and_opened_by_name(opened, space, project):
    page = opened
    row(page, "run-5").hover()
    page.keyboard.press("o")
    shows(page, "run-5")
    page.get_by_role("button", name="Saved views").click()
    dialog = page.get_by_role("dialog", name="Saved views")
    expect(dialog).to_contain_text("No view is saved yet.")
    strange = 'only "five" <b>& 6</b>'
    dialog.get_by_label("Name of this view").fill(strange)
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("link", name=strange)).to_be_visible()
    expect(toast(page)).to_contain_text("for all readers")
    views = httpx.get(f"{space.url}/v1/projects/{project.replace('/', '%2F')}/views", timeout=60).json()["views"]
    assert [view["name"] for view in views] == [strange]
    dialog.get_by_label("Name of this view").fill(strange)
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("has a view")
    dialog.get_by_label("Name of this view").fill("mine")
    dialog.get_by_label("For all readers").uncheck()
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Save this view").click()
    expect(dialog.get_by_role("heading", name="In this browser")).to_be_visible()
    dialog.get_by_role("button", name="Rename: mine").click()
    dialog.get_by_label("New name of mine").fill(strange)
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("link", name=strange)).to_have_count(2)  # mine, and that of all readers
    dialog.get_by_role("button", name=f"Rename: {strange}").last.click()
    expect(dialog.locator("ul").last.get_by_label(f"New name of {strange}")).to_be_focused()
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name=f"Rename: {strange}").first.click()
    dialog.locator("ul").first.get_by_label(f"New name of {strange}").fill("mine alone")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("link", name="mine alone")).to_be_visible()
    reads_well(page)
    dialog.get_by_role("button", name=f"Delete: {strange}").click()
    expect(dialog.get_by_role("link", name=strange)).to_have_count(0)
    toast(page).last.get_by_role("button", name="Undo").click()
    expect(dialog.get_by_role("link", name=strange)).to_be_visible()
    dialog.locator(".tk-dialog-head button").click()
    # Elsewhere: by its name in the address, by the palette.
    page.goto(f"{space.url}/?project={project}&saved={strange.replace('&', '%26')}")
    shows(page, "run-5")
    page.goto(f"{space.url}/?project={project}&view=table")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("mine alone")
    expect(page.get_by_role("option", name="mine alone")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".tk-tabs [aria-current]")).to_have_text("Metrics")
    shows(page, "run-5")
    # A view is replaced by what is shown now.
    row(page, "run-6").hover()
    page.keyboard.press("o")
    shows(page, "run-6")
    page.get_by_role("button", name="Saved views").click()
    dialog.get_by_role("button", name="Replace by what is shown now: mine alone").click()
    expect(toast(page).last).to_contain_text("“mine alone” is now what is shown.")
    page.goto(f"{space.url}/?project={project}&saved=mine alone")
    shows(page, "run-6")


def test_the_palette_goes_anywhere_and_keys_walk_the_page(opened):
    page = opened
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Go to, or do")
    expect(field).to_be_focused()
    expect(page.get_by_role("option").first).to_contain_text("Overview")
    field.fill("run-7")
    expect(page.get_by_role("option", selected=True)).to_contain_text("run-7")
    becomes(lambda: page.evaluate(CONTRAST), [])
    page.keyboard.press("Enter")
    expect(page.locator(".tk-head h1")).to_have_text("run-7")
    page.keyboard.press("Meta+k")
    field.fill("grad_norm")
    page.keyboard.press("Enter")
    expect(page.locator(".tk-charts .tk-chart")).to_have_count(1)
    page.keyboard.press("Control+k")
    field.fill("nothing at all like this")
    expect(page.get_by_role("dialog")).to_contain_text("Nothing here holds")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    views = page.evaluate("trackioPage.shell.offered.map(([, { key, label }]) => [key, label])")
    assert [label for _, label in views] == page.locator(".tk-tabs a:visible").all_inner_texts()
    assert len({key for key, _ in views}) == len(views)
    for keys, label in (
        *(((("g", key)), label) for key, label in views),
        (("1",), "Overview"),
        (("g", "2"), "Metrics"),
    ):
        for key in keys:
            page.keyboard.press(key)
        expect(page.locator(".tk-tabs [aria-current]")).to_have_text(label)
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keyboard and help")
    words = (
        "Ctrl + K",
        "Ctrl + Z",
        "g, then",
        "star it",
        "logarithmic y axis",
        "its table",
        "alone over the whole window",
    )
    for word in (*words, *(f"{key} {label}" for key, label in views)):
        expect(help_).to_contain_text(word)
    reads_well(page)
    page.keyboard.press("Escape")
    # The link to what is shown names the experiments that are shown as the newest.
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.keyboard.press("Control+k")
    field.fill("copy the link")
    page.keyboard.press("Enter")
    expect(toast(page).last).to_contain_text("Copied a link to this view")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(page.url.split("?")[0])
    assert len(re.search("shown=([^&]*)", link)[1].split(",")) == 10


def test_what_is_shown_is_copied_as_text_for_an_assistant(opened, space, project):
    page, known = opened, ids(space, project)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{space.url}/?project={project}&view=metrics&shown={known['run-3']},{known['run-0']}")
    expect(row(page, "run-3")).to_be_visible()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Go to, or do").fill("text for an assistant")
    expect(page.get_by_role("option", selected=True)).to_contain_text("as text for an assistant")
    page.keyboard.press("Enter")
    expect(toast(page)).to_contain_text("Copied 2 experiments as text")
    words = page.evaluate("navigator.clipboard.readText()")
    assert f"# {project}: 2 experiments" in words
    assert re.search(r"\| run-0 \| finished \| Exit code 0\. \|", words)
    assert re.search(r"\| lr \|( 1 \| 0\.001| 0\.001 \| 1) \|", words), "settings that differ"
    found = httpx.get(f"{space.url}/v1/experiments/{known['run-3']}", timeout=60).json()["summary"]["train/loss"]
    assert f"{found['last']:.6g} at step {found['last_step']}" in words
    curve = next(line for line in words.split("### train/loss")[1].splitlines() if line.startswith("- run-3: "))
    assert len(curve.split(", ")) <= 16
    assert curve.endswith(f"{found['last_step']}: {found['last']:.6g}")
    for address in re.findall(r"http://\S+", words.split("## Read on")[1]):
        assert httpx.get(address.rstrip(","), timeout=60).status_code == 200, address


def test_what_was_done_is_taken_back(opened):
    page = opened
    expect(ticked(page)).to_have_count(10)
    before = sorted(ticked(page).all_inner_texts())
    row(page, "run-6").locator(".tk-tick").click()
    expect(ticked(page)).to_have_count(9)
    page.wait_for_url("**shown=**")
    page.keyboard.press("Control+z")
    shows(page, *before)
    expect(toast(page).last).to_contain_text("Taken back: the ticks.")
    # A zoom both ways is taken back as one, and goes into the full screen and comes back from it.
    plot = page.locator('.tk-chart[data-metric="train/loss"] .tk-plot')
    box = plot.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.keyboard.down("Shift")
    page.mouse.move(x, y - 30)
    page.mouse.down()
    page.mouse.move(x + 60, y + 30, steps=3)
    page.mouse.up()
    page.keyboard.up("Shift")
    zoomed = re.compile("zoom=.*zoomy=train|zoomy=train.*zoom=")
    expect(page).to_have_url(zoomed)
    zoom = "JSON.stringify(['zoom', 'zoomY'].map((key) => trackioPage.shell.state.get(key)))"
    page.keyboard.press("Control+z")
    page.wait_for_function(f"{zoom} === '[null,null]'")
    expect(page).not_to_have_url(re.compile("zoom"))
    page.keyboard.press("Control+Shift+z")
    expect(page).to_have_url(zoomed)
    was = page.evaluate(zoom)
    plot.press("Enter")
    expect(page.locator("dialog.tk-full .tk-full-row b").first).to_have_text(re.compile(r"\d"))
    expect(page.locator("dialog.tk-full .tk-plot")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("dialog.tk-full")).to_have_count(0)
    assert page.evaluate(zoom) == was
    # A pattern that does not parse is told, and where; until then it is searched for as it stands.
    page.get_by_label("Filter metrics").fill("loss /(/")
    trouble = page.locator(".tk-metric-filter .tk-trouble")
    expect(trouble).to_contain_text("/(/ is no pattern: this ( is not closed (character 7)")
    expect(page.get_by_label("Filter metrics")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Filter metrics").fill("accuracy")
    expect(trouble).to_be_hidden()
    page.wait_for_url("**filter=accuracy**")
    page.locator(".tk-tabs").get_by_role("link", name="Table").click()
    # Back takes back the change of view with all that came after it; Forward is taken back as a step.
    page.get_by_label("Filter experiments").fill("run")
    page.wait_for_url("**search=run**")
    page.evaluate("document.activeElement.blur()")
    page.go_back()
    expect(page.locator(".tk-view.table")).to_be_hidden()
    page.keyboard.press("Control+z")
    expect(page.get_by_label("Filter metrics")).to_have_value("")
    page.keyboard.press("Control+Shift+z")
    expect(page).to_have_url(re.compile("filter=accuracy"))
    page.go_forward()
    expect(page.locator(".tk-view.table")).to_be_visible()
    page.locator(".tk-body").click()
    page.keyboard.press("Control+z")
    expect(page.locator(".tk-view.table")).to_be_hidden()
    expect(page).to_have_url(re.compile("filter=accuracy"))
    page.keyboard.press("Control+z")
    expect(page.get_by_label("Filter metrics")).to_have_value("")
    # And done again, by either key or by its name, until something else is done.
    page.keyboard.press("Control+Shift+z")
    expect(page).to_have_url(re.compile("filter=accuracy"))
    expect(toast(page).last).to_contain_text("Done again: the metric filter.")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("redo")
    expect(page.get_by_role("option", selected=True)).to_contain_text("the change of view")
    page.keyboard.press("Enter")
    expect(page.locator(".tk-view.table")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.locator(".tk-view.table")).to_be_hidden()
    row(page, "run-6").locator(".tk-tick").click()
    page.wait_for_url("**shown=**")
    page.keyboard.press("Control+y")
    expect(page.locator(".tk-view.table")).to_be_hidden()
