"""Artifacts of a project, of an experiment, and where they come from and went."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from space.api.openapi import DOCS
from space.api.problems import answer
from trackio_client.queries.artifacts import Shelf, experiment_artifacts, has_artifacts, list_artifacts, read_artifact
from trackio_client.queries.lineage import lineage
from trackio_client.store.contract import Store


def artifact_routes(store: Store) -> APIRouter:
    """GET /v1/artifacts and below, and what an experiment logged, used and leads to."""
    router = APIRouter(prefix="/v1", tags=["reading"])
    shelf = Shelf(store)

    @router.get("/artifacts", **DOCS["artifacts"])
    def artifacts(
        request: Request,
        project: Annotated[str, Query(min_length=1, max_length=300)],
        name: Annotated[str | None, Query(max_length=300)] = None,
        type: Annotated[str | None, Query(max_length=300)] = None,
        offset: Annotated[int, Query(ge=0, lt=2**31)] = 0,
        limit: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
        any: bool = False,
    ) -> Response:
        if any:
            return answer({"artifacts": [], "any": has_artifacts(store, project)})
        found = list_artifacts(store, project, shelf=shelf, name=name, type=type, offset=offset, limit=limit)
        return answer(found, accepts_gzip=_gzip(request))

    @router.get("/artifacts/{wanted:path}", **DOCS["artifact"])
    def artifact(
        request: Request, wanted: str, project: Annotated[str | None, Query(min_length=1, max_length=300)] = None
    ) -> Response:
        return answer(read_artifact(store, wanted, project, shelf=shelf), accepts_gzip=_gzip(request))

    @router.get("/experiments/{experiment_id}/artifacts", **DOCS["experiment_artifacts"])
    def of_experiment(request: Request, experiment_id: str) -> Response:
        return answer(experiment_artifacts(store, experiment_id), accepts_gzip=_gzip(request))

    @router.get("/experiments/{experiment_id}/lineage", **DOCS["lineage"])
    def of_artifacts(request: Request, experiment_id: str) -> Response:
        return answer(lineage(store, experiment_id, time.time()), accepts_gzip=_gzip(request))

    return router


def _gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")
