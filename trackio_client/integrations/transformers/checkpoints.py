"""Every checkpoint: where, how large, with which scores, kept or deleted, and the best by each metric (S4.18).

Saves are counted, not folders (B78): `save_total_limit` deletes older ones, and each deletion is a record of its own.
A folder's size is that of all files in it (B22), taken when it is complete.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from trackio_client.integrations.transformers.groups import Group, Run
from trackio_client.integrations.transformers.stopping import deciding
from trackio_client.wire.names import quantity_of


class Checkpoints(Group):
    """Records `checkpoint` and `checkpoint_deleted`; `best_by` in the summary."""

    name: ClassVar[str] = "checkpoints"

    def __init__(self) -> None:
        self._kept: dict[str, tuple[int, int]] = {}  # path → step, bytes
        self._saves = 0
        self._scores: dict[str, Any] = {}
        self._scored_at: int | None = None
        self._seconds = 0.0

    def begin(self, run: Run) -> None:
        self._seconds = run.clock.of("saving")
        if run.first_step:  # those of before, so that their deletion is seen
            for folder in Path(run.args.output_dir).glob("checkpoint-*"):
                step = folder.name.removeprefix("checkpoint-")
                if folder.is_dir() and step.isdecimal():
                    self._kept[str(folder)] = (int(step), size_of(folder)[0] or 0)

    def evaluated(self, run: Run, metrics: Mapping[str, Any]) -> None:
        if self._scored_at != run.step:
            self._scores, self._scored_at = {}, run.step
        self._scores.update({name: value for name, value in metrics.items() if isinstance(value, (int, float))})

    def saved(self, run: Run, folder: Path) -> None:
        self._saves += 1
        size, files = size_of(folder)
        metric, goal = deciding(run.args)
        best = getattr(run.state, "best_model_checkpoint", None)
        saving = run.clock.of("saving")
        told: dict[str, Any] = {
            "path": str(folder),
            "absolute_path": str(folder.absolute()),
            "step": run.step,
            "epoch": run.epoch,
            "bytes": size,
            "files": files,
            "metrics": _scores(self._scores) if self._scored_at == run.step else {},
            "deciding_metric": metric,
            "goal": goal,
            "is_best": best is not None and Path(best) == folder,
        }
        if saving > self._seconds:
            told["save_seconds"], self._seconds = saving - self._seconds, saving
        if self._scored_at is not None and self._scored_at != run.step:
            told["last_evaluated_step"] = self._scored_at
        self._kept[str(folder)] = (run.step, size or 0)
        run.record("checkpoint", told)
        self._look(run)

    def end(self, run: Run) -> None:
        self._look(run)
        best = getattr(run.state, "best_model_checkpoint", None)
        run.run_summary |= {
            "num_checkpoints": self._saves,
            "checkpoints_kept": len(self._kept),
            "checkpoint_bytes_kept": sum(size for _, size in self._kept.values()),
        }
        if best is not None:
            run.run_summary["best_checkpoint_path"] = str(best)

    def _look(self, run: Run) -> None:
        """Record which of those that were there are gone."""
        for path, (step, size) in list(self._kept.items()):
            if not Path(path).is_dir():
                del self._kept[path]
                run.record("checkpoint_deleted", {"path": path, "step": step, "bytes": size})


def size_of(folder: Path) -> tuple[int | None, int | None]:
    """Bytes and number of all files under a folder; (None, None) when it cannot be read. Links are not followed."""
    size = files = 0
    try:
        for place, _, names in os.walk(folder, onerror=_raise):
            for name in names:
                size += Path(place, name).lstat().st_size
                files += 1
    except OSError:
        return None, None
    return size, files


def _raise(error: OSError) -> None:
    raise error


def _scores(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The scores and losses among the metrics of an evaluation: what a checkpoint can be chosen by."""
    return {name: value for name, value in metrics.items() if quantity_of(name).group != "speed" and name != "epoch"}
