"""Where and with what an experiment ran: code, packages, machine, container, command, seeds, time, model and data.

Several events make the answer: a program tells its environment when it begins, may add to it, and tells it anew when
the experiment is resumed; ranks tell what differs from the main one's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from trackio_client.queries.experiments import experiment_detail, find_experiment
from trackio_client.queries.ranks import ranks_of
from trackio_client.queries.receipts import receipt_of
from trackio_client.queries.records import records_of
from trackio_client.queries.states import LOST_CONTACT_S
from trackio_client.store.contract import ExperimentRecord, Store
from trackio_client.wire.events import ENVIRONMENT, plain, revive

NOTHING: Final = "nothing was told: it was imported, logged by another client, or TRACKIO_CAPTURE_ENVIRONMENT=0 was set"
_WAIT: Final = "not yet: it is told within a second of the beginning"
_WAIT_S: Final = 10.0
_NAMED: Final = ("model", "identity", "data_counts")
"""Records that say what was trained, and on what (S3.44)."""


def environment_of(store: Store, experiment_id: str) -> dict[str, Any]:
    """The environment of an experiment.

    {"values": {git, packages, python, platform, cpu, memory, gpu, container, command, program, variables, seeds, user,
    host, time, model, data …}, "not_captured": {name: why}, "ranks": [{"rank", "values"}], "earlier": [{"values"}]}

    Values are of the newest program that told them; `earlier` are those of programs before it, when it was resumed,
    without their packages. What is in `not_captured` is not in `values`.

    Raises:
        ExperimentNotFound: with its id and what to do.
    """
    record = find_experiment(store, experiment_id)
    programs: dict[str, _Program] = {}
    for event in store.events(experiment_id, kinds=[ENVIRONMENT]):
        if isinstance(event.content, Mapping):
            programs.setdefault(event.writer_id, _Program()).take(event.content)
    mains = [program for program in programs.values() if not program.rank]
    newest = mains[-1] if mains else _Program()
    values, reasons = dict(newest.values), dict(newest.not_captured)
    if not mains:
        is_late = record.end is not None or record.last_heard_s - record.created_s > _WAIT_S
        reasons["environment"] = NOTHING if is_late else _WAIT
    values["time"] = _time(record)
    seeds = values.get("seeds")
    values["seeds"] = (dict(seeds) if isinstance(seeds, Mapping) else {}) | _told_seeds(record.config)
    if record.config:
        values["hashes"] = {"config_sha256": _hash_of(record.config)}
    named = {each.name: each.data for each in records_of(store, experiment_id, _NAMED)}
    if "model" in named:
        values["model"] = named["model"]
    if data := {name: named[name] for name in _NAMED[1:] if name in named}:
        values["data"] = data
    answer: dict[str, Any] = plain(
        {
            "values": {name: value for name, value in values.items() if value not in (None, {}, [])},
            "not_captured": reasons,
            "ranks": [
                {"rank": program.rank, "values": program.values}
                for program in sorted(programs.values(), key=lambda each: each.rank)
                if program.rank
            ],
            "earlier": [{"values": _without_packages(program.values)} for program in mains[:-1]],
        }
    )
    return answer


def detail_with_environment(
    store: Store, experiment_id: str, now_s: float, *, lost_contact_s: float = LOST_CONTACT_S
) -> dict[str, Any]:
    """Everything about one experiment but its points and events, for those who may see where it ran.

    Pages for strangers (share links, the static page) ask `experiment_detail`, which does without. `ranks` tells the
    processes of an experiment that has several (ranks.py), `receipt` what is here of it and what is not (receipts.py).

    Raises ExperimentNotFound.
    """
    detail = experiment_detail(store, experiment_id, now_s, lost_contact_s=lost_contact_s)
    environment = environment_of(store, experiment_id)
    record = find_experiment(store, experiment_id)
    several = ranks_of(store, record, environment, detail["state"])
    receipt = receipt_of(store, record)
    return detail | {"environment": environment, "receipt": receipt, **({"ranks": several} if several else {})}


class _Program:
    """What one writer told: later events add to earlier ones."""

    def __init__(self) -> None:
        self.rank = 0
        self.values: dict[str, Any] = {}
        self.not_captured: dict[str, str] = {}

    def take(self, content: Mapping[str, Any]) -> None:
        rank, values, reasons = content.get("rank"), content.get("values"), content.get("not_captured")
        self.rank = rank if isinstance(rank, int) and not isinstance(rank, bool) and rank > 0 else 0
        if isinstance(values, Mapping):
            self.values = _merged(self.values, revive(dict(values)))
        if isinstance(reasons, Mapping):
            self.not_captured |= {str(name): str(why) for name, why in reasons.items()}
        self.not_captured = {name: why for name, why in self.not_captured.items() if not _has(self.values, name)}


def _merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(first)
    for name, value in second.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(name), Mapping)
        merged[name] = _merged(merged[name], value) if both else value
    return merged


def _has(values: Mapping[str, Any], name: str) -> bool:
    group, _, rest = name.partition(".")
    inner = values.get(group)
    return group in values and (not rest or (isinstance(inner, Mapping) and rest in inner))


def _without_packages(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in ("packages", "conda")}


def _time(record: ExperimentRecord) -> dict[str, Any]:
    """Start and end, UTC, and the seconds between them; an experiment that goes on has no end yet (S3.46)."""
    told: dict[str, Any] = {"start_s": record.created_s, "start": _utc(record.created_s)}
    if record.end is not None:
        end_s = record.last_event_s
        told |= {"end_s": end_s, "end": _utc(end_s), "duration_s": max(0.0, end_s - record.created_s)}
    return told


def _utc(seconds: float) -> str | None:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, OSError, ValueError):  # a clock that was never set
        return None


def _hash_of(config: Mapping[str, Any]) -> str:
    """SHA-256 of the configuration as JSON with sorted keys: two trainings with one are told alike (S3.42)."""
    told = json.dumps(plain(dict(config)), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


def _told_seeds(config: Mapping[str, Any]) -> dict[str, Any]:
    """Seeds that the configuration names: of the training, of the data, of few-shot examples, of sampling (S3.45)."""
    return {
        str(name): value
        for name, value in config.items()
        if {"seed", "seeds"} & set(str(name).lower().split("_"))
        and isinstance(value, (int, str))
        and not isinstance(value, bool)
    }
