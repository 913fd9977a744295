"""The Gradio app: its pages, its look, and how it is mounted into the server."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any
from urllib.parse import quote

import gradio as gr
from fastapi import FastAPI
from starlette.responses import RedirectResponse, Response

from space.settings import SpaceSettings
from space.ui.early import EarlyPage
from space.ui.endpoints import add_endpoints
from space.ui.pages.configuration import Parts, configuration_page
from space.ui.pages.manage import manage_page
from space.ui.pages.metrics import metrics_page
from space.ui.theme import CSS, theme
from trackio_client.managing.manager import Manager
from trackio_client.view.bundle import ALL_STYLES, PAGE

ROOT = "page/"
"""Of the library as the page loads it (`trackio_client.view.bundle`)."""
BOOT = ROOT + "boot.js"
CONFIGURATION = "/configuration"
MANAGE = "/manage"
FORM_STYLES = ("styles/page.css", "styles/configuration.css")
FIRST = "first.js"
"""Stands inline: it must run before anything else has come."""


QUEUE_LOOKS_S = 0.05
"""How often Gradio's queue looks for work: what its own events may wait."""


def library_address(name: str) -> str:
    """Where a file of `trackio_client.view` is served."""
    return f"/lib/{name}"


def build(
    manager: Manager, settings: SpaceSettings, *, address_of: Callable[[str], str] = library_address
) -> gr.Blocks:
    """The page and the named endpoints. `address_of` gives the address of a file of `trackio_client.view`."""
    page: gr.Blocks
    with gr.Blocks(title="Trackio", analytics_enabled=False, fill_width=True) as page:
        metrics_page(library=address_of(BOOT))
        add_endpoints(manager, settings)
    return page


def mount(
    app: FastAPI, manager: Manager, settings: SpaceSettings, *, address_of: Callable[[str], str] = library_address
) -> FastAPI:
    """Put the pages at `/` of the server. Call it after all other routes are there: Gradio takes what is left."""
    mounted = _mounted(app, build(manager, settings, address_of=address_of), "/")
    mounted.add_middleware(EarlyPage, head=first_head(address_of))
    return mounted


def mount_configuration(app: FastAPI, parts: Parts, *, address_of: Callable[[str], str] = library_address) -> None:
    """Put the owners' page at /configuration. Call it before `mount`.

    It is an application of its own: every address that Gradio gives it lies below /configuration/, which the gate keeps
    for owners without having to know what Gradio calls its routes.
    """
    page: gr.Blocks
    with gr.Blocks(title="Configuration – Trackio", analytics_enabled=False, fill_width=True) as page:
        configuration_page(page, parts)
    _mount_form(app, page, CONFIGURATION, "Configuration", address_of)


def mount_manage(app: FastAPI, manager: Manager, *, address_of: Callable[[str], str] = library_address) -> None:
    """Put the page where experiments are told by hand at /manage. Call it before `mount`."""
    page: gr.Blocks
    with gr.Blocks(title="Manage – Trackio", analytics_enabled=False, fill_width=True) as page:
        manage_page(page, manager)
    _mount_form(app, page, MANAGE, "Manage", address_of)


def _mount_form(app: FastAPI, page: gr.Blocks, path: str, title: str, address_of: Callable[[str], str]) -> None:
    @app.get(path, include_in_schema=False)
    def with_slash() -> Response:
        return RedirectResponse(f"{path}/", 307)

    mounted = _mounted(app, page, path)
    mounted.add_middleware(EarlyPage, head=form_head(title, address_of), path=f"{path}/", has_charts=False)


def _mounted(app: FastAPI, page: gr.Blocks, path: str) -> FastAPI:
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        page,
        path=path,
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
    # Gradio looks for work a thousand times a second, which costs an idle Space 4 % of a core; no chart waits for it.
    if hasattr(page._queue, "sleep_when_free"):
        page._queue.sleep_when_free = QUEUE_LOOKS_S
    return mounted


def first_head(address_of: Callable[[str], str] = library_address) -> str:
    """What stands first in the page's head: styles, the first requests, our modules."""
    view = files("trackio_client.view")
    script = address_of(ROOT + PAGE)
    icon = "data:image/svg+xml," + quote((view / "icon.svg").read_text())
    return "".join(
        [
            "<title>Trackio</title>",
            _tag("link", rel="icon", href=icon),
            _tag("meta", name="color-scheme", content="light dark"),
            f"<script>{(view / FIRST).read_text()}</script>",
            _tag("link", rel="stylesheet", href=address_of(ROOT + ALL_STYLES)),
            _tag("link", rel="modulepreload", href=script),
            f'<script type="module" src={json.dumps(script)}></script>',
        ]
    )


def form_head(title: str, address_of: Callable[[str], str] = library_address) -> str:
    """What stands first in the head of a page of forms: our styles, and the theme that the reader chose."""
    view = files("trackio_client.view")
    icon = "data:image/svg+xml," + quote((view / "icon.svg").read_text())
    return "".join(
        [
            f"<title>{html.escape(title)} – Trackio</title>",
            _tag("link", rel="icon", href=icon),
            _tag("meta", name="color-scheme", content="light dark"),
            f"<script>{(view / 'themed.js').read_text()}</script>",
            *(_tag("link", rel="stylesheet", href=address_of(name)) for name in FORM_STYLES),
        ]
    )


def _tag(element: str, /, **attributes: Any) -> str:
    fields = "".join(f' {key}="{html.escape(str(value))}"' for key, value in attributes.items())
    return f"<{element}{fields}>"
