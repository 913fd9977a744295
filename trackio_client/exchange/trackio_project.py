"""A project of Trackio (the package `trackio`), whatever it is kept in, told as runs.

Trackio keeps one SQLite file a project (`trackio_sqlite`) and exports it as Parquet (`trackio_parquet`). Both are
tables of rows; this module says what becomes of a row:

    metrics         points at their step and time. "NaN", "Infinity", "-Infinity" are the numbers; dicts become a/b;
                    images, tables, histograms … are kept as texts that say what they were
    system_metrics  points under system/…, by our names where there is one, at the step that was reached then
    alerts          marks of kind alert                 configs    config, `_Group` the group, `_Created` the beginning
    artifacts       marks that name version, size and digest; their files stay where they are

Trackio keeps no word on how a run ended. Its traces are not imported; they are counted.
"""

from __future__ import annotations

import json
import math
import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from trackio_client.errors import UsageError
from trackio_client.exchange.entries import step_of, take
from trackio_client.exchange.past import PastEntry, PastRun
from trackio_client.exchange.texts import ZONE, Remarks, json_text, name_from, short, time_of
from trackio_client.wire.frames import MAX_KEYS

SOURCE: Final = "Trackio project"
FAMILY: Final = "trackio"
ROW_COLUMNS: Final = ("id", "run_id", "timestamp", "run_name", "step", "log_id", "space_id", "metrics")
"""Columns of a row that are no metrics when metrics have columns of their own."""
MAX_TEXT_CHARACTERS: Final = 65_536
_FLOATS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_GPU = re.compile(r"gpu/(\d+)/(\w+)")
_GPU_NAMES: Final = {"allocated_memory": "memory_used", "total_memory": "memory_total", "temp": "temperature"}
_HOST_NAMES: Final = {
    "cpu/utilization": "cpu_percent",
    "disk/read_mb_per_sec": "disk_read",
    "disk/write_mb_per_sec": "disk_write",
    "network/sent_mb_per_sec": "network_sent",
    "network/recv_mb_per_sec": "network_received",
}


_OUR_GPU = re.compile(r"gpu_(\d+)_(\w+)")
_THEIR_GPU_NAMES: Final = {ours: theirs for theirs, ours in _GPU_NAMES.items()}
_THEIR_HOST_NAMES: Final = {ours: theirs for theirs, ours in _HOST_NAMES.items()}
_HOST_GROUPS: Final = frozenset(("cpu", "memory", "swap", "disk", "network", "temp", "battery"))
_HOST_READING = re.compile(rf"({'|'.join(sorted(_HOST_GROUPS))})_(?:(\d+)_)?(\w.*)")


@dataclass(frozen=True, slots=True)
class RunKey:
    """How Trackio tells its runs apart: by id since 0.24, by name before."""

    run_id: str | None
    name: str


class Tables(Protocol):
    """The rows of a project, as mappings from column to value. Rows of a run come in the order of their logging."""

    def runs(self) -> Sequence[RunKey]: ...

    def metrics(self, run: RunKey) -> Iterator[Mapping[str, Any]]:
        """timestamp, step, and `metrics`: a mapping, or why it is none (a text)."""
        ...

    def moments(self, run: RunKey) -> Iterator[tuple[Any, Any]]:
        """Timestamp and step of each row of metrics, without reading its values."""
        ...

    def system(self, run: RunKey) -> Iterator[Mapping[str, Any]]:
        """Timestamp and `metrics`."""
        ...

    def alerts(self, run: RunKey) -> Iterator[Mapping[str, Any]]: ...

    def artifacts(self, run: RunKey) -> Iterator[Mapping[str, Any]]: ...

    def config(self, run: RunKey) -> tuple[dict[str, Any], str | None]:
        """The configuration, and when it was written."""
        ...

    def traces(self, run: RunKey) -> int: ...


def runs_of(tables: Tables, project: str | None, changed_s: float) -> Iterator[PastRun]:
    """The runs of a project, in the order in which they began. Rows are read when the entries of a run are."""
    for key in tables.runs():
        yield _run(tables, key, project, changed_s)


