"""The few words and numbers that stand for an experiment where there is room for one line: previews, lists."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from trackio_client.wire.names import quantity_of, sort_key

STATES: Final = {
    "running": "Running", "finished": "Finished", "failed": "Failed", "interrupted": "Interrupted",
    "paused": "Paused", "lost_contact": "Lost contact",
}  # fmt: skip
_CURVES: Final = ("train/loss", "loss", "train_loss", "training_loss", "eval/loss", "eval_loss")


class Best(NamedTuple):
    """A metric's best value, or its last where nobody can say which is better."""

    metric: str
    word: str
    value: float


def best_numbers(summary: Mapping[str, Mapping[str, Any]], most: int = 4) -> list[Best]:
    """What one wants to know first: evaluation before training, the best by the metric's goal."""
    rated = [name for name, each in summary.items() if each.get("goal") in ("min", "max") and _finite(each.get("best"))]
    rated.sort(
        key=lambda name: (quantity_of(name).group != "eval", quantity_of(name).group == "system", sort_key(name))
    )
    found = [
        Best(name, "lowest" if summary[name]["goal"] == "min" else "highest", float(summary[name]["best"]))
        for name in rated
        if quantity_of(name).group != "system"
    ]
    if not found:
        others = sorted((n for n in summary if quantity_of(n).group != "system"), key=sort_key)
        found = [Best(n, "last", float(summary[n]["last"])) for n in others if _finite(summary[n].get("last"))]
    return found[:most]


def main_metric(details: Sequence[Mapping[str, Any]]) -> str | None:
    """The curve that stands for all: a loss, else what has the most points."""
    points: dict[str, int] = {}
    for detail in details:
        for name, each in detail["summary"].items():
            points[name] = points.get(name, 0) + int(each["points"])
    for name in _CURVES:
        if points.get(name, 0) > 1:
            return name
    drawn = [name for name in points if quantity_of(name).group != "system"] or list(points)
    return min(drawn, key=lambda name: (-points[name], sort_key(name)), default=None)


def headline(details: Sequence[Mapping[str, Any]]) -> str:
    """One line: what state, how far, the best numbers."""
    if len(details) == 1:
        [one] = details
        parts = [STATES.get(one["state"], one["state"])]
        if one["last_step"] is not None:
            parts.append(f"step {one['last_step']:,}")
        parts += [f"{best.word} {best.metric} {number(best.value)}" for best in best_numbers(one["summary"])]
        return ", ".join(parts) + "."
    states: dict[str, int] = {}
    for detail in details:
        word = STATES.get(detail["state"], detail["state"]).lower()
        states[word] = states.get(word, 0) + 1
    told = f"{len(details)} experiments: " + ", ".join(f"{count} {word}" for word, count in states.items()) + "."
    if leader := _leader(details):
        told += f" {leader}."
    return told


def _leader(details: Sequence[Mapping[str, Any]]) -> str:
    """The best of the first number that several have."""
    for metric in dict.fromkeys(best.metric for detail in details for best in best_numbers(detail["summary"])):
        having = [
            (best.value, best.word, detail["name"])
            for detail in details
            for best in best_numbers(detail["summary"], 1000)
            if best.metric == metric and best.word != "last"
        ]
        if len(having) > 1:
            value, word, name = (min if having[0][1] == "lowest" else max)(having)
            return f"{word.capitalize()} {metric} {number(value)} ({name})"
    return ""


def number(value: float) -> str:
    """Four significant figures, thousands separated, as everywhere on the page."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e7 or size < 1e-4:
        mantissa, _, power = f"{value:.3e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(power)}".replace("-", "−")
    decimals = max(0, 3 - math.floor(math.log10(size)))
    text = f"{value:,.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
