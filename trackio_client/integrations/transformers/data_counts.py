"""What the data are: rows, tokens, and how often each label is there, of the training and the evaluation set (S4.5).

Counted at the beginning, in bounded time: all of a table of any usual size, as much as there is time for of a dataset
whose rows have to be made one by one; `counted_lines` says when it was not all. A streamed set is not counted.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from trackio_client.integrations.transformers.groups import Group, Run
from trackio_client.integrations.transformers.heads import are_placeholders, names_of, names_of_dataset
from trackio_client.integrations.transformers.reading import (
    LABELS,
    evaluation_sets,
    is_table,
    length_of,
    random_numbers_kept,
)
from trackio_client.scoring.spans import tagging_of
from trackio_client.scoring.tokens import IGNORED

LIMIT_S: float = 0.3
"""For each set."""
STREAMED: Final = "not recorded: streamed"
_STRIDE: Final = 16
"""Rows that are made one by one are read 0, 16, 32 …, then 8, 24 …: what there is time for is spread over the set."""
_AT_ONCE: Final = 2_000
_ROWS_AT_ONCE: Final = 256
_MOST_LABELS: Final = 2_000


class DataCounts(Group):
    """Adds `dataset_counts`, `label_list` and `num_labels` to the configuration."""

    name: ClassVar[str] = "data_counts"

    def begin(self, run: Run) -> None:
        if run.trainer is None:
            return
        labels = labels_of(run)
        if labels is not None:
            run.run_config |= {"label_list": list(labels[:_MOST_LABELS]), "num_labels": len(labels)}
        counts: dict[str, Any] = {}
        run.run_config["dataset_counts"] = counts  # what is counted stands, if a later set raises
        with random_numbers_kept():
            if (train := getattr(run.trainer, "train_dataset", None)) is not None:
                counts["train"] = counted(train, labels)
            for prefix, dataset in evaluation_sets(run.trainer).items():
                name = "validation" if prefix == "eval" else f"validation/{prefix.removeprefix('eval_')}"
                counts[name] = counted(dataset, labels)
        if not counts:
            del run.run_config["dataset_counts"]


def labels_of(run: Run) -> tuple[str, ...] | None:
    """The labels of a model that classifies; the dataset's names where the model has placeholders. Else None."""
    inner = getattr(run.model, "get_base_model", None)
    kind = type(inner() if callable(inner) else run.model).__name__
    own = names_of(run.model)
    if own is None or ("Classification" not in kind and are_placeholders(own)):
        return None
    if are_placeholders(own):
        for dataset in (run.trainer.train_dataset, *evaluation_sets(run.trainer).values()):
            named = names_of_dataset(dataset)
            if named is not None and len(named) == len(own):
                return named
    return own


def counted(
    dataset: Any, labels: tuple[str, ...] | None, *, now: Callable[[], float] = time.perf_counter
) -> dict[str, Any]:
    """Counts of one set.

    Returns:
        {"num_lines", "num_tokens", "num_entity_tokens", "num_o_tokens", "o_entity_ratio": tokens outside for each one
        in an entity, "label_counts": {label: n}}, without what the data do not have; {"not_recorded": …} of a stream.
    """
    rows = length_of(dataset)
    if rows is None:
        return {"not_recorded": STREAMED}
    tally = Tally(labels)
    began = now()
    for part in _parts_of_table(dataset, labels) if is_table(dataset) else _parts_of_rows(dataset, rows):
        tally.add(part)
        if now() - began > LIMIT_S:
            break
    return tally.told(rows)


@dataclass
class Part:
    """Some rows: how many, the label numbers of all of them in one array, and the tokens they have."""

    rows: int
    gold: NDArray[Any] | None = None
    """(n,) label numbers; (rows, labels) floats of label sets."""
    is_tokens: bool = False
    input_tokens: int | None = None


@dataclass
class Tally:
    """Counts so far."""

    labels: tuple[str, ...] | None
    rows: int = 0
    tokens: int = 0
    input_tokens: int | None = None
    is_tokens: bool = False
    counts: Counter[int] = field(default_factory=Counter)
    has_labels: bool = False

    def add(self, part: Part) -> None:
        self.rows += part.rows
        if part.input_tokens is not None:
            self.input_tokens = (self.input_tokens or 0) + part.input_tokens
        gold = part.gold
        if gold is None or self.labels is None:
            return
        if gold.ndim == 2:  # label sets
            summed = (gold >= 0.5).sum(axis=0).tolist()
            self.counts.update({at: n for at, n in enumerate(summed) if n})
        else:
            kept = gold[gold != IGNORED]
            numbers, counts = np.unique(kept, return_counts=True)
            self.counts.update(dict(zip(numbers.tolist(), counts.tolist(), strict=True)))
            if part.is_tokens:
                self.is_tokens = True
                self.tokens += int(kept.size)
        self.has_labels = True

    def told(self, rows: int) -> dict[str, Any]:
        told: dict[str, Any] = {"num_lines": rows}
        if self.rows < rows:
            told["counted_lines"] = self.rows
            told["note"] = f"counted {self.rows} of {rows} rows: time"
        if self.is_tokens:
            told["num_tokens"] = self.tokens
        elif self.input_tokens is not None:
            told["num_tokens"] = self.input_tokens
        if self.labels is None or not self.has_labels:
            return told
        tagging = tagging_of(self.labels) if self.is_tokens else None
        if tagging is not None:
            inside = sum(n for at, n in self.counts.items() if _is_inside(tagging.type_numbers, at))
            told |= {"num_entity_tokens": inside, "num_o_tokens": self.tokens - inside}
            if inside:
                told["o_entity_ratio"] = (self.tokens - inside) / inside
        told["label_counts"] = {label: self.counts.get(at, 0) for at, label in enumerate(self.labels[:_MOST_LABELS])}
        unknown = {str(at): n for at, n in sorted(self.counts.items()) if not 0 <= at < len(self.labels)}
        if unknown:
            told["unknown_labels"] = dict(list(unknown.items())[:50])
        return told


