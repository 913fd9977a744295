"""A record of an experiment as older Trackio Spaces and monitors kept it, told as a run.

    experiment_id (or id), name, description, created_at, status, metrics, parameters, artifacts, logs, last_updated

The last five are lists and objects, or texts that hold them as JSON; both occur. What becomes of each:

    description -> notes · created_at -> when the experiment began · status -> state, by wire.events.state_of
    metrics -> points (exchange.entries) · parameters -> config · artifacts -> marks · logs -> console lines
    last_updated -> when the end is placed · experiment_id and the original words -> config.imported

A column that is broken is named and left out; the rest of the record is taken. Records of one id and one creation time
are versions of one experiment and are joined as the old system joined them: metrics without repeats, parameters by key,
artifacts and logs united in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from trackio_client.errors import UsageError
from trackio_client.exchange.entries import Entries, step_of, time_in
from trackio_client.exchange.past import PastEntry, PastRun
from trackio_client.exchange.texts import (
    ZONE,
    Remarks,
    Together,
    json_of,
    json_text,
    name_from,
    short,
    time_of,
    whole_items,
)
from trackio_client.wire.events import state_of

SOURCE: Final = "Trackio experiment record"
COLUMNS: Final = (
    "experiment_id", "name", "description", "created_at", "status",
    "metrics", "parameters", "artifacts", "logs", "last_updated",
)  # fmt: skip
MAX_DATA_CHARACTERS: Final = 65_536
"""Of the content of an artifact that was kept in the record itself: more is cut, and said."""
_STEP_IN_NAME = re.compile(r"(?:checkpoint[-_]|step[-_]?)(\d{1,18})")


def is_record(value: Any) -> bool:
    """Whether a JSON object is a record of an experiment: an entry of metrics is an object too."""
    if not isinstance(value, Mapping):
        return False
    kept = sum(name in value for name in COLUMNS if name not in ("experiment_id", "metrics", "last_updated"))
    is_list = isinstance(value.get("metrics"), (list, str))
    return kept >= 3 or (is_list and (kept >= 1 or "experiment_id" in value or "id" in value))


def runs_of(
    records: Iterable[tuple[str, Any]], skipped: Remarks, changed_s: float, *, unnamed: str = "imported"
) -> Iterator[PastRun]:
    """The runs of records given as (place for people, record). What is no record is named in `skipped`.

    Args:
        records: in the order of the file; versions of one experiment may lie anywhere in it.
        skipped: takes what is left out.
        changed_s: when the file was last changed, seconds UTC: for records without any time.
        unnamed: the name of a record that has neither name nor id.
    """
    known: dict[tuple[str, str], list[tuple[str, Mapping[str, Any]]]] = {}
    for place, record in records:
        if not isinstance(record, Mapping):
            skipped.add(f"left out a row: it must be an object, it is {type(record).__name__}", place)
            continue
        own = _own(record)
        if not own:
            skipped.add("left out a row that has neither an experiment_id, nor a name, nor metrics", place)
            continue
        created = _created(record)
        key = (own, created)
        if not created:  # a version that lost it belongs to the one that has it
            key = next((one for one in known if one[0] == key[0]), key)
        known.setdefault(key, []).append((place, record))
    for versions in known.values():
        yield run_of(versions, changed_s, unnamed)


def _own(record: Mapping[str, Any]) -> str:
    """What the record calls its experiment; of a nameless one, its first entry."""
    for name in ("experiment_id", "id", "name"):
        if record.get(name) not in (None, ""):
            return str(record[name])
    rows = _rows(record.get("metrics"), Remarks())
    return json_text(rows[0]) if rows else ""


def _created(record: Mapping[str, Any]) -> str:
    """When it says that it was created, the same for a text and for a time; "" if it does not."""
    told = record.get("created_at")
    moment = time_of(told)
    return str(told or "") if moment is None else str(round(moment * 1e6))


def run_of(versions: list[tuple[str, Mapping[str, Any]]], changed_s: float, unnamed: str = "imported") -> PastRun:
    """One experiment from the versions of its record, the earliest first."""
    remarks = Remarks()
    if len(versions) > 1:
        remarks.add(f"joined {len(versions)} rows of this experiment, at {', '.join(p for p, _ in versions[:3])}")
    first = versions[0][1]
    own = str(first.get("experiment_id") or first.get("id") or "")
    rows, parameters = list[Any](), dict[str, Any]()
    artifacts, logs = list[Any](), list[Any]()
    seen_rows, seen_artifacts, seen_logs = set[str](), set[str](), set[str]()
    for _, record in versions:
        _unite(rows, _rows(record.get("metrics"), remarks), seen_rows, is_only=len(versions) == 1)
        parameters |= _parameters(record.get("parameters"), remarks)
        _unite(artifacts, _list(record.get("artifacts"), "artifacts", remarks), seen_artifacts)
        _unite(logs, _list(record.get("logs"), "logs", remarks), seen_logs, is_only=len(versions) == 1)
    told = {name: value for _, record in versions for name, value in record.items() if value not in (None, "")}
    entries = Entries(rows, Remarks(), lambda index: f"entry {index} of 'metrics'")
    times = [moment for row in rows if (moment := time_in(row)) is not None]
    created_s, updated_s = time_of(told.get("created_at")), time_of(told.get("last_updated"))
    for name, moment in (("created_at", created_s), ("last_updated", updated_s)):
        if told.get(name) is not None and moment is None:
            remarks.add(f"'{name}' is no time: {short(told[name])}")
    starts = [moment for moment in (created_s, min(times, default=None)) if moment is not None]
    ended_s = max(times, default=updated_s or created_s or changed_s)
    state, evidence, is_paused = _state(told.get("status"), ended_s if times else None, remarks)
    return PastRun(
        source=SOURCE,
        name=name_from(told.get("name"), name_from(own, unnamed)),
        identity=[_own(first), _created(first) or _created(told)],
        entries=entries,
        config=parameters,
        state=state,
        evidence=evidence,
        ended_s=ended_s,
        started_s=min(starts, default=None),
        updated_s=max((moment for moment in (created_s, updated_s, *times[-1:]) if moment is not None), default=None),
        notes=Together(remarks, entries.remarks),
        description=str(_cut(str(told["description"]))) if told.get("description") else None,
        more={"a": _Artifacts(artifacts), "l": _Logs(logs)},
        merges=True,
        is_paused=is_paused,
        origin=_origin(own, told),
    )  # fmt: skip


def _origin(own: str, told: Mapping[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {name: str(told[name])[:200] for name in ("created_at",) if told.get(name) is not None}
    other = [name for name in told if name not in (*COLUMNS, "id")]
    said |= {"other_columns": sorted(map(str, other))} if other else {}
    return {"experiment_id": own[:200], "zone": ZONE, **said}


def _rows(given: Any, remarks: Remarks) -> list[Any]:
    """The raw entries of a `metrics` column."""
    found, wrong = json_of(given, [])
    if wrong is not None:
        found = whole_items(given) if isinstance(given, str) and given.lstrip().startswith("[") else []
        remarks.add(f"'metrics' is {wrong}; the {len(found):,} whole entries before that are taken")
    if isinstance(found, Mapping):
        if found and all(isinstance(value, Mapping) for value in found.values()) and "metrics" not in found:
            return [{"step": step, **value} for step, value in found.items()]  # {"25": {"loss": …}, …}
        return [found] if found else []
    if isinstance(found, list):
        return found
    if found is not None:
        remarks.add(f"left out 'metrics': it must be a list of entries, it is {type(found).__name__}")
    return []


def _parameters(given: Any, remarks: Remarks) -> dict[str, Any]:
    found, wrong = json_of(given, {})
    if wrong is not None:
        remarks.add(f"left out 'parameters': {wrong}")
    if isinstance(found, Mapping):
        return {str(name): value for name, value in found.items()}
    if found is not None and found != []:
        return {"parameters": found}
    return {}


def _list(given: Any, column: str, remarks: Remarks) -> list[Any]:
    found, wrong = json_of(given, [])
    if wrong is not None:
        if column == "logs" and isinstance(given, str) and not given.lstrip().startswith(("[", "{", '"')):
            return given.splitlines()
        found = whole_items(given) if isinstance(given, str) and given.lstrip().startswith("[") else []
        remarks.add(f"'{column}' is {wrong}; the {len(found):,} whole items before that are taken")
    if isinstance(found, list):
        return found
    return [found] if found not in (None, {}, "") else []


def _unite(into: list[Any], items: list[Any], seen: set[str], *, is_only: bool = False) -> None:
    """Add what is not there yet. A single version is taken as it is: what it holds twice was logged twice."""
    if is_only:
        into += items
        return
    for item in items:
        key = json_text(item)
        if key not in seen:
            seen.add(key)
            into.append(item)


def _state(word: Any, last_s: float | None, remarks: Remarks) -> tuple[str, str, bool]:
    """State, evidence, and whether it is paused."""
    if word is None:
        return "interrupted", "The record names no status.", False
    said = str(word).strip().lower().replace(" ", "_")
    try:
        state = state_of(said)
    except UsageError as error:
        remarks.add(f"status: {error}. It is taken as interrupted")
        return "interrupted", f"The record says {word!s:.40}, which is no state that we know.", False
    if state in ("finished", "failed", "interrupted"):
        return state, f"The record says {word!s:.40}.", False
    if state == "paused":
        return "interrupted", "The record says paused.", True
    return "interrupted", f"The record says {word!s:.40}, and it was imported: nothing of it is running here.", False


@dataclass(frozen=True, slots=True)
class _Artifacts:
    """Artifacts as marks, at their step where the name tells one."""

    items: list[Any]

    def __iter__(self) -> Iterator[PastEntry]:
        for item in self.items:
            said = dict(item) if isinstance(item, Mapping) else {"path": item}
            name = next((said[key] for key in ("name", "path", "artifact_name", "file") if said.get(key)), "artifact")
            kept = {str(key): _cut(value) for key, value in said.items()}
            kind = "checkpoint" if "checkpoint" in str(name).lower() else "note"
            mark = {"mark": kind, "title": name_from(f"Artifact {name}"), "data": kept}
            yield PastEntry(step=_step(said, str(name)), marks=(mark,), time_s=time_of(said.get("timestamp")))


def _step(said: Mapping[str, Any], name: str) -> int | None:
    if said.get("step") is not None:
        try:
            return step_of(said["step"])
        except UsageError:
            return None
    found = _STEP_IN_NAME.search(name)
    return int(found[1]) if found else None


def _cut(value: Any) -> Any:
    text = value if isinstance(value, str) else json_text(value)
    if len(text) <= MAX_DATA_CHARACTERS:
        return value
    return f"{text[:MAX_DATA_CHARACTERS]}… ({len(text) - MAX_DATA_CHARACTERS:,} more characters were not imported)"


@dataclass(frozen=True, slots=True)
class _Logs:
    """Log lines as console output: warnings and worse on stderr."""

    items: list[Any]

    def __iter__(self) -> Iterator[PastEntry]:
        for item in self.items:
            if isinstance(item, Mapping):
                level = str(item.get("level") or item.get("levelname") or "").upper()
                text = next((item[key] for key in ("message", "msg", "text", "log") if item.get(key) is not None), None)
                line = json_text(item) if text is None else str(text)
                line = f"{level}: {line}" if level and text is not None else line
                time_s = time_of(item.get("timestamp") or item.get("time"))
            else:
                level, line, time_s = "", item if isinstance(item, str) else json_text(item), None
            stream = "stderr" if level in ("WARNING", "WARN", "ERROR", "CRITICAL", "FATAL") else "stdout"
            yield PastEntry(lines=tuple(str(_cut(line)).splitlines() or [""]), stream=stream, time_s=time_s)
