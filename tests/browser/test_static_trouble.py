"""A page without a server when the Hub is away, refuses, cuts an answer, or the dataset is gone.

What is drawn stays; nothing is asked faster than before.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.static_page import STATIC, deploy, drawn, recent, until
from tests.hub.view_data import fill

pytestmark = STATIC


def try_now(page):
    """Press the button, unless the page has asked by itself first: then it is gone already."""
    page.get_by_role("button", name="Try now").evaluate_all("buttons => buttons.forEach((button) => button.click())")


def test_offline_keeps_the_charts_and_goes_on_by_itself(world, page):
    url = deploy(world.hub, world.api)
    fill(world.store, recent(1))
    world.push()
    page.goto(url)
    drawn(page)
    page.context.set_offline(True)
    bar = page.locator(".tk-away")
    expect(bar).to_contain_text("No answer from the Hub, since")
    expect(bar).to_contain_text("What you see stays as it was")
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    page.context.set_offline(False)
    try_now(page)
    expect(bar).to_have_count(0)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 429}, "The Hub asks to wait, since"),
        ({"status": 503}, "The Hub answers with an error (503), since"),
        ({"kind": "html"}, "since"),
        ({"kind": "drop"}, "No answer from the Hub, since"),
    ],
    ids=["429", "503", "a proxy's page", "broken"],
)
def test_a_hub_in_trouble_is_named_waited_for_and_not_hammered(world, page, fault, words):
    url = deploy(world.hub, world.api)
    fill(world.store, recent(1))
    world.push()
    page.goto(url)
    drawn(page)
    world.hub.fault("GET /datasets/.*head.json", times=-1, **fault)
    bar = page.locator(".tk-away")
    expect(bar).to_contain_text(words)
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    world.hub.forget()
    page.wait_for_timeout(2500)
    assert len(world.data()) <= (0 if fault.get("status") == 429 else 6)
    world.hub.heal()
    try_now(page)
    expect(bar).to_have_count(0)


def test_a_hub_in_trouble_at_the_start_is_waited_for(world, page):
    url = deploy(world.hub, world.api)
    fill(world.store, recent(1))
    world.push()
    world.hub.fault("GET /datasets/.*(head|list)", times=3, status=500)
    page.goto(url)
    expect(page.locator(".tk-away")).to_contain_text("The Hub answers with an error (500)")
    drawn(page)


def test_an_overview_cut_on_its_way_keeps_what_is_drawn_and_comes_with_the_next_look(world, page):
    url = deploy(world.hub, world.api)
    live = recent(1, 50, end=None)
    fill(world.store, live, recent(2, 50))
    world.push()
    world.hub.fault(f"GET /datasets/.*{live.experiment_id}", times=2, status=500)
    page.goto(url)
    drawn(page)  # the other one
    until(lambda: len([seen for seen in world.data() if live.experiment_id in seen["request"]]) > 2)
    expect(page.locator(".tk-chart-values .tk-swatch")).not_to_have_count(0)


def test_an_unknown_project_or_experiment_says_so(world, page):
    url = deploy(world.hub, world.api)
    fill(world.store, recent(1))
    world.push()
    page.goto(f"{url}?project=other")
    expect(page.locator(".tk-notice h1")).to_have_text("No experiments in “other” yet")
    page.locator(".tk-notice").get_by_role("button", name="digits").click()
    drawn(page)
    page.goto(f"{url}?experiment=exp_20261121_000000_aaaaaaaa")
    expect(page.locator(".tk-notice h1")).to_have_text("There is no such experiment here")


def test_a_dataset_that_is_gone_or_was_made_private_is_told_apart_from_an_error(world, page):
    url = deploy(world.hub, world.api, repo="me/absent")
    page.goto(url)
    notice = page.locator(".tk-notice")
    expect(notice).to_contain_text("“me/absent” is not open")
    expect(notice).to_contain_text("trackio-client deploy --static --dataset me/absent")
