"""Questions about series: read from an address or a body, answered as JSON or in the pages' binary form."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from space.api.bodies import json_body
from space.api.crowds import Crowds, Place
from space.api.openapi import DOCS
from space.api.problems import answer
from trackio_client.errors import UsageError
from trackio_client.queries.series import place_of, read_series, told_buckets
from trackio_client.queries.spread import WAYS
from trackio_client.store.contract import Store
from trackio_client.wire.asks import SERIES_TYPE, SeriesQuery


def series_routes(store: Store) -> APIRouter:
    """GET and POST /v1/series."""
    router = APIRouter(prefix="/v1", tags=["reading"])
    crowds = Crowds[bytes]()

    @router.get("/series", **DOCS["series"])
    def series(request: Request) -> Response:
        return told(store, request, *series_query(fields_of(request)), crowds)

    @router.post("/series", **DOCS["series_post"])
    async def series_post(request: Request) -> Response:
        fields = await json_body(request)
        return await run_in_threadpool(told, store, request, *series_query(fields), crowds)

    return router


_MANY: Final = 60
"""Series, from which on a range takes long enough to wait for the one before it."""
_LONGEST_WAIT_S: Final = 2.0
"""Chunks that are not in memory come from the disk: a part of a deep zoom may take a second then."""
_ranges = threading.Lock()


def told(
    store: Store, request: Request, query: SeriesQuery, form: str, crowds: Crowds[bytes] | None = None
) -> Response:
    """The answer, in the form asked for ("" is as Accept says). What pages ask, many of them can share."""
    if is_binary(request, form):

        def make() -> tuple[bytes, int]:
            with _in_turn(query):
                raw, cursor = told_buckets(store, query, time.time())
            place = place_of(cursor)
            return raw, -1 if place is None else place[0]

        place = None if query.cursor is None else place_of(query.cursor)
        if crowds is None or (place is None and query.cursor is not None):
            raw, _ = make()
        else:
            since = None if place is None else Place(*place)
            raw = crowds.answer(replace(query, cursor=None), since, make)
        return Response(raw, 200, {"Cache-Control": "no-store"}, SERIES_TYPE)
    return answer(read_series(store, query), accepts_gzip="gzip" in request.headers.get("accept-encoding", ""))


@contextlib.contextmanager
def _in_turn(query: SeriesQuery) -> Iterator[None]:
    """Wide ranges one by one: a page asks a zoom in parts; side by side the first would come as late as the last."""
    is_wide = query.from_x is not None and query.cursor is None and len(query.experiments) * len(query.metrics) >= _MANY
    waits = is_wide and _ranges.acquire(timeout=_LONGEST_WAIT_S)
    try:
        yield
    finally:
        if waits:
            _ranges.release()


def is_binary(request: Request, form: str) -> bool:
    """Whether the pages' binary form is asked for."""
    return form == "binary" or (not form and SERIES_TYPE in request.headers.get("accept", ""))


_LISTS = {"experiment": "experiments", "experiments": "experiments", "metric": "metrics", "metrics": "metrics"}
_FIELDS = (*_LISTS, "max_points", "cursor", "from_step", "to_step", "from_x", "to_x", "x", "repeats", "ranks", "format")


def fields_of(request: Request) -> dict[str, Any]:
    """The question's fields in an address."""
    fields: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in _LISTS:
            fields.setdefault(name, []).append(value)
        else:
            fields[name] = value
    return fields


def series_query(fields: dict[str, Any]) -> tuple[SeriesQuery, str]:
    """The question in these fields, and the form of the answer ("" is as Accept says). Raises UsageError."""
    if unknown := [name for name in fields if name not in _FIELDS]:
        raise UsageError(f"there is no field {unknown[0]!r:.80}. Fields: {', '.join(_FIELDS)}")
    lists: dict[str, list[str]] = {"experiments": [], "metrics": []}
    for name, meant in _LISTS.items():
        value = fields.get(name, [])
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list) or not all(isinstance(each, str) and len(each) <= 1000 for each in value):
            raise UsageError(f"{name} must be a text or a list of texts of at most 1,000 characters")
        lists[meant] += value
    form = fields.get("format") or ""
    if form not in ("", "json", "binary"):
        raise UsageError(f"format must be 'json' or 'binary', got {form!r:.80}")
    x, cursor = fields.get("x") or "step", fields.get("cursor")
    if not isinstance(x, str) or not (cursor is None or isinstance(cursor, str)):
        raise UsageError("x and cursor must be texts")
    ranks = fields.get("ranks") or "mean"
    if ranks not in WAYS:
        raise UsageError(f"ranks must be one of {', '.join(WAYS)}, got {ranks!r:.80}")
    most = _number(fields, "max_points")
    if most is not None and (most != int(most) or not 4 <= most <= 1e6):
        raise UsageError(
            f"max_points is a whole number from 4 to 1,000,000, got {fields['max_points']!r:.80}. "
            "Without it: every point"
        )
    first, last = _number(fields, "from_step"), _number(fields, "to_step")
    query = SeriesQuery(
        experiments=tuple(dict.fromkeys(lists["experiments"])),
        metrics=tuple(dict.fromkeys(lists["metrics"])),
        max_points=None if most is None else int(most),
        from_x=_number(fields, "from_x") if first is None else first,
        to_x=_number(fields, "to_x") if last is None else last,
        x=x,
        repeats=str(fields.get("repeats", "")).lower() in ("1", "true", "yes"),
        ranks=ranks,
        cursor=cursor or None,
    )
    return query, form


def _number(fields: dict[str, Any], name: str) -> float | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    try:
        number = float(value)
        if isinstance(value, bool) or number != number or abs(number) > 1.7e308:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"{name} must be a number, got {value!r:.80}") from None
    return number
