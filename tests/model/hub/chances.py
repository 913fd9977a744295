"""What may happen in a history with a repo, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

WEIGHTS = {
    "log": 24, "send": 24, "deliver": 44, "push": 44, "land": 12, "unheard": 2, "hour": 3, "start": 4, "finish": 1,
    "timeout": 4, "sync": 3, "restart": 6, "load": 6, "drop": 3,
    "merge": 6,
}  # fmt: skip
"""Always possible. What follows is in a history only if its feature is drawn: each in half of the histories."""
FEATURES = {
    "repeat": {"duplicate": 5},
    "kills": {"kill": 2},
    "crash": {"crash": 3},
    "wipe": {"wipe": 3},
    "lost answers": {"unheard": 8},
    "refused commits": {"refuse": 4},
    "Hub away": {"hub_away": 3},
    "two Spaces": {"move": 5},
    "serverless": {"start_pusher": 6, "kill_pusher": 3},
    "wipe of staging": {},
    "fork": {"fork": 2},
    "delete": {"delete": 2},
    "bad part": {"part_fails": 3},
    "fall-back": {"send_local": 10},
    "another repo": {"push_elsewhere": 2},
    "budget": {},
    "laptop": {"push_laptop": 6},
}
FILES = {
    "files": {"log_file": 14, "collect": 2, "make_room": 3},
    "lost files": {"lose_file": 3},
    "lost at a store": {"rot": 1},
}
"""Of histories with files. They are drawn apart: a seed means the same history as before where they are left out."""


def drawn_features(rng: Random) -> frozenset[str]:
    """Which things may happen in one history. Few at a time find more than all at once."""
    apart = Random()
    apart.setstate(rng.getstate())
    drawn = frozenset(name for name in FEATURES if rng.random() < 0.5)
    if apart.getrandbits(64) % 2:
        return drawn
    return drawn | {"files"} | {name for name in FILES if apart.random() < 0.3}


def steps_of(features: frozenset[str]) -> tuple[Sequence[str], Sequence[int]]:
    """The actions that may happen with these features, and their weights."""
    weights = dict(WEIGHTS)
    for feature in sorted(features):
        for kind, weight in (FEATURES | FILES)[feature].items():
            weights[kind] = max(weight, weights.get(kind, 0))
    return list(weights), list(weights.values())


PLAIN = frozenset({"lost answers", "refused commits", "crash", "repeat", "kills"})
TWO = frozenset({"two Spaces", "wipe"})
WANTED = {
    "answer-before-head": (TWO, PLAIN),
    "no-look-at-gap": (TWO, PLAIN),
    "gap-asks-a-cache": (TWO, PLAIN),
    "compaction-skips-a-part": (frozenset({"bad part"}), PLAIN | {"two Spaces"}),
    "generation-not-kept": (frozenset({"wipe"}), PLAIN | {"two Spaces", "serverless"}),
    "no-lock": (frozenset({"serverless"}), frozenset(FEATURES) - {"two Spaces", "laptop", "fall-back"}),
    "delete-takes-shared": (frozenset({"files", "delete"}), frozenset({"two Spaces"})),
    "waits-for-lost": (frozenset({"files", "lost files"}), frozenset(FEATURES)),
    **dict.fromkeys(
        (
            "event-before-file", "file-freed-at-accepted", "file-freed-at-first", "believes-for-ever",
            "push-without-files", "collect-cited", "room-for-all", "merge-drops-files", "merge-doubles-files",
        ),
        (frozenset({"files"}), frozenset(FEATURES)),
    ),
}  # fmt: skip
"""For bugs that show seldom: what must be possible in a history, and what else may be. Files only where they matter."""


def features_for(planted: str, drawn: frozenset[str]) -> frozenset[str]:
    """What may happen in a history that looks for a planted bug."""
    must, may = WANTED.get(planted, (frozenset(), frozenset(FEATURES)))
    return drawn & may | must
