# ruff: noqa: E501 (scripts for the browser)
"""The time line of an experiment, the view of labels and the view of hardware: what a reader sees, does and links to."""

from __future__ import annotations

import datetime
import math
import random
import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.made_up import made_up_gpus, made_up_labels
from tests.browser.panels import pane
from tests.browser.told import ODD, record
from tests.browser.trainings import Training, curve, trained
from tests.browser.waiting import becomes, fits, holds, is_painted, reads_well

pytestmark = pytest.mark.browser


def overfit(url: str, project: str, name: str) -> Training:
    """A training whose validation turns at step 800, with an alert, an error, checkpoints; 2,000 of 3,000 steps done."""
    rand = random.Random(1)
    training = Training(url, project, name, started_s=time.time() - 4000)
    record(training, "run_config", {"max_steps": 3000})
    training.log(
        [
            (
                step,
                {
                    "train/loss": 0.2 + 2 * math.exp(-step / 250) + abs(rand.gauss(0, 0.02)),
                    "train/learning_rate": 3e-4 * min(1, step / 100) * (1 - step / 3000),
                    "train/grad_norm": 0.25 + abs(rand.gauss(0, 0.05)) + (1.8 if step == 1337 else 0),
                },
            )
            for step in range(2000)
        ],
        step_s=2,
    )
    training.log(
        [
            (step, {"eval/loss": 0.3 + 1.9 * math.exp(-step / 250) + max(0, step - 800) * 3e-4})
            for step in range(100, 2000, 100)
        ],
        step_s=2,
    )
    for kind, step, title in (
        ("checkpoint", 500, "checkpoint-500"),
        ("note", 700, ODD),
        ("checkpoint", 1000, "checkpoint-1000"),
        ("restart", 1100, "after preemption"),
        ("alert", 1500, "gradient spike"),
    ):
        training.event("mark", mark=kind, step=step, title=title, data={}, time_s=training.started_s + 2 * step)
    return training


def test_loss_gap_learning_rate_gradient_norm_and_events_stand_on_one_time_line(page: Page, space) -> None:
    training = overfit(space.url, "causes", ODD)
    page.goto(f"{space.url}/?experiment={training.experiment_id}")
    line = pane(page, "Time line")
    titles = line.locator(".tk-strip h3")
    expect(titles).to_have_text(["Loss", "Learning rate", "Gradient norm"])
    expect(line.locator(".tk-timeline-words")).to_contain_text(re.compile(r"Gap grows since step [78]00"))
    expect(line.locator(".tk-timeline-words")).to_contain_text("Validation has risen since its lowest")
    expect(line.locator(".tk-strip-values").first).to_contain_text(re.compile("train.*validation"))
    expect(line.locator(".tk-plot")).to_have_count(3)
    for plot in line.locator(".tk-plot").all():
        is_painted(plot)

    # What happened, in words for who points, tabs or listens; evaluations on a line of their own.
    events = line.locator('[data-lane="events"] .tk-mark')
    expect(events).to_have_count(5)
    expect(line.locator('[data-lane="evaluations"] .tk-mark')).to_have_count(19)
    expect(line.locator(".tk-lane-legend")).to_contain_text("19 evaluations, every 100 steps")
    events.nth(1).focus()
    tip = line.locator(".tk-lane-tip")
    expect(tip).to_contain_text(f"note: {ODD} step 700")
    expect(page.locator(".tk-lane-tip img")).to_have_count(0)  # a title is no markup
    page.keyboard.press("ArrowRight")
    expect(tip).to_contain_text("checkpoint-1000 step 1,000")
    page.keyboard.press("Enter")  # goes to where it is told
    expect(pane(page, "Checkpoints")).to_have_class(re.compile("tk-flash"))

    # One cursor: the values of all strips at one step; keys move it, and zoom all.
    plot = line.locator(".tk-plot").nth(1)
    plot.focus()
    page.keyboard.press("ArrowRight")
    where = line.locator(".tk-strip-at")
    expect(where).to_have_text(re.compile(r"step \d"))
    expect(line.locator(".tk-stack-of-strips .tk-spoken")).to_contain_text("Learning rate")
    page.keyboard.press("+")
    expect(line.get_by_role("button", name="Zoom out")).to_be_visible()
    holds(lambda: events.count() < 5)
    page.keyboard.press("0")
    expect(events).to_have_count(5)
    expect(line.get_by_role("button", name="Zoom out")).to_be_hidden()

    # Against time; live: a point that is logged now is there without a reload.
    line.get_by_role("button", name="step", exact=True).click()
    page.get_by_role("option", name="time since the start").click()
    expect(line.locator('[data-lane="evaluations"] .tk-mark')).to_have_count(19)
    expect(line.locator(".tk-timeline-words")).to_contain_text("min")
    training.log([(2000, {"train/learning_rate": 7.5e-05})], step_s=2)
    expect(line.locator(".tk-strip-values").nth(1)).to_contain_text("7.5e")
    reads_well(page)