def _run(tables: Tables, key: RunKey, project: str | None, changed_s: float) -> PastRun:
    remarks = Remarks()
    config, written = tables.config(key)
    steps, times, first = array("q"), array("d"), None  # 16 bytes a row: there may be tens of millions
    last = 0
    low_s, high_s = math.inf, -math.inf
    for told, given in tables.moments(key):  # once over all: when it began and ended, which step was reached when
        moment = time_of(told)
        first = told if first is None else first
        if moment is not None:
            low_s, high_s = min(low_s, moment), max(high_s, moment)
        try:
            step = step_of(given)
        except UsageError:
            continue
        if moment is not None and (not times or step > last) and (not times or moment >= times[-1]):
            steps.append(step)
            times.append(moment)
            last = step
    created = [moment for moment in (time_of(config.get("_Created")), time_of(written)) if moment is not None]
    starts = [*created, *([low_s] if math.isfinite(low_s) else [])]
    ended_s = high_s if math.isfinite(high_s) else max(created, default=changed_s)
    if (traces := tables.traces(key)) > 0:
        remarks.add("traces are not imported", count=traces)
    until = _moment(ended_s) if math.isfinite(high_s) or created else "not known"
    origin = {"run_id": key.run_id} if key.run_id else {}
    return PastRun(
        source=SOURCE,
        name=name_from(key.name, "run"),
        identity=identity_of(key, first),
        entries=Logged(tables, key, remarks),
        config={name: value for name, value in sorted(config.items()) if value is not None or not name.startswith("_")},
        state="finished",
        evidence=f"Trackio keeps no word on how a run ended. Its last entry is of {until}.",
        ended_s=ended_s,
        started_s=min(starts, default=None),
        updated_s=ended_s,
        notes=remarks,
        group=name_from(config["_Group"]) if config.get("_Group") else None,
        more={"s": Hardware(tables, key, steps, times), "w": Alerts(tables, key), "a": Artifacts(tables, key)},
        merges=True,
        project=project,
        origin={"project": project, **origin, "zone": ZONE},
        family=FAMILY,
    )


def identity_of(key: RunKey, first: Any = None) -> list[str | None]:
    """What tells a run of a project apart; `first` is the time of its first row, for files without ids."""
    return [key.run_id] if key.run_id else [key.name, str(first) if first is not None else None]


@dataclass(frozen=True, slots=True)
class Logged:
    """The rows of `metrics` of one run."""

    tables: Tables
    run: RunKey
    remarks: Remarks

    def __iter__(self) -> Iterator[PastEntry]:
        self.remarks.clear()
        if traces := self.tables.traces(self.run):
            self.remarks.add("traces are not imported", count=traces)
        last = -1
        for number, row in enumerate(self.tables.metrics(self.run), 1):
            found, place = row.get("metrics"), f"row {row.get('id', number)}"
            if not isinstance(found, Mapping):
                self.remarks.add(f"left out a row: its metrics are {found}", place)
                continue
            try:
                step = last + 1 if row.get("step") is None else step_of(row["step"])
            except UsageError as error:
                self.remarks.add(f"left out a row: {error}", place)
                continue
            last = step
            values, texts = sorted_values(found, self.remarks)
            if len(values) > MAX_KEYS:
                self.remarks.add(f"left out a row with more than {MAX_KEYS:,} values", place)
                continue
            yield PastEntry(step=step, values=values, texts=texts, time_s=time_of(row.get("timestamp")))


def sorted_values(found: Mapping[str, Any], remarks: Remarks) -> tuple[dict[str, float], dict[str, str]]:
    """Values and texts of a row, by name: tables and Parquet keep them in different orders, and it is one run."""
    values, texts = dict[str, float](), dict[str, str]()
    plain = dict[str, Any]()
    for name, value in found.items():
        if type(value) is float or type(value) is int:
            plain[name] = value
        elif isinstance(value, str):
            if value in _FLOATS:
                plain[name] = _FLOATS[value]
            else:
                texts[name_from(name, "text")] = value[:MAX_TEXT_CHARACTERS]
        elif isinstance(value, Mapping) and isinstance(value.get("_type"), str):
            texts[name_from(name, "media")] = _media(value)
            remarks.add(f"kept {value['_type']} as a text that says what it was; no file was copied")
        elif isinstance(value, (list, tuple)) and value:
            texts[name_from(name, "list")] = json_text(_full(value))[:MAX_TEXT_CHARACTERS]
        else:
            plain[name] = value
    take(plain, values, texts, remarks)
    return dict(sorted(values.items())), dict(sorted(texts.items()))


def _media(value: Mapping[str, Any]) -> str:
    if value["_type"] == "trackio.markdown" and isinstance(value.get("_value"), str):
        return str(value["_value"])[:MAX_TEXT_CHARACTERS]
    text = json_text(_full(value))
    return text if len(text) <= MAX_TEXT_CHARACTERS else f"{text[:MAX_TEXT_CHARACTERS]}… (cut)"


