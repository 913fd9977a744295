"""What is in the bin: experiments that a person deleted, until they are freed."""

from __future__ import annotations

from typing import Any

from trackio_client.store.binning import BIN_DAYS, goes_at_s
from trackio_client.store.contract import Store


def list_bin(store: Store, project: str | None, now_s: float) -> dict[str, Any]:
    """{"experiments": […], "days", "now_s"}: what was deleted (of a project), when, by whom, and when it goes for good.

    `now_s` is the store's clock. The last deleted come first; an unknown project has nothing in the bin.
    """
    records = sorted(
        store.experiments(project, binned=True), key=lambda record: (-(record.binned or {})["time_us"], record.name)
    )
    rows = [
        {
            "experiment_id": record.experiment_id,
            "project": record.project,
            "name": record.name,
            "group": record.group,
            "tags": list(record.tags),
            "created_s": record.created_s,
            "last_step": record.last_step,
            "point_count": record.point_count,
            "binned_s": (record.binned or {})["time_us"] / 1e6,
            "by": (record.binned or {})["by"],
            "goes_s": goes_at_s(record),
        }
        for record in records
    ]
    return {"experiments": rows, "days": BIN_DAYS, "now_s": now_s}
