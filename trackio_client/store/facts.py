"""What the events of an experiment say about it, folded into one JSON object.

Later means (generation, writer id, seq); edits made by persons come after all that the training said, in the order in
which they arrived. Folding is repeatable: the same events in any order of arrival give the same facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trackio_client.wire import events as kinds

FACT_KINDS = (kinds.START, kinds.CONFIG, kinds.SUMMARY, kinds.DEFINE, kinds.END, kinds.EDIT)

Key = tuple[int, str, int]
"""(generation, writer id, seq)"""

EDITS = 2**62
"""The generation under which edits are ordered: behind all that a training says. Their seq is the position."""


def order(kind: str, key: Key, position: int) -> Key:
    """Where an event stands in the fold."""
    return (EDITS, "", position) if kind == kinds.EDIT else key


def fold(facts: dict[str, Any], events: Iterable[tuple[Key, dict[str, Any]]]) -> dict[str, Any]:
    """The facts after these events, given in their order. The argument is not changed."""
    facts = {**facts}
    for key, event in events:
        _STEPS[event["kind"]](facts, event, key)
    return facts


def _start(facts: dict[str, Any], event: dict[str, Any], key: Key) -> None:
    for field in ("name", "group", "job_type", "tags", "notes", "parent", "client", "process"):
        if event.get(field) is not None and (field != "process" or "process" not in facts):
            facts[field] = event[field]
    if isinstance(event.get("config"), dict):
        facts["config"] = merged(facts.get("config", {}), event["config"])
    ended = facts.get("end")
    if ended is not None and key[0] > ended.get("generation", 0):
        facts["end"] = None  # resumed: it runs again


def _config(facts: dict[str, Any], event: dict[str, Any], key: Key) -> None:
    config = merged(facts.get("config", {}), event.get("values") or {})
    for name in event.get("removed") or ():
        config.pop(name, None)
    facts["config"] = config


def _summary(facts: dict[str, Any], event: dict[str, Any], key: Key) -> None:
    facts["summary"] = {**facts.get("summary", {}), **(event.get("values") or {})}


def _define(facts: dict[str, Any], event: dict[str, Any], key: Key) -> None:
    said = {name: event.get(name) for name in ("step_metric", "goal")}
    facts["definitions"] = {**facts.get("definitions", {}), str(event.get("metric")): said}


def _end(facts: dict[str, Any], event: dict[str, Any], key: Key) -> None:
    held = facts.get("end")
    # Of one generation the first end of a writer stands: a later `finish` changes nothing. A failure of any
    # writer wins.
    if (
        held is not None
        and held.get("generation", 0) == key[0]
        and not (event.get("state") == "failed" != held.get("state"))
    ):
        return
    facts["end"] = {**{k: v for k, v in event.items() if k != "kind"}, "generation": key[0], "writer_id": key[1]}


def _edit(facts: dict[str, Any], event: dict[str, Any], key: Key) -> None:
    for field in ("name", "group", "tags", "notes"):
        if field in event:
            facts[field] = event[field]
    if "state" in event:
        facts["edited_state"] = event["state"]


_STEPS = {
    kinds.START: _start,
    kinds.CONFIG: _config,
    kinds.SUMMARY: _summary,
    kinds.DEFINE: _define,
    kinds.END: _end,
    kinds.EDIT: _edit,
}


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Two nested dicts as one; the new one's values stand, dicts are merged."""
    both = {**old}
    for key, value in new.items():
        before = both.get(key)
        both[key] = merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return both
