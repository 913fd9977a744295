"""The names of a metric that several ranks log: `loss` of rank 0, `loss@rank=1` of rank 1, `loss@rank=2` …

Each rank's values are a series of their own, so that reading and drawing them costs what any series costs; whoever
answers questions (`queries/spread.py`) puts them together again as one metric with its spread. A name that ends so is
reserved: one process that logs `loss@rank=1` means that rank.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from trackio_client.wire.events import MAX_NAME_CHARACTERS

RANK_MARK: Final = "@rank="
MOST_NAMES: Final = 32_768
"""Names whose meaning is remembered: three projects of 10,000 each. Of a round through more than that none is found."""
_RANKED = re.compile(r"(?P<base>.+)@rank=(?P<rank>0|[1-9]\d{0,8})", re.DOTALL)


def name_at_rank(metric: str, rank: int) -> str:
    """The name under which a rank's values stand. A name that is too long with the mark is cut, and told by a hash."""
    if rank == 0 or _RANKED.fullmatch(metric):
        return metric
    mark = f"{RANK_MARK}{rank}"
    room = MAX_NAME_CHARACTERS - len(mark)
    if len(metric) > room:
        metric = metric[: room - 9].rstrip() + "~" + blake2b(metric.encode(), digest_size=4).hexdigest()
    return metric + mark


def names_at_rank(metrics: tuple[str, ...], rank: int) -> tuple[str, ...]:
    """The names of one call, which stay distinct also if some of them are marked already."""
    named: dict[str, None] = {}
    for metric in metrics:
        name = name_at_rank(metric, rank)
        while name in named:
            metric = base_of(metric) + "~"
            name = name_at_rank(metric, rank)
        named[name] = None
    return tuple(named)


@lru_cache(maxsize=MOST_NAMES)
def rank_of(metric: str) -> tuple[str, int]:
    """(`loss`, 1) of `loss@rank=1`; (`loss`, 0) of `loss`."""
    if RANK_MARK in metric and (match := _RANKED.fullmatch(metric)):
        return match["base"], int(match["rank"])
    return metric, 0


def base_of(metric: str) -> str:
    """The metric without the mark of its rank."""
    return rank_of(metric)[0]
