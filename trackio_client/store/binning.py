"""The bin: what a person deleted is out of sight for seven days, and then goes by the ordinary deletion.

To bin and to restore are edit events like a new name or a tag: they go to the repo with the rest, two Spaces that have
both come to the same, and a Space whose disk was wiped finds its bin again. What is freed goes with a tombstone, which
nothing takes back: so nothing is freed of which rows are still to come from a repo, for a restore may be among them.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any, Final

from trackio_client.errors import ExperimentNotFound
from trackio_client.store.contract import ExperimentRecord, Store
from trackio_client.wire.batches import Batch
from trackio_client.wire.events import EDIT, MAX_STEP, new_writer_id, plain
from trackio_client.wire.frames import event_frame

BIN_DAYS: Final = 7
BIN_S: Final = BIN_DAYS * 86_400.0
"""How long what was deleted can be restored."""
IN_BIN: Final = "is in the bin"
"""Stands in what is said of one that is asked for, also by a Space over HTTP."""


def edit_batch(store: Store, experiment_id: str, changes: Mapping[str, Any]) -> Batch:
    """What to append for an edit. Each is a writer of its own: there is nothing to remember between two of them.

    Raises ExperimentNotFound.
    """
    record = store.experiment(experiment_id)
    frame = event_frame(plain({"kind": EDIT, "time_us": _edit_time_us(store, experiment_id), **changes}))
    return Batch(
        writer_id=new_writer_id(),
        experiment_id=experiment_id,
        project=record.project,
        generation=record.generation,
        first_seq=0,
        count=1,
        first_held=0,
        body=frame,
    )


def binned(by: str, now_s: float) -> dict[str, Any]:
    """The change that puts an experiment into the bin."""
    return {"binned": {"time_us": int(now_s * 1e6), "by": by[:200]}}


RESTORED: Final[Mapping[str, Any]] = {"binned": None}
"""The change that takes one out."""


def goes_at_s(record: ExperimentRecord) -> float | None:
    """When one in the bin is freed, seconds since 1970; None: it is not in the bin."""
    return None if record.binned is None else float(record.binned["time_us"] / 1e6 + BIN_S)


def free_due(store: Store, now_s: float) -> list[str]:
    """Delete what was in the bin for seven days; which that was. Raises StoreErrors."""
    freed = []
    for record in store.experiments(binned=True):
        goes_s = goes_at_s(record)
        if goes_s is None or goes_s > now_s or store.cold([record.experiment_id]):
            continue
        with contextlib.suppress(ExperimentNotFound):  # somebody was quicker
            store.delete(record.experiment_id)
            freed.append(record.experiment_id)
    return freed


def _edit_time_us(store: Store, experiment_id: str) -> int:
    """Of a new edit: behind all edits that are known, because their times are their order, whatever the clock says."""
    told = [event.content.get("time_us") for event in store.events(experiment_id, kinds=[EDIT])]
    return max([time.time_ns() // 1000, *(us + 1 for us in told if type(us) is int and us < MAX_STEP)])
