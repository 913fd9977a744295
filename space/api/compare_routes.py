"""Groups of experiments beside each other, and which parameters go with a metric: reads, so viewers may ask them.

A question comes in the address of a GET, or, with long lists of experiments, as the JSON body of a POST.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from space.api.bodies import json_body
from space.api.openapi import DOCS
from space.api.problems import answer
from trackio_client.errors import UsageError
from trackio_client.queries.groups import compare_groups, group_curves
from trackio_client.queries.importance import importance
from trackio_client.store.contract import Store

_LONGEST: Final = 1_000
"""Characters of a name."""
_MOST: Final = 20_000
"""Experiments in a list."""


def compare_routes(store: Store) -> APIRouter:
    """/v1/importance, /v1/groups and /v1/groups/curves, each as GET and as POST."""
    router = APIRouter(prefix="/v1", tags=["reading"])

    def asked_importance(fields: dict[str, Any]) -> dict[str, Any]:
        project, metric = _text(fields, "project"), _text(fields, "metric")
        by = _text(fields, "by", needed=False) or None
        return importance(store, project, metric, by=by, experiments=_texts(fields, "experiment"))

    def asked_groups(fields: dict[str, Any]) -> dict[str, Any]:
        first, second = _texts(fields, "first"), _texts(fields, "second")
        by = _text(fields, "by", needed=False) or "common"
        return compare_groups(store, first, second, metrics=_texts(fields, "metric"), by=by)

    def asked_curves(fields: dict[str, Any]) -> dict[str, Any]:
        return group_curves(store, _texts(fields, "first"), _texts(fields, "second"), _text(fields, "metric"))

    _both(router, "/importance", "importance", asked_importance, ("project", "metric", "by", "experiment"))
    _both(router, "/groups", "groups", asked_groups, ("first", "second", "metric", "by"))
    _both(router, "/groups/curves", "group_curves", asked_curves, ("first", "second", "metric"))
    return router


def _both(
    router: APIRouter, path: str, name: str, ask: Callable[[dict[str, Any]], dict[str, Any]], known: tuple[str, ...]
) -> None:
    """A route for the address and one for the body."""

    def get(request: Request) -> Response:
        fields: dict[str, Any] = {}
        for key, value in request.query_params.multi_items():
            fields.setdefault(key, []).append(value)
        return _told(request, fields)

    async def post(request: Request) -> Response:
        fields = await json_body(request)
        found: Response = await run_in_threadpool(_told, request, fields)
        return found

    def _told(request: Request, fields: dict[str, Any]) -> Response:
        if unknown := [each for each in fields if each not in known]:
            raise UsageError(f"there is no field {unknown[0]!r:.80}. Fields: {', '.join(known)}")
        return answer(ask(fields), accepts_gzip="gzip" in request.headers.get("accept-encoding", ""))

    router.get(path, **DOCS[name])(get)
    router.post(path, **DOCS[f"{name}_post"])(post)


def _texts(fields: dict[str, Any], name: str) -> list[str]:
    """A list of texts, each once. Raises UsageError."""
    value = fields.get(name, [])
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list) or not all(isinstance(each, str) and len(each) <= _LONGEST for each in value):
        raise UsageError(f"{name} must be a text or a list of texts of at most {_LONGEST:,} characters")
    if len(value) > _MOST:
        raise UsageError(f"{name} takes at most {_MOST:,} texts, got {len(value):,}")
    return list(dict.fromkeys(value))


def _text(fields: dict[str, Any], name: str, *, needed: bool = True) -> str:
    found = _texts(fields, name)
    if len(found) > 1 or (needed and not (found and found[0])):
        raise UsageError(f"{name} must be one text, got {len(found)}")
    return found[0] if found else ""
