"""The predictions of all processes of a training, brought to the one that reports.

Not by a collective operation: one that some process does not join (a fault there, another switch) would stop the
training for ever. Each process posts its part into the key-value store that torch.distributed keeps anyway, and waits
for nobody; the reporting process waits for the parts, with a limit, and reports its own part if some do not come.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import accumulate
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trackio_client.integrations.transformers.observing import Observed

WAIT_S: Final = 20.0
"""Processes end an evaluation together (the Trainer gathers each batch), so parts come within milliseconds."""
MOST_BYTES: Final = 64 * 2**20
"""Of one process's part: 4 million tokens. A larger one is not posted."""
_ARRAYS: Final = ("gold", "predicted", "confidence", "entropy", "lengths")


class Post:
    """Parts of one training's evaluations, under keys of their own."""

    def __init__(self, rank: int, world_size: int, store: Any = None) -> None:
        self.rank, self.world_size = rank, world_size
        self._store = store
        self._evaluations = 0
        self._is_off = False

    def together(self, own: Observed | None, rows: Sequence[int], total: int | None) -> Observed | None:
        """What all processes saw, on rank 0; elsewhere None. Never longer than WAIT_S, and after that never again.

        Args:
            own: of this process; None: it has nothing to post.
            rows: samples of each of its batches.
            total: samples of the evaluation set; what is read beyond it fills the last batch up. None: not known.
        """
        if self.world_size == 1:
            return own
        self._evaluations += 1
        if self._is_off or (store := self._store or _default_store()) is None:
            return _alone(own, self.world_size) if self.rank == 0 else None
        key = f"trackio/evaluation/{self._evaluations}"
        if self.rank != 0:
            store.set(f"{key}/{self.rank}", b"" if own is None else _packed(own, rows))
            return None
        if own is None:
            return None
        others = [f"{key}/{rank}" for rank in range(1, self.world_size)]
        try:
            store.wait(others, timedelta(seconds=WAIT_S))
            parts = [store.get(other) for other in others]
        except Exception:  # a store that waited too long raises another error in each version: no others, then
            self._is_off = True
            return _alone(own, self.world_size)
        for other in others:
            store.delete_key(other)
        if not all(parts):
            return _alone(own, self.world_size)
        return _merged(own, [(_arrays(own), list(rows)), *map(_unpacked, parts)], total)


def _alone(own: Observed | None, world_size: int) -> Observed | None:
    return None if own is None else replace(own, of_processes=world_size)


def _default_store() -> Any:
    try:
        from torch.distributed import distributed_c10d

        return distributed_c10d._get_default_store()
    except (ImportError, ValueError, RuntimeError, AttributeError):  # no process group
        return None


def _arrays(one: Observed) -> dict[str, NDArray[Any]]:
    return {name: getattr(one, name) for name in _ARRAYS}


def _packed(one: Observed, rows: Sequence[int]) -> bytes:
    arrays = _arrays(one)
    if sum(array.nbytes for array in arrays.values()) > MOST_BYTES:
        return b""
    into = io.BytesIO()
    np.savez(into, rows=np.array(rows, dtype=np.int64), **arrays)  # type: ignore[arg-type, unused-ignore]
    return into.getvalue()


def _unpacked(part: bytes) -> tuple[dict[str, NDArray[Any]], list[int]]:
    with np.load(io.BytesIO(part), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in _ARRAYS}, arrays["rows"].tolist()


def _merged(own: Observed, parts: list[tuple[dict[str, NDArray[Any]], list[int]]], total: int | None) -> Observed:
    """Samples in the order of the set: batch by batch, of each the processes in turn, as Accelerate deals them out."""
    order: list[tuple[int, int]] = []
    begins = [[0, *accumulate(rows)] for _, rows in parts]
    for batch in range(max(len(rows) for _, rows in parts)):
        for part, (_, rows) in enumerate(parts):
            if batch < len(rows):
                order.extend((part, at) for at in range(begins[part][batch], begins[part][batch + 1]))
    kept = order[:total]  # the last batches are filled up from the beginning of the set
    base = np.cumsum([0, *(arrays["lengths"].size for arrays, _ in parts)])
    samples = np.array([base[part] + at for part, at in kept], dtype=np.int64)
    lengths = np.concatenate([arrays["lengths"] for arrays, _ in parts])
    starts = np.cumsum(lengths) - lengths
    units = np.concatenate([np.arange(starts[at], starts[at] + lengths[at]) for at in samples] or [starts[:0]])
    joined = {
        name: np.concatenate([arrays[name] for arrays, _ in parts])[units] for name in _ARRAYS if name != "lengths"
    }
    inputs = [own.inputs[at] if part == 0 and at < len(own.inputs) else None for part, at in kept]
    return replace(
        own, **joined, lengths=lengths[samples], inputs=inputs, shared_by=len(parts), of_processes=len(parts)
    )
