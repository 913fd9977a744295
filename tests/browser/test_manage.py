# ruff: noqa: E501 (a script for the browser)
"""The Manage page in Chromium: every button pressed, and what it does seen on every list; nothing for who may only read."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.accessible import in_all_looks, tabbed
from tests.browser.conftest import Space
from tests.browser.told import ODD
from tests.ports import free_port

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(page, space):
    page.goto(f"{space.url}/manage/")
    expect(page.locator("#tell")).to_be_visible()
    expect(page.locator("#listed :is(table, .tc-empty)")).to_be_visible()
    return page


@pytest.mark.requirement("S1.63", "S1.64", "S1.65", "S1.66", "S1.67", "S1.68", "S1.69")
def test_an_experiment_is_made_told_and_ended_by_hand(opened, space):
    page = opened
    page.fill("#name input", ODD)
    page.fill("#project input", "by hand")
    page.fill("#description textarea", "for the test")
    page.click("#create")
    expect(page.locator("#created")).to_contain_text(f"Created {ODD} in by hand: exp_")
    own = page.locator("#created code").inner_text()
    first = page.locator("#listed tbody tr").first
    expect(first).to_have_attribute("data-id", own)
    expect(first.locator(".tc-state")).to_have_text("running")
    expect(page.locator("#chosen input")).to_have_value(re.compile(own))
    expect(page.locator("#shown")).to_contain_text("for the test")
    expect(page.locator("#name input")).to_have_value("")
    expect(page.locator("#listed img")).to_have_count(0)  # markup in a name stays a text

    page.fill("#metrics textarea", '{"loss": 0.5 "accuracy": 0.85}')
    page.click("#log")
    expect(page.locator("#logged")).to_contain_text('no JSON at column 14: \'"accuracy":')
    page.fill("#metrics textarea", '{"loss": 0.5, "accuracy": 0.85}')
    page.fill("#step input", "7")
    page.click("#log")
    expect(page.locator("#logged")).to_contain_text("Logged 2 values at step 7.")
    page.fill("#step input", "")
    page.click("#log")
    expect(page.locator("#logged")).to_contain_text("Logged 2 values at step 8.")
    expect(page.locator("#shown .tc-latest tbody tr").nth(1)).to_contain_text(re.compile(r"loss\s*0\.5\s*8"))

    page.fill("#parameters textarea", "[1]")
    page.click("#keep")
    expect(page.locator("#kept")).to_contain_text("must be a JSON object, got a list")
    page.fill("#parameters textarea", '{"optimizer": {"lr": 0.1}}')
    page.click("#keep")
    expect(page.locator("#kept")).to_contain_text("Logged 1 parameter.")
    expect(page.locator("#shown .tc-pairs")).to_contain_text("optimizer.lr")

    for status, state in (("paused", "paused"), ("failed", "failed"), ("completed", "finished")):
        page.get_by_role("radio", name=status).check()
        page.click("#update")
        expect(page.locator("#updated")).to_contain_text(f"is {status}.")
        expect(first.locator(".tc-state")).to_have_text(state)
        expect(first.locator(".tc-state svg")).to_have_count(1)  # told by a sign and a word

    page.fill("#chosen input", "exp_nope")
    page.keyboard.press("Enter")
    expect(page.locator("#shown")).to_contain_text("There is no experiment 'exp_nope'")
    page.click("#update")
    expect(page.locator("#updated")).to_contain_text("There is no experiment 'exp_nope'")

    first.locator("a").click()
    expect(page.locator(".tk-detail, .tk-notice").first).to_be_visible()
    expect(page).to_have_url(re.compile(f"experiment={own}"))


@pytest.mark.requirement("S1.70")
def test_demo_data_are_made_seen_as_such_and_deleted_by_one_press_each(page, own_space):
    space = own_space.start()
    page.goto(f"{space.url}/manage/")
    page.click("#demo")
    expect(page.locator("#created")).to_contain_text("with made-up data of 60 steps, marked as demo")
    row = page.locator('#listed tbody tr[data-id^="exp_demo_"]')
    expect(row).to_have_count(1)
    expect(row.locator(".tc-demo")).to_have_text("demo")
    expect(page.locator("#shown .tc-demo")).to_be_visible()
    told = httpx.get(f"{space.url}/v1/experiments?project=demo", timeout=60, trust_env=False).json()["experiments"]
    assert [(one["demo"], one["tags"]) for one in told] == [(True, ["demo"])]
    project = page.context.new_page()
    project.goto(f"{space.url}/?project=demo")
    expect(project.locator(".tk-row .tk-demo")).to_have_text("demo")
    project.get_by_role("button", name="Manage and configure").click()
    project.get_by_role("option", name="Manage experiments").click()
    expect(project.locator('#listed tr[data-id^="exp_demo_"]')).to_have_count(1)
    project.close()
    page.click("#remove")
    expect(page.locator("#created")).to_contain_text("Deleted 1 demo experiment.")
    expect(row).to_have_count(0)
    expect(page.locator("#remove")).to_be_hidden()


@pytest.mark.requirement("S1.80")
def test_a_reader_sees_what_there_is_and_can_change_nothing(page, tmp_path):
    owner = {"X-Trackio-Token": "the-owners-token"}
    running = Space(tmp_path / "guarded", free_port(), {"TRACKIO_WRITE_TOKEN": "the-owners-token"}).start()
    try:
        wish = {"role": "viewer", "name": "reader"}
        viewer = httpx.post(f"{running.url}/v1/tokens", json=wish, headers=owner, timeout=60, trust_env=False).json()
        page.goto(running.url)
        expect(page.locator("input").first).to_be_visible()
        assert in_all_looks(page, "log-in") == []
        assert all(one["seen"] for one in tabbed(page))
        page.goto(f"{running.url}/manage#token={viewer['token']}")
        expect(page.locator("#readers")).to_contain_text("You may read here.")
        expect(page.locator("#listed")).to_contain_text("No experiment yet.")
        expect(page.locator("#tell")).to_be_hidden()
        for button in ("#create", "#demo", "#remove"):
            expect(page.locator(button)).to_be_hidden()
        # The buttons are not there; their functions refuse all the same.
        config = page.evaluate("fetch('/manage/config').then((answer) => answer.json())")
        targets = [one["id"] for one in config["dependencies"] if one["targets"] and one["targets"][0][1] == "click"]
        assert len(targets) == 6
        for index in targets:
            count = len(next(one for one in config["dependencies"] if one["id"] == index)["inputs"])
            said = page.evaluate(_ASK, [index, ["x", "failed", ""][:count]])
            assert "You may read here." in said, index
        listed = httpx.get(f"{running.url}/v1/projects", headers=owner, timeout=60, trust_env=False).json()
        assert listed["projects"] == []
    finally:
        running.stop()


_ASK = """async ([fn_index, data]) => {
  const session_hash = `s${fn_index}`;
  const base = '/manage/gradio_api/queue';
  await fetch(`${base}/join`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ data, fn_index, session_hash }) });
  return (await fetch(`${base}/data?session_hash=${session_hash}`)).text();
}"""
"""What a function of the page says when it is asked without its button."""
