"""POST /api/upload: files on their way. Each lies among the blobs at once, and its hash is what the client is told.

So nothing of an upload is remembered, a restart forgets none, and the same file sent twice is one. A file that no call
names afterwards goes after a day, like every file that no experiment cites.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import IO, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from space.api.problems import Problem
from space.api.trackio.calls import dumped
from space.api.trackio.media import base_name
from space.files import Bounds
from trackio_client.blobs import Blob, BlobFolder, is_hash, mime_of, pieces_from
from trackio_client.errors import StoreFull, UsageError

PREFIX: Final = "trackio-upload/"
MOST_FILES: Final = 1000
FRAME_BYTES: Final = 1024 * 1024
"""Of a form beside its files."""


async def take_uploads(request: Request, folder: BlobFolder, bounds: Bounds) -> Response:
    """Keep the files of a form. Raises Problem, StoreFull."""
    most = bounds.settings.file_bytes + FRAME_BYTES
    said = request.headers.get("content-length", "")
    if not said.isdecimal() or int(said) > most:
        raise Problem(
            "too-large", f"The form has {said or 'an unknown number of'} bytes, at most {most:,} are taken.",
            "Send files one by one; TRACKIO_FILE_BYTES of the server is the bound.",
        )  # fmt: skip
    try:
        async with request.form(max_files=MOST_FILES, max_fields=16) as form:
            files = [each for each in form.getlist("files") if isinstance(each, UploadFile)]
            hashes = [await run_in_threadpool(_keep, each.file, folder, bounds) for each in files]
    except HTTPException as error:
        raise Problem("malformed", f"The form cannot be read: {error.detail}.") from None
    content = {"paths": [PREFIX + sha256 for sha256 in hashes]}
    return Response(dumped(content), 200, {"Cache-Control": "no-store"}, "application/json")


def _keep(file: IO[bytes], folder: BlobFolder, bounds: Bounds) -> str:
    digest, size = hashlib.sha256(), 0
    for piece in pieces_from(file):
        digest.update(piece)
        size += len(piece)
    sha256 = digest.hexdigest()
    if why := bounds.refusal(Blob(sha256, size), None):
        raise Problem("too-large", f"The file is not taken: {why}.")
    file.seek(0)
    try:
        folder.receive(sha256, pieces_from(file))
    except OSError as error:
        raise StoreFull(f"the file cannot be kept: {error}") from None
    bounds.came(size)
    return sha256


def uploaded(told: Any, folder: BlobFolder) -> tuple[str, Blob]:
    """The name on the client's machine, and the file, that a call means. Raises UsageError: it is not here."""
    path = told.get("path") if isinstance(told, Mapping) else None
    sha256 = path.removeprefix(PREFIX) if isinstance(path, str) else ""
    place = folder.path(sha256) if is_hash(sha256) else None
    if place is None:
        raise UsageError(f"the file {path!r:.120} was not uploaded here, or that was long ago. Upload it again")
    folder.touch(sha256)
    name = told.get("orig_name")
    name = base_name(name) if isinstance(name, str) and name else sha256
    return name, Blob(sha256, place.stat().st_size, mime_of(name))
