# ruff: noqa: E501 (scripts for the browser)
"""The page is a Gradio page that leaks nothing of Gradio: no footer, no endpoint that nobody meant."""

from __future__ import annotations

import pytest
from gradio_client import Client
from playwright.sync_api import expect

from space.ui.app import first_head
from space.ui.charts import MetricCharts
from space.ui.early import with_head
from tests.browser.trainings import trained
from trackio_client.view import modules


@pytest.mark.requirement("S1.81")
def test_on_a_server_of_ones_own_the_names_work_without_a_token(space):
    client = Client(space.url, verbose=False, analytics_enabled=False)
    own = client.predict("by name", "", api_name="/create_experiment_interface")["id"]
    assert own in {one["id"] for one in client.predict(api_name="/list_experiments_interface")}
    client.close()


def test_the_component_carries_a_query():
    charts = MetricCharts({"project": "p"}, render=False)
    assert charts.api_info()["type"] == "object"
    assert charts.get_config()["value"] == {"project": "p"}


def test_the_head_names_every_module_and_gradio_comes_after_the_first_chart():
    html = (
        b'<html><head><meta charset="utf-8" /><script>window.gradio_config = {};</script>'
        b'<script type="module" crossorigin src="./assets/index-x.js"></script>'
        b'<link rel="stylesheet" crossorigin href="./assets/index-x.css"></head>'
    )
    page = with_head(html, first_head().encode())
    assert page.index(b"/lib/page/page.js") < page.index(b"gradio_config")
    assert b'<script type="module" crossorigin' not in page
    assert b'"./assets/index-x.js"' in page
    assert page.count(b"/lib/") == 3, "styles, modules told ahead, and modules"
    assert b'<link rel="stylesheet" crossorigin href="./assets/index-x.css" media="print" onload' in page
    assert b'href="./assets/index-x.css">' in with_head(html, b"", has_charts=False)


def test_html_of_another_kind_is_left_alone():
    assert with_head(b"<html><head></head>", b"x") == b"<html><head></head>"


@pytest.mark.browser
def test_a_value_set_by_python_reaches_the_page_without_making_it_anew(page, space):
    trained(space.url, "gradio", "one", steps=10)
    page.goto(f"{space.url}/?project=gradio")
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    page.wait_for_function("() => document.querySelector('.trackio-charts') !== null")
    expect(page.locator("footer")).to_have_count(0)
    chart = page.locator('.tk-chart[data-metric="train/loss"]').element_handle()
    page.evaluate("() => trackioPage.shell.ask({ filter: 'loss', x: 'relative' })")
    expect(page.locator(".tk-controls .tk-sel").first).to_have_text("relative time")
    assert chart.evaluate("el => el.isConnected")


def test_each_module_exists_once_on_a_page(page, space):
    trained(space.url, "bundled", "one", steps=5)
    asked = []
    page.on("request", lambda sent: asked.append(sent.url) if "/lib/" in sent.url else None)
    page.goto(f"{space.url}/?project=bundled")
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    assert len([url for url in asked if url.endswith(".js")]) < 10, "what is needed first is one file"
    root = page.evaluate("document.querySelector('script[type=module][src*=\"/lib/\"]').src.replace('page.js', '')")
    same = """async (root) => { const [boot, dom] = await Promise.all(['boot.js', 'base/dom.js'].map((name) => import(root + name)));
      return [boot.shell() === trackioPage.shell, dom.h === trackioModules['base/dom.js'].h]; }"""
    assert page.evaluate(same, root) == [True, True]
    names = """async ([root, names]) => { const told = {}; for (const name of names) {
      const [whole, held] = [await import(`/lib/${name}`), trackioModules[name]];
      if (Object.keys(whole).sort().join() !== Object.keys(held).sort().join()) told[name] = Object.keys(whole).join(); }
      return told; }"""
    assert page.evaluate(names, [root, [name for name in modules("boot.js") if name != "boot.js"]]) == {}
