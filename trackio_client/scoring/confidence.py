"""How sure a model is: the entropy of its predictions, in nats (natural logarithms; 1 nat is 1.44 bits)."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """The entropy of predictions: 0 is certain, `most` is no idea."""

    mean: float
    spread: float
    """Standard deviation over the predictions."""
    p10: float
    p90: float
    most: float
    """The entropy of a prediction that holds all labels equally likely: ln(labels)."""
    count: int
    not_numbers: int
    """Predictions whose entropy is NaN (a model that diverged); they are not in the figures above."""
    unit: str = "nats"

    def plain(self) -> dict[str, Any]:
        return asdict(self)


def confidence(entropy: Floats, choices: int) -> Confidence | None:
    """Mean, spread, 10th and 90th percentile (interpolated) of entropies; None when there is no number among them.

    Args:
        entropy: (n,) one a prediction, in nats.
        choices: how many answers there are: the labels, or 2 for yes or no.
    """
    finite = np.asarray(entropy, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    if not finite.size:
        return None
    p10, p90 = np.quantile(finite, (0.1, 0.9))
    return Confidence(
        mean=float(finite.mean()),
        spread=float(finite.std()),
        p10=float(p10),
        p90=float(p90),
        most=math.log(choices) if choices > 1 else 0.0,
        count=int(finite.size),
        not_numbers=int(np.size(entropy) - finite.size),
    )
