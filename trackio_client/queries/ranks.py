"""The processes of an experiment that several of them made: where each ran, how it ended, what is other than at rank 0.

Of its newest generation, as their events tell it: `start` names host and place, `environment` what was found there,
`end` and `error` how it was left. A process that tells no end is not taken for one that runs: only the experiment's
own state can say that, and what is not known has a word of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trackio_client.store.contract import ExperimentRecord, Store
from trackio_client.wire.events import END, ERROR, START, plain

MOST_RANKS: Final = 512
"""That are told one by one; above it those that have something to tell come first."""
NOT_OTHER: Final = frozenset({"host", "user", "time", "seeds", "hashes", "model", "data", "git", "command"})
"""What is told in a column of its own, or by rank 0 for all."""
_OF_EACH: Final = frozenset({"uuid", "index", "visible"})
"""Of a device: other on every machine, and no difference."""
_LONGEST: Final = 2_000


def ranks_of(
    store: Store, record: ExperimentRecord, environment: Mapping[str, Any], state: str
) -> dict[str, Any] | None:
    """{"size", "ranks": [row], "left_out"} of an experiment of several ranks, by rank; None of one process.

    A row: {"rank", "host", "pid", "local_rank", "node", "device", "state", "ended_s", "differs", "error", "is_first"}.
    `state` is how the process ended (finished, failed, interrupted), "running" or "lost_contact" as the experiment,
    "untold" when it began and told no end, "unheard" when it never began. `differs` are {name: [here, at rank 0]}.
    `is_first` marks the rank that failed first, by the clocks of their machines. What is not known is absent.

    Args:
        store: where the events are.
        record: whose.
        environment: what `environment_of` tells of it.
        state: the word for the experiment's state.
    """
    told = record.ranks
    if not told or told.get("generation") != record.generation or int(told.get("size") or 0) < 2:
        return None
    size = int(told["size"])
    rows: dict[int, dict[str, Any]] = {}
    writers: dict[str, int] = {}
    for event in store.events(record.experiment_id, kinds=[START, END, ERROR]):
        _take(rows, writers, event.writer_id, event.content, record.generation)
    told_by = [each for each in environment.get("ranks") or () if each["rank"] < size]
    found = {each["rank"]: each["values"] for each in told_by}  # the newest of a rank stands
    main = environment.get("values") or {}
    first = _first(record, rows)
    live = state if state in ("running", "lost_contact", "paused") else "untold"
    every = []
    for rank in sorted({*rows, *found, *range(min(size, MOST_RANKS))}):
        row = rows.get(rank, {"state": "unheard"})
        values = main if rank == 0 else found.get(rank, {})
        row |= {"rank": rank, "state": row.get("state") or live, "is_first": rank == first}
        row["host"] = row.get("host") or values.get("host")
        row["device"] = device_of(values.get("gpu"), row.get("local_rank"))
        row["differs"] = differences(values, main) if rank else {}
        every.append(
            {name: value for name, value in row.items() if value is not None and value is not False and value != {}}
        )
    chosen = every if len(every) <= MOST_RANKS else sorted(every, key=_weight)[:MOST_RANKS]
    answer: dict[str, Any] = plain(
        {
            "size": size,
            "ranks": sorted(chosen, key=lambda row: int(row["rank"])),
            "left_out": max(size, len(every)) - len(chosen),
        }
    )
    return answer


def _take(rows: dict[int, dict[str, Any]], writers: dict[str, int], writer_id: str, said: Any, generation: int) -> None:
    """One event of one process. What is of another form, or of an earlier generation, says nothing."""
    if not isinstance(said, Mapping):
        return
    if said.get("kind") == START:
        process = said.get("process")
        if not isinstance(process, Mapping) or said.get("generation", 0) != generation:
            return
        if (rank := _whole(process.get("rank"))) is None:
            return
        writers[writer_id] = rank
        rows[rank] = {
            "host": process.get("host") if isinstance(process.get("host"), str) else None,
            "pid": _whole(process.get("pid")),
            "local_rank": _whole(process.get("local_rank")),
            "node": _whole(process.get("node")),
        }
        return
    rank = writers.get(writer_id)  # only of this generation's processes
    if rank is None:
        return
    time_s = (_whole(said.get("time_us")) or 0) / 1e6
    row = rows[rank]
    if said.get("kind") == END:
        row |= {"state": _text(said.get("state")), "ended_s": time_s}
        if row["state"] == "failed" and "error" not in row and (said.get("error") or said.get("message")):
            row["error"] = _error(said, time_s)
    elif "error" not in row:
        row["error"] = _error(said, time_s)


def _error(said: Mapping[str, Any], time_s: float) -> dict[str, Any]:
    step = _whole(said.get("step"))
    told = {"error": _text(said.get("error")), "message": _text(said.get("message")), "step": step, "time_s": time_s}
    return {name: value for name, value in told.items() if value not in (None, "")}


def _first(record: ExperimentRecord, rows: Mapping[int, Mapping[str, Any]]) -> int | None:
    """The rank that failed first: as the experiment's own state says it, else by the first error."""
    end = record.end or {}
    if end.get("state") == "failed" and (rank := _whole(end.get("rank"))) is not None:
        return rank
    failed = [(row["error"]["time_s"], rank) for rank, row in rows.items() if row.get("state") == "failed"
              and "error" in row]  # fmt: skip
    return min(failed)[1] if failed else None


