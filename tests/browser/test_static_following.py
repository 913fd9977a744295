"""A page without a server follows its repo: what is pushed appears, silence is told, a hidden tab asks nothing."""

from __future__ import annotations

import re
import time

from playwright.sync_api import expect

from tests.browser.static_page import REPO, STATIC, commit, deploy, drawn, recent, until
from tests.hub.view_data import Repo, fill, training
from trackio_client.hub.dataset import HubDataset
from trackio_client.hub.files.views import Views, overview_path
from trackio_client.hub.replicator import Replicator

pytestmark = STATIC


def test_a_push_appears_by_itself_and_only_what_changed_is_fetched(world, page):
    url = deploy(world.hub, world.api)
    live, ended = recent(1, 50, end=None, name="live"), recent(2, 50, name="ended")
    fill(world.store, live, ended)
    world.push()
    page.goto(f"{url}?column=steps")
    drawn(page)
    value = page.locator(".tk-row").filter(has_text="live").locator(".tk-row-value")
    expect(value).to_have_text("49")
    world.hub.forget()
    for step in range(50, 80):
        live.step(step, 0.5, 1e-5, 1.0, step / 250, time_us=int(time.time() * 1e6))
    fill(world.store, live)
    world.push(live.experiment_id)
    expect(value).to_have_text("79")
    until(lambda: any(live.experiment_id in seen["request"] for seen in world.data()))
    asked = {seen["request"].split()[1] for seen in world.data()}
    assert not [path for path in asked if ended.experiment_id in path]
    world.hub.forget()
    looks = 5
    until(  # and then, once what was under way has come, the head alone
        lambda: len(last := world.data()[-looks:]) == looks and all("head.json" in seen["request"] for seen in last)
    )


def test_a_hidden_tab_asks_nothing(world, page):
    url = deploy(world.hub, world.api)
    fill(world.store, recent(1, end=None))
    world.push()
    page.goto(url)
    drawn(page)
    page.evaluate("""() => {
      Object.defineProperty(document, "hidden", {configurable: true, get: () => true});
      document.dispatchEvent(new Event("visibilitychange"));
    }""")
    asked: list[str] = []
    other = page.context.new_page()  # one that is seen tells how often a page would have asked
    other.goto(url)
    drawn(other)
    page.on("request", lambda request: asked.append(request.url))
    rounds: list[str] = []
    other.on("request", lambda request: rounds.append(request.url))
    until(lambda: other.evaluate("1") and len(rounds) > 8)
    assert len(asked) <= 2  # what was under way, or a timer that was set before


def test_an_empty_dataset_says_how_to_log_and_shows_the_first_push(world, page):
    url = deploy(world.hub, world.api)
    page.goto(url)
    notice = page.locator(".tk-notice")
    expect(notice).to_contain_text("No experiments in this dataset yet")
    expect(notice).to_contain_text(f"TRACKIO_DATASET_REPO={REPO}")
    fill(world.store, recent(1, name="hello"))
    world.push()
    expect(page.locator(".tk-row .tk-name")).to_have_text("hello")
    drawn(page)


def test_silence_in_the_repo_is_lost_contact_and_says_since_when(world, page):
    url = deploy(world.hub, world.api)
    old = training(1, 40, started_s=time.time() - 9000, end=None, name="silent")
    fill(world.store, old)
    rows = Repo(world.store, now_s=time.time() - 7200)
    rows.push()
    listed = rows.files["view/list/0000.json"].replace(b'"state":"lost_contact"', b'"state":"running"')
    commit(world.api, REPO, rows.files | {"view/list/0000.json": listed})  # it ran when that was pushed
    page.goto(f"{url}?experiment={old.experiment_id}")
    expect(page.locator(".tk-callout")).to_contain_text("Lost contact")


def test_a_running_one_stays_running_as_of_its_push(world, page):
    url = deploy(world.hub, world.api)
    (name,) = fill(world.store, recent(1, end=None))
    world.push()
    page.goto(f"{url}?experiment={name}")
    expect(page.locator(".tk-head .tk-state")).to_have_text("Running")
    expect(page.locator(".tk-row-state")).to_have_attribute("title", re.compile(r"Running as of \d\d:\d\d:\d\d"))


def test_an_overview_that_does_not_fit_its_list_yet_leaves_the_old_one(world, page):
    url = deploy(world.hub, world.api)
    live = recent(1, 50, end=None)
    fill(world.store, live)
    world.push()
    page.goto(url)
    drawn(page)
    path = overview_path(live.experiment_id)
    old = world.repo.files[path]
    for step in range(50, 60):
        live.step(step, 0.125, 0.1, 0.1, 0.1, time_us=int(time.time() * 1e6))
    fill(world.store, live)
    made = world.repo.push(live.experiment_id)
    world.hub.forget()
    commit(world.api, REPO, made | {path: old})  # as a cache that lags would show it
    until(lambda: len([seen for seen in world.data() if path in seen["request"]]) > 1)
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    expect(page.locator(".tk-away")).to_have_count(0)  # no trouble, only early
    commit(world.api, REPO, {path: made[path]})
    page.get_by_label("Amount of smoothing").fill("0")
    expect(page.locator(".tk-chart").first.locator(".tk-chart-values b")).to_have_text("0.1250")


def test_what_the_replicator_pushes_is_drawn(world, page):
    url = deploy(world.hub, world.api)
    names = fill(world.store, recent(1, name="pushed"), recent(2, name="deleted"))
    replicator = Replicator(world.store, HubDataset(REPO, token="hf_me"), origin="test", views=Views())
    replicator.refresh()
    assert replicator.flush().is_all
    page.goto(url)
    drawn(page)
    expect(page.locator(".tk-row")).to_have_count(2)
    world.store.delete(names[1])
    replicator.flush()
    expect(page.locator(".tk-row .tk-name")).to_have_text(["pushed"])
    left = {file.rfilename for file in world.api.dataset_info(REPO).siblings}
    assert overview_path(names[0]) in left
    assert overview_path(names[1]) not in left
