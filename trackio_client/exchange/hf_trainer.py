"""Hugging Face `trainer_state.json`: what the Trainer saves beside each checkpoint, as an experiment.

The file holds `log_history`, a list of dicts: the dict of each `Trainer.log()` call plus `step` (and `epoch`). Metrics
keep the Trainer's names (`loss`, `grad_norm`, `learning_rate`, `eval_loss`, `eval_g0_accuracy`, `train_loss` …), as
the callback logs them, so an imported run and a live one lie in the same charts. Versions differ in which other fields
are there; none but `log_history` is needed. The file holds no times (exchange.past says how they are made).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from trackio_client.errors import UsageError
from trackio_client.exchange.jsonfile import load
from trackio_client.exchange.past import PastEntry, PastRun
from trackio_client.wire.events import MAX_NAME_CHARACTERS, checked_step

FILE_NAME: Final = "trainer_state.json"
SOURCE: Final = f"Hugging Face {FILE_NAME}"
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
_EVAL_SET = re.compile(r"eval_(?:(?P<set>.+)_)?(?:runtime|loss)")
_CLOSING = "train_runtime"
"""Stands only in the entry that `Trainer.train()` logs when it returns."""
_CONFIG: Final = (
    "max_steps", "num_train_epochs", "train_batch_size", "logging_steps", "eval_steps", "save_steps", "total_flos",
    "num_input_tokens_seen", "is_hyper_param_search", "trial_name", "trial_params", "global_step", "epoch",
    "best_metric", "best_model_checkpoint", "best_global_step",
)  # fmt: skip
"""Fields of TrainerState that say how the run was set up and how far it came, in the order of its source."""


def find_logs(path: Path) -> list[Path]:
    """The logs at a path: a file itself; of each run under a folder the one that goes furthest.

    A run's folder is the one that holds the file or its `checkpoint-<step>` folders.

    Raises:
        UsageError: there is nothing at the path, or no log in it.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UsageError(
            f"there is nothing at {path}. Name a {FILE_NAME}, a checkpoint, or the Trainer's output folder"
        )
    runs: dict[Path, list[Path]] = {}
    for found in sorted(path.rglob(FILE_NAME)):
        folder = found.parent
        is_checkpoint = _CHECKPOINT.fullmatch(folder.name) is not None and folder != path
        runs.setdefault(folder.parent if is_checkpoint else folder, []).append(found)
    if not runs:
        raise UsageError(f"no {FILE_NAME} in {path} or below. The Trainer writes one into each checkpoint folder")
    return [max(logs, key=lambda log: _reach(log, run)) for run, logs in sorted(runs.items())]


def _reach(log: Path, run: Path) -> float:
    """How far a log goes, by its folder's name; the one that `trainer.save_state()` wrote at the end goes furthest."""
    checkpoint = _CHECKPOINT.fullmatch(log.parent.name)
    return int(checkpoint[1]) if checkpoint is not None and log.parent != run else math.inf


def read_log(path: Path, *, name: str | None = None) -> PastRun:
    """Read one `trainer_state.json`.

    Raises:
        UsageError: it cannot be read, is no JSON, or is no state of a Trainer; with the place.
    """
    state = _load(path)
    history = state.get("log_history")
    if not isinstance(history, list):
        wanted = "a list under 'log_history'"
        raise UsageError(f"{path} is no {FILE_NAME}: it must hold {wanted}, its keys are {_listed(state)}")
    if not history:
        raise UsageError(f"{path} holds an empty 'log_history': the run saved its state before it logged anything")
    notes: dict[str, int] = {}
    entries = list(_entries(history, path, notes))
    best = _best(state, entries)
    ended, evidence = _ending(state, entries)
    return PastRun(
        source=SOURCE,
        name=name or _name(path, state),
        identity=[history[0], state.get("trial_name"), state.get("trial_params")],
        entries=entries,
        config=_config(state),
        state=ended,
        evidence=evidence,
        ended_s=path.stat().st_mtime,
        seconds_a_step=_pace(entries),
        marks=best[0],
        goals=best[1],
        notes=tuple(f"{text} ({count}×)" for text, count in notes.items()),
    )


def _load(path: Path) -> Mapping[str, Any]:
    content = load(path)
    if not isinstance(content, dict):
        raise UsageError(f"{path} is no {FILE_NAME}: it must hold a JSON object, it holds a {type(content).__name__}")
    return content


def _entries(history: list[Any], path: Path, notes: dict[str, int]) -> Iterator[PastEntry]:
    step = 0
    for index, logged in enumerate(history):
        if not isinstance(logged, dict):
            what = f"{type(logged).__name__}: {logged!r:.60}"
            raise UsageError(f"entry {index} of 'log_history' in {path} must be an object of metrics, it is {what}")
        if logged.get("step") is None:
            _count(notes, "entries without a step stand at the step before them")
        else:
            try:
                step = checked_step(logged["step"])
            except UsageError as error:
                raise UsageError(f"entry {index} of 'log_history' in {path}: {error}") from None
        values: dict[str, float] = {}
        texts: dict[str, str] = {}
        for key, value in logged.items():
            if key != "step":
                _take(str(key), value, values, texts, notes)
        yield PastEntry(step=step, values=values, texts=texts, marks=_evaluations(step, values))


