"""What a link opens: /s/{token} and below, /embed/{token}. The gate has checked the token and put its entry here.

What stands in a path or a body narrows a link's experiments and never widens them: `Shared` is asked for all of it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from space.api.access import Access, Entry
from space.api.blobs import file_response
from space.api.bodies import json_body
from space.api.gallery_routes import entries_of, experiments_of, told_later
from space.api.problems import Problem, answer
from space.api.series import fields_of, is_binary, series_query, told
from space.settings import SpaceSettings
from space.sharing.artifacts import Artifacts
from space.sharing.pages import page_of
from space.sharing.preview import Previews
from space.sharing.rate import FILE_COST, Rate
from space.sharing.scope import Shared
from space.sharing.words import link_refused
from trackio_client.store.contract import Store
from trackio_client.wire.asks import SeriesQuery

MOST_POINTS: Final = 100_000
"""Points a series that a link gives as numbers; a chart asks for at most as many as it has pixels."""
MOST_BUCKETS: Final = 5000
MOST_COLUMNS: Final = 20
"""Keys of the config beside each experiment: what groups them, or has a chart a value."""
_READ: Final = ["GET", "HEAD"]
"""Robots of chats look with HEAD first."""
_MOST_BODY: Final = 256 * 1024
_HOST: Final = re.compile(r"[A-Za-z0-9.\-]+(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")


@dataclass(frozen=True)
class Links:
    """What the routes of links are joined with."""

    settings: SpaceSettings
    store: Store
    access: Access
    address_of: Callable[[str], str]
    rate: Rate
    previews: Previews

    def shared(self, request: Request, *, cost: float = 1.0) -> Shared:
        """The store through the link of this request. Raises Problem: the link is asked too much."""
        entry: Entry = request.scope["trackio_link"]
        self.rate.take(entry.id, cost=cost)
        return Shared(self.store, entry, now_s=time.time(), lost_contact_s=self.settings.lost_contact_s)


def link_routes(links: Links) -> APIRouter:
    """GET only, but for a long question about series."""
    router = APIRouter(include_in_schema=False)
    artifacts = Artifacts(links.store)

    @router.api_route("/s/{token}", methods=_READ)
    def page(request: Request, token: str) -> Response:
        return _page(links, request, token, embed=False)

    @router.api_route("/embed/{token}", methods=_READ)
    def embed(request: Request, token: str) -> Response:
        return _page(links, request, token, embed=True)

    @router.api_route("/s/{token}/preview.png", methods=_READ)
    def preview(request: Request, token: str) -> Response:
        shared = links.shared(request)
        if not shared.records:
            return link_refused(request.url.path)
        raw = links.previews.of(shared)
        headers = {"Cache-Control": "private, max-age=60", "Referrer-Policy": "no-referrer"}
        return Response(raw, 200, headers, "image/png")

    prefix = "/s/{token}/v1"

    @router.get(prefix + "/experiments")
    def experiments(
        request: Request,
        token: str,
        column: Annotated[list[str], Query(max_length=MOST_COLUMNS)] = [],  # noqa: B006 (FastAPI copies it)
    ) -> Response:
        shared = links.shared(request)
        if not shared.records:
            return link_refused(request.url.path)
        content = {
            "experiments": shared.rows(column),
            "cursor": 0,  # always all of it: a link shows a hundred at most
            "now_s": shared.now_s,
            "lost_contact_s": shared.lost_contact_s,
            "gone": [],
            "ends_s": shared.entry.end_s or None,
        }
        return answer(content, accepts_gzip=_gzip(request))

    @router.get(prefix + "/experiments/{experiment_id}")
    def experiment(request: Request, token: str, experiment_id: str) -> Response:
        return answer(links.shared(request).detail(experiment_id), accepts_gzip=_gzip(request))

    @router.get(prefix + "/experiments/{experiment_id}/summary")
    def summary(request: Request, token: str, experiment_id: str) -> Response:
        return answer(links.shared(request).summary(experiment_id), accepts_gzip=_gzip(request))

    @router.get(prefix + "/experiments/{experiment_id}/events")
    def events(
        request: Request,
        token: str,
        experiment_id: str,
        kind: Annotated[list[str], Query(max_length=50)] = [],  # noqa: B006 (FastAPI copies it)
        after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> Response:
        found = links.shared(request).events(experiment_id, kind, after=after, limit=limit)
        return answer(found, accepts_gzip=_gzip(request))

    @router.get(prefix + "/experiments/{experiment_id}/index")
    def index(
        request: Request, token: str, experiment_id: str, after: Annotated[int, Query(ge=0, lt=2**63)] = 0
    ) -> Response:
        return answer(links.shared(request).index(experiment_id, after=after), accepts_gzip=_gzip(request))

    @router.get(prefix + "/experiments/{experiment_id}/index/{writer_id}/{seq}")
    def entry(
        request: Request,
        token: str,
        experiment_id: str,
        writer_id: str,
        seq: Annotated[int, Path(ge=0, lt=2**63)],
    ) -> Response:
        found = links.shared(request).held(experiment_id, writer_id=writer_id, seq=seq)
        return answer(found, accepts_gzip=_gzip(request))

    @router.api_route(prefix + "/blobs/{sha256}", methods=_READ)
    def file(request: Request, token: str, sha256: str, name: Annotated[str, Query(max_length=300)] = "") -> Response:
        mime = links.shared(request, cost=FILE_COST).type_of_file(sha256)
        return file_response(links.store, request, sha256, name, mime)

    @router.get(prefix + "/holds")
    def holds(request: Request, token: str) -> Response:
        return answer(links.shared(request).holds())

    @router.post(prefix + "/media")
    async def media(request: Request, token: str) -> Response:
        wanted = experiments_of(await json_body(request, _MOST_BODY))
        return await told_later(request, lambda: links.shared(request).media(wanted))

    @router.post(prefix + "/contents")
    async def contents(request: Request, token: str) -> Response:
        wanted = entries_of(await json_body(request, _MOST_BODY))
        return await told_later(request, lambda: links.shared(request).contents(wanted))

    @router.get(prefix + "/artifacts")
    def listed(
        request: Request,
        token: str,
        offset: Annotated[int, Query(ge=0, lt=2**31)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 200,
    ) -> Response:
        found = artifacts.listed(links.shared(request), offset=offset, limit=limit)
        return answer(found, accepts_gzip=_gzip(request))

    @router.get(prefix + "/artifacts/{digest}")
    def artifact(
        request: Request,
        token: str,
        digest: str,
        project: Annotated[str, Query(max_length=300)],
        name: Annotated[str, Query(max_length=300)],
    ) -> Response:
        return answer(artifacts.one(links.shared(request), project, name, digest), accepts_gzip=_gzip(request))

    @router.get(prefix + "/metrics")
    def metrics(request: Request, token: str) -> Response:
        return answer({"metrics": links.shared(request).metrics()}, accepts_gzip=_gzip(request))

    @router.get(prefix + "/series")
    def series(request: Request, token: str) -> Response:
        return _series(links, request, fields_of(request))

    @router.post(prefix + "/series")
    async def series_post(request: Request, token: str) -> Response:
        fields = await json_body(request, _MOST_BODY)
        answered: Response = await run_in_threadpool(_series, links, request, fields)
        return answered

    @router.api_route("/s/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    @router.api_route("/embed/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def nothing(request: Request, path: str) -> Response:
        raise Problem(
            "not-found", "A link has no such address."
        )  # the gate is before it; nothing falls through to Gradio

    return router


def _page(links: Links, request: Request, token: str, *, embed: bool) -> Response:
    shared = links.shared(request)
    details = shared.details()
    if not details:  # all it showed was deleted
        return link_refused(request.url.path)
    root = f"/s/{token}"
    return page_of(
        details,
        name=shared.entry.name,
        address=base_address(request, links.settings) + root,
        root=root,
        address_of=links.address_of,
        embed=embed,
    )


def _series(links: Links, request: Request, fields: dict[str, Any]) -> Response:
    shared = links.shared(request)
    query, form = series_query(fields)
    shared.check_all(query.experiments)
    return told(links.store, request, _bounded(query, MOST_BUCKETS if is_binary(request, form) else MOST_POINTS), form)


def _bounded(query: SeriesQuery, most: int) -> SeriesQuery:
    return replace(query, max_points=min(query.max_points or most, most), repeats=False)


def base_address(request: Request, settings: SpaceSettings) -> str:
    """How the world reaches this server: the Space's own name, else what the asker called it."""
    host = request.headers.get("host", "").lower()
    names = settings.hub.hosts
    if names:
        return f"https://{host if host in names else names[0]}"
    if not _HOST.fullmatch(host):
        host = f"127.0.0.1:{settings.port}"
    return f"{request.url.scheme}://{host}"


def _gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")
