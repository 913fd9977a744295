"""/v1/blobs: files by their hash. Writers bring them before the events that cite them, readers get them harmless.

A name is a hash and nothing else, so no path ever comes from outside. What a file says of itself (its type) is believed
for pictures, sound and video only; all else is handed out to be saved, and nothing is ever run: `nosniff`, and a policy
that sandboxes it without scripts.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response

from space.api.bodies import json_body, read_body
from space.api.openapi import DOCS
from space.api.problems import Problem, answer
from space.files import Bounds
from trackio_client.blobs import DEFAULT_MIME, PIECE_BYTES, Blob, is_hash
from trackio_client.errors import DamagedBlob, MalformedBatch, StoreFull
from trackio_client.store.contract import Store
from trackio_client.wire.events import is_id
from trackio_client.wire.files import FILES_TYPE, MAX_PACK_BYTES, PART_BYTES, asked_files, range_of, unpack_files

SHOWN: Final = frozenset(
    f"{kind}/{name}"
    for kind, names in {
        "image": "png jpeg gif webp avif bmp",
        "audio": "wav x-wav mpeg ogg flac aac mp4 webm",
        "video": "mp4 webm ogg",
    }.items()
    for name in names.split()
)
"""Types that a browser may show in its place. SVG and HTML are not among them: they are programs."""
POLICY: Final = "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'"
_OTHER: Final = "other content came than was announced: the file changed on its way, or while it was read"
_MOST_PART: Final = 2 * PART_BYTES
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._\- ]+")


def blob_routes(store: Store, bounds: Bounds) -> APIRouter:
    """POST, PUT, GET and HEAD of /v1/blobs."""
    router = APIRouter(prefix="/v1/blobs", tags=["files"])

    @router.post("", **DOCS["files_ask"])
    async def ask(request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() == FILES_TYPE:
            raw = await read_body(request, MAX_PACK_BYTES)
            return answer({"files": await run_in_threadpool(_take_many, store, bounds, raw, _experiment(request))})
        content = await json_body(request)
        experiment = content.get("experiment")
        if experiment is not None and not (isinstance(experiment, str) and is_id(experiment)):
            raise Problem("malformed", f"experiment must be an id, got {experiment!r:.160}.")
        return answer(await run_in_threadpool(_lacking, store, bounds, asked_files(content), experiment))

    @router.put("/{sha256}", **DOCS["file_put"])
    async def put(request: Request, sha256: str) -> Response:
        _check_hash(sha256)
        experiment, part = _experiment(request), range_of(request.headers.get("content-range"))
        if part is not None:
            first, stop, total = part
            raw = await read_body(request, _MOST_PART)
            if len(raw) != stop - first:
                raise Problem("malformed", f"Content-Range promises {stop - first:,} bytes, {len(raw):,} came.")
            have = await run_in_threadpool(_take_part, store, bounds, Blob(sha256, total), first, raw, experiment)
            return answer({"have": have, "bytes": total})
        size = await _take_stream(store, bounds, sha256, request, experiment)
        return answer({"have": size, "bytes": size})

    @router.head("/{sha256}", include_in_schema=False)
    @router.get("/{sha256}", **DOCS["file"])
    def read(request: Request, sha256: str, name: Annotated[str, Query(max_length=300)] = "") -> Response:
        _check_hash(sha256)
        return file_response(store, request, sha256, name)

    return router


def file_response(store: Store, request: Request, sha256: str, name: str = "", mime: str | None = None) -> Response:
    """The file, with headers that keep it from doing anything. Raises Problem."""
    path = store.file(sha256)
    citations = store.citing(sha256)
    if path is None:
        cited = f"{citations[0].experiment_id} cites it, but its file never came or was damaged" if citations else ""
        raise Problem("not-found", f"There is no file {sha256} here{': ' if cited else ''}{cited}.")
    mime = mime or (citations[0].blob.mime if citations else DEFAULT_MIME)
    return _safe(path, request, sha256, mime, name)


def _safe(path: Path, request: Request, sha256: str, mime: str, name: str) -> Response:
    tag = f'"{sha256}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "private, max-age=31536000, immutable",
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Disposition": _disposition(mime, name, sha256),
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(None, 304, headers)
    return FileResponse(path, headers=headers, media_type=mime if mime in SHOWN else DEFAULT_MIME)


def _disposition(mime: str, name: str, sha256: str) -> str:
    """Pictures, sound and video may be shown; all else is for saving, under a name that cannot be a path."""
    plain = _UNSAFE.sub("_", name.replace("\\", "/").rpartition("/")[2]).strip(". ")[:120] or sha256[:16]
    whole = quote(name.replace("\\", "/").rpartition("/")[2][:120], safe="") or plain
    return f"{'inline' if mime in SHOWN else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{whole}"


# --- taking --------------------------------------------------------------------------------------------------------


def _lacking(store: Store, bounds: Bounds, blobs: list[Blob], experiment: str | None) -> dict[str, object]:
    wanted: list[str] = []
    refused: dict[str, str] = {}
    for blob in blobs:
        if store.files.has(blob):
            continue
        why = bounds.refusal(blob, experiment)
        if why is None:
            wanted.append(blob.sha256)
        else:
            refused[blob.sha256] = why
    return {"want": wanted, "refused": refused}


def _take_many(store: Store, bounds: Bounds, raw: bytes, experiment: str | None) -> dict[str, str]:
    """Hash → "" for each that is kept, or why it is not."""
    files = dict(unpack_files(raw))
    told = {sha256: bounds.refusal(Blob(sha256, len(content)), experiment) for sha256, content in files.items()}
    taken = [(sha256, content) for sha256, content in files.items() if told[sha256] is None]
    try:
        wrong = store.files.receive_many(taken)
    except OSError as error:
        raise _full(error) from error
    bounds.came(sum(len(content) for _, content in taken))
    return {**{sha256: why or "" for sha256, why in told.items()}, **dict.fromkeys(wrong, _OTHER)}


def _take_part(store: Store, bounds: Bounds, blob: Blob, first: int, raw: bytes, experiment: str | None) -> int:
    _check_taken(bounds, blob, experiment)
    try:
        have = store.files.extend(blob.sha256, first, raw, blob.bytes)
    except DamagedBlob as damaged:
        raise MalformedBatch(str(damaged)) from None
    except OSError as error:
        raise _full(error) from error
    if have == blob.bytes:
        bounds.came(have)
    return have


async def _take_stream(store: Store, bounds: Bounds, sha256: str, request: Request, experiment: str | None) -> int:
    """A whole file in one request, however large: never more than a piece of it in memory."""
    said = request.headers.get("content-length", "")
    await run_in_threadpool(_check_taken, bounds, Blob(sha256, int(said) if said.isdecimal() else 0), experiment)
    most = bounds.settings.file_bytes
    try:
        with store.files.arrival() as arrival:
            waiting = bytearray()
            async for piece in request.stream():
                waiting += piece
                if arrival.size + len(waiting) > most:
                    raise Problem("too-large", f"The file has more than {most:,} bytes (TRACKIO_FILE_BYTES).")
                if len(waiting) >= PIECE_BYTES:
                    await run_in_threadpool(arrival.write, bytes(waiting))
                    waiting.clear()
            await run_in_threadpool(arrival.write, bytes(waiting))
            _, size = await run_in_threadpool(arrival.keep, sha256)
    except DamagedBlob as damaged:
        raise MalformedBatch(str(damaged)) from None
    except OSError as error:
        raise _full(error) from error
    bounds.came(size)
    return size


def _check_taken(bounds: Bounds, blob: Blob, experiment: str | None) -> None:
    if (why := bounds.refusal(blob, experiment)) is not None:
        raise Problem("too-large", f"The file is not taken: {why}.")


def _full(error: OSError) -> StoreFull:
    return StoreFull(f"no room for files on the server's disk ({error.strerror or type(error).__name__})")


def _experiment(request: Request) -> str | None:
    named = request.query_params.get("experiment")
    if named is not None and not is_id(named):
        raise Problem("malformed", f"experiment must be an id, got {named!r:.160}.")
    return named


def _check_hash(text: str) -> None:
    if not is_hash(text):
        raise Problem(
            "malformed", f"A file is named by its SHA-256, 64 hexadecimal characters in lower case; got {text!r:.80}."
        )
