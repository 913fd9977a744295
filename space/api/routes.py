"""The HTTP API under /v1: it translates between requests and `trackio_client.queries`, and knows nothing else.

Reads are plain functions, which FastAPI runs in threads: the event loop never waits for the store.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, FastAPI, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from space.api.artifact_routes import artifact_routes
from space.api.bin_routes import bin_routes
from space.api.blobs import blob_routes
from space.api.bodies import json_body, read_body
from space.api.compare_routes import compare_routes
from space.api.crowds import Crowds, Place
from space.api.gallery_routes import gallery_routes
from space.api.gate import Gate
from space.api.library import Library
from space.api.login import in_frame, session_json, start_session
from space.api.oauth import login_routes
from space.api.openapi import DOCS
from space.api.problems import Problem, answer
from space.api.roles import Role
from space.api.series import series_routes
from space.api.sessions import set_cookie
from space.api.share_routes import share_routes
from space.api.syncing import sync_seen
from space.api.token_routes import token_routes
from space.api.view_routes import view_routes
from space.files import Bounds
from space.ingest import MAX_REQUEST_BYTES, Ingest, check_frames
from space.lines import batch_of_lines
from space.settings import SpaceSettings
from space.sharing.preview import Previews
from space.sharing.rate import Rate
from space.sharing.routes import Links, link_routes
from space.sharing.snapshot import snapshot_routes
from trackio_client.errors import UsageError
from trackio_client.queries import experiments as asked
from trackio_client.queries import index as indexed
from trackio_client.queries.alerts import MOST_ALERTS, USUAL_ALERTS, list_alerts
from trackio_client.queries.comparing import compare
from trackio_client.queries.editing import notes_version
from trackio_client.queries.environment import detail_with_environment
from trackio_client.queries.expression import MOST_CHARACTERS
from trackio_client.queries.metrics import list_metrics
from trackio_client.queries.replaced import read_replaced
from trackio_client.queries.training import training_summary
from trackio_client.store.binning import edit_batch
from trackio_client.store.contract import Store
from trackio_client.store.saved_views import SavedViews
from trackio_client.wire.batches import FRAMES_TYPE, NDJSON_TYPE, Batch
from trackio_client.wire.events import checked_name, is_id, state_of

_LINES_TYPES: Final = (NDJSON_TYPE, "application/ndjson", "application/jsonl")
ARCHIVED: Final = {"0": False, "1": None, "only": True}
"""Whether a list shows archived experiments: no, too, or alone."""
_EDITS: Final = ("name", "group", "tags", "notes", "state", "archived")
_NOTES_VERSION: Final = "notes_version"
"""In an edit: of the notes that it was begun from. Notes that are others by now are not written over."""


@dataclass(frozen=True)
class Parts:
    """What the routes are joined with."""

    settings: SpaceSettings
    store: Store
    ingest: Ingest
    library: Library
    gate: Gate
    bounds: Bounds
    version: str
    views: SavedViews


def add_routes(app: FastAPI, parts: Parts) -> None:
    """Put our routes into the server."""
    app.include_router(_writing(parts))
    app.include_router(bin_routes(parts.store, parts.ingest, parts.gate))
    app.include_router(_reading(parts))
    app.include_router(artifact_routes(parts.store))
    app.include_router(series_routes(parts.store))
    app.include_router(_server(parts))
    app.include_router(blob_routes(parts.store, parts.bounds))
    app.include_router(token_routes(parts.gate))
    app.include_router(compare_routes(parts.store))
    app.include_router(gallery_routes(parts.store))
    app.include_router(share_routes(parts.gate, parts.store))
    app.include_router(view_routes(parts.views, parts.store))
    app.include_router(snapshot_routes(parts.store, lost_contact_s=parts.settings.lost_contact_s))
    app.state.links = Links(
        settings=parts.settings,
        store=parts.store,
        access=parts.gate.access,
        address_of=parts.library.address_of,
        rate=Rate(),
        previews=Previews(),
    )
    app.include_router(link_routes(app.state.links))
    if parts.settings.hub.can_log_in:
        app.include_router(login_routes(parts.gate))


def _writing(parts: Parts) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["writing"])
    store, ingest = parts.store, parts.ingest
    edits = asyncio.Lock()

    @router.post("/writers/{writer_id}/events", **DOCS["append"])
    async def append(request: Request, writer_id: str) -> Response:
        _check_id(writer_id, "the writer's id")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != FRAMES_TYPE and kind not in _LINES_TYPES:
            raise Problem(
                "type",
                f"Events come as {FRAMES_TYPE} or {NDJSON_TYPE}, got {kind!r:.100}.",
                "Set Content-Type; docs/protocol.md describes both.",
            )
        raw = await read_body(request, MAX_REQUEST_BYTES)
        if kind == FRAMES_TYPE:
            receipt = await ingest.take(raw, writer_id)
        else:
            receipt = await ingest.append(
                await _in_thread(_batch_of_lines, store, raw, writer_id, dict(request.query_params))
            )
        return answer(receipt.to_json())

    @router.get("/writers/{writer_id}", **DOCS["receipt"])
    def receipt(writer_id: str) -> Response:
        _check_id(writer_id, "the writer's id")
        return answer(store.receipt(writer_id).to_json())

    @router.patch("/experiments/{experiment_id}", **DOCS["edit"])
    async def edit(request: Request, experiment_id: str) -> Response:
        content = await json_body(request)
        begun_from = content.pop(_NOTES_VERSION, None)
        changes = _changes(content)
        async with edits:  # between the look at the notes that stand and the new ones nobody else writes
            record = await _in_thread(asked.find_experiment, store, experiment_id)
            if begun_from is not None and "notes" in changes:
                _check_notes(record.notes, changes["notes"], begun_from)
            await ingest.append(await _in_thread(edit_batch, store, experiment_id, changes))
        return answer(await _in_thread(_detail, parts, experiment_id))

    return router


def _check_notes(standing: str | None, wanted: str | None, begun_from: Any) -> None:
    """Refuses notes that were begun from others than those that stand, unless they say the same."""
    version = notes_version(standing)
    if begun_from == version or (wanted or "") == (standing or ""):
        return
    raise Problem(
        "edited",
        "The notes were changed by somebody else, or in another tab, after this edit was begun.",
        "Compare both texts and send the one that is to stay, with the notes_version given here.",
        {"notes": standing, "notes_version": version},
    )


def _reading(parts: Parts) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["reading"])
    store, crowds = parts.store, Crowds[Response]()

    @router.get("/projects", **DOCS["projects"])
    def projects(request: Request) -> Response:
        return answer(asked.list_projects(store), accepts_gzip=_gzip(request))

    @router.get("/experiments", **DOCS["experiments"])
    def experiments(
        request: Request,
        project: Annotated[str, Query(min_length=1, max_length=300)],
        since: Annotated[int, Query(ge=0, lt=2**63)] = 0,
        column: Annotated[list[str], Query(max_length=200)] = [],  # noqa: B006 (FastAPI copies it)
        filter: Annotated[str, Query(max_length=MOST_CHARACTERS)] = "",
        archived: Annotated[str, Query(pattern="^(0|1|only)$")] = "0",
    ) -> Response:
        def make() -> tuple[Response, int]:
            found = asked.list_experiments(
                store, project, time.time(), since=since, columns=column, filter=filter, archived=ARCHIVED[archived],
                lost_contact_s=parts.settings.lost_contact_s, keeps=True,
            )  # fmt: skip
            return answer(found, accepts_gzip=_gzip(request)), found["cursor"]

        if not since:
            return make()[0]
        made = crowds.answer((project, tuple(column), filter, archived, _gzip(request)), Place(since), make)
        return Response(made.body, 200, dict(made.headers))

    @router.get("/cells", **DOCS["cells"])
    def cells(
        request: Request,
        project: Annotated[str, Query(min_length=1, max_length=300)],
        column: Annotated[list[str], Query(min_length=1, max_length=200)],
    ) -> Response:
        return answer(asked.list_cells(store, project, column), accepts_gzip=_gzip(request))

    @router.get("/experiments/{experiment_id}", **DOCS["experiment"])
    def experiment(request: Request, experiment_id: str) -> Response:
        return answer(_detail(parts, experiment_id), accepts_gzip=_gzip(request))

    @router.get("/experiments/{experiment_id}/summary", **DOCS["summary"])
    def summary(request: Request, experiment_id: str) -> Response:
        lost = parts.settings.lost_contact_s
        found = training_summary(store, experiment_id, time.time(), lost_contact_s=lost)
        return answer(found, accepts_gzip=_gzip(request))

    @router.get("/compare", **DOCS["compare"])
    def beside(request: Request, experiment: Annotated[list[str], Query(max_length=200)]) -> Response:
        lost = parts.settings.lost_contact_s
        found = compare(store, experiment, time.time(), lost_contact_s=lost)
        return answer(found, accepts_gzip=_gzip(request))

    @router.get("/experiments/{experiment_id}/events", **DOCS["events"])
    def events(
        request: Request,
        experiment_id: str,
        kind: Annotated[list[str], Query(max_length=50)] = [],  # noqa: B006
        after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
        limit: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
        newest: bool = False,
    ) -> Response:
        found = asked.list_events(store, experiment_id, kinds=kind, after=after, limit=limit, newest=newest)
        return answer(found, accepts_gzip=_gzip(request))

    @router.get("/alerts", **DOCS["alerts"])
    def alerts(
        request: Request,
        project: Annotated[str, Query(min_length=1, max_length=300)],
        limit: Annotated[int, Query(ge=1, le=MOST_ALERTS)] = USUAL_ALERTS,
        archived: bool = False,
    ) -> Response:
        found = list_alerts(store, project, limit=limit, archived=archived)
        return answer(found, accepts_gzip=_gzip(request))

    @router.get("/experiments/{experiment_id}/index", **DOCS["index"])
    def index(
        request: Request,
        experiment_id: str,
        kind: Annotated[list[str], Query(max_length=50)] = [],  # noqa: B006
        after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    ) -> Response:
        found = indexed.list_index(store, experiment_id, kinds=kind, after=after)
        return answer(found, accepts_gzip=_gzip(request))

    @router.get("/experiments/{experiment_id}/index/{writer_id}/{seq}", **DOCS["entry"])
    def entry(
        request: Request,
        experiment_id: str,
        writer_id: str,
        seq: Annotated[int, Path(ge=0, lt=2**63)],
    ) -> Response:
        found = indexed.read_event(store, experiment_id, writer_id=writer_id, seq=seq)
        return answer(found, accepts_gzip=_gzip(request))

    @router.get("/experiments/{experiment_id}/receipts", **DOCS["receipts"])
    def receipts(request: Request, experiment_id: str) -> Response:
        return answer(asked.list_receipts(store, experiment_id), accepts_gzip=_gzip(request))

    @router.get("/experiments/{experiment_id}/replaced", **DOCS["replaced"])
    def replaced(
        request: Request, experiment_id: str, metric: Annotated[str, Query(min_length=1, max_length=300)]
    ) -> Response:
        return answer(read_replaced(store, experiment_id, metric), accepts_gzip=_gzip(request))

    @router.get("/metrics", **DOCS["metrics"])
    def metrics(
        request: Request,
        project: Annotated[str, Query(min_length=1, max_length=300)],
        experiment: Annotated[list[str], Query(max_length=10_000)] = [],  # noqa: B006
    ) -> Response:
        return answer(list_metrics(store, project, experiment), accepts_gzip=_gzip(request))

    return router


def _server(parts: Parts) -> APIRouter:
    router = APIRouter(tags=["server"])
    settings, store = parts.settings, parts.store

    @router.get("/v1/health", **DOCS["health"])
    def health(request: Request) -> Response:
        content: dict[str, Any] = {"status": "ok", "version": parts.version}
        role = request.scope.get("trackio_role", Role.NOBODY)
        if role >= Role.VIEWER:
            content |= {
                "store_id": store.store_id,
                "incarnation": store.incarnation,
                "disk": "persistent" if settings.persistent else "ephemeral",
                "durable": settings.persistent,
                "position": store.position(),
                "repo": settings.dataset_repo if role >= Role.WRITER else None,
                "sync": sync_seen(request),
            }
        return answer(content)

    @router.get("/v1/session", **DOCS["session"])
    def session(request: Request) -> Response:
        return answer(session_json(request, settings, parts.gate))

    @router.post("/v1/session", **DOCS["login"])
    def login(request: Request) -> Response:
        return start_session(request, settings, parts.gate)

    @router.delete("/v1/session", **DOCS["logout"])
    def logout(request: Request) -> Response:
        response = answer({"session": "ended"})
        set_cookie(response, "", 0, in_frame=in_frame(request, settings))
        return response

    @router.get("/robots.txt", include_in_schema=False)
    def robots() -> Response:
        # Chats ask for a link's preview only where they may; that it is not to be found by a search, its headers say.
        rules = "Allow: /" if settings.public else "Allow: /s/\nDisallow: /"
        return Response(f"User-agent: *\n{rules}\n", 200, {"Cache-Control": "max-age=3600"}, "text/plain")

    @router.get("/lib/{path:path}", include_in_schema=False)
    def library(request: Request) -> Response:
        return parts.library.serve(request)

    return router


def _detail(parts: Parts, experiment_id: str) -> dict[str, Any]:
    lost = parts.settings.lost_contact_s
    return detail_with_environment(parts.store, experiment_id, time.time(), lost_contact_s=lost)


def _batch_of_lines(store: Store, raw: bytes, writer_id: str, given: dict[str, str]) -> Batch:
    held = store.receipt(writer_id).accepted_end
    return check_frames(batch_of_lines(raw, writer_id, given, held=held, now_s=time.time()))


# --- reading requests ------------------------------------------------------------------------------------------------


async def _in_thread(function: Any, *args: Any) -> Any:
    return await run_in_threadpool(function, *args)


def _gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


def _check_id(text: str, what: str) -> None:
    if not is_id(text):
        raise UsageError(f"{what} must be 1 to 128 letters, digits, '_', '-' or '.', got {text!r:.160}")


def _changes(content: dict[str, Any]) -> dict[str, Any]:
    """The fields of an edit, checked. Raises UsageError."""
    if not content or (unknown := [name for name in content if name not in _EDITS]):
        seen = repr(unknown[0])[:80] if content else "nothing"
        raise UsageError(f"an edit changes one or more of {', '.join(_EDITS)}; got {seen}")
    changes: dict[str, Any] = {}
    for name, value in content.items():
        if name == "name":
            changes[name] = checked_name(value, "name")
        elif name == "group":
            changes[name] = None if value in (None, "") else checked_name(value, "group")
        elif name == "tags":
            if not isinstance(value, list) or len(value) > 100:
                raise UsageError(f"tags must be a list of at most 100 texts, got {value!r:.80}")
            changes[name] = [checked_name(tag, "a tag") for tag in value]
        elif name == "notes":
            if value is not None and (not isinstance(value, str) or len(value) > 100_000):
                raise UsageError("notes must be a text of at most 100,000 characters")
            changes[name] = value
        elif name == "archived":
            if not isinstance(value, bool):
                raise UsageError(f"archived must be true or false, got {value!r:.80}")
            changes[name] = value
        else:
            changes[name] = state_of(value) if isinstance(value, str) else ""
            if changes[name] not in ("paused", "running"):
                raise UsageError(f"state can be set to 'paused', or back to 'running'; got {value!r:.80}")
    return changes
