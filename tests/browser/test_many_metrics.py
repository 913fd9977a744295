"""Ten thousand metrics in one experiment, on a real Space: every view that names them opens and finds one."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.trainings import Training

pytestmark = pytest.mark.browser

NAMES = [f"layer_{i // 100:02d}/grad_{i:05d}" for i in range(10_000)]
ONE = "layer_51/grad_05123"
MOST_NODES = 20_000


def nodes(page):
    return page.evaluate("document.querySelectorAll('*').length")


def ask(page, **wanted):
    page.evaluate("(wanted) => trackioPage.shell.ask(wanted)", wanted)


def test_every_view_stands_ten_thousand_metrics(page, space):
    made = []
    for n in range(2):
        made.append(Training(space.url, "many metrics", f"wide-{n}", config={"lr": 0.1 * (n + 1)}))
        made[n].log([(step, {name: step + n + i / 1e4 for i, name in enumerate(NAMES)}) for step in range(4)])
        made[n].finish()
    page.goto(f"{space.url}/?project=many metrics&filter=grad_05123")
    expect(page.locator(".tk-chart")).to_have_count(1)
    expect(page.locator(".tk-chart-values b")).to_have_count(2)

    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Go to, or do").fill("grad_05123")
    expect(page.locator(".tk-palette-row").first).to_contain_text(ONE)
    page.keyboard.press("Escape")

    ask(page, view="overview", filter="")
    expect(page.locator(".tk-view.overview")).to_contain_text("wide-1")
    ask(page, view="compare")
    expect(page.locator(".tk-view.compare")).to_contain_text("grad_00000")
    assert nodes(page) < MOST_NODES

    ask(page, view="experiment", experiment=made[0].experiment_id)
    summary = page.locator(".tk-view.experiment .tk-summary tbody tr:not(.tk-space)")
    expect(summary.first).to_contain_text("grad_00000")
    page.get_by_label("Find a metric").fill("grad_05123")
    expect(summary).to_have_count(1)
    expect(summary).to_contain_text(ONE)
    assert nodes(page) < MOST_NODES

    ask(page, view="table", experiment=None)
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("textbox", name="Columns").fill("grad_05123")
    page.get_by_role("option", name=ONE, exact=True).click()
    page.keyboard.press("Escape")
    expect(page.locator(".tk-table th", has_text="grad_05123")).to_have_count(1)
    # All of them as columns: those in view are there, and the address stays one that a server takes.
    page.evaluate(
        "() => { const { state } = trackioPage.shell; "
        "state.set({ columns: state.get('metrics').map(({ metric }) => `metric:${metric}`) }); }"
    )
    expect(page.locator(".tk-table th").nth(3)).to_contain_text("grad_00001")
    page.locator(".tk-table-scroll").evaluate("box => (box.scrollLeft = box.scrollWidth)")
    expect(page.locator(".tk-table th", has_text="grad_09999")).to_be_visible()
    expect(page.locator(".tk-table tbody")).to_contain_text("3.999")
    page.wait_for_url(lambda address: len(address) < 8000)
    assert nodes(page) < MOST_NODES
    page.reload()
    expect(page.locator(".tk-table th").nth(1)).to_be_visible()
