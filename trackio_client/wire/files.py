"""Files on their way: what a request about them looks like.

Small ones travel together, as the body of `POST /v1/blobs` with the type `application/vnd.trackio.files`:

    "TKF1" · head length u32 · head, JSON {"files": [{"sha256", "bytes"}, …]} · their contents, one behind the other

A large one travels alone, in parts of at most `PART_BYTES`: `PUT /v1/blobs/{sha256}` with `Content-Range: bytes
FIRST-LAST/TOTAL`; every answer says how many bytes are there, and from there it goes on.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final

from trackio_client.blobs import Blob, is_hash
from trackio_client.errors import MalformedBatch

FILES_TYPE: Final = "application/vnd.trackio.files"
MAGIC: Final = b"TKF1"
PART_BYTES: Final = 8 * 1024 * 1024
"""Of one request: some seconds on a slow line; proxies give up at 60."""
MOST_FILES: Final = 1000
MAX_HEAD_BYTES: Final = 256 * 1024
MAX_PACK_BYTES: Final = 4 + 4 + MAX_HEAD_BYTES + PART_BYTES

_LENGTH = struct.Struct("<I")
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


def pack_files(files: Sequence[tuple[Blob, bytes]]) -> bytes:
    """The body that brings these, which have `PART_BYTES` together at most."""
    head = {"files": [{"sha256": blob.sha256, "bytes": len(content)} for blob, content in files]}
    text = json.dumps(head, separators=(",", ":")).encode("ascii")
    return b"".join([MAGIC, _LENGTH.pack(len(text)), text, *(content for _, content in files)])


def unpack_files(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """(announced hash, content) of each file; nobody has compared them yet. Raises MalformedBatch."""
    if raw[:4] != MAGIC or len(raw) < 8:
        raise MalformedBatch(f"files begin with 'TKF1', these {len(raw)} bytes begin with {raw[:4]!r}")
    (length,) = _LENGTH.unpack_from(raw, 4)
    if not 0 < length <= min(MAX_HEAD_BYTES, len(raw) - 8):
        raise MalformedBatch(f"the head is said to have {length} bytes; 1 to {MAX_HEAD_BYTES} must be there")
    try:
        named = asked_files(json.loads(raw[8 : 8 + length]))
    except (ValueError, RecursionError) as error:
        raise MalformedBatch(f"the head is no JSON: {error!s:.120}") from None
    at, size = 8 + length, sum(blob.bytes for blob in named)
    if at + size != len(raw):
        raise MalformedBatch(f"the head promises {size:,} bytes of files, {len(raw) - at:,} came")
    for blob in named:
        yield blob.sha256, raw[at : at + blob.bytes]
        at += blob.bytes


def asked_files(content: Any) -> list[Blob]:
    """The files in {"files": [{"sha256", "bytes"}, …]}. Raises MalformedBatch."""
    listed = content.get("files") if isinstance(content, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST_FILES:
        raise MalformedBatch(f"files must be a list of at most {MOST_FILES} objects, got {listed!r:.80}")
    found = []
    for item in listed:
        sha256, size = (item.get("sha256"), item.get("bytes")) if isinstance(item, dict) else (None, None)
        if not isinstance(sha256, str) or not is_hash(sha256) or type(size) is not int or size < 0:
            raise MalformedBatch(f"a file is {{'sha256': 64 hexadecimal characters, 'bytes': n}}, got {item!r:.120}")
        found.append(Blob(sha256, size))
    return found


def range_of(header: str | None) -> tuple[int, int, int] | None:
    """(first, behind the last, total) of a Content-Range; None if there is none. Raises MalformedBatch."""
    if header is None:
        return None
    found = _RANGE.fullmatch(header.strip())
    first, last, total = (int(text) for text in found.groups()) if found else (1, 0, 0)
    if not first <= last < total:
        raise MalformedBatch(f"Content-Range must be 'bytes FIRST-LAST/TOTAL', got {header!r:.80}")
    return first, last + 1, total


def range_header(first: int, stop: int, total: int) -> str:
    """As `range_of` reads it."""
    return f"bytes {first}-{stop - 1}/{total}"
