"""Experiments compared in a real browser: side by side, as groups of seeds, along axes, as dots, and what matters."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.static_page import deploy, recent
from tests.browser.trainings import Training
from tests.browser.waiting import fits, reads_well
from tests.hub.view_data import fill

pytestmark = pytest.mark.browser

LONG = "You are a helpful assistant. Answer in one short sentence, and "


def trained(space, name, loss, *, project="compared", steps=4, **config):
    training = Training(space.url, project, name, config=config)
    training.log(
        [(step, {"eval/loss": loss + 4 - step, "train/loss": loss + 5 - step}) for step in range(1, steps + 1)]
    )
    training.finish()
    return training


@pytest.fixture(scope="module")
def seeds(space):
    """Three seeds of each of two optimizers, and one more with markup in its name."""
    made = []
    for seed, (one, other) in enumerate([(1.0, 1.3), (1.1, 1.5), (1.2, 1.1)]):
        made.append(
            trained(space, f"adam-s{seed}", one, lr=0.01, model={"layers": 2}, seed=seed, prompt=f"{LONG}guess.")
        )
        made.append(
            trained(space, f"muon-s{seed}", other, lr=0.1, model={"layers": 2}, seed=seed, prompt=f"{LONG}wait.")
        )
    made.append(trained(space, 'odd "<b>', 9.0, steps=2, lr="a, b", model={"layers": 4}))
    return made


def opened(page, space, seeds, rest="", ticked=(0, 1)):
    shown = ",".join(seeds[i].experiment_id for i in ticked)
    page.goto(f"{space.url}/?project=compared&view=compare&shown={shown}{rest}")


def row(page, key):
    return page.locator(".tk-differ-frame:visible tr", has=page.locator(f"th[scope=row] >> text=/^{re.escape(key)}$/"))


@pytest.mark.requirement("S1.74", "S1.76")
def test_what_differs_stands_beside_every_metric_against_a_base_of_ones_choice(page, space, seeds):
    opened(page, space, seeds)
    expect(page.locator(".tk-compare-verdict")).to_contain_text("It is not known whether")
    expect(page.locator(".tk-differ-frame:visible thead th")).to_contain_text(["adam-s0", "muon-s0"])
    expect(row(page, "lr").locator("td")).to_have_text(["0.01", "0.1"])
    expect(row(page, "lr").locator("td.differs")).to_have_text("0.1")
    expect(row(page, "eval/loss").locator("td")).to_have_text(["1.000", "+0.3001.300"])  # the lower one is bold
    expect(row(page, "eval/loss").locator("b")).to_have_text("1.000")
    expect(row(page, "prompt").locator("del")).to_have_text("guess")
    expect(row(page, "model.layers")).to_have_count(0)
    page.get_by_label("Only what differs").uncheck()
    expect(row(page, "model.layers").locator("td")).to_have_text(["2", "2"])
    page.get_by_title("Compare against").click()
    page.get_by_role("option", name="muon-s0").click()
    expect(row(page, "lr").locator("td")).to_have_text(["0.1", "0.01"])
    expect(page).to_have_url(re.compile("same=1"))
    expect(page).to_have_url(re.compile(f"base={seeds[1].experiment_id[-8:]}"))
    # Keys that are left out, here and in the next comparison of the project; with their number and a way back.
    row(page, "lr").hover()
    row(page, "lr").get_by_role("button", name="Leave lr out").click()
    expect(row(page, "lr")).to_have_count(0)
    expect(page.locator(".tk-compare-head .tk-soft")).to_contain_text("1 key left out")
    expect(page).to_have_url(re.compile("leave=lr"))
    page.goto(
        f"{space.url}/?project=compared&view=compare&shown={seeds[0].experiment_id},{seeds[1].experiment_id}&same=1"
    )
    expect(row(page, "prompt")).to_have_count(1)
    expect(row(page, "lr")).to_have_count(0)
    page.get_by_title("Leave keys out").click()
    page.get_by_role("option", name="prompt").click()
    expect(row(page, "prompt")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_title("Leave keys out")).to_have_text("2 left out")
    page.get_by_title("Leave keys out").click()
    page.get_by_role("option", name="Bring all 2 back").click()
    page.keyboard.press("Escape")
    expect(row(page, "lr").locator("td")).to_have_text(["0.01", "0.1"])
    page.get_by_title("Compare against").click()
    page.get_by_role("option", name="muon-s0").click()
    page.get_by_label("Find a key or metric").fill("loss")
    expect(row(page, "lr")).to_have_count(0)
    expect(row(page, "train/loss")).to_have_count(1)
    expect(page.locator(".tk-compare-charts .tk-chart-title")).to_have_text(["loss", "loss"])
    field = page.get_by_label("Compare these").first
    field.fill("adam-s1, nobody")
    field.press("Enter")
    expect(page.locator(".tk-compare [role=alert]:visible").first).to_contain_text("“nobody”")
    field.fill(f'{seeds[0].experiment_id},odd "<b>')
    field.press("Enter")
    expect(page.locator(".tk-differ-frame:visible thead th")).to_contain_text(["adam-s0", 'odd "<b>'])
    page.get_by_label("Find a key or metric").fill("")
    expect(row(page, "last step").locator("td")).to_have_text(["4", "−22"])
    reads_well(page)
    page.set_viewport_size({"width": 390, "height": 844})
    fits(page, "html")
    expect(page.locator(".tk-compare-sheet button")).to_be_visible()


def test_two_groups_of_seeds_are_told_apart_or_called_a_tie(page, space, seeds):
    opened(page, space, seeds, "&part=groups&first=adam&second=muon", range(6))
    expect(page.locator(".tk-verdicts")).to_contain_text("A tie in eval/loss at step 4. adam − muon = −0.2")
    expect(page.locator(".tk-verdicts")).to_contain_text("which holds 0 (3 and 3 seeds, Welch)")
    expect(page.locator(".tk-verdicts")).to_contain_text("Five or more make it firmer")
    expect(page.locator(".tk-figure svg circle title")).to_have_text(
        [re.compile("^adam-s")] * 3 + [re.compile("^muon-s")] * 3
    )
    expect(page.locator(".tk-figure svg path.line")).to_have_count(3)  # both means, and their difference
    expect(row(page, "eval/loss").locator("td").last).to_have_text("tie")
    row(page, "train/loss").get_by_role("button").click()
    expect(page).to_have_url(re.compile("figure=train/loss"))
    page.reload()
    expect(page.locator(".tk-verdicts")).to_contain_text("A tie in train/loss")
    row(page, "eval/loss").get_by_role("button").click()
    page.get_by_title("Swap the groups").click()
    expect(page.locator(".tk-verdicts")).to_contain_text("muon − adam = +0.2")
    page.get_by_title("Put experiments into groups by").click()
    page.get_by_role("option", name="by hand").click()
    hand = page.locator(".tk-hand-row")
    hand.filter(has_text="adam-s0").get_by_role("button", name="first").click()
    hand.filter(has_text="muon-s0").get_by_role("button", name="second").click()
    expect(page.locator(".tk-verdicts")).to_contain_text("With one seed in a group there is no interval")
    expect(page).to_have_url(re.compile(f"groupby=hand&first={seeds[0].experiment_id[-8:]}&second="))
    page.reload()
    expect(page.locator(".tk-verdicts")).to_contain_text("With one seed in a group there is no interval")


def test_seeds_of_one_config_are_a_group_in_compare_the_table_and_the_charts(page, space, seeds):
    opened(page, space, seeds, "&part=groups&groupby=but:seed", range(7))
    by, first = page.get_by_title("Put experiments into groups by"), page.get_by_title("First group")
    expect(by).to_have_text("everything but the seed")
    expect(page.locator(".tk-verdicts")).to_contain_text("(3 and 3 seeds, Welch)")
    expect(first).to_contain_text("lr 0.01, model.layers 2, prompt You are")
    by.click()
    page.get_by_role("option", name="everything but the seed").click()
    for key in ("lr", "model.layers"):  # more than one key
        page.get_by_role("option", name=key, exact=True).click()
    expect(first).to_have_text("lr 0.01, model.layers 2, 3")
    expect(page).to_have_url(re.compile("groupby=config:lr,config:model.layers"))
    page.keyboard.press("Escape")
    page.evaluate("trackioPage.shell.state.set({ view: 'table', tableGroups: ['but:seed'] })")
    heads = page.locator(".tk-table-group .tk-group-fold")
    expect(heads).to_have_count(3)
    expect(heads.filter(has_text="lr 0.01, model.layers 2, prompt You are")).to_contain_text("3")
    page.evaluate("trackioPage.shell.state.set({ view: 'metrics', by: ['but:seed'] })")
    legend = page.locator(".tk-view.metrics .tk-groups-one")
    expect(legend).to_contain_text(["lr 0.01", "lr 0.1", "lr a, b"])
    expect(page.get_by_title("Group experiments and draw").first).to_have_text("by all but seed")
    page.get_by_title("Group experiments and draw").first.click()
    expect(page.get_by_role("option", name="everything but the seed")).to_contain_text("7 experiments into 3")


RIGHT_CLICK = """() => {
  const plane = document.querySelector(".tk-compare-part.parallel .tk-plane"), box = plane.getBoundingClientRect();
  const clientX = box.left + box.width * 0.3;
  const tell = (type, clientY, button) => plane.dispatchEvent(new PointerEvent(type, { clientX, clientY, button }));
  for (let y = box.top; y < box.bottom; y += 2) {
    tell("pointermove", y, -1);
    if (document.querySelector(".tk-compare-part.parallel .tk-tip:not([hidden])")) return tell("pointerup", y, 2);
  }
  return false;
}"""


def test_what_runs_grows_under_a_readers_hands(page, space):
    made = [Training(space.url, "grown", name, config={"lr": name}) for name in ("a-s1", "a-s2", "b-s1", "b-s2")]

    def grow(step, after_ms):
        for i, training in enumerate(made):
            training.log([(step, {"eval/loss": 9 - step + i / 10, "train/loss": 9 - step - i / 10})])
        page.clock.fast_forward(after_ms)

    page.clock.install()
    grow(1, 0)
    shown = ",".join(training.experiment_id for training in made)
    page.goto(f"{space.url}/?project=grown&view=compare&shown={shown}")
    leave = row(page, "lr").get_by_role("button", name="Leave lr out")
    leave.focus()
    grow(2, 2_000)
    expect(row(page, "last step").locator("td")).to_have_text(["2", "=2", "=2", "=2"])
    expect(leave).to_be_focused()
    page.get_by_role("tab", name="Groups of seeds").click()
    expect(page.locator(".tk-verdicts")).to_contain_text("in eval/loss at step 2")
    curves = page.locator(".tk-figure svg[aria-label^=Mean]")
    expect(curves).to_have_attribute("aria-label", re.compile("at step 2$"))
    metric = row(page, "train/loss").get_by_role("button")
    metric.focus()
    grow(3, 10_000)
    expect(page.locator(".tk-verdicts")).to_contain_text("in eval/loss at step 3")
    expect(curves).to_have_attribute("aria-label", re.compile("at step 3$"))
    expect(metric).to_be_focused()
    page.get_by_role("tab", name="Parallel coordinates").click()
    field = page.get_by_label("eval/loss, to")
    expect(field).to_have_attribute("placeholder", "6.3")
    field.press_sequentially("5.")
    grow(4, 11_000)
    expect(field).to_have_attribute("placeholder", "5.3")
    expect(field).to_have_value("5.")
    expect(field).to_be_focused()


@pytest.mark.requirement("S2.74")
def test_ranges_choose_lines_dots_open_experiments_and_importance_says_what_matters(page, space):
    for i in range(12):
        trained(
            space, f"r{i}", 1 + i / 10, project="swept", lr=10.0 ** (i - 9), kind="ab"[i % 2], same=1, label=f"r{i}"
        )
    page.goto(f"{space.url}/?project=swept&view=compare&part=parallel")
    said = page.locator(".tk-compare-part.parallel .tk-compare-note")
    expect(said.first).to_contain_text("12 experiments. Drag along an axis")
    expect(page.locator(".tk-axis-name")).to_have_text(["lrlog", "kind", "eval/loss"])
    field = page.get_by_label("eval/loss, to")
    field.fill("1.3.5")
    field.press("Enter")
    trouble = page.locator(".tk-range", has=field).locator(".tk-trouble:visible")
    expect(trouble).to_have_text("“1.3.5” is no number. Write it as 0.5 or 1e-3.")
    field.fill("1.35")
    field.press("Enter")
    expect(trouble).to_have_count(0)
    expect(said.first).to_contain_text("4 of 12 experiments lie within the ranges. Best eval/loss: 1, r0.")
    expect(page).to_have_url(re.compile("ranges="))
    page.get_by_label("kind: move left").click()
    expect(page.locator(".tk-axis-name")).to_have_text(["kind", "lrlog", "eval/loss"])
    plane = page.locator(".tk-compare-part.parallel .tk-plane").bounding_box()
    assert plane
    x, bottom = plane["x"] + 64, plane["y"] + plane["height"] - 34
    page.mouse.move(x, bottom)  # the lower half of the first axis: kind a
    page.mouse.down()
    page.mouse.move(x, bottom - (plane["height"] - 48) * 0.45, steps=3)
    page.mouse.up()
    expect(said.first).to_contain_text("2 of 12 experiments")
    assert page.evaluate(RIGHT_CLICK)  # on a line, which opens nothing
    assert "experiment=" not in page.url
    page.get_by_text("Tick these").click()
    expect(page.locator(".tk-side-count")).to_contain_text("2 of 12")
    page.locator(".tk-as-table:visible summary").click()
    expect(page.locator(".tk-as-table:visible tbody tr")).to_have_count(2)

    page.get_by_role("tab", name="Importance").click()
    expect(page.locator(".tk-verdicts:visible")).to_contain_text("lr goes with 'eval/loss' beyond chance")
    expect(row(page, "lr").locator("td").first).to_have_text("ρ +1.00")
    left = page.locator(".tk-left-out")
    expect(left).to_contain_text("the same in all: 1")
    expect(left).to_contain_text("a text: 12 different values in 12 experiments")
    page.get_by_title("lr against eval/loss").click()

    expect(page.locator(".tk-compare-part.scatter .tk-compare-note").first).to_contain_text("ρ = 1 over n = 12")
    scatter = page.get_by_role("application")
    scatter.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".tk-visually-hidden[role=status]")).to_have_text("r0: lr 1e−9, eval/loss 1")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("experiment="))
    page.go_back()
    expect(page.get_by_role("tab", name="Scatter")).to_have_attribute("aria-selected", "true")
    told = page.evaluate(
        """async () => {
          const { axisOf, rankCorrelation } = await import('/lib/compare/axis.js');
          const { differences } = await import('/lib/compare/textdiff.js');
          const wide = axisOf('x', 'x', [-1e308, 0, 1e308, NaN, undefined]);
          const log = axisOf('x', 'x', [1e-5, 1e-3, 1e-1]);
          return { wide: [-1e308, 0, 1e308, NaN].map(wide.place), log: [log.kind, log.place(1e-3)],
            odd: axisOf('x', 'x', [1, null, 'a', true]).kinds, one: axisOf('x', 'x', [7, 7]).place(7),
            rho: [rankCorrelation([1, 2, 2, 9], [4, 1, 7, 8]), rankCorrelation([1, 1, 1], [1, 2, 3])],
            parts: differences('a b c', 'a x c').map(({ kind, words }) => kind + ':' + words),
            same: differences('', '') };
        }"""
    )
    assert told["wide"] == [0, 0.5, 1, None]
    assert (told["log"], told["one"]) == (["log", pytest.approx(0.5)], 0.5)
    assert told["odd"] == ["1", "a", "None", "true"]
    assert told["rho"] == [pytest.approx(0.6324555320336759), None]  # scipy.stats.spearmanr
    assert told["parts"] == ["same:a", "gone: b", "new: x", "same: c"]
    assert json.dumps(told["same"]) == '[{"kind": "same", "words": ""}]'


@pytest.mark.requirement("S1.54")
@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # as static_page.STATIC says
def test_a_page_without_a_server_compares_what_it_can_and_says_the_rest(world, page):
    url = deploy(world.hub, world.api)
    fill(world.store, recent(1, 100, name="first"), recent(2, 100, name="second"))
    world.push()
    page.goto(f"{url}?view=compare")
    expect(page.locator(".tk-differ-frame:visible thead th")).to_contain_text(["first", "second"])
    expect(row(page, "eval/f1").locator("td")).to_have_count(2)
    expect(page.locator(".tk-compare-verdict")).to_be_hidden()
    page.get_by_role("tab", name="Groups of seeds").click()
    expect(page.locator(".tk-compare-part.groups h1")).to_have_text("Groups are compared by a server")
    page.get_by_role("tab", name="Importance").click()
    expect(page.locator(".tk-verdicts:visible")).to_contain_text("Api().importance(project, metric)")
    page.get_by_role("tab", name="Parallel coordinates").click()
    expect(page.locator(".tk-compare-part.parallel .tk-compare-note").first).to_contain_text("2 experiments")
