"""The files that the older monitor wrote beside a training, joined to experiments.

    config_<name>_<YYYYMMDD_HHMMSS>.json             what the experiment was told: config
    eval_results_step_<step>_<YYYYMMDD_HHMMSS>.json  one evaluation: points at that step under eval_…, and a mark
    training_summary_<name>_<YYYYMMDD_HHMMSS>.json   written at its end: summary, state, duration

The stamp is the time when the monitor began (by the machine's clock, read as UTC) and is the same in all files of one
monitor: it joins them, within a folder. Rules:

  1. Files of one stamp are one experiment, named by its config or summary. Of two names under one stamp each is an
     experiment, and evaluations go to the one whose name or id they hold, else to one of their own: whose they are is
     not known.
  2. Files without a stamp are joined by name. An evaluation without a stamp goes to the experiment whose id or name it
     holds, else to the only one of the folder, else to one of its own.
  3. In a folder with other things a config alone counts only with a stamp: many tools call a file config_*.json.
  4. An evaluation at step "unknown" has no place on a curve: its numbers are in the mark and in the summary.

`eval_` is put before a name that does not begin with it; the old monitor did so in its curves, and twice when it was
there already. State: the summary's word; failed if it holds an error; finished if there is one; else interrupted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from trackio_client.errors import UsageError
from trackio_client.exchange.entries import step_of, take
from trackio_client.exchange.experiments_file import Runs
from trackio_client.exchange.jsonfile import load
from trackio_client.exchange.past import PastEntry, PastRun
from trackio_client.exchange.reading import Reading
from trackio_client.exchange.texts import ZONE, Remarks, json_text, name_from, number_of, time_of
from trackio_client.wire.events import state_of

SOURCE: Final = "Trackio monitor files"
_STAMP: Final = r"(?P<stamp>\d{8}_\d{6})"
_FILES: Final = (
    ("eval", re.compile(rf"eval_results_step_(?P<step>[^_]+)(?:_{_STAMP})?\.json")),
    ("config", re.compile(rf"config_(?P<name>.*?)(?:_?{_STAMP})?\.json")),
    ("summary", re.compile(rf"training_summary_(?P<name>.*?)(?:_?{_STAMP})?\.json")),
)
_STATUS: Final = ("final_status", "status", "training_status", "state")
_STEPS: Final = ("step", "global_step")
Evaluation = tuple[int, float | None, dict[str, Any]]
"""Step, time if one is told, content."""


@dataclass(frozen=True, slots=True)
class Written:
    """One file, by its name."""

    path: Path
    what: str
    """"eval", "config" or "summary"."""
    name: str
    stamp: str
    step: str


@dataclass(slots=True)
class Group:
    """The files of one experiment."""

    folder: Path
    name: str
    stamp: str
    files: list[tuple[Written, dict[str, Any]]] = field(default_factory=list)


def parsed(path: Path) -> Written | None:
    """What a file is, by its name; None if it is none of them."""
    for what, pattern in _FILES:
        if (found := pattern.fullmatch(path.name)) is not None:
            parts = found.groupdict()
            return Written(path, what, parts.get("name") or "", parts.get("stamp") or "", parts.get("step") or "")
    return None


def is_one(path: Path) -> bool:
    """Whether a file is one of these, by its name."""
    return parsed(path) is not None


def among(files: Iterable[Path]) -> list[Path]:
    """Those of many files that the monitor wrote (rule 3)."""
    known = [found for path in files if (found := parsed(path)) is not None]
    sure = {(one.path.parent, one.name) for one in known if one.what == "summary"}
    return [one.path for one in known if one.what != "config" or one.stamp or (one.path.parent, one.name) in sure]


def read(paths: Iterable[Path], folder: Path) -> Reading:
    """The experiments of files of the monitor. A file that cannot be read is named and left out."""
    skipped = Remarks()
    files: list[tuple[Written, dict[str, Any]]] = []
    for path in sorted(paths):
        written = parsed(path)
        try:
            content = load(path)
            if written is None or not isinstance(content, dict):
                raise UsageError(f"{path} holds no JSON object: no file of the monitor does without")
        except UsageError as error:
            skipped.add(f"left out {path.name}: {error}")
            continue
        files.append((written, content))
    if not files:
        raise UsageError(f"no file of the monitor in {folder} can be read: {next(iter(skipped), 'there is none')}")
    groups = _groups(files)
    return Reading(
        kind="monitor", path=folder, runs=Runs(lambda: map(_run, groups)), skipped=skipped, count=len(groups)
    )


def _groups(files: list[tuple[Written, dict[str, Any]]]) -> list[Group]:
    groups: dict[tuple[Path, str, str], Group] = {}
    for written, content in files:
        if written.what != "eval":
            name = written.name or str(content.get("experiment_name") or "")
            key = (written.path.parent, name, written.stamp)
            groups.setdefault(key, Group(*key)).files.append((written, content))
    for written, content in files:
        if written.what == "eval":
            owner = _owner(written, content, list(groups.values()))
            if owner is None:
                key = (written.path.parent, "", written.stamp)
                owner = groups.setdefault(key, Group(*key))
            owner.files.append((written, content))
    return list(groups.values())


def _owner(written: Written, content: Mapping[str, Any], groups: list[Group]) -> Group | None:
    """The experiment that an evaluation belongs to (rules 1 and 2), or None if that is not known."""
    near = [group for group in groups if group.folder == written.path.parent and group.name]
    if written.stamp:
        near = [group for group in near if group.stamp == written.stamp]
    told = {str(content[name]) for name in ("experiment_id", "experiment_name", "run_name") if content.get(name)}
    if told:
        for group in near:
            ids = {str(one.get("experiment_id")) for _, one in group.files if one.get("experiment_id")}
            if told & (ids | {group.name}):
                return group
    return near[0] if len(near) == 1 else None


def _run(group: Group) -> PastRun:
    remarks = Remarks()
    config: dict[str, Any] = {}
    summary: dict[str, Any] = {}
    placed: list[Evaluation] = []
    loose: list[dict[str, Any]] = []
    for written, content in group.files:
        if written.what == "config":
            config |= content
        elif written.what == "summary":
            summary |= content
        else:
            step = _step(written, content)
            if step is None:
                loose.append(content)
            else:
                placed.append((step, time_of(content.get("timestamp")), content))
    began_s = _began(group.stamp) or time_of(config.get("created_at") or summary.get("start_time"))
    changed_s = max(written.path.stat().st_mtime for written, _ in group.files)
    took_s = number_of(summary.get("experiment_duration_seconds"))
    ended_s = began_s + took_s if began_s is not None and took_s is not None and 0 <= took_s < 1e10 else None
    state, evidence = _state(summary, remarks, is_cut=not any(written.what == "summary" for written, _ in group.files))
    own = next((str(one["experiment_id"]) for _, one in group.files if one.get("experiment_id")), "")
    name = group.name or str(config.get("experiment_name") or "")
    marks = tuple(_mark(None, content) for content in loose)
    told = dict(summary)
    for content in loose:
        told |= _values(content, remarks)[0]
    return PastRun(
        source=SOURCE,
        name=name_from(name, f"evaluations {group.stamp}".strip()),
        identity=_identity(group, own, config, placed),
        entries=[_entry(step, time_s, content, remarks) for step, time_s, content in sorted(placed, key=_place)],
        config=config,
        state=state,
        evidence=evidence,
        ended_s=changed_s if ended_s is None else ended_s,
        started_s=began_s,
        updated_s=ended_s if ended_s is not None else began_s,
        marks=tuple((None, mark) for mark in marks),
        notes=remarks,
        summary=told,
        merges=True,
        origin={"files": [written.path.name for written, _ in group.files][:100], "zone": ZONE}
        | ({"experiment_id": own} if own else {}),
    )


def _identity(group: Group, own: str, config: Mapping[str, Any], placed: list[Evaluation]) -> list[Any]:
    """Name, stamp and config: an array of jobs may begin many monitors of one name in one second."""
    told = [group.name, group.stamp or own, json_text(config)]
    return told if group.name else [*told, *([json_text(placed[0][2])] if placed else [])]


def _place(one: Evaluation) -> int:
    return one[0]


def _step(written: Written, content: Mapping[str, Any]) -> int | None:
    for given in (written.step, *(content.get(name) for name in _STEPS)):
        try:
            if given is not None:
                return step_of(given)
        except UsageError:
            continue
    return None


def _entry(step: int, time_s: float | None, content: Mapping[str, Any], remarks: Remarks) -> PastEntry:
    values, texts = _values(content, remarks)
    return PastEntry(step=step, values=values, texts=texts, marks=(_mark(step, content),), time_s=time_s)


def _values(content: Mapping[str, Any], remarks: Remarks) -> tuple[dict[str, float], dict[str, str]]:
    values, texts = dict[str, float](), dict[str, str]()
    named = {name: value for name, value in content.items() if name not in (*_STEPS, "timestamp", "experiment_id")}
    take(named, values, texts, remarks)
    return {_evaluated(name): value for name, value in values.items()}, texts


def _evaluated(name: str) -> str:
    return name if name.startswith(("eval_", "eval/", "test_", "test/", "epoch")) else f"eval_{name}"


def _mark(step: int | None, content: Mapping[str, Any]) -> dict[str, Any]:
    where = "at an unknown step" if step is None else f"at step {step:,}"
    return {"mark": "evaluation", "title": f"Evaluation {where}", "data": dict(content)}


def _began(stamp: str) -> float | None:
    """The time of `YYYYMMDD_HHMMSS`; None if it is no time."""
    return time_of(f"{stamp[:8]}T{stamp[9:]}") if stamp else None


def _state(summary: Mapping[str, Any], remarks: Remarks, *, is_cut: bool) -> tuple[str, str]:
    if is_cut:
        return "interrupted", "There is no training_summary file: the monitor writes it at the end."
    word = next((str(summary[name]) for name in _STATUS if isinstance(summary.get(name), str)), None)
    if word is not None:
        try:
            state = state_of(word.strip().lower())
        except UsageError as error:
            remarks.add(f"status: {error}")
        else:
            ended = state if state in ("finished", "failed") else "interrupted"
            return ended, f"The summary says {word:.40}."
    if summary.get("error"):
        return "failed", f"The summary holds an error: {summary['error']!s:.200}"
    return "finished", "The summary was written, which the monitor does at the end."
