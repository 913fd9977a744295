"""What is here of what an experiment's processes logged: whole, or with which holes, and who may still have more.

A writer numbers what it logs from 0, so what is missing between two of its events is known by number. What is missing
behind its last one is known only by its `end`: a process that told none may have logged more than came, and nobody but
the machine where it ran can say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trackio_client.queries.states import is_by_hand
from trackio_client.store.contract import ExperimentRecord, Store
from trackio_client.store.spans import common, minus, of_holes
from trackio_client.wire.batches import Hole, Ranges, Receipt
from trackio_client.wire.events import END, REFUSED, START

MOST_HOLES: Final = 20
"""That are told one by one, and looked around for steps and times: of each this reads two places of a log."""
MOST_UNTOLD: Final = 20


def receipt_of(store: Store, record: ExperimentRecord) -> dict[str, Any]:
    """What is held of an experiment, and what is known to be missing.

    {"events", "points", "durable", "where", "missing", "holes": [hole], "untold": [process], "told_by", "attached",
    "refused", "left_out": {"holes", "untold"}}

    `durable` counts events that stay if this server's disk goes; `where` says how: "repo", "disk" (it keeps what is on
    it) or None. A hole: {"first", "last", "events", "reason", "writer_id", "rank", "host", "after", "before"}; the last
    two are {"step", "time_s"} of its neighbours in the log. A process in `untold` began and told no end: {"rank",
    "host", "generation", "started_s"}. `told_by` is "client", or who sends neither numbers nor ends of its own:
    "import", "hand" or "trackio". `attached` are processes that logged along and tell neither beginning nor end.
    `refused` counts calls that the client did not take and told. What is not known of a process is absent.
    """
    receipts = store.receipts(record.experiment_id)
    began: dict[str, dict[str, Any]] = {}
    ended: set[str] = set()
    refused = 0
    for event in store.events(record.experiment_id, kinds=[START, END, REFUSED]):
        said = event.content if isinstance(event.content, Mapping) else {}
        if said.get("kind") == START:
            began.setdefault(event.writer_id, _process(said))
        elif said.get("kind") == END:
            ended.add(event.writer_id)
        elif type(said.get("count")) is int:
            refused += int(said["count"])
    told_by = _told_by(record)
    untold = [one for writer, one in began.items() if writer not in ended] if told_by == "client" else []
    attached = [r for r in receipts if r.writer_id not in began and (r.points or r.events > 1)]
    holes = [(receipt, hole) for receipt in receipts for hole in receipt.holes]
    return {
        "events": sum(r.events for r in receipts),
        "points": sum(r.points for r in receipts),
        "durable": sum(_length(_content(r, r.durable)) for r in receipts),
        "where": _where(store, receipts),
        "missing": sum(hole.end_seq - hole.first_seq for _, hole in holes),
        "holes": _told(store, holes[:MOST_HOLES], began),
        "untold": sorted(untold, key=lambda one: one.get("started_s", 0.0))[:MOST_UNTOLD],
        "told_by": told_by,
        "attached": len(attached) if told_by == "client" else 0,
        "refused": refused,
        "left_out": {"holes": max(0, len(holes) - MOST_HOLES), "untold": max(0, len(untold) - MOST_UNTOLD)},
    }


def _process(said: Mapping[str, Any]) -> dict[str, Any]:
    """Where a writer ran, as far as its start says."""
    process = said.get("process")
    process = process if isinstance(process, Mapping) else {}
    time_us, size = said.get("time_us"), process.get("world_size")
    known = {
        "host": process.get("host") if isinstance(process.get("host"), str) else None,
        "rank": process.get("rank") if type(size) is int and size > 1 and type(process.get("rank")) is int else None,
        "generation": said.get("generation") if type(said.get("generation")) is int else None,
        "started_s": time_us / 1e6 if type(time_us) is int else None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _told_by(record: ExperimentRecord) -> str:
    """Who told the experiment: only our client numbers what it logs before it sends it, and tells its end."""
    client = record.client.get("client")
    client = client if isinstance(client, Mapping) else {}
    if is_by_hand(record):
        return "hand"
    if client.get("name") == "trackio":
        return "trackio"
    return "import" if client.get("version") == "import" else "client"


def _where(store: Store, receipts: Sequence[Receipt]) -> str | None:
    if store.destination is not None:
        return "repo"
    return "disk" if any(receipt.durable for receipt in receipts) else None


def _content(receipt: Receipt, seqs: Ranges) -> Ranges:
    return minus(common(seqs, receipt.accepted), of_holes(receipt.holes))


def _length(seqs: Ranges) -> int:
    return sum(high - low for low, high in seqs)


def _told(
    store: Store, holes: Sequence[tuple[Receipt, Hole]], began: Mapping[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """Each hole with what stands before and behind it in its writer's log."""
    edges = [(r.writer_id, seq) for r, hole in holes for seq in (hole.first_seq - 1, hole.end_seq) if seq >= 0]
    places = _places(store, edges)
    found = []
    for receipt, hole in holes:
        one = {
            "writer_id": receipt.writer_id,
            "first": hole.first_seq,
            "last": hole.end_seq - 1,
            "events": hole.end_seq - hole.first_seq,
            "reason": hole.reason,
            **{name: began.get(receipt.writer_id, {}).get(name) for name in ("rank", "host")},
            "after": places.get((receipt.writer_id, hole.first_seq - 1)),
            "before": places.get((receipt.writer_id, hole.end_seq)),
        }
        found.append({name: value for name, value in one.items() if value is not None})
    return found


def _places(store: Store, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], dict[str, Any]]:
    """Step and time of single events, by writer and number; those that are not loaded here are absent."""
    if not wanted:
        return {}
    extract = store.extract([(writer, seq, seq + 1) for writer, seq in wanted])
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for rows in extract.points:
        for seq, step, time_us in zip(rows.seqs.tolist(), rows.steps.tolist(), rows.times_us.tolist(), strict=True):
            found[rows.writer_id, seq] = {"step": step, "time_s": time_us / 1e6}
    for row in extract.events:
        content = json.loads(row.raw)
        time_us, step = content.get("time_us"), content.get("step")
        place = {"step": step if type(step) is int else None, "time_s": time_us / 1e6 if type(time_us) is int else None}
        found[row.writer_id, row.seq] = {name: value for name, value in place.items() if value is not None}
    return found
