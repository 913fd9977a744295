"""The evaluations of a training, one entry each (S4.6): as they were recorded, else put together from the metrics.

A training that was not recorded by a callback of ours (an imported `trainer_state.json`, a loop that logs `eval_loss`
by hand) has an entry at each step with an evaluation metric. Its training loss is the last one logged up to there, and
the mean over what was logged since the evaluation before.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from trackio_client.queries import spread
from trackio_client.queries.records import Record, number, whole
from trackio_client.store.contract import Store
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.names import quantity_of, resolve

MOST_ENTRIES: Final = 2_000
"""Evaluations in one answer: the newest. A value logged at every step is no evaluation of a training."""
MOST_POINTS: Final = 50_000
"""Of a metric that is read whole: above it, it is thinned, which keeps its lowest and highest."""
_EVALUATION: Final = re.compile(r"(?:eval|evaluation|val|valid|validation|dev)[/_.](?P<rest>.+)", re.I)
_LABEL_SCORES: Final = {
    f"per-label {word}{split}": score
    for score, word in {"f1": "F1", "precision": "precision", "recall": "recall", "support": "support"}.items()
    for split in ("", " (test)")
}
"""Quantities of a label → its score: `eval/label/person/f1`, and `eval_PER_f1` as seqeval tells it."""
_BESIDE: Final = ("loss", "learning_rate", "grad_norm", "epoch")

Entry = dict[str, Any]
Line = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]


def recorded(records: Sequence[Record]) -> tuple[list[Entry], list[Entry]]:
    """(evaluations while it trained, evaluations after it), by step.

    Evaluations of a step over several sets are one entry. One that tells the same metrics again replaces what was told
    before, and a training that went on from step n replaces what an earlier attempt evaluated after n.
    """
    during: dict[int, Entry] = {}
    after: list[Entry] = []
    for record in records:
        if record.name == "run_config" and (begun := whole(record.data.get("resumed_from_step"))) is not None:
            during = {step: entry for step, entry in during.items() if step <= begun}
        if record.name != "epoch_metrics":
            continue
        entry = shaped(record)
        step = whole(entry.get("global_step"))
        if entry.pop("after_training", False) or step is None:
            after.append(entry)
        elif _scores(during.get(step, {})) & _scores(entry):
            during[step] = entry
        else:
            during[step] = during.get(step, {}) | entry
    return [during[step] for step in sorted(during)], after


def _scores(entry: Entry) -> set[str]:
    return {name for name in entry if _EVALUATION.fullmatch(name)}


def shaped(record: Record) -> Entry:
    """A record in the shape of S4.6: step and epoch with their names, per-label scores under `per_label_metrics`."""
    entry: Entry = {"epoch": record.epoch, "global_step": record.step, **record.data}
    told: dict[str, dict[str, Any]] = {}
    for name in list(entry):
        if (score := _score_of_label(name)) is not None:
            told.setdefault(quantity_of(name).of, {})[score] = entry.pop(name)
    given = entry.pop("eval_per_label_metrics", None)  # the Trainer's prefix on a user's own dict (B73)
    if isinstance(given, Mapping):
        told |= {str(label): dict(scores) for label, scores in given.items() if isinstance(scores, Mapping)}
    if told and not entry.get("per_label_metrics"):
        entry["per_label_metrics"] = told
    if entry["epoch"] is None:
        del entry["epoch"]
    return entry


def _score_of_label(name: str) -> str | None:
    """Which score of one label a metric of this name is; None if it is none."""
    return _LABEL_SCORES.get(quantity_of(name).name)


def from_metrics(store: Store, experiment_id: str, names: Mapping[str, int]) -> list[Entry]:
    """Entries from series alone: one at each step with an evaluation metric.

    Args:
        store: where the series are.
        experiment_id: whose.
        names: metric → number of points.
    """
    asked = [name for name in names if _EVALUATION.fullmatch(name) or _score_of_label(name)]
    scores = [name for name in asked if quantity_of(name).group != "speed"]
    if not scores:
        return []
    lines = _lines(store, experiment_id, asked, names)
    steps = sorted({int(step) for name in scores if name in lines for step in lines[name][0]})[-MOST_ENTRIES:]
    beside = {what: name for what in _BESIDE if (name := resolve(what, [n for n in names if n not in asked]))}
    lines |= _lines(store, experiment_id, list(beside.values()), names)
    at = {name: dict(zip(line[0].tolist(), line[1].tolist(), strict=True)) for name, line in lines.items()}
    entries, before = [], -1
    for step in steps:
        entry: Entry = {"global_step": step}
        if "epoch" in beside and (epoch := _last(lines[beside["epoch"]], step)) is not None:
            entry["epoch"] = epoch[1]
        entry |= _training(lines, beside, before, step)
        entry |= {_shown(name): at[name][step] for name in asked if name in at and step in at[name]}
        entries.append(shaped(Record("epoch_metrics", step, entry.get("epoch"), entry, 0.0, "", 0)))
        before = step
    return entries


def _shown(name: str) -> str:
    """`eval/f1`, `val_f1` → `eval_f1`: the names of S4.6."""
    match = _EVALUATION.fullmatch(name)
    return name if match is None or _score_of_label(name) else f"eval_{match['rest']}"


def _training(lines: Mapping[str, Line], beside: Mapping[str, str], before: int, step: int) -> Entry:
    """What the training said in the window (before, step]."""
    entry: Entry = {}
    if (line := lines.get(beside.get("loss", ""))) is not None and (last := _last(line, step)) is not None:
        entry |= {"train_loss_last": last[1], "train_loss_last_step": last[0]}
        if (mean := _mean(line, before, step)) is not None:
            entry |= {"train_loss": mean, "train_loss_mean": mean, "train_loss_mean_of": "what was logged"}
    if (line := lines.get(beside.get("learning_rate", ""))) is not None and (last := _last(line, step)) is not None:
        entry["learning_rate"] = last[1]
    if (line := lines.get(beside.get("grad_norm", ""))) is not None:
        window = [v for v in _window(line, before, step) if math.isfinite(v)]
        if (last := _last(line, step)) is not None:
            entry["grad_norm_last"] = last[1]
        if window:
            entry |= {"grad_norm_mean": sum(window) / len(window), "grad_norm_max": max(window)}
    return entry


def _lines(store: Store, experiment_id: str, metrics: Sequence[str], points: Mapping[str, int]) -> dict[str, Line]:
    lines: dict[str, Line] = {}
    for most, some in (
        (None, tuple(name for name in metrics if points.get(name, 0) <= MOST_POINTS)),
        (MOST_POINTS, tuple(name for name in metrics if points.get(name, 0) > MOST_POINTS)),
    ):
        if some:
            query = SeriesQuery(experiments=(experiment_id,), metrics=some, max_points=most)
            found = spread.series(store, query)[0]
            lines |= {metric: (series.steps, series.values) for (_, metric), series in found.items()}
    return lines


def _last(line: Line, step: int) -> tuple[int, float] | None:
    """The last point at or before a step."""
    place = int(np.searchsorted(line[0], step, side="right"))
    return None if place == 0 else (int(line[0][place - 1]), float(line[1][place - 1]))


def _window(line: Line, before: int, step: int) -> list[float]:
    chosen = (line[0] > before) & (line[0] <= step)
    return [float(value) for value in line[1][chosen]]


def _mean(line: Line, before: int, step: int) -> float | None:
    """The mean of a loss that is itself a mean over the steps since it was logged before: weighted by their number."""
    steps, values = line
    places = np.flatnonzero((steps > before) & (steps <= step))
    total = weight = 0.0
    for place in places:
        since = max(before, int(steps[place - 1]) if place else 0)
        covered = max(1, int(steps[place]) - max(since, 0))
        if math.isfinite(float(values[place])):
            total += float(values[place]) * covered
            weight += covered
    return total / weight if weight else None


def best_of(entries: Sequence[Entry], metric: str, goal: str) -> tuple[float, Entry] | None:
    """The best value of a metric and its entry; of equal ones the earliest. NaN is never the best."""
    best: tuple[float, Entry] | None = None
    for entry in entries:
        value = number(entry.get(metric))
        if value is None or math.isnan(value):
            continue
        if best is None or (value > best[0] if goal == "max" else value < best[0]):
            best = value, entry
    return best


def metrics_with_goal(entries: Sequence[Entry]) -> dict[str, str]:
    """The metrics of evaluations for which lower or higher is better, with which: no speeds, nothing per label."""
    found: dict[str, str] = {}
    for name in dict.fromkeys(name for entry in entries for name in entry):
        if _EVALUATION.fullmatch(name) and number(_first(entries, name)) is not None:
            quantity = quantity_of(name)
            if quantity.goal is not None and quantity.group not in ("speed", "label"):
                found[name] = quantity.goal
    return found


def f1_of(entries: Sequence[Entry]) -> str | None:
    """The F1 of the evaluations, by name (B88): eval_f1, else the one of the fewest words; never another metric."""
    names = [name for name in metrics_with_goal(entries) if re.search(r"(?:^|[_/.])f1(?:[-_]score)?$", name)]
    return min(names, key=lambda name: (name != "eval_f1", name != "eval_overall_f1", len(name), name), default=None)


def _first(entries: Sequence[Entry], name: str) -> Any:
    return next((entry[name] for entry in entries if entry.get(name) is not None), None)
