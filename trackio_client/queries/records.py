"""What an experiment recorded beside its numbers, by name, in the order in which it came.

Records are `record` events (wire/events.py). Those of a training, and what stands in their data:

    run_config          configs, label_list, num_labels, dataset_counts …, at the beginning (S4.5)
    epoch_metrics       of each evaluation (S4.6)
    run_summary         at the end (S4.7)
    model               class, base_model, revision, parameters, parameters_trained, layers, dtype, trains … (S4.26)
    early_stopping      metric, goal, patience, counter, triggered, best_value, best_step … after each evaluation
    checkpoint          path, step, epoch, bytes, files, metrics, is_best; one a save
    checkpoint_files    path, step, files [{path, bytes, sha256}], not_captured {path: why}
    checkpoint_deleted  path, step, bytes
    export              path, bytes, card: a folder that the model was saved to
    failure             kind, error, message, trace, step, epoch, last_metrics, rank
    out_of_memory       allocated_bytes, reserved_bytes, total_bytes, batch_size, sequence_length, suggestions
    fault               where, error, message, trace, count: something that went wrong while recording
    not_recorded        what, why

Other names (predictions, confusion, identity …) are their groups' own; they are told as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trackio_client.store.contract import Store
from trackio_client.wire.events import RECORD, revive


@dataclass(frozen=True, slots=True)
class Record:
    """One record, with its numbers as numbers."""

    name: str
    step: int | None
    epoch: float | None
    data: dict[str, Any]
    time_s: float
    writer_id: str
    position: int


def records_of(store: Store, experiment_id: str, names: Iterable[str] | None = None) -> list[Record]:
    """All records of an experiment, or those of some names. What is no record of ours is passed over."""
    wanted = None if names is None else set(names)
    found = []
    for event in store.events(experiment_id, kinds=[RECORD]):
        content = event.content
        name, data = content.get("record"), content.get("data")
        if not isinstance(name, str) or not isinstance(data, Mapping) or (wanted is not None and name not in wanted):
            continue
        step, epoch = content.get("step"), revive(content.get("epoch"))
        found.append(
            Record(
                name=name,
                step=step if isinstance(step, int) and not isinstance(step, bool) else None,
                epoch=float(epoch) if isinstance(epoch, (int, float)) and not isinstance(epoch, bool) else None,
                data=revive(data),
                time_s=_seconds(content.get("time_us")),
                writer_id=event.writer_id,
                position=event.position,
            )
        )
    return found


def newest(records: Iterable[Record], name: str) -> Record | None:
    """The last that came of a name."""
    found = None
    for record in records:
        if record.name == name:
            found = record
    return found


def number(value: Any) -> float | None:
    """A number as float; None for anything else, true and false too (S4.3)."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:  # a whole number beyond all floats
        return None


def whole(value: Any) -> int | None:
    """A whole number as int, else None."""
    found = number(value)
    return int(found) if found is not None and found == found and abs(found) < 2**63 and found == int(found) else None


def _seconds(time_us: Any) -> float:
    return time_us / 1e6 if isinstance(time_us, (int, float)) and not isinstance(time_us, bool) else 0.0
