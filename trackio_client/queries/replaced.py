"""What a resume replaced: points of a metric whose steps were logged again, by a later start of the experiment.

The store keeps both; everywhere else the later one stands (store/contract.py says which is later). Here the earlier
ones are told, as they were, by the process that logged them.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from trackio_client.errors import MetricNotFound
from trackio_client.queries.experiments import find_experiment
from trackio_client.store.cells import thin
from trackio_client.store.contract import Store

MOST_POINTS: Final = 1000
"""Of one branch in an answer; the lowest and highest of each stretch stay."""
MOST_BRANCHES: Final = 20
"""Of a metric: the newest."""


def read_replaced(store: Store, experiment_id: str, metric: str, *, max_points: int = MOST_POINTS) -> dict[str, Any]:
    """{"metric", "branches": [{"steps", "values", "times_s", "points", "from_step", "to_step", "replaced_s"}], "more"}.

    A branch are the points that one process logged and later ones logged again, oldest process first. `points` counts
    them before they are thinned; `replaced_s` is when the later value of its first step was logged, seconds UTC. A
    value that a process logged twice itself is no branch. Of several ranks it is that of rank 0.

    Raises:
        ExperimentNotFound, MetricNotFound.
    """
    record = find_experiment(store, experiment_id)
    if not record.generation and record.writers < 2:
        _check(store, experiment_id, metric)
        return {"metric": metric, "branches": [], "more": 0}
    points = store.points(experiment_id, metric)
    order = np.lexsort((points.seqs, points.writer_of, points.steps))  # of a step the last one stands
    steps, writers = points.steps[order], points.writer_of[order]
    ends = np.append(steps[1:] != steps[:-1], True)
    of_step = np.cumsum(np.concatenate([[False], ends[:-1]]))  # (n,) its step, counted from 0
    standing = np.flatnonzero(ends)[of_step]  # (n,) the place of what stands at its step
    lost = np.flatnonzero(writers != writers[standing])
    branches = []
    for writer in np.unique(writers[lost]).tolist():
        mine = lost[writers[lost] == writer]
        mine = mine[np.append(steps[mine][1:] != steps[mine][:-1], True)]  # of its own repeats the last
        values, times_us = points.values[order[mine]], points.times_us[order[mine]]
        kept = thin(values, max_points)
        branches.append(
            {
                "steps": steps[mine][kept],
                "values": values[kept],
                "times_s": times_us[kept] / 1e6,
                "points": len(mine),
                "from_step": int(steps[mine][0]),
                "to_step": int(steps[mine][-1]),
                "replaced_s": float(points.times_us[order[standing[mine[0]]]] / 1e6),
            }
        )
    return {"metric": metric, "branches": branches[-MOST_BRANCHES:], "more": max(0, len(branches) - MOST_BRANCHES)}


def _check(store: Store, experiment_id: str, metric: str) -> None:
    """Raises MetricNotFound."""
    if not store.summaries([experiment_id], [metric]).get(experiment_id):
        raise MetricNotFound(f"experiment {experiment_id} never logged {metric!r:.200}")
