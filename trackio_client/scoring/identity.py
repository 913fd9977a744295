"""Which evaluation set, and which labels, a score belongs to: two scores of different ones are not comparable (S4.29).

The identity of a set is a hash of what its rows hold, in their order; never a file's name or a cache's fingerprint,
which differ where the data do not, and stay where they do. Rows are hashed in tiers, so that a set of any size costs a
bounded time and two identities of different tiers can still be compared:

    "64"     64 rows, evenly spaced, the first and the last among them
    "2000"   2,000 rows likewise
    "all"    every row

Each tier begins with the number of rows. A tier that has no more rows than the one before it is "all". So a change in
one row of a million may go unseen: `hashed` says how many rows were read.
"""

from __future__ import annotations

import hashlib
import json
import struct
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

TIERS: Final = (64, 2_000)
_DIGITS: Final = 32
"""Of a hash: 128 bits."""


class NotHashable(Exception):
    """Why a set has no identity, in words for a reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which rows, in which order."""

    rows: int
    hashes: dict[str, str]
    """By tier; the finest that was reached is last."""
    hashed: int
    """Rows that were read."""
    of: str
    """What of a row is hashed, in words."""

    @property
    def id(self) -> str:
        """The finest hash with its tier: equal ids are equal sets as far as `hashed` reaches."""
        tier = list(self.hashes)[-1]
        return f"{tier}:{self.hashes[tier]}"

    def plain(self) -> dict[str, Any]:
        return {"id": self.id, "rows": self.rows, "hashed_rows": self.hashed, "hashes": self.hashes, "of": self.of}


def identity(
    rows: int,
    read: Callable[[Sequence[int]], Iterable[Any]],
    *,
    of: str = "whole rows",
    limit_s: float = 0.5,
    now: Callable[[], float] = time.perf_counter,
) -> Identity:
    """The identity of a set with a length.

    Args:
        rows: how many there are.
        read: gives the rows at these places, in this order.
        of: what of each row is given, in words.
        limit_s: a tier that is not done by then is left out.
        now: a clock.

    Raises:
        NotHashable: the first tier took too long, or a row reads differently each time (made anew at random).
    """
    began = now()
    hashes: dict[str, str] = {}
    hashed = 0
    if rows and _digest(read([0])) != _digest(read([0])):
        raise NotHashable("the rows differ each time they are read")
    for tier in (*TIERS, rows):
        places = evenly(rows, tier)
        digest = hashlib.sha256(f"{rows}\n".encode())
        for done, row in enumerate(read(places)):
            if done % 16 == 15 and now() - began > limit_s:
                break
            feed(digest.update, row)
        else:
            is_all = len(places) == rows
            hashes["all" if is_all else str(tier)] = digest.hexdigest()[:_DIGITS]
            hashed = len(places)
            if not is_all:
                continue
        break
    if not hashes:
        raise NotHashable(f"reading {min(TIERS[0], rows)} of its rows takes longer than {limit_s:g} s")
    return Identity(rows=rows, hashes=hashes, hashed=hashed, of=of)


def evenly(rows: int, count: int) -> list[int]:
    """At most `count` places among `rows`, evenly spaced, the first and the last among them."""
    if rows <= count:
        return list(range(rows))
    return [at * (rows - 1) // (count - 1) for at in range(count)]


def label_identity(labels: Sequence[str]) -> dict[str, Any]:
    """Of a list of labels: `id` with their order, `set_id` without."""
    return {"id": _of_texts(labels), "set_id": _of_texts(sorted(labels)), "count": len(labels)}


def _of_texts(texts: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(texts), ensure_ascii=True).encode()).hexdigest()[:_DIGITS]


Verdict = Literal["same", "different", "not known"]


def compared(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> tuple[Verdict, str]:
    """Whether two recorded identities (`Identity.plain`) are of the same set, and why.

    By the finest tier that both have. "same" of sampled rows says so in its words.
    """
    if not one or not other or "hashes" not in one or "hashes" not in other:
        of = "only one" if any(each and "hashes" in each for each in (one, other)) else "neither"
        return "not known", f"the evaluation set of {of} was identified"
    if one.get("of") != other.get("of"):
        return "not known", f"hashed of the one: {one.get('of')}; of the other: {other.get('of')}"
    if one["rows"] != other["rows"]:
        return "different", f"{one['rows']} rows and {other['rows']} rows"
    common = [tier for tier in one["hashes"] if tier in other["hashes"]]
    if not common:
        return "not known", "their rows were hashed in different numbers"
    tier = common[-1]
    rows = "all rows" if tier == "all" else f"{tier} of {one['rows']} rows, evenly spaced,"
    if one["hashes"][tier] == other["hashes"][tier]:
        return "same", f"{rows} are equal"
    return "different", f"{rows} differ in content or order"


# ----------------------------------------------------------------------------------------------- content as bytes


def _digest(rows: Iterable[Any]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        feed(digest.update, row)
    return digest.hexdigest()


def feed(update: Callable[[bytes], None], value: Any) -> None:
    """Hash a value by its content: equal data give equal bytes, as list, tuple, array or tensor.

    Raises:
        NotHashable: an object whose content cannot be told.
    """
    if value is None:
        update(b"n")
    elif isinstance(value, bool):
        update(b"t" if value else b"f")
    elif isinstance(value, int):
        update(b"i%d;" % value)
    elif isinstance(value, float):
        update(b"d" + struct.pack("<d", value))
    elif isinstance(value, str):
        raw = value.encode("utf-8", "surrogatepass")
        update(b"s%d:" % len(raw) + raw)
    elif isinstance(value, (bytes, bytearray)):
        update(b"b%d:" % len(value) + bytes(value))
    elif isinstance(value, Mapping):
        update(b"{%d" % len(value))
        for key in sorted(value, key=str):
            feed(update, str(key))
            feed(update, value[key])
    elif isinstance(value, (list, tuple)):
        update(b"[%d" % len(value))
        for item in value:
            feed(update, item)
    else:
        _feed_object(update, value)


def _feed_object(update: Callable[[bytes], None], value: Any) -> None:
    """Arrays and tensors as nested lists of their numbers when they are small, else as their bytes; pictures too."""
    if hasattr(value, "detach"):  # a tensor
        value = value.detach().cpu()
        value = (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        if value.dtype.kind in "biufOSU" and value.size <= 4_096:
            feed(update, value.tolist())  # a row of tokens is the same as list, int32 or int64
        else:
            update(f"a{value.dtype.str}{value.shape}".encode() + value.tobytes())
    elif hasattr(value, "tobytes") and hasattr(value, "mode"):  # a PIL image
        update(f"p{value.mode}{value.size}".encode() + value.tobytes())
    else:
        raise NotHashable(f"rows hold {type(value).__name__} objects, whose content cannot be told")
