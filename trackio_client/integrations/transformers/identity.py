"""Which evaluation sets and labels the scores belong to: comparing runs whose sets differ says so first (S4.29)."""

from __future__ import annotations

from typing import Any, ClassVar

from trackio_client.integrations.transformers.groups import Group, Run
from trackio_client.integrations.transformers.heads import names_of
from trackio_client.integrations.transformers.reading import (
    evaluation_sets,
    length_of,
    random_numbers_kept,
    reader,
)
from trackio_client.scoring.identity import NotHashable, identity, label_identity

LIMIT_S: float = 0.3
"""Of reading one set; a tier of rows that is not done by then is left out (scoring/identity.py)."""


class Identities(Group):
    """Records `identity` at the beginning, and adds it to the configuration."""

    name: ClassVar[str] = "identity"

    def begin(self, run: Run) -> None:
        told: dict[str, Any] = {}
        with random_numbers_kept():
            sets = {prefix: identity_of(dataset) for prefix, dataset in evaluation_sets(run.trainer).items()}
        if sets:
            told["evaluation_sets"] = sets
        labels = names_of(run.model)
        if labels is not None and "Classification" in _class_of(run.model):
            told["labels"] = label_identity(labels)
        if told:
            run.run_config["identity"] = told
            run.record("identity", told)


def identity_of(dataset: Any) -> dict[str, Any]:
    """The identity of a dataset, or {"not_known": why}."""
    rows = length_of(dataset)
    if rows is None:
        return {"not_known": "streamed"}
    read, of = reader(dataset)
    try:
        return identity(rows, read, of=of, limit_s=LIMIT_S).plain()
    except NotHashable as why:
        return {"rows": rows, "not_known": str(why)}


def _class_of(model: Any) -> str:
    inner = getattr(model, "get_base_model", None)
    return type(inner() if callable(inner) else model).__name__
