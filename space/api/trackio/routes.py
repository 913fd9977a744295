"""The addresses of Trackio's server that we answer. Names not in `names.py` fall through: to Gradio, or to 404."""

from __future__ import annotations

import inspect
import logging
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from space.api.blobs import file_response
from space.api.bodies import read_body
from space.api.problems import Problem, problem_of
from space.api.trackio.calls import MAX_CALL_BYTES, Handler, arguments, bound, data, dumped, refusal
from space.api.trackio.names import API_VERSION, NAMES
from space.api.trackio.uploads import take_uploads
from space.files import Bounds
from trackio_client.blobs import is_hash
from trackio_client.errors import TrackioError
from trackio_client.store.contract import Store

log = logging.getLogger("trackio.clients")

MOST_ANSWERS: Final = 256
"""Of `/gradio_api/call/…` that wait to be fetched; the oldest is forgotten."""


class Named(Route):
    """A route for the names of Trackio's calls alone: every other name belongs to whoever comes next."""

    def matches(self, scope: Any) -> tuple[Match, Any]:
        match, child = super().matches(scope)
        if match is not Match.NONE and child["path_params"].get("name") not in NAMES:
            return Match.NONE, {}
        return match, child


@dataclass
class Answers:
    """Answers of `/gradio_api/call/…`, until they are fetched. Used by the event loop only."""

    waiting: OrderedDict[str, tuple[str, Any]] = field(default_factory=OrderedDict)

    def keep(self, name: str, content: Any) -> str:
        while len(self.waiting) >= MOST_ANSWERS:
            self.waiting.popitem(last=False)
        event_id = secrets.token_urlsafe(16)
        self.waiting[event_id] = name, content
        return event_id

    def take(self, name: str, event_id: str) -> tuple[Any] | None:
        """The answer, as the only item of a tuple, or None where there is no such."""
        found = self.waiting.get(event_id)
        if found is None or found[0] != name:
            return None
        del self.waiting[event_id]
        return (found[1],)


def add_trackio_routes(
    app: FastAPI, handlers: Mapping[str, Handler], store: Store, bounds: Bounds, version: str
) -> None:
    """Put the addresses into the server, before Gradio's."""
    answers = Answers()

    async def told_version(request: Request) -> Response:
        content = {
            "version": version, "api_version": API_VERSION, "writes_paused": False, "api_transport": "http",
            "mcp_enabled": False, "mcp_path": None, "server": "trackio-client",
        }  # fmt: skip
        return Response(dumped(content), 200, {"Cache-Control": "no-store"}, "application/json")

    async def called(request: Request) -> Response:
        try:
            return data(await answer_of(request, handlers))
        except (Problem, TrackioError) as error:
            return refusal(error if isinstance(error, Problem) else problem_of(error))

    async def called_by_gradio(request: Request) -> Response:
        try:
            content = await answer_of(request, handlers)
        except (Problem, TrackioError) as error:
            return refusal(error if isinstance(error, Problem) else problem_of(error))
        event_id = answers.keep(request.path_params["name"], content)
        return Response(dumped({"event_id": event_id}), 200, {"Cache-Control": "no-store"}, "application/json")

    async def fetched_by_gradio(request: Request) -> Response:
        found = answers.take(request.path_params["name"], request.path_params["event_id"])
        if found is None:
            return refusal(Problem("gone", "There is no answer of this event_id.", "Each is given out once."))
        body = b"event: complete\ndata: " + dumped([found[0]]) + b"\n\n"
        return Response(body, 200, {"Cache-Control": "no-store"}, "text/event-stream")

    async def uploaded(request: Request) -> Response:
        try:
            return await take_uploads(request, store.files, bounds)
        except (Problem, TrackioError) as error:
            return refusal(error if isinstance(error, Problem) else problem_of(error))

    async def sent_blob(request: Request) -> Response:
        digest = request.path_params["digest"]
        if not is_hash(digest):
            raise Problem("not-found", f"{digest!r:.80} is no SHA-256.")
        return await run_in_threadpool(file_response, store, request, digest)

    app.router.routes += [
        Route("/artifact_blob/{project}/{digest}", sent_blob, methods=["GET"]),
        Route("/version", told_version, methods=["GET"]),
        Route("/api/upload", uploaded, methods=["POST"]),
        Named("/api/{name}", called, methods=["POST"]),
        Named("/gradio_api/call/{name}", called_by_gradio, methods=["POST"]),
        Named("/gradio_api/call/{name}/{event_id}", fetched_by_gradio, methods=["GET"]),
    ]


async def answer_of(request: Request, handlers: Mapping[str, Handler]) -> Any:
    """What a call gives. Raises Problem, TrackioError."""
    name = request.path_params["name"]
    handler = handlers[name]
    raw = await read_body(request, MAX_CALL_BYTES)
    args, kwargs = await run_in_threadpool(arguments, raw)
    told = bound(handler, args, kwargs)
    try:
        if inspect.iscoroutinefunction(handler):
            return await handler(**told)
        return await run_in_threadpool(handler, **told)
    except (Problem, TrackioError):
        raise
    except RecursionError:
        raise Problem("malformed", f"An argument of {name} is nested too deep.") from None
