"""A call as Trackio's clients make it, and the answers they understand.

    POST /api/<name>               {"args": […], "kwargs": {…}}  →  {"data": …}, or {"error": "…"} with a status
    POST /gradio_api/call/<name>   {"data": […]}                 →  {"event_id": …}; GET …/<event_id> gives the data

A client takes 404 for "this server is too old", 5xx for "try again", and everything else for final.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson
from starlette.responses import Response

from space.api.problems import Problem
from trackio_client.errors import UsageError

Handler = Callable[..., Any | Awaitable[Any]]

MAX_CALL_BYTES: Final = 256 * 1024 * 1024
"""A client sends all that it kept while we were away in one request, and knows no way to send it in parts."""


def arguments(raw: bytes) -> tuple[list[Any], dict[str, Any]]:
    """Positional and named arguments of a body. Raises UsageError."""
    if not raw.strip():
        return [], {}
    try:
        body = orjson.loads(raw)
    except ValueError as error:
        raise UsageError(f"the body is no JSON: {error!s:.200}") from None
    if isinstance(body, list):
        return body, {}
    if not isinstance(body, dict):
        return [body], {}
    if "args" in body or "kwargs" in body:
        args, kwargs = body.get("args") or [], body.get("kwargs") or {}
    elif isinstance(body.get("data"), list):
        args, kwargs = body["data"], {}
    else:
        args, kwargs = [], body
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise UsageError("'args' must be a list and 'kwargs' an object")
    return args, kwargs


def bound(handler: Handler, args: list[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by name: named ones as they are, the others in order. What a handler does not ask for is dropped.

    So `hf_token`, which clients put into the body of writes, goes nowhere. Raises UsageError: one is missing.
    """
    told: dict[str, Any] = {}
    left = iter(args)
    for name, parameter in inspect.signature(handler).parameters.items():
        if name in kwargs:
            told[name] = kwargs[name]
            continue
        try:
            told[name] = next(left)
        except StopIteration:
            if parameter.default is inspect.Parameter.empty:
                raise UsageError(f"the argument {name!r} is missing") from None
    return told


def data(content: Any) -> Response:
    """An answer. NaN and ±inf are null, as Trackio's own server has it."""
    return Response(dumped({"data": content}), 200, {"Cache-Control": "no-store"}, "application/json")


def refusal(problem: Problem) -> Response:
    """An error in the words that the client shows: `error` is Trackio's, the rest is our problem's."""
    text = " ".join(part for part in (problem.detail, problem.hint) if part)
    headers = {"Cache-Control": "no-store"}
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(problem.retry_after_s)
    status = 410 if problem.status == 404 else problem.status  # of 404 a client says "redeploy your Space"
    return Response(dumped({**problem.to_json(), "error": text}), status, headers, "application/json")


def dumped(content: Any) -> bytes:
    """JSON, with null for numbers that JSON has no word for."""
    try:
        return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
    except TypeError:  # whole numbers beyond 64 bits, which a config may hold
        return json.dumps(_said(content), ensure_ascii=True).encode("ascii")


def _said(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {str(key): _said(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_said(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value


def text(value: Any, what: str) -> str:
    """A text that has to be there. Raises UsageError."""
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{what} must be a text, got {value!r:.80}")
    return value


def objects(value: Any, what: str) -> list[dict[str, Any]]:
    """A list of objects. Raises UsageError."""
    if not isinstance(value, list):
        raise UsageError(f"{what} must be a list, got {type(value).__name__}")
    for place, one in enumerate(value):
        if not isinstance(one, dict):
            raise UsageError(f"{what}[{place}] must be an object, got {one!r:.80}")
    return value


def whole(value: Any, what: str) -> int | None:
    """A whole number, or None where nothing is said. Raises UsageError."""
    if value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"{what} must be a whole number, got {value!r:.80}") from None


def truth(value: Any) -> bool:
    """A truth value, or the word of one."""
    if isinstance(value, str):
        return value.strip().lower() in ("true", "1", "yes", "on")
    return bool(value)
