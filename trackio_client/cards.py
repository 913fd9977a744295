"""The card of an experiment that runs in this process, for notebooks."""

from __future__ import annotations

import math
import sqlite3
from typing import TYPE_CHECKING, Any, Final

from trackio_client.errors import TrackioError
from trackio_client.notebook.card import Card
from trackio_client.notebook.curve import curve_svg
from trackio_client.snapshot.numbers import best_numbers, main_metric
from trackio_client.summarizing import Measured
from trackio_client.wire.names import quantity_of

if TYPE_CHECKING:
    from trackio_client.experiment import Experiment

_POINTS: Final = 240
KEPT: Final = "Kept on this machine; trackio-client ui shows it."


def live_card(run: Experiment) -> Card:
    """What this process knows of its experiment: no network is asked; a store on this machine gives the curve."""
    summary = {name: _told(name, value) for name, value in run.summary.items() if isinstance(value, Measured)}
    metric = main_metric([{"summary": summary}]) if run.url is None else None
    return Card(
        name=run.name,
        experiment_id=run.id,
        project=run.project,
        state="finished" if run.is_finished else "running",
        step=run._next_step - 1 if run._next_step > 0 else None,
        config=dict(run.config),
        numbers=[(best.metric, best.word, best.value) for best in best_numbers(summary, 8)],
        curve=_curve(run.id, metric) if metric else "",
        metric=metric or "",
        url=run.url,
        kept=KEPT,
    )


def _told(name: str, value: Measured) -> dict[str, Any]:
    goal = quantity_of(name).goal
    last = value.numbers.last
    best = value.numbers.min if goal == "min" else value.numbers.max
    return {"goal": goal, "best": best, "last": None if math.isnan(last) else last, "points": value.numbers.points}


def _curve(experiment_id: str, metric: str) -> str:
    from trackio_client.reader.api import Api  # here: who is not in a notebook reads nothing back

    try:
        with Api("local") as api:
            series = api.series(experiment_id, metric, max_points=_POINTS)
    except (TrackioError, sqlite3.Error, OSError):
        return ""  # a help beside the numbers
    return curve_svg(series.steps.tolist(), series.values.tolist(), metric)
