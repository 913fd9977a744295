"""How many alerts experiments told, and how bad the worst of them is: what a row of a list says of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from trackio_client.store.contract import Store

LEVELS: Final = ("info", "warn", "error")
"""From the calmest to the gravest."""
_MEANS: Final = {"warning": "warn", "critical": "error", "fatal": "error"}


def level_of(said: Any) -> str:
    """One of LEVELS. What is no level is a warning, as `alert` takes it: somebody wanted it to be looked at."""
    word = said.strip().lower() if isinstance(said, str) else ""
    return word if word in LEVELS else _MEANS.get(word, "warn")


def alert_counts(store: Store, experiments: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Per experiment (alerts, the gravest level), as far as they are loaded; those without absent."""
    return {
        experiment: (sum(levels.values()), max(map(level_of, levels), key=LEVELS.index))
        for experiment, levels in store.alert_levels(experiments).items()
    }
