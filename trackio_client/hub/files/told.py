"""What a training told beside its curves, small enough for its overview: what a page without a server shows of it.

The newest evaluations come first into the room that there is; configs, traces and predictions stay in the repo's
events.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trackio_client.queries.training import training_summary
from trackio_client.store.contract import Store
from trackio_client.wire.events import RECORD

TOLD_BYTES: Final = 12_000
"""As JSON, of which packing leaves a third."""
MOST_CHECKPOINTS: Final = 12
_CONFIG: Final = ("label_list", "num_labels", "dataset_counts", "identity", "world_size", "early_stopping")
_SCORES: Final = ("f1", "precision", "recall", "support", "predicted")
_CHECKPOINT: Final = ("step", "path", "bytes", "files", "metrics", "deciding_metric", "kept", "is_best", "best_by")
_LONGEST: Final = 600
_NOT_AGAIN: Final = frozenset({"epoch_metrics", "failure", "best_by", "best_checkpoint_by", "hardware"})


def told(store: Store, experiment_id: str, now_s: float) -> dict[str, Any] | None:
    """The parts of the summary that a page draws, at most TOLD_BYTES; None when nothing was recorded.

    In the shapes of `queries/training.py`, with numbers cut to six figures. Raises ExperimentNotFound.
    """
    if not store.events(experiment_id, kinds=[RECORD], limit=1):
        return None
    whole = training_summary(store, experiment_id, now_s)
    model = {name: value for name, value in (whole["model"] or {}).items() if name != "config"}
    found: dict[str, Any] = {
        "run_config": _some(whole["run_config"], _CONFIG),
        "run_summary": {name: value for name, value in whole["run_summary"].items() if name not in _NOT_AGAIN},
        "model": model or None,
        "checkpoints": [_some(one, _CHECKPOINT) for one in whole["checkpoints"][-MOST_CHECKPOINTS:]],
        "failures": [_without_trace(one) for one in whole["failures"][:1]],
        "faults": [_without_trace(one) for one in whole["faults"][:5]],
        "not_recorded": whole["not_recorded"],
        "epoch_metrics": [],
    }
    found = _short(found)
    # What takes most and says least goes first, until there is room for an evaluation.
    for name in ("run_config", "faults", "not_recorded", "checkpoints", "model"):
        if _size(found) > TOLD_BYTES * 0.7:
            found[name] = [] if isinstance(found[name], list) else {}
    if _size(found) > TOLD_BYTES:
        return None
    found["epoch_metrics"] = _evaluations(whole["epoch_metrics"], TOLD_BYTES - _size(found))
    return found


def _evaluations(entries: Sequence[Mapping[str, Any]], room: int) -> list[dict[str, Any]]:
    """As many of the newest as fit, oldest first."""
    kept: list[dict[str, Any]] = []
    for entry in reversed(entries):
        short = _short(_entry(entry))
        room -= _size(short) + 1
        if room < 0:
            break
        kept.append(short)
    return kept[::-1]


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in entry.items() if isinstance(value, (int, float)) or _is_odd(value)}
    if labels := entry.get("per_label_metrics"):
        flat["per_label_metrics"] = _rows(labels)
    if entities := entry.get("per_entity_metrics"):
        flat["per_entity_metrics"] = {way: _rows(rows) for way, rows in entities.items()}
    if sample := entry.get("train_sample"):
        flat["train_sample"] = _some(sample, ("metrics", "gap"))
    return flat


def _rows(rows: Mapping[str, Any]) -> dict[str, Any]:
    return {str(label): _some(scores, _SCORES) for label, scores in rows.items() if isinstance(scores, Mapping)}


def _some(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}


def _without_trace(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in ("trace", "last_metrics")}


def _is_odd(value: Any) -> bool:
    """A number that JSON has no word for, as it stands in the API's answers."""
    return isinstance(value, Mapping) and "$float" in value


def _short(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else value[:_LONGEST] + "…"
    if isinstance(value, dict):
        return {name: _short(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_short(each) for each in value[:200]]
    return value


def _size(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace"))
