"""What a static page lists: `view/list/<4 hex>.json`, one a slot of the index, and `view/head.json`, which names them.

A list holds a row an experiment: that of GET /v1/experiments, with

    as_of_s   when the row was made, by its pusher's clock: `state`, `evidence` and `since_s` are of that moment
    events    how many there are
    last      {metric: [last value, points]}
    config    {dotted key: value}
    defined   {metric: {"hidden", "goal", "shown" (the number that stands for it)}}, where `define_metric` said so
    view      of the experiment's overview {"hash", "bytes", "knows" (values and events it is made of), "at_s"}, or null

In the file, metrics are told once and named by their place, and of the config only what differs from what most rows
say (a sweep shares nearly all of it):

    {"trackio_view": 1,
     "metrics": [[metric, group, title, unit, goal, quantity, place among all, as text]],
     "config": {key: value},
     "experiments": {"exp_…": {…row…, "last": [[metric's place, last value, points]],
                               "config": {key: value}, "lacks": [key]}}}

The head, the one file that a page polls:

    {"trackio_view": 1, "generation": 7, "time_s": 1796000000.0,
     "lists": {"0000": {"hash": "…", "bytes": 9000, "projects": {"mnist": [experiments, last_event_s]}}}}

All of `view/` is made from the rest of the repo, so what cannot be read here is replaced; nothing else is.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from trackio_client.wire.names import quantity_of, sort_key

VERSION: Final = 1
HEAD_PATH: Final = "view/head.json"
Row = dict[str, Any]


def list_path(slot: int) -> str:
    """Where the list of a slot lies."""
    return f"view/list/{slot:04x}.json"


def hash_of(content: bytes) -> str:
    """What head and lists call a file's content."""
    return hashlib.sha256(content).hexdigest()[:16]


def read_list(content: bytes | None) -> dict[str, Row] | None:
    """The rows of a list by experiment, or None: there is none, or it cannot be read."""
    try:
        said = json.loads(content or b"")
        if said["trackio_view"] != VERSION:
            return None
        names = [str(metric[0]) for metric in said["metrics"]]
        shared = dict(said["config"])
        rows: dict[str, Row] = {}
        for name, row in said["experiments"].items():
            lacks = set(row.pop("lacks"))
            config = {key: value for key, value in shared.items() if key not in lacks} | row["config"]
            last = {names[place]: [value, int(points)] for place, value, points in row["last"]}
            rows[name] = row | {"config": config, "last": last, "experiment_id": name}
            _knowledge(rows[name])
            str(row["project"]), float(row["last_event_s"]), row["view"]
        return rows
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return None


def merge_list(existing: bytes | None, rows: Mapping[str, Row], gone: Iterable[str] = ()) -> bytes:
    """A list with these rows put in and the deleted ones taken out; equal lists have equal bytes.

    Two pushers share a slot, and may share an experiment: the row that knows more of it stands. A row without a `view`
    keeps that of the row it replaces. An `existing` that cannot be read is replaced.
    """
    merged = dict(read_list(existing) or {})
    for name, row in rows.items():
        known = merged.get(name)
        if known is None or knows_no_less(row, known):
            merged[name] = row | {"view": row.get("view") or (known or {}).get("view")}
    for name in gone:
        merged.pop(name, None)
    return _dump(merged)


def knows_no_less(row: Row, other: Row) -> bool:
    """Whether a row was made of no less than another of the same experiment."""
    return _knowledge(row) >= _knowledge(other)


def _knowledge(row: Row) -> tuple[int, int]:
    return int(row["generation"]), int(row["point_count"]) + int(row["events"])


def _dump(rows: Mapping[str, Row]) -> bytes:
    metrics = sorted({metric for row in rows.values() for metric in row["last"]}, key=sort_key)
    place = {metric: number for number, metric in enumerate(metrics)}
    shared = _shared(rows.values())
    experiments = {}
    for name in sorted(rows):
        row = rows[name]
        config = row["config"]
        experiments[name] = row | {
            "last": [[place[metric], *said] for metric, said in sorted(row["last"].items(), key=lambda i: place[i[0]])],
            "config": {
                key: value for key, value in config.items() if key not in shared or not _same(value, shared[key])
            },
            "lacks": sorted(key for key in shared if key not in config),
        }
        del experiments[name]["experiment_id"]
    content = {
        "trackio_view": VERSION,
        "metrics": [_metric(metric) for metric in metrics],
        "config": shared,
        "experiments": experiments,
    }
    return _json(content)


def _json(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def _metric(metric: str) -> list[Any]:
    quantity = quantity_of(metric)
    return [metric, quantity.group, quantity.title, quantity.unit, quantity.goal, quantity.name, place_of(metric)]


def place_of(metric: str) -> str:
    """`names.sort_key` as a text that sorts alike, so that pages need no table of names."""
    group, own, rank, of, whole, name = sort_key(metric)

    def natural(parts: Iterable[tuple[int, int, str]]) -> str:
        # A number of n digits sorts by n first; "\x01" ends a text before any letter, "\x00" the whole.
        return "".join(f"\x02{len(str(n)):03}{n}\x01" if kind == 0 else f"\x03{text}\x01" for kind, n, text in parts)

    return "\x00".join((f"{group:02}", natural(own), f"{rank:04}", natural(of), natural(whole), name))


def _shared(rows: Iterable[Row]) -> dict[str, Any]:
    """What more than half of the rows say of a key."""
    configs = [row["config"] for row in rows]
    said: Counter[tuple[str, str]] = Counter()
    values: dict[tuple[str, str], Any] = {}
    for config in configs:
        for key, value in config.items():
            pair = (key, json.dumps(value))
            said[pair] += 1
            values.setdefault(pair, value)
    return {pair[0]: values[pair] for pair, count in sorted(said.items()) if count * 2 > len(configs) > 1}


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one) == json.dumps(other)  # 1, 1.0 and True are not the same


# --- the head ---------------------------------------------------------------------------------------------------------


def read_head(content: bytes | None) -> dict[str, Any] | None:
    """What the head says, or None: there is none, or it cannot be read."""
    try:
        said = json.loads(content or b"")
        if said["trackio_view"] != VERSION:
            return None
        for each in said["lists"].values():
            str(each["hash"]), int(each["bytes"])
            for count, last in each["projects"].values():
                int(count), float(last)
        return {"generation": int(said["generation"]), "lists": dict(said["lists"])}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def merge_head(existing: bytes | None, lists: Mapping[int, bytes], time_s: float) -> bytes:
    """The head with these lists, by slot, in place of what it said of them. One that cannot be read is replaced."""
    known = read_head(existing) or {"generation": 0, "lists": {}}
    said = dict(known["lists"])
    for slot, content in lists.items():
        projects: dict[str, list[float]] = {}
        for row in (read_list(content) or {}).values():
            count, last = projects.get(row["project"], (0, 0.0))
            projects[row["project"]] = [count + 1, max(last, row["last_event_s"])]
        said[f"{slot:04x}"] = {"hash": hash_of(content), "bytes": len(content), "projects": projects}
    return _json(
        {
            "trackio_view": VERSION,
            "generation": known["generation"] + 1,
            "time_s": round(time_s, 3),
            "lists": dict(sorted(said.items())),
        }
    )
