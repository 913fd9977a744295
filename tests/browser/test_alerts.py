"""What an alert says stands on the page of its experiment."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.trainings import trained

pytestmark = pytest.mark.browser


def test_an_alert_tells_its_words_beside_its_title(page, space):
    training = trained(space.url, "alerts", "loud-otter", steps=5)
    training.event("mark", step=3, mark="alert", title="Look", data={"text": "loss <b>rose</b>", "level": "warn"})
    training.event("mark", step=4, mark="note", title="Lunch")
    training.event("mark", step=4, mark="alert", title="same", data={"text": "same", "level": "info"})
    training.finish()
    page.goto(f"{space.url}/?project=alerts&experiment={training.experiment_id}")
    rows = page.locator(".tk-view.experiment table.tk-plain tbody tr")
    expect(rows.filter(has_text="Look")).to_contain_text("Look: loss <b>rose</b>")  # as text, not as markup
    expect(rows.filter(has_text="Lunch").locator("td").last).to_have_text("Lunch")
    expect(rows.filter(has_text="same").locator("td").last).to_have_text("same")
