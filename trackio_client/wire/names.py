"""What a metric's name means: the one table from names and aliases to quantities.

Metric names are kept as they were logged. Whoever has to know what one *is* (a page that groups charts, a finding,
an importer) asks `quantity_of`: `loss`, `train/loss` and `train_loss` are all the training loss, better when low.
A name is read in three moves, the first that fits wins:

    1. a whole name that only one thing has       system/gpu_0_utilization (hardware_names.py), eval/label/PER/f1
    2. the split it speaks of, and the rest       eval_g0_loss -> evaluation, "g0_loss"; loss -> training, "loss"
    3. the rest, against measures.py              "g0_loss" -> the loss of "g0"; an unknown rest keeps its own name

Unknown names are no error: their group is what stands before the first "/", else "other", and they have no goal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Final

from trackio_client.wire.hardware_names import hardware
from trackio_client.wire.measures import MEASURES, kind_of, place_of
from trackio_client.wire.quantity import GROUPS, Goal, Quantity
from trackio_client.wire.ranks import MOST_NAMES, base_of

_Natural = list[tuple[int, int, str]]


@lru_cache(maxsize=MOST_NAMES)
def quantity_of(metric: str) -> Quantity:
    """What a metric of this name measures. Never fails; the same name always gives the same answer."""
    metric = base_of(metric)
    return hardware(metric) or _of_sample(metric) or _per_label(metric) or _preference(metric) or _measure(metric)


@lru_cache(maxsize=MOST_NAMES)
def sort_key(metric: str) -> tuple[int, _Natural, int, _Natural, _Natural, str]:
    """Where a metric stands on a page: group, place in the group, then name, numbers as numbers (gpu_2 < gpu_10)."""
    quantity = quantity_of(metric)
    known = list(GROUPS)
    place = known.index(quantity.group) if quantity.group in GROUPS else known.index("speed") - 0.5
    own = "" if quantity.group in GROUPS else quantity.group
    return int(place * 2), _natural(own), quantity.rank, _natural(quantity.of), _natural(metric), metric


def resolve(asked: str, names: Iterable[str]) -> str | None:
    """The name among `names` that is meant by `asked`: itself, else an alias of the same quantity, else None.

    `resolve("train/loss", ["loss", "eval_loss"])` is "loss". Of several aliases the shortest is taken: beside the
    Trainer's `loss` series stands its `train_loss`, one closing mean.
    """
    candidates = list(names)
    if asked in candidates:
        return asked
    wanted = quantity_of(asked)
    same = [name for name in candidates if _identity(quantity_of(name)) == _identity(wanted)]
    return min(same, key=lambda name: (len(name), name), default=None)


def _identity(quantity: Quantity) -> tuple[str, str, str]:
    return quantity.name, quantity.group, quantity.of


def _natural(text: str) -> _Natural:
    """Sorts numbers in a text as numbers."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text) if part]


# -------------------------------------------------------------------------------------------------- 1. whole names

_LABEL = re.compile(
    r"(?P<split>eval|val|valid|validation|test|train)[/_](?:per_)?label(?:_metrics|s)?/(?P<of>.+)/"
    r"(?P<what>f1(?:[-_]score)?|precision|recall|support)"
)
# The way `seqeval` reports entities through the Trainer: eval_PER_f1, eval_B-LOC_number. Upper case tells a label
# from an evaluation set ("eval_dev_f1").
_ENTITY = re.compile(r"(?P<split>eval|test)_(?P<of>[A-Z][A-Z0-9_.\-]*)_(?P<what>f1|precision|recall|number|support)")
_LABEL_MEASURES: Final[dict[str, tuple[int, str, Goal | None]]] = {
    "f1": (0, "F1", "max"),
    "precision": (1, "Precision", "max"),
    "recall": (2, "Recall", "max"),
    "support": (3, "Support", None),
    "number": (3, "Support", None),
}


def _per_label(metric: str) -> Quantity | None:
    match = _LABEL.fullmatch(metric) or _ENTITY.fullmatch(metric)
    if match is None:
        return None
    rank, title, goal = _LABEL_MEASURES[match["what"].removesuffix("-score").removesuffix("_score")]
    split = "" if match["split"] in ("eval", "val", "valid", "validation") else f" ({match['split']})"
    return Quantity(
        name=f"per-label {title if title == 'F1' else title.lower()}{split}",
        group="label",
        title=f"{title} · {match['of']}{split}",
        goal=goal,
        of=match["of"],
        rank=rank,
    )


