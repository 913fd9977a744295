"""Many experiments edited at once, and the bin: what an owner deletes stays there for seven days (store/binning.py)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from space.api.bodies import json_body
from space.api.openapi import DOCS
from space.api.problems import answer
from space.ingest import Ingest
from trackio_client.errors import UsageError
from trackio_client.queries.binned import list_bin
from trackio_client.queries.experiments import find_experiment
from trackio_client.store.binning import RESTORED, binned, edit_batch
from trackio_client.store.contract import Store
from trackio_client.wire.events import checked_name

if TYPE_CHECKING:
    from space.api.gate import Gate

MOST_AT_ONCE: Final = 1_000
"""Experiments in one request; pages send larger choices in parts, and can say how far they are."""
_MANY: Final = ("experiments", "archived", "add_tags", "remove_tags")


def bin_routes(store: Store, ingest: Ingest, gate: Gate) -> APIRouter:
    """Edits of many, deletion, and /v1/bin; who may what stands in roles.py."""
    router = APIRouter(prefix="/v1", tags=["writing"])

    async def change(experiment_id: str, changes: dict[str, Any]) -> None:
        await ingest.append(await run_in_threadpool(edit_batch, store, experiment_id, changes))

    async def all_of(ids: list[str], of: Callable[[str], dict[str, Any]]) -> None:
        await asyncio.gather(*(change(each, of(each)) for each in ids))  # one transaction, or a few

    @router.post("/edits", **DOCS["edit_many"])
    async def edit_many(request: Request) -> Response:
        content = await json_body(request)
        ids = _ids(content, _MANY)
        wish = _wish(content)
        await run_in_threadpool(_check, store, ids)
        changes = {each: await run_in_threadpool(_changes, store, each, wish) for each in ids}
        await all_of([each for each in ids if changes[each]], lambda each: changes[each])
        return answer({"edited": [each for each in ids if changes[each]]})

    @router.get("/bin", **DOCS["bin"])
    def in_bin(project: Annotated[str | None, Query(min_length=1, max_length=300)] = None) -> Response:
        return answer(list_bin(store, project, time.time()))

    @router.delete("/experiments/{experiment_id}", **DOCS["delete"])
    async def delete(request: Request, experiment_id: str, now: bool = False) -> Response:
        if now:
            await run_in_threadpool(_free, store, [experiment_id])
            return answer({"deleted": experiment_id})
        await run_in_threadpool(_check, store, [experiment_id])
        await change(experiment_id, binned(_asker(request, gate), time.time()))
        return answer({"deleted": experiment_id, "binned": True})

    @router.post("/bin", **DOCS["bin_many"])
    async def put(request: Request) -> Response:
        ids = _ids(await json_body(request))
        await run_in_threadpool(_check, store, ids)
        said = binned(_asker(request, gate), time.time())
        await all_of(ids, lambda _: said)
        return answer({"binned": ids})

    @router.post("/bin/restore", **DOCS["bin_restore"])
    async def restore(request: Request) -> Response:
        ids = _ids(await json_body(request))
        await run_in_threadpool(_check, store, ids, True)
        await all_of(ids, lambda _: dict(RESTORED))
        return answer({"restored": ids})

    @router.post("/bin/free", **DOCS["bin_free"])
    async def free(request: Request) -> Response:
        ids = _ids(await json_body(request))
        await run_in_threadpool(_free, store, ids)
        return answer({"freed": ids})

    return router


def _ids(content: dict[str, Any], known: tuple[str, ...] = ("experiments",)) -> list[str]:
    if unknown := [name for name in content if name not in known]:
        raise UsageError(f"the fields are {', '.join(known)}; got {unknown[0]!r:.80}")
    ids = content.get("experiments")
    if (
        not isinstance(ids, list)
        or not ids
        or len(ids) > MOST_AT_ONCE
        or not all(isinstance(each, str) for each in ids)
    ):
        raise UsageError(f"experiments must be a list of 1 to {MOST_AT_ONCE:,} ids, got {ids!r:.80}")
    return list(dict.fromkeys(ids))


def _wish(content: dict[str, Any]) -> dict[str, Any]:
    wish = {name: content[name] for name in _MANY[1:] if content.get(name) is not None}
    if not wish:
        raise UsageError(f"an edit of many changes one or more of {', '.join(_MANY[1:])}; got none of them")
    if not isinstance(wish.get("archived", False), bool):
        raise UsageError(f"archived must be true or false, got {wish['archived']!r:.80}")
    for name in ("add_tags", "remove_tags"):
        tags = wish.get(name, [])
        if not isinstance(tags, list) or len(tags) > 100:
            raise UsageError(f"{name} must be a list of at most 100 texts, got {tags!r:.80}")
        wish[name] = [checked_name(tag, "a tag") for tag in tags]
    return wish


def _changes(store: Store, experiment_id: str, wish: dict[str, Any]) -> dict[str, Any]:
    """What an edit has to say of one experiment; {} where all is as wished."""
    record = store.experiment(experiment_id)
    changes: dict[str, Any] = {}
    if wish.get("archived", record.archived) != record.archived:
        changes["archived"] = wish["archived"]
    tags = [tag for tag in dict.fromkeys([*record.tags, *wish["add_tags"]]) if tag not in wish["remove_tags"]]
    if tags != list(record.tags):
        changes["tags"] = tags
    return changes


def _check(store: Store, ids: list[str], in_bin: bool = False) -> None:
    """All are there before one is changed. Raises ExperimentNotFound, UsageError."""
    for each in ids:
        record = find_experiment(store, each, in_bin=in_bin)
        if in_bin and record.binned is None:
            raise UsageError(f"experiment {each!r:.160} is not in the bin")


def _free(store: Store, ids: list[str]) -> None:
    _check_known(store, ids)
    for each in ids:
        store.delete(each)


def _check_known(store: Store, ids: list[str]) -> None:
    for each in ids:
        find_experiment(store, each, in_bin=True)


def _asker(request: Request, gate: Gate) -> str:
    """Who deletes, for those who look into the bin: a name on the Hub, or which token."""
    kind, _, name = str(request.scope["trackio_caller"].subject).partition(":")
    if kind == "hub":
        return name
    if kind == "token":
        named = [entry.name for entry in gate.access.live(share=False) if entry.id == name]
        return f"token {named[0]}" if named else "a token"
    return "the owner"
