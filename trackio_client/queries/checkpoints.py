"""Every checkpoint that a training saved: kept or deleted, the best by each metric, and what they take (S4.18)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trackio_client.queries.evaluations import Entry, best_of, metrics_with_goal
from trackio_client.queries.records import Record, whole
from trackio_client.store.contract import Store
from trackio_client.wire.events import MARK


def checkpoints_of(
    store: Store, experiment_id: str, records: Sequence[Record], entries: Sequence[Entry]
) -> dict[str, Any]:
    """{"checkpoints": [...], "num_checkpoints", "kept", "deleted", "bytes_kept", "bytes_written", "best_by"}.

    A checkpoint: path, step, epoch, bytes, metrics, kept, is_best (by the metric that decides), best_by [names of the
    metrics by which it is the best one], hashes {files [{path, bytes, sha256}], not_captured {path: why}}. Its metrics
    are those of the evaluation at its step, if there was one. Sizes that were not recorded are absent.
    """
    found = _saved(records) or _marked(store, experiment_id)
    gone = {(str(r.data.get("path")), whole(r.data.get("step"))) for r in records if r.name == "checkpoint_deleted"}
    at = {entry.get("global_step"): entry for entry in entries}
    chosen = next((r.data for r in reversed(records) if r.name == "run_summary"), {}).get("best_checkpoint_path")
    for one in found:
        one["kept"] = (str(one.get("path")), one.get("step")) not in gone
        if (
            entry := at.get(one.get("step"))
        ) is not None:  # scores of ours come after the Trainer's, and after the save
            told = {name: entry[name] for name in metrics_with_goal([entry])}
            one["metrics"] = {**told, **(one.get("metrics") or {})}
        if chosen is not None:
            one["is_best"] = one.get("path") == chosen
        elif one.get("is_best") is not None:  # each save said so of itself; the last one that did is
            one["is_best"] = one is next((o for o in reversed(found) if o.get("is_best")), None)
    best = _best(found)
    for metric, told in best.items():
        next(one for one in found if one["step"] == told["step"] and one.get("path") == told["path"]).setdefault(
            "best_by", []
        ).append(metric)
    kept = [one for one in found if one["kept"]]
    answer: dict[str, Any] = {
        "checkpoints": found,
        "num_checkpoints": len(found),
        "kept": len(kept),
        "deleted": len(found) - len(kept),
        "best_by": best,
    }
    for name, some in (("bytes_kept", kept), ("bytes_written", found)):
        sizes = [size for one in some if (size := whole(one.get("bytes"))) is not None]
        if sizes:
            answer[name] = sum(sizes)
    return answer


def _saved(records: Sequence[Record]) -> list[dict[str, Any]]:
    """One a save. A step that was saved again at the same place (a training that went on) is the later one."""
    found: dict[tuple[str, int | None], dict[str, Any]] = {}
    for record in records:
        if record.name == "checkpoint":
            one = {"step": record.step, "epoch": record.epoch, **record.data, "time_s": record.time_s}
            key = (str(one.get("path")), one["step"])
            found.pop(key, None)
            found[key] = one
    for record in records:
        if record.name == "checkpoint_files":  # told later: its files are read on a thread
            key = (str(record.data.get("path")), record.step)
            if key in found:
                found[key]["hashes"] = {name: record.data.get(name) for name in ("files", "not_captured")}
    return list(found.values())


def _marked(store: Store, experiment_id: str) -> list[dict[str, Any]]:
    """Checkpoints that were only marked: path and step."""
    found = []
    for event in store.events(experiment_id, kinds=[MARK]):
        data = event.content.get("data")
        if event.content.get("mark") == "checkpoint":
            path = data.get("path") if isinstance(data, Mapping) else None
            found.append({"step": event.content.get("step"), "path": path or event.content.get("title")})
    return found


def _best(found: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By each metric with a direction the best checkpoint that was evaluated: {"value", "goal", "step", "path", …}."""
    scored = [{**one["metrics"], "at": one} for one in found if isinstance(one.get("metrics"), Mapping)]
    best: dict[str, dict[str, Any]] = {}
    for metric, goal in metrics_with_goal(scored).items():
        if (top := best_of(scored, metric, goal)) is not None:
            one = top[1]["at"]
            best[metric] = {
                "value": top[0],
                "goal": goal,
                "step": one.get("step"),
                "epoch": one.get("epoch"),
                "path": one.get("path"),
                "kept": one["kept"],
            }
    return best


def checkpoint_at(found: Sequence[Mapping[str, Any]], step: int | None) -> str | None:
    """The path of the checkpoint of a step that is still there."""
    return next(
        (str(one["path"]) for one in found if one.get("step") == step and one["kept"] and one.get("path")), None
    )
