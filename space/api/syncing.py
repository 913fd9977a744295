"""What keeps the store and the dataset repo alike, over HTTP: where it stands, and "push now"."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from space.api.openapi import DOCS
from space.api.problems import Problem, answer
from space.api.roles import Role


def add_sync_routes(app: FastAPI) -> None:
    """Put them into the server."""
    router = APIRouter(prefix="/v1", tags=["server"])

    @router.get("/sync", **DOCS["sync"])
    def sync(request: Request) -> Response:
        return answer({"sync": sync_seen(request), "keeps": request.app.state.keeps})

    @router.post("/push", **DOCS["push"])
    def push(request: Request) -> Response:
        home = request.app.state.home
        if home is None or home.replicator is None:
            raise Problem(
                "not-found",
                "This server keeps its experiments on its disk alone.",
                "Set TRACKIO_DATASET_REPO to owner/name of a dataset repo on the Hub.",
            )
        home.replicator.ask()
        return answer({"sync": sync_seen(request)})

    app.include_router(router)


def sync_state(app: FastAPI) -> dict[str, Any] | None:
    """Where push and restore stand, as `hub.replicator.Replicator.status` says; None where no repo is set."""
    home = getattr(app.state, "home", None)
    found: dict[str, Any] | None = None if home is None else home.status()
    return found


def sync_seen(request: Request) -> dict[str, Any] | None:
    """The same as far as it is the asker's business: a reader learns what is missing, not which repo it is in."""
    state = sync_state(request.app)
    if state is None or request.scope.get("trackio_role", Role.NOBODY) >= Role.WRITER:
        return state
    loading = state.get("loading") or {}
    return {
        "repo": "repo",
        "ready": state.get("ready"),
        "problem": "Its owner sees why." if state.get("problem") else None,
        "loading": {"experiments": loading.get("experiments", 0), "rows": loading.get("rows", 0), "problem": None},
    }
