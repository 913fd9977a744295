"""/v1/tokens: an owner hands out tokens of lesser roles, sees which there are, and takes them back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from space.api.access import Entry, NotReady
from space.api.bodies import json_body
from space.api.openapi import DOCS
from space.api.problems import Problem, answer
from space.api.tokens import Kind
from trackio_client.errors import UsageError

if TYPE_CHECKING:
    from space.api.gate import Gate

_FIELDS: Final = ("name", "role", "ends_s")
_NO_TOKEN: Final = Problem(
    "forbidden",
    "This server has no token: everybody on this machine is its owner, and nobody else can reach it.",
    "Set TRACKIO_WRITE_TOKEN to hand out tokens of lesser roles.",
)


def token_routes(gate: Gate) -> APIRouter:
    """GET, POST and DELETE of /v1/tokens; the gate lets owners through and nobody else."""
    router = APIRouter(prefix="/v1/tokens", tags=["access"])
    access = gate.access

    @router.get("", **DOCS["tokens"])
    def tokens() -> Response:
        found = [_told(entry) for entry in access.live(share=False)]
        return answer({"tokens": found, "now_s": round(access.now_s(), 3)})

    @router.post("", **DOCS["token_new"])
    async def make(request: Request) -> Response:
        content = await json_body(request)
        if gate.settings.token is None:
            raise _NO_TOKEN
        if unknown := [name for name in content if name not in _FIELDS]:
            raise UsageError(f"a token has the fields {', '.join(_FIELDS)}; got {unknown[0]!r:.80}")
        role = content.get("role")
        if role not in ("viewer", "writer"):
            raise UsageError(f"role must be 'viewer' (reads) or 'writer' (logs and edits too), got {role!r:.80}")
        entry, text = await run_in_threadpool(_make, gate, role, content.get("name"), content.get("ends_s"))
        return answer({"token": text, **_told(entry)})

    @router.delete("/{token_id}", **DOCS["token_end"])
    def end(token_id: str) -> Response:
        return revoked(gate, token_id, share=False)

    return router


def revoked(gate: Gate, id_: str, *, share: bool) -> Response:
    """Revoke a token or link and say so. Raises Problem when there is none."""
    try:
        found = gate.access.revoke(id_, share=share)
    except NotReady:
        raise starting() from None
    if not found:
        raise Problem(
            "not-found", f"There is no {'link' if share else 'token'} {id_!r:.40}.", "GET lists those there are."
        )
    return answer({"revoked": id_})


def starting() -> Problem:
    """The refusal while the state is still to be read from the repo."""
    return Problem(
        "starting", "This server is reading from the dataset repo what was handed out.", "Try again in a moment.",
        retry_after_s=2,
    )  # fmt: skip


def day_of(entry: Entry) -> str | None:
    """The day of last use, as people write it."""
    if entry.used_day is None:
        return None
    return datetime.fromtimestamp(entry.used_day * 86_400, UTC).date().isoformat()


def _make(gate: Gate, role: str, name: Any, ends_s: Any) -> tuple[Entry, str]:
    try:
        return gate.access.add(Kind[role.upper()], name, end_s=ends_s)
    except NotReady:
        raise starting() from None


def _told(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id, "name": entry.name, "role": entry.kind.name.lower(), "created_s": entry.created_s,
        "ends_s": entry.end_s or None, "used_day": day_of(entry),
    }  # fmt: skip