SIX = [
    ("person", 429, 0.62),
    (ODD, 165, 0.24),
    ("location", 150, 0.55),
    ("product", 127, 0.14),
    ("none", 0, 0.0),
    ("O", 9000, 0.97),
]


@pytest.mark.requirement("S4.21", "S4.28")
def test_labels_are_compared_over_evaluations_and_experiments_and_a_link_keeps_all_choices(page: Page, space) -> None:
    started = time.time() - 5000
    for i, name in enumerate(("first", "second", ODD)):
        labels = [(label, n, min(1.0, top * (1 + i / 5))) for label, n, top in SIX]
        made_up_labels(space.url, "labels", name, labels, falls="location", seed=i, started_s=started + i)
    trained(space.url, "labels", "without labels", steps=5)
    page.goto(f"{space.url}/?project=labels&view=labels")
    by_step, by_run = page.locator(".tk-labels-grid section.tk-pane").nth(0), pane(page, "Label by experiment")
    expect(by_step.locator("h2")).to_have_text("F1, label × evaluation")
    names = by_step.locator(".tk-label-name")
    expect(names).to_have_text(["person", ODD, "location", "product", "none"])  # by support; entities have no "O"
    expect(by_step.locator("img")).to_have_count(0)
    expect(by_step.locator("tbody tr", has_text="none").locator("td").nth(2)).to_have_text("·")  # no case is no 0
    expect(by_step).to_contain_text(re.compile(r"location is 0\.\d\d below its highest, 0\.\d\d at step 1,200"))
    expect(by_run.locator(".tk-label-run")).to_have_text([ODD, "second", "first"])  # not the one without labels
    expect(by_run.locator("tbody tr").first.locator("td.ring")).to_have_count(1)
    curves = pane(page, "Curves")
    curves.scroll_into_view_if_needed()
    is_painted(curves.locator(".tk-plot"))
    curves.locator(".tk-plot").press("+")
    expect(page).to_have_url(re.compile("zoom=step~"))

    # Choices: the score, the order, the search, what is drawn, the confusion; all of it in the address.
    page.get_by_role("button", name="F1", exact=True).click()
    page.get_by_role("option", name="Recall").click()
    expect(by_step.locator("h2")).to_have_text("Recall, label × evaluation")
    page.get_by_role("button", name="support", exact=True).click()
    page.get_by_role("option", name="lowest first").click()
    expect(names.first).to_have_text("product")
    names.first.click()
    expect(names.first).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="each one's last").click()
    page.get_by_role("option", name="step 1,200").click()
    expect(by_run).to_contain_text("at step 1,200, or the last before it")
    by_run.get_by_role("button", name="second").click()
    expect(by_step).to_contain_text("second")
    confusion = pane(page, "Confusion")
    confusion.get_by_role("button", name="Shares of a row").click()
    page.get_by_role("option", name="Shares of a column").click()
    expect(confusion).to_contain_text("a column sums to 100")
    expect(confusion).to_contain_text(re.compile(r"is taken for person [\d,]+ times"))
    expect(pane(page, "Answered and there")).to_contain_text("×")
    page.get_by_role("searchbox", name="Search labels").fill("pro")
    expect(page.locator(".tk-labels-told")).to_contain_text("1 of 5 labels")
    expect(page).to_have_url(
        re.compile("score=recall.*labelorder=worst.*evaluation=step:1200.*label=pro.*confusion=column")
    )
    with page.expect_download() as download:
        by_step.get_by_role("button", name="CSV").click()
    rows = download.value.path().read_text().splitlines()
    assert rows[0].startswith("label,support,predicted,")
    assert rows[0].count("step") == 12
    reads_well(page)

    page.reload()
    expect(by_step.locator("h2")).to_have_text("Recall, label × evaluation")
    expect(by_step).to_contain_text("second")
    expect(page.locator(".tk-labels-told")).to_contain_text("1 of 5 labels")
    expect(confusion).to_contain_text("a column sums to 100")
    expect(curves.get_by_role("button", name="Zoom out")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    fits(page, "html")


def test_a_view_of_labels_without_one_says_what_to_log_and_many_scroll_under_their_heads(page: Page, space) -> None:
    trained(space.url, "nolabels", "one", steps=5)
    page.goto(f"{space.url}/?project=nolabels&view=labels")
    expect(page.locator(".tk-labels-none h1")).to_have_text("No label was scored by the ticked experiments")
    expect(page.locator(".tk-labels-none pre").first).to_contain_text('"eval/label/person/f1"')
    # By metrics alone, without a callback: two names of the same.
    training = Training(space.url, "nolabels", "two")
    for step in (10, 20):
        values = {f"eval/label/intent-{k:03}/f1": k / 150 for k in range(150)} | {"eval_LOC_f1": 0.5}
        training.log([(step, curve(step) | values)])
    training.finish()
    told = page.locator(".tk-labels-told")
    expect(told).to_contain_text("151 labels, 2 evaluations")
    frame = page.locator(".tk-heat-frame").first
    above = """frame => { frame.scrollTop = 2000; const top = (each) => each.getBoundingClientRect().top;
      return frame.scrollTop > 0 && top(frame.querySelector("thead th")) >= top(frame) - 1; }"""
    holds(lambda: frame.evaluate(above))  # the heads stay


def test_hardware_stands_under_the_loss_on_one_axis_and_says_which_gpu_is_slow(page: Page, space) -> None:
    began = time.time() - 3600
    made_up_gpus(space.url, "machines", "eight", started_s=began, devices=6, minutes=40, silent=(0.2, 0.3))
    page.goto(f"{space.url}/?project=machines&view=system")
    finding = page.locator(".tk-finding")
    expect(finding).to_contain_text(
        re.compile(r"GPU 5 is slower than the others since \d\d:\d\d: 71 % utilised against 84 %")
    )
    expect(finding).to_contain_text("83 °C against")
    expect(finding).to_contain_text(re.compile(r"A step takes 1\.4\d s there, 1\.2\d s before"))
    strips = page.locator(".tk-strip h3")
    gpus = ["GPU utilisation", "GPU memory", "GPU temperature", "GPU power"]
    host = ["CPU", "Memory", "Disk", "Network"]
    expect(strips).to_have_text(["Loss", "Step time", "Where a step’s time goes", *gpus, *host])
    table = page.locator(".tk-devices")
    expect(table.locator("tbody tr")).to_have_count(6)
    expect(table.locator("tr.tk-device-odd")).to_contain_text("slower than the others")
    expect(table.locator("tbody tr").first).to_contain_text("of 80")
    shares = page.locator('[data-strip="shares"] .tk-strip-values')
    expect(shares).to_contain_text(re.compile("data wait.*other.*compute"))

    # Where nothing was read there is no colour: a gap is no 0.
    gap = """(plot) => {
      const canvas = plot.querySelector("canvas"), ratio = canvas.width / plot.clientWidth;
      const at = (part) => [...canvas.getContext("2d").getImageData((56 + part * (plot.clientWidth - 70)) * ratio, 5 * ratio, 1, 1).data];
      return [at(0.1), at(0.25), at(0.5)].map(([, , , alpha]) => alpha);
    }"""
    becomes(lambda: page.locator('[data-strip="utilization"] .tk-plot').evaluate(gap), [255, 0, 255])

    # The evidence is one click away: it zooms all strips, the table and the charts below, and stands in the address.
    finding.get_by_role("button", name="Evidence").click()
    expect(page).to_have_url(re.compile("zoom="))
    expect(pane(page, "On one time axis").get_by_role("button", name="Zoom out")).to_be_visible()
    expect(table.locator("thead th").nth(1)).to_have_attribute("title", "mean in the range in view")
    page.get_by_role("button", name="Zoom out").first.click()
    expect(page).not_to_have_url(re.compile("zoom="))

    # Without dragging: the menu of a strip zooms, and takes both ends as they are typed.
    menu = page.get_by_role("button", name="Menu of GPU power")
    menu.click()
    page.get_by_role("option", name="Zoom in").click()
    expect(page).to_have_url(re.compile("zoom="))
    menu.click()
    page.get_by_role("option", name="Zoom out to everything").click()
    expect(page).not_to_have_url(re.compile("zoom="))
    menu.click()
    page.get_by_role("option", name="Zoom to …").click()
    end = page.get_by_label("Zoom to", exact=True)
    end.fill("soon")
    end.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="“soon” is no moment")).to_be_visible()
    end.fill(datetime.datetime.fromtimestamp(began + 600, datetime.UTC).strftime("%Y-%m-%d %H:%M"))
    end.press("Enter")
    expect(page).to_have_url(re.compile("zoom="))
    end.press("Escape")
    expect(menu).to_be_focused()
    page.get_by_role("button", name="Zoom out").first.click()
    expect(page).not_to_have_url(re.compile("zoom="))
    page.get_by_role("searchbox", name="Devices whose name holds").fill("gpu 3")
    expect(table.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile("devices=gpu"))
    expect(page.locator(".tk-system-all .tk-chart").first).to_be_attached()
    reads_well(page)

    # Several: their time since the start; a rank of another host by its own name; without a GPU it says why.
    page.get_by_role("searchbox", name="Devices whose name holds").fill("")
    expect(table.locator("tbody tr")).to_have_count(6)
    training = Training(space.url, "machines", "two hosts", started_s=began, process=process(0, "node-1"))
    Training(
        space.url,
        "machines",
        "two hosts",
        experiment_id=training.experiment_id,
        started_s=began,
        process=process(1, "node-2"),
    )
    loads = {"system/gpu_0_utilization": 90.0, "system/gpu_0_utilization@rank=1": 60.0}
    training.log([(step, {"train/loss": 1.0, **loads}) for step in range(40)], step_s=5)
    bare = Training(space.url, "machines", "bare")
    bare.event("environment", values={"host": "laptop"}, not_captured={"gpu.devices": f"no driver {ODD}"}, rank=0)
    bare.log([(step, {"system/cpu_percent": 20.0 + step}) for step in range(5)])
    expect(table.locator("tbody th", has_text="two hosts node-2 gpu 0")).to_be_visible()
    expect(table.locator("tbody tr")).to_have_count(8)
    expect(pane(page, "On one time axis")).to_contain_text(f"bare: no GPU was read: no driver {ODD}")
    page.set_viewport_size({"width": 390, "height": 844})
    fits(page, "html")


def process(rank: int, host: str) -> dict[str, object]:
    """A process of two, each on a machine of its own."""
    return {"pid": 1, "host": host, "rank": rank, "world_size": 2, "local_rank": 0}
