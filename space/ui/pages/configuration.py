"""The page of owners: which settings are in force, whether the dataset can be reached, how far the push is.

What is typed here is for this tab alone: it is tried, and forgotten with the tab. What holds for everybody stands in
the environment of the server (on a Space: its variables and secrets). The gate lets nobody but owners reach anything
below this page's address; each answer looks once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import gradio as gr

from space.api.roles import Role
from space.inforce import space_settings
from space.settings import SpaceSettings
from space.ui.pages.words import finding_html, note, settings_html, sync_html
from trackio_client.errors import UsageError
from trackio_client.hub.names import repo_of
from trackio_client.inforce import InForce, shown_secret

LOOKS_S: Final = 5.0
"""Between two looks at the state of the push."""
TYPED: Final = "typed on this page"
_FORGET_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Typed:
    """What an owner typed, kept on the server for their tab."""

    repo: str | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """What the page tells of."""

    settings: SpaceSettings
    sync: Callable[[], dict[str, Any] | None]
    """Where push and restore stand; None where no dataset is set."""
    push: Callable[[], bool]
    """Ask for a push soon. False where there is nothing to push to."""


def configuration_page(page: gr.Blocks, parts: Parts) -> None:
    """Put the widgets on the page being built."""
    settings = parts.settings
    _words(_HEAD)
    typed = gr.State(Typed(), time_to_live=_FORGET_S)
    _words("<h2>Dataset</h2>" + _how(settings))
    with gr.Row(elem_classes="tc-fields"):
        repo = gr.Textbox(
            label="Dataset repo",
            placeholder=settings.dataset_repo or "owner/name",
            max_lines=1,
            min_width=240,
            elem_id="repo",
        )
        token = gr.Textbox(
            label="Hub token",
            placeholder=shown_secret(settings.hub_token) if settings.hub_token else "hf_…",
            type="password",
            max_lines=1,
            min_width=240,
            elem_id="token",
        )
    with gr.Row(elem_classes="tc-buttons"):
        update = gr.Button("Update", elem_id="update", size="sm")
        test = gr.Button("Test connection", variant="primary", elem_id="test", size="sm")
        create = gr.Button("Create dataset", elem_id="create", size="sm")
    answer = _words("", "answer")
    _words("<h2>Sync</h2>")
    sync = _words("", "sync")
    with gr.Row(elem_classes="tc-buttons", visible=settings.dataset_repo is not None):
        push = gr.Button("Push now", elem_id="push", size="sm")
    _words("<h2>Settings in force</h2>")
    table = _words("", "settings")

    def rows(said: Typed, request: gr.Request) -> str:
        return settings_html(with_typed(space_settings(settings), said)) if is_owner(request) else _REFUSED

    def state(request: gr.Request) -> str:
        return sync_html(parts.sync(), settings) if is_owner(request) else _REFUSED

    def take(said: Typed, repo: str, token: str, request: gr.Request) -> tuple[Any, ...]:
        if not is_owner(request):
            return said, gr.update(), gr.update(), _REFUSED, _REFUSED
        try:
            said = typed_from(said, repo, token)
        except UsageError as error:
            return said, gr.update(), gr.update(), note(str(error), "bad"), gr.update()
        what = "For this tab only, until it is closed." if said != Typed() else "Back to what the server was told."
        return said, gr.update(), "", note(what), rows(said, request)

    def tried(said: Typed, repo: str, token: str, request: gr.Request) -> str:
        return _look(said, repo, token, request, make=False)

    def made(said: Typed, repo: str, token: str, request: gr.Request) -> str:
        return _look(said, repo, token, request, make=True)

    def _look(said: Typed, repo: str, token: str, request: gr.Request, *, make: bool) -> str:
        if not is_owner(request):
            return _REFUSED
        try:
            said = typed_from(said, repo, token)
        except UsageError as error:
            return note(str(error), "bad")
        where, by = said.repo or settings.dataset_repo, said.token or settings.hub_token
        if where is None:
            return note("No dataset is set. Type its name, owner/name, or set TRACKIO_DATASET_REPO.", "bad")
        if by is None:
            return note("No token is set. Type one that may read and write the dataset, or set HF_TOKEN.", "bad")
        from trackio_client.hub.checking import check_dataset, create_dataset  # late: huggingface_hub takes a second

        return finding_html(create_dataset(where, by) if make else check_dataset(where, by))

    def pushed(request: gr.Request) -> str:
        if not is_owner(request):
            return _REFUSED
        parts.push()
        return state(request)

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    page.load(state, None, sync, **quiet)
    page.load(rows, typed, table, **quiet)
    gr.Timer(LOOKS_S).tick(state, None, sync, **quiet)
    said = [typed, repo, token]
    update.click(take, said, [typed, repo, token, answer, table], **quiet)
    # Both take a moment: the widget says so where the answer will stand.
    test.click(tried, said, answer, api_visibility="private")
    create.click(made, said, answer, api_visibility="private")
    push.click(pushed, None, sync, **quiet)


def _words(text: str, name: str | None = None) -> gr.HTML:
    return gr.HTML(text, padding=False, apply_default_css=False, js_on_load=None, elem_id=name, elem_classes="tc-words")


def is_owner(request: gr.Request | None) -> bool:
    """Whether the gate found an owner behind a request: no answer is given by the address alone."""
    scope = getattr(getattr(request, "request", None), "scope", None)
    return isinstance(scope, dict) and scope.get("trackio_role") == Role.OWNER


def typed_from(before: Typed, repo: str, token: str) -> Typed:
    """What stands in the fields now; with both empty it is what the server was told.

    An empty token field beside a name keeps the token typed before: the field is emptied when it was taken.

    Raises:
        UsageError: it is no name of a dataset.
    """
    wanted = repo_of(repo, "Dataset repo")
    fresh = (token or "").strip()
    if wanted is None and not fresh:
        return Typed()
    return Typed(wanted, fresh or before.token)


def with_typed(rows: Iterable[InForce], said: Typed) -> list[InForce]:
    """The settings with what was typed in place of what the environment said (S1.8)."""
    ours = {"dataset_repo": said.repo, "hub_token": shown_secret(said.token) if said.token else None}
    return [replace(one, value=value, source=TYPED) if (value := ours.get(one.name)) else one for one in rows]


def _how(settings: SpaceSettings) -> str:
    place = (
        f'<a href="{settings.hub.provider}/spaces/{settings.hub.space_id}/settings" target="_blank" rel="noopener">the '
        "settings of the Space</a>, under Variables and secrets; it then restarts"
        if settings.on_space
        else "the environment of the server, and start it again"
    )
    return (
        "<p>What is typed here is tried, and holds for this tab alone. To set it for everybody, set "
        f"<code>TRACKIO_DATASET_REPO</code> and <code>HF_TOKEN</code> in {place}. The token should be a fine-grained "
        "one that may read and write this one dataset.</p>"
    )


_REFUSED: Final = note("This is for owners. Log in with the server's write token, or as an owner by the Hub.", "bad")
_HEAD: Final = (
    '<header class="tc-top"><a href="/" title="Back to the experiments">← Experiments</a>'
    '<h1>Configuration</h1><nav aria-label="Other pages"><a href="/manage/">Manage</a></nav></header>'
)