def _weight(row: Mapping[str, Any]) -> tuple[bool, bool, bool, int]:
    """The first to fail, other errors, what is not as elsewhere; then by rank."""
    return "is_first" not in row, "error" not in row, "differs" not in row and row["state"] != "unheard", row["rank"]


def device_of(gpu: Any, local_rank: int | None) -> str | None:
    """The device that a process of this place on its machine takes, as launchers give them out; None when unknown.

    CUDA_VISIBLE_DEVICES (or its kin) chooses among the machine's; a process that sees one takes that one.
    """
    if not isinstance(gpu, Mapping):
        return None
    devices = [each for each in gpu.get("devices") or () if isinstance(each, Mapping)]
    if not devices:
        return None
    chosen = gpu.get("visible")
    visible = next(map(str, chosen.values()), None) if isinstance(chosen, Mapping) else None
    places = list(range(len(devices))) if visible is None else _places(visible, devices)
    if len(places) == 1:
        local_rank = 0
    if local_rank is None or local_rank >= len(places):
        return None
    at = places[local_rank]
    return f"GPU {devices[at].get('index', at)}, {devices[at].get('name') or 'of unknown name'}"


def _places(visible: str, devices: list[Mapping[str, Any]]) -> list[int]:
    """Of "2,3" or of ids: where these are among the devices. The first that is unknown ends the list, as in CUDA."""
    found: list[int] = []
    for word in (part.strip() for part in visible.split(",")):
        if word.isdecimal() and int(word) < len(devices):
            found.append(int(word))
        elif word and (at := next((i for i, d in enumerate(devices) if _has_id(d, word)), None)) is not None:
            found.append(at)
        else:
            break
    return found


def _has_id(device: Mapping[str, Any], word: str) -> bool:
    uuid = device.get("uuid")
    return isinstance(uuid, str) and uuid.startswith(word)


def differences(values: Mapping[str, Any], main: Mapping[str, Any]) -> dict[str, list[Any]]:
    """{name: [here, at rank 0]} of what both told and is not the same; names are dotted, devices stand by theirs."""
    here = _flat({name: value for name, value in values.items() if name not in NOT_OTHER})
    there = _flat({name: value for name, value in main.items() if name not in NOT_OTHER})
    return {name: [value, there[name]] for name, value in here.items() if name in there and there[name] != value}


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name in _OF_EACH:
            continue
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{name}.")
        elif isinstance(value, list):
            found[before + name] = counted([each.get("name") if isinstance(each, Mapping) else each for each in value])
        else:
            found[before + name] = value
    return found


def counted(names: list[Any]) -> str:
    """4 × NVIDIA A100, 1 × NVIDIA T4: in the order in which they stand."""
    times: dict[str, int] = {}
    for name in names:
        times[str(name)] = times.get(str(name), 0) + 1
    return ", ".join(f"{many} × {name}" for name, many in times.items())


def _whole(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 2**63 else None


def _text(value: Any) -> str | None:
    return value[:_LONGEST] if isinstance(value, str) else None
