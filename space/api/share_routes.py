"""/v1/shares: an owner makes links to experiments, sees which there are, and takes them back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from space.api.access import USUAL, Entry, NotReady
from space.api.bodies import json_body
from space.api.openapi import DOCS
from space.api.problems import Problem, answer
from space.api.token_routes import day_of, revoked, starting
from space.api.tokens import Kind
from space.sharing.routes import base_address
from trackio_client.errors import UsageError
from trackio_client.queries.experiments import find_experiment
from trackio_client.store.contract import Store
from trackio_client.wire.events import is_id

if TYPE_CHECKING:
    from space.api.gate import Gate

_FIELDS: Final = ("experiments", "name", "ends_s", "shows")
_SNAPSHOT: Final = "GET /v1/experiments/{id}/snapshot.html gives one experiment as a file that needs no server."


def share_routes(gate: Gate, store: Store) -> APIRouter:
    """GET, POST and DELETE of /v1/shares; the gate lets owners through and nobody else."""
    router = APIRouter(prefix="/v1/shares", tags=["access"])
    access = gate.access

    @router.get("", **DOCS["shares"])
    def shares(request: Request) -> Response:
        found = [_told(gate, request, entry) for entry in access.live(share=True)]
        return answer(
            {
                "shares": found,
                "can_share": gate.visibility.may_share,
                "why_not": gate.visibility.why_not,
                "now_s": round(access.now_s(), 3),
            }
        )

    @router.post("", **DOCS["share_new"])
    async def make(request: Request) -> Response:
        content = await json_body(request)
        if not gate.visibility.may_share:
            raise Problem("forbidden", gate.visibility.why_not or "", _SNAPSHOT)
        entry = await run_in_threadpool(_make, gate, store, content)
        return answer(_told(gate, request, entry))

    @router.delete("/{share_id}", **DOCS["share_end"])
    def end(share_id: str) -> Response:
        return revoked(gate, share_id, share=True)

    return router


def _make(gate: Gate, store: Store, content: dict[str, Any]) -> Entry:
    if unknown := [name for name in content if name not in _FIELDS]:
        raise UsageError(f"a link has the fields {', '.join(_FIELDS)}; got {unknown[0]!r:.80}")
    experiments = content.get("experiments")
    if not isinstance(experiments, list) or not all(isinstance(each, str) and is_id(each) for each in experiments):
        raise UsageError(f"experiments must be a list of ids, got {experiments!r:.160}")
    found = [find_experiment(store, each) for each in dict.fromkeys(experiments)]
    name = content.get("name")
    if name is None and found:
        name = found[0].name if len(found) == 1 else f"{len(found)} experiments of {found[0].project}"[:250]
    try:
        return gate.access.add(
            Kind.SHARE, name or "", end_s=content.get("ends_s"), experiments=experiments,
            shows=content.get("shows", USUAL),
        )[0]  # fmt: skip
    except NotReady:
        raise starting() from None


def _told(gate: Gate, request: Request, entry: Entry) -> dict[str, Any]:
    token, base = gate.access.text_of(entry), base_address(request, gate.settings)
    return {
        "id": entry.id, "name": entry.name, "experiments": list(entry.experiments), "shows": list(entry.shows),
        "address": f"{base}/s/{token}", "embed": f"{base}/embed/{token}", "created_s": entry.created_s,
        "ends_s": entry.end_s or None, "used_day": day_of(entry),
    }  # fmt: skip
