"""Media of several experiments beside each other: reads, so viewers may ask them. POST, for their lists are long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from space.api.bodies import json_body
from space.api.openapi import DOCS
from space.api.problems import answer
from trackio_client.errors import UsageError
from trackio_client.queries.gallery import list_media, read_contents
from trackio_client.store.contract import Store


def gallery_routes(store: Store) -> APIRouter:
    """/v1/media and /v1/contents."""
    router = APIRouter(prefix="/v1", tags=["reading"])

    @router.post("/media", **DOCS["media"])
    async def media(request: Request) -> Response:
        wanted = experiments_of(await json_body(request))
        return await told_later(request, lambda: list_media(store, wanted))

    @router.post("/contents", **DOCS["contents"])
    async def contents(request: Request) -> Response:
        wanted = entries_of(await json_body(request))
        return await told_later(request, lambda: read_contents(store, wanted))

    return router


async def told_later(request: Request, ask: Callable[[], Any]) -> Response:
    """What a question answers that must not keep the event loop."""
    accepts_gzip = "gzip" in request.headers.get("accept-encoding", "")
    found: Response = await run_in_threadpool(lambda: answer(ask(), accepts_gzip=accepts_gzip))
    return found


def experiments_of(fields: dict[str, Any]) -> list[str]:
    """The ids that a question about media names. Raises UsageError."""
    value = fields.get("experiments")
    if not isinstance(value, list) or not all(isinstance(each, str) and len(each) <= 200 for each in value):
        raise UsageError("experiments must be a list of ids")
    return value


def entries_of(fields: dict[str, Any]) -> list[tuple[str, str, int]]:
    """The entries that a question about contents names. Raises UsageError."""
    value = fields.get("entries")
    if not isinstance(value, list) or not all(_is_entry(each) for each in value):
        raise UsageError("entries must be a list of [experiment id, writer id, number]")
    return [(experiment_id, writer_id, seq) for experiment_id, writer_id, seq in value]


def _is_entry(value: Any) -> bool:
    match value:
        case [str(experiment_id), str(writer_id), int(seq)] if not isinstance(seq, bool):
            return len(experiment_id) <= 200 and len(writer_id) <= 200 and 0 <= seq < 2**63
    return False
