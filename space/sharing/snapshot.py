"""Routes that give experiments as one HTML file (`trackio_client.snapshot` makes it)."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from space.api.openapi import DOCS
from trackio_client.queries.experiments import find_experiment
from trackio_client.snapshot.page import MOST, file_name, snapshot_html
from trackio_client.store.contract import Store

_MOST_STATE: Final = 2000


def snapshot_routes(store: Store, *, lost_contact_s: float) -> APIRouter:
    """One experiment by its path, several by a query: a page builds the address, a browser saves what comes."""
    router = APIRouter(prefix="/v1", tags=["read"])

    def file(ids: list[str], **how: Any) -> Response:
        first = find_experiment(store, ids[0])
        raw = snapshot_html(store, ids, lost_contact_s=lost_contact_s, **how)
        usual = first.name if len(ids) == 1 else f"{first.project}-{len(ids)}-experiments"
        name = file_name(how.get("name") or usual, ids[0])
        return HTMLResponse(raw, headers={"Content-Disposition": f'attachment; filename="{name}"', **_KEPT})

    @router.get("/experiments/{experiment_id}/snapshot.html", **DOCS["snapshot"])
    def one(experiment_id: str, state: Annotated[str, Query(max_length=_MOST_STATE)] = "") -> Response:
        return file([experiment_id], state=state)

    @router.get("/snapshot.html", **DOCS["snapshots"])
    def several(
        experiment: Annotated[list[str], Query(min_length=1, max_length=MOST)],
        name: Annotated[str | None, Query(max_length=250)] = None,
        state: Annotated[str, Query(max_length=_MOST_STATE)] = "",
    ) -> Response:
        return file(list(dict.fromkeys(experiment)), name=name, state=state)

    return router


_KEPT: Final = {"Cache-Control": "no-store"}
