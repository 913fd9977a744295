"""The page follows what runs, without a reload, and keeps what the reader did."""

from __future__ import annotations

import re
import subprocess
import sys

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ROOT
from tests.browser.trainings import Training, curve, trained

pytestmark = pytest.mark.browser

_TRAIN = """
import sys, time, trackio_client as trackio
with trackio.init("watched", name="live-one") as experiment:
    print(experiment, flush=True)
    for step in range(100000):
        experiment.log({"train/loss": 1.0 / (1 + step)}, step=step)
        time.sleep(0.05)
"""


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
    environ = {"TRACKIO_URL": space.url, "TRACKIO_DIR": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    trainer = subprocess.Popen(
        [sys.executable, "-c", _TRAIN],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        experiment_id = re.search(r"exp_\S+", trainer.stdout.readline()).group(0)
        page.goto(f"{space.url}/?project=watched&experiment={experiment_id}")
        page.evaluate("window.sameDocument = true")
        values = page.locator(".tk-view.experiment .tk-chart .tk-chart-values").first
        expect(values).not_to_be_empty()
        before, seen = last_step(page), values.inner_text()
        expect(values).not_to_have_text(seen)
        page.wait_for_function(_STEP_PASSED, arg=before + 20)
        expect(page.locator(".tk-head .tk-state")).to_have_text("Running")
    finally:
        trainer.kill()
        trainer.wait()
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


def test_what_is_typed_and_where_one_scrolled_survive_an_update(page, space):
    trainings = [
        trained(space.url, "quiet", f"run-{i:02}", steps=5, state=None, started_s=1_790_000_000 + i) for i in range(60)
    ]
    page.goto(f"{space.url}/?project=quiet")
    expect(page.locator(".tk-row").first).to_be_visible()
    page.locator(".tk-side-rows").evaluate("el => { el.scrollTop = 600; }")
    page.locator(".tk-search input").fill("run")
    page.locator(".tk-side-rows").evaluate("el => { el.scrollTop = 600; }")
    trainings[0].log([(5, {**curve(5), "train/new": 1.0})])
    expect(page.locator(".tk-chart-title", has_text="new")).to_be_attached()
    assert page.locator(".tk-search input").evaluate("el => el === document.activeElement && el.value") == "run"
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
    before = page.evaluate(zoom)
    assert before != "null"
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
    spent_ms = page.evaluate(
        """() => { const state = trackioPage.shell.state; const began = performance.now();
        state.set({ search: 'sweep-04' }); document.body.offsetHeight; return performance.now() - began; }"""
    )
    expect(page.locator(".tk-side-none")).to_be_hidden()
    assert spent_ms < 50 * 4, f"filtering took {spent_ms:.0f} ms; 50 on a quiet machine"


@pytest.fixture(scope="module")
def thousand(space):
    """A thousand short experiments."""
    with httpx.Client(timeout=30) as client:
        for i in range(1000):
            training = Training(space.url, "thousand", f"sweep-{i:04}", started_s=1_790_000_000 + i, client=client)
            training.log([(step, curve(step, wave=i)) for step in range(0, 30, 3)])
    return "thousand"
