"""With the addresses of Trackio's server taken, the page works as before, and shows live what Trackio's client logs."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.told import png
from tests.e2e.machines import until

pytestmark = pytest.mark.browser


def log(space, project, first, count, **more):
    logs = [
        {"project": project, "run": "by Trackio 🦦 <b>", "run_id": f"id of {project}", "metrics": {"loss": 1 / (k + 1)},
         "step": k, "log_id": f"{project} {k}", **more}
        for k in range(first, first + count)
    ]  # fmt: skip
    httpx.post(f"{space.url}/api/bulk_log", json={"args": [], "kwargs": {"logs": logs}}, timeout=60).raise_for_status()


def test_what_trackios_client_logs_appears_on_the_page_without_reload(page, space):
    log(space, "peers", 0, 30, config={"lr": 0.25, "_Username": None, "_Group": "g"})
    (found,) = httpx.get(f"{space.url}/v1/experiments?project=peers", timeout=60).json()["experiments"]
    page.goto(f"{space.url}/?project=peers&experiment={found['experiment_id']}")
    page.evaluate("window.sameDocument = true")
    expect(page.locator(".tk-head")).to_contain_text("by Trackio 🦦 <b>")
    expect(page.locator(".tk-head .tk-state")).to_have_text("Running")
    expect(page.locator(".tk-facts")).to_contain_text("Step 29")
    values = page.locator(".tk-view.experiment .tk-chart .tk-chart-values").first
    expect(values).not_to_be_empty()
    seen = values.inner_text()
    log(space, "peers", 30, 20)
    expect(values).not_to_have_text(seen)
    expect(page.locator(".tk-facts")).to_contain_text("Step 49")
    assert page.evaluate("window.sameDocument")


def test_a_picture_that_trackios_client_sends_is_shown(page, space):
    log(space, "pictures", 0, 2)
    image = {"_type": "trackio.image", "file_path": "pictures/run/1/dot.png", "caption": "a <b> dot"}
    log(space, "pictures", 2, 1, metrics={"dots": image, "cells": {"_type": "trackio.table", "_value": [{"a": image}]}})
    file = {"files": ("dot.png", png(8, 4, 200))}
    form = httpx.post(f"{space.url}/api/upload", files=file, timeout=60).raise_for_status().json()
    sent = {"path": form["paths"][0], "orig_name": "dot.png", "meta": {"_type": "gradio.FileData"}}
    upload = {
        "project": "pictures",
        "run": "by Trackio 🦦 <b>",
        "run_id": "id of pictures",
        "step": 2,
        "uploaded_file": sent,
    }
    asked = {"kwargs": {"uploads": [upload]}}
    httpx.post(f"{space.url}/api/bulk_upload_media", json=asked, timeout=60).raise_for_status()
    (found,) = httpx.get(f"{space.url}/v1/experiments?project=pictures", timeout=60).json()["experiments"]
    page.goto(f"{space.url}/?project=pictures&experiment={found['experiment_id']}")
    for name in ("dots", "cells"):
        medium = page.locator(f'.tk-medium[aria-label="{name}"]')
        medium.scroll_into_view_if_needed()
        picture = medium.locator("img").first
        expect(picture).to_be_visible()
        page.wait_for_function("image => image.naturalWidth === 8", arg=picture.element_handle())
    expect(page.locator('.tk-medium[aria-label="dots"]')).to_contain_text("a <b> dot")


def test_names_that_are_not_trackios_fall_through_to_gradio(space):
    info = httpx.get(f"{space.url}/gradio_api/info", timeout=60).json()
    assert {"named_endpoints", "unnamed_endpoints"} <= info.keys()
    assert "/bulk_log" not in info["named_endpoints"]
    unknown = httpx.post(f"{space.url}/gradio_api/call/bulk_logs", json={"data": []}, timeout=60)
    assert unknown.status_code == 500, "Gradio's answer to a name that it does not know"
    log = space.directory / "space.log"  # Gradio writes there what it made of it
    until(lambda: "API name: bulk_logs" in log.read_text(encoding="utf-8"), "Gradio says that it was asked")
    assert httpx.post(f"{space.url}/gradio_api/call/bulk_log/x/y", timeout=60).json() == {"detail": "Not Found"}
    assert httpx.get(f"{space.url}/config", timeout=60).json()["version"]


def test_gradios_way_to_call_reaches_trackios_names(space):
    log(space, "by gradio", 0, 3)
    asked = httpx.post(f"{space.url}/gradio_api/call/get_runs_for_project", json={"data": ["by gradio"]}, timeout=60)
    event = asked.json()["event_id"]
    found = httpx.get(f"{space.url}/gradio_api/call/get_runs_for_project/{event}", timeout=60)
    assert found.headers["content-type"].startswith("text/event-stream")
    assert found.text.startswith("event: complete\ndata: [[{")
    assert '"id":"id of by gradio"' in found.text
    again = httpx.get(f"{space.url}/gradio_api/call/get_runs_for_project/{event}", timeout=60)
    assert again.status_code == 410
