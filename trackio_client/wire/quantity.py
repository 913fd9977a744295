"""What a metric measures, and the groups that a page draws metrics in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Goal = Literal["min", "max"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What a metric measures."""

    name: str
    """The quantity in words, the same for every alias: "training loss". Unknown metrics keep their own name."""
    group: str
    """The section of the page it is drawn in: a key of GROUPS, or the part before "/" of an unknown name."""
    title: str
    """What stands over its chart, without the group: "Loss", "Loss · g0", "F1 · PER"."""
    unit: str = ""
    """"s", "GiB", "%", "tokens/s" …; empty for pure numbers."""
    goal: Goal | None = None
    """Whether low or high is better; None when neither is, or nobody can know."""
    of: str = ""
    """What it is the quantity of, when there are several: the label, the evaluation set, the device's number."""
    rank: int = 999
    """Place within its group; unknown metrics come last."""


GROUPS: Final[dict[str, str]] = {
    "train": "Training",
    "eval": "Evaluation",
    "test": "Test",
    "rewards": "Rewards",
    "label": "Per label",
    "train_sample": "Training sample",
    "speed": "Speed and tokens",
    "other": "Other",
    "system": "System",
}
"""Title of each known group, in page order. Groups made of a user's own prefixes stand before `speed`."""