def _take(key: str, value: Any, values: dict[str, float], texts: dict[str, str], notes: dict[str, int]) -> None:
    """Sort one logged value: numbers are metrics, texts texts, dicts become a/b as `log()` does; the rest is told."""
    name = "".join(c if c.isprintable() else " " for c in key).strip()
    if not name or len(name) > MAX_NAME_CHARACTERS:
        _count(notes, f"left out names that are empty or longer than {MAX_NAME_CHARACTERS} characters")
    elif isinstance(value, (bool, int, float)):
        try:
            values[name] = float(value)
        except OverflowError:  # an int beyond 1e308
            values[name] = math.inf if value > 0 else -math.inf
    elif isinstance(value, str):
        texts[name] = value
    elif isinstance(value, dict):
        for inner, item in value.items():
            _take(f"{name}/{inner}", item, values, texts, notes)
    elif value is not None:
        _count(notes, f"left out {name!r}: a {type(value).__name__} is no metric")


def _count(notes: dict[str, int], text: str) -> None:
    notes[text] = notes.get(text, 0) + 1


def _evaluations(step: int, values: Mapping[str, float]) -> tuple[dict[str, Any], ...]:
    """A mark for each evaluation set that an entry speaks of, with its numbers."""
    found = {match["set"] or "" for key in values if (match := _EVAL_SET.fullmatch(key))}
    # "eval_g0_loss" without runtimes could be a metric "g0_loss" of one set: with a plain eval_loss there is one set.
    sets = {""} if "" in found else found
    marks = []
    for name in sorted(sets):
        prefix = f"eval_{name}_" if name else "eval_"
        data = {key: value for key, value in values.items() if key.startswith(prefix)}
        title = f"Evaluation of {name}" if name else "Evaluation"
        marks.append({"mark": "evaluation", "title": f"{title} at step {step:,}", "data": data})
    return tuple(marks)


def _best(
    state: Mapping[str, Any], entries: list[PastEntry]
) -> tuple[tuple[tuple[int | None, dict[str, Any]], ...], dict[str, str]]:
    """The best checkpoint as a mark, and which direction of its metric is better, when the log shows it."""
    best, where = state.get("best_metric"), state.get("best_model_checkpoint")
    if not isinstance(best, (int, float)) or isinstance(best, bool):
        return (), {}
    step = state.get("best_global_step")
    if not isinstance(step, int) and isinstance(where, str) and (match := _CHECKPOINT.search(where)):
        step = int(match[1])
    if not isinstance(step, int) or step < 0:
        step = None
    metric = next(
        (
            key
            for entry in reversed(entries)
            if step is None or entry.step == step
            for key, value in entry.values.items()
            if key.startswith("eval_") and value == best
        ),
        None,
    )
    data = {"metric": metric, "value": best, "checkpoint": where}
    title = f"Best checkpoint: {metric or 'best_metric'} {best:.6g}"
    marks = ((step, {"mark": "checkpoint", "title": title, "data": data}),)
    if metric is None:
        return marks, {}
    seen = [entry.values[metric] for entry in entries if metric in entry.values and math.isfinite(entry.values[metric])]
    low, high = min(seen, default=best), max(seen, default=best)
    return marks, {metric: "min" if best == low else "max"} if low < high and best in (low, high) else {}


def _ending(state: Mapping[str, Any], entries: list[PastEntry]) -> tuple[str, str]:
    """The state of the run and the evidence for it: a state file has no word of its own for either."""
    done, wanted = state.get("global_step"), state.get("max_steps")
    reached = done if isinstance(done, int) else max(entry.step or 0 for entry in entries)
    last = wanted if isinstance(wanted, int) and wanted > 0 else None
    of = f" of {last:,}" if last is not None else ""
    if last is not None and reached >= last:
        return "finished", f"The log reaches the last step, {reached:,}{of}."
    if _CLOSING in entries[-1].values:
        return "finished", f"Training returned at step {reached:,}{of}: the log has its closing entry."
    return (
        "interrupted",
        f"The log ends at step {reached:,}{of}, without the closing entry of a training that returned.",
    )


def _pace(entries: list[PastEntry]) -> float | None:
    """Seconds a step, by the closing entry: its run time over its steps."""
    for entry in reversed(entries):
        seconds = entry.values.get(_CLOSING, math.nan)
        if 0 < seconds < math.inf and entry.step:
            return seconds / entry.step
    return None


def _config(state: Mapping[str, Any]) -> dict[str, Any]:
    """What the file says of the run. Nothing of the path: a copy of the file must be the same import."""
    return {key: state[key] for key in _CONFIG if state.get(key) is not None}


def _name(path: Path, state: Mapping[str, Any]) -> str:
    trial = state.get("trial_name")
    folder = path.resolve().parent
    if _CHECKPOINT.fullmatch(folder.name) and folder.parent.name:
        folder = folder.parent
    text = trial if isinstance(trial, str) and trial.strip() else folder.name or path.stem
    printable = "".join(c for c in text if c.isprintable()).strip()
    return printable[:MAX_NAME_CHARACTERS] or "imported"


def _listed(state: Mapping[str, Any]) -> str:
    keys = [repr(key)[:40] for key in state]
    return (", ".join(keys[:6]) + (f" and {len(keys) - 6} more" if len(keys) > 6 else "")) or "none"
