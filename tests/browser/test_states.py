"""Nothing yet, wrong address, no access, nobody there: the page says what to do, and goes on by itself."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.trainings import Training, curve, trained

pytestmark = [pytest.mark.browser, pytest.mark.requirement("S1.80")]


def test_an_empty_server_says_how_to_log_and_shows_the_first_experiment(page, own_space):
    own_space.start()
    page.goto(own_space.url)
    notice = page.locator(".tk-notice")
    expect(notice).to_contain_text("No experiments yet")
    expect(notice).to_contain_text("pip install trackio-client")
    expect(notice).to_contain_text(f"TRACKIO_URL={own_space.url}")
    with page.expect_response("**/v1/projects"):
        pass  # asked again
    expect(notice).to_be_visible()
    expect(page.locator(".tk-away")).to_have_count(0)
    trained(own_space.url, "the first", "hello", steps=10)
    expect(page.locator(".tk-row .tk-name")).to_have_text("hello")
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()


def test_an_unknown_project_names_those_that_are_there(page, space):
    trained(space.url, "known", "one", steps=5)
    page.goto(f"{space.url}/?project=unknown")
    expect(page.locator(".tk-notice h1")).to_have_text("No experiments in “unknown” yet")
    page.locator(".tk-notice").get_by_role("button", name="known", exact=True).click()
    expect(page.locator(".tk-row .tk-name")).to_have_text("one")


def test_an_experiment_without_numbers_says_so_until_the_first(page, space):
    training = Training(space.url, "silent", "quiet")
    page.goto(f"{space.url}/?project=silent")
    expect(page.locator(".tk-notice h1")).to_have_text("No metric logged yet")
    training.finish()
    expect(page.locator(".tk-notice h1")).to_have_text("No metric was logged")
    page.evaluate("(id) => trackioPage.shell.ask({ view: 'experiment', experiment: id })", training.experiment_id)
    expect(page.locator(".tk-view.experiment .tk-notice")).to_contain_text("ended without logging a number")
    training = Training(space.url, "silent", "soon heard")
    page.evaluate("(id) => trackioPage.shell.ask({ view: 'experiment', experiment: id })", training.experiment_id)
    expect(page.locator(".tk-view.experiment .tk-notice h1")).to_have_text("No metric logged yet")
    training.log([(0, curve(0))])
    expect(page.locator(".tk-chart").first).to_be_visible()


def test_a_filter_without_hits_offers_to_clear_it(page, space):
    trained(space.url, "filtered", "one", steps=5)
    page.goto(f"{space.url}/?project=filtered")
    expect(page.locator(".tk-chart").first).to_be_visible()
    page.get_by_label("Filter metrics").fill("nothing")
    expect(page.locator(".tk-notice h1")).to_have_text("No metric holds “nothing”")
    page.get_by_role("button", name="Clear the filter").click()
    expect(page.locator(".tk-chart").first).to_be_visible()


def test_no_tick_offers_the_newest(page, space):
    trained(space.url, "unticked", "one", steps=5)
    page.goto(f"{space.url}/?project=unticked&shown=")
    expect(page.locator(".tk-notice h1")).to_have_text("No experiment is ticked")
    page.get_by_role("button", name="Show the newest ten").click()
    expect(page.locator(".tk-chart").first).to_be_visible()


def test_a_project_without_hardware_says_how_to_record_it(page, space):
    trained(space.url, "soft", "one", steps=5)
    page.goto(f"{space.url}/?project=soft&view=system")
    expect(page.locator(".tk-notice h1")).to_have_text("No hardware recorded")


def test_a_server_that_goes_away_keeps_the_charts_and_comes_back(page, own_space):
    own_space.start()
    trained(own_space.url, "away", "one", steps=10)
    page.goto(f"{own_space.url}/?project=away")
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    own_space.stop()
    expect(page.locator(".tk-away")).to_contain_text("No answer from the server since")
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    own_space.start()
    # The page asks by itself too, and may have been first: then the button is gone already.
    page.get_by_role("button", name="Try now").evaluate_all("buttons => buttons.forEach((button) => button.click())")
    expect(page.locator(".tk-away")).to_have_count(0)
    trained(own_space.url, "away", "two", steps=10)
    expect(page.locator(".tk-row")).to_have_count(2)


def test_a_token_is_asked_for_once_and_kept_as_a_cookie(page, own_space):
    own_space.environ["TRACKIO_WRITE_TOKEN"] = "correct-horse-battery"
    own_space.start()
    trained(own_space.url, "closed", "inside", steps=10, token="correct-horse-battery")
    page.goto(f"{own_space.url}/?project=closed")
    field = page.locator("input[type=password]")
    field.fill("wrong")
    field.press("Enter")
    expect(page.get_by_text("not", exact=False).first).to_be_visible()
    expect(page.locator(".tk-row")).to_have_count(0)
    page.locator("input[type=password]").fill("correct-horse-battery")
    page.locator("input[type=password]").press("Enter")
    expect(page.locator(".tk-row .tk-name")).to_have_text("inside")
    page.reload()
    expect(page.locator(".tk-row .tk-name")).to_have_text("inside")
    assert page.evaluate("document.cookie") == "", "scripts must not be able to read it"


def test_a_token_in_the_fragment_opens_the_page_and_leaves_the_address(page, own_space):
    own_space.environ["TRACKIO_WRITE_TOKEN"] = "correct-horse-battery"
    own_space.start()
    trained(own_space.url, "closed", "inside", steps=10, token="correct-horse-battery")
    page.goto(f"{own_space.url}/?project=closed#token=correct-horse-battery")
    expect(page.locator(".tk-row .tk-name")).to_have_text("inside")
    expect(page).not_to_have_url(re.compile("correct-horse"))
