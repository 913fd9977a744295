"""/v1/projects/{project}/views: states of the page that people named. Readers open them, writers change them."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from space.api.bodies import json_body
from space.api.openapi import DOCS
from space.api.problems import Problem, answer
from trackio_client.errors import UsageError
from trackio_client.queries.experiments import check_project
from trackio_client.store.contract import Store
from trackio_client.store.saved_views import NameTaken, SavedViews

_MOST_BYTES: Final = 64 * 1024
_NEW: Final = ("name", "address")
_CHANGES: Final = ("name", "address", "deleted")


def view_routes(views: SavedViews, store: Store) -> APIRouter:
    """GET, POST, PATCH and DELETE; the gate lets readers list and writers do the rest."""
    router = APIRouter(prefix="/v1/projects/{project:path}/views", tags=["views"])

    @router.get("", **DOCS["views"])
    def listed(project: str) -> Response:
        found = views.of(project)
        if not found:
            check_project(store, project)
        return answer({"views": [view.told() for view in found]})

    @router.post("", **DOCS["view_new"])
    async def save(request: Request, project: str) -> Response:
        content = _checked(await json_body(request, _MOST_BYTES), _NEW)

        def saved() -> dict[str, Any]:
            if not views.of(project):
                check_project(store, project)  # a view of a project that nobody logged to is a slip of the pen
            return views.save(project, content.get("name", ""), content.get("address", ""), by=_user(request)).told()

        return answer(await _told(saved))

    @router.patch("/{view_id}", **DOCS["view_change"])
    async def change(request: Request, project: str, view_id: str) -> Response:
        content = _checked(await json_body(request, _MOST_BYTES), _CHANGES)
        if not content:
            raise UsageError(f"a change names one or more of {', '.join(_CHANGES)}")
        if not isinstance(content.get("deleted", False), bool):
            raise UsageError(f"deleted must be true or false, got {content['deleted']!r:.80}")
        return answer(await _told(lambda: views.change(project, view_id, **content).told()))

    @router.delete("/{view_id}", **DOCS["view_delete"])
    def delete(project: str, view_id: str) -> Response:
        views.change(project, view_id, deleted=True)
        return answer({"deleted": view_id})

    return router


def _checked(content: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    if unknown := [name for name in content if name not in fields]:
        raise UsageError(f"a view has the fields {', '.join(fields)}; got {unknown[0]!r:.80}")
    return content


async def _told(act: Any) -> dict[str, Any]:
    try:
        found: dict[str, Any] = await run_in_threadpool(act)
    except NameTaken as error:
        hint = "PATCH that view with the new address to replace it, or choose another name."
        raise Problem("taken", f"{error}.", hint, {"view": error.view.told()}) from None
    return found


def _user(request: Request) -> str | None:
    """Who asks, where the server knows it: by the Hub's name."""
    kind, _, name = request.scope["trackio_caller"].subject.partition(":")
    return name if kind == "hub" else None
