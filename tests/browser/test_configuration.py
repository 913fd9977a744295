"""The page of owners in Chromium: settings in force, a test of the dataset, and nothing for anybody else."""

from __future__ import annotations

import re

import httpx
import pytest
from huggingface_hub import HfApi
from playwright.sync_api import expect

from tests.browser.conftest import Space
from tests.browser.waiting import fits
from tests.hub_server import Hub, running_hub
from tests.ports import free_port

pytestmark = pytest.mark.browser
OWNER = "owner-token-of-the-test"
FINE = "hf_finegrained_secret"


@pytest.fixture(scope="module")
def hub():
    with running_hub() as hub:
        rights = [{"type": "dataset", "name": "me/exp", "permissions": ["repo.content.read", "repo.write"]}]
        hub.add_token(FINE, "me", "fineGrained", scoped=rights)
        HfApi(hub.url, token="hf_me").create_repo("me/exp", repo_type="dataset", visibility="private")
        yield hub


@pytest.fixture(scope="module")
def server(hub: Hub, tmp_path_factory):
    environ = {
        "TRACKIO_WRITE_TOKEN": OWNER,
        "TRACKIO_DATASET_REPO": "me/exp",
        "HF_TOKEN": FINE,
        "TRACKIO_DISK": "ephemeral",
        "HF_ENDPOINT": hub.url,
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
        "NO_PROXY": "*",
    }
    running = Space(tmp_path_factory.mktemp("configuration"), free_port(), environ).start()
    yield running
    running.stop()


@pytest.fixture
def opened(page, server):
    """The page, logged in as an owner by the token in the address."""
    page.goto(f"{server.url}/configuration#token={OWNER}")
    expect(page.locator("#settings table").first).to_be_visible()
    expect(page.locator("#sync .tc-facts")).to_be_visible()
    return page


def row(page, name):
    return page.locator(f'#settings tr[data-name="{name}"]')


@pytest.mark.requirement("S1.15", "S1.62", "S1.79")
def test_every_setting_stands_with_its_value_and_where_it_comes_from(opened):
    expect(row(opened, "dataset_repo")).to_contain_text("me/exp")
    expect(row(opened, "dataset_repo")).to_contain_text("environment")
    expect(row(opened, "push_interval_s")).to_contain_text(re.compile("300 s.*default", re.S))
    expect(row(opened, "hub_token")).to_contain_text(f"set, {len(FINE)} characters")
    expect(opened.locator("#sync")).to_contain_text("me/exp")
    expect(opened.locator("#sync")).to_contain_text("when there is something new")
    text = opened.content()
    assert FINE not in text
    assert OWNER not in text


@pytest.mark.requirement("S1.79")
def test_a_test_of_the_connection_says_what_the_token_opens(opened):
    opened.click("#test")
    expect(opened.locator("#answer")).to_contain_text("Works: the private dataset me/exp may be read and written")
    expect(opened.locator("#answer")).to_contain_text("fine-grained")


@pytest.mark.requirement("S1.8", "S1.79")
def test_what_is_typed_holds_for_this_tab_alone(opened, server, hub, browser):
    opened.fill("#repo input", "me/second")
    opened.fill("#token input", "hf_me_read")
    opened.click("#update")
    expect(row(opened, "dataset_repo")).to_contain_text(re.compile("me/second.*typed on this page", re.S))
    expect(row(opened, "hub_token")).to_contain_text(re.compile("set, 10 characters.*typed on this page", re.S))
    expect(opened.locator("#token input")).to_have_value("")
    opened.click("#test")
    expect(opened.locator("#answer")).to_contain_text("Does not work: there is no dataset me/second")
    opened.fill("#token input", FINE)
    opened.click("#create")
    # A fine-grained token writes its repos and makes none.
    expect(opened.locator("#answer")).not_to_contain_text("there is no dataset me/second")  # of the test before
    expect(opened.locator("#answer")).to_contain_text("Does not work")
    opened.fill("#token input", "hf_me")
    opened.click("#create")
    expect(opened.locator("#answer")).to_contain_text("me/second was made")
    assert hub.repo("me/second")["visibility"] == "private"

    other = browser.new_context().new_page()
    other.goto(f"{server.url}/configuration#token={OWNER}")
    expect(row(other, "dataset_repo")).to_contain_text("me/exp")
    expect(row(other, "dataset_repo")).not_to_contain_text("typed")
    other.context.close()


def test_a_name_that_cannot_be_is_told(opened):
    opened.fill("#repo input", "a/b/c")
    opened.click("#test")
    expect(opened.locator("#answer")).to_contain_text("2 slashes")


def test_a_text_with_html_in_it_stays_a_text(opened):
    opened.fill("#repo input", "<img src=x onerror=alert(1)>/x")
    opened.click("#test")
    expect(opened.locator("#answer")).to_contain_text("<img")
    expect(opened.locator("#answer img")).to_have_count(0)


def test_a_push_can_be_asked_for(opened, hub):
    opened.click("#push")
    expect(opened.locator("#sync .tc-facts")).to_be_visible()


def test_it_follows_the_readers_theme_and_fits_a_phone(page, server):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.url}/configuration#token={OWNER}")
    expect(page.locator("#settings table").first).to_be_visible()
    page.evaluate("localStorage.setItem('trackio', JSON.stringify({theme: 'dark'}))")
    page.goto(f"{server.url}/configuration/")
    expect(page.locator("#settings table").first).to_be_visible()
    expect(page.locator("body.dark")).to_have_count(1)
    expect(page.locator("body")).to_have_css("background-color", "rgb(14, 17, 21)")
    fits(page, "html")


def test_owners_find_it_from_the_experiments(page, server):
    page.goto(f"{server.url}/#token={OWNER}")
    page.get_by_role("button", name="Account.").click()
    page.get_by_text("Configuration", exact=True).click()
    expect(page.locator("#settings table").first).to_be_visible()
    page.get_by_role("link", name="Experiments").click()
    expect(page).to_have_url(re.compile(r"/$|/\?"))


@pytest.mark.requirement("S1.79")
def test_nobody_but_an_owner_gets_anything_below_its_address(server):
    owner = {"X-Trackio-Token": OWNER}
    made = httpx.post(
        f"{server.url}/v1/tokens", json={"role": "writer", "name": "t"}, headers=owner, trust_env=False, timeout=60
    )
    writer = {"X-Trackio-Token": made.json()["token"]}
    paths = ["", "/", "/config", "/gradio_api/info", "/gradio_api/queue/data?session_hash=x", "/theme.css"]
    for path in paths:
        address = f"{server.url}/configuration{path}"
        assert httpx.get(address, trust_env=False, timeout=60).status_code == 401, path
        assert httpx.get(address, headers=writer, trust_env=False, timeout=60).status_code == 403, path
    join = {"data": [], "fn_index": 0, "session_hash": "x"}
    for prefix in ("/configuration", ""):
        asked = httpx.post(
            f"{server.url}{prefix}/gradio_api/queue/join", json=join, headers=writer, trust_env=False, timeout=60
        )
        assert (prefix, asked.status_code == 403) == (prefix, prefix != "")
    assert FINE not in httpx.get(f"{server.url}/configuration/config", headers=owner, trust_env=False, timeout=60).text


def test_a_server_of_ones_own_shows_it_without_a_token(page, space):
    page.goto(f"{space.url}/configuration/")
    expect(row(page, "dataset_repo")).to_contain_text("not set")
    expect(page.locator("#sync")).to_contain_text("experiments live on this machine's disk alone")
    page.click("#test")
    expect(page.locator("#answer")).to_contain_text("No dataset is set")
