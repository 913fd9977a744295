"""What the events of an experiment say about it, folded into one JSON object.

Later means (generation, writer id, seq). Edits made by persons come after all that the training said, in the order of
the times that they carry: who makes one gives it a later time than the edits it knows, whatever its clock says. So
folding is repeatable: the same events in any order of arrival give the same facts, in this store and in another one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trackio_client.wire import events as kinds

FACT_KINDS = (kinds.START, kinds.CONFIG, kinds.SUMMARY, kinds.DEFINE, kinds.END, kinds.EDIT)

Key = tuple[int, str, int]
"""(generation, writer id, seq)"""

MOST_RANKS = 4096
"""Of which beginning and end are told one by one."""

EDITS = 2**63
"""The generation under which edits are ordered, plus their time: behind all that a training says."""


def is_edit(event: dict[str, Any]) -> bool:
    """Whether a person said it of the experiment, on a page or in a command: no sign of life of its training."""
    return event["kind"] == kinds.EDIT or event.get("edited") is True


def order(event: dict[str, Any], key: Key) -> Key:
    """Where an event stands in the fold."""
    return (EDITS + (whole(event.get("time_us")) or 0), *key[1:]) if is_edit(event) else key


def fold(facts: dict[str, Any], events: Iterable[tuple[Key, dict[str, Any]]]) -> dict[str, Any]:
    """The facts after these events, given in their order. The argument is not changed."""
    facts = {**facts}
    for key, event in events:
        _STEPS[event["kind"]](facts, event, key)
    return facts


def whole(value: Any) -> int | None:
    """A whole number that fits a column, or None."""
    return value if type(value) is int and 0 <= value <= kinds.MAX_STEP else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: Any) -> list[str] | None:
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _parent(value: Any) -> list[Any] | None:
    fits = isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and whole(value[1]) is not None
    return value if fits else None


_FIELDS = {"name": _text, "group": _text, "job_type": _text, "notes": _text, "tags": _texts, "parent": _parent}
"""What each fact must be. Events come from anybody; one of another form is kept as an event and says nothing here."""


def _start(facts: dict[str, Any], event: dict[str, Any], key: Key) -> None:
    for field, taken in _FIELDS.items():
        if (value := taken(event.get(field))) is not None and value != []:  # a resume that names no tags keeps them
            facts[field] = value
    if client := _object(event.get("client")):
        facts["client"] = client
    if process := _object(event.get("process")):
        if "process" not in facts or (_rank(process) or 0) < (_rank(facts["process"]) or 0):
            facts["process"] = process  # of several ranks the lowest one's
        facts["ranks"] = _ranks(facts, key[0], process, "started")
        if not facts["ranks"]:
            del facts["ranks"]
    facts["config"] = merged(facts.get("config", {}), _object(event.get("config")))
    ended = facts.get("end")
    if ended is not None and key[0] > ended["generation"]:
        facts["end"] = None  # resumed: it runs again


def _config(facts: dict[str, Any], event: dict[str, Any], key: Key) -> None:
    config = merged(facts.get("config", {}), _object(event.get("values")))
    for name in _texts(event.get("removed")) or ():
        config.pop(name, None)
    facts["config"] = config


def _summary(facts: dict[str, Any], event: dict[str, Any], key: Key) -> None:
    facts["summary"] = {**facts.get("summary", {}), **_object(event.get("values"))}


def _define(facts: dict[str, Any], event: dict[str, Any], key: Key) -> None:
    metric, goal = _text(event.get("metric")), event.get("goal")
    if metric is not None:
        said = {"step_metric": _text(event.get("step_metric")), "goal": goal if goal in ("min", "max") else None}
        words = _text(event.get("summary"))
        if words and all(word in kinds.SUMMARIES for word in words.split(",")):
            said["summary"] = words
        said |= {field: event[field] for field in ("hidden", "step_sync") if isinstance(event.get(field), bool)}
        facts["definitions"] = {**facts.get("definitions", {}), metric: said}


def _end(facts: dict[str, Any], event: dict[str, Any], key: Key) -> None:
    held, state = facts.get("end"), event.get("state")
    if state not in ("finished", "failed", "interrupted"):
        return
    said = {name: value for name, value in event.items() if name != "kind"}
    said |= {"time_us": whole(event.get("time_us")) or 0, "generation": key[0], "writer_id": key[1]}
    if ranks := _ranks(facts, key[0], event, "ended"):
        facts["ranks"] = ranks
    if held is None or held["generation"] != key[0] or _is_later(said, held):
        facts["end"] = said


def _is_later(end: dict[str, Any], held: dict[str, Any]) -> bool:
    """Of one generation: a failure of any writer stands, else the end that came last.

    Of several ranks that failed the first one stands: the others mostly failed because of it.

    A writer ends once: a second `finish` of the same process changes nothing. The tail of an import that was repeated
    with a longer log is a writer of its own, and later.
    """
    if "failed" in (held["state"], end["state"]):
        if held["state"] == end["state"] and _rank(held) is not None and _rank(end) is not None:
            return bool((end["time_us"], end["writer_id"]) < (held["time_us"], held["writer_id"]))
        return bool(end["state"] == "failed" != held["state"])
    return bool(held["writer_id"] != end["writer_id"] and end["time_us"] >= held["time_us"])


def _rank(said: dict[str, Any]) -> int | None:
    return whole(said.get("rank"))


def _ranks(facts: dict[str, Any], generation: int, said: dict[str, Any], what: str) -> dict[str, Any]:
    """Which of several ranks began the newest generation, and which of them told its end; {} of one process."""
    held: dict[str, Any] = facts.get("ranks") or {}
    rank, size = _rank(said), whole(said.get("world_size")) or 0
    if rank is None or size < 2 or rank >= MOST_RANKS or generation < held.get("generation", -1):
        return held
    if generation > held.get("generation", -1):
        held = {"generation": generation, "started": [], "ended": []}
    return {**held, "size": max(size, held.get("size", 0)), what: sorted({*held[what], rank})}


def _edit(facts: dict[str, Any], event: dict[str, Any], key: Key) -> None:
    for field in ("name", "group", "tags", "notes"):
        if field in event and (event[field] is None or _FIELDS[field](event[field]) is not None):
            facts[field] = event[field]
    if "state" in event and (event["state"] is None or event["state"] in kinds.STATES):
        facts["edited_state"] = event["state"]
    if isinstance(event.get("archived"), bool):
        facts["archived"] = event["archived"]
    if "binned" in event:
        facts.pop("binned", None)  # of one that was restored there is nothing: the index of the bin holds no row of it
        if binned := _binned(event["binned"]):
            facts["binned"] = binned


def _binned(said: Any) -> dict[str, Any] | None:
    """{"time_us", "by"} of one that a person put into the bin; None: it was taken out, or what is said says nothing."""
    time_us = whole(_object(said).get("time_us"))
    return None if time_us is None else {"time_us": time_us, "by": _text(said.get("by")) or ""}


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


def sound(facts: Any) -> dict[str, Any]:
    """These facts, if `fold` could have made them. Raises ValueError: they came from elsewhere and are none."""
    if not isinstance(facts, dict):
        raise ValueError("facts are an object")
    for field, taken in _FIELDS.items():
        if facts.get(field) is not None and taken(facts[field]) is None:
            raise ValueError(f"{field} is not what it must be")
    for field in ("config", "summary", "definitions", "client", "process", "ranks"):
        if field in facts and not isinstance(facts[field], dict):
            raise ValueError(f"{field} must be an object")
    if not all(isinstance(each, dict) for each in facts.get("definitions", {}).values()):
        raise ValueError("a definition must be an object")
    if facts.get("edited_state") not in (None, *kinds.STATES):
        raise ValueError("there is no such state")
    if not isinstance(facts.get("archived", False), bool) or ("binned" in facts and _binned(facts["binned"]) is None):
        raise ValueError("archived is a flag, and binned says when")
    end = facts.get("end")
    if end is not None:
        whole_fields = (end["time_us"], end["generation"])
        if end["state"] not in ("finished", "failed", "interrupted") or any(whole(n) is None for n in whole_fields):
            raise ValueError("no end")
        if not isinstance(end["writer_id"], str):
            raise ValueError("no end")
    return facts
