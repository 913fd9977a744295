"""A private dataset on a static page: what is said before a log-in, the way there and back, where the key goes."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.static_page import REPO, SPACE, STATIC, World, commit, deploy, drawn, recent
from tests.hub.view_data import fill

pytestmark = STATIC
LOG_IN = "Log in with Hugging Face"


@pytest.fixture
def private(world: World) -> tuple[World, str]:
    """A private dataset with two experiments, and its page."""
    url = deploy(world.hub, world.api, private=True)
    fill(world.store, recent(1, name="one", end=None), recent(2, name="two"))
    world.push()
    world.hub.forget()
    return world, url


def log_in(page) -> None:
    page.get_by_role("button", name=LOG_IN).click()


def kept_by(page) -> str:
    """All that the browser keeps for this page, and its address."""
    return page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])")


def test_nothing_is_asked_of_a_private_dataset_before_the_log_in_is_explained(private, page):
    world, url = private
    page.goto(url)
    notice = page.locator(".tk-notice")
    expect(notice).to_contain_text("Log in to see these experiments")
    expect(notice).to_contain_text("opens every repo that you can read, private ones too")
    expect(notice).to_contain_text("keeps the key in this tab's memory only")
    words = notice.inner_text()
    assert words.index("read your repos") < words.index(LOG_IN)  # before the button
    assert world.data() == []


def test_a_log_in_opens_it_and_leaves_the_key_nowhere(private, page):
    world, url = private
    tokens: set[str] = set()
    page.on("request", lambda request: tokens.add(request.headers.get("authorization", "")))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/oauth/authorize" in request.url else None)
    page.goto(f"{url}?column=steps&x=relative")
    log_in(page)
    drawn(page)
    expect(page.locator(".tk-row .tk-name")).to_have_text(["two", "one"])
    said = {key: value[0] for key, value in parse_qs(urlsplit(asked[0]).query).items()}
    assert (said["scope"], said["code_challenge_method"], said["redirect_uri"]) == (
        "openid profile read-repos", "S256", url,
    )  # fmt: skip
    (key,) = {token.removeprefix("Bearer ") for token in tokens} - {""}
    expect(page).not_to_have_url(re.compile("code="))
    expect(page).to_have_url(re.compile("[?&]x=relative"))  # back where one was
    kept = kept_by(page)
    assert key not in kept
    assert "verifier" not in kept
    data = world.data()
    assert {seen["token"] for seen in data if "/file/" in seen["request"]} == {None}  # the CDN never sees it
    assert all(seen["token"] for seen in data if seen["request"].startswith("GET /datasets/"))


def test_a_reload_forgets_the_key(private, page):
    _, url = private
    page.goto(url)
    log_in(page)
    drawn(page)
    page.reload()
    expect(page.get_by_role("button", name=LOG_IN)).to_be_visible()


def test_saying_no_is_told_and_can_be_taken_back(private, page):
    world, url = private
    world.hub.browser("me", refuses=True)
    page.goto(url)
    log_in(page)
    expect(page.locator(".tk-error-text")).to_have_text("You did not allow it, so nothing can be read.")
    assert world.data() == []
    world.hub.browser("me")
    log_in(page)
    drawn(page)


@pytest.mark.parametrize("query", ["code=stolen&state=forged", "error=access_denied&state=forged", "code=x&state="])
def test_an_answer_that_nobody_asked_for_is_not_taken(private, page, query):
    world, url = private
    page.goto(f"{url}?{query}")
    expect(page.locator(".tk-error-text")).to_contain_text("belongs to no log-in of this page")
    expect(page).not_to_have_url(re.compile("code="))
    assert not [seen for seen in world.hub.requests() if "/oauth/token" in seen["request"]]


def test_a_code_that_does_not_work_is_told(private, page):
    world, url = private
    world.hub.fault("POST /oauth/token", status=500)
    page.goto(url)
    log_in(page)
    expect(page.locator(".tk-error-text")).to_contain_text("The Hub gave no key")
    log_in(page)
    drawn(page)


def test_someone_who_may_not_read_it_is_told_so_and_may_change_the_account(private, page):
    world, url = private
    world.hub.browser("stranger")
    page.goto(url)
    log_in(page)
    expect(page.locator(".tk-notice h1")).to_have_text("There is no such dataset, or your account may not see it.")
    world.hub.browser("me")
    page.get_by_role("button", name="Log in with another account").click()
    drawn(page)


def test_a_key_that_ended_asks_for_a_new_log_in(private, page):
    world, url = private
    page.goto(url)
    log_in(page)
    drawn(page)
    world.hub.advance(9 * 3600)
    expect(page.locator(".tk-notice h1")).to_have_text("Your log-in has ended")
    log_in(page)
    drawn(page)


def test_what_is_pushed_after_the_log_in_appears(private, page):
    world, url = private
    page.goto(url)
    log_in(page)
    drawn(page)
    (name,) = fill(world.store, recent(3, name="three"))
    world.push(name)
    expect(page.locator(".tk-row .tk-name").filter(has_text="three")).to_be_visible()


def test_inside_the_page_of_the_hub_the_log_in_opens_in_a_tab_of_its_own(private, page):
    world, url = private
    commit(world.api, SPACE, {"outer.html": b'<iframe src="./" width=900 height=700></iframe>'}, kind="space")
    page.goto(f"{url}outer.html")
    inside = page.frame_locator("iframe")
    link = inside.get_by_role("link", name="Open in a tab of its own to log in")
    expect(link).to_be_visible()
    with page.context.expect_page() as opened:
        link.click()
    alone = opened.value
    log_in(alone)
    drawn(alone)


def test_a_dataset_that_was_made_private_after_the_page_was_deployed_says_what_to_do(world, page):
    url = deploy(world.hub, world.api)
    fill(world.store, recent(1))
    commit(world.api, REPO, world.repo.push())
    page.goto(url)
    drawn(page)
    world.api.update_repo_settings(REPO, repo_type="dataset", private=True)
    expect(page.locator(".tk-notice h1")).to_have_text(f"“{REPO}” is not open")
    expect(page.locator(".tk-notice")).to_contain_text(f"trackio-client deploy --static --dataset {REPO}")
    expect(page.locator(".tk-notice")).to_have_count(1)
