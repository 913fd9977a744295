"""What the Trainer's `eval_` prefix makes of per-label scores, under the name that pages and findings look for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_NESTED: Final = re.compile(r"eval_(?:per_)?label(?:_metrics|s)?")
_FLAT: Final = re.compile(_NESTED.pattern + r"/(?P<rest>.+/(?:f1|precision|recall|support))")


def renamed(logs: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the Trainer's logs: `eval_label/PER/f1` is `eval/label/PER/f1`; nothing is left out or changed else."""
    flat: dict[str, Any] = {}
    for name, value in logs.items():
        if isinstance(value, Mapping) and _NESTED.fullmatch(name):
            for label, scores in value.items():
                inner = scores if isinstance(scores, Mapping) else {"f1": scores}
                flat.update({f"eval/label/{label}/{what}": score for what, score in inner.items()})
        elif match := _FLAT.fullmatch(name):
            flat[f"eval/label/{match['rest']}"] = value
        else:
            flat[name] = value
    return flat
