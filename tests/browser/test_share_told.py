"""What a link and a saved file show of what a training told, and what they do not."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.accessible import in_all_looks, violations
from tests.browser.sharing import OWNER, TOKEN, share, sideways
from tests.browser.told import begin, evaluation, file, media, png
from tests.browser.trainings import Training, curve
from tests.browser.waiting import holds

pytestmark = pytest.mark.browser


def told(guarded):
    """A training of the guarded Space that tells what is shown and what is not."""
    training = Training(guarded.url, "shared", "teller", token=TOKEN)
    training.log([(step, curve(step)) for step in range(30)])
    begin(training)
    evaluation(training, 1, 0.9, 0.4)
    media(training, "markdown", "notes", 3, {"text": "a note on a step"})
    training.finish()
    return training


def test_a_link_shows_what_a_training_tells_but_neither_its_data_nor_its_places(page, guarded):
    training = told(guarded)
    page.set_viewport_size({"width": 1440, "height": 3000})
    page.goto(share(guarded, training)["address"])
    expect(page.locator('.tk-pane[aria-label="Evaluations"] tbody tr')).to_have_count(1)
    expect(page.locator('.tk-pane[aria-label="Confusion"]')).to_contain_text("31")
    expect(page.locator('.tk-pane[aria-label="Model"]')).to_contain_text("LoRA rank 8")
    expect(page.locator(".tk-medium .tk-prose")).to_have_text("a note on a step")
    for kept in ("Predictions", "Environment", "Artifacts"):
        expect(page.locator(f'.tk-pane[aria-label="{kept}"]:visible')).to_have_count(0)
    assert "/runs/" not in page.content()
    assert "Lovelace" not in page.content()
    holds(lambda: sideways(page) <= 0)


def test_a_link_gives_no_entry_that_it_does_not_show(guarded):
    training = told(guarded)
    root = share(guarded, training)["address"] + f"/v1/experiments/{training.experiment_id}/index"
    index = f"{guarded.url}/v1/experiments/{training.experiment_id}/index"
    own = httpx.get(index, headers=OWNER, timeout=60).json()["entries"]
    assert {e["name"] for e in httpx.get(root, timeout=60).json()["entries"]} == {"confusion", "notes"}
    for entry in own:
        at = f"{root}/{entry['writer_id']}/{entry['seq']}"
        answer = httpx.get(at, params={"position": entry["position"]}, timeout=60)
        assert answer.status_code == (200 if entry["name"] in ("confusion", "notes") else 404), entry


def test_the_file_of_an_experiment_holds_what_it_told(page, guarded, tmp_path):
    training = told(guarded)
    path = f"/v1/experiments/{training.experiment_id}/snapshot.html"
    file = tmp_path / "teller.html"
    file.write_bytes(httpx.get(guarded.url + path, headers=OWNER, timeout=60).content)
    page.set_viewport_size({"width": 1440, "height": 3000})
    page.goto(file.as_uri())
    expect(page.locator('.tk-pane[aria-label="Evaluations"] tbody tr')).to_have_count(1)
    expect(page.locator('.tk-pane[aria-label="Labels"] tbody td').first).to_be_visible()
    expect(page.locator('.tk-pane[aria-label="Confusion"] tbody td').first).to_be_visible()
    assert "Lovelace" not in file.read_text()


def test_media_and_artifacts_stand_behind_tabs_where_there_are_any(page, guarded):
    first, plain = (Training(guarded.url, "shared", name, token=TOKEN) for name in ("with samples", "plain"))
    for training in (first, plain):
        training.log([(step, curve(step)) for step in range(5)])
    for step in (0, 4):
        picture = file(first, png(28, 28, 40 + step), "image/png") | {"width": 28, "height": 28}
        media(first, "image", "val/samples", step, picture)
    weights = file(first, b"weights", "application/octet-stream")
    cited = [{"sha256": weights["file"], "bytes": 7, "mime": weights["mime"]}]
    files = [
        {"path": "out/model.bin", "file": weights["file"], "bytes": 7},
        {"path": "far.bin", "reference": "s3://b/x"},
    ]
    first.event("artifact", name="model", type="model", digest="a" * 64, files=files, aliases=[], blobs=cited)
    for training in (first, plain):
        training.finish()
    both = {"shows": ["media", "artifacts"]}

    tabs = page.locator(".tk-tabs a")
    page.goto(share(guarded, first, plain, **both)["address"])
    expect(tabs).to_have_text(["Charts", "Media", "Artifacts"])
    expect(tabs.nth(0)).to_have_attribute("aria-current", "page")
    tabs.nth(1).click()
    wall = page.locator(".tk-view.media")
    expect(wall.locator(".tk-cell img")).to_be_visible()
    expect(wall.locator(".tk-wall-name")).to_have_text("with samples")
    expect(wall.locator("button.tk-wall-name, .tk-compare-sheet")).to_have_count(0)  # it leads nowhere from here
    expect(page.locator(".tk-chart:visible")).to_have_count(0)
    wall.get_by_title("Arrange").click()
    page.get_by_role("option", name="experiment × step").click()
    expect(page).to_have_url(re.compile(r"\?view=media&arranged=steps$"))
    page.reload()
    expect(wall.locator("thead th")).to_have_text(["experiment", "step 0", "step 4"])
    assert violations(page) == []
    page.get_by_label("Show with samples").uncheck()
    expect(wall).to_contain_text("The ticked experiments logged no media")
    expect(wall).not_to_contain_text("log(")  # who looks on logs nothing

    tabs.nth(2).click()
    page.locator(".tk-shared-open").click()
    expect(page).to_have_url(re.compile("view=artifacts.*&artifact=model&version="))
    row = page.locator(".tk-shared-artifacts > tbody > tr").first
    expect(row).to_contain_text(re.compile("model.*7 B.*2.*aaaaaaaaaaaa.* ago.*with samples"))
    files = page.locator(".tk-shared-one .tk-files tbody tr")
    expect(files.nth(1)).to_contain_text("not on this server")
    with page.expect_download() as download:
        files.nth(0).get_by_label("Download out/model.bin").click()
    assert Path(download.value.path()).read_bytes() == b"weights"
    assert in_all_looks(page, "artifacts of a link") == []
    page.go_back()  # nothing was open
    expect(page.locator(".tk-shared-one")).to_have_count(0)
    page.go_back()
    expect(tabs.nth(1)).to_have_attribute("aria-current", "page")

    for link in (share(guarded, plain, **both)["address"], share(guarded, first, shows=[])["address"] + "?view=media"):
        with page.expect_response("**/v1/holds") as held:
            page.goto(link)
        assert held.value.json() == {"media": False, "artifacts": False}
        expect(page.locator(".tk-chart-values").first).not_to_be_empty()
        expect(page.locator(".tk-tabs")).to_be_hidden()
