"""What an experiment's config says besides its seed: experiments that say the same are seeds of one setting.

Left out are keys that name a seed (`seed`, `data_seed`, `rng`, all below `seeds`) and those that say where a training
writes; texts are compared without the seed that they tell. The page does the same without a server: view/base/seeds.js.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

from trackio_client.wire.events import plain

BUT_SEED: Final = "but:seed"
"""The column of a list that holds it."""
MOST: Final = 2_000
"""Experiments, the newest, of which it is told what differs: names, not groups, depend on it."""
LONGEST: Final = 120
"""Characters of a text that is told; all of it counts."""

_PLACES: Final = frozenset({"output_dir", "logging_dir", "run_name"})
_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_SEED: Final = re.compile(
    # A run of signs is tried where it begins, and only there: else it takes the square of its length.
    r"(?<![\s_\-./,;])[\s_\-./,;]*(?:[(\[{]?\b(?:random[\s_-]?)?(?:seed|rng)[\s_\-=:#]*\d+\b[)\]}]?"
    r"|(?<=[\s_\-./,;])s\d+(?![^\W_]))",
    re.IGNORECASE,
)


def flat(config: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """A nested config as (dotted key, value)."""
    found: list[tuple[str, Any]] = []
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            found += flat(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", value))
    return found


def is_seed(key: str) -> bool:
    """Whether a dotted key names a seed: of training, data, Python, numpy …"""
    words = {word.lower() for word in _WORDS.findall(key)}
    return bool(words & {"seed", "seeds", "rng"}) or any(word.endswith(("hashseed", "randomseed")) for word in words)


def without_seed(text: str) -> str:
    """A text without the seed that it tells ("out/lr3e-4_seed1" -> "out/lr3e-4"); itself when nothing else is left."""
    spaced = text.replace("_", " ")  # "_" is a letter to \b, and the usual sign before "seed"
    kept, at = "", 0
    for found in _SEED.finditer(spaced):
        kept, at = kept + text[at : found.start()], found.end()
    return (kept + text[at:]).lstrip(" \t\n\r_-./,;").strip() or text if at else text


def seedless(config: Mapping[str, Any]) -> dict[str, Any]:
    """{dotted key: value} without seeds and places, sorted by key."""
    kept = {
        key: without_seed(value) if isinstance(value, str) else plain(_whole(value))
        for key, value in flat(config)
        if key.rpartition(".")[2] not in _PLACES and not is_seed(key)
    }
    return dict(sorted(kept.items()))


class Settings:
    """The settings of some experiments, told as the column `but:seed`."""

    def __init__(self, configs: Iterable[Mapping[str, Any]]) -> None:
        """`configs`: of all experiments among which it is told what differs, the newest first."""
        some = [seedless(config) for config in islice(configs, MOST)]
        values: dict[str, Counter[str]] = {}
        for settings in some:
            for key, value in settings.items():
                values.setdefault(key, Counter())[_told(value)] += 1
        self._varying = [key for key, found in values.items() if len(found) > 1 or found.total() < len(some)]

    def cell(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """{"same": a digest that all seeds of a setting share, "differs": {key: value} of keys whose values differ}."""
        settings = seedless(config)
        differs = {key: _short(settings[key]) for key in self._varying if key in settings}
        told = _told(settings)
        return {"same": hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16], "differs": differs}


def _whole(value: Any) -> Any:
    """1.0 is 1: a page says both alike."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _told(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def _short(value: Any) -> Any:
    if (
        isinstance(value, str | list | dict)
        and len(text := value if isinstance(value, str) else _told(value)) > LONGEST
    ):
        return f"{text[:LONGEST]}…"
    return value
