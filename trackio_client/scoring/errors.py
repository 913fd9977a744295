"""How entities were got wrong: another type, other ends, missed, or made up; and which type was taken for which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trackio_client.scoring.classes import frequent_confusions
from trackio_client.scoring.spans import EntityScores, Spans, Tagging

Ints = NDArray[np.int64]

NONE: Final = "(no entity)"
"""The row of what was made up, and the column of what was missed, in a confusion of types."""
_KINDS: Final = ("right", "type", "ends", "type and ends", "missed")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanErrors:
    """The gold spans by what became of them; the predicted ones that meet no gold span."""

    kinds: dict[str, int]
    """right · type: the ends are right · ends: overlaps one of its type · type and ends: overlaps another · missed."""
    made_up: int
    """Predicted spans without a token in common with a gold one."""
    confusion: Ints
    """(types + 1, types + 1): row gold, column predicted, the last is NONE. Of a gold span that several predicted ones
    overlap, the one with its ends counts, else the one with the most tokens in common."""

    def plain(self, tagging: Tagging) -> dict[str, Any]:
        names = [*tagging.types, NONE]
        return {
            "gold_spans": self.kinds,
            "made_up": self.made_up,
            "labels": names,
            "matrix": self.confusion.tolist(),
            "most_frequent": frequent_confusions(names, self.confusion),
        }


def span_errors(tagging: Tagging, scored: EntityScores, tokens: int) -> SpanErrors:
    """What became of each gold span of `scored`, among `tokens` tokens."""
    gold, said = scored.gold, scored.predicted
    kinds = len(tagging.types)
    gold_at, said_at = _owners(gold, tokens), _owners(said, tokens)
    both = (gold_at >= 0) & (said_at >= 0)
    pairs, overlap = np.unique(gold_at[both] * max(len(said), 1) + said_at[both], return_counts=True)
    of_gold, of_said = pairs // max(len(said), 1), pairs % max(len(said), 1)
    same_ends = (gold.first[of_gold] == said.first[of_said]) & (gold.end[of_gold] == said.end[of_said])
    # The best of each gold span's partners last: exact ends before overlap, then more tokens, then the earlier one.
    order = np.lexsort((-of_said, overlap, same_ends, of_gold))
    of_gold, of_said, same_ends = of_gold[order], of_said[order], same_ends[order]
    is_best = np.append(of_gold[1:] != of_gold[:-1], True) if of_gold.size else np.zeros(0, dtype=bool)
    partner = np.full(len(gold), -1, dtype=np.int64)
    has_ends = np.zeros(len(gold), dtype=bool)
    partner[of_gold[is_best]], has_ends[of_gold[is_best]] = of_said[is_best], same_ends[is_best]

    met = partner >= 0
    same_type = np.zeros(len(gold), dtype=bool)
    same_type[met] = gold.types[met] == said.types[partner[met]]
    counts = (met & has_ends & same_type, met & has_ends & ~same_type, met & ~has_ends & same_type,
              met & ~has_ends & ~same_type, ~met)  # fmt: skip
    lonely = np.ones(len(said), dtype=bool)
    lonely[of_said] = False

    confusion = np.zeros((kinds + 1, kinds + 1), dtype=np.int64)
    columns = np.full(len(gold), kinds, dtype=np.int64)
    columns[met] = said.types[partner[met]]
    np.add.at(confusion, (gold.types, columns), 1)
    np.add.at(confusion, (np.full(int(lonely.sum()), kinds), said.types[lonely]), 1)
    return SpanErrors(
        kinds={name: int(count.sum()) for name, count in zip(_KINDS, counts, strict=True)},
        made_up=int(lonely.sum()),
        confusion=confusion,
    )


def _owners(spans: Spans, tokens: int) -> Ints:
    """(tokens,): the number of the span that each token is in, -1 outside. Spans do not overlap."""
    steps = np.zeros(tokens + 1, dtype=np.int64)
    owners = np.cumsum(_stepped(steps, spans))[:tokens]
    numbers = np.cumsum(np.bincount(spans.first, minlength=tokens + 1)[:tokens]) - 1
    return np.where(owners > 0, numbers, -1)


def _stepped(steps: Ints, spans: Spans) -> Ints:
    np.add.at(steps, spans.first, 1)
    np.add.at(steps, spans.end, -1)
    return steps