def _is_inside(type_numbers: NDArray[Any], at: int) -> bool:
    return 0 <= at < type_numbers.size and bool(type_numbers[at] >= 0)


def _parts_of_table(dataset: Any, labels: tuple[str, ...] | None) -> Iterator[Part]:
    """Of a `datasets.Dataset`: columns as they lie in memory, without making rows of them."""
    names = list(dataset.column_names)
    column = next((name for name in LABELS if name in names), None) if labels is not None else None
    wanted = [name for name in (column, "input_ids") if name is not None and name in names]
    if not wanted:
        yield Part(rows=len(dataset))
        return
    for table in dataset.select_columns(wanted).with_format("arrow").iter(batch_size=_AT_ONCE):
        part = Part(rows=table.num_rows)
        if "input_ids" in wanted:
            part.input_tokens = len(_flattened(table["input_ids"]))
        if column is not None:
            part.is_tokens = "list" in str(table[column].type)
            values = _flattened(table[column])
            numbers = values.to_numpy(zero_copy_only=False)
            if part.is_tokens and numbers.dtype.kind in "fb" and numbers.size == part.rows * len(labels or ()):
                part.gold, part.is_tokens = numbers.reshape(part.rows, -1).astype(np.float64), False
            elif numbers.dtype.kind in "iub":
                part.gold = numbers.astype(np.int64)
        yield part


def _flattened(column: Any) -> Any:
    joined = column.combine_chunks()
    return joined.flatten() if "list" in str(joined.type) else joined


def _parts_of_rows(dataset: Any, rows: int) -> Iterator[Part]:
    """Of any other dataset, row by row; in parts that grow, so that a slow one can be left soon."""
    offsets = sorted(range(_STRIDE), key=lambda offset: int(f"{offset:04b}"[::-1], 2))
    places = itertools.chain.from_iterable(range(offset, rows, _STRIDE) for offset in offsets)
    size = 1
    while some := list(itertools.islice(places, size)):
        yield from _grouped([dataset[at] for at in some])
        size = min(2 * size, _ROWS_AT_ONCE)


def _grouped(rows: list[Any]) -> list[Part]:
    """Rows as parts: one of those with a label, one of those with several, and so on."""
    single: list[Any] = []
    marks: list[Any] = []
    sets: list[NDArray[Any]] = []
    tokens = [count for row in rows if (count := _input_tokens(row)) is not None]
    for row in rows:
        label = _label(row)
        if type(label) is int:
            single.append(label)
        elif type(label) is list and label and type(label[0]) is int:
            marks.extend(label)
        elif label is not None:
            gold = np.asarray(label.detach().cpu() if hasattr(label, "detach") else label)
            if gold.dtype.kind == "f" and gold.ndim == 1:
                sets.append(gold)
            elif gold.dtype.kind in "iub" and gold.ndim == 1:
                marks.extend(gold.tolist())
            elif gold.dtype.kind in "iub" and gold.ndim == 0:
                single.append(int(gold))
    parts = [Part(rows=len(rows), input_tokens=sum(tokens) if tokens else None)]
    if single:
        parts.append(Part(rows=0, gold=np.array(single, dtype=np.int64)))
    if marks:
        parts.append(Part(rows=0, gold=np.array(marks, dtype=np.int64), is_tokens=True))
    if sets and len({one.size for one in sets}) == 1:
        parts.append(Part(rows=0, gold=np.stack(sets)))
    return parts


def _label(row: Any) -> Any:
    if isinstance(row, (tuple, list)) and len(row) == 2:
        return row[1]
    if not isinstance(row, Mapping):
        return None
    return next((row[name] for name in LABELS if row.get(name) is not None), None)


def _input_tokens(row: Any) -> int | None:
    given = row.get("input_ids") if isinstance(row, Mapping) else None
    if given is None or not hasattr(given, "__len__"):
        return None
    mask = row.get("attention_mask")
    return int(sum(mask)) if isinstance(mask, list) else len(given)
