"""What a model classifies: tokens or whole samples, with which labels, one of them a sample or several.

The labels are the model's own (`config.id2label`): a label that only the evaluation set holds is among them, and one
that nobody ever predicts too. Where the config has none but Transformers' placeholders ("LABEL_0"), the names are taken
from the classes of the dataset's column, when they are as many.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal["tokens", "single_label", "multi_label"]

MAX_LABELS: Final = 1_500
"""A matrix of so many labels is 18 MB while it is made. A classification of more is not scored, and says so."""
_PLACEHOLDER: Final = "LABEL_"
_LABEL_COLUMNS: Final = ("labels", "label", "label_ids", "ner_tags", "tags")


@dataclass(frozen=True, slots=True)
class Head:
    """What is predicted, as read from the arrays of a first batch and the model's configuration."""

    kind: Kind
    labels: tuple[str, ...]


def names_of(model: Any) -> tuple[str, ...] | None:
    """The labels of the model's configuration by number; None when it has no map, or one with holes."""
    id2label = getattr(getattr(model, "config", None), "id2label", None)
    if not isinstance(id2label, Mapping) or not id2label:
        return None
    try:
        by_number = {int(number): str(label) for number, label in id2label.items()}
    except (TypeError, ValueError):
        return None
    if sorted(by_number) != list(range(len(by_number))):
        return None
    return tuple(by_number[number] for number in range(len(by_number)))


def are_placeholders(labels: tuple[str, ...] | None) -> bool:
    """Whether nobody named the labels."""
    return labels is None or labels == tuple(f"{_PLACEHOLDER}{number}" for number in range(len(labels)))


def names_of_dataset(dataset: Any) -> tuple[str, ...] | None:
    """The names of the classes of a `datasets.Dataset`'s label column; None when it has none."""
    features = getattr(dataset, "features", None)
    if not isinstance(features, Mapping):
        return None
    for column in _LABEL_COLUMNS:
        feature = features.get(column)
        names = getattr(getattr(feature, "feature", feature), "names", None)
        if isinstance(names, list) and names:
            return tuple(str(name) for name in names)
    return None


def labels_for(model: Any, dataset: Any, count: int) -> tuple[str, ...]:
    """The names of `count` labels: the model's, else the dataset's, else their numbers.

    Raises:
        ValueError: the model gives another number of scores than it has labels.
    """
    named = names_of(model)
    if named is not None and len(named) != count and not are_placeholders(named):
        raise ValueError(
            f"the model gives {count} scores and its config.id2label names {len(named)} labels "
            f"({', '.join(named[:5])} …). Set id2label to one name for each score"
        )
    if named is not None and len(named) == count and not are_placeholders(named):
        return named
    of_dataset = names_of_dataset(dataset)
    if of_dataset is not None and len(of_dataset) == count:
        return of_dataset
    return named if named is not None and len(named) == count else tuple(str(number) for number in range(count))


def mismatch(model: Any, dataset: Any) -> str | None:
    """What is wrong when model and dataset both name their labels and do not agree: every score would be off."""
    ours, theirs = names_of(model), names_of_dataset(dataset)
    if ours is None or theirs is None or are_placeholders(ours) or are_placeholders(theirs) or ours == theirs:
        return None
    if len(ours) != len(theirs):
        return f"the model has {len(ours)} labels and the evaluation set {len(theirs)}"
    at = next(number for number, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
    return f"label {at} is {ours[at]!r} for the model and {theirs[at]!r} in the evaluation set"


def head_of(model: Any, dataset: Any, logits: Any, labels: Any) -> Head | None:
    """What is predicted, from the shapes of one batch; None when it is no classification (a language model …).

    Args:
        model: as the Trainer was given it.
        dataset: the evaluation set, for its names.
        logits: a tensor, (n, labels) or (n, tokens, labels).
        labels: a tensor, (n,), (n, labels) or (n, tokens).

    Raises:
        ValueError: labels that do not match the scores.
    """
    shape, gold = tuple(logits.shape), tuple(labels.shape)
    config = getattr(model, "config", None)
    if getattr(config, "problem_type", None) == "regression" or not shape or shape[-1] < 2:
        return None
    if shape[-1] > MAX_LABELS:
        if len(shape) == 2 and "Classification" in type(model).__name__:
            raise ValueError(f"scores of more than {MAX_LABELS} labels are not recorded; this model has {shape[-1]}")
        return None
    is_float = bool(labels.is_floating_point())
    count = shape[-1]
    if len(shape) == 3 and gold == shape[:2] and not is_float and _marks_tokens(model, count):
        return Head("tokens", labels_for(model, dataset, count))
    if len(shape) == 2 and len(gold) == 1 and gold[0] == shape[0] and not is_float:
        return Head("single_label", labels_for(model, dataset, count))
    is_set = is_float or getattr(config, "problem_type", None) == "multi_label_classification"
    if len(shape) == 2 and gold == shape and is_set and hasattr(model, "config"):
        return Head("multi_label", labels_for(model, dataset, count))
    return None


def _marks_tokens(model: Any, count: int) -> bool:
    """Whether scores of each token are labels of it: a language model's have the same shape, over its vocabulary."""
    inner = getattr(model, "get_base_model", None)
    kind = type(inner() if callable(inner) else model).__name__
    if "TokenClassification" in kind:
        return True
    named = names_of(model)
    return named is not None and len(named) == count and not are_placeholders(named) and "LM" not in kind
