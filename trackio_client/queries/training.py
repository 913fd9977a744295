"""The three documents of a training: run_config, epoch_metrics, run_summary (S4.5–S4.8), and what belongs to them.

They are put together from what is there when they are asked for: while it runs, after a failure and after a kill the
same fields stand as far as they are known. What is not known is absent; what was left out on purpose stands under
`not_recorded` with its reason. Nothing is 0 because nobody measured it.

As everywhere in the API's free JSON, a number that JSON has no word for stands as {"$float": "NaN"}.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from trackio_client.queries import spread
from trackio_client.queries.checkpoints import checkpoint_at, checkpoints_of
from trackio_client.queries.evaluations import (
    MOST_ENTRIES,
    Entry,
    best_of,
    f1_of,
    from_metrics,
    metrics_with_goal,
    recorded,
)
from trackio_client.queries.experiments import find_experiment
from trackio_client.queries.failures import failures_of
from trackio_client.queries.gaps import gap_trends
from trackio_client.queries.records import Record, newest, number, records_of, whole
from trackio_client.queries.states import LOSSES, LOST_CONTACT_S, State, state_of
from trackio_client.store.contract import ExperimentRecord, MetricSummary, Store
from trackio_client.wire.events import plain
from trackio_client.wire.names import resolve

_USED: Final = frozenset(
    {
        "run_config", "epoch_metrics", "run_summary", "model", "early_stopping", "checkpoint", "checkpoint_deleted",
        "checkpoint_files", "export", "failure", "out_of_memory", "fault", "not_recorded", "identity",
    }
)  # fmt: skip
"""Records that are read here; the others are asked for by the index (queries/index.py)."""


def training_summary(
    store: Store, experiment_id: str, now_s: float, *, lost_contact_s: float = LOST_CONTACT_S
) -> dict[str, Any]:
    """Everything about a training that is no curve.

    {"experiment_id", "state", "run_config", "epoch_metrics", "run_summary", "checkpoints", "failures", "faults",
    "model", "exports", "evaluations_after_training", "not_recorded"}; what there is none of is empty or null.

    Raises:
        ExperimentNotFound: with its id and what to do.
    """
    told = _Told(store, experiment_id, now_s, lost_contact_s)
    found: dict[str, Any] = plain(
        {
            "experiment_id": experiment_id,
            "state": told.state.word,
            "run_config": told.run_config(),
            "epoch_metrics": told.entries,
            "run_summary": told.run_summary(),
            "checkpoints": told.checkpoints["checkpoints"],
            "failures": told.failures,
            "faults": told.faults(),
            "model": told.model(),
            "exports": [{"step": r.step, **r.data, "time_s": r.time_s} for r in told.records if r.name == "export"],
            "evaluations_after_training": told.after,
            "not_recorded": told.not_recorded(),
        }
    )
    return found


class _Told:
    """What is known of one training at one moment."""

    def __init__(self, store: Store, experiment_id: str, now_s: float, lost_contact_s: float) -> None:
        self.record: ExperimentRecord = find_experiment(store, experiment_id)
        self.series: dict[str, MetricSummary] = {
            one.metric: one for one in spread.summaries(store, [experiment_id]).get(experiment_id, [])
        }
        loss = next((self.series[name] for name in LOSSES if name in self.series), None)
        self.state: State = state_of(self.record, now_s, lost_contact_s=lost_contact_s, loss=loss)
        self.records: list[Record] = records_of(store, experiment_id, _USED)
        entries, self.after = recorded(self.records)
        if not entries:
            entries = from_metrics(store, experiment_id, {name: one.points for name, one in self.series.items()})
        self.entries: list[Entry] = entries[-MOST_ENTRIES:]
        self.checkpoints = checkpoints_of(store, experiment_id, self.records, self.entries)
        self.failures = failures_of(store, self.record, self.state, self.records, self.last_metrics())
        ended = newest(self.records, "run_summary")
        began = newest(self.records, "run_config")
        is_over = ended is not None and (began is None or self.records.index(ended) > self.records.index(began))
        self.ended: dict[str, Any] = dict(ended.data) if ended is not None and is_over else {}

    # --- the documents --------------------------------------------------------------------------------------------

    def run_config(self) -> dict[str, Any]:
        """S4.5. Without a record of it: what the experiment was configured with."""
        record = newest(self.records, "run_config")
        return dict(record.data) if record is not None else dict(self.record.config)

    def model(self) -> dict[str, Any] | None:
        record = newest(self.records, "model")
        if record is not None:
            return dict(record.data)
        given = self.record.config.get("model")
        return dict(given) if isinstance(given, Mapping) else None

    def run_summary(self) -> dict[str, Any]:
        """S4.7, so far: `is_final` says whether the training is over."""
        stopping = newest(self.records, "early_stopping")
        told: dict[str, Any] = {
            "state": self.state.word,
            "evidence": self.state.evidence,
            "is_final": self.state.word in ("finished", "failed", "interrupted"),
            **self.ended,
        }
        told |= self._progress()
        told |= self._best(dict(stopping.data) if stopping is not None else {})
        told |= self._time()
        if gaps := gap_trends(self.entries):
            told["train_sample_gap"] = gaps
        told |= self._storage(told.get("best_metric"))
        if self.failures:
            told["failure"] = {k: v for k, v in self.failures[0].items() if k not in ("trace", "last_metrics")}
        told["epoch_metrics"] = self.entries
        return {name: value for name, value in told.items() if value is not None}

    # --- parts of the summary -------------------------------------------------------------------------------------

    def _progress(self) -> dict[str, Any]:
        step = max([s for s in (self.record.last_step, self._of_last("global_step")) if s is not None], default=None)
        told: dict[str, Any] = {"global_step": step, "epoch": self._last_epoch()}
        config = self.run_config()
        told["max_steps"] = whole(config.get("max_steps")) or whole(self.record.config.get("max_steps"))
        told["num_train_epochs"] = number(config.get("num_train_epochs"))
        if not told["max_steps"] or told["max_steps"] < 0:
            told["max_steps"] = None
        if self.state.word == "running":
            told["time_left_seconds"] = self._value("time_left")
        return told

    def _best(self, stopping: Mapping[str, Any]) -> dict[str, Any]:
        """The best evaluation by the metric that decides, and by each other; early stopping as it was told."""
        goals = metrics_with_goal(self.entries)
        decides, direction = self._deciding(stopping, goals)
        if decides is not None and direction is not None:
            goals[decides] = direction  # also of a metric of the user's own, whose direction no table knows
        told: dict[str, Any] = {}
        by = {}
        for metric, goal in goals.items():
            if (top := best_of(self.entries, metric, goal)) is not None:
                by[metric] = {"value": top[0], "goal": goal, **_where(top[1])}
                if (path := checkpoint_at(self.checkpoints["checkpoints"], top[1].get("global_step"))) is not None:
                    by[metric]["checkpoint"] = path
        if by:
            told["best_by"] = by
        if decides is not None:
            told["best_metric"], told["goal"] = decides, direction
        if decides is not None and decides in by:
            best = by[decides]
            told |= {"best_value": best["value"], "best_step": best.get("step"), "best_epoch": best.get("epoch")}
            told |= self._since(best, is_told=self.ended.get("best_metric") == decides)
        if (f1 := f1_of(self.entries)) is not None and f1 in by:
            told |= {"best_f1": by[f1]["value"], "best_f1_metric": f1, "best_f1_step": by[f1].get("step")}
            told["best_f1_epoch"] = by[f1].get("epoch")
        if stopping or "early_stopping" in self.ended:
            told["early_stopping"] = {**stopping, **self.ended.get("early_stopping", {})}
            told["early_stopping_triggered"] = bool(told["early_stopping"].get("triggered"))
        return told

    def _deciding(self, stopping: Mapping[str, Any], goals: Mapping[str, str]) -> tuple[str | None, str | None]:
        """The metric that chooses the best, and its direction: as told; else F1, else the loss, else the first."""
        metric: str | None
        for source in (self.ended.get("early_stopping") or {}, stopping, self._last_checkpoint()):
            metric = source.get("metric") or source.get("deciding_metric")
            if isinstance(metric, str) and source.get("goal") in ("min", "max"):
                return metric, str(source["goal"])
        config = self.record.config
        given = config.get("metric_for_best_model")
        if isinstance(given, str) and given:
            metric = given if given.startswith("eval_") else f"eval_{given}"
            return metric, "max" if config.get("greater_is_better") else "min"
        chosen = f1_of(self.entries) or next((name for name in ("eval_loss", *goals) if name in goals), None)
        return (chosen, goals[chosen]) if chosen is not None else (None, None)

    def _last_checkpoint(self) -> dict[str, Any]:
        found = self.checkpoints["checkpoints"]
        return found[-1] if found else {}

    def _since(self, best: Mapping[str, Any], *, is_told: bool) -> dict[str, Any]:
        """From the best evaluation to the end of the training; without its own word on that, to the last evaluation."""
        names = ("epochs_since_best", "steps_since_best")
        told: dict[str, Any] = {name: self.ended[name] for name in names if name in self.ended}
        if is_told and told:
            return told
        last = self.entries[-1]
        epoch, step = number(last.get("epoch")), whole(last.get("global_step"))
        if epoch is not None and best.get("epoch") is not None:
            told["epochs_since_best"] = epoch - best["epoch"]
        if step is not None and best.get("step") is not None:
            told["steps_since_best"] = step - best["step"]
        return told

    def _time(self) -> dict[str, Any]:
        """Run time and operations: as the training ended with, else as far as they were told."""
        told: dict[str, Any] = {}
        closing = self._value("train_runtime")
        if closing is not None:
            told["train_runtime_seconds"] = closing
        elif "train_runtime_seconds" not in self.ended:
            so_far = self._of_last("seconds_since_begin")
            heard = self.record.last_event_s - self.record.created_s
            told["train_runtime_seconds"] = max([s for s in (so_far, heard) if s is not None], default=None)
        if "total_flos" not in self.ended:
            told["total_flos"] = self._value("total_flos") or self._of_last("total_flos")
        if "cost" not in self.ended:
            told["cost"] = self._value("cost")
        return told

    def _storage(self, decides: str | None) -> dict[str, Any]:
        """What was saved, and the best of it: as the training chose, else the best one by the metric that decides."""
        found = self.checkpoints
        if not found["checkpoints"] and "num_checkpoints" not in self.ended:
            return {}
        told: dict[str, Any] = {
            "num_checkpoints": found["num_checkpoints"],
            "checkpoints_kept": found["kept"],
            "checkpoints_deleted": found["deleted"],
            "checkpoint_bytes_kept": found.get("bytes_kept"),
            "checkpoint_bytes_written": found.get("bytes_written"),
            "best_checkpoint_by": found["best_by"] or None,
        }
        best = self.ended.get("best_checkpoint_path") or next(
            (one.get("path") for one in found["checkpoints"] if one.get("is_best")), None
        )
        scored = found["best_by"].get(decides, {})
        if best is None and scored.get("kept"):
            best = scored.get("path")
        told["best_checkpoint_path"] = best
        if isinstance(best, str) and re.match(r"s3[an]?://", best):
            told["best_checkpoint_s3_path"] = best
            told["best_checkpoint_path"] = None
        return told

    # --- the rest -------------------------------------------------------------------------------------------------

    def faults(self) -> list[dict[str, Any]]:
        """What went wrong while recording: each kind once, with its count."""
        found: dict[tuple[Any, Any, str], dict[str, Any]] = {}
        for record in self.records:
            if record.name == "fault":
                key = (record.data.get("where"), record.data.get("error"), record.writer_id)
                first = found.get(key, {"step": record.step})
                found[key] = {**record.data, "step": first["step"]}
        return list(found.values())

    def not_recorded(self) -> dict[str, str]:
        """What is absent on purpose → why."""
        return {
            str(record.data.get("what")): str(record.data.get("why"))
            for record in self.records
            if record.name == "not_recorded"
        }

    def last_metrics(self) -> dict[str, float]:
        return {name: one.last for name, one in self.series.items() if not name.startswith("system/")}

    def _last_epoch(self) -> float | None:
        epoch = self._value("epoch")
        return number(self._of_last("epoch")) if epoch is None else epoch

    def _value(self, name: str) -> float | None:
        """The last value of a metric, or of the same one under another name."""
        found = resolve(name, self.series)
        return None if found is None else self.series[found].last

    def _of_last(self, name: str) -> Any:
        return next((entry[name] for entry in reversed(self.entries) if entry.get(name) is not None), None)


def _where(entry: Entry) -> dict[str, Any]:
    told = {"step": entry.get("global_step"), "epoch": entry.get("epoch")}
    return {name: value for name, value in told.items() if value is not None}