def _full(value: Any) -> Any:
    """Without what is None: a Parquet table gives every item of a column the fields of all."""
    if isinstance(value, Mapping):
        return {name: _full(item) for name, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_full(item) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class Hardware:
    """The rows of `system_metrics` of one run, at the step that was reached when each was read."""

    tables: Tables
    run: RunKey
    steps: Sequence[int]
    times: Sequence[float]

    def __iter__(self) -> Iterator[PastEntry]:
        for row in self.tables.system(self.run):
            found, moment = row.get("metrics"), time_of(row.get("timestamp"))
            if not isinstance(found, Mapping):
                continue
            values, _ = sorted_values(found, Remarks())
            place = 0 if moment is None else bisect_right(self.times, moment)
            step = self.steps[place - 1] if place else 0
            yield PastEntry(step=step, values={system_name(name): v for name, v in values.items()}, time_s=moment)


def system_name(name: str) -> str:
    """Our name of a reading: "gpu/0/temp" -> "system/gpu_0_temperature"."""
    if (gpu := _GPU.fullmatch(name)) is not None:
        return f"system/gpu_{gpu[1]}_{_GPU_NAMES.get(gpu[2], gpu[2])}"
    if name in _HOST_NAMES:
        return f"system/{_HOST_NAMES[name]}"
    rest = name.removeprefix("system/")  # a reading that a person named keeps its name
    return "system/" + (rest.replace("/", "_") if rest.partition("/")[0] in _HOST_GROUPS else rest)


def trackio_name(name: str) -> str:
    """Trackio's name of a reading of ours: the way back from `system_name`, as far as a name tells it."""
    rest = name.removeprefix("system/")
    if (gpu := _OUR_GPU.fullmatch(rest)) is not None:
        return f"gpu/{gpu[1]}/{_THEIR_GPU_NAMES.get(gpu[2], gpu[2])}"
    if rest in _THEIR_HOST_NAMES:
        return _THEIR_HOST_NAMES[rest]
    if (host := _HOST_READING.fullmatch(rest)) is not None:
        return "/".join(part for part in host.groups() if part is not None)
    return rest


@dataclass(frozen=True, slots=True)
class Alerts:
    """The alerts of one run, as marks."""

    tables: Tables
    run: RunKey

    def __iter__(self) -> Iterator[PastEntry]:
        for row in self.tables.alerts(self.run):
            data = {name: row[name] for name in ("text", "level") if row.get(name) is not None}
            mark = {"mark": "alert", "title": name_from(row.get("title"), "Alert"), "data": data}
            yield PastEntry(step=_step(row.get("step")), marks=(mark,), time_s=time_of(row.get("timestamp")))


@dataclass(frozen=True, slots=True)
class Artifacts:
    """The artifacts that one run made or used, as marks."""

    tables: Tables
    run: RunKey

    def __iter__(self) -> Iterator[PastEntry]:
        for row in self.tables.artifacts(self.run):
            data = {name: value for name, value in row.items() if value is not None and name != "created_at"}
            title = name_from(f"Artifact {row.get('name')} v{row.get('version')} ({row.get('direction')})")
            mark = {"mark": "note", "title": title, "data": data}
            yield PastEntry(marks=(mark,), time_s=time_of(row.get("created_at")))


def _step(given: Any) -> int | None:
    try:
        return None if given is None else step_of(given)
    except UsageError:
        return None


def _moment(seconds: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(min(max(seconds, 0), 2**36), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def json_column(value: Any) -> Mapping[str, Any] | str:
    """The mapping of a JSON column that is kept as text or bytes, or what is wrong with it."""
    if isinstance(value, Mapping):
        return value
    if value is None:
        return {}
    try:
        found = json.loads(bytes(value) if isinstance(value, memoryview) else value)
    except (ValueError, RecursionError, TypeError) as error:
        return f"no JSON ({error!s:.100})"
    return found if isinstance(found, dict) else f"{short(found)}, and no object"


def distinct(keys: Iterable[RunKey]) -> list[RunKey]:
    """Runs, each once: a name that was changed between rows of one id is the first one."""
    seen: dict[str, RunKey] = {}
    for key in keys:
        seen.setdefault(key.run_id if key.run_id is not None else f"\0{key.name}", key)
    return list(seen.values())
