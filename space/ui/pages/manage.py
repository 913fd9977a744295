"""The Manage page: experiments made and told by hand (S1.63 to S1.70), through the same way in as everything else.

Viewers see what there is and are told what they lack; each function asks for the writer's role, because Gradio's queue
has one address for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import gradio as gr

from space.api.roles import Role
from space.ui.asking import role_of
from space.ui.pages.manage_words import details_html, list_html, page_of, text
from space.ui.pages.words import note
from trackio_client.errors import TrackioError
from trackio_client.managing.manager import PROJECT, Manager
from trackio_client.managing.told import STATUSES

MOST_CHOICES: Final = 500
"""In the list to choose from; any other id may be typed."""


def manage_page(page: gr.Blocks, manager: Manager) -> None:
    """Put the widgets on the page being built."""
    _words(_HEAD)
    readers = _words("", "readers")
    with gr.Column(elem_id="make") as make:
        _words("<h2>Create</h2>")
        with gr.Row(elem_classes="tc-fields"):
            name = gr.Textbox(
                label="Name", placeholder="lr3e-5-longer-warmup", max_lines=1, min_width=200, elem_id="name"
            )
            project = gr.Textbox(label="Project", placeholder=PROJECT, max_lines=1, min_width=160, elem_id="project")
        with gr.Row(elem_classes="tc-fields"):
            description = gr.Textbox(
                label="Description", placeholder="What it is for", lines=2, max_lines=6, elem_id="description"
            )
        with gr.Row(elem_classes="tc-buttons"):
            create = gr.Button("Create experiment", variant="primary", elem_id="create", size="sm")
            demo = gr.Button("Make demo experiment", elem_id="demo", size="sm")
            remove = gr.Button("Delete demo data", elem_id="remove", size="sm", visible=False)
        created = _words("", "created")

    _words("<h2>One experiment</h2>")
    with gr.Row(elem_classes="tc-fields"):
        chosen = gr.Dropdown(
            [], label="Experiment", allow_custom_value=True, filterable=True, min_width=260, elem_id="chosen"
        )
    with gr.Row(elem_classes="tc-split"):
        with gr.Column(min_width=320):
            shown = _words("", "shown")
        with gr.Column(min_width=320, elem_id="tell") as tell:
            with gr.Row(elem_classes="tc-fields"):
                metrics = _json("Metrics, as JSON", '{"loss": 0.5, "accuracy": 0.85}', "metrics")
                step = gr.Textbox(label="Step", placeholder="the next", max_lines=1, min_width=96, elem_id="step")
            with gr.Row(elem_classes="tc-buttons"):
                log = gr.Button("Log metrics", elem_id="log", size="sm")
            logged = _words("", "logged")
            with gr.Row(elem_classes="tc-fields"):
                parameters = _json("Parameters, as JSON", '{"learning_rate": 5e-05, "batch_size": 8}', "parameters")
            with gr.Row(elem_classes="tc-buttons"):
                keep = gr.Button("Log parameters", elem_id="keep", size="sm")
            kept = _words("", "kept")
            with gr.Row(elem_classes="tc-fields"):
                status = gr.Radio(list(STATUSES), value="completed", label="Status", elem_id="status")
            with gr.Row(elem_classes="tc-buttons"):
                update = gr.Button("Update status", elem_id="update", size="sm")
            updated = _words("", "updated")
    _words("<h2>Experiments, newest first</h2>")
    listed = _words("", "listed")

    def lists(request: gr.Request, chose: str | None = None) -> tuple[Any, ...]:
        """The list, what can be chosen, one of them, and whether there is demo data to delete."""
        rows = manager.experiments()
        choices = [(f"{row['name']} · {row['project']} · {row['id']}", row["id"]) for row in rows[:MOST_CHOICES]]
        own = chose or (rows[0]["id"] if rows else None)
        there = may_write(request) and any(row["demo"] for row in rows) and bool(manager.demos())
        return list_html(rows), gr.Dropdown(choices=choices, value=own), _one(manager, own), gr.Button(visible=there)

    def opened(request: gr.Request) -> tuple[Any, ...]:
        if role_of(request) < Role.VIEWER:
            return (
                note(_CLOSED, "bad"),
                gr.skip(),
                gr.skip(),
                gr.skip(),
                gr.skip(),
                gr.Column(visible=False),
                gr.Column(visible=False),
            )
        may = may_write(request)
        asked = dict(request.query_params or {}).get("experiment")
        return ("" if may else note(_READING), *lists(request, asked), gr.Column(visible=may), gr.Column(visible=may))

    def view(own: str | None, request: gr.Request) -> str:
        return _one(manager, own) if role_of(request) >= Role.VIEWER else note(_CLOSED, "bad")

    def made(name: str, about: str, into: str, request: gr.Request) -> tuple[Any, ...]:
        def done() -> tuple[Any, ...]:
            row = manager.create(name, about, (into or "").strip() or None)
            return (_told("Created", row), "", "", *lists(request, str(row["id"])))

        return _answer(request, done, 6)

    def demo_made(request: gr.Request) -> tuple[Any, ...]:
        def done() -> tuple[Any, ...]:
            row = manager.create_demo()
            return (
                _told("Made", row, " with made-up data of 60 steps, marked as demo"),
                *lists(request, str(row["id"])),
            )

        return _answer(request, done, 4)

    def demo_gone(own: str | None, request: gr.Request) -> tuple[Any, ...]:
        def done() -> tuple[Any, ...]:
            gone = manager.delete_demo()["deleted"]
            words = (
                f"Deleted {len(gone)} demo experiment{'s' * (len(gone) != 1)}." if gone else "There was no demo data."
            )
            return (note(words, "good"), *lists(request, None if own in gone else own))

        return _answer(request, done, 4)

    def told_metrics(own: str | None, values: str, at: str, request: gr.Request) -> tuple[Any, ...]:
        def done() -> tuple[Any, ...]:
            found = manager.log_metrics(own, values, at)
            count = len(found["metrics"])
            words = f"Logged {count:,} value{'s' * (count != 1)} at step {found['step']:,}."
            return (note(words, "good"), *lists(request, own))

        return _answer(request, done, 4)

    def told_parameters(own: str | None, values: str, request: gr.Request) -> tuple[Any, ...]:
        def done() -> tuple[Any, ...]:
            count = len(manager.log_parameters(own, values)["parameters"])
            return (note(f"Logged {count:,} parameter{'s' * (count != 1)}.", "good"), *lists(request, own))

        return _answer(request, done, 4)

    def told_status(own: str | None, word: str, request: gr.Request) -> tuple[Any, ...]:
        def done() -> tuple[Any, ...]:
            row = manager.update_status(own, word)
            return (note(f"{row['name']} is {row['status']}.", "good"), *lists(request, own))

        return _answer(request, done, 4)

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    # One after the other: a second press waits until the first was answered, and the lists are never older than it.
    telling = {**quiet, "concurrency_limit": 4, "concurrency_id": "telling", "trigger_mode": "once"}
    all_lists = [listed, chosen, shown, remove]
    page.load(opened, None, [readers, *all_lists, make, tell], **quiet)
    chosen.input(view, chosen, shown, **quiet)
    create.click(made, [name, description, project], [created, name, description, *all_lists], **telling)
    name.submit(made, [name, description, project], [created, name, description, *all_lists], **telling)
    demo.click(demo_made, None, [created, *all_lists], **telling)
    remove.click(demo_gone, chosen, [created, *all_lists], **telling)
    log.click(told_metrics, [chosen, metrics, step], [logged, *all_lists], **telling)
    keep.click(told_parameters, [chosen, parameters], [kept, *all_lists], **telling)
    update.click(told_status, [chosen, status], [updated, *all_lists], **telling)


def may_write(request: gr.Request | None) -> bool:
    """Whether a writer or an owner asks."""
    return role_of(request) >= Role.WRITER


def _answer(request: gr.Request, call: Callable[[], tuple[Any, ...]], others: int) -> tuple[Any, ...]:
    """What a call gives; or why not, with `others` outputs left as they are."""
    left = tuple(gr.skip() for _ in range(others))
    if not may_write(request):
        return (note(_READING, "bad"), *left)
    try:
        return call()
    except TrackioError as error:
        said = str(error)
        return (note(said[:1].upper() + said[1:] + ("" if said.endswith((".", "?", "…")) else "."), "bad"), *left)


def _one(manager: Manager, own: str | None) -> str:
    if not own:
        return ""
    try:
        return details_html(manager.details(own))
    except TrackioError as error:
        said = str(error)
        return note(said[:1].upper() + said[1:], "bad")


def _told(word: str, row: dict[str, Any], more: str = "") -> str:
    return (
        f'<div class="tc-note good" role="status">{word} <a href="{text(page_of(row))}">{text(row["name"])}</a> in '
        f"{text(row['project'])}{text(more)}: <code>{text(row['id'])}</code></div>"
    )


def _json(label: str, example: str, name: str) -> gr.Textbox:
    return gr.Textbox(label=label, placeholder=example, lines=3, max_lines=10, elem_id=name, elem_classes="tc-code")


def _words(content: str, name: str | None = None) -> gr.HTML:
    return gr.HTML(
        content, padding=False, apply_default_css=False, js_on_load=None, elem_id=name, elem_classes="tc-words"
    )


_READING: Final = (
    "You may read here. To create experiments and log to them, log in with a writer's token on the experiments' page, "
    "or ask an owner for one."
)
_CLOSED: Final = "Nothing is open here without a token. Open the server's page and give it there."
_HEAD: Final = (
    '<header class="tc-top"><a href="/" title="Back to the experiments">← Experiments</a><h1>Manage</h1></header>'
    "<p>Create experiments and log to them by hand. A script logs better with <code>trackio_client.log</code>; what is "
    "logged here is kept, pushed and shown in the same way.</p>"
)
