"""What a link and a saved file show of what a training told, and what they do not."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.sharing import OWNER, TOKEN, share, sideways
from tests.browser.told import begin, evaluation, media
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
