"""Which of a run's log_ids are held: what makes sending a batch twice harmless.

Trackio's client names each call of `log`, `log_system` and `alert` by a random id, once. What it could not deliver it
keeps, and sends again later: in another batch, in another order, together with what came since. So neither a batch nor
a place in it names a call for ever; only the id does, and our watermark, which counts the places in a writer's log,
cannot carry ids that come in no order. A writer for each id would be exact as well, and cost a row of the watermark,
the index of the repo and every list of writers for each call: a million of them.

Instead each batch that we append for a run ends with an event that names the ids of the calls in it (`received`). It is
one transaction with them, so no crash parts the two, and it goes where they go: to the repo, back from it, into copies.
Who opens a run reads these events; a repeated id is then left out before anything is written.

An id is kept as 8 bytes of its BLAKE2b: 11 characters in an event, 8 bytes in memory, 8 MB for a million calls. Two
different ids of one run are taken for the same with a probability of n²/2⁶⁵: for a million calls 3 in 10⁸.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import numpy.typing as npt

RECENT: Final = 32_768
"""Ids in the set before they are sorted in with the others: sorting a million takes some hundredths of a second."""
_BYTES: Final = 8

Keys = npt.NDArray[np.uint64]


def key_of(log_id: str) -> int:
    """An id as it is kept."""
    return int.from_bytes(blake2b(log_id.encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest(), "little")


def packed(keys: Iterable[int]) -> str:
    """Keys as an event carries them."""
    raw = b"".join(key.to_bytes(_BYTES, "little") for key in keys)
    return base64.b64encode(raw).decode("ascii")


def unpacked(text: Any) -> Keys:
    """The keys of an event; what is no list of keys holds none."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        return np.empty(0, np.uint64)
    return np.frombuffer(raw[: len(raw) // _BYTES * _BYTES], "<u8").astype(np.uint64, copy=False)


class Received:
    """The keys of one run."""

    def __init__(self, events: Sequence[Any] = ()) -> None:
        """`events`: the `ids` of what was told before."""
        parts = [unpacked(text) for text in events]
        self._sorted: Keys = np.sort(np.concatenate(parts)) if parts else np.empty(0, np.uint64)
        self._recent: set[int] = set()

    def __len__(self) -> int:
        return len(self._sorted) + len(self._recent)

    @property
    def nbytes(self) -> int:
        """What the sorted keys take in memory."""
        return int(self._sorted.nbytes)

    def known(self, keys: Sequence[int]) -> set[int]:
        """Those of the keys that are held."""
        found = self._recent.intersection(keys)
        if len(self._sorted) and keys:
            asked = np.array(keys, np.uint64)
            places = np.searchsorted(self._sorted, asked)
            inside = places < len(self._sorted)
            hits = asked[inside][self._sorted[places[inside]] == asked[inside]]
            found.update(int(key) for key in hits)
        return found

    def add(self, keys: Iterable[int]) -> None:
        self._recent.update(keys)
        if len(self._recent) > RECENT:
            more = np.fromiter(self._recent, np.uint64, len(self._recent))
            self._sorted = np.sort(np.concatenate([self._sorted, more]))
            self._recent.clear()
