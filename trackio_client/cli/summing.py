"""What `trackio-client show ID --summary` prints: a training in a screenful; --json gives the whole document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from trackio_client.cli.output import clean, clean_lines, duration, figure, size, table

if TYPE_CHECKING:
    from trackio_client.reader import LoggedExperiment

_COLUMNS: Final = ("epoch", "global_step", "train_loss", "eval_loss", "eval_f1", "learning_rate", "grad_norm_mean")
_MOST_ROWS: Final = 40
_TRACE_LINES: Final = 12


def summary_text(one: LoggedExperiment) -> str:
    """The summary for people."""
    told = one.training
    summary: Mapping[str, Any] = told["run_summary"]
    state = str(told["state"]).replace("_", " ")
    lines = [f"{clean(one.name)} ({one.experiment_id}): {state}. {clean(str(summary.get('evidence') or ''))}", ""]
    lines += [f"{head:<16} {clean(text)}" for head, text in _facts(told, summary)]
    if told["epoch_metrics"]:
        lines += ["", _evaluations(told["epoch_metrics"])]
    if told["checkpoints"]:
        lines += ["", _checkpoints(told["checkpoints"])]
    for failure in told["failures"]:
        lines += ["", *_failure(failure)]
    for fault in told["faults"]:
        head = f"While recording, {fault.get('where')} met {fault.get('error')} {fault.get('count')} times"
        lines += ["", clean(f"{head}: {fault.get('message')}")]
    if told["not_recorded"]:
        lines += ["", *(clean(f"Not recorded: {what}: {why}") for what, why in told["not_recorded"].items())]
    return "\n".join(lines)


def _facts(told: Mapping[str, Any], summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    model = told.get("model") or {}
    if model:
        words = [str(model.get("class") or ""), str(model.get("base_model") or "")]
        if model.get("parameters") is not None:
            words.append(f"{model['parameters']:,} parameters, {model.get('parameters_trained', 0):,} trained")
        words.append(str(model.get("trains") or ""))
        yield "Model", " · ".join(word for word in words if word)
    step, most = summary.get("global_step"), summary.get("max_steps")
    if step is not None:
        of = f" of {most:,}" if most else ""
        epoch = summary.get("epoch")
        yield "Step", f"{step:,}{of}" + (f", epoch {figure(epoch)}" if epoch is not None else "")
    if summary.get("train_runtime_seconds") is not None:
        left = summary.get("time_left_seconds")
        ran = duration(summary["train_runtime_seconds"])
        yield "Trained for", ran + (f", about {duration(left)} left" if left is not None else "")
    if summary.get("total_flos"):
        yield "FLOPs", figure(summary["total_flos"])
    if summary.get("cost") is not None:
        yield "Cost", figure(summary["cost"])
    if summary.get("best_metric") is not None and summary.get("best_value") is not None:
        yield "Best", _best(summary["best_metric"], summary)
    if summary.get("best_f1") is not None and summary.get("best_metric") != summary.get("best_f1_metric"):
        where = {"best_value": summary["best_f1"], "best_step": summary.get("best_f1_step")}
        yield "Best F1", _best(summary["best_f1_metric"], {**where, "best_epoch": summary.get("best_f1_epoch")})
    if (stopping := summary.get("early_stopping")) and stopping.get("patience") is not None:
        fired = "it ended the training" if summary.get("early_stopping_triggered") else "did not fire"
        yield "Early stopping", f"{fired}; patience {stopping['patience']}, without progress {stopping.get('counter')}"
    if (count := summary.get("num_checkpoints")) is not None:
        kept = f", {summary['checkpoints_kept']} kept" if summary.get("checkpoints_kept") is not None else ""
        room = summary.get("checkpoint_bytes_kept")
        yield "Checkpoints", f"{count} saved{kept}" + (f", {size(room)}" if room is not None else "")
    if best := summary.get("best_checkpoint_path") or summary.get("best_checkpoint_s3_path"):
        yield "Best checkpoint", str(best)
    for export in told["exports"]:
        yield "Exported to", str(export.get("path"))


def _best(metric: str, found: Mapping[str, Any]) -> str:
    at = [f"epoch {figure(found['best_epoch'])}"] if found.get("best_epoch") is not None else []
    at += [f"step {found['best_step']:,}"] if found.get("best_step") is not None else []
    return f"{metric} {figure(found['best_value'])}" + (f" at {', '.join(at)}" if at else "")


def _evaluations(entries: list[dict[str, Any]]) -> str:
    shown = [name for name in _COLUMNS if any(entry.get(name) is not None for entry in entries)]
    shown += [
        name
        for name in dict.fromkeys(name for entry in entries for name in entry)
        if name.startswith("eval_") and name not in shown and "_per_second" not in name and "runtime" not in name
    ][: max(0, 8 - len(shown))]
    rows = [[figure(entry.get(name)) for name in shown] for entry in entries[-_MOST_ROWS:]]
    head = f"({len(entries) - _MOST_ROWS} earlier evaluations are left out)\n" if len(entries) > _MOST_ROWS else ""
    return head + table([name.upper() for name in shown], rows, gives=len(shown) - 1)


def _checkpoints(found: list[dict[str, Any]]) -> str:
    rows = [
        (
            str(one.get("path") or ""),
            "" if one.get("step") is None else f"{one['step']:,}",
            size(one["bytes"]) if one.get("bytes") is not None else "–",
            "kept" if one.get("kept") else "deleted",
            ", ".join(one.get("best_by") or ()),
        )
        for one in found[-_MOST_ROWS:]
    ]
    return table(("CHECKPOINT", "STEP", "SIZE", "", "BEST BY"), rows)


def _failure(failure: Mapping[str, Any]) -> list[str]:
    at = f" at step {failure['step']:,}" if isinstance(failure.get("step"), int) else ""
    rank = f" on rank {failure['rank']}" if failure.get("rank") else ""
    head = f"Failed{at}{rank}: {failure.get('kind')}. {failure.get('error') or ''} {failure.get('message') or ''}"
    lines = [clean(head.rstrip())]
    memory = failure.get("out_of_memory") or {}
    lines += [f"  {name}: {size(memory[name])}" for name in memory if name.endswith("_bytes")]
    lines += [clean(f"  try: {suggestion}") for suggestion in memory.get("suggestions", ())]
    if failure.get("trace"):
        lines += ["  " + line for line in clean_lines(str(failure["trace"])).splitlines()[-_TRACE_LINES:]]
    return lines
