"""The page follows what runs, without a reload, and keeps what the reader did."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ROOT
from tests.browser.trainings import Training, curve, sweep, trained
from tests.browser.waiting import becomes

pytestmark = pytest.mark.browser

_TRAIN = """
import sys, time, trackio_client as trackio
with trackio.init("watched", name="live-one") as experiment:
    print(experiment, flush=True)
    for step in range(100000):
        experiment.log({"train/loss": 1.0 / (1 + step)}, step=step)
        time.sleep(0.05)
"""


_TRAINER = """
import time, torch, trackio_client as trackio
from transformers import Trainer, TrainingArguments
from trackio_client.integrations.transformers import TrackioCallback

class Line(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)
    def forward(self, x, labels):
        time.sleep(0.02)
        guess = self.layer(x)
        return {"loss": torch.nn.functional.mse_loss(guess, labels), "logits": guess}

generator = torch.Generator().manual_seed(0)
rows = [{"x": x, "labels": x.sum(0, keepdim=True)} for x in torch.randn(64, 4, generator=generator)]
arguments = TrainingArguments(
    output_dir="out", max_steps=100000, logging_steps=2, save_strategy="no", report_to=[], use_cpu=True
)
experiment = trackio.init("trainer", name="watched-trainer")
print(experiment, flush=True)
Trainer(model=Line(), args=arguments, train_dataset=rows, callbacks=[TrackioCallback()]).train()
"""


@contextlib.contextmanager
def training_process(code, url, folder):
    """A training that runs for the block; its first line is the experiment's id."""
    environ = {
        "TRACKIO_URL": url,
        "TRACKIO_DIR": str(folder / "trainer"),
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
    }
    with (folder / "training.log").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=folder,
            env=environ | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        with process:
            try:
                found = re.search(r"exp_\S+", process.stdout.readline())
                assert found, (folder / "training.log").read_text()[-2000:]
                yield found.group(0)
            finally:
                process.kill()


_STEP_PASSED = """step => {
  const found = document.querySelector('.tk-facts').innerText.match(/Step ([0-9,]+)/);
  return found && Number(found[1].replaceAll(',', '')) > step;
}"""


def last_step(page):
    text = page.locator(".tk-facts").inner_text()
    found = re.search(r"Step ([\d,]+)", text)
    return int(found.group(1).replace(",", "")) if found else -1


@pytest.mark.requirement("S1.77")
def test_points_of_a_running_training_appear_without_reload(page, space, tmp_path):
    with training_process(_TRAIN, space.url, tmp_path) as experiment_id:
        page.goto(f"{space.url}/?project=watched&experiment={experiment_id}")
        page.evaluate("window.sameDocument = true")
        values = page.locator(".tk-view.experiment .tk-chart .tk-chart-values").first
        expect(values).not_to_be_empty()
        seen = values.inner_text()
        expect(values).not_to_have_text(seen)
        page.wait_for_function(_STEP_PASSED, arg=-1)  # the head says a step
        page.wait_for_function(_STEP_PASSED, arg=last_step(page) + 20)
        expect(page.locator(".tk-head .tk-state")).to_have_text("Running")
    assert page.evaluate("window.sameDocument")


@pytest.mark.requirement("S1.40", "S1.77")
def test_a_transformers_trainer_is_watched_while_it_trains(page, space, tmp_path):
    pytest.importorskip("transformers", reason="the [transformers] extra is not installed")
    with training_process(_TRAINER, space.url, tmp_path) as experiment_id:
        page.goto(f"{space.url}/?project=trainer")
        page.evaluate("window.sameDocument = true")
        for metric in ("loss", "learning_rate", "grad_norm"):
            values = page.locator(f'.tk-view.metrics .tk-chart[data-metric$="{metric}"] .tk-chart-values').first
            expect(values).not_to_be_empty()
        loss = page.locator('.tk-view.metrics .tk-chart[data-metric$="loss"] .tk-chart-values').first
        seen = loss.inner_text()
        expect(loss).not_to_have_text(seen)
        expect(page.locator(f'.tk-row[data-id="{experiment_id}"] svg.running')).to_be_visible()
        assert page.evaluate("window.sameDocument")


@pytest.mark.requirement("S1.77")
def test_a_new_experiment_and_its_end_appear_by_themselves(page, space):
    trained(space.url, "growing", "first")
    page.goto(f"{space.url}/?project=growing")
    expect(page.locator(".tk-row")).to_have_count(1)
    second = Training(space.url, "growing", "second")
    second.log([(step, curve(step)) for step in range(20)])
    row = page.locator(".tk-row", has_text="second")
    expect(row.locator("svg.running")).to_be_visible()
    expect(page.locator(".tk-running")).to_have_text("1 running")
    second.finish("interrupted")
    expect(row.locator("svg.interrupted")).to_be_visible()


