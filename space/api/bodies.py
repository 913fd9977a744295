"""Bodies of requests, read no further than is allowed."""

from __future__ import annotations

import json
from typing import Any, Final

from fastapi import Request

from space.api.problems import Problem

MAX_JSON_BYTES: Final = 4 * 1024 * 1024


async def read_body(request: Request, most: int) -> bytes:
    """The body, or a problem before more than `most` bytes are in memory."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > most:
        raise Problem(
            "too-large", f"The body has {int(said):,} bytes, at most {most:,} are taken.", "Send it in parts."
        )
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise Problem("too-large", f"The body has more than {most:,} bytes.", "Send it in parts.")
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def json_body(request: Request, most: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """The body as a JSON object, or a problem."""
    raw = await read_body(request, most)
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Problem("malformed", f"The body is no JSON: {error!s:.200}.", "Send a JSON object.") from None
    if not isinstance(content, dict):
        raise Problem("malformed", f"The body must be a JSON object, got {type(content).__name__}.")
    return content
