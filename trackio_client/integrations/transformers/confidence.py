"""How sure the model is: mean, spread, 10th and 90th percentile of the entropy of its predictions (S4.27)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from trackio_client.integrations.transformers.groups import Group, Run
from trackio_client.integrations.transformers.labels import prefix_of
from trackio_client.integrations.transformers.observing import Observed
from trackio_client.scoring.confidence import Confidence, confidence


class Confidences(Group):
    """Adds `prediction_entropy` to an evaluation; logs eval_entropy, eval_entropy_p10 and eval_entropy_p90."""

    name: ClassVar[str] = "confidence"

    def __init__(self) -> None:
        self._found: dict[str, Confidence] = {}

    def observed(self, run: Run, observed: Observed) -> None:
        found = confidence(observed.entropy, observed.choices)
        if found is None:
            run.not_recorded("confidence", "no prediction was a number")
            return
        self._found[observed.prefix] = found

    def evaluated(self, run: Run, metrics: Mapping[str, Any]) -> None:
        prefix = prefix_of(metrics, self._found)
        found = self._found.pop(prefix, None) if prefix is not None else None
        if found is None:
            return
        part = "" if prefix == "eval" else "_" + str(prefix).removeprefix("eval_")
        run.evaluation[f"prediction_entropy{part}"] = found.plain()
        names = {f"{prefix}_entropy": found.mean, f"{prefix}_entropy_spread": found.spread}
        names |= {f"{prefix}_entropy_p10": found.p10, f"{prefix}_entropy_p90": found.p90}
        run.experiment.log({name: value for name, value in names.items() if name not in metrics}, step=run.step)
