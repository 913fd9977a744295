"""What metrics were at the last step that several experiments have: where ones of different length compare fairly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from trackio_client.queries import spread
from trackio_client.store.contract import MetricSummary, Store
from trackio_client.wire.asks import SeriesQuery

Summaries = Mapping[str, Mapping[str, MetricSummary]]
"""experiment → metric → its series in numbers."""
_NEAR: Final = 0.02
"""A share of the steps: so far before the common step the newest point is looked for first."""


def summaries_of(store: Store, experiments: Sequence[str], metrics: Sequence[str] | None = None) -> Summaries:
    """By experiment and metric; pairs without points are absent."""
    found = spread.summaries(store, experiments, metrics)
    return {one: {each.metric: each for each in found.get(one, [])} for one in experiments}


def at_common_step(
    store: Store, summaries: Summaries, metrics: Sequence[str]
) -> dict[str, tuple[int, dict[str, float]]]:
    """Per metric the last step that all who logged it have reached, and the value of each there.

    Where one logged at other steps, its newest value before that. Metrics of fewer than two experiments are absent.
    """
    found: dict[str, tuple[int, dict[str, float]]] = {}
    wanted: dict[tuple[int, str], list[str]] = {}
    for metric in metrics:
        having = {one: each[metric] for one, each in summaries.items() if metric in each}
        if len(having) < 2:
            continue
        step = min(each.last_step for each in having.values())
        found[metric] = step, {one: each.last for one, each in having.items() if each.last_step == step}
        for one, each in having.items():
            if each.last_step > step >= each.first_step:
                wanted.setdefault((step, one), []).append(metric)
    for (step, one), names in wanted.items():
        for metric, value in _before(store, one, names, step).items():
            found[metric][1][one] = value
    return found


def _before(store: Store, experiment: str, metrics: Sequence[str], step: int) -> dict[str, float]:
    """The newest value of each at or before a step: first among the points near it, then among all."""
    values: dict[str, float] = {}
    for from_step in (step - max(1, round(step * _NEAR)), None):
        missing = tuple(name for name in metrics if name not in values)
        if not missing:
            break
        query = SeriesQuery(
            experiments=(experiment,), metrics=missing, from_x=from_step, to_x=step,
            max_points=None if from_step is not None else 4,
        )  # fmt: skip
        for (_, metric), series in spread.series(store, query)[0].items():
            if len(series.steps):
                values[metric] = float(series.values[int(np.argmax(series.steps))])
    return values
