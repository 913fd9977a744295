"""A page without a server: it draws a dataset repo of the Hub (the stand-in, on another origin) in a real browser."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.static_page import REPO, World, a_world, commit, deploy, drawn, recent, until
from tests.hub.view_data import Repo, fill, training
from tests.store.trainer import Trainer, taken
from trackio_client.hub.dataset import HubDataset
from trackio_client.hub.files.views import Views, overview_path
from trackio_client.hub.replicator import Replicator
from trackio_client.wire.frames import Schema

pytestmark = [
    pytest.mark.browser,
    pytest.mark.requirement("S1.54"),
    # huggingface_hub 2.4 uploads an LFS file by a spelling that its own httpx2 calls old.
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with a_world(tmp_path, monkeypatch) as world:
        yield world


def test_it_shows_lists_charts_states_and_one_experiment_from_whole_files_alone(world, page):
    url = deploy(world.hub, world.api)
    names = fill(
        world.store,
        recent(1, 400, name="first"),
        recent(2, 400, name="broken", end="failed"),
        recent(3, 400, name="still going", end=None),
    )
    world.push()
    world.hub.forget()
    page.goto(url)
    drawn(page)
    expect(page.locator(".tk-row .tk-name")).to_have_text(["still going", "broken", "first"])
    expect(page.locator(".tk-running")).to_have_text("1 running")
    expect(page.locator(".tk-fresh")).to_have_text(re.compile(r"as of \d\d:\d\d"))
    expect(page.locator(".tk-section-fold")).to_have_text(["train", "eval", "system"])
    page.get_by_role("link", name="broken").click()
    expect(page.locator(".tk-callout")).to_contain_text("Failed")
    expect(page.locator(".tk-error")).to_contain_text("OutOfMemoryError")
    expect(page.locator(".tk-summary")).to_contain_text("eval/f1")
    expect(page.locator(".tk-kv").first).to_contain_text("optimizer.weight_decay")
    last = world.store.summaries([names[1]], ["eval/f1"])[names[1]][0].last
    row = page.locator(".tk-summary tr").filter(has_text="eval/f1")
    expect(row.locator("td").nth(1)).to_have_text(f"{last:.4g}")
    asked = world.data()
    assert {seen["request"].split()[0] for seen in asked} == {"GET"}  # no preflight, no HEAD
    assert {seen["token"] for seen in asked} == {None}
    assert {seen["status"] for seen in asked} <= {200, 302, 307, 304}
    assert not [seen for seen in asked if seen["status"] == 206]


def test_the_values_drawn_are_those_that_were_logged(world, page):
    url = deploy(world.hub, world.api)
    (name,) = fill(world.store, recent(1, 300))
    world.push()
    page.goto(url)
    drawn(page)
    points = world.store.points(name, "train/loss")
    told = page.evaluate(
        """async ([repo, endpoint, id]) => {
          const {RepoSource} = await import("./view/repo.js");
          const {HubFiles} = await import("./view/hubfiles.js");
          const source = new RepoSource({files: new HubFiles({repo, endpoint})});
          await source.experiments("digits");
          const {series} = await source.points({experiments: [id], metrics: ["train/loss"], x: "step"});
          return [Array.from(series[0].steps), Array.from(series[0].values)];
        }""",
        [REPO, world.hub.url, name],
    )
    assert told[0] == points.steps.tolist()
    assert told[1] == points.values.astype("f4").astype("f8").tolist()


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
    until(lambda: len([seen for seen in world.data() if "head.json" in seen["request"]]) > 4)
    assert all("head.json" in seen["request"] for seen in world.data())  # and then the head alone


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
    page.wait_for_timeout(500)  # what was under way
    world.hub.forget()
    page.wait_for_timeout(3000)
    assert world.data() == []


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
    page.get_by_role("button", name="Try now").click()
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
    page.get_by_role("button", name="Try now").click()
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


def test_a_link_opens_one_experiment_of_whatever_project(world, page):
    url = deploy(world.hub, world.api)
    names = fill(world.store, recent(1), recent(2, project="other", name="linked"))
    world.push()
    page.goto(f"{url}?experiment={names[1]}")
    expect(page.locator(".tk-head h1")).to_have_text("linked")
    drawn(page)


def test_a_dataset_that_is_gone_or_was_made_private_is_told_apart_from_an_error(world, page):
    url = deploy(world.hub, world.api, repo="me/absent")
    page.goto(url)
    notice = page.locator(".tk-notice")
    expect(notice).to_contain_text("“me/absent” is not open")
    expect(notice).to_contain_text("trackio-client deploy --static --dataset me/absent")


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


def test_zoomed_in_beyond_the_overview_it_says_where_finer_points_are(world, page):
    url = deploy(world.hub, world.api)
    fill(world.store, recent(1, 6000))
    world.push()
    page.goto(url)
    drawn(page)
    plot = page.locator(".tk-plot").first
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 120, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 180, box["y"] + 60, steps=4)
    page.mouse.up()
    expect(page.locator(".tk-chart-said")).to_contain_text("datasets.load_dataset(")


def test_time_axes_are_drawn_and_axes_that_need_every_point_are_not_offered(world, page):
    url = deploy(world.hub, world.api)
    fill(world.store, recent(1, 300))
    world.push()
    page.goto(url)
    drawn(page)
    page.get_by_title("x axis").click()
    expect(page.get_by_role("option")).to_have_text(["step", "relative time", "wall time"])
    page.get_by_role("option", name="wall time").click()
    drawn(page)
    page.goto(f"{url}?x=train%2Fepoch")
    expect(page.locator(".tk-chart").first).to_contain_text("needs every point")


def test_a_chart_without_points_says_whether_they_come_or_were_left_out(world, page):
    url = deploy(world.hub, world.api)
    names = tuple(f"layer_{n:04}/weight_norm" for n in range(500))
    one = Trainer("w_1", "exp_20261121_100000_aaaaaaaa", "digits", schema=Schema(names))
    one.start(time_us=int(time.time() * 1e6))
    for step in range(80):
        one.step(step, *(step + n / 7 for n in range(500)), time_us=int(time.time() * 1e6))
    taken(one.send(world.store))
    commit(world.api, REPO, world.repo.push(most=0))
    page.goto(f"{url}?filter=layer_0300")
    expect(page.locator(".tk-chart")).to_contain_text("Its overview is not in the repo yet")
    world.push(*world.repo.later)
    expect(page.locator(".tk-chart")).to_contain_text("Left out of the overview")
    page.goto(f"{url}?filter=layer_0000")
    drawn(page)
    page.goto(f"{url}?filter=layer_0499")  # one experiment's 400 most important are listed
    expect(page.locator(".tk-notice")).to_contain_text("names of 400 metrics")
    expect(page.locator(".tk-notice")).to_contain_text("100 more are not listed on this page")


def test_names_and_texts_of_others_are_never_markup(world, page):
    bad = "<img src=x onerror=alert(1)>"
    url = deploy(world.hub, world.api)
    one = recent(1, name=bad, project="<script>alert(2)</script>", notes=bad)
    one.event(kind="console", stream="stdout", lines=[bad, "</script>"], time_us=int(time.time() * 1e6))
    (name,) = fill(world.store, one)
    world.push()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(url)
    expect(page.locator(".tk-row .tk-name")).to_have_attribute("title", re.compile("onerror"))
    page.goto(f"{url}?experiment={name}")
    expect(page.locator(".tk-head h1")).to_have_text(bad)
    expect(page.locator(".tk-log")).to_contain_text(bad)
    assert (dialogs, page.locator("img").count()) == ([], 0)


def test_the_policy_lets_no_foreign_script_run_and_no_word_out(world, page):
    url = deploy(world.hub, world.api)
    fill(world.store, recent(1))
    world.push()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(url)
    drawn(page)
    assert [text for text in said if "Content Security Policy" in text] == []
    outcome = page.evaluate("""async () => {
      const told = [];
      addEventListener("securitypolicyviolation", (event) => told.push(event.effectiveDirective));
      const script = document.createElement("script");
      script.textContent = "globalThis.ran = 1";
      document.head.append(script);
      await fetch("https://example.org/").catch(() => told.push("not fetched"));
      new Image().src = "https://example.org/pixel.png";
      await new Promise((go) => setTimeout(go, 300));
      return [globalThis.ran ?? 0, told.sort()];
    }""")
    assert outcome == [0, ["connect-src", "img-src", "not fetched", "script-src-elem"]]


def test_one_chart_opens_large(world, page):
    pytest.importorskip("plotly")
    url = deploy(world.hub, world.api, library=True)
    fill(world.store, recent(1, 300))
    world.push()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(url)
    drawn(page)
    page.locator(".tk-plot").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".tk-large .scatterlayer .trace").first).to_be_attached()
    assert [text for text in said if "Content Security Policy" in text] == []


def test_without_the_library_a_chart_says_why_it_does_not_open(world, page):
    url = deploy(world.hub, world.api)
    fill(world.store, recent(1))
    world.push()
    page.goto(url)
    drawn(page)
    page.locator(".tk-plot").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".tk-chart-said")).to_contain_text("needs plotly")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(world, browser, scheme):
    url = deploy(world.hub, world.api)
    fill(world.store, recent(1, name="a name that is quite a bit longer than a phone is wide, and goes on"), recent(2))
    world.push()
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto(url)
    drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="of 2 experiments").click()
    expect(page.locator(".tk-row")).to_have_count(2)
    context.close()


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
    assert page.locator(".tk-away").count() == 0  # no trouble, only early
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


@pytest.mark.requirement("S4.6", "S4.8")
def test_what_a_training_told_stands_on_its_page_as_far_as_the_repo_has_it_small(world, page):
    one = recent(1, 60, name="teller")
    at_us = int((time.time() - 60) * 1e6)
    one.event(kind="record", record="model", time_us=at_us, data={"class": "Bert", "parameters": 1000})
    rows = {"B-place": {"f1": 0.5, "precision": 0.5, "recall": 0.5, "support": 7}}
    for step in (20, 40):
        data = {"eval_loss": 1 / step, "per_label_metrics": rows}
        one.event(kind="record", record="epoch_metrics", time_us=at_us, step=step, epoch=step / 20, data=data)
    (name,) = fill(world.store, one)
    url = deploy(world.hub, world.api)
    world.push()
    page.set_viewport_size({"width": 1440, "height": 3000})
    page.goto(f"{url}?experiment={name}")
    drawn(page)
    expect(page.locator('.tk-pane[aria-label="Evaluations"] tbody tr')).to_have_count(2)
    expect(page.locator('.tk-pane[aria-label="Labels"]')).to_contain_text("B-place")
    expect(page.locator('.tk-pane[aria-label="Model"]')).to_contain_text("Bert")
    expect(page.locator(".tk-media")).to_be_hidden()
