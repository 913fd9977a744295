"""Rows of the datasets that a Trainer is given, whatever they are: read in part, in bounded time, without a trace."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

MADE_BY_TOKENIZING: Final = frozenset(
    {
        "input_ids", "attention_mask", "token_type_ids", "special_tokens_mask", "position_ids", "offset_mapping",
        "length", "word_ids", "overflow_to_sample_mapping", "num_truncated_tokens", "pixel_values", "pixel_mask",
        "input_features", "input_values", "decoder_input_ids", "bbox",
    }
)  # fmt: skip
"""Columns that follow from others by a tokenizer or processor: another one makes others of the same data."""
LABELS: Final = ("labels", "label", "label_ids", "ner_tags", "tags")
_READ_AT_ONCE: Final = 256


def length_of(dataset: Any) -> int | None:
    """How many rows, of a dataset that can be read by number; None of one that is streamed."""
    if not hasattr(dataset, "__getitem__"):
        return None
    try:
        return len(dataset)
    except (TypeError, NotImplementedError):  # PyTorch's way to say that a dataset, or what it wraps, has no length
        return None


def is_table(dataset: Any) -> bool:
    """Whether it is a `datasets.Dataset`, or reads like one: columns, and rows by a list of places."""
    return hasattr(dataset, "column_names") and hasattr(dataset, "select_columns") and hasattr(dataset, "with_format")


def evaluation_sets(trainer: Any) -> dict[str, Any]:
    """The Trainer's evaluation sets by the prefix of their metrics: {"eval": …} or {"eval_<name>": …}."""
    given = getattr(trainer, "eval_dataset", None)
    if given is None:
        return {}
    if isinstance(given, Mapping) and not is_table(given):
        return {f"eval_{name}": one for name, one in given.items()}
    return {"eval": given}


def original_of(trainer: Any, prefix: str, given: Any) -> Any:
    """The evaluation set with all its columns, of which `given` may lack those that the model does not take.

    `evaluate(other_set)` has the same prefix: so first and last row are compared.
    """
    original = evaluation_sets(trainer).get(prefix)
    if original is None or original is given or not (is_table(original) and is_table(given)):
        return given
    rows = length_of(given)
    if not rows or rows != length_of(original) or not set(given.column_names) <= set(original.column_names):
        return given
    same = original.select_columns(list(given.column_names))
    return original if all(str(given[at]) == str(same[at]) for at in (0, rows - 1)) else given


def columns_of_content(dataset: Any) -> list[str]:
    """The columns that hold the data themselves, where there are any; else all."""
    names = list(dataset.column_names)
    own = [name for name in names if name not in MADE_BY_TOKENIZING]
    if any(name in own for name in LABELS[1:]):
        own = [name for name in own if name != "labels"]  # made of those, one for each token
    return own if any(name not in LABELS for name in own) else names


def reader(dataset: Any) -> tuple[Callable[[Sequence[int]], Iterable[Any]], str]:
    """How to read rows at places, and what of a row that gives, in words."""
    if not is_table(dataset):
        return (lambda places: (dataset[at] for at in places)), "rows as the dataset gives them"
    columns = sorted(columns_of_content(dataset))
    table = dataset.with_format(None).select_columns(columns)
    words = "columns " + ", ".join(columns)
    if set(columns) <= MADE_BY_TOKENIZING | set(LABELS):
        words += " (made by a tokenizer: another one makes another set)"

    def read(places: Sequence[int]) -> Iterator[Any]:
        for at in range(0, len(places), _READ_AT_ONCE):
            part = table[list(places[at : at + _READ_AT_ONCE])]
            for row in zip(*(part[name] for name in columns), strict=True):
                yield dict(zip(columns, row, strict=True))

    return read, words


@contextmanager
def random_numbers_kept() -> Iterator[None]:
    """Whatever draws random numbers within (a dataset that augments): afterwards they go on as if it had not."""
    import torch

    python, cpu = random.getstate(), torch.get_rng_state()
    on_cuda = torch.cuda.is_available() and torch.cuda.is_initialized()  # type: ignore[no-untyped-call, unused-ignore]
    cuda = torch.cuda.get_rng_state_all() if on_cuda else None
    numpy = sys.modules.get("numpy")
    of_numpy = numpy.random.get_state() if numpy is not None else None
    try:
        yield
    finally:
        random.setstate(python)
        torch.set_rng_state(cpu)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)
        if numpy is not None:
            numpy.random.set_state(of_numpy)
