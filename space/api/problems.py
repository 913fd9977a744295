"""Answers of ours: JSON, and problems (RFC 9457) that say what was seen, what is wrong and what to do."""

from __future__ import annotations

import gzip
import json
import math
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import orjson
from starlette.responses import Response

from trackio_client.errors import (
    DeliveryError,
    FilesWanted,
    Gap,
    Gone,
    NotFound,
    NotReady,
    Overlap,
    Rejected,
    StoreError,
    StoreFull,
    TrackioError,
    Unauthorized,
    Unavailable,
    UsageError,
    WireError,
)
from trackio_client.queries.rows import Row

PROBLEM_TYPE: Final = "application/problem+json"
BASE: Final = "https://huggingface.co/docs/trackio/problems/"
GZIP_FROM_BYTES: Final = 4096
"""Smaller answers fit few packets: packing them costs more than it saves."""

_TITLES: Final = {
    "malformed": (400, "The request is not what it should be"),
    "unauthorized": (401, "A token is needed"),
    "forbidden": (403, "This is not allowed"),
    "not-found": (404, "There is no such thing here"),
    "method": (405, "This address does not take this method"),
    "gap": (409, "Earlier events are wanted first"),
    "overlap": (409, "Other events are held under these numbers"),
    "taken": (409, "This name is in use"),
    "edited": (409, "Somebody else changed this meanwhile"),
    "blobs-wanted": (409, "Files are wanted first"),
    "gone": (410, "This experiment was deleted"),
    "too-large": (413, "The request is too large"),
    "type": (415, "This type of content is not taken"),
    "too-many": (429, "Too many requests"),
    "starting": (503, "Not ready yet"),
    "busy": (503, "More came than could be written"),
    "store-full": (507, "The server's disk is full"),
    "store": (503, "The store cannot do this now"),
    "internal": (500, "The server made a mistake"),
}
SLUGS: Final = tuple(_TITLES)


@dataclass
class Problem(Exception):
    """A refusal on its way out. `slug` gives status and title."""

    slug: str
    detail: str
    hint: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    retry_after_s: int | None = None

    @property
    def status(self) -> int:
        return _TITLES[self.slug][0]

    def to_json(self) -> dict[str, Any]:
        status, title = _TITLES[self.slug]
        content = {"type": BASE + self.slug, "title": title, "status": status, "detail": self.detail}
        return content | ({"hint": self.hint} if self.hint else {}) | self.more


def response_of(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The answer that tells a problem."""
    fields = {"Cache-Control": "no-store", **(headers or {})}
    if problem.retry_after_s is not None:
        fields["Retry-After"] = str(problem.retry_after_s)
    return Response(dump(problem.to_json()), problem.status, fields, PROBLEM_TYPE)


def problem_of(error: TrackioError) -> Problem:
    """The problem that an error of ours means."""
    text = str(error)
    match error:
        case Gap():
            return Problem("gap", text, "Send from `want` on.", {"want": error.want})
        case FilesWanted():
            hint = "PUT each at /v1/blobs/{sha256}, then the batch again. In its head `without` names what is gone."
            return Problem("blobs-wanted", text, hint, {"want": list(error.want)})
        case Overlap():
            return Problem("overlap", text, "Send the events again under a new writer id.")
        case Gone():
            return Problem("gone", text, "Stop sending. The spool keeps its events until you delete it.")
        case Unauthorized():
            return Problem("unauthorized", text)
        case Rejected() | WireError() | UsageError():
            return Problem("malformed", text, "docs/protocol.md says what is taken.")
        case NotFound():
            return Problem("not-found", text)
        case StoreFull():
            hint = "Free space on the server's disk or delete experiments. Clients keep everything and send it then."
            return Problem("store-full", text, hint, retry_after_s=10)
        case NotReady():
            return Problem("starting", text, "Try again.", retry_after_s=math.ceil(error.retry_after_s or 1))
        case Unavailable():
            return Problem("busy", text, "Try again.", retry_after_s=math.ceil(error.retry_after_s or 1))
        case StoreError() | DeliveryError():
            return Problem("store", text, "The server's log says more.", retry_after_s=5)
    return Problem("internal", text)


def dump(content: Any) -> bytes:
    """JSON. NaN and ±inf, for which JSON has no word, become the strings "NaN", "Infinity" and "-Infinity".

    numpy arrays are written as lists, ten times as fast as lists of Python's numbers.
    """
    try:
        return orjson.dumps(_worded(content, by_rows=True), option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError:  # integers beyond 64 bits and lone surrogates, both of which a config may hold
        text = json.dumps(_worded(content), ensure_ascii=False, separators=(",", ":"), default=np.ndarray.tolist)
        return text.encode("utf-8", "replace")


def _fragment(row: Row) -> orjson.Fragment:
    kept = row.kept
    if kept.json is None:
        kept.json = dump(kept.row)
    columns = row["columns"]
    return orjson.Fragment(b"".join((kept.json[:-1], b',"columns":', dump(columns) if columns else b"{}", b"}")))


def _worded(value: Any, *, by_rows: bool = False) -> Any:
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        if by_rows and isinstance(value, Row):
            return _fragment(value)
        return {key: _worded(item, by_rows=by_rows) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_worded(item, by_rows=by_rows) for item in value]
    if isinstance(value, np.ndarray):
        return np.ascontiguousarray(value) if np.isfinite(value).all() else _worded(value.tolist())
    return value


def answer(content: Any, *, accepts_gzip: bool = False) -> Response:
    """A JSON answer, packed when it is large and the asker takes that."""
    body = dump(content)
    headers = {"Cache-Control": "no-store"}
    if accepts_gzip and len(body) >= GZIP_FROM_BYTES:
        body = gzip.compress(body, 1, mtime=0)
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(body, 200, headers, "application/json")