def test_a_silent_experiment_loses_contact_without_a_reload(page, own_space):
    own_space.environ["TRACKIO_LOST_CONTACT_S"] = "4"
    own_space.start()
    training = Training(own_space.url, "silent", "went-quiet")
    training.log([(step, curve(step)) for step in range(20)])
    page.goto(f"{own_space.url}/?experiment={training.experiment_id}")
    state = page.locator(".tk-head .tk-state")

    def state_while_it_logs():  # for opening the page may take longer than the silence that it is to notice
        training.log([(19, curve(19))])
        return state.inner_text()

    becomes(state_while_it_logs, "Running")
    expect(state).to_have_text("Lost contact")
    expect(page.locator(".tk-row svg.lost_contact")).to_be_visible()
    expect(page.locator(".tk-running")).to_have_text("0 running")
    expect(page.locator(".tk-callout")).to_contain_text(re.compile("step 19", re.IGNORECASE))
    words = page.locator(".tk-callout").inner_text()
    assert words.lower().count("step 19") == 1, words
    training.log([(20, curve(20))])
    expect(page.locator(".tk-head .tk-state")).to_have_text("Running")


def test_what_is_typed_and_where_one_scrolled_survive_an_update(page, space):
    trainings = [
        trained(space.url, "quiet", f"run-{i:02}", steps=5, state=None, started_s=1_790_000_000 + i) for i in range(60)
    ]
    page.goto(f"{space.url}/?project=quiet")
    expect(page.locator(".tk-row").first).to_be_visible()
    page.locator(".tk-side-rows").evaluate("el => { el.scrollTop = 600; }")
    page.locator(".tk-search input").fill("run")
    page.wait_for_url("**search=run**")  # a search begins at the top of the list
    page.locator(".tk-side-rows").evaluate("el => { el.scrollTop = 600; }")
    trainings[0].log([(5, {**curve(5), "train/new": 1.0})])
    expect(page.locator(".tk-chart-title", has_text="new")).to_be_attached()
    expect(page.locator(".tk-search input")).to_be_focused()
    expect(page.locator(".tk-search input")).to_have_value("run")
    assert page.locator(".tk-side-rows").evaluate("el => el.scrollTop") == 600


def test_zoom_survives_updates(page, space):
    training = trained(space.url, "zoomed", "long", steps=300, state=None)
    page.goto(f"{space.url}/?project=zoomed")
    plot = page.locator('.tk-section[aria-label="train"] .tk-plot').first
    values = page.locator('.tk-section[aria-label="train"] .tk-chart-values').first
    expect(values).not_to_be_empty()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 120, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + 220, box["y"] + 90, steps=5)
    page.mouse.up()
    zoom = "() => JSON.stringify(trackioPage.shell.state.get('zoom'))"
    page.wait_for_function("() => trackioPage.shell.state.get('zoom') !== null")
    before = page.evaluate(zoom)
    seen = values.inner_text()
    training.log([(step, {**curve(step), "train/loss": 9.0}) for step in range(300, 340)])
    expect(values).not_to_have_text(seen)
    assert page.evaluate(zoom) == before
    page.mouse.dblclick(box["x"] + 150, box["y"] + 80)
    page.wait_for_function("() => trackioPage.shell.state.get('zoom') === null")


def test_a_thousand_experiments_open_scroll_and_filter_at_once(page, space, thousand):
    page.goto(f"{space.url}/?project={thousand}")
    expect(page.locator(".tk-side-count")).to_have_text("10 of 1,000")
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    assert page.locator(".tk-row").count() < 60, "only rows in view are made"
    page.locator(".tk-side-rows").evaluate("el => { el.scrollTop = el.scrollHeight; }")
    expect(page.locator(".tk-row", has_text="sweep-0000")).to_be_visible()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("trackioPage.shell.state.set({ search: 'sweep-04' })")
    expect(page.locator(".tk-row").first).to_contain_text("sweep-04")
    expect(page.locator(".tk-row", has_text="sweep-0000")).to_have_count(0)
    expect(page.locator(".tk-side-none")).to_be_hidden()
    assert not any("/v1/experiments?" in url for url in asked), "the page has the list: filtering asks nobody"


@pytest.fixture(scope="module")
def thousand(space):
    """A thousand short experiments."""

    def log(training, i):
        training.log([(step, curve(step, wave=i)) for step in range(0, 30, 3)])

    sweep(space.url, "thousand", 1000, log)
    return "thousand"
