"""What may happen in a history, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

WEIGHTS = {
    "log": 24, "send": 24, "deliver": 44, "heartbeat": 6, "timeout": 5, "start": 3, "finish": 1, "kill": 2, "sync": 4,
    "fdatasync": 3, "fsync": 6, "merge": 6, "crash": 2, "restart": 6, "load": 6, "drop": 3,
}  # fmt: skip
"""Always possible. What follows is in a history only if its feature is drawn: each in half of the histories."""
FEATURES = {
    "repeat": {"duplicate": 5},
    "threads": {"log_slow": 8, "log_end": 8},
    "short writes": {"log_short": 5},
    "full disk": {"disk_full": 2, "disk_free": 4},
    "bad frames": {"log_bad": 3},
    "fork": {"fork": 2},
    "clock": {"clock_back": 3},
    "power": {"power_cut": 1, "store_power_cut": 1},
    "wipe": {"wipe": 2},
    "delete": {"delete": 1},
    "snapshot": {"snapshot": 3, "restore": 1},
    "proxy": {"page": 4},
    "fall-back": {"send_local": 12},
    "second sender": {"second_sender": 3},
    "copy": {"copy_machine": 2},
    "budget": {},
    "persistent": {},
    "two servers": {},
}
NOT_WITH_COPIES = ("wipe", "power", "snapshot", "delete", "bad frames", "fall-back")
"""A copied running machine goes with none of these.

A request of the copy that was answered 409 may still be on its way; behind a wipe it is taken under the old id, while
its frames were issued again under a new one: stored twice. It takes a request held back for longer than its sender
lives and a wipe at once. Of a frame refused for good the store keeps no content, so it cannot see that a copy has
another under that seq. Frames that were issued again for home's sake may stand in the fall-back twice.
"""


def drawn_features(rng: Random) -> frozenset[str]:
    """Which things may happen in one history. Few at a time find more than all at once."""
    drawn = {name for name in FEATURES if rng.random() < 0.5}
    if "copy" in drawn:
        drawn -= set(NOT_WITH_COPIES)
    return frozenset(drawn)


def steps_of(features: frozenset[str]) -> tuple[Sequence[str], Sequence[int]]:
    """The actions that may happen with these features, and their weights."""
    weights = dict(WEIGHTS)
    for feature in sorted(features):
        weights |= FEATURES[feature]
    return list(weights), list(weights.values())