_SAMPLE = "train_sample/"
_AFTER_TOTALS: Final = 1_000
"""Added to the rank of a label's scores: they stand behind those of the whole."""


def _of_sample(metric: str) -> Quantity | None:
    """The scores of the fixed sample of the training set: what the evaluation has, in a group of its own.

    Dozens of them, when there are labels: among the training's own they would stand before learning rate and norm.
    """
    if not metric.startswith(_SAMPLE) or metric == _SAMPLE:
        return None
    same = quantity_of(f"eval/{metric.removeprefix(_SAMPLE)}")
    rank = same.rank + _AFTER_TOTALS if same.group == "label" else same.rank
    return replace(same, name=f"{same.name} (training sample)", group="train_sample", rank=rank)


_PREFERENCE = re.compile(
    r"(?:(?P<split>eval|test|train)[/_])?(?P<what>(?:rewards?|logps|logits|kl|objective)(?:/.+|_std|_mean)?)"
)
_PREFERENCE_GOALS: Final[dict[str, Goal]] = {
    "reward": "max",
    "reward_mean": "max",
    "rewards/chosen": "max",
    "rewards/margins": "max",
    "rewards/accuracies": "max",
}
_PREFERENCE_ORDER: Final = (
    "reward",
    "reward_std",
    "rewards/accuracies",
    "rewards/margins",
    "rewards/chosen",
    "rewards/rejected",
)


def _preference(metric: str) -> Quantity | None:
    match = _PREFERENCE.fullmatch(metric)
    if match is None:
        return None
    what, split = match["what"], match["split"]
    on = "" if split in (None, "train") else f" · {split}"
    goal = _PREFERENCE_GOALS.get(what) or ("max" if what.startswith("rewards/") and what.endswith("/mean") else None)
    rank = _PREFERENCE_ORDER.index(what) if what in _PREFERENCE_ORDER else 50
    return Quantity(name=what + on, group="rewards", title=what + on, goal=goal, rank=rank * 2 + bool(on))


# ----------------------------------------------------------------------------------- 2. the split, and 3. the rest

_SPLIT = re.compile(
    r"(?P<word>train|training|eval|evaluation|val|valid|validation|dev|test)(?:[/_.](?=.))(?P<rest>.+)", re.I
)
_SPLITS: Final = {"train": "train", "training": "train", "test": "test"}  # every other word means evaluation
_WORDS: Final = {"train": "training", "eval": "evaluation", "test": "test"}


def _split(metric: str) -> tuple[str | None, str]:
    """("eval", "loss") of eval_loss, val/loss, validation.loss; (None, the name) when no split is named."""
    if match := _SPLIT.fullmatch(metric):
        return _SPLITS.get(match["word"].lower(), "eval"), match["rest"]
    return None, metric


def _measure(metric: str) -> Quantity:
    split, rest = _split(metric)
    prefix, _, own = metric.partition("/")
    if split is None and prefix and own and not prefix.startswith("lr-"):
        return _users_own(metric, prefix, own)
    place, of = place_of(rest)
    if place is None:
        return Quantity(name=metric, group=split or "other", title=rest)
    measure = MEASURES[place]
    kind = kind_of(rest[len(of) + 1 :] if of else rest, measure)
    name = f"{measure.name} ({kind.lower()})" if kind else measure.name
    title = (kind or measure.title) + (f" · {of}" if of else "")
    known = Quantity(name=name, group="", title=title, unit=measure.unit, goal=measure.goal, of=of, rank=place)
    if measure.group is None:
        return replace(known, group=split or "train", name=f"{_WORDS[split or 'train']} {name}")
    if split in (None, "train"):  # speed, learning rate …: one home, whatever the split
        return replace(known, group=measure.group)
    return replace(known, group=measure.group, name=f"{_WORDS[split]} {name}", title=f"{title} · {_WORDS[split]}")


def _users_own(metric: str, group: str, rest: str) -> Quantity:
    """`gsm8k/accuracy`: a group of the user's own; the last word may still tell unit and direction."""
    place, _ = place_of(rest.rsplit("/", 1)[-1])
    if place is None:
        return Quantity(name=metric, group=group, title=rest)
    measure = MEASURES[place]
    return Quantity(name=metric, group=group, title=rest, unit=measure.unit, goal=measure.goal, rank=place)
