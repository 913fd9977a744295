"""The Gradio app: its pages, its look, and how it is mounted into the server."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import gradio as gr
from fastapi import FastAPI

from space.ui.early import EarlyPage
from space.ui.pages.metrics import metrics_page
from space.ui.theme import CSS, theme

STYLES = ("page.css", "views.css", "charts.css")
BOOT = "boot.js"

_FIRST_ASK = """
(() => {
  const t = JSON.parse(localStorage.getItem("trackio") || "{}").theme;
  const dark = t ? t === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
(() => {
  if (location.hash.includes("token=")) return;
  const ask = (path) => { const p = fetch(path, { headers: { Accept: "application/json" }, credentials: "same-origin" }).then((r) => r.ok ? r.json() : Promise.reject(new Error(String(r.status)))); p.catch(() => {}); return p; };
  const q = new URLSearchParams(location.search), project = q.get("project");
  const first = {};
  if (project) { first.project = project; first.experiments = ask("/v1/experiments?" + new URLSearchParams({ project })); }
  else if (!q.get("experiment")) first.projects = ask("/v1/projects");
  globalThis.trackioPage = { first };
})();
"""
"""Runs before any module has come: the theme without a flash, and the request that all else waits for."""


def library_address(name: str) -> str:
    """Where a file of `trackio_client.view` is served."""
    return f"/lib/{name}"


def build(*, address_of: Callable[[str], str] = library_address) -> gr.Blocks:
    """The pages. `address_of` gives the address of a file of `trackio_client.view`."""
    with gr.Blocks(title="Trackio", analytics_enabled=False, fill_width=True) as page:
        metrics_page(page, library=address_of(BOOT))
    return page


def mount(app: FastAPI, *, address_of: Callable[[str], str] = library_address) -> FastAPI:
    """Put the pages at `/` of the server. Call it after all other routes are there: Gradio takes what is left."""
    mounted = gr.mount_gradio_app(
        app,
        build(address_of=address_of),
        path="/",
        theme=theme(),
        css=CSS,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        show_error=False,
        mcp_server=False,
        enable_monitoring=False,
        pwa=False,
    )
    mounted.add_middleware(EarlyPage, head=first_head(address_of))
    return mounted


def first_head(address_of: Callable[[str], str] = library_address) -> str:
    """What stands first in the page's head: styles, the first requests, our modules."""
    view = files("trackio_client.view")
    names = sorted(entry.name for entry in view.iterdir())
    styles = [_tag("link", rel="stylesheet", href=address_of(name)) for name in STYLES if name in names]
    modules = [_tag("link", rel="modulepreload", href=address_of(name)) for name in names if name.endswith(".js")]
    icon = "data:image/svg+xml," + _FAVICON.replace("#", "%23").replace('"', "'")
    return "".join(
        [
            "<title>Trackio</title>",
            _tag("link", rel="icon", href=icon),
            _tag("meta", name="color-scheme", content="light dark"),
            f"<script>{_FIRST_ASK}</script>",
            *styles,
            *modules,
            f'<script type="module" src={json.dumps(address_of(BOOT))}></script>',
        ]
    )


_FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20" fill="none" stroke="#5145cd" stroke-width="2.4" '
    'stroke-linecap="round"><path d="M2.5 3.5c1 8 4 11.5 15 12.5"/><path d="M2.5 9.5c2 3 4.5 3.5 6 2.500s4-5 9-6.500" opacity=".5"/></svg>'
)


def _tag(element: str, /, **attributes: Any) -> str:
    fields = "".join(f' {key}="{html.escape(str(value))}"' for key, value in attributes.items())
    return f"<{element}{fields}>"
