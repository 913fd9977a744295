"""What a training tells beside its curves stands on its page: read by people, live, whatever its names hold."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.panels import open_experiment, pane
from tests.browser.told import ODD, begin, evaluation, record
from tests.browser.trainings import Training, curve, trained
from tests.browser.waiting import fits, holds, reads_well

pytestmark = pytest.mark.browser

PLAIN = ["Time line", "Summary", "Config", "Where it ran"]
"""What stands on the page of an experiment of numbers alone."""


@pytest.fixture(scope="module")
def training(space):
    """A token classification that ran out of memory after three evaluations, the second of them the best."""
    training = Training(space.url, "told", ODD, config={"learning_rate": 1e-3})
    training.log([(step, curve(step)) for step in range(30)])
    begin(training)
    for number, (loss, f1) in enumerate([(0.9, 0.41), (0.7, 0.63), (0.8, 0.55)], 1):
        evaluation(training, number, loss, f1)
    record(training, "checkpoint_deleted", {"path": f"/runs/{ODD}/checkpoint-10", "step": 10}, step=10)
    record(training, "not_recorded", {"what": "train_sample", "why": "budget"})
    record(training, "fault", {"where": "predictions", "error": "ValueError", "message": f"no text {ODD}", "count": 3})
    failure = {
        "kind": "out_of_memory",
        "error": "OutOfMemoryError",
        "message": "Tried to allocate 2.00 GiB",
        "trace": "Traceback: line 7",
        "step": 30,
        "epoch": 3.0,
        "rank": 2,
        "last_metrics": {"loss": 0.25},
        "out_of_memory": {
            "of": "device",
            "device_name": "H100",
            "allocated_bytes": 70 * 2**30,
            "reserved_bytes": 76 * 2**30,
            "total_bytes": 80 * 2**30,
            "batch_size": 64,
            "sequence_length": 2048,
            "suggestions": ["per_device_train_batch_size=32"],
        },
    }
    record(training, "failure", failure, step=30, epoch=3.0)
    training.event("error", step=30, error="OutOfMemoryError", message="Tried to allocate 2.00 GiB", trace="…", rank=2)
    training.finish("failed", error="OutOfMemoryError", message="Tried to allocate 2.00 GiB")
    return training


@pytest.fixture
def opened(page, space, training):
    return open_experiment(page, space.url, training.experiment_id, "Evaluations")


@pytest.mark.requirement("S4.6", "S4.9", "S4.14", "S4.24", "S4.30")
def test_evaluations_stand_one_a_row_with_the_best_marked_by_the_metric_that_decides(opened):
    rows = pane(opened, "Evaluations").locator("tbody tr")
    expect(rows).to_have_count(3)
    named = {"train loss, mean", "train loss, last", "eval f1", "learning rate", "gap f1"}
    holds(lambda: named <= set(pane(opened, "Evaluations").locator("th").all_inner_texts()))
    heads = pane(opened, "Evaluations").locator("th").all_inner_texts()
    best = pane(opened, "Evaluations").locator("tr.tk-best")
    expect(best).to_contain_text("0.6300")
    expect(best.locator("td").nth(heads.index("train loss, mean"))).to_have_text("0.6000")
    expect(best.locator("td").nth(heads.index("train loss, last"))).to_have_text("0.5000")
    pane(opened, "Evaluations").get_by_role("button", name="Columns").click()
    opened.get_by_role("option", name="train_sample_f1", exact=True).click()
    expect(pane(opened, "Evaluations")).to_contain_text("train sample f1")


@pytest.mark.requirement("S4.11", "S4.12", "S4.13")
def test_labels_are_a_heat_map_over_evaluations_beside_what_they_are_taken_for(opened):
    labels, confusion = pane(opened, "Labels"), pane(opened, "Confusion")
    labels.scroll_into_view_if_needed()
    expect(labels.locator("tbody tr")).to_have_count(1)
    expect(labels.locator("tbody td")).to_have_text(["40", ".41", ".63", ".55"])  # entities, strict
    expect(labels.locator("tbody td.ring")).to_have_text(".63")
    labels.get_by_role("button", name="entities, strict").click()
    opened.get_by_role("option", name="tags").click()
    expect(labels.locator("tbody tr")).to_have_count(3)
    expect(labels.locator("tbody tr", has_text="B-place").locator("td").nth(1)).to_have_text("·")  # no support is no 0
    expect(labels).to_contain_text("No case in the evaluation set: B-place")
    confusion.scroll_into_view_if_needed()
    expect(confusion).to_contain_text("step 20, epoch 2, best")
    expect(confusion.locator("tbody tr", has_text="I-person").locator("td").nth(3)).to_have_text("90")  # 9 of 10
    confusion.get_by_role("button", name="Shares").click()
    opened.get_by_role("option", name="Counts").click()
    expect(confusion.locator("tbody tr", has_text="B-person").first.locator("td").nth(2)).to_have_text("32")


@pytest.mark.requirement("S4.25")
def test_the_same_samples_are_walked_through_evaluations_with_what_is_right_marked(opened):
    predictions = pane(opened, "Predictions")
    predictions.scroll_into_view_if_needed()
    expect(predictions.locator(".tk-sample")).to_contain_text("<b>Lovelace</b>")
    expect(predictions.locator("mark.good")).to_have_count(2)  # gold and answer agree
    predictions.get_by_role("slider").focus()
    opened.keyboard.press("Home")
    expect(predictions).to_contain_text("step 10, epoch 1; 1 of 3 evaluations")
    expect(predictions.locator("mark.miss")).to_have_text("Ada <b>Lovelace</b>person")
    expect(predictions.locator("mark.good")).to_have_count(0)
    predictions.get_by_role("button", name="Next evaluation").click()
    expect(predictions.locator("mark.good")).to_have_count(2)


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (["saw", "Ada", "go"], "saw Ada go"),
        (["Or", "##e", "##go", "##n", "is", "##"], "Oregon is ##"),
        (["▁Ore", "gon", "▁is", "n", "'", "t"], "Oregon isn't"),
        (["C", "#", "a##b"], "C # a##b"),
        (["M ##ine", "is", "mo ##ist ##ur"], "Mine is moistur"),
        ([], ""),
    ],
)
def test_pieces_of_words_are_read_as_words(opened, tokens, text):
    asked = "async t => { const p = await import('/lib/base/pieces.js'); return p.textOf(p.piecesOf(t), 0, 99); }"
    assert opened.evaluate(asked, tokens) == text


@pytest.mark.requirement("S4.17", "S4.18", "S4.26", "S4.29", "S4.5")
def test_the_side_tells_patience_checkpoints_model_and_data(opened):
    course = pane(opened, "Training")
    expect(course).to_contain_text("best eval_f10.63 at step 20, epoch 2")
    expect(course).to_contain_text("1 of 3 evaluations without gain")
    expect(course.locator(".tk-pips i.on")).to_have_count(1)
    expect(course).to_contain_text("abcdef0123, 50 rows")
    expect(course).to_contain_text("waiting for data 15 %")
    checkpoints = pane(opened, "Checkpoints")
    expect(checkpoints).to_contain_text("2 kept, 1 deleted, 3.00 MB")
    expect(checkpoints.locator("tr", has_text="checkpoint-20").locator(".tk-tag")).to_have_text("best")
    expect(checkpoints.locator("tr.tk-gone")).to_contain_text("checkpoint-10")
    model = pane(opened, "Model")
    expect(model).to_contain_text("10 k, 1.0 %")
    expect(model).to_contain_text("LoRA rank 8, alpha 16, on query, value")
    data = pane(opened, "Data")
    expect(data.locator("tbody tr").first).to_contain_text("2,000")
    expect(data.locator(".tk-label-counts tbody tr", has_text="B-place")).to_contain_text("12")


@pytest.mark.requirement("S4.22", "S4.24", "S4.28", "S4.5")
def test_the_side_tells_the_training_sample_hardware_and_what_was_set(opened):
    beside = pane(opened, "Train and validation")
    expect(beside.locator(".tk-panel-head")).to_contain_text("64 rows, step 30, epoch 3")
    expect(beside.locator("tbody th")).to_have_text(["loss", "f1"])
    expect(beside.locator("tbody tr").nth(1).locator("td")).to_have_text(["0.7500", "0.5500", "0.2000", "0.2000"])
    hardware = pane(opened, "Hardware")
    rows = hardware.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0).locator("td")).to_have_text(["63", "62", "93"])  # newest, mean, most
    expect(rows.nth(1).locator("td")).to_have_text(["30", "23.3", "50"])  # each window as heavy as its readings
    course = pane(opened, "Training")
    expect(course).to_contain_text("effective batch32")
    expect(course).to_contain_text("schedulelinear, 5 steps of warm-up, over 200 steps, AdamW")
    expect(course).to_contain_text("entities answered3.5 in 100 tokens, gold has 7")
    expect(course.locator("dd", has_text="Trainer")).to_have_attribute("title", "EarlyStoppingCallback")


def test_panels_come_though_the_network_was_away_when_they_were_fetched(page, space, training):
    tried: list[str] = []

    def once(route):
        tried.append(route.request.url)
        route.abort() if len(tried) == 1 else route.continue_()

    page.route("**/lib/**/facts.js", once)
    open_experiment(page, space.url, training.experiment_id, "Evaluations")
    assert len(tried) == 2


@pytest.mark.requirement("S4.6")
def test_an_evaluation_after_the_training_stands_apart(page, space):
    training = Training(space.url, "told-after", "after")
    training.log([(step, curve(step)) for step in range(5)])
    evaluation(training, 1, 0.9, 0.4)
    evaluation(training, 2, 0.8, 0.5)
    record(
        training, "epoch_metrics", {"eval_loss": 0.7, "eval_f1": 0.625, "final": True, "after_training": True}, step=20
    )
    training.finish()
    open_experiment(page, space.url, training.experiment_id, "Evaluations")
    evaluations = pane(page, "Evaluations")
    expect(evaluations.locator(".tk-later")).to_contain_text("After the training")
    expect(evaluations.locator(".tk-later tbody td")).to_contain_text(["0.7", "0.625"])
    expect(evaluations.get_by_role("region", name="Evaluations", exact=True).locator("tbody tr")).to_have_count(2)


@pytest.mark.requirement("S4.19", "S4.20")
def test_a_failure_tells_its_kind_rank_memory_and_what_to_try_once(opened):
    failure = pane(opened, "Why it failed")
    expect(failure).to_contain_text("Out of memory, first on rank 2, step 30, epoch 3")
    expect(failure.locator(".tk-memory")).to_contain_text("70.00 GiB")
    expect(failure.locator(".tk-memory")).to_contain_text("80.00 GiB")
    expect(failure.locator(".tk-advice")).to_contain_text("per_device_train_batch_size=32")
    expect(failure.locator(".tk-last")).to_contain_text("loss 0.25")
    failure.get_by_text("Stack trace").click()
    expect(failure).to_contain_text("Traceback: line 7")
    expect(opened.get_by_role("heading", name="Errors", exact=True)).to_be_hidden()  # it is told above


@pytest.mark.requirement("S4.19", "S2.20", "S3.40")
def test_what_is_missing_says_why_and_what_was_captured_is_all_there(opened):
    gaps = opened.locator(".tk-pane", has_text="faults of the recorder")
    expect(gaps).to_contain_text("train samplebudget")
    expect(gaps).to_contain_text(f"no text {ODD}")
    expect(gaps).to_contain_text("3 times")
    environment = pane(opened, "Environment")
    expect(environment.locator(".tk-command")).to_have_text("python train.py --lr 1e-3")
    expect(environment).to_contain_text(ODD)
    environment.get_by_text("Changes since the commit").click()
    expect(environment.locator(".tk-diff .add")).to_have_text("+new <b>line</b>\n")
    environment.get_by_text("2 packages").click()
    environment.get_by_label("Find a package").fill("torch")
    expect(environment.locator("details", has_text="2 packages").locator("dd")).to_have_text(["2.13.0"])
    environment.get_by_text("1 thing not captured").click()
    expect(environment).to_contain_text("no driver of NVIDIA was found")
    expect(opened.locator("img")).to_have_count(0)  # no name became markup


@pytest.mark.requirement("S3.43")
def test_changes_too_long_for_the_page_are_a_file_to_fetch(opened):
    link = opened.evaluate("""async () => {
        const { EnvironmentPanel } = await import("/lib/experiment/environment.js");
        const panel = new EnvironmentPanel({ source: { blob: (sha256) => `/v1/blobs/${sha256}` } });
        const git = { commit: "abc", dirty: true, diff: null, diff_file: "0".repeat(64), diff_bytes: 2048 };
        panel.paint({ values: { git } });
        const link = panel.root.querySelector("a");
        return [link.textContent, link.getAttribute("href"), link.download];
    }""")
    assert link == ["Changes since the commit, 2.05 kB", "/v1/blobs/" + "0" * 64, "changes.diff"]


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light"), (1440, "dark")])
def test_it_fits_and_is_readable_on_a_phone_and_in_the_dark(page, space, training, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 5000})  # all of it seen, so that all of it is made
    page.goto(f"{space.url}/?experiment={training.experiment_id}")
    expect(pane(page, "Confusion").locator("tbody td").first).to_be_visible()
    expect(pane(page, "Predictions").locator(".tk-sample")).to_be_visible()
    fits(page)
    reads_well(page)
    sides = "els => Math.max(...els.map((e) => e.getBoundingClientRect().right))"
    holds(lambda: page.eval_on_selector_all(".tk-pane", sides) <= width)


def test_panels_follow_a_running_training_and_come_one_by_one(page, space):
    training = Training(space.url, "told-live", "runner")
    training.log([(step, curve(step)) for step in range(5)])
    page.goto(f"{space.url}/?experiment={training.experiment_id}")
    told = "() => trackioPage.shell.made.experiment.told?.training !== undefined"  # the panels were asked for
    page.wait_for_function(told)
    expect(page.locator(".tk-view.experiment .tk-chart").first).to_be_visible()
    # Nothing was told: what stands there is told by the numbers and the start alone.
    expect(page.locator(".tk-pane:visible h2")).to_have_text(PLAIN)
    evaluation(training, 1, 0.9, 0.4)
    expect(pane(page, "Evaluations").locator("tbody tr")).to_have_count(1)
    pane(page, "Evaluations").get_by_role("button", name="Evaluations").click()  # folded, it stays so
    evaluation(training, 2, 0.8, 0.5)
    expect(pane(page, "Evaluations")).to_contain_text("2 evaluations")
    expect(pane(page, "Evaluations").locator(".tk-panel-body")).to_be_hidden()
    expect(pane(page, "Checkpoints").locator("tbody tr")).to_have_count(2)


def test_an_experiment_of_numbers_alone_stays_as_calm_as_it_was(page, space):
    training = trained(space.url, "told-plain", "plain", steps=30)
    page.goto(f"{space.url}/?experiment={training.experiment_id}")
    expect(pane(page, "Evaluations")).to_be_visible()  # told from its eval/ metrics
    assert page.locator(".tk-pane:visible").count() <= len(PLAIN) + 2
    expect(page.locator(".tk-media")).to_be_hidden()


def test_an_old_summary_is_not_asked_for_again_and_again(page, space, training):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{space.url}/?experiment={training.experiment_id}")
    expect(pane(page, "Evaluations")).to_be_visible()
    expect(pane(page, "Predictions")).to_be_visible()
    summary = f"/v1/experiments/{training.experiment_id}/summary"
    for _ in range(3):  # rounds in which the page asked for the experiment itself
        with page.expect_request(lambda request: request.url.endswith(f"/v1/experiments/{training.experiment_id}")):
            pass
    assert len([url for url in asked if url.endswith(summary)]) <= 2
    index = httpx.get(f"{space.url}/v1/experiments/{training.experiment_id}/index", timeout=60)
    assert index.json()["entries"][0]["position"] > 0


def test_a_metric_of_two_ranks_is_one_line_with_its_spread(page, space):
    first = Training(space.url, "told-ranks", "ranked", process={"pid": 1, "host": "a", "rank": 0, "world_size": 2})
    first.log([(step, {"loss": 1 / (step + 1)}) for step in range(40)])
    second = Training(space.url, "told-ranks", "ranked", experiment_id=first.experiment_id)
    second.log([(step, {"loss@rank=1": 1 / (step + 1) + 0.5}) for step in range(40)])
    page.goto(f"{space.url}/?experiment={first.experiment_id}")
    expect(page.locator(".tk-view.experiment .tk-chart")).to_have_count(1)
    expect(page.locator(".tk-view.experiment .tk-chart-values b")).to_have_text(
        "0.2750"
    )  # the mean of both, at the end
    held = """() => { const { series } = trackioPage.shell.made.experiment.grid.charts.get("loss").lines[0];
        return [series.single, series.low[20], series.mean[20], series.high[20]]; }"""
    single, low, mean, high = page.evaluate(held)
    assert not single  # a band is drawn
    assert (low, mean, high) == pytest.approx((1 / 21, 1 / 21 + 0.25, 1 / 21 + 0.5), abs=1e-6)
