"""What one does with an experiment where it is listed: archive, delete, star, hide, colour, and take it back."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.side_bar import ids, listed, row, toast, twelve
from tests.browser.trainings import trained
from tests.browser.waiting import becomes

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def project(space):
    return twelve(space, "rows / “all of them”")


@pytest.fixture
def opened(page, space, project):
    page.goto(f"{space.url}/?project={project}")
    expect(row(page, "run-11")).to_be_visible()
    return page


def test_what_an_owner_may_do_is_offered_however_late_the_server_tells_who_reads(page, space, project):
    # The answer waits until the page stands.
    page.add_init_script(
        """const real = globalThis.fetch, may = new Promise((tell) => (globalThis.tellWho = tell));
        globalThis.fetch = async (...what) => (`${what[0]}`.includes('/v1/session') && (globalThis.asked = await may), real(...what));"""  # noqa: E501
    )
    page.goto(f"{space.url}/?project={project}&experiment={ids(space, project)['run-3']}")
    own = page.locator(".tk-tabs")
    expect(own.get_by_role("button", name="Star (s)")).to_be_visible()
    more = own.get_by_role("button", name="What to do with run-3")
    page.wait_for_timeout(1000)
    expect(more).to_have_count(0)
    page.evaluate("tellWho(true)")
    more.click()
    expect(page.get_by_role("option", name="Archive")).to_be_visible()


def test_writers_and_owners_archive_and_delete_from_the_list_and_the_page_of_one(opened):
    page = opened

    def menu():
        row(page, "run-8").hover()
        row(page, "run-8").get_by_role("button", name="What to do with run-8").click()

    becomes(lambda: page.evaluate("trackioPage.shell.state.get('may')"), "owner")
    for role, may in (("viewer", []), ("writer", ["Archive"]), ("owner", ["Archive", "Delete"])):
        page.evaluate("(role) => trackioPage.shell.state.set({ may: role })", role)
        menu()
        expect(page.get_by_role("option", name="Copy its id")).to_be_visible()
        labels = page.locator(".tk-menu:popover-open .tk-menu-label").all_inner_texts()
        assert [label for label in labels if label in ("Archive", "Delete", "Mark as paused")] == may  # it has ended
        page.keyboard.press("Escape")
    menu()
    page.get_by_role("option", name="Archive").click()
    expect(page.locator(".tk-side-out")).to_contain_text("1 archived")
    page.keyboard.press("Control+z")
    expect(row(page, "run-8")).to_be_visible()
    page.keyboard.press("Control+Shift+z")
    expect(page.locator(".tk-side-out")).to_contain_text("1 archived")
    page.keyboard.press("Control+z")
    row(page, "run-8").get_by_role("link").click()
    expect(page.locator(".tk-head h1")).to_have_text("run-8")
    page.locator(".tk-tabs").get_by_role("button", name="What to do with run-8").click()
    page.get_by_role("option", name="Delete").click()
    expect(page.locator(".tk-view.table")).to_be_visible()
    expect(row(page, "run-8")).to_have_count(0)
    toast(page).filter(has_text="Deleted 1 experiment.").get_by_role("button", name="Undo").click()
    page.locator(".tk-tabs").get_by_role("link", name="Metrics").click()
    expect(row(page, "run-8")).to_be_visible()


def test_experiments_are_starred_hidden_and_shown_again(opened, space, project):
    page = opened
    row(page, "run-2").hover()
    row(page, "run-2").get_by_role("button", name="What to do with run-2").click()
    page.get_by_role("option", name="Star").click()
    expect(page.locator(".tk-group", has_text="Starred")).to_be_visible()
    becomes(lambda: listed(page)[:2], ["[Starred]", "run-2"])
    row(page, "run-11").hover()
    row(page, "run-11").get_by_role("button", name="What to do with run-11").click()
    page.get_by_role("option", name="Hide from my lists").click()
    expect(row(page, "run-11")).to_have_count(0)
    expect(page.locator(".tk-side-out")).to_contain_text("1 hidden by you")
    expect(page.locator(".tk-side-count")).to_have_text("10 of 11")
    page.reload()
    expect(row(page, "run-2").locator("[aria-label=starred]")).to_be_visible()
    expect(row(page, "run-11")).to_have_count(0)
    expect(page.locator(".tk-side-count")).to_contain_text("of 11")
    page.locator(".tk-side-out").get_by_role("button", name="Show").click()
    expect(row(page, "run-11")).to_be_visible()
    row(page, "run-10").click(position={"x": 60, "y": 4})
    page.keyboard.press("h")
    expect(toast(page).last).to_contain_text("“run-10” is hidden in this browser")
    page.keyboard.press("Control+z")
    expect(page.locator(".tk-side-out")).to_contain_text("1 hidden by you")
    # Archived for everybody: out of sight, and back by its number.
    address = f"{space.url}/v1/experiments/{ids(space, project)['run-9']}"
    httpx.patch(address, json={"archived": True}, timeout=60).raise_for_status()
    expect(page.locator(".tk-side-out")).to_contain_text("1 archived")
    page.locator(".tk-side-out").get_by_role("button", name="Put away").click()
    expect(row(page, "run-9")).to_have_count(0)
    httpx.patch(address, json={"archived": False}, timeout=60).raise_for_status()
    expect(row(page, "run-9")).to_be_visible()
    # A colour of one's own: seen in list, charts and table, kept here and in a link, and taken back.
    hue = """(name) => { const row = trackioPage.shell.state.get('experiments').find((each) => each.name === name); return row ? [row.color % 10, row.dash] : []; }"""  # noqa: E501
    row(page, "run-8").hover()
    row(page, "run-8").get_by_role("button", name="What to do with run-8").click()
    page.get_by_role("option", name="Colour").click()
    page.get_by_role("option", name="red").click()
    expect(toast(page).last).to_contain_text("“run-8” is red in this browser")
    assert page.evaluate(hue, "run-8") == [2, False]
    assert page.evaluate(hue, "run-2")[0] == 2  # its own; drawn together they would differ by dashes
    expect(row(page, "run-8")).to_have_attribute("style", re.compile(r"--c: var\(--s3\)"))
    expect(page).to_have_url(re.compile(f"color={ids(space, project)['run-8'][-8:]}:3"))
    link = page.url
    page.keyboard.press("Control+z")
    expect(page).not_to_have_url(re.compile("color="))
    page.keyboard.press("Control+Shift+z")
    expect(page).to_have_url(re.compile(f"color={ids(space, project)['run-8'][-8:]}:3"))
    page.wait_for_function(f"({hue})('run-8')[0] === 2")
    page.keyboard.press("Control+z")
    expect(page).not_to_have_url(re.compile("color="))
    page.goto(link)
    page.wait_for_function(f"({hue})('run-8')[0] === 2")
    # The list in groups of a key of the config, kept and in the address.
    page.get_by_role("button", name="Sort or group the experiments").click()
    page.get_by_role("option", name="lr", exact=True).click()
    becomes(lambda: listed(page)[:6], ["[Starred]", "run-2", "[lr 1e-10]", "run-10", "[lr 1e-9]", "run-9"])
    expect(page).to_have_url(re.compile("listby=config:lr"))
    page.goto(f"{space.url}/?project={project}")
    becomes(lambda: listed(page)[2:4], ["[lr 1e-10]", "run-10"])


def test_a_group_that_somebody_takes_away_goes_from_every_page(page, space):
    training = trained(space.url, "groups", "one", steps=3, group="old")
    page.goto(f"{space.url}/?project=groups")
    group = "trackioPage.shell.state.get('experiments')[0].group"
    page.wait_for_function(f"{group} === 'old'")
    address = f"{space.url}/v1/experiments/{training.experiment_id}"
    httpx.patch(address, json={"group": None}, timeout=60).raise_for_status()
    page.wait_for_function(f"{group} === null")


def test_keys_stay_on_their_experiment_when_a_new_one_appears(page, space):
    for name in ("first", "second"):
        trained(space.url, "keys", name, steps=3)
    page.goto(f"{space.url}/?project=keys")
    expect(row(page, "second")).to_be_visible()
    page.keyboard.press("j")
    trained(space.url, "keys", "third", steps=3)
    expect(row(page, "third")).to_be_visible()
    page.keyboard.press("x")
    expect(row(page, "second").locator(".tk-tick")).not_to_be_checked()
    expect(row(page, "first").locator(".tk-tick")).to_be_checked()
    # Behind a dialog no key of the page does anything.
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_be_visible()
    page.keyboard.press("2")
    page.keyboard.press("b")
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert "view=" not in page.url
    expect(row(page, "first")).to_be_visible()


def test_a_link_whose_experiments_are_gone_leaves_other_projects_as_they_are(page, space, project):
    trained(space.url, "left", "one", steps=3)
    page.goto(f"{space.url}/?project=left&shown=deadbeef")
    expect(page.locator(".tk-slot .tk-away.calm")).to_contain_text("not here")
    page.evaluate("(project) => trackioPage.shell.ask({ project, view: 'metrics' })", project)
    expect(row(page, "run-11").locator(".tk-tick")).to_be_checked()
    expect(page).not_to_have_url(re.compile("deadbeef"))


def test_an_experiment_that_somebody_deletes_says_so_on_its_open_page(page, space):
    training = trained(space.url, "deleted", "one", steps=3, state=None)
    page.goto(f"{space.url}/?project=deleted&experiment={training.experiment_id}")
    expect(page.locator("h1", has_text="one")).to_be_visible()
    address = f"{space.url}/v1/experiments/{training.experiment_id}"
    httpx.delete(address, timeout=60).raise_for_status()
    expect(page.locator(".tk-notice h1")).to_be_visible()
    expect(page.locator("h1", has_text="one")).to_have_count(0)
    restored = httpx.post(f"{space.url}/v1/bin/restore", json={"experiments": [training.experiment_id]}, timeout=60)
    restored.raise_for_status()
    expect(page.locator("h1", has_text="one")).to_be_visible()
